// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/ip_address.h"
#include "esp/packet_info.h"

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

} // namespace ikelab::esp::testing
