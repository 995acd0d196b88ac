// SPDX-License-Identifier: MIT
#include "esp/transport_nat.h"

#include "base/checksum.h"
#include "esp/icmp_error.h"
#include "esp/transport_header.h"

#include <algorithm>
#include <optional>

namespace ikelab::esp
{

namespace
{

constexpr size_t CHECKSUM_OCTETS = 2;
constexpr size_t ICMP_CHECKSUM_AT = 2;

/// Where in the header of the next layer a checksum stands that covers the addresses.
std::optional<size_t>
ChecksumPlace(const PacketInfo& packet)
{
    switch (packet.protocol)
    {
    case PROTOCOL_TCP:
        return 16; // RFC 9293 §3.1
    case PROTOCOL_UDP:
    case PROTOCOL_UDP_LITE: // RFC 3828 §3.1
    case PROTOCOL_DCCP:     // RFC 4340 §9.1
        return 6;           // RFC 768
    case PROTOCOL_MOBILITY:
        return 4; // RFC 6275 §6.1.1
    case PROTOCOL_ICMPV6:
        return ICMP_CHECKSUM_AT; // RFC 4443 §2.3; ICMP of IPv4 does not cover them
    default:
        return std::nullopt;
    }
}

uint16_t
SumOf(const AddressPair& ends)
{
    return OnesComplementSum(ends.destination.Octets(), OnesComplementSum(ends.source.Octets()));
}

bool
IsZero(Bytes checksum)
{
    return std::ranges::all_of(checksum, [](uint8_t octet) { return octet == 0; });
}

} // namespace

TransportNat::TransportNat(const AddressPair& written, const AddressPair& known)
    : m_written(written),
      m_known(known),
      m_sumWritten(SumOf(written)),
      m_sumKnown(SumOf(known))
{
}

void
TransportNat::Translate(MutableBytes packet) const
{
    WriteEnds(packet, m_known);
    if (const auto info = ReadPacket(packet))
    {
        FixQuoted(packet, *info);
        FixChecksum(packet, *info);
    }
}

/// RFC 3948 §3.1.2: other protocols that NATs have broken MAY be mended.
void
TransportNat::FixQuoted(MutableBytes packet, const PacketInfo& info) const
{
    const auto error = ReadIcmpError(packet, info);
    // What the peer got from us, with the ends that it knows.
    if (!error || info.fragment || error->about.source.ToAddress() != m_written.destination ||
        error->about.destination.ToAddress() != m_written.source)
    {
        return;
    }
    const size_t octets = error->quoted.size();
    WriteEnds(packet.subspan(info.totalOctets - octets, octets),
              {m_known.destination, m_known.source});
    if (info.IsV6())
    {
        // IPv4's header checksum has made up for the change; ICMPv6 sums the quoted octets too.
        AdjustChecksum(packet.subspan(info.headerOctets + ICMP_CHECKSUM_AT, CHECKSUM_OCTETS),
                       m_sumWritten,
                       m_sumKnown);
    }
}

void
TransportNat::FixChecksum(MutableBytes packet, const PacketInfo& info) const
{
    const auto place = ChecksumPlace(info);
    if (!place || info.laterFragment ||
        info.headerOctets + *place + CHECKSUM_OCTETS > info.totalOctets)
    {
        return;
    }
    const MutableBytes checksum = packet.subspan(info.headerOctets + *place, CHECKSUM_OCTETS);
    const bool udp = info.protocol == PROTOCOL_UDP || info.protocol == PROTOCOL_UDP_LITE;
    if (udp && IsZero(checksum))
    {
        return; // RFC 768: its sender made none
    }
    AdjustChecksum(checksum, m_sumWritten, m_sumKnown);
    if (udp && IsZero(checksum))
    {
        std::ranges::fill(checksum, uint8_t{0xff}); // RFC 768: 0 would say that there is none
    }
}

} // namespace ikelab::esp
