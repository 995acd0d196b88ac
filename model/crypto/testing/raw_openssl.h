// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "crypto/algorithms.h"

#include <memory>

/**
 * Floors for benchmarks: OpenSSL alone, used well (fetched once, contexts kept, RFC 6989's checks
 * included), so that rooms right of this one can measure beside it without OpenSSL's headers.
 */
namespace ikelab::crypto::testing
{

/// The key exchange of one group that OpenSSL has a name for, its generator kept.
class RawExchange
{
  public:
    /// @param peerPublic what OneSide derives with, as a KE payload holds it
    explicit RawExchange(const KeRow& row, Bytes peerPublic = {});
    ~RawExchange();

    /// A key pair, and the secret shared with `peerPublic`.
    void OneSide() const;
    /// Two key pairs and the secret on either side, public values written and read.
    void BothSides() const;

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// A cipher over ESP packets whose header and IV are in place: an AEAD with 4 octets of salt, 8 of
/// IV and 16 of ICV, or CBC with an HMAC.
class RawPacketCipher
{
  public:
    RawPacketCipher(const EncrRow& encr, const IntegRow* integ, bool seal);
    ~RawPacketCipher();

    /// Seal, or verify and open, in place; a failure ends the program.
    void Process(MutableBytes packet);

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace ikelab::crypto::testing
