// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "gateway/gateway_impl.h"
#include "wire/ah_header.h"

#include <algorithm>

/**
 * The path of what comes protected: told apart, opened and judged (RFC 4301 §5.2).
 */
namespace ikelab::gateway
{

namespace
{

constexpr Error FRAGMENT{Fault::UNEXPECTED, "fragment", 0, 0};

/**
 * RFC 4303 §3.4.1, RFC 4302 §3.4.1: fragments are put together before. The shell's header of a
 * packet that was says so no more.
 */
bool
IsFragment(Bytes header)
{
    constexpr size_t V4_FRAGMENT_AT = 6;
    constexpr uint8_t MORE_AND_OFFSET = 0x3f;
    constexpr size_t V6_OCTETS = 40;
    if (!header.empty() && header.front() >> 4 == 4)
    {
        return header.size() > V4_FRAGMENT_AT + 1 &&
               ((header[V4_FRAGMENT_AT] & MORE_AND_OFFSET) | header[V4_FRAGMENT_AT + 1]) != 0;
    }
    if (header.size() <= V6_OCTETS)
    {
        return false;
    }
    const auto info = esp::ReadQuoted(header);
    return info && info->fragment;
}

} // namespace

Verdict
Gateway::Impl::HandleUdp(Instant now, const Arrival& arrival, PacketBuffer& datagram)
{
    const Path& path = arrival.path;
    // Ports other than 500 stand for 4500, configured or chosen by a NAT. But a NAT may also give a
    // peer's port 500 the number 4500: on our port 500 nothing is encapsulated that does not say so
    // with a marker.
    Bytes message = datagram.View();
    const bool marked = message.size() >= wire::NON_ESP_MARKER_OCTETS &&
                        std::ranges::all_of(message.first(wire::NON_ESP_MARKER_OCTETS),
                                            [](uint8_t octet) { return octet == 0; });
    const bool encapsulated = wire::UsesNonEspMarker(path.local.port, path.remote.port) &&
                              (marked || path.local.port != wire::IKE_PORT);
    if (encapsulated)
    {
        const auto content = wire::ParseUdpEncapsulated(datagram.View());
        if (!content)
        {
            return RefuseReceived(now, content.error(), {arrival, wire::ProtocolId::ESP, true});
        }
        if (std::holds_alternative<wire::NatKeepalive>(*content))
        {
            return Verdict::CONSUMED;
        }
        if (std::holds_alternative<wire::EspInUdp>(*content))
        {
            return ReceiveEsp(now, arrival, true, datagram);
        }
        message = std::get<wire::IkeInUdp>(*content).message;
    }
    ike.HandleDatagram(now, path, message);
    Pump(now);
    return Verdict::CONSUMED;
}

/// RFC 7296 §1.5: whoever sends such may not know that we have lost the SA.
void
Gateway::Impl::ReportInvalidSpi(Instant now, const SocketAddress& sender, EspSpi spi)
{
    if (ike.ReportInvalidSpi(now, sender, spi))
    {
        Pump(now);
    }
}

/**
 * What ESP and AH have in common: find the SA, open the packet by it, and count what goes wrong.
 * @param open called as open(sa, fragments, refused) with an SA of the right protocol
 */
template <typename Open>
Verdict
Gateway::Impl::ReceiveBy(Instant now,
                         const Received& received,
                         PacketBuffer& packet,
                         const Open& open)
{
    const bool ah = received.protocol == wire::ProtocolId::AH;
    if (!received.encapsulated && IsFragment(received.arrival.header))
    {
        return RefuseReceived(now, FRAGMENT, received);
    }
    esp::ChildSa* sa = m_sad.FindInbound(received.spi);
    if (!sa)
    {
        // Not of an SA that this is only the wrong protocol for: the peer would lose it by a
        // forgery.
        const SocketAddress& sender = received.arrival.path.remote;
        ReportInvalidSpi(
            now, {sender.address, received.encapsulated ? sender.port : uint16_t{0}}, received.spi);
    }
    if (!sa || (sa->inbound.Ah() != nullptr) != ah)
    {
        return RefuseReceived(now, {Fault::UNKNOWN_SPI, ah ? "AH" : "ESP"}, received);
    }
    if (!sa->inbound.GetLifetime().Usable(now))
    {
        // RFC 4301 §4.4.2.1: over in both directions, even while our Delete is on its way.
        CountRefusal(sa->id, Fault::EXHAUSTED);
        return RefuseReceived(now, {Fault::EXHAUSTED, "lifetime"}, received, sa);
    }
    const esp::FragmentFollower fragments{
        m_fragments, now, esp::FragmentWay::Of(received.spi), sa->nonFirstFragments};
    std::optional<esp::PacketInfo> refused;
    const auto opened = open(*sa, fragments, &refused);
    if (!opened)
    {
        CountRefusal(sa->id, opened.error().fault);
        const Verdict verdict =
            RefuseReceived(now, opened.error(), received, sa, refused ? &*refused : nullptr);
        // RFC 4301 §5.2. Not what was refused for its congestion mark, which others can write.
        if (refused && !sa->selectors.MatchesInbound(*refused) &&
            ike.ReportInvalidSelectors(now, sa->id, packet.View()))
        {
            Pump(now);
        }
        return verdict;
    }
    return Accept(now, *sa, *opened, received, packet);
}

Verdict
Gateway::Impl::ReceiveEsp(Instant now,
                          const Arrival& arrival,
                          bool encapsulated,
                          PacketBuffer& packet,
                          unsigned layer)
{
    const Path& path = arrival.path;
    Received received{arrival, wire::ProtocolId::ESP, encapsulated};
    received.layer = layer;
    const auto header = wire::ParseEspHeader(packet.View());
    if (!header)
    {
        return RefuseReceived(now, header.error(), received);
    }
    received.spi = header->spi;
    received.sequence = header->sequence;
    const esp::OuterHeader outer{
        path.remote.address, path.local.address, arrival.trafficClass, arrival.header};
    return ReceiveBy(now,
                     received,
                     packet,
                     [&](esp::ChildSa& sa,
                         const esp::FragmentFollower& fragments,
                         std::optional<esp::PacketInfo>* refused) {
                         return sa.inbound.Esp()->Open(
                             packet, *header, sa.selectors, outer, &fragments, refused);
                     });
}

Verdict
Gateway::Impl::ReceiveAh(Instant now, const Arrival& arrival, PacketBuffer& packet, unsigned layer)
{
    Received received{arrival, wire::ProtocolId::AH};
    received.layer = layer;
    const auto header = wire::ParseAhHeader(packet.View());
    if (!header)
    {
        return RefuseReceived(now, header.error(), received);
    }
    received.spi = header->spi;
    received.sequence = header->sequence;
    return ReceiveBy(now,
                     received,
                     packet,
                     [&](esp::ChildSa& sa,
                         const esp::FragmentFollower& fragments,
                         std::optional<esp::PacketInfo>* refused)
                     {
                         return sa.inbound.Ah()->Open(
                             packet, *header, arrival.header, sa.selectors, &fragments, refused);
                     });
}

Verdict
Gateway::Impl::Accept(Instant now,
                      esp::ChildSa& sa,
                      const esp::Opened& opened,
                      const Received& received,
                      PacketBuffer& packet)
{
    // RFC 7296 §2.4: an authentic packet proves that the peer lives; §2.23: the newest that came
    // with UDP also where it lives. Without UDP there are no ports that one could answer to.
    const Path& path = received.arrival.path;
    const bool moved = received.encapsulated && opened.newest && sa.path != path;
    ike.HandlePeerTraffic(now, sa.id, moved ? &path : nullptr);
    if (moved)
    {
        Pump(now);
    }
    if (opened.dummy)
    {
        ++counters.receivedDummies;
        PollLifetimes(now, sa);
        return Verdict::CONSUMED;
    }
    m_incoming = {sa.id, sa.ifIdIn, received.sequence, FlowLabelOf(received.arrival.header)};
    // A rule before the child's own may forbid what its selectors allow (RFC 4301 §4.4.1: in
    // order). Behind an interface routes decide.
    std::optional<esp::PacketInfo> followed;
    if (opened.inner.fragment && !sa.nonFirstFragments)
    {
        // Selectors without ports needed none to take it; rules before them may have some.
        followed = opened.inner;
        m_fragments.Follow(now, esp::FragmentWay::Of(sa.inbound.Spi()), *followed);
    }
    const esp::PacketInfo& judged = followed ? *followed : opened.inner;
    const auto rule = sa.ifIdIn == 0 ? m_policies.Match(judged, false) : std::nullopt;
    if (rule && rule->action == esp::PolicyAction::DISCARD)
    {
        CountRefusal(sa.id, Fault::POLICY);
        const Verdict verdict = RefuseReceived(now, BY_POLICY, received, &sa, &opened.inner);
        PollLifetimes(now, sa);
        return verdict;
    }
    PollLifetimes(now, sa); // which may be its end
    if (const auto verdict = OpenAgain(now, received, opened.inner, packet))
    {
        return *verdict;
    }
    ++counters.deliveredPackets;
    counters.deliveredOctets += opened.inner.totalOctets;
    return Verdict::DELIVER;
}

} // namespace ikelab::gateway
