// SPDX-License-Identifier: MIT
#include "esp/inbound_sa.h"

#include "base/limits.h"
#include "esp/trailer.h"
#include "esp/transport_header.h"

#include <algorithm>
#include <utility>

namespace ikelab::esp
{

InboundSa::InboundSa(crypto::Context& context, const SaParameters& parameters)
    : InboundHalf(parameters),
      m_cipher(context,
               crypto::PacketCipher::Direction::OPEN,
               *parameters.suite.encr,
               parameters.suite.integ,
               parameters.encrKey,
               parameters.integKey),
      m_nat(parameters.mode == Mode::TRANSPORT ? parameters.nat : std::nullopt)
{
}

Result<Opened>
InboundSa::Open(PacketBuffer& packet,
                const wire::EspHeader& header,
                const TrafficSelectors& selectors,
                const OuterHeader& outer,
                const FragmentFollower* fragments,
                std::optional<PacketInfo>* refused)
{
    const auto expected = m_window.Find(header.sequence);
    if (!expected)
    {
        return Fail(Fault::REPLAY, "ESP sequence number");
    }
    uint64_t sequence = *expected;
    if (WantsResynchronisation())
    {
        TRY_ASSIGN(sequence, Resynchronise(packet, *expected));
    }
    else
    {
        const auto esnHigh =
            m_esn ? std::optional(static_cast<uint32_t>(sequence >> 32)) : std::nullopt;
        const auto opened = m_cipher.Open(packet.View(), wire::ESP_HEADER_OCTETS, esnHigh);
        if (m_esn)
        {
            m_failures = opened ? 0 : m_failures + 1;
        }
        TRY(opened);
    }
    const bool newest = Record(sequence);

    packet.DropFront(wire::ESP_HEADER_OCTETS + m_cipher.IvOctets());
    packet.DropBack(m_cipher.IcvOctets());
    TRY_ASSIGN(const uint8_t nextHeader, StripTrailer(packet));
    if (nextHeader == PROTOCOL_NO_NEXT_HEADER)
    {
        m_lifetime.CountTfc(1, packet.Size());
        return Opened{sequence, newest, true, {}};
    }
    if (m_mode == Mode::TRANSPORT)
    {
        CutTfcPadding(packet, nextHeader);
        TRY(RestoreHeader(packet, nextHeader, outer));
        if (m_nat)
        {
            m_nat->Translate(packet.View());
        }
    }
    else if (nextHeader != PROTOCOL_IPV4 && nextHeader != PROTOCOL_IPV6)
    {
        return Fail(Fault::POLICY, "next header in tunnel mode", 0, nextHeader);
    }
    TRY_ASSIGN(const PacketInfo&& inner,
               Accept(packet, nextHeader, outer.trafficClass, selectors, fragments, refused));
    return Opened{sequence, newest, false, inner};
}

/**
 * Verify and decrypt after a row of failures. With extended numbers the high half is not sent:
 * should so much have been lost that it is guessed wrong, nothing verifies any more. So this packet
 * is tried as one of the next rounds of 2^32, too (RFC 4303 appendix A3).
 * @return the number that the packet verified with
 */
Result<uint64_t>
InboundSa::Resynchronise(PacketBuffer& packet, uint64_t expected)
{
    const Buffer untouched = ToBuffer(std::as_const(packet).View());
    for (unsigned tries = 0;; ++tries)
    {
        const auto high = static_cast<uint32_t>(expected >> 32);
        const auto opened = m_cipher.Open(packet.View(), wire::ESP_HEADER_OCTETS, high);
        if (opened)
        {
            m_failures = 0;
            return expected;
        }
        if (opened.error().fault != Fault::INTEGRITY || tries == limits::ESN_RESYNC_TRIES)
        {
            ++m_failures;
            return tl::unexpected<Error>(opened.error());
        }
        std::ranges::copy(untouched, packet.View().begin());
        expected += uint64_t{1} << 32;
    }
}

/// Drop padding, Pad Length and Next Header; returns the latter.
Result<uint8_t>
InboundSa::StripTrailer(PacketBuffer& packet) const
{
    TRY_ASSIGN(const Trailer trailer, ReadTrailer(std::as_const(packet).View()));
    packet.DropBack(packet.Size() - trailer.contentOctets);
    return trailer.nextHeader;
}

/// RFC 4303 §2.7: what stands behind the length that the contents name hides it. In tunnel mode
/// IP's own header names it.
void
InboundSa::CutTfcPadding(PacketBuffer& packet, uint8_t nextHeader)
{
    const auto carried = CarriedOctets(std::as_const(packet).View(), nextHeader);
    if (carried && *carried < packet.Size())
    {
        const size_t behind = packet.Size() - *carried;
        packet.DropBack(behind);
        m_lifetime.CountTfc(0, behind);
    }
}

/// Transport mode: the header that came, or one made of what is known of it, before the contents.
Result<void>
InboundSa::RestoreHeader(PacketBuffer& packet, uint8_t nextHeader, const OuterHeader& outer) const
{
    if (!outer.header.empty())
    {
        return esp::RestoreHeader(packet, outer.header, nextHeader);
    }
    if (packet.Size() > 65535 - 40)
    {
        return Fail(Fault::OVERLONG, "transport mode contents");
    }
    const TransportPlace place = PrependHeader(
        packet, {outer.source, outer.destination}, {.trafficClass = outer.trafficClass});
    WriteWhatFollows(packet.View(), place, nextHeader);
    return {};
}

} // namespace ikelab::esp
