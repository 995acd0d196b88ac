// SPDX-License-Identifier: MIT
#pragma once

#include "crypto/algorithms.h"
#include "crypto/openssl_types.h"

/**
 * Internal to this room: a row's group as OpenSSL wants it, and keys from numbers.
 */
namespace ikelab::crypto
{

/// SEC 1 §2.3.3: x and y follow this octet; IKE's KE payload leaves it away.
inline constexpr uint8_t UNCOMPRESSED = 4;
/// Of the longest value: MODP-8192.
inline constexpr size_t MAX_PUBLIC_OCTETS = 1024;

/// A context that generates keys of the group; nullptr if OpenSSL refuses.
PkeyCtxPtr NewKeygen(OSSL_LIB_CTX* library, const KeRow& row);

/// The key pair of a private number, ECP and MODP; nullptr if it is out of range.
PkeyPtr KeyFromNumber(OSSL_LIB_CTX* library, const KeRow& row, BIGNUM* privateNumber);

} // namespace ikelab::crypto
