// SPDX-License-Identifier: MIT
#include "dissect/ip_layer.h"

#include "base/byte_reader.h"
#include "base/ip_address.h"
#include "base/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ikelab::dissect
{

namespace
{

constexpr size_t V4_HEADER_OCTETS = 20;
constexpr size_t V6_HEADER_OCTETS = 40;
constexpr uint8_t PROTOCOL_FRAGMENT = 44; ///< the IPv6 header of a fragment
constexpr size_t AH_FIXED_OCTETS = 12;

/// One end as text: an address, with its port where there is one.
std::string
EndText(const IpAddress& address, const esp::PacketInfo& info, uint16_t port)
{
    const bool icmp = info.protocol == esp::PROTOCOL_ICMP || info.protocol == esp::PROTOCOL_ICMPV6;
    return info.portsKnown && !icmp ? SocketAddress{address, port}.ToString() : address.ToString();
}

/// ReadPacket walks over these in IPv6.
bool
IsExtensionHeader(uint8_t protocol)
{
    constexpr std::array<uint8_t, 4> HEADERS = {0, 43, PROTOCOL_FRAGMENT, 60};
    return std::ranges::find(HEADERS, protocol) != HEADERS.end();
}

/// How many octets an extension header says it has, from its first two.
size_t
SaidHeaderOctets(uint8_t protocol, uint8_t length)
{
    return protocol == PROTOCOL_FRAGMENT ? 8 : 8 + size_t{8} * length;
}

/**
 * If an extension header of an IPv6 packet does not end within it, make the packet end before that
 * header: what is known of it can then be read.
 * @return which header it was; nothing if all of them end
 */
std::optional<uint8_t>
CloseUnendedHeader(Buffer& packet)
{
    size_t nextAt = 6; // where the number of the header at `at` stands
    size_t at = V6_HEADER_OCTETS;
    while (IsExtensionHeader(packet[nextAt]))
    {
        const uint8_t current = packet[nextAt];
        const size_t left = packet.size() - at;
        const size_t octets = left < 2 ? 2 : SaidHeaderOctets(current, packet[at + 1]);
        if (octets > left)
        {
            packet[nextAt] = esp::PROTOCOL_NO_NEXT_HEADER;
            return current;
        }
        if (current == PROTOCOL_FRAGMENT && (packet[at + 2] != 0 || packet[at + 3] >> 3 != 0))
        {
            return std::nullopt; // what follows is the middle of something
        }
        nextAt = at;
        at += octets;
    }
    return std::nullopt;
}

} // namespace

std::string
ProtocolName(uint8_t protocol)
{
    switch (protocol)
    {
    case esp::PROTOCOL_ICMP:
        return "ICMP";
    case esp::PROTOCOL_IPV4:
        return "IPv4";
    case esp::PROTOCOL_TCP:
        return "TCP";
    case esp::PROTOCOL_UDP:
        return "UDP";
    case esp::PROTOCOL_IPV6:
        return "IPv6";
    case esp::PROTOCOL_ESP:
        return "ESP";
    case esp::PROTOCOL_AH:
        return "AH";
    case esp::PROTOCOL_ICMPV6:
        return "ICMPv6";
    case esp::PROTOCOL_NO_NEXT_HEADER:
        return "no next header";
    default:
        return "";
    }
}

std::string
ProtocolText(uint8_t protocol)
{
    const std::string name = ProtocolName(protocol);
    return name.empty() ? fmt::format("protocol {}", protocol) : name;
}

Layer
IpLayer(const esp::PacketInfo& info)
{
    const IpAddress source = info.source.ToAddress();
    const IpAddress destination = info.destination.ToAddress();
    Layer layer;
    layer.name = "ip";
    layer.summary = fmt::format("{} > {}",
                                EndText(source, info, info.sourcePort),
                                EndText(destination, info, info.destinationPort));
    layer.fields = {{{"source", source.ToString()},
                     {"destination", destination.ToString()},
                     {"protocol", wire::FieldCode{info.protocol, ProtocolName(info.protocol)}},
                     {"octets", uint64_t{info.totalOctets}},
                     {"ttl", uint64_t{info.ttl}},
                     {"traffic_class", uint64_t{info.trafficClass}}}};
    if (info.fragment)
    {
        layer.fields.fields.push_back({"fragment", true});
    }
    if (!info.portsKnown)
    {
        return layer;
    }
    if (info.protocol == esp::PROTOCOL_ICMP || info.protocol == esp::PROTOCOL_ICMPV6)
    {
        layer.fields.fields.push_back({"icmp_type", uint64_t{info.sourcePort} >> 8});
        layer.fields.fields.push_back({"icmp_code", uint64_t{info.sourcePort} & 0xff});
    }
    else
    {
        layer.fields.fields.push_back({"source_port", uint64_t{info.sourcePort}});
        layer.fields.fields.push_back({"destination_port", uint64_t{info.destinationPort}});
    }
    return layer;
}

std::optional<size_t>
SaidOctets(Bytes packet)
{
    const int version = packet.empty() ? 0 : packet.front() >> 4;
    const bool v4 = version == 4 && packet.size() >= V4_HEADER_OCTETS;
    const bool v6 = version == 6 && packet.size() >= V6_HEADER_OCTETS;
    ByteReader reader(packet);
    uint16_t octets;
    if ((!v4 && !v6) || !reader.Skip(v4 ? 2 : 4) || !reader.U16(octets))
    {
        return std::nullopt;
    }
    return v4 ? octets : V6_HEADER_OCTETS + octets;
}

std::optional<esp::PacketInfo>
ReadUnended(Bytes packet)
{
    const auto said = SaidOctets(packet);
    if (!said)
    {
        return std::nullopt;
    }
    const bool v4 = packet.front() >> 4 == 4;
    constexpr size_t MOST_OCTETS = 0xffff;
    Buffer ended = ToBuffer(packet.first(std::min(packet.size(), MOST_OCTETS)));
    const size_t octets = v4 ? ended.size() : ended.size() - V6_HEADER_OCTETS;
    ended[v4 ? 2 : 4] = static_cast<uint8_t>(octets >> 8);
    ended[v4 ? 3 : 5] = static_cast<uint8_t>(octets);
    const std::optional<uint8_t> unended = v4 ? std::nullopt : CloseUnendedHeader(ended);
    auto info = esp::ReadPacket(ended);
    if (!info)
    {
        return std::nullopt;
    }
    info->protocol = unended.value_or(info->protocol);
    info->totalOctets = *said;
    return *info;
}

std::optional<uint8_t>
AddAh(PacketView& view, ByteReader& reader)
{
    Layer layer;
    layer.name = "ah";
    layer.summary = "AH";
    uint8_t next;
    uint8_t words;
    uint32_t spi;
    uint32_t sequence;
    Bytes icv;
    if (!reader.U8(next) || !reader.U8(words) || !reader.Skip(2) || !reader.U32(spi) ||
        !reader.U32(sequence) || size_t{4} * (words + 2u) < AH_FIXED_OCTETS ||
        !reader.Take(size_t{4} * (words + 2u) - AH_FIXED_OCTETS, icv))
    {
        layer.Degrade("its header is cut off");
        view.layers.push_back(std::move(layer));
        return std::nullopt;
    }
    layer.summary = fmt::format("AH SPI {:08x} sequence {}, ICV not checked", spi, sequence);
    layer.fields = {{{"spi", fmt::format("{:08x}", spi)},
                     {"sequence", uint64_t{sequence}},
                     {"next_header", wire::FieldCode{next, ProtocolName(next)}},
                     {"icv", ToBuffer(icv)}}};
    view.layers.push_back(std::move(layer));
    return next;
}

uint8_t
SkipExtensionHeaders(uint8_t next, ByteReader& reader)
{
    while (IsExtensionHeader(next))
    {
        ByteReader ahead = reader;
        uint8_t behind;
        uint8_t length;
        if (!ahead.U8(behind) || !ahead.U8(length) || !reader.Skip(SaidHeaderOctets(next, length)))
        {
            break;
        }
        next = behind;
    }
    return next;
}

} // namespace ikelab::dissect
