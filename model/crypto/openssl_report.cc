// SPDX-License-Identifier: MIT
#include "crypto/openssl_report.h"

#include "crypto/algorithms.h"
#include "crypto/group_keys.h"
#include "crypto/openssl_types.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

namespace ikelab::crypto
{

namespace
{

bool
HasCipher(OSSL_LIB_CTX* library, const char* name)
{
    return CipherPtr(EVP_CIPHER_fetch(library, name, nullptr)) != nullptr;
}

bool
HasMac(OSSL_LIB_CTX* library, MacKind kind, const char* name)
{
    const auto has = [library](const char* mac)
    {
        return MacPtr(EVP_MAC_fetch(library, mac, nullptr)) != nullptr;
    };
    switch (kind)
    {
    case MacKind::HMAC:
        return has("HMAC") && DigestPtr(EVP_MD_fetch(library, name, nullptr)) != nullptr;
    case MacKind::CMAC:
        return has("CMAC") && HasCipher(library, name);
    case MacKind::XCBC:
        break;
    }
    return HasCipher(library, name) && HasCipher(library, "AES-128-ECB");
}

} // namespace

OpensslReport
ExamineOpenssl()
{
    OpensslReport report;
    report.version = OpenSSL_version(OPENSSL_VERSION);
    const LibraryPtr library(OSSL_LIB_CTX_new());
    for (const char* name : {"default", "legacy", "fips"})
    {
        // Each in a context of its own: what default lacks, legacy must not lend.
        const LibraryPtr own(OSSL_LIB_CTX_new());
        if (const ProviderPtr provider{OSSL_PROVIDER_load(own.get(), name)})
        {
            report.providers.emplace_back(name);
        }
    }
    const ProviderPtr provider(OSSL_PROVIDER_load(library.get(), "default"));
    const auto note = [&report](Use use, bool has, const char* name)
    {
        if (!has)
        {
            (use == Use::DEFAULT ? report.lacksDefault : report.lacksNamed).emplace_back(name);
        }
    };
    for (const EncrRow& row : EncrRows())
    {
        note(row.use,
             row.kind == CipherKind::NULL_CIPHER || HasCipher(library.get(), row.opensslName),
             row.name);
    }
    for (const PrfRow& row : PrfRows())
    {
        note(row.use, HasMac(library.get(), row.mac, row.opensslName), row.name);
    }
    for (const IntegRow& row : IntegRows())
    {
        note(row.use, HasMac(library.get(), row.mac, row.opensslName), row.name);
    }
    for (const KeRow& row : KeRows())
    {
        note(row.use, NewKeygen(library.get(), row) != nullptr, row.name);
    }
    ERR_clear_error();
    return report;
}

} // namespace ikelab::crypto
