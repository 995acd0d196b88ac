// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ike_application.h"

#include <algorithm>

/**
 * What the hooks of a node ask: the application as their engine.
 */
namespace ns3
{

using ikelab::Bytes;
using ikelab::PacketBuffer;
using ikelab::gateway::Incoming;
using ikelab::gateway::Origin;
using ikelab::gateway::Outgoing;
using ikelab::gateway::Undeliverable;
using ikelab::gateway::Verdict;

Verdict
IkeApplication::Outbound(Origin origin, PacketBuffer& packet, Outgoing& outgoing)
{
    return Core().HandleOutbound(Now(), origin, packet, outgoing);
}

Verdict
IkeApplication::InboundClear(Bytes packet)
{
    return Core().HandleInboundClear(Now(), packet);
}

bool
IkeApplication::AdmitsClear(Bytes quoted) const
{
    return Core().AdmitsClear(quoted);
}

std::optional<Verdict>
IkeApplication::IcmpError(Bytes packet)
{
    return Core().HandleIcmpError(Now(), packet);
}

Verdict
IkeApplication::Udp(const ikelab::gateway::Arrival& arrival, PacketBuffer& datagram)
{
    m_timersMayMove = true; // by IKE that nothing is told of
    return Core().HandleUdp(Now(), arrival, datagram, &m_incoming);
}

Verdict
IkeApplication::Esp(const ikelab::gateway::Arrival& arrival, PacketBuffer& packet)
{
    return Core().HandleEsp(Now(), arrival, packet, &m_incoming);
}

Verdict
IkeApplication::Ah(const ikelab::gateway::Arrival& arrival, PacketBuffer& packet)
{
    return Core().HandleAh(Now(), arrival, packet, &m_incoming);
}

Verdict
IkeApplication::Routed(uint32_t ifId, PacketBuffer& packet, ikelab::gateway::Outgoing& outgoing)
{
    return ifId == 0 ? Outbound(ikelab::gateway::Origin::FORWARDED, packet, outgoing)
                     : Core().HandleRouted(Now(), ifId, packet, outgoing);
}

void
IkeApplication::Undelivered(const Incoming& incoming, Undeliverable why, Bytes packet)
{
    Core().HandleUndeliverable(Now(), incoming, why, packet);
}

bool
IkeApplication::TakesPort(uint16_t port) const
{
    return m_ports.Contains(port);
}

std::optional<ikelab::IpAddress>
IkeApplication::PreferSource(const ikelab::IpAddress& destination,
                             const std::vector<ikelab::IpAddress>& locals) const
{
    const auto holds = [](const ikelab::Selectors& selectors, const ikelab::IpAddress& address)
    {
        return std::ranges::any_of(selectors,
                                   [&](const ikelab::Selector& selector)
                                   { return selector.addresses.Contains(address); });
    };
    for (const auto& connection : m_config.ike.connections)
    {
        for (const auto& child : connection->children)
        {
            if (child.mode != ikelab::ike::Mode::TUNNEL || child.ifIdOut != 0 ||
                !holds(child.remoteTs, destination))
            {
                continue;
            }
            for (const auto& local : locals)
            {
                if (local.IsV4() == destination.IsV4() && holds(child.localTs, local))
                {
                    return local;
                }
            }
        }
    }
    return std::nullopt;
}

} // namespace ns3
