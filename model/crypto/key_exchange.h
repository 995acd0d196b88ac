// SPDX-License-Identifier: MIT
#pragma once

#include "base/random_source.h"
#include "base/result.h"
#include "crypto/algorithms.h"
#include "crypto/context.h"
#include "crypto/secret_bytes.h"

#include <memory>

namespace ikelab::crypto
{

/**
 * An ephemeral private key and its public value, for one key exchange. The Context must outlive it.
 */
class KeyShare
{
  public:
    /// Make a new key pair; Fault::CRYPTO if OpenSSL refuses.
    static Result<KeyShare> Generate(Context& context, const KeRow& row, RandomSource& random);
    /// The key pair of a known private value (big-endian scalar, or the raw X25519 key): for
    /// vectors.
    static Result<KeyShare> FromPrivate(Context& context, const KeRow& row, Bytes privateValue);

    KeyShare(KeyShare&&) noexcept;
    KeyShare& operator=(KeyShare&&) noexcept;
    ~KeyShare();

    const KeRow& Row() const;
    /// row.publicOctets octets as the KE payload carries them (RFC 7296 §3.4, RFC 5903 §7, RFC 8031
    /// §3.1).
    Bytes PublicValue() const;

    /**
     * The shared secret, row.sharedOctets octets.
     * @return Fault::INVALID_KE if the peer's value has a wrong length or fails the tests of RFC
     * 6989 §2 (MODP range, point on curve) or RFC 8031 §2 (all-zero result)
     */
    Result<SecretBytes> Derive(Bytes peerPublicValue) const;

  private:
    struct State;
    explicit KeyShare(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

} // namespace ikelab::crypto
