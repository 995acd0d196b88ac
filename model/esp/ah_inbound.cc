// SPDX-License-Identifier: MIT
#include "esp/ah_inbound.h"

#include "base/fixed_fields.h"
#include "base/limits.h"
#include "esp/ah_authenticated.h"

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
    : InboundHalf(parameters),
      m_icv(context, parameters)
{
}

Result<Opened>
AhInbound::Open(PacketBuffer& packet,
                const wire::AhHeader& header,
                Bytes headers,
                const TrafficSelectors& selectors,
                const FragmentFollower* fragments,
                std::optional<PacketInfo>* refused)
{
    const auto expected = m_window.Find(header.sequence);
    if (!expected)
    {
        return Fail(Fault::REPLAY, "AH sequence number");
    }
    TRY_ASSIGN(const TransportPlace place, FindAh(headers));
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
    TRY(m_icv.Begin(headers, AhEnd::RECEIVER));
    TRY_ASSIGN(const uint64_t sequence, Verify(std::as_const(packet).View(), *expected));
    const bool newest = Record(sequence);

    const uint8_t outerClass = TrafficClassOf(headers);
    m_headers.assign(headers.begin(), headers.end());
    TRY(Unwrap(packet, header, place));
    TRY_ASSIGN(const PacketInfo inner,
               Accept(packet, header.nextHeader, outerClass, selectors, fragments, refused));
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
    const unsigned tries = WantsResynchronisation() ? limits::ESN_RESYNC_TRIES : 0;
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
AhInbound::Unwrap(PacketBuffer& packet, const wire::AhHeader& header, const TransportPlace& place)
{
    packet.DropFront(header.octets);
    if (m_mode == Mode::TRANSPORT)
    {
        RestoreHeaders(packet, header.nextHeader, place);
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
AhInbound::RestoreHeaders(PacketBuffer& packet, uint8_t nextHeader, const TransportPlace& place)
{
    if (m_headers.size() <= packet.FrontRoom())
    {
        std::ranges::copy(m_headers, packet.Prepend(m_headers.size()).begin());
    }
    else // rare: extension headers longer than the room before a packet
    {
        Append(m_headers, std::as_const(packet).View());
        packet.Assign(m_headers);
    }
    WriteWhatFollows(packet.View(), place, nextHeader);
}

} // namespace ikelab::esp
