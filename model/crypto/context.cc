// SPDX-License-Identifier: MIT
#include "base/assert.h"
#include "base/result.h"
#include "crypto/context_internal.h"

#include <climits>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace ikelab::crypto
{

namespace
{

template <typename Row>
size_t
IndexOf(std::span<const Row> rows, const Row& row)
{
    IKELAB_ASSERT(&row >= rows.data() && &row < rows.data() + rows.size());
    return static_cast<size_t>(&row - rows.data());
}

MacCtxPtr
NewHmac(EVP_MAC* hmac, const char* digest)
{
    MacCtxPtr context(EVP_MAC_CTX_new(hmac));
    const std::array<OSSL_PARAM, 2> params{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest), 0),
        OSSL_PARAM_construct_end()};
    // A context can be duplicated only once it has had a key.
    constexpr std::array<uint8_t, 32> ANY_KEY{};
    IKELAB_ASSERT(context != nullptr);
    IKELAB_ASSERT(EVP_MAC_init(context.get(), ANY_KEY.data(), ANY_KEY.size(), params.data()) == 1);
    return context;
}

} // namespace

// What fails here is a broken OpenSSL installation: nothing a peer or a configuration can cause.
Context::Internals::Internals() : library(OSSL_LIB_CTX_new())
{
    IKELAB_ASSERT(library != nullptr);
    IKELAB_ASSERT(
        OSSL_PROVIDER_add_builtin(library.get(), RANDOM_PROVIDER_NAME, InitRandomProvider) == 1);
    randomProvider.reset(OSSL_PROVIDER_load(library.get(), RANDOM_PROVIDER_NAME));
    IKELAB_ASSERT(randomProvider != nullptr);
    random = static_cast<RandomSlot*>(OSSL_PROVIDER_get0_provider_ctx(randomProvider.get()));
    // Both before the first use of randomness: later calls are refused. The seed source too, so
    // that nothing in this library context ever asks the operating system.
    IKELAB_ASSERT(RAND_set_DRBG_type(
                      library.get(), RANDOM_ALGORITHM_NAME, RANDOM_PROPERTIES, nullptr, nullptr) ==
                  1);
    IKELAB_ASSERT(
        RAND_set_seed_source_type(library.get(), RANDOM_ALGORITHM_NAME, RANDOM_PROPERTIES) == 1);
    defaultProvider.reset(OSSL_PROVIDER_load(library.get(), "default"));
    IKELAB_ASSERT(defaultProvider != nullptr);

    for (const EncrRow& row : EncrRows())
    {
        ciphers.emplace_back(row.kind == CipherKind::NULL_CIPHER
                                 ? nullptr
                                 : EVP_CIPHER_fetch(library.get(), row.opensslName, nullptr));
        IKELAB_ASSERT(row.kind == CipherKind::NULL_CIPHER || ciphers.back() != nullptr);
    }
    sha1.reset(EVP_MD_fetch(library.get(), "SHA1", nullptr));
    sha256.reset(EVP_MD_fetch(library.get(), "SHA2-256", nullptr));
    digest.reset(EVP_MD_CTX_new());
    hmac.reset(EVP_MAC_fetch(library.get(), "HMAC", nullptr));
    IKELAB_ASSERT(sha1 != nullptr && sha256 != nullptr && digest != nullptr && hmac != nullptr);
    for (const PrfRow& row : PrfRows())
    {
        prfs.push_back(NewHmac(hmac.get(), row.opensslDigest));
    }
    for (const IntegRow& row : IntegRows())
    {
        integs.push_back(NewHmac(hmac.get(), row.opensslDigest));
    }
    keygens.resize(KeRows().size());
}

EVP_CIPHER*
Context::Internals::Cipher(const EncrRow& row) const
{
    return ciphers[IndexOf(EncrRows(), row)].get();
}

EVP_MAC_CTX*
Context::Internals::Prf(const PrfRow& row) const
{
    return prfs[IndexOf(PrfRows(), row)].get();
}

MacCtxPtr
Context::Internals::NewInteg(const IntegRow& row) const
{
    return MacCtxPtr(EVP_MAC_CTX_dup(integs[IndexOf(IntegRows(), row)].get()));
}

EVP_PKEY_CTX*
Context::Internals::Keygen(const KeRow& row)
{
    PkeyCtxPtr& kept = keygens[IndexOf(KeRows(), row)];
    if (kept == nullptr)
    {
        const char* type = row.kind == KeKind::MODP  ? "DH"
                           : row.kind == KeKind::ECP ? "EC"
                                                     : row.opensslName;
        PkeyCtxPtr made(EVP_PKEY_CTX_new_from_name(library.get(), type, nullptr));
        if (made == nullptr || EVP_PKEY_keygen_init(made.get()) != 1)
        {
            return nullptr;
        }
        if (row.kind != KeKind::MONTGOMERY &&
            EVP_PKEY_CTX_set_group_name(made.get(), row.opensslName) != 1)
        {
            return nullptr;
        }
        kept = std::move(made);
    }
    return kept.get();
}

Context::Context() : m_internals(std::make_unique<Internals>())
{
}

Context::~Context() = default;

tl::unexpected<Error>
OpensslFailed(Fault fault, std::string_view what, uint32_t detail)
{
    ERR_clear_error();
    return Fail(fault, what, 0, detail);
}

void
SystemRandom::Fill(MutableBytes octets)
{
    while (!octets.empty())
    {
        const size_t part = std::min<size_t>(octets.size(), INT_MAX);
        IKELAB_ASSERT(RAND_bytes(octets.data(), static_cast<int>(part)) == 1);
        octets = octets.subspan(part);
    }
}

} // namespace ikelab::crypto
