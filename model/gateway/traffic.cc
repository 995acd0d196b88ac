// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"
#include "base/limits.h"
#include "gateway/gateway_impl.h"
#include "wire/ah_header.h"

#include <algorithm>
#include <array>

/**
 * The path of packets: policy, protection and back (RFC 4301 §5).
 */
namespace ikelab::gateway
{

namespace
{

constexpr uint8_t FIRST_NEIGHBOUR_DISCOVERY = 133; // router solicitation ... redirect, RFC 4861 §4
constexpr uint8_t NEIGHBOUR_SOLICITATION = 135;
constexpr uint8_t NEIGHBOUR_ADVERTISEMENT = 136;
constexpr uint8_t LAST_NEIGHBOUR_DISCOVERY = 137;
constexpr uint8_t FIRST_LISTENER_DISCOVERY = 130; // RFC 3810 §5
constexpr uint8_t LAST_LISTENER_DISCOVERY = 132;
constexpr uint8_t LISTENER_REPORT_V2 = 143;

constexpr uint8_t DISCOVERY_HOPS = 255; // RFC 4861 §7.1; a router would have made it less
constexpr uint8_t LISTENER_HOPS = 1;    // RFC 3810 §5; a router would have dropped it

bool
IsLinkLocal(const esp::AddressNumber& address) // fe80::/10
{
    return address.v6 && address.high >> 54 == 0xfe80 >> 6;
}

bool
IsMulticast(const esp::AddressNumber& address) // ff00::/8
{
    return address.v6 && address.high >> 56 == 0xff;
}

bool
IsLinkMulticast(const esp::AddressNumber& address) // ff02::/16
{
    return address.v6 && address.high >> 48 == 0xff02;
}

bool
IsUnspecified(const esp::AddressNumber& address)
{
    return address.high == 0 && address.low == 0;
}

bool
IsBareIcmpV6(const esp::PacketInfo& packet)
{
    return packet.IsV6() && packet.protocol == esp::PROTOCOL_ICMPV6 && packet.portsKnown &&
           !packet.fragment;
}

/**
 * Finding one's neighbours on a link, which no tunnel can carry and without which no IPv6 packet
 * leaves. The hop limit alone shows nothing here: it is the receiver that takes 255 for a proof
 * (RFC 4861 §7.1.1), while a sender may write it into anything. So an end of it must be one that no
 * router forwards: a link-local address or a multicast group of the link (RFC 4291 §2.5.6, §2.7).
 */
bool
IsLinkHousekeeping(const esp::PacketInfo& packet)
{
    if (!IsBareIcmpV6(packet))
    {
        return false;
    }
    const auto type = static_cast<uint8_t>(packet.sourcePort >> 8);
    const bool discovery = type >= FIRST_NEIGHBOUR_DISCOVERY && type <= LAST_NEIGHBOUR_DISCOVERY;
    if (discovery && packet.ttl == DISCOVERY_HOPS)
    {
        return IsLinkMulticast(packet.destination) || IsLinkLocal(packet.destination) ||
               IsLinkLocal(packet.source);
    }
    // Reports of the first version go to the group itself, of whatever scope (RFC 2710 §3).
    const bool listener = (type >= FIRST_LISTENER_DISCOVERY && type <= LAST_LISTENER_DISCOVERY) ||
                          type == LISTENER_REPORT_V2;
    return listener && packet.ttl == LISTENER_HOPS && IsMulticast(packet.destination) &&
           (IsLinkLocal(packet.source) || IsUnspecified(packet.source));
}

/**
 * Solicitations and advertisements between global addresses of one link: probes whether a neighbour
 * is still there, and answers to those who asked with a global address (RFC 4861 §7.2.2, §7.2.4).
 * Nobody here knows which addresses are on the link, so these may only overrule the default: a rule
 * that names such a packet decides. And there is no room in them for anything else: a probe goes to
 * its target, an advertisement comes from it, and one link-layer address of 6 octets may follow.
 */
bool
IsNeighbourProbe(const esp::PacketInfo& info, Bytes packet)
{
    constexpr size_t IPV6_OCTETS = 40;
    constexpr size_t OPTION_OCTETS = 8;
    constexpr uint8_t LINK_LAYER_OPTIONS = 2; // 1 is the source's, 2 the target's
    if (!IsBareIcmpV6(info) || info.ttl != DISCOVERY_HOPS || info.headerOctets != IPV6_OCTETS ||
        IsMulticast(info.destination) || IsUnspecified(info.source))
    {
        return false;
    }
    ByteReader reader(packet.first(std::min(info.totalOctets, packet.size())).subspan(IPV6_OCTETS));
    uint8_t type = 0;
    uint8_t code = 0;
    uint16_t checksum = 0;
    uint32_t flags = 0;
    std::array<uint64_t, 2> target{};
    if (!reader.U8(type) || !reader.U8(code) || !reader.U16(checksum) || !reader.U32(flags) ||
        !reader.U64(target[0]) || !reader.U64(target[1]))
    {
        return false;
    }
    const bool solicitation = type == NEIGHBOUR_SOLICITATION;
    const esp::AddressNumber& subject = solicitation ? info.destination : info.source;
    const uint32_t reserved = solicitation ? 0xffffffff : 0x1fffffff; // behind flags R, S and O
    if ((!solicitation && type != NEIGHBOUR_ADVERTISEMENT) || code != 0 ||
        (flags & reserved) != 0 || target[0] != subject.high || target[1] != subject.low)
    {
        return false;
    }
    if (reader.AtEnd())
    {
        return true;
    }
    uint8_t option = 0;
    uint8_t units = 0;
    return reader.Left() == OPTION_OCTETS && reader.U8(option) && reader.U8(units) && option >= 1 &&
           option <= LINK_LAYER_OPTIONS && units == 1;
}

/// RFC 4301 §7.3: where an SA's selectors ask for ports, the peer must have agreed to fragments
/// that show none. A selector that asks for the protocol alone needs no agreement (§7.1).
bool
MayCarryLaterFragment(const esp::ChildSa& sa, const esp::PacketInfo& info)
{
    return sa.nonFirstFragments || sa.selectors.MatchesOutbound(esp::WithoutPortsOfFirst(info));
}

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

/// The packet that a negotiation is for, RFC 7296 §2.9. What it does not show may be anything.
ike::PacketSelectors
SelectorsOf(const esp::PacketInfo& info)
{
    const auto end = [&](const esp::AddressNumber& number, uint16_t port)
    {
        const IpAddress address = number.ToAddress();
        Selector selector{{address, address}};
        selector.protocol = info.protocolKnown ? info.protocol : Selector::ANY_PROTOCOL;
        if (info.portsKnown)
        {
            selector.startPort = selector.endPort = port;
        }
        return selector;
    };
    return {end(info.source, info.sourcePort), end(info.destination, info.destinationPort)};
}

constexpr Error NOT_AGREED{Fault::POLICY, "later fragments were not agreed on", 0, 0};
constexpr Error BY_POLICY{Fault::POLICY, "policy", 0, 0};
constexpr Error FRAGMENT{Fault::UNEXPECTED, "fragment", 0, 0};

} // namespace

/**
 * IKE of this very node is never judged by policy: it makes the SAs that policy asks for. Inbound
 * only where the configuration says which addresses are ours; shells hand IKE to HandleUdp anyway.
 */
bool
Gateway::Impl::IsOwnIke(const esp::PacketInfo& info, bool outbound) const
{
    if (info.protocol != esp::PROTOCOL_UDP || !info.portsKnown)
    {
        return false;
    }
    return outbound ? m_ikePorts.contains(info.sourcePort)
                    : m_ikePorts.contains(info.destinationPort) &&
                          m_ownAddresses.contains(info.destination.ToAddress());
}

Verdict
Gateway::Impl::HandleOutbound(Instant now, Origin origin, PacketBuffer& packet, Outgoing& outgoing)
{
    auto info = esp::ReadPacket(packet.View());
    if (!info)
    {
        return RefuseUnread(now, info.error(), false);
    }
    m_fragments.Follow(now, esp::FragmentWay::OUTBOUND, *info);
    if (IsLinkHousekeeping(*info) || (origin == Origin::LOCAL && IsOwnIke(*info, true)))
    {
        ++counters.bypassedPackets;
        return Verdict::BYPASS;
    }
    const auto rule = m_policies.Match(*info, true);
    if (rule && rule->action == esp::PolicyAction::PROTECT)
    {
        return Protect(now, m_policies.Of(*rule), *info, packet, outgoing);
    }
    if (!rule)
    {
        if (const auto verdict = ProtectIcmpError(now, *info, packet, outgoing))
        {
            return *verdict;
        }
    }
    if (!Bypasses(rule) && (rule || !IsNeighbourProbe(*info, packet.View())))
    {
        return RefusePacket(now, BY_POLICY, false, *info);
    }
    ++counters.bypassedPackets;
    return Verdict::BYPASS;
}

/// What is neither protected nor to be: as the rule says, or the default.
bool
Gateway::Impl::Bypasses(const std::optional<esp::Decision>& rule) const
{
    return rule ? rule->action == esp::PolicyAction::BYPASS
                : config.defaultAction == Action::BYPASS;
}

Verdict
Gateway::Impl::Protect(Instant now,
                       ChildPolicy& policy,
                       const esp::PacketInfo& info,
                       PacketBuffer& packet,
                       Outgoing& outgoing)
{
    const auto usable = [&](ChildSaId id)
    {
        return m_sad.Find(id)->outbound.GetLifetime().Usable(now);
    };
    const auto chosen = policy.FindSending(info, usable);
    if (!chosen)
    {
        return policy.trapped && !m_shutDown ? Hold(now, policy, info, packet.View())
                                             : RefusePacket(now, NO_SA, false, info);
    }
    esp::ChildSa& sa = *m_sad.Find(*chosen);
    if (info.portsOfFirst && !MayCarryLaterFragment(sa, info))
    {
        return RefusePacket(now, NOT_AGREED, false, info, &sa);
    }
    return SealBy(now, sa, info, packet, outgoing);
}

Verdict
Gateway::Impl::SealBy(Instant now,
                      esp::ChildSa& sa,
                      const esp::PacketInfo& info,
                      PacketBuffer& packet,
                      Outgoing& outgoing,
                      unsigned layer)
{
    esp::AhOutbound* const ah = sa.outbound.Ah();
    const auto sealed = ah        ? ah->Seal(packet, info, sa.path)
                        : sa.flow ? SealInFlow(now, sa, info, packet)
                                  : sa.outbound.Esp()->Seal(packet, info, m_random);
    if (!sealed)
    {
        CountRefusal(sa.id, sealed.error().fault);
        const Verdict verdict = RefusePacket(now, sealed.error(), false, info, &sa);
        if (sealed.error().fault == Fault::EXHAUSTED)
        {
            // RFC 4303 §3.3.3, RFC 4302 §3.3.2: sequence numbers never cycle; the SA has had its
            // time.
            (void)CloseChild(now, sa.id);
        }
        return verdict;
    }
    outgoing.wholePacket = ah || sealed->place.headerOctets != 0;
    if (sa.endsOfPath)
    {
        esp::WriteEnds(packet.View(), {sa.path.local.address, sa.path.remote.address});
    }
    if (outgoing.wholePacket && sa.udpEncapsulation)
    {
        const auto encapsulated =
            esp::EncapsulateInUdp(packet, sealed->place, sa.path.local.port, sa.path.remote.port);
        if (!encapsulated)
        {
            CountRefusal(sa.id, encapsulated.error().fault);
            const Verdict verdict = RefusePacket(now, encapsulated.error(), false, info, &sa);
            PollLifetimes(now, sa); // it has spent a number, and its octets
            return verdict;
        }
    }
    ++counters.protectedPackets;
    counters.protectedOctets += info.totalOctets;
    Describe(now, sa, *sealed, outgoing);
    outgoing.layers = layer + 1;
    const bool again = sa.nested;
    const ChildSaId id = sa.id;
    PollLifetimes(now, sa);
    return again ? SealAgain(now, id, packet, outgoing, layer + 1) : Verdict::PROTECT;
}

void
Gateway::Impl::Describe(Instant now,
                        const esp::ChildSa& sa,
                        const esp::Sealed& sealed,
                        Outgoing& outgoing)
{
    outgoing.path = sa.path;
    outgoing.udpEncapsulation = sa.udpEncapsulation;
    outgoing.trafficClass = sealed.trafficClass;
    const PathMtu mtu = m_pathMtus.Find(now, sa.path.local.address, sa.path.remote.address);
    outgoing.pathMtu = mtu.octets;
    outgoing.dontFragment = sealed.dontFragment && !mtu.belowLeast;
    outgoing.child = sa.id;
}

Verdict
Gateway::Impl::Hold(Instant now,
                    ChildPolicy& policy,
                    const esp::PacketInfo& info,
                    Bytes packet,
                    const std::shared_ptr<const ike::ConnectionConfig>& of)
{
    const auto started =
        ike.Initiate(now, policy.connection->name, policy.child->name, {{}, SelectorsOf(info)});
    const bool underWay = started || started.error().fault == Fault::UNEXPECTED;
    if (!underWay || (!started && policy.Sends()))
    {
        // Nothing that could be waited for: no negotiation is possible, or the SA is there and its
        // selectors leave this packet out.
        Pump(now);
        return RefusePacket(now, underWay ? NO_SA : started.error(), false, info);
    }
    if (policy.held.size() >= limits::HELD_PACKETS)
    {
        ++counters.discardedPackets;
        policy.held.pop_front(); // the oldest has waited longest: its sender repeats it first
    }
    policy.held.push_back({ToBuffer(packet), of, of ? 0 : policy.child->ifIdOut});
    ++counters.heldPackets;
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
    auto info = esp::ReadPacket(packet);
    if (!info)
    {
        return RefuseUnread(now, info.error(), true);
    }
    m_clearFragments.Follow(now, esp::FragmentWay::CLEAR, *info);
    return AdmitsClear(*info, packet) ? Verdict::BYPASS : RefusePacket(now, BY_POLICY, true, *info);
}

bool
Gateway::Impl::AdmitsClear(const esp::PacketInfo& info, Bytes packet) const
{
    if (IsLinkHousekeeping(info) || IsOwnIke(info, false))
    {
        return true;
    }
    // RFC 4301 §5.2 step 2: what must be protected is not taken in clear.
    const auto rule = m_policies.Match(info, false);
    if (!rule && IsErrorAboutProtected(info, packet))
    {
        return false;
    }
    return Bypasses(rule) || (!rule && IsNeighbourProbe(info, packet));
}

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
        if (refused && ike.ReportInvalidSelectors(now, sa->id, packet.View()))
        {
            Pump(now); // RFC 4301 §5.2
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
    PollLifetimes(now, sa);
    if (opened.dummy)
    {
        ++counters.receivedDummies;
        return Verdict::CONSUMED;
    }
    m_incoming = {sa.id, sa.ifIdIn};
    // A rule before the child's own may forbid what its selectors allow (RFC 4301 §4.4.1: in
    // order). Behind an interface routes decide.
    esp::PacketInfo judged = opened.inner;
    if (judged.fragment && !sa.nonFirstFragments)
    {
        // Selectors without ports needed none to take it; rules before them may have some.
        m_fragments.Follow(now, esp::FragmentWay::Of(sa.inbound.Spi()), judged);
    }
    const auto rule = sa.ifIdIn == 0 ? m_policies.Match(judged, false) : std::nullopt;
    if (rule && rule->action == esp::PolicyAction::DISCARD)
    {
        CountRefusal(sa.id, Fault::POLICY);
        return RefuseReceived(now, BY_POLICY, received, &sa, &opened.inner);
    }
    ++counters.deliveredPackets;
    counters.deliveredOctets += opened.inner.totalOctets;
    return OpenAgain(now, received, opened.inner, packet).value_or(Verdict::DELIVER);
}

} // namespace ikelab::gateway
