// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flat_packet.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/checksum.h"
#include "base/fixed_fields.h"

#include <array>

namespace ns3::flat
{

using ikelab::AddressPair;
using ikelab::AdjustChecksum;
using ikelab::Bytes;
using ikelab::IpAddress;
using ikelab::MutableBytes;
using ikelab::OnesComplementSum;
using ikelab::PacketBuffer;

namespace
{

constexpr uint8_t PROTOCOL_ICMPV6 = 58;

void
CopyPayload(const Packet& payload, MutableBytes place)
{
    payload.CopyData(place.data(), static_cast<uint32_t>(place.size()));
}

/// RFC 768 and RFC 8200 §8.1: both pseudo-headers sum to the same shape.
uint32_t
PseudoHeaderSum(const IpAddress& source, const IpAddress& destination, size_t octets)
{
    uint32_t sum = OnesComplementSum(source.Octets());
    sum = OnesComplementSum(destination.Octets(), sum);
    return sum + PROTOCOL_UDP + static_cast<uint32_t>(octets);
}

} // namespace

IpAddress
ToIpAddress(Ipv4Address address)
{
    return IpAddress::V4(address.Get());
}

IpAddress
ToIpAddress(const Ipv6Address& address)
{
    std::array<uint8_t, 16> octets;
    address.GetBytes(octets.data());
    return IpAddress::FromOctets(octets);
}

Ipv4Address
ToIpv4Address(const IpAddress& address)
{
    return Ipv4Address(address.HostOrderV4());
}

Ipv6Address
ToIpv6Address(const IpAddress& address)
{
    IKELAB_ASSERT(address.IsV6());
    return Ipv6Address::Deserialize(address.Octets().data());
}

void
Flatten(const Packet& packet, PacketBuffer& buffer)
{
    CopyPayload(packet, buffer.Reset(packet.GetSize()));
}

void
WriteHeader(const Ipv4Header& header,
            size_t payloadOctets,
            std::span<uint8_t, IPV4_HEADER_OCTETS> octets)
{
    // ns-3 reads and writes no options, so the header is always the fixed one.
    uint16_t fragment = header.GetFragmentOffset() / 8;
    if (header.IsDontFragment())
    {
        fragment |= 0x4000;
    }
    if (!header.IsLastFragment())
    {
        fragment |= 0x2000;
    }
    // In large pieces, as it is read a moment later.
    const uint64_t first = uint64_t{0x45} << 56 | uint64_t{header.GetTos()} << 48 |
                           uint64_t{static_cast<uint16_t>(IPV4_HEADER_OCTETS + payloadOctets)}
                               << 32 |
                           uint64_t{header.GetIdentification()} << 16 | fragment;
    const uint64_t second = uint64_t{header.GetTtl()} << 56 | uint64_t{header.GetProtocol()} << 48 |
                            header.GetSource().Get();
    ikelab::StoreField<0>(octets, first);
    ikelab::StoreField<8>(octets, second);
    ikelab::StoreField<16>(octets, header.GetDestination().Get());
    ikelab::StoreField<10>(octets, static_cast<uint16_t>(~OnesComplementSum(octets)));
}

void
WriteHeader(const Ipv6Header& header,
            size_t payloadOctets,
            std::span<uint8_t, IPV6_HEADER_OCTETS> octets)
{
    const uint32_t first = 0x60000000U | (static_cast<uint32_t>(header.GetTrafficClass()) << 20) |
                           (header.GetFlowLabel() & 0xfffffU);
    const uint32_t second = static_cast<uint32_t>(static_cast<uint16_t>(payloadOctets)) << 16 |
                            static_cast<uint32_t>(header.GetNextHeader()) << 8 |
                            header.GetHopLimit();
    ikelab::StoreField<0>(octets, uint64_t{first} << 32 | second);
    header.GetSource().GetBytes(octets.data() + 8);
    header.GetDestination().GetBytes(octets.data() + 24);
}

void
Flatten(const Ipv4Header& header, const Packet& payload, PacketBuffer& buffer)
{
    const MutableBytes octets = buffer.Reset(IPV4_HEADER_OCTETS + payload.GetSize());
    WriteHeader(header, payload.GetSize(), octets.first<IPV4_HEADER_OCTETS>());
    CopyPayload(payload, octets.subspan(IPV4_HEADER_OCTETS));
}

void
Flatten(const Ipv6Header& header, const Packet& payload, PacketBuffer& buffer)
{
    const MutableBytes octets = buffer.Reset(IPV6_HEADER_OCTETS + payload.GetSize());
    WriteHeader(header, payload.GetSize(), octets.first<IPV6_HEADER_OCTETS>());
    CopyPayload(payload, octets.subspan(IPV6_HEADER_OCTETS));
}

Ptr<Packet>
ToPacket(Bytes octets)
{
    return Create<Packet>(octets.data(), static_cast<uint32_t>(octets.size()));
}

unsigned
Version(Bytes packet)
{
    const unsigned version = packet.empty() ? 0 : packet.front() >> 4;
    return version == 4 || version == 6 ? version : 0;
}

uint8_t
TrafficClass(Bytes packet)
{
    if (packet.size() < 2)
    {
        return 0;
    }
    switch (Version(packet))
    {
    case 4:
        return packet[1];
    case 6:
        return static_cast<uint8_t>(packet[0] << 4 | packet[1] >> 4);
    default:
        return 0;
    }
}

std::optional<AddressPair>
ReadEnds(Bytes packet)
{
    const unsigned version = Version(packet);
    const size_t header = version == 4 ? IPV4_HEADER_OCTETS : IPV6_HEADER_OCTETS;
    std::optional<AddressPair> ends;
    if (version != 0 && packet.size() >= header)
    {
        const size_t octets = version == 4 ? 4 : 16;
        AddressPair& pair = ends.emplace();
        pair.destination = IpAddress::FromOctets(packet.first(header).last(octets));
        pair.source = IpAddress::FromOctets(packet.first(header - octets).last(octets));
    }
    return ends;
}

bool
IsNeighbourDiscovery(Bytes head)
{
    return Version(head) == 6 && head.size() > IPV6_HEADER_OCTETS && head[6] == PROTOCOL_ICMPV6 &&
           head[7] == 255 && head[IPV6_HEADER_OCTETS] >= 133 && head[IPV6_HEADER_OCTETS] <= 137;
}

void
FillHeaderChecksum(MutableBytes packet)
{
    if (Version(packet) == 4 && packet.size() >= IPV4_HEADER_OCTETS && packet[10] == 0 &&
        packet[11] == 0)
    {
        const uint16_t sum = OnesComplementSum(packet.first(IPV4_HEADER_OCTETS));
        ikelab::StoreField<10>(packet.first<IPV4_HEADER_OCTETS>(), static_cast<uint16_t>(~sum));
    }
}

bool
DecrementTtl(MutableBytes packet)
{
    const bool v4 = Version(packet) == 4;
    const size_t place = v4 ? 8 : 7;
    if (packet.size() < (v4 ? IPV4_HEADER_OCTETS : IPV6_HEADER_OCTETS) || packet[place] <= 1)
    {
        return false;
    }
    --packet[place];
    if (v4)
    {
        const auto after =
            ikelab::LoadField<8, uint16_t>(Bytes(packet).first<IPV4_HEADER_OCTETS>());
        AdjustChecksum(packet.subspan(10, 2), static_cast<uint16_t>(after + 0x100), after);
    }
    return true;
}

void
PrependUdp(PacketBuffer& payload, const ikelab::Path& path, bool withChecksum)
{
    payload.Prepend(UDP_HEADER_OCTETS);
    const MutableBytes datagram = payload.View();
    const auto header = datagram.first<UDP_HEADER_OCTETS>();
    ikelab::StoreField<0>(header,
                          uint64_t{path.local.port} << 48 | uint64_t{path.remote.port} << 32 |
                              uint64_t{static_cast<uint16_t>(datagram.size())} << 16);
    if (withChecksum)
    {
        const uint32_t start =
            PseudoHeaderSum(path.local.address, path.remote.address, datagram.size());
        const auto checksum = static_cast<uint16_t>(~OnesComplementSum(datagram, start));
        // RFC 768: 0 means "none", so a sum of 0 goes out as its other representation.
        ikelab::StoreField<6>(header, checksum == 0 ? uint16_t{0xffff} : checksum);
    }
}

std::optional<UdpFields>
ReadUdp(Bytes datagram, const IpAddress& source, const IpAddress& destination)
{
    ikelab::ByteReader reader(datagram);
    UdpFields fields;
    uint16_t length = 0;
    uint16_t checksum = 0;
    if (!reader.U16(fields.sourcePort) || !reader.U16(fields.destinationPort) ||
        !reader.U16(length) || !reader.U16(checksum) || length != datagram.size())
    {
        return std::nullopt;
    }
    if (checksum == 0)
    {
        // RFC 768 lets IPv4 do without, RFC 8200 §8.1 does not let IPv6.
        fields.checksumGood = source.IsV4();
    }
    else
    {
        const uint32_t start = PseudoHeaderSum(source, destination, datagram.size());
        fields.checksumGood = OnesComplementSum(datagram, start) == 0xffff;
    }
    return fields;
}

} // namespace ns3::flat
