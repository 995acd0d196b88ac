// SPDX-License-Identifier: MIT
#pragma once

#include "base/ip_address.h"
#include "base/packet_buffer.h"
#include "esp/transport_header.h"

#include <cstdint>

namespace ikelab::esp
{

/// The part of a tunnel's outer header that depends on the packet inside (RFC 4301 §5.1.2).
struct TunnelFields
{
    uint8_t trafficClass{0};
    bool dontFragment{false};
    uint16_t identification{0}; ///< of IPv4
};

/// Octets of a tunnel's outer header, and where it says what follows.
TransportPlace TunnelPlace(bool v6);

/**
 * Put the outer header of a tunnel before a packet. What follows it, the lengths and IPv4's
 * checksum are left for WriteWhatFollows.
 */
void PrependTunnelHeader(PacketBuffer& packet, const TunnelFields& fields, const Path& path);

} // namespace ikelab::esp
