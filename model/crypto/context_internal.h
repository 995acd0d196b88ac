// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "crypto/algorithms.h"
#include "crypto/context.h"
#include "crypto/mac.h"
#include "crypto/openssl_types.h"
#include "crypto/random_provider.h"

#include <optional>
#include <vector>

/**
 * OpenSSL's side of a Context. Only this room's sources include it.
 */
namespace ikelab::crypto
{

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
    std::optional<MacLibrary> macs;
    std::vector<Mac> prfs;           ///< by row of PrfRows(): set a key and go
    std::vector<Mac> integs;         ///< by row of IntegRows(), to be duplicated for an SA
    std::vector<PkeyCtxPtr> keygens; ///< by row of KeRows(), made at first use

    EVP_CIPHER* Cipher(const EncrRow& row) const;
    Mac& Prf(const PrfRow& row);
    /// A new MAC of the row, without a key.
    Mac NewInteg(const IntegRow& row) const;
    /// The kept key generation context of a group; nullptr if OpenSSL refuses.
    EVP_PKEY_CTX* Keygen(const KeRow& row);
};

/// Empty OpenSSL's error queue and fail: its texts would otherwise pile up and mislead later.
tl::unexpected<Error> OpensslFailed(Fault fault, std::string_view what, uint32_t detail = 0);

} // namespace ikelab::crypto
