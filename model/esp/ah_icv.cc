// SPDX-License-Identifier: MIT
#include "esp/ah_icv.h"

#include "base/assert.h"

namespace ikelab::esp
{

namespace
{

/// The ICV counts as zero in itself, RFC 4302 §3.3.3.1.
constexpr std::array<uint8_t, 64> NO_ICV{};

} // namespace

AhIcv::AhIcv(crypto::Context& context, const SaParameters& parameters)
    : m_mac(context, *parameters.suite.integ, parameters.integKey),
      m_icvOctets(parameters.suite.integ->icvOctets),
      m_esn(parameters.suite.esn)
{
    IKELAB_ASSERT(m_icvOctets <= NO_ICV.size());
}

size_t
AhIcv::HeaderOctets(bool v6) const
{
    const size_t unit = v6 ? 8 : 4;
    return (wire::AH_FIXED_OCTETS + m_icvOctets + unit - 1) / unit * unit;
}

Result<void>
AhIcv::Begin(Bytes headers, AhEnd end)
{
    return CopyAuthenticated(headers, m_headers, end);
}

/// RFC 4302 §3.3.3: headers, AH with its padding, and all that follows.
std::array<Bytes, 4>
AhIcv::Pieces(Bytes packet) const
{
    return {Bytes(m_headers),
            packet.first(wire::AH_FIXED_OCTETS),
            Bytes(NO_ICV).first(m_icvOctets),
            packet.subspan(wire::AH_FIXED_OCTETS + m_icvOctets)};
}

std::optional<uint32_t>
AhIcv::HighHalf(uint64_t sequence) const
{
    return m_esn ? std::optional(static_cast<uint32_t>(sequence >> 32)) : std::nullopt;
}

Result<void>
AhIcv::Sign(MutableBytes packet, uint64_t sequence)
{
    const std::array<Bytes, 4> pieces = Pieces(packet);
    return m_mac.Sign(
        pieces, HighHalf(sequence), packet.subspan(wire::AH_FIXED_OCTETS, m_icvOctets));
}

Result<void>
AhIcv::Verify(Bytes packet, uint64_t sequence)
{
    const std::array<Bytes, 4> pieces = Pieces(packet);
    return m_mac.Verify(
        pieces, HighHalf(sequence), packet.subspan(wire::AH_FIXED_OCTETS, m_icvOctets));
}

} // namespace ikelab::esp
