// SPDX-License-Identifier: MIT
#include "esp/ah_outbound.h"

#include "base/assert.h"
#include "base/fixed_fields.h"
#include "esp/ah_authenticated.h"
#include "esp/ecn.h"

#include <algorithm>
#include <utility>

namespace ikelab::esp
{

namespace
{

constexpr size_t V4_HEADER_OCTETS = 20;
constexpr size_t V6_HEADER_OCTETS = 40;
constexpr size_t LARGEST_LENGTH = 65535; ///< of IPv4's packet and of IPv6's payload

} // namespace

AhOutbound::AhOutbound(crypto::Context& context, const SaParameters& parameters)
    : OutboundHalf(parameters),
      m_icv(context, parameters)
{
}

Result<Sealed>
AhOutbound::Seal(PacketBuffer& packet, const PacketInfo& inner, const Path& path)
{
    const bool tunnel = m_mode == Mode::TUNNEL;
    const bool v6 = tunnel ? !path.local.address.IsV4() : inner.IsV6();
    const size_t uncounted = v6 ? V6_HEADER_OCTETS : 0; // IPv6 counts what follows its header
    const size_t ahOctets = m_icv.HeaderOctets(v6);
    TransportPlace place = PlainPlace(v6);
    const size_t tunnelOctets = place.headerOctets;
    if (!tunnel)
    {
        if (inner.fragment) // RFC 4302 §3.3.4: whole datagrams only
        {
            return Fail(Fault::POLICY, "transport mode");
        }
        place = PlaceFor(std::as_const(packet).View(), inner);
        TRY(CheckHeaders(std::as_const(packet).View(), place));
    }
    const size_t octets = inner.totalOctets + ahOctets + (tunnel ? tunnelOctets : 0) - uncounted;
    if (octets > LARGEST_LENGTH)
    {
        return Fail(Fault::OVERLONG, "packet with AH", 0, static_cast<uint32_t>(octets));
    }
    if (IsExhausted())
    {
        return Fail(Fault::EXHAUSTED, "AH sequence number");
    }
    packet.DropBack(packet.Size() - inner.totalOctets); // link padding is not part of the packet

    // RFC 4302 §3.3.2: the first packet has number 1. A number is spent even if OpenSSL fails.
    Sealed sealed{++m_sequence, inner.trafficClass, inner.dontFragment};
    uint8_t nextHeader = inner.IsV6() ? PROTOCOL_IPV6 : PROTOCOL_IPV4;
    if (!tunnel)
    {
        const Bytes headers = std::as_const(packet).View().first(place.headerOctets);
        m_headers.assign(headers.begin(), headers.end());
        nextHeader = m_headers[place.nextHeaderAt];
        packet.DropFront(place.headerOctets);
    }
    const MutableBytes ah = packet.Prepend(ahOctets);
    std::ranges::fill(ah, uint8_t{0}); // padding may be anything (§3.3.3.2.1): it tells nothing
    wire::WriteAhHeader(ah, {nextHeader, ahOctets, m_spi, static_cast<uint32_t>(sealed.sequence)});
    if (tunnel)
    {
        sealed.trafficClass = OuterTrafficClass(inner.trafficClass, m_copying);
        sealed.dontFragment = inner.dontFragment && m_copying.dontFragment;
        // RFC 4301 §5.1.2; Announce writes the rest.
        (void)PrependHeader(
            packet,
            {path.local.address, path.remote.address},
            {.trafficClass = sealed.trafficClass, .dontFragment = sealed.dontFragment});
    }
    else
    {
        std::ranges::copy(m_headers, packet.Prepend(m_headers.size()).begin());
    }
    Announce(packet.View(), place);
    const MutableBytes whole = packet.View();
    TRY(m_icv.Begin(whole.first(place.headerOctets), AhEnd::SENDER));
    TRY(m_icv.Sign(whole.subspan(place.headerOctets), sealed.sequence));
    m_lifetime.Count(inner.totalOctets);
    return sealed;
}

/// Options and extension headers that AH cannot cover are found here, before a number is spent.
Result<void>
AhOutbound::CheckHeaders(Bytes packet, const TransportPlace& place)
{
    if (place.headerOctets <= (packet.front() >> 4 == 6 ? V6_HEADER_OCTETS : V4_HEADER_OCTETS))
    {
        return {};
    }
    const Bytes headers = packet.first(place.headerOctets);
    m_headers.assign(headers.begin(), headers.end());
    m_headers[place.nextHeaderAt] = PROTOCOL_AH;
    return m_icv.Begin(m_headers, AhEnd::SENDER);
}

/// The header before AH names it, and its lengths count it.
void
AhOutbound::Announce(MutableBytes packet, const TransportPlace& place) const
{
    if (packet.front() >> 4 == 4)
    {
        const auto header = packet.first<V4_HEADER_OCTETS>();
        if (LoadField<4, uint16_t>(std::span<const uint8_t, V4_HEADER_OCTETS>(header)) == 0)
        {
            StoreField<4, uint16_t>(header, Identification());
        }
    }
    WriteWhatFollows(packet, place, PROTOCOL_AH);
}

/// AH authenticates it, so it is chosen here, and never zero: for that operating systems write
/// another one. SAs begin at different ones.
uint16_t
AhOutbound::Identification() const
{
    constexpr uint64_t CHOICES = 65535;
    return static_cast<uint16_t>((m_spi.value + m_sequence) % CHOICES + 1);
}

} // namespace ikelab::esp
