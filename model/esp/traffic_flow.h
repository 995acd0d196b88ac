// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "esp/transport_header.h"

#include <cstdint>
#include <optional>

namespace ikelab::esp
{

/**
 * How a Child SA hides what it sends: sizes by TFC padding (RFC 4303 §2.7), pauses by dummies
 * (§2.6). And what is to be remembered for it. Sizes are those of inner packets, IP header
 * included.
 */
struct TrafficFlow
{
    uint32_t padTo{0};                     ///< 0: packets stay as they are
    std::optional<uint32_t> dummyOctets{}; ///< nothing: any number
    Duration dummyInterval{0};             ///< 0: no dummies
    std::optional<Instant> dummyAt{};      ///< when its place in the order of dummies comes
    Instant lastSent{};                    ///< a packet, or a dummy
    /// Of the last packet's outer header, of its traffic class the DSCP alone. A tunnel's says no
    /// more than that and DF.
    HeaderFields header{};
};

} // namespace ikelab::esp
