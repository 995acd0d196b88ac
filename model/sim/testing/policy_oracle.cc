// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/policy_oracle.h"

#include "base/byte_reader.h"

#include <algorithm>

namespace ns3::testing
{

using ikelab::Bytes;
using ikelab::IpAddress;

namespace
{

constexpr uint8_t ICMP = 1;
constexpr uint8_t TCP = 6;
constexpr uint8_t UDP = 17;
constexpr uint8_t FRAGMENT_HEADER = 44;
constexpr uint8_t ICMPV6 = 58;

bool
HasPorts(uint8_t protocol)
{
    return protocol == TCP || protocol == UDP || protocol == 132; // SCTP
}

bool
InBlock(const IpAddress& address, const OracleSelector& selector)
{
    const Bytes ours = address.Octets();
    const Bytes block = selector.network.Octets();
    if (ours.size() != block.size())
    {
        return false;
    }
    for (unsigned bit = 0; bit < selector.prefix; ++bit)
    {
        const auto mask = static_cast<uint8_t>(0x80 >> bit % 8);
        if ((ours[bit / 8] & mask) != (block[bit / 8] & mask))
        {
            return false;
        }
    }
    return true;
}

bool
AnySelector(const std::vector<OracleSelector>& selectors,
            const IpAddress& address,
            uint16_t port,
            const OraclePacket& packet,
            bool doubtful)
{
    return std::ranges::any_of(
        selectors,
        [&](const OracleSelector& selector)
        {
            if (!InBlock(address, selector))
            {
                return false;
            }
            if (selector.protocol != 0 && !packet.protocolKnown)
            {
                return doubtful;
            }
            if (selector.protocol != 0 && selector.protocol != packet.protocol)
            {
                return false;
            }
            if (selector.firstPort == 0 && selector.lastPort == 65535)
            {
                return true;
            }
            return packet.portsKnown ? selector.firstPort <= port && port <= selector.lastPort
                                     : doubtful && HasPorts(packet.protocol);
        });
}

/// IPv6 extension headers, RFC 8200 §4.1: skipped until the next layer or a fragment's content.
bool
SkipExtensions(ikelab::ByteReader& reader, OraclePacket& packet, uint32_t& identification)
{
    while (packet.protocol == 0 || packet.protocol == 43 || packet.protocol == 60 ||
           packet.protocol == FRAGMENT_HEADER)
    {
        uint8_t next = 0;
        uint8_t units = 0;
        if (!reader.U8(next) || !reader.U8(units))
        {
            return false;
        }
        if (packet.protocol == FRAGMENT_HEADER)
        {
            uint16_t field = 0;
            if (!reader.U16(field) || !reader.U32(identification))
            {
                return false;
            }
            packet.offset = field & 0xfff8;
            packet.fragment = (field & 0xfff9) != 0;
        }
        else if (!reader.Skip(size_t{units} * 8 + 6))
        {
            return false;
        }
        packet.protocol = next;
        if (packet.offset != 0)
        {
            return true; // what follows is the middle of something
        }
    }
    return true;
}

void
ReadPorts(OraclePacket& packet)
{
    ikelab::ByteReader reader(packet.content);
    if (packet.IsIcmp())
    {
        packet.portsKnown = reader.U8(packet.icmpType);
    }
    else if (HasPorts(packet.protocol))
    {
        packet.portsKnown = reader.U16(packet.sourcePort) && reader.U16(packet.destinationPort);
    }
}

} // namespace

std::string
OracleSelector::ToText() const
{
    std::string text = network.ToString() + "/" + std::to_string(prefix);
    if (protocol != 0)
    {
        text += "[" + std::to_string(protocol);
        if (firstPort != 0 || lastPort != 65535)
        {
            text += "/" + std::to_string(firstPort) + "-" + std::to_string(lastPort);
        }
        text += "]";
    }
    return text;
}

bool
OraclePacket::IsIcmpError() const
{
    return (protocol == ICMP && (icmpType == 3 || icmpType == 4 || icmpType == 5 ||
                                 icmpType == 11 || icmpType == 12)) ||
           (protocol == ICMPV6 && icmpType < 128);
}

std::string
OraclePacket::ToText() const
{
    return source.ToString() + " > " + destination.ToString() + " protocol " +
           std::to_string(protocol) + " " + std::to_string(sourcePort) + ">" +
           std::to_string(destinationPort) + (IsIcmp() ? " type " + std::to_string(icmpType) : "") +
           (fragment ? " fragment " + std::to_string(offset) : "");
}

std::optional<OraclePacket>
PolicyOracle::Read(Bytes octets)
{
    if (octets.empty())
    {
        return std::nullopt;
    }
    OraclePacket packet;
    uint32_t identification = 0;
    if (octets[0] >> 4 == 4)
    {
        const size_t header = size_t{octets[0] & 15u} * 4;
        if (header < 20 || octets.size() < header)
        {
            return std::nullopt;
        }
        const size_t total = size_t{octets[2]} << 8 | octets[3];
        const auto field = static_cast<uint16_t>(octets[6] << 8 | octets[7]);
        packet.offset = static_cast<uint16_t>((field & 0x1fff) * 8);
        packet.fragment = (field & 0x3fff) != 0;
        packet.protocol = octets[9];
        packet.hops = octets[8];
        identification = uint32_t{octets[4]} << 8 | octets[5] | uint32_t{packet.protocol} << 16;
        packet.source = IpAddress::FromOctets(octets.subspan(12, 4));
        packet.destination = IpAddress::FromOctets(octets.subspan(16, 4));
        if (total < header || total > octets.size())
        {
            return std::nullopt;
        }
        packet.content = octets.first(total).subspan(header);
    }
    else if (octets[0] >> 4 == 6 && octets.size() >= 40)
    {
        const size_t total = 40 + (size_t{octets[4]} << 8 | octets[5]);
        packet.protocol = octets[6];
        packet.hops = octets[7];
        packet.source = IpAddress::FromOctets(octets.subspan(8, 16));
        packet.destination = IpAddress::FromOctets(octets.subspan(24, 16));
        if (total > octets.size())
        {
            return std::nullopt;
        }
        ikelab::ByteReader reader(octets.first(total).subspan(40));
        if (!SkipExtensions(reader, packet, identification))
        {
            return std::nullopt;
        }
        packet.content = reader.Rest();
    }
    else
    {
        return std::nullopt;
    }
    const Datagram datagram{packet.source, packet.destination, identification};
    if (packet.offset == 0)
    {
        ReadPorts(packet);
        const bool mute = !HasPorts(packet.protocol) && !packet.IsIcmp();
        if (packet.fragment && (packet.portsKnown || mute))
        {
            m_first[datagram] = {
                packet.protocol, packet.portsKnown, packet.sourcePort, packet.destinationPort};
        }
    }
    else if (const auto seen = m_first.find(datagram); seen != m_first.end())
    {
        packet.protocol = seen->second.protocol;
        packet.sourcePort = seen->second.sourcePort;
        packet.destinationPort = seen->second.destinationPort;
        packet.portsKnown = seen->second.portsKnown;
    }
    else
    {
        packet.protocolKnown = packet.source.IsV4(); // RFC 8200 §4.5
    }
    return packet;
}

Reading
PolicyOracle::Judge(const std::vector<OracleRule>& rules,
                    Reading otherwise,
                    const OraclePacket& packet,
                    bool outbound)
{
    const IpAddress& ours = outbound ? packet.source : packet.destination;
    const IpAddress& theirs = outbound ? packet.destination : packet.source;
    const uint16_t ourPort = outbound ? packet.sourcePort : packet.destinationPort;
    const uint16_t theirPort = outbound ? packet.destinationPort : packet.sourcePort;
    for (const OracleRule& rule : rules)
    {
        const bool doubtful = rule.reading != Reading::BYPASS;
        if (AnySelector(rule.local, ours, ourPort, packet, doubtful) &&
            AnySelector(rule.remote, theirs, theirPort, packet, doubtful))
        {
            return rule.reading;
        }
    }
    return otherwise;
}

} // namespace ns3::testing
