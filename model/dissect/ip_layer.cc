// SPDX-License-Identifier: MIT
#include "dissect/ip_layer.h"

#include "base/byte_reader.h"
#include "base/ip_address.h"
#include "base/result.h"

#include <fmt/format.h>

#include <algorithm>

namespace ikelab::dissect
{

namespace
{

constexpr size_t V4_HEADER_OCTETS = 20;
constexpr size_t V6_HEADER_OCTETS = 40;

/// One end as text: an address, with its port where there is one.
std::string
EndText(const IpAddress& address, const esp::PacketInfo& info, uint16_t port)
{
    const bool icmp = info.protocol == esp::PROTOCOL_ICMP || info.protocol == esp::PROTOCOL_ICMPV6;
    return info.portsKnown && !icmp ? SocketAddress{address, port}.ToString() : address.ToString();
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
    auto info = esp::ReadPacket(ended);
    if (!info)
    {
        return std::nullopt;
    }
    info->totalOctets = *said;
    return *info;
}

} // namespace ikelab::dissect
