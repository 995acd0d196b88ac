// SPDX-License-Identifier: MIT
#pragma once

#include "base/ip_address.h"
#include "base/result.h"
#include "crypto/context.h"
#include "crypto/ike_keys.h"
#include "wire/message.h"

#include <array>

/**
 * NAT detection, RFC 7296 §2.23.
 */
namespace ikelab::ike
{

using NatHash = std::array<uint8_t, 20>;

/// SHA-1(SPIi | SPIr | address | port): the data of both notifies.
Result<NatHash> NatDetectionHash(crypto::Context& context,
                                 const crypto::IkeSpis& spis,
                                 const SocketAddress& address);

/// What the notifies of a peer's IKE_SA_INIT message say.
struct NatVerdict
{
    bool supported{false};     ///< both notifies are there
    bool peerBehindNat{false}; ///< no source hash is that of where the message came from
    bool weBehindNat{false};   ///< the destination hash is not that of where we received it
};

Result<NatVerdict> JudgeNat(crypto::Context& context,
                            const wire::PayloadChain& chain,
                            const crypto::IkeSpis& spisAsSent,
                            const Path& path);

} // namespace ikelab::ike
