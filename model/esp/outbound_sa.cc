// SPDX-License-Identifier: MIT
#include "esp/outbound_sa.h"

#include "base/assert.h"
#include "esp/ecn.h"
#include "wire/esp_header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace ikelab::esp
{

namespace
{

/// Pad Length and Next Header, RFC 4303 §2.
constexpr size_t TRAILER_OCTETS = 2;
constexpr size_t LARGEST_LENGTH = 65535; ///< of IPv4's packet, of IPv6's payload, and of UDP
constexpr size_t V4_HEADER_OCTETS = 20;
constexpr size_t UDP_HEADER_OCTETS = 8;

/// The value is left to us (RFC 4303 §2.7); without encryption it should tell nothing.
void
AppendZeros(PacketBuffer& packet, size_t octets)
{
    std::ranges::fill(packet.Append(octets), uint8_t{0});
}

} // namespace

OutboundSa::OutboundSa(crypto::Context& context, const SaParameters& parameters)
    : OutboundHalf(parameters),
      m_cipher(context,
               crypto::PacketCipher::Direction::SEAL,
               *parameters.suite.encr,
               parameters.suite.integ,
               parameters.encrKey,
               parameters.integKey),
      m_udpOctets(parameters.udpEncapsulation ? UDP_HEADER_OCTETS : 0),
      // IPv6's own header does not count.
      m_largest(LARGEST_LENGTH - m_udpOctets -
                (m_mode == Mode::TUNNEL && !parameters.outerV6 ? V4_HEADER_OCTETS : 0))
{
    IKELAB_ASSERT(std::has_single_bit(m_cipher.BlockOctets()));
}

Result<Sealed>
OutboundSa::Seal(PacketBuffer& packet, const PacketInfo& inner, RandomSource& random)
{
    if (IsExhausted())
    {
        return Fail(Fault::EXHAUSTED, "ESP sequence number");
    }
    if (m_mode == Mode::TRANSPORT)
    {
        return SealTransport(packet, inner, nullptr, random);
    }
    if (!Fits(inner.totalOctets))
    {
        return Fail(Fault::OVERLONG, "tunnel mode");
    }
    packet.DropBack(packet.Size() - inner.totalOctets); // link padding is not part of the packet
    return SealTunnel(packet, inner, random);
}

Result<Sealed>
OutboundSa::SealPadded(PacketBuffer& packet,
                       const PacketInfo& inner,
                       TfcPadding padding,
                       RandomSource& random)
{
    if (IsExhausted())
    {
        return Fail(Fault::EXHAUSTED, "ESP sequence number");
    }
    if (m_mode == Mode::TRANSPORT)
    {
        return SealTransport(packet, inner, &padding, random);
    }
    if (!Fits(inner.totalOctets))
    {
        return Fail(Fault::OVERLONG, "tunnel mode");
    }
    packet.DropBack(packet.Size() - inner.totalOctets);
    const size_t wanted = std::max(PaddedContents(0, padding), inner.totalOctets);
    const size_t added = wanted - inner.totalOctets;
    AppendZeros(packet, added);
    TRY_ASSIGN(const Sealed sealed, SealTunnel(packet, inner, random));
    m_lifetime.CountTfc(0, added);
    return sealed;
}

Result<Sealed>
OutboundSa::SealTunnel(PacketBuffer& packet, const PacketInfo& inner, RandomSource& random)
{
    const uint8_t nextHeader = inner.IsV6() ? PROTOCOL_IPV6 : PROTOCOL_IPV4;
    TRY_ASSIGN(const uint64_t sequence, Encapsulate(packet, nextHeader, random));
    m_lifetime.Count(inner.totalOctets);
    return Sealed{sequence,
                  OuterTrafficClass(inner.trafficClass, m_copying),
                  inner.dontFragment && m_copying.dontFragment};
}

Result<Sealed>
OutboundSa::SealTransport(PacketBuffer& packet,
                          const PacketInfo& inner,
                          const TfcPadding* padding,
                          RandomSource& random)
{
    if (inner.fragment)
    {
        return Fail(Fault::POLICY, "fragment in transport mode"); // RFC 4303 §3.1.1
    }
    const TransportPlace place = PlaceFor(std::as_const(packet).View(), inner);
    const size_t contentOctets = inner.totalOctets - place.headerOctets;
    if (IsOverlong(inner.IsV6(), inner.totalOctets + Overhead(contentOctets) + m_udpOctets))
    {
        return Fail(Fault::OVERLONG, "transport mode");
    }
    packet.DropBack(packet.Size() - inner.totalOctets);
    const uint8_t nextHeader = packet.View().subspan(place.nextHeaderAt).front();
    size_t added = 0;
    // What has no length of its own, or lies about it, would come out with the padding.
    if (padding &&
        CarriedOctets(packet.View().subspan(place.headerOctets), nextHeader) == contentOctets)
    {
        added =
            std::max(PaddedContents(place.headerOctets, *padding), contentOctets) - contentOctets;
        AppendZeros(packet, added);
    }
    // The header moves to the front by as much as ESP needs behind it.
    const size_t espHead = wire::ESP_HEADER_OCTETS + m_cipher.IvOctets();
    packet.Prepend(espHead);
    std::memmove(packet.View().data(), packet.View().data() + espHead, place.headerOctets);
    packet.DropFront(place.headerOctets + espHead);
    TRY_ASSIGN(const uint64_t sequence, Encapsulate(packet, nextHeader, random));
    packet.Prepend(place.headerOctets);
    CompleteHeader(packet.View(), place, PROTOCOL_ESP);
    m_lifetime.Count(inner.totalOctets);
    m_lifetime.CountTfc(0, added);
    return Sealed{sequence, inner.trafficClass, inner.dontFragment, place};
}

Result<Sealed>
OutboundSa::SealDummy(PacketBuffer& packet, size_t octets, RandomSource& random)
{
    if (IsExhausted())
    {
        return Fail(Fault::EXHAUSTED, "ESP sequence number");
    }
    if (!Fits(octets))
    {
        return Fail(Fault::OVERLONG, "dummy");
    }
    random.Fill(packet.Reset(octets));
    TRY_ASSIGN(const uint64_t sequence, Encapsulate(packet, PROTOCOL_NO_NEXT_HEADER, random));
    m_lifetime.CountTfc(1, octets);
    return Sealed{sequence, 0, false};
}

/// RFC 4303 §2.4: up to the cipher's block, and to 4 octets so that the ICV is aligned.
size_t
OutboundSa::Padding(size_t octets) const
{
    const size_t unit = std::max<size_t>(4, m_cipher.BlockOctets());
    // Blocks are powers of two, and a division would be the dearest instruction of a small packet.
    return (size_t{0} - (octets + TRAILER_OCTETS)) & (unit - 1);
}

size_t
OutboundSa::Overhead(size_t octets) const
{
    return wire::ESP_HEADER_OCTETS + m_cipher.IvOctets() + Padding(octets) + TRAILER_OCTETS +
           m_cipher.IcvOctets();
}

bool
OutboundSa::Fits(size_t contents) const
{
    return contents + Overhead(contents) <= m_largest;
}

size_t
OutboundSa::LargestContents(size_t espOctets) const
{
    const size_t around = wire::ESP_HEADER_OCTETS + m_cipher.IvOctets() + m_cipher.IcvOctets();
    const size_t unit = std::max<size_t>(4, m_cipher.BlockOctets());
    const size_t text = espOctets > around ? (espOctets - around) & ~(unit - 1) : 0;
    return text > TRAILER_OCTETS ? text - TRAILER_OCTETS : 0;
}

/// How long contents behind so much of a header become.
size_t
OutboundSa::PaddedContents(size_t headerOctets, TfcPadding padding) const
{
    const auto behindHeader = [headerOctets](size_t octets)
    {
        return octets - std::min(octets, headerOctets);
    };
    return std::min(behindHeader(padding.octets),
                    LargestContents(behindHeader(std::min(padding.room, m_largest))));
}

Result<uint64_t>
OutboundSa::Encapsulate(PacketBuffer& packet, uint8_t nextHeader, RandomSource& random)
{
    // RFC 4303 §3.3.3: the first packet has number 1. A number is spent even if OpenSSL fails
    // afterwards: under one key it must never be used twice, it is the AEAD's IV as well.
    const uint64_t sequence = ++m_sequence;
    const size_t padding = Padding(packet.Size());
    const MutableBytes trailer = packet.Append(padding + TRAILER_OCTETS + m_cipher.IcvOctets());
    uint8_t value = 0;
    for (uint8_t& octet : trailer.first(padding)) // RFC 4303 §2.4: 1, 2, 3 ...
    {
        octet = ++value;
    }
    trailer[padding] = value;
    trailer[padding + 1] = nextHeader;

    const size_t ivOctets = m_cipher.IvOctets();
    const MutableBytes head = packet.Prepend(wire::ESP_HEADER_OCTETS + ivOctets);
    wire::WriteEspHeader(head, {m_spi, static_cast<uint32_t>(sequence)});
    m_cipher.WriteIv(head.last(ivOctets), sequence, random);
    const auto esnHigh =
        m_esn ? std::optional(static_cast<uint32_t>(sequence >> 32)) : std::nullopt;
    TRY(m_cipher.Seal(packet.View(), wire::ESP_HEADER_OCTETS, esnHigh));
    return sequence;
}

} // namespace ikelab::esp
