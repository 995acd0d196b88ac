// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/ip_address.h"
#include "esp/packet_info.h"

#include <algorithm>
#include <string_view>

/// IP packets for tests: well formed, with what is written here as defaults.
namespace ikelab::esp::testing
{

struct PacketSpec
{
    std::string_view source{"10.99.1.1"};
    std::string_view destination{"10.99.2.1"};
    uint8_t protocol{PROTOCOL_UDP};
    uint16_t sourcePort{40000}; ///< for ICMP type and code
    uint16_t destinationPort{7};
    uint8_t trafficClass{0};
    uint8_t ttl{64};
    uint16_t fragmentField{0}; ///< IPv4: flags and offset
    size_t dataOctets{56};
};

/// The next layer: ports, or type and code, then a counting pattern.
inline Buffer
MakePayload(const PacketSpec& spec)
{
    ByteWriter writer;
    writer.U16(spec.sourcePort);
    if (spec.protocol == PROTOCOL_ICMP || spec.protocol == PROTOCOL_ICMPV6)
    {
        writer.Zeros(6);
    }
    else
    {
        writer.U16(spec.destinationPort);
        writer.U16(static_cast<uint16_t>(8 + spec.dataOctets));
        writer.U16(0);
    }
    for (size_t i = 0; i < spec.dataOctets; ++i)
    {
        writer.U8(static_cast<uint8_t>(i));
    }
    return writer.Release();
}

inline Buffer
MakePacket(const PacketSpec& spec = {})
{
    const IpAddress source = *IpAddress::Parse(spec.source);
    const IpAddress destination = *IpAddress::Parse(spec.destination);
    const Buffer payload = MakePayload(spec);
    ByteWriter writer;
    if (source.IsV4())
    {
        writer.U8(0x45);
        writer.U8(spec.trafficClass);
        writer.U16(static_cast<uint16_t>(20 + payload.size()));
        writer.U16(0x1234);
        writer.U16(spec.fragmentField);
        writer.U8(spec.ttl);
        writer.U8(spec.protocol);
        writer.U16(0);
        writer.Octets(source.Octets());
        writer.Octets(destination.Octets());
        writer.Patch16(10, HeaderChecksum(writer.View()));
    }
    else
    {
        writer.U32(0x60000000u | uint32_t{spec.trafficClass} << 20);
        writer.U16(static_cast<uint16_t>(payload.size()));
        writer.U8(spec.protocol);
        writer.U8(spec.ttl);
        writer.Octets(source.Octets());
        writer.Octets(destination.Octets());
    }
    writer.Octets(payload);
    return writer.Release();
}

/// One IPv6 packet like MakePacket's.
inline Buffer
MakePacket6(PacketSpec spec = {})
{
    spec.source = "2001:db8:1::1";
    spec.destination = "2001:db8:2::1";
    return MakePacket(spec);
}

/// An ICMP or ICMPv6 error of this family about a packet, of which it quotes so many octets.
inline Buffer
MakeIcmpError(std::string_view source,
              std::string_view destination,
              uint8_t type,
              uint8_t code,
              Bytes about,
              size_t quoted = 576)
{
    const Bytes quote = about.first(std::min(quoted, about.size()));
    const bool v4 = IpAddress::Parse(source)->IsV4();
    // Its payload is made with a header of 8 octets, like ICMP's.
    Buffer packet = MakePacket({.source = source,
                                .destination = destination,
                                .protocol = v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6,
                                .sourcePort = static_cast<uint16_t>(uint16_t{type} << 8 | code),
                                .dataOctets = quote.size()});
    std::ranges::copy(quote, packet.end() - static_cast<std::ptrdiff_t>(quote.size()));
    return packet;
}

} // namespace ikelab::esp::testing
