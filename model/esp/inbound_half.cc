// SPDX-License-Identifier: MIT
#include "esp/inbound_half.h"

#include "base/limits.h"
#include "esp/ecn.h"
#include "esp/icmp_error.h"

namespace ikelab::esp
{

InboundHalf::InboundHalf(const SaParameters& parameters)
    : m_spi(parameters.spi),
      m_mode(parameters.mode),
      m_esn(parameters.suite.esn),
      m_copying(parameters.copying),
      m_window(parameters.replayWindow, parameters.suite.esn),
      m_lifetime(parameters.lifetime)
{
}

bool
InboundHalf::WantsResynchronisation() const
{
    return m_failures != 0 && m_failures % limits::ESN_RESYNC_FAILURES == 0;
}

bool
InboundHalf::Record(uint64_t sequence)
{
    const bool newest = sequence > m_window.Highest();
    m_window.Record(sequence);
    return newest;
}

Result<PacketInfo>
InboundHalf::Accept(PacketBuffer& packet,
                    uint8_t nextHeader,
                    uint8_t outerTrafficClass,
                    const TrafficSelectors& selectors,
                    const FragmentFollower* fragments,
                    std::optional<PacketInfo>* refused)
{
    TRY_ASSIGN(PacketInfo && inner, ReadPacket(packet.View()));
    if (m_mode == Mode::TUNNEL && inner.IsV6() != (nextHeader == PROTOCOL_IPV6))
    {
        return Fail(Fault::BAD_VALUE, "IP version and next header");
    }
    const size_t behind = packet.Size() - inner.totalOctets;
    packet.DropBack(behind);
    if (fragments)
    {
        fragments->Follow(inner);
    }
    const auto refuse = [&](std::string_view why)
    {
        if (refused)
        {
            *refused = inner;
        }
        return Fail(Fault::POLICY, why);
    };
    if (!selectors.MatchesInbound(inner) && !IsErrorAboutOurs(packet.View(), inner, selectors))
    {
        return refuse("selectors of the SA");
    }
    if (m_mode == Mode::TUNNEL) // in transport mode the header is the outer one already
    {
        const auto trafficClass =
            InnerTrafficClass(inner.trafficClass, outerTrafficClass, m_copying);
        if (!trafficClass)
        {
            return refuse("congestion mark on a packet without ECN");
        }
        if (*trafficClass != inner.trafficClass)
        {
            inner.trafficClass = *trafficClass;
            SetTrafficClass(packet.View(), inner.trafficClass);
        }
    }
    m_lifetime.Count(inner.totalOctets);
    if (behind != 0)
    {
        m_lifetime.CountTfc(0, behind);
    }
    return inner;
}

} // namespace ikelab::esp
