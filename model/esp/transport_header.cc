// SPDX-License-Identifier: MIT
#include "esp/transport_header.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/checksum.h"
#include "base/fixed_fields.h"
#include "base/limits.h"

#include <algorithm>
#include <cstring>

namespace ikelab::esp
{

namespace
{

constexpr size_t V4_HEADER_OCTETS = 20;
constexpr size_t V4_PROTOCOL_AT = 9;
constexpr size_t V4_CHECKSUM_AT = 10;
constexpr size_t V6_HEADER_OCTETS = 40;
constexpr size_t V6_NEXT_HEADER_AT = 6;
constexpr size_t UDP_HEADER_OCTETS = 8;
constexpr size_t LENGTH_MAX = 65535;
constexpr uint16_t DONT_FRAGMENT = 0x4000;

/// One step along IPv6 extension headers.
struct Extension
{
    uint8_t protocol{0}; ///< of this one
    size_t at{0};
    size_t end{0};
};

/// The headers of RFC 8200 §4 that may stand before ESP; AH is what protects, and ends them.
bool
MayStandOutside(uint8_t protocol)
{
    return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
           protocol == PROTOCOL_FRAGMENT || protocol == PROTOCOL_DESTINATION_OPTIONS;
}

/**
 * Walk the extension headers that may stand outside, up to `end`.
 * @param step called with each
 * @return where they end, possibly behind `end`: then one reaches out of the header
 */
template <typename Step>
size_t
WalkOutside(Bytes packet, size_t end, Step step)
{
    size_t at = V6_HEADER_OCTETS;
    uint8_t protocol = LoadField<V6_NEXT_HEADER_AT, uint8_t>(packet.first<V6_HEADER_OCTETS>());
    while (at + 2 <= end && MayStandOutside(protocol))
    {
        const auto fields = packet.subspan(at).first<2>();
        const size_t octets =
            protocol == PROTOCOL_FRAGMENT ? 8 : size_t{8} * (LoadField<1, uint8_t>(fields) + 1);
        step(Extension{protocol, at, at + octets});
        protocol = LoadField<0, uint8_t>(fields);
        at += octets;
    }
    return at;
}

/// Is this the header of a fragment, and not of all that there is (RFC 6946)?
bool
IsPart(Bytes packet, const Extension& extension)
{
    constexpr uint16_t OFFSET_AND_MORE = 0xfff9;
    return extension.protocol == PROTOCOL_FRAGMENT &&
           (LoadField<2, uint16_t>(packet.subspan(extension.at).first<4>()) & OFFSET_AND_MORE) != 0;
}

bool
IsV4(Bytes packet)
{
    return packet.front() >> 4 == 4;
}

} // namespace

TransportPlace
PlaceFor(Bytes packet, const PacketInfo& info)
{
    if (!info.IsV6())
    {
        return {info.headerOctets, V4_PROTOCOL_AT};
    }
    TransportPlace place{V6_HEADER_OCTETS, V6_NEXT_HEADER_AT};
    if (info.headerOctets != V6_HEADER_OCTETS)
    {
        WalkOutside(packet,
                    info.headerOctets,
                    [&](const Extension& extension)
                    {
                        if (extension.protocol != PROTOCOL_DESTINATION_OPTIONS)
                        {
                            place.headerOctets = extension.end;
                            place.nextHeaderAt = extension.at;
                            place.routed |= extension.protocol == PROTOCOL_ROUTING;
                        }
                    });
    }
    return place;
}

Result<TransportPlace>
PlaceBehind(Bytes header)
{
    if (header.empty() || header.size() < (IsV4(header) ? V4_HEADER_OCTETS : V6_HEADER_OCTETS))
    {
        return Fail(Fault::TRUNCATED, "IP header", header.size());
    }
    if (IsV4(header))
    {
        if (size_t{4} * (header.front() & 0x0f) != header.size())
        {
            return Fail(Fault::BAD_VALUE, "IPv4 header length");
        }
        return TransportPlace{header.size(), V4_PROTOCOL_AT};
    }
    TransportPlace place{V6_HEADER_OCTETS, V6_NEXT_HEADER_AT};
    bool fragment = false;
    place.headerOctets =
        WalkOutside(header,
                    header.size(),
                    [&](const Extension& extension)
                    {
                        place.nextHeaderAt = extension.at;
                        place.routed |= extension.protocol == PROTOCOL_ROUTING;
                        fragment |= extension.end <= header.size() && IsPart(header, extension);
                    });
    if (place.headerOctets != header.size())
    {
        return Fail(Fault::BAD_VALUE, "IPv6 extension headers", place.headerOctets);
    }
    if (fragment)
    {
        return Fail(Fault::POLICY, "transport mode in a fragment");
    }
    return place;
}

namespace
{

/// Of a UDP datagram or an IP packet, as its own header says.
std::optional<size_t>
NamedOctets(Bytes octets, uint8_t protocol)
{
    size_t named = 0;
    size_t least = 0;
    if (protocol == PROTOCOL_UDP && octets.size() >= UDP_HEADER_OCTETS)
    {
        named = LoadField<4, uint16_t>(octets.first<UDP_HEADER_OCTETS>());
        least = UDP_HEADER_OCTETS; // 0 would be a jumbogram (RFC 2675 §4)
    }
    else if (protocol == PROTOCOL_IPV4 && octets.size() >= V4_HEADER_OCTETS)
    {
        named = LoadField<2, uint16_t>(octets.first<V4_HEADER_OCTETS>());
        least = V4_HEADER_OCTETS;
    }
    else if (protocol == PROTOCOL_IPV6 && octets.size() >= V6_HEADER_OCTETS)
    {
        named = V6_HEADER_OCTETS + LoadField<4, uint16_t>(octets.first<V6_HEADER_OCTETS>());
        least = V6_HEADER_OCTETS;
    }
    return least != 0 && named >= least ? std::optional(named) : std::nullopt;
}

} // namespace

std::optional<size_t>
CarriedOctets(Bytes contents, uint8_t protocol)
{
    constexpr size_t UNIT = 8; // of options, RFC 8200 §4.6
    Bytes rest = contents;
    for (size_t headers = 0; protocol == PROTOCOL_DESTINATION_OPTIONS; ++headers)
    {
        if (headers == limits::EXTENSION_HEADERS || rest.size() < UNIT)
        {
            return std::nullopt;
        }
        const auto fields = rest.first<2>();
        const size_t octets = UNIT * (LoadField<1, uint8_t>(fields) + 1);
        if (octets > rest.size())
        {
            return std::nullopt;
        }
        protocol = LoadField<0, uint8_t>(fields);
        rest = rest.subspan(octets);
    }
    const auto named = NamedOctets(rest, protocol);
    return named ? std::optional(contents.size() - rest.size() + *named) : std::nullopt;
}

bool
IsOverlong(bool v6, size_t totalOctets)
{
    return totalOctets > LENGTH_MAX + (v6 ? V6_HEADER_OCTETS : 0);
}

void
WriteWhatFollows(MutableBytes packet, const TransportPlace& place, uint8_t nextHeader)
{
    IKELAB_ASSERT(place.nextHeaderAt < place.headerOctets && place.headerOctets <= packet.size());
    IKELAB_ASSERT(!IsOverlong(!IsV4(packet), packet.size()));
    packet.subspan(place.nextHeaderAt).front() = nextHeader;
    if (!IsV4(packet))
    {
        StoreField<4, uint16_t>(packet.first<V6_HEADER_OCTETS>(),
                                static_cast<uint16_t>(packet.size() - V6_HEADER_OCTETS));
        return;
    }
    const auto header = packet.first<V4_HEADER_OCTETS>();
    StoreField<2, uint16_t>(header, static_cast<uint16_t>(packet.size()));
    StoreField<V4_CHECKSUM_AT, uint16_t>(header, 0);
    StoreField<V4_CHECKSUM_AT, uint16_t>(header, HeaderChecksum(packet.first(place.headerOctets)));
}

void
CompleteHeader(MutableBytes packet, const TransportPlace& place, uint8_t nextHeader)
{
    if (IsV4(packet))
    {
        const auto header = packet.first<V4_HEADER_OCTETS>();
        const uint16_t fragment =
            LoadField<6, uint16_t>(std::span<const uint8_t, V4_HEADER_OCTETS>(header));
        StoreField<6, uint16_t>(header, static_cast<uint16_t>(fragment & DONT_FRAGMENT));
    }
    WriteWhatFollows(packet, place, nextHeader);
}

TransportPlace
PlainPlace(bool v6)
{
    return v6 ? TransportPlace{V6_HEADER_OCTETS, V6_NEXT_HEADER_AT}
              : TransportPlace{V4_HEADER_OCTETS, V4_PROTOCOL_AT};
}

TransportPlace
PrependHeader(PacketBuffer& packet, const AddressPair& ends, const HeaderFields& fields)
{
    if (ends.source.IsV4())
    {
        const auto header = packet.Prepend(V4_HEADER_OCTETS).first<V4_HEADER_OCTETS>();
        StoreField<0, uint8_t>(header, 0x45);
        StoreField<1, uint8_t>(header, fields.trafficClass);
        StoreField<4, uint16_t>(header, fields.identification);
        StoreField<6, uint16_t>(header, fields.dontFragment ? DONT_FRAGMENT : uint16_t{0});
        StoreField<8, uint8_t>(header, fields.ttl);
        std::ranges::copy(ends.source.Octets(), header.subspan<12, 4>().begin());
        std::ranges::copy(ends.destination.Octets(), header.subspan<16, 4>().begin());
        return PlainPlace(false);
    }
    const auto header = packet.Prepend(V6_HEADER_OCTETS).first<V6_HEADER_OCTETS>();
    StoreField<0, uint32_t>(header,
                            0x60000000u | uint32_t{fields.trafficClass} << 20 | fields.flowLabel);
    StoreField<7, uint8_t>(header, fields.ttl);
    std::ranges::copy(ends.source.Octets(), header.subspan<8, 16>().begin());
    std::ranges::copy(ends.destination.Octets(), header.subspan<24, 16>().begin());
    return PlainPlace(true);
}

void
ClearDontFragment(MutableBytes packet)
{
    if (packet.size() < V4_HEADER_OCTETS || !IsV4(packet))
    {
        return;
    }
    const auto header = packet.first<V4_HEADER_OCTETS>();
    const auto before = LoadField<6, uint16_t>(Bytes(packet).first<V4_HEADER_OCTETS>());
    const auto after = static_cast<uint16_t>(before & ~DONT_FRAGMENT);
    StoreField<6, uint16_t>(header, after);
    AdjustChecksum(packet.subspan(V4_CHECKSUM_AT, 2), before, after);
}

void
WriteEnds(MutableBytes packet, const AddressPair& ends)
{
    const bool v4 = IsV4(packet);
    if (ends.source.IsV4() != v4 || ends.destination.IsV4() != v4)
    {
        return;
    }
    const size_t octets = ends.source.Octets().size();
    const MutableBytes addresses = packet.subspan(v4 ? 12 : 8, 2 * octets);
    const uint16_t before = OnesComplementSum(addresses);
    std::ranges::copy(ends.source.Octets(), addresses.begin());
    std::ranges::copy(ends.destination.Octets(), addresses.last(octets).begin());
    if (v4)
    {
        AdjustChecksum(packet.subspan(V4_CHECKSUM_AT, 2), before, OnesComplementSum(addresses));
    }
}

Result<void>
RestoreHeader(PacketBuffer& packet, Bytes header, uint8_t nextHeader)
{
    TRY_ASSIGN(const TransportPlace place, PlaceBehind(header));
    if (header.size() > packet.FrontRoom())
    {
        return Fail(Fault::LIMIT, "IP header", header.size());
    }
    if (IsOverlong(!IsV4(header), header.size() + packet.Size()))
    {
        return Fail(Fault::OVERLONG, "transport mode contents");
    }
    const MutableBytes restored = packet.Prepend(header.size());
    std::memmove(restored.data(), header.data(), header.size()); // it may be moved onto itself
    CompleteHeader(packet.View(), place, nextHeader);
    return {};
}

Result<void>
EncapsulateInUdp(PacketBuffer& packet,
                 const TransportPlace& place,
                 uint16_t sourcePort,
                 uint16_t destinationPort)
{
    const bool v6 = !IsV4(packet.View());
    const size_t udpOctets = packet.Size() - place.headerOctets + UDP_HEADER_OCTETS;
    if (udpOctets > LENGTH_MAX || IsOverlong(v6, packet.Size() + UDP_HEADER_OCTETS))
    {
        return Fail(Fault::OVERLONG, "UDP encapsulation");
    }
    if (v6 && place.routed)
    {
        return Fail(Fault::POLICY, "routing header and UDP encapsulation");
    }
    const MutableBytes header = packet.View().first(place.headerOctets);
    packet.Prepend(UDP_HEADER_OCTETS);
    std::memmove(packet.View().data(), header.data(), header.size());
    CompleteHeader(packet.View(), place, PROTOCOL_UDP);
    const MutableBytes datagram = packet.View().subspan(place.headerOctets);
    const auto udp = datagram.first<UDP_HEADER_OCTETS>();
    StoreField<0, uint16_t>(udp, sourcePort);
    StoreField<2, uint16_t>(udp, destinationPort);
    StoreField<4, uint16_t>(udp, static_cast<uint16_t>(udpOctets));
    StoreField<6, uint16_t>(udp, 0);
    if (v6)
    {
        constexpr size_t ADDRESSES_AT = 8;
        constexpr size_t ADDRESSES_OCTETS = 32;
        const Bytes addresses = packet.View().subspan(ADDRESSES_AT).first(ADDRESSES_OCTETS);
        const uint16_t sum =
            OnesComplementSum(addresses, PROTOCOL_UDP + static_cast<uint32_t>(udpOctets));
        const auto checksum = static_cast<uint16_t>(~OnesComplementSum(datagram, sum));
        // RFC 8200 §8.1: 0 would say that there is none.
        StoreField<6, uint16_t>(udp, checksum == 0 ? uint16_t{0xffff} : checksum);
    }
    return {};
}

} // namespace ikelab::esp
