// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "crypto/algorithms.h"
#include "esp/lifetime.h"

#include <cstdint>

namespace ikelab::esp
{

enum class Mode
{
    TUNNEL,   ///< a whole IP packet inside, RFC 4303 §3.1.2
    TRANSPORT ///< what follows an IP header inside, RFC 4303 §3.1.1
};

/// One direction of a Child SA.
struct SaParameters
{
    EspSpi spi;
    crypto::EspSuite suite;
    Mode mode{Mode::TUNNEL};
    Bytes encrKey;  ///< suite.encr->MaterialOctets() octets; copied
    Bytes integKey; ///< suite.integ->keyOctets octets, empty with AEADs; copied
    LifetimeLimits lifetime;
    uint32_t replayWindow{64}; ///< inbound only: packets, 0 switches the check off
};

} // namespace ikelab::esp
