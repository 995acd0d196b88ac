// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "crypto/algorithms.h"
#include "crypto/context.h"
#include "crypto/random_provider.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <memory>
#include <vector>

/**
 * OpenSSL's side of a Context. Only this room's sources include it.
 */
namespace ikelab::crypto
{

/// unique_ptr of an OpenSSL type and the function that frees it.
template <auto FREE>
struct OpensslDeleter
{
    template <typename T>
    void
    operator()(T* object) const
    {
        FREE(object);
    }
};

using CipherPtr = std::unique_ptr<EVP_CIPHER, OpensslDeleter<EVP_CIPHER_free>>;
using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, OpensslDeleter<EVP_CIPHER_CTX_free>>;
using DigestPtr = std::unique_ptr<EVP_MD, OpensslDeleter<EVP_MD_free>>;
using DigestCtxPtr = std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>>;
using MacPtr = std::unique_ptr<EVP_MAC, OpensslDeleter<EVP_MAC_free>>;
using MacCtxPtr = std::unique_ptr<EVP_MAC_CTX, OpensslDeleter<EVP_MAC_CTX_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslDeleter<EVP_PKEY_CTX_free>>;
using BnPtr = std::unique_ptr<BIGNUM, OpensslDeleter<BN_clear_free>>;
using BnCtxPtr = std::unique_ptr<BN_CTX, OpensslDeleter<BN_CTX_free>>;
using LibraryPtr = std::unique_ptr<OSSL_LIB_CTX, OpensslDeleter<OSSL_LIB_CTX_free>>;
using ProviderPtr = std::unique_ptr<OSSL_PROVIDER, OpensslDeleter<OSSL_PROVIDER_unload>>;

/// Members are destroyed last to first: the library context outlives all that was made in it.
struct Context::Internals
{
    Internals();

    LibraryPtr library;
    ProviderPtr randomProvider;
    ProviderPtr defaultProvider;
    RandomSlot* random{nullptr}; ///< owned by the random provider

    std::vector<CipherPtr> ciphers; ///< by row of EncrRows(); empty for NULL
    DigestPtr sha1;
    DigestPtr sha256;
    DigestCtxPtr digest;
    MacPtr hmac;
    std::vector<MacCtxPtr> prfs;     ///< by row of PrfRows(), digest set: init with a key and go
    std::vector<MacCtxPtr> integs;   ///< by row of IntegRows(), to be duplicated for an SA
    std::vector<PkeyCtxPtr> keygens; ///< by row of KeRows(), made at first use

    EVP_CIPHER* Cipher(const EncrRow& row) const;
    EVP_MAC_CTX* Prf(const PrfRow& row) const;
    /// A new HMAC context with the row's digest; nullptr if OpenSSL refuses.
    MacCtxPtr NewInteg(const IntegRow& row) const;
    /// The kept key generation context of a group; nullptr if OpenSSL refuses.
    EVP_PKEY_CTX* Keygen(const KeRow& row);
};

/// Empty OpenSSL's error queue and fail: its texts would otherwise pile up and mislead later.
tl::unexpected<Error> OpensslFailed(Fault fault, std::string_view what, uint32_t detail = 0);

} // namespace ikelab::crypto
