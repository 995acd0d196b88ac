// SPDX-License-Identifier: MIT
#include "base/assert.h"
#include "base/result.h"
#include "crypto/context_internal.h"
#include "crypto/group_keys.h"

#include <climits>
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
    IKELAB_ASSERT(sha1 != nullptr && sha256 != nullptr && digest != nullptr);
    macs.emplace(library.get());
    for (const PrfRow& row : PrfRows())
    {
        prfs.emplace_back(*macs, row.mac, row.opensslName);
    }
    for (const IntegRow& row : IntegRows())
    {
        integs.emplace_back(*macs, row.mac, row.opensslName);
    }
    keygens.resize(KeRows().size());
}

EVP_CIPHER*
Context::Internals::Cipher(const EncrRow& row) const
{
    return ciphers[IndexOf(EncrRows(), row)].get();
}

Mac&
Context::Internals::Prf(const PrfRow& row)
{
    return prfs[IndexOf(PrfRows(), row)];
}

Mac
Context::Internals::NewInteg(const IntegRow& row) const
{
    return integs[IndexOf(IntegRows(), row)].Duplicate();
}

EVP_PKEY_CTX*
Context::Internals::Keygen(const KeRow& row)
{
    PkeyCtxPtr& kept = keygens[IndexOf(KeRows(), row)];
    if (kept == nullptr)
    {
        PkeyCtxPtr made = NewKeygen(library.get(), row);
        if (made == nullptr)
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
