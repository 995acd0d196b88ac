// SPDX-License-Identifier: MIT
#include "esp/packet_info.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/checksum.h"
#include "base/fixed_fields.h"
#include "base/limits.h"

#include <algorithm>
#include <array>

namespace ikelab::esp
{

namespace
{

constexpr size_t V4_HEADER_OCTETS = 20;
constexpr size_t V6_HEADER_OCTETS = 40;

constexpr uint8_t SCTP = 132;

/// Those that RFC 4301 §4.4.1.1 skips; AH and ESP are next layers.
bool
IsExtensionHeader(uint8_t protocol)
{
    return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
           protocol == PROTOCOL_DESTINATION_OPTIONS || protocol == PROTOCOL_FRAGMENT;
}

/// RFC 4301 §4.4.1.1: ports, ICMP type and code, or Mobility Header type of the next layer.
/// @param payload nothing for a later fragment
void
ReadPorts(Bytes payload, PacketInfo& info)
{
    if (!info.protocolKnown)
    {
        info.portsHidden = true;
        return;
    }
    switch (info.protocol)
    {
    case PROTOCOL_TCP:
    case PROTOCOL_UDP:
    case SCTP:
    case PROTOCOL_DCCP:
    case PROTOCOL_UDP_LITE:
        if (payload.size() >= 4)
        {
            const auto ports = payload.first<4>();
            info.sourcePort = LoadField<0, uint16_t>(ports);
            info.destinationPort = LoadField<2, uint16_t>(ports);
            info.portsKnown = true;
        }
        break;
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6:
        if (payload.size() >= 2)
        {
            info.sourcePort = LoadField<0, uint16_t>(payload.first<2>());
            info.destinationPort = info.sourcePort;
            info.portsKnown = true;
        }
        break;
    case PROTOCOL_MOBILITY:
        if (payload.size() >= 3)
        {
            info.sourcePort = static_cast<uint16_t>(LoadField<2, uint8_t>(payload.first<3>()) << 8);
            info.destinationPort = info.sourcePort;
            info.portsKnown = true;
        }
        break;
    default:
        return;
    }
    info.portsHidden = !info.portsKnown;
}

/// @param quoted it may end before its length says so
Result<void>
ReadV4(Bytes packet, bool quoted, PacketInfo& info)
{
    if (packet.size() < V4_HEADER_OCTETS)
    {
        return Fail(Fault::TRUNCATED, "IPv4 header");
    }
    const auto header = packet.first<V4_HEADER_OCTETS>();
    info.headerOctets = size_t{4} * (LoadField<0, uint8_t>(header) & 0x0f);
    info.totalOctets = LoadField<2, uint16_t>(header);
    if (info.headerOctets < V4_HEADER_OCTETS || info.totalOctets < info.headerOctets)
    {
        return Fail(Fault::BAD_VALUE, "IPv4 length");
    }
    const size_t octets = std::min(info.totalOctets, packet.size());
    if (octets < (quoted ? info.headerOctets : info.totalOctets))
    {
        return Fail(Fault::TRUNCATED, "IPv4 packet", packet.size());
    }
    info.trafficClass = LoadField<1, uint8_t>(header);
    const uint16_t fragmentField = LoadField<6, uint16_t>(header);
    info.dontFragment = (fragmentField & 0x4000) != 0;
    info.laterFragment = (fragmentField & 0x1fff) != 0;
    info.fragment = info.laterFragment || (fragmentField & 0x2000) != 0;
    if (info.fragment)
    {
        info.identification = LoadField<4, uint16_t>(header);
        info.fragmentBegin = size_t{8} * (fragmentField & 0x1fff);
        info.fragmentEnd = info.fragmentBegin + info.totalOctets - info.headerOctets;
    }
    info.ttl = LoadField<8, uint8_t>(header);
    info.protocol = LoadField<9, uint8_t>(header);
    info.source.low = LoadField<12, uint32_t>(header);
    info.destination.low = LoadField<16, uint32_t>(header);
    const Bytes payload = packet.first(octets).subspan(info.headerOctets);
    ReadPorts(info.laterFragment ? Bytes() : payload, info);
    return {};
}

/// Walk from the fixed header to the next layer, RFC 8200 §4.
Result<void>
WalkExtensionHeaders(ByteReader& reader, PacketInfo& info)
{
    for (size_t count = 0; count <= limits::EXTENSION_HEADERS; ++count)
    {
        const uint8_t current = info.protocol;
        if (!IsExtensionHeader(current))
        {
            return {};
        }
        uint8_t next = 0;
        uint8_t length = 0;
        if (!reader.U8(next) || !reader.U8(length))
        {
            return Fail(Fault::TRUNCATED, "IPv6 extension header", reader.Offset());
        }
        size_t rest = size_t{8} * length + 6;
        if (current == PROTOCOL_FRAGMENT)
        {
            uint16_t offsetAndMore = 0;
            if (!reader.U16(offsetAndMore) || !reader.U32(info.identification))
            {
                return Fail(Fault::TRUNCATED, "IPv6 fragment header", reader.Offset());
            }
            info.laterFragment = (offsetAndMore & 0xfff8) != 0;
            info.fragment = info.laterFragment || (offsetAndMore & 1) != 0;
            info.fragmentBegin = offsetAndMore & 0xfff8;
            info.fragmentEnd =
                info.fragmentBegin + info.totalOctets - V6_HEADER_OCTETS - reader.Offset();
            rest = 0;
        }
        if (!reader.Skip(rest))
        {
            return Fail(Fault::TRUNCATED, "IPv6 extension header", reader.Offset());
        }
        info.protocol = next;
        if (info.laterFragment)
        {
            // What follows belongs to the middle of something; of what, the first fragment says
            // alone (RFC 8200 §4.5).
            info.protocolKnown = false;
            return {};
        }
    }
    return Fail(Fault::LIMIT, "IPv6 extension headers", reader.Offset());
}

Result<void>
ReadV6(Bytes packet, bool quoted, PacketInfo& info)
{
    if (packet.size() < V6_HEADER_OCTETS)
    {
        return Fail(Fault::TRUNCATED, "IPv6 header");
    }
    const auto header = packet.first<V6_HEADER_OCTETS>();
    info.totalOctets = V6_HEADER_OCTETS + LoadField<4, uint16_t>(header);
    if (info.totalOctets > packet.size() && !quoted)
    {
        return Fail(Fault::TRUNCATED, "IPv6 packet", packet.size());
    }
    const uint32_t first = LoadField<0, uint32_t>(header);
    info.trafficClass = static_cast<uint8_t>(first >> 20);
    info.flowLabel = first & 0xfffff;
    info.dontFragment = true;
    info.protocol = LoadField<6, uint8_t>(header);
    info.ttl = LoadField<7, uint8_t>(header);
    info.source = {true, LoadField<8, uint64_t>(header), LoadField<16, uint64_t>(header)};
    info.destination = {true, LoadField<24, uint64_t>(header), LoadField<32, uint64_t>(header)};
    const size_t octets = std::min(info.totalOctets, packet.size());
    ByteReader reader(packet.first(octets).subspan(V6_HEADER_OCTETS));
    TRY(WalkExtensionHeaders(reader, info));
    info.headerOctets = V6_HEADER_OCTETS + reader.Offset();
    ReadPorts(info.laterFragment ? Bytes() : reader.Peek(), info);
    return {};
}

Result<void>
ReadInto(Bytes packet, bool quoted, PacketInfo& info)
{
    if (packet.empty())
    {
        return Fail(Fault::TRUNCATED, "IP header");
    }
    switch (packet.front() >> 4)
    {
    case 4:
        return ReadV4(packet, quoted, info);
    case 6:
        return ReadV6(packet, quoted, info);
    default:
        return Fail(Fault::BAD_VALUE, "IP version");
    }
}

/// Filled in the place where it is returned: a copy would wait for all that was just written.
Result<PacketInfo>
Read(Bytes packet, bool quoted)
{
    Result<PacketInfo> result;
    if (const auto read = ReadInto(packet, quoted, *result); !read)
    {
        result = tl::unexpected<Error>(read.error());
    }
    return result;
}

} // namespace

AddressNumber
AddressNumber::From(const IpAddress& address)
{
    const Bytes octets = address.Octets();
    if (address.IsV4())
    {
        return {false, 0, LoadField<0, uint32_t>(octets.first<4>())};
    }
    return {true,
            LoadField<0, uint64_t>(octets.first<16>()),
            LoadField<8, uint64_t>(octets.first<16>())};
}

IpAddress
AddressNumber::ToAddress() const
{
    if (!v6)
    {
        return IpAddress::V4(static_cast<uint32_t>(low));
    }
    std::array<uint8_t, 16> octets{};
    StoreField<0, uint64_t>(std::span(octets), high);
    StoreField<8, uint64_t>(std::span(octets), low);
    return IpAddress::FromOctets(octets);
}

Result<PacketInfo>
ReadPacket(Bytes packet)
{
    return Read(packet, false);
}

Result<PacketInfo>
ReadQuoted(Bytes octets)
{
    return Read(octets, true);
}

void
SetTrafficClass(MutableBytes packet, uint8_t trafficClass)
{
    if (packet.front() >> 4 == 6)
    {
        const auto words = packet.first<4>();
        const uint32_t old = LoadField<0, uint32_t>(std::span<const uint8_t, 4>(words));
        StoreField<0, uint32_t>(words, (old & 0xf00fffffu) | uint32_t{trafficClass} << 20);
        return;
    }
    IKELAB_ASSERT(packet.size() >= V4_HEADER_OCTETS);
    const auto header = packet.first<V4_HEADER_OCTETS>();
    const std::span<const uint8_t, V4_HEADER_OCTETS> read(header);
    const uint16_t oldWord = LoadField<0, uint16_t>(read);
    StoreField<1, uint8_t>(header, trafficClass);
    const uint16_t newWord = LoadField<0, uint16_t>(read);
    StoreField<10, uint16_t>(header,
                             AdjustedChecksum(LoadField<10, uint16_t>(read), oldWord, newWord));
}

uint16_t
HeaderChecksum(Bytes header)
{
    return static_cast<uint16_t>(~OnesComplementSum(header));
}

} // namespace ikelab::esp
