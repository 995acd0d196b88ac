// SPDX-License-Identifier: MIT
#pragma once

#include "esp/sa_parameters.h"
#include "esp/transport_header.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace ikelab::esp
{

/// What the outer header of a protected packet takes from the inner one.
struct Sealed
{
    uint64_t sequence{0};
    uint8_t trafficClass{0};
    bool dontFragment{false};
    /// Transport mode: where ESP stands in the packet. Of a tunnel's packets it is the beginning.
    TransportPlace place{};
};

/// What the sending halves of ESP and AH have in common: all that is not cryptography.
class OutboundHalf
{
  public:
    EspSpi
    Spi() const
    {
        return m_spi;
    }

    Mode
    GetMode() const
    {
        return m_mode;
    }

    Lifetime&
    GetLifetime()
    {
        return m_lifetime;
    }

    /// The number of the last packet sent; 0 before the first.
    uint64_t
    Sequence() const
    {
        return m_sequence;
    }

    /// Go on behind this number: for tests of the end of the space and for takeovers.
    void
    AdvanceSequence(uint64_t sequence)
    {
        m_sequence = std::max(m_sequence, sequence);
    }

  protected:
    explicit OutboundHalf(const SaParameters& parameters)
        : m_spi(parameters.spi),
          m_mode(parameters.mode),
          m_esn(parameters.suite.esn),
          m_copying(parameters.mode == Mode::TUNNEL ? parameters.copying : HeaderCopying{}),
          m_lifetime(parameters.lifetime)
    {
    }

    /// Numbers never cycle (RFC 4303 §3.3.3, RFC 4302 §3.3.2).
    bool
    IsExhausted() const
    {
        return m_sequence >= (m_esn ? std::numeric_limits<uint64_t>::max()
                                    : uint64_t{std::numeric_limits<uint32_t>::max()});
    }

    EspSpi m_spi;
    Mode m_mode;
    bool m_esn;
    HeaderCopying m_copying; ///< of a tunnel: in transport mode there is one header
    uint64_t m_sequence{0};
    Lifetime m_lifetime;
};

} // namespace ikelab::esp
