// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "gateway/gateway_impl.h"

#include <ranges>

/**
 * The path of packets: policy, protection and back (RFC 4301 §5).
 */
namespace ikelab::gateway
{

namespace
{

constexpr uint16_t FIRST_NEIGHBOUR_DISCOVERY = 133; // router solicitation ... redirect, RFC 4861 §4
constexpr uint16_t LAST_NEIGHBOUR_DISCOVERY = 137;
constexpr uint16_t FIRST_LISTENER_DISCOVERY = 130; // RFC 3810 §5
constexpr uint16_t LAST_LISTENER_DISCOVERY = 132;
constexpr uint16_t LISTENER_REPORT_V2 = 143;

/**
 * Finding one's neighbours on a link, which no tunnel can carry and without which no IPv6 packet
 * leaves. Routers never forward it: hop limit 255 for discovery (RFC 4861 §6.1), 1 for listeners.
 */
bool
IsLinkHousekeeping(const esp::PacketInfo& packet)
{
    if (!packet.IsV6() || packet.protocol != esp::PROTOCOL_ICMPV6 || !packet.portsKnown)
    {
        return false;
    }
    const uint16_t type = packet.sourcePort >> 8;
    const bool discovery = type >= FIRST_NEIGHBOUR_DISCOVERY && type <= LAST_NEIGHBOUR_DISCOVERY;
    const bool listener = (type >= FIRST_LISTENER_DISCOVERY && type <= LAST_LISTENER_DISCOVERY) ||
                          type == LISTENER_REPORT_V2;
    return (discovery && packet.ttl == 255) || (listener && packet.ttl == 1);
}

constexpr Error BY_POLICY{Fault::POLICY, "policy", 0, 0};

} // namespace

Verdict
Gateway::Impl::Refuse(Instant now,
                      const Error& error,
                      bool inbound,
                      const IpAddress& source,
                      const IpAddress& destination,
                      EspSpi spi,
                      uint32_t sequence)
{
    switch (error.fault)
    {
    case Fault::REPLAY:
        ++counters.replayedPackets;
        break;
    case Fault::INTEGRITY:
        ++counters.integrityFailures;
        break;
    case Fault::UNKNOWN_SPI:
        ++counters.unknownSpis;
        break;
    default:
        ++counters.discardedPackets;
        break;
    }
    if (m_refusals.Allows(now, error.fault, inbound))
    {
        events.push_back(PacketRefused{error, inbound, spi, sequence, source, destination});
    }
    return Verdict::DISCARD;
}

Verdict
Gateway::Impl::RefusePacket(Instant now,
                            const Error& error,
                            bool inbound,
                            const esp::PacketInfo& info)
{
    return Refuse(now, error, inbound, info.source.ToAddress(), info.destination.ToAddress());
}

Verdict
Gateway::Impl::HandleOutbound(Instant now, Origin, PacketBuffer& packet, Outgoing& outgoing)
{
    const auto info = esp::ReadPacket(packet.View());
    if (!info)
    {
        return Refuse(now, info.error(), false, {}, {});
    }
    const esp::Policy* rule = IsLinkHousekeeping(*info) ? nullptr : m_policies.Match(*info, true);
    const bool bypass =
        IsLinkHousekeeping(*info) ||
        (rule ? rule->action == esp::PolicyAction::BYPASS : config.defaultAction == Action::BYPASS);
    if (bypass)
    {
        ++counters.bypassedPackets;
        return Verdict::BYPASS;
    }
    if (!rule || rule->action == esp::PolicyAction::DISCARD)
    {
        return RefusePacket(now, BY_POLICY, false, *info);
    }
    return Protect(now, m_policies.Of(*rule), *info, packet, outgoing);
}

esp::ChildSa*
Gateway::Impl::FindUsable(Instant now, const ChildPolicy& policy, const esp::PacketInfo& info)
{
    // The newest first: it is the successor of the others, or its selectors are other ones.
    for (const ChildSaId id : policy.installed | std::views::reverse)
    {
        esp::ChildSa* sa = m_sad.Find(id);
        if (sa && sa->selectors.MatchesOutbound(info) && sa->outbound.GetLifetime().Usable(now))
        {
            return sa;
        }
    }
    return nullptr;
}

Verdict
Gateway::Impl::Protect(Instant now,
                       ChildPolicy& policy,
                       const esp::PacketInfo& info,
                       PacketBuffer& packet,
                       Outgoing& outgoing)
{
    esp::ChildSa* sa = FindUsable(now, policy, info);
    if (!sa)
    {
        if (policy.trapped && !m_shutDown)
        {
            return Hold(now, policy, packet.View());
        }
        return RefusePacket(now, {Fault::POLICY, "no SA for protected traffic"}, false, info);
    }
    const auto sealed = sa->outbound.Seal(packet, info, m_random);
    if (!sealed)
    {
        if (sealed.error().fault == Fault::EXHAUSTED)
        {
            // RFC 4303 §3.3.3: sequence numbers never cycle; the SA has had its time.
            (void)ike.CloseChildSa(now, sa->id);
            Pump(now);
        }
        return RefusePacket(now, sealed.error(), false, info);
    }
    ++counters.protectedPackets;
    counters.protectedOctets += info.totalOctets;
    outgoing.path = sa->path;
    outgoing.udpEncapsulation = sa->udpEncapsulation;
    outgoing.trafficClass = sealed->trafficClass;
    outgoing.dontFragment = sealed->dontFragment;
    outgoing.child = sa->id;
    PollLifetimes(now, *sa);
    return Verdict::PROTECT;
}

Verdict
Gateway::Impl::Hold(Instant now, ChildPolicy& policy, Bytes packet)
{
    if (policy.held.size() >= limits::HELD_PACKETS)
    {
        ++counters.discardedPackets;
        policy.held.pop_front(); // the oldest has waited longest: its sender repeats it first
    }
    policy.held.push_back(ToBuffer(packet));
    ++counters.heldPackets;
    // Under way already is no error here.
    const auto started = ike.Initiate(now, policy.connection->name, policy.child->name);
    if (!started && started.error().fault != Fault::UNEXPECTED)
    {
        DropHeld(policy);
    }
    Pump(now);
    return Verdict::HELD;
}

void
Gateway::Impl::DropHeld(ChildPolicy& policy)
{
    counters.discardedPackets += policy.held.size();
    policy.held.clear();
}

Verdict
Gateway::Impl::HandleInboundClear(Instant now, Bytes packet)
{
    const auto info = esp::ReadPacket(packet);
    if (!info)
    {
        return Refuse(now, info.error(), true, {}, {});
    }
    if (!IsLinkHousekeeping(*info))
    {
        // RFC 4301 §5.2 step 2: what must be protected is not taken in clear.
        const esp::Policy* rule = m_policies.Match(*info, false);
        const bool bypass = rule ? rule->action == esp::PolicyAction::BYPASS
                                 : config.defaultAction == Action::BYPASS;
        if (!bypass)
        {
            return RefusePacket(now, BY_POLICY, true, *info);
        }
    }
    ++counters.bypassedPackets;
    return Verdict::BYPASS;
}

Verdict
Gateway::Impl::HandleUdp(Instant now, const Path& path, PacketBuffer& datagram)
{
    const bool encapsulated =
        path.local.port == wire::NATT_PORT || path.remote.port == wire::NATT_PORT;
    Bytes message = datagram.View();
    if (encapsulated)
    {
        const auto content = wire::ParseUdpEncapsulated(datagram.View());
        if (!content)
        {
            return Refuse(now, content.error(), true, path.remote.address, path.local.address);
        }
        if (std::holds_alternative<wire::NatKeepalive>(*content))
        {
            return Verdict::CONSUMED;
        }
        if (std::holds_alternative<wire::EspInUdp>(*content))
        {
            return HandleEsp(now, path, datagram);
        }
        message = std::get<wire::IkeInUdp>(*content).message;
    }
    ike.HandleDatagram(now, path, message);
    Pump(now);
    return Verdict::CONSUMED;
}

Verdict
Gateway::Impl::HandleEsp(Instant now, const Path& path, PacketBuffer& packet)
{
    const IpAddress& source = path.remote.address;
    const IpAddress& destination = path.local.address;
    const auto header = wire::ParseEspHeader(packet.View());
    if (!header)
    {
        return Refuse(now, header.error(), true, source, destination);
    }
    esp::ChildSa* sa = m_sad.FindInbound(header->spi);
    if (!sa)
    {
        return Refuse(now,
                      {Fault::UNKNOWN_SPI, "ESP"},
                      true,
                      source,
                      destination,
                      header->spi,
                      header->sequence);
    }
    const auto opened = sa->inbound.Open(packet, *header, sa->selectors, {source, destination, 0});
    if (!opened)
    {
        return Refuse(
            now, opened.error(), true, source, destination, header->spi, header->sequence);
    }
    // RFC 7296 §2.4: an authentic packet proves that the peer lives.
    ike.HandlePeerTraffic(now, sa->id);
    PollLifetimes(now, *sa);
    if (opened->dummy)
    {
        return Verdict::CONSUMED;
    }
    // A rule before the child's own may forbid what its selectors allow (RFC 4301 §4.4.1: in
    // order).
    const esp::Policy* rule = m_policies.Match(opened->inner, false);
    if (rule && rule->action == esp::PolicyAction::DISCARD)
    {
        return RefusePacket(now, BY_POLICY, true, opened->inner);
    }
    ++counters.deliveredPackets;
    counters.deliveredOctets += opened->inner.totalOctets;
    return Verdict::DELIVER;
}

} // namespace ikelab::gateway
