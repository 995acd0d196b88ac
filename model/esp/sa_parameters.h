// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "crypto/algorithms.h"
#include "esp/lifetime.h"
#include "esp/transport_nat.h"

#include <cstdint>
#include <optional>

namespace ikelab::esp
{

enum class Mode
{
    TUNNEL,   ///< a whole IP packet inside, RFC 4303 §3.1.2, RFC 4302 §3.1.2
    TRANSPORT ///< what follows an IP header inside, RFC 4303 §3.1.1, RFC 4302 §3.1.1
};

/// What the outer header of a tunnel takes from the inner one, and gives back (RFC 4301 §5.1.2);
/// charon's copy_df, copy_ecn and copy_dscp. In transport mode there is one header.
struct HeaderCopying
{
    bool dontFragment{true}; ///< IPv4's DF
    bool ecn{true};          ///< RFC 6040; without it the mark of the path ends with the path
    bool dscpOut{true};      ///< inner to outer
    bool dscpIn{false};      ///< outer to inner
};

/// One direction of a Child SA.
struct SaParameters
{
    EspSpi spi;
    crypto::EspSuite suite;
    Mode mode{Mode::TUNNEL};
    Bytes encrKey;  ///< suite.encr->MaterialOctets() octets, empty with AH; copied
    Bytes integKey; ///< suite.integ->keyOctets octets, empty with AEADs; copied
    LifetimeLimits lifetime;
    uint32_t replayWindow{64}; ///< inbound only: packets, 0 switches the check off
    HeaderCopying copying{};
    std::optional<TransportNat> nat{}; ///< inbound only: transport mode through NATs
    bool outerV6{false};               ///< outbound only: family of a tunnel's ends
    bool udpEncapsulation{false};      ///< outbound only: RFC 3948
};

} // namespace ikelab::esp
