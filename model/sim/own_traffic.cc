// SPDX-License-Identifier: GPL-2.0-only
#include "sim/own_traffic.h"

#include "base/byte_reader.h"
#include "sim/flat_packet.h"

#include <algorithm>
#include <optional>

namespace ns3
{

using ikelab::ByteReader;
using ikelab::Bytes;

namespace
{

constexpr uint8_t PROTOCOL_HOP_BY_HOP = 0;
constexpr uint8_t PROTOCOL_ROUTING = 43;
constexpr uint8_t PROTOCOL_FRAGMENT = 44;
constexpr uint8_t PROTOCOL_DESTINATION_OPTIONS = 60;
/// Fragmented datagrams to our ports of which later parts may still come.
constexpr size_t REMEMBERED = 64;

/// What tells fragments of one packet from those of another, and where its payload begins.
struct Head
{
    uint8_t protocol{0};
    uint32_t identification{0};
    uint16_t offset{0}; ///< in octets
    bool more{false};
    Bytes payload;
};

/// RFC 791 §3.1
std::optional<Head>
ReadV4(Bytes octets)
{
    ByteReader reader(octets);
    Head head;
    uint8_t first = 0;
    uint16_t identification = 0;
    uint16_t fragment = 0;
    if (!reader.U8(first) || !reader.Skip(3) || !reader.U16(identification) ||
        !reader.U16(fragment) || !reader.Skip(1) || !reader.U8(head.protocol))
    {
        return std::nullopt;
    }
    head.identification = identification;
    head.offset = static_cast<uint16_t>((fragment & 0x1fff) * 8);
    head.more = (fragment & 0x2000) != 0;
    const size_t header = static_cast<size_t>(first & 0x0f) * 4;
    head.payload = octets.subspan(std::min(header, octets.size()));
    return head;
}

/// RFC 8200 §3 and §4.5; a fragment header behind other extension headers is policy's business.
std::optional<Head>
ReadV6(Bytes octets)
{
    ByteReader reader(octets);
    Head head;
    if (!reader.Skip(6) || !reader.U8(head.protocol) || !reader.Skip(flat::IPV6_HEADER_OCTETS - 7))
    {
        return std::nullopt;
    }
    uint16_t fragment = 0;
    if (head.protocol == PROTOCOL_FRAGMENT)
    {
        if (!reader.U8(head.protocol) || !reader.Skip(1) || !reader.U16(fragment) ||
            !reader.U32(head.identification))
        {
            return std::nullopt;
        }
        head.offset = fragment & 0xfff8;
        head.more = (fragment & 1) != 0;
    }
    head.payload = reader.Rest();
    return head;
}

/// RFC 8200 §4.2: options whose type begins with two zero bits may be passed over by anybody.
bool
AreHarmless(Bytes options)
{
    ByteReader reader(options);
    uint8_t type = 0;
    while (reader.U8(type))
    {
        constexpr uint8_t PAD1 = 0;
        uint8_t octets = 0;
        if (type != PAD1 && (type >> 6 != 0 || !reader.U8(octets) || !reader.Skip(octets)))
        {
            return false;
        }
    }
    return true;
}

/// Go on behind one extension header if it could as well be read later.
bool
SkipHarmless(ByteReader& reader, uint8_t& protocol)
{
    const uint8_t current = protocol;
    uint8_t units = 0;
    Bytes contents;
    if ((current != PROTOCOL_HOP_BY_HOP && current != PROTOCOL_ROUTING &&
         current != PROTOCOL_DESTINATION_OPTIONS) ||
        !reader.U8(protocol) || !reader.U8(units) ||
        !reader.Take(static_cast<size_t>(units) * 8 + 6, contents))
    {
        return false;
    }
    constexpr size_t SEGMENTS_LEFT = 1; // RFC 8200 §4.4: with some left it is not at its end
    return current == PROTOCOL_ROUTING ? contents[SEGMENTS_LEFT] == 0 : AreHarmless(contents);
}

} // namespace

void
OwnTraffic::SetTaken(std::function<bool(uint16_t)> taken)
{
    m_taken = std::move(taken);
}

std::optional<OwnTraffic::Whole>
OwnTraffic::FindWholeEsp(Bytes packet)
{
    ByteReader reader(packet);
    uint8_t first = 0;
    uint8_t protocol = 0;
    uint16_t length = 0;
    uint16_t fragment = 0;
    if (flat::Version(packet) == 4)
    {
        constexpr uint16_t MORE_AND_OFFSET = 0x3fff;
        if (reader.U8(first) && reader.Skip(1) && reader.U16(length) && reader.Skip(2) &&
            reader.U16(fragment) && reader.Skip(1) && reader.U8(protocol) &&
            (fragment & MORE_AND_OFFSET) == 0 && protocol == flat::PROTOCOL_ESP)
        {
            const size_t header = static_cast<size_t>(first & 0x0f) * 4;
            if (header >= flat::IPV4_HEADER_OCTETS && header <= packet.size() && length >= header)
            {
                return Whole{header, length};
            }
        }
        return std::nullopt;
    }
    if (flat::Version(packet) == 6 && reader.Skip(4) && reader.U16(length) && reader.U8(protocol) &&
        reader.Skip(flat::IPV6_HEADER_OCTETS - 7))
    {
        while (protocol != flat::PROTOCOL_ESP)
        {
            if (!SkipHarmless(reader, protocol))
            {
                return std::nullopt;
            }
        }
        const size_t total = flat::IPV6_HEADER_OCTETS + length;
        if (reader.Offset() <= total)
        {
            return Whole{reader.Offset(), total};
        }
    }
    return std::nullopt;
}

bool
OwnTraffic::Holds(Bytes packet)
{
    const auto ends = flat::ReadEnds(packet);
    const auto head = flat::Version(packet) == 4 ? ReadV4(packet) : ReadV6(packet);
    if (!ends || !head)
    {
        return false;
    }
    const bool ipsec = head->protocol == flat::PROTOCOL_ESP || head->protocol == flat::PROTOCOL_AH;
    if (ipsec && ends->source.IsV4())
    {
        return true;
    }
    // What a later fragment of IPv6 says of its protocol, nobody reads (RFC 8200 §4.5): it is as
    // its first one.
    if (!ipsec && (head->protocol != flat::PROTOCOL_UDP || !m_taken))
    {
        return false;
    }
    const Datagram datagram{ends->source, head->identification};
    if (head->offset != 0)
    {
        return std::ranges::find(m_fragmented, datagram) != m_fragmented.end();
    }
    ByteReader ports(head->payload);
    uint16_t port = 0;
    if (!ipsec && (!ports.Skip(2) || !ports.U16(port) || !m_taken(port)))
    {
        return false;
    }
    if (head->more)
    {
        m_fragmented.push_back(datagram);
        if (m_fragmented.size() > REMEMBERED)
        {
            m_fragmented.pop_front();
        }
    }
    return true;
}

} // namespace ns3
