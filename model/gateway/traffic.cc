// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"
#include "base/limits.h"
#include "gateway/gateway_impl.h"

#include <algorithm>
#include <array>

/**
 * The path of clear packets: policy and protection (RFC 4301 §5.1), and what may come in clear.
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
    return outbound ? m_ikePorts.Contains(info.sourcePort)
                    : m_ikePorts.Contains(info.destinationPort) &&
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

/// The newest SA of a child that takes this packet and whose lifetime is not over.
esp::ChildSa*
Gateway::Impl::SenderOf(Instant now, const ChildPolicy& policy, const esp::PacketInfo& info)
{
    if (const auto newest = policy.NewestSending())
    {
        esp::ChildSa* const sa = m_sad.Find(*newest);
        if (sa->selectors.MatchesOutbound(info) && sa->outbound.GetLifetime().Usable(now))
        {
            return sa;
        }
    }
    esp::ChildSa* sender = nullptr; // of those that were accepted the last one is the newest
    const auto usable = [&](ChildSaId id)
    {
        esp::ChildSa* const sa = m_sad.Find(id);
        const bool accepted = sa->outbound.GetLifetime().Usable(now);
        sender = accepted ? sa : sender;
        return accepted;
    };
    return policy.FindSending(info, usable) ? sender : nullptr;
}

Verdict
Gateway::Impl::Protect(Instant now,
                       ChildPolicy& policy,
                       const esp::PacketInfo& info,
                       PacketBuffer& packet,
                       Outgoing& outgoing)
{
    esp::ChildSa* const sa = SenderOf(now, policy, info);
    if (!sa)
    {
        return policy.trapped && !m_shutDown ? Hold(now, policy, info, packet.View())
                                             : RefusePacket(now, NO_SA, false, info);
    }
    if (info.portsOfFirst && !MayCarryLaterFragment(*sa, info))
    {
        return RefusePacket(now, NOT_AGREED, false, info, sa);
    }
    return SealBy(now, *sa, info, packet, outgoing);
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
    policy.held.push_back(
        {ToBuffer(packet), of, of ? 0 : policy.child->ifIdOut, m_sealing ? *m_sealing : Buffer()});
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

} // namespace ikelab::gateway
