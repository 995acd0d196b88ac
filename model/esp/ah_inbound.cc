// SPDX-License-Identifier: MIT
#include "esp/ah_inbound.h"

#include "base/limits.h"
#include "esp/ah_authenticated.h"
#include "esp/ecn.h"
#include "esp/fixed_fields.h"
#include "esp/icmp_error.h"

#include <algorithm>
#include <utility>

namespace ikelab::esp
{

namespace
{

constexpr size_t V4_HEADER_OCTETS = 20;
constexpr size_t V6_HEADER_OCTETS = 40;

/// Octets behind `headers` that the IP header counts.
size_t
CountedBehind(Bytes headers)
{
    const bool v6 = headers.front() >> 4 == 6;
    const size_t counted =
        v6 ? V6_HEADER_OCTETS + LoadField<4, uint16_t>(headers.first<V6_HEADER_OCTETS>())
           : LoadField<2, uint16_t>(headers.first<V4_HEADER_OCTETS>());
    return counted - std::min(counted, headers.size());
}

uint8_t
TrafficClassOf(Bytes headers)
{
    return headers.front() >> 4 == 6
               ? static_cast<uint8_t>(LoadField<0, uint16_t>(headers.first<2>()) >> 4)
               : headers[1];
}

} // namespace

AhInbound::AhInbound(crypto::Context& context, const SaParameters& parameters)
    : m_icv(context, parameters),
      m_spi(parameters.spi),
      m_mode(parameters.mode),
      m_esn(parameters.suite.esn),
      m_copying(parameters.copying),
      m_window(parameters.replayWindow, parameters.suite.esn),
      m_lifetime(parameters.lifetime)
{
}

Result<Opened>
AhInbound::Open(PacketBuffer& packet,
                const wire::AhHeader& header,
                Bytes headers,
                const TrafficSelectors& selectors,
                const FragmentFollower* fragments)
{
    const auto expected = m_window.Find(header.sequence);
    if (!expected)
    {
        return Fail(Fault::REPLAY, "AH sequence number");
    }
    TRY_ASSIGN(const AhPlace place, FindAh(headers));
    const bool v6 = headers.front() >> 4 == 6;
    if (header.octets != m_icv.HeaderOctets(v6)) // RFC 4302 §3.3.3.2.1: no more than is needed
    {
        return Fail(Fault::BAD_VALUE, "AH payload length");
    }
    const size_t counted = CountedBehind(headers);
    if (counted < header.octets || counted > packet.Size())
    {
        return Fail(Fault::TRUNCATED, "packet with AH", packet.Size());
    }
    packet.DropBack(packet.Size() - counted); // link padding is not part of the packet
    TRY(m_icv.Begin(headers));
    TRY_ASSIGN(const uint64_t sequence, Verify(std::as_const(packet).View(), *expected));
    const bool newest = sequence > m_window.Highest();
    m_window.Record(sequence);

    const uint8_t outerClass = TrafficClassOf(headers);
    m_headers.assign(headers.begin(), headers.end());
    TRY(Unwrap(packet, header, place.nextHeaderOffset));
    TRY_ASSIGN(PacketInfo inner, ReadPacket(packet.View()));
    if (m_mode == Mode::TUNNEL && inner.IsV6() != (header.nextHeader == PROTOCOL_IPV6))
    {
        return Fail(Fault::BAD_VALUE, "IP version and next header");
    }
    packet.DropBack(packet.Size() - inner.totalOctets);
    if (fragments)
    {
        fragments->Follow(inner);
    }
    if (!selectors.MatchesInbound(inner) && !IsErrorAboutOurs(packet.View(), inner, selectors))
    {
        return Fail(Fault::POLICY, "selectors of the SA");
    }
    if (m_mode == Mode::TUNNEL)
    {
        const auto trafficClass = InnerTrafficClass(inner.trafficClass, outerClass, m_copying);
        if (!trafficClass)
        {
            return Fail(Fault::POLICY, "congestion mark on a packet without ECN");
        }
        if (*trafficClass != inner.trafficClass)
        {
            inner.trafficClass = *trafficClass;
            SetTrafficClass(packet.View(), inner.trafficClass);
        }
    }
    m_lifetime.Count(inner.totalOctets);
    return Opened{sequence, newest, false, inner};
}

/**
 * Verify, after a row of failures also as one of the next rounds of 2^32: with extended numbers the
 * high half is not sent, and should so much have been lost that it is guessed wrong, nothing
 * verifies any more (RFC 4302 appendix B3).
 * @return the number that the packet verified with
 */
Result<uint64_t>
AhInbound::Verify(Bytes packet, uint64_t expected)
{
    const bool resynchronise = m_failures != 0 && m_failures % limits::ESN_RESYNC_FAILURES == 0;
    const unsigned tries = resynchronise ? limits::ESN_RESYNC_TRIES : 0;
    Result<void> verified;
    for (unsigned ahead = 0; ahead <= tries; ++ahead)
    {
        const uint64_t sequence = expected + (uint64_t{ahead} << 32);
        verified = m_icv.Verify(packet, sequence);
        if (verified)
        {
            m_failures = 0;
            return sequence;
        }
        if (verified.error().fault != Fault::INTEGRITY)
        {
            break;
        }
    }
    m_failures += m_esn ? 1 : 0;
    return tl::unexpected<Error>(verified.error());
}

Result<void>
AhInbound::Unwrap(PacketBuffer& packet, const wire::AhHeader& header, size_t nextHeaderOffset)
{
    packet.DropFront(header.octets);
    if (m_mode == Mode::TRANSPORT)
    {
        RestoreHeaders(packet, header.nextHeader, nextHeaderOffset);
        return {};
    }
    if (header.nextHeader != PROTOCOL_IPV4 && header.nextHeader != PROTOCOL_IPV6)
    {
        return Fail(Fault::POLICY, "next header in tunnel mode", 0, header.nextHeader);
    }
    return {};
}

/// Transport mode: the packet is what it was before AH was put into it.
void
AhInbound::RestoreHeaders(PacketBuffer& packet, uint8_t nextHeader, size_t nextHeaderOffset)
{
    const MutableBytes headers(m_headers);
    const size_t octets = headers.size() + packet.Size();
    headers[nextHeaderOffset] = nextHeader;
    if (headers.front() >> 4 == 6)
    {
        StoreField<4, uint16_t>(headers.first<V6_HEADER_OCTETS>(),
                                static_cast<uint16_t>(octets - V6_HEADER_OCTETS));
    }
    else
    {
        const auto fixed = headers.first<V4_HEADER_OCTETS>();
        StoreField<2, uint16_t>(fixed, static_cast<uint16_t>(octets));
        StoreField<10, uint16_t>(fixed, 0);
        StoreField<10, uint16_t>(fixed, HeaderChecksum(headers));
    }
    if (headers.size() <= packet.FrontRoom())
    {
        std::ranges::copy(headers, packet.Prepend(headers.size()).begin());
        return;
    }
    // Rare: extension headers longer than the room before a packet.
    Append(m_headers, std::as_const(packet).View());
    packet.Assign(m_headers);
}

} // namespace ikelab::esp
