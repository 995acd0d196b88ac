// SPDX-License-Identifier: GPL-2.0-only
#include "esp/icmp_error.h"
#include "esp/packet_info.h"
#include "esp/transport_header.h"
#include "sim/buffer_lease.h"
#include "sim/flat_packet.h"
#include "sim/icmp_error.h"
#include "sim/ipsec_net_device.h"
#include "sim/ipsec_stack.h"
#include "sim/judged_tag.h"

#include "ns3/icmpv4-l4-protocol.h"
#include "ns3/icmpv6-l4-protocol.h"

#include <algorithm>

/**
 * From the protected side to the links: forwarded, local and held packets, policy, protection.
 */
namespace ns3
{

using ikelab::Bytes;
using ikelab::IpAddress;
using ikelab::PacketBuffer;
using ikelab::gateway::Origin;
using ikelab::gateway::Outgoing;
using ikelab::gateway::Verdict;

namespace
{

/// Padding of another size of packet may be this much more, by however many SAs: all but the
/// innermost that pads get what is aligned.
constexpr uint32_t PADDING_SLACK = 15;
constexpr uint32_t IPV6_MINIMUM_MTU = 1280; // RFC 8200 §5
constexpr uint32_t IPV4_MINIMUM_MTU = 68;   // RFC 791 §3.2

/// What fits into a path's packets besides so much around it; 0 if no link may have so little.
uint32_t
RoomInside(uint32_t mtu, size_t around, bool innerV6)
{
    const size_t overhead = around + PADDING_SLACK;
    const uint32_t room = mtu > overhead ? mtu - static_cast<uint32_t>(overhead) : 0;
    return room >= (innerV6 ? IPV6_MINIMUM_MTU : IPV4_MINIMUM_MTU) ? room : 0;
}

/// The MTU towards a hop, narrowed by what is known of the path; 0 without a hop.
uint32_t
MtuOf(const std::optional<IpOutput::Hop>& hop, const Outgoing& outgoing)
{
    const uint32_t mtu = hop ? hop->device->GetMtu() : 0;
    return outgoing.pathMtu == 0 ? mtu : std::min(mtu, outgoing.pathMtu);
}

/// Of a sealed packet's IP header and what of its extension headers stands before ESP; 0 if it is
/// no IP packet.
size_t
HeaderOctets(Bytes packet)
{
    if (flat::Version(packet) == 4)
    {
        return size_t{4} * (packet.front() & 0x0f);
    }
    const auto info = ikelab::esp::ReadPacket(packet);
    return info ? info->headerOctets : 0;
}

} // namespace

bool
IpsecStack::ComesFromItsSide(const IpAddress& source, const Ptr<const NetDevice>& device) const
{
    // One tunnel device for everything has nothing beside it that its peer could pretend to be.
    const Ptr<IpsecNetDevice> only = GetTunnelDevice(0);
    if (!m_reversePathCheck || device == m_capture ||
        (only && PeekPointer(device) == PeekPointer(only)))
    {
        return true;
    }
    if (m_output.IsOnLink(source, device))
    {
        return true;
    }
    const auto hop = m_output.Lookup(source);
    return !hop || hop->device == device;
}

template <typename Header>
IpsecStack::Forwarded
IpsecStack::JudgeForwarded(const Packet& packet,
                           const Header& header,
                           const Ptr<const NetDevice>& device)
{
    if (!m_engine)
    {
        return {true};
    }
    if (!ComesFromItsSide(flat::ToIpAddress(header.GetSource()), device))
    {
        BufferLease lease(m_buffer);
        flat::Flatten(header, packet, *lease);
        Refuse((*lease).View(), true);
        return {true};
    }
    if (!m_protectedSide.empty())
    {
        const auto hop = m_output.Lookup(flat::ToIpAddress(header.GetDestination()));
        if (hop && IsProtectedSide(hop->device))
        {
            return {};
        }
    }
    const IpOutput::Heir heir(m_output, &packet);
    BufferLease lease(m_buffer);
    flat::Flatten(header, packet, *lease);
    if (!flat::DecrementTtl((*lease).View()))
    {
        return {}; // dies in ns-3's forwarding, which tells the source
    }
    const Forwarded result = JudgeForwarded(*lease, true);
    if (!result.taken)
    {
        packet.AddPacketTag(IpsecJudgedTag());
    }
    return result;
}

IpsecStack::Forwarded
IpsecStack::JudgeForwarded(PacketBuffer& packet, bool mayReport)
{
    const size_t clearOctets = packet.Size();
    const bool v6 = flat::Version(packet.View()) == 6;
    Outgoing outgoing;
    Forwarded result{true};
    switch (m_engine->Outbound(Origin::FORWARDED, packet, outgoing))
    {
    case Verdict::BYPASS:
        return {};
    case Verdict::PROTECT:
        result.tooBigFor = SendProtected(packet, outgoing, clearOctets, v6, mayReport);
        break;
    case Verdict::HELD:
        m_held.Keep(packet.View(), m_output.Ancestor());
        break;
    case Verdict::DISCARD:
        Refuse(packet.View(), false);
        break;
    default:
        break;
    }
    m_engine->Settle();
    return result;
}

bool
IpsecStack::TakeForwarded(const Packet& packet,
                          const Ipv4Header& header,
                          Ptr<const NetDevice> device)
{
    if (!m_policy || header.GetDestination().IsMulticast())
    {
        return false;
    }
    const IpAddress destination = flat::ToIpAddress(header.GetDestination());
    if (m_output.IsLocal(destination) || m_output.IsBroadcast(destination))
    {
        return false;
    }
    if (header.GetSerializedSize() != flat::IPV4_HEADER_OCTETS)
    {
        // ns-3 leaves room for options that it does not write: what it would send is not what was
        // judged, but begins with octets of anything.
        BufferLease lease(m_buffer);
        flat::Flatten(header, packet, *lease);
        Refuse((*lease).View(), false);
        return true;
    }
    const Forwarded result = JudgeForwarded(packet, header, device);
    if (result.tooBigFor != 0)
    {
        if (Ptr<Icmpv4L4Protocol> icmp = m_node->GetObject<Icmpv4L4Protocol>())
        {
            icmp->SendDestUnreachFragNeeded(
                header, packet.Copy(), static_cast<uint16_t>(result.tooBigFor));
        }
    }
    return result.taken;
}

bool
IpsecStack::TakeForwarded(const Packet& packet,
                          const Ipv6Header& header,
                          Ptr<const NetDevice> device)
{
    if (!m_policy || header.GetDestination().IsMulticast() || header.GetDestination().IsLinkLocal())
    {
        return false;
    }
    const Forwarded result = JudgeForwarded(packet, header, device);
    if (result.tooBigFor != 0)
    {
        if (Ptr<Icmpv6L4Protocol> icmp = m_node->GetObject<Icmpv6L4Protocol>())
        {
            Ptr<Packet> whole = packet.Copy();
            whole->AddHeader(header);
            icmp->SendErrorTooBig(whole, header.GetSource(), result.tooBigFor);
        }
    }
    return result.taken;
}

void
IpsecStack::FromCapture(PacketBuffer& packet, const Packet& tagged)
{
    const IpOutput::Heir heir(m_output, &tagged);
    // No neighbour discovery is let off here: ns-3 sends its own to groups, to link-local addresses
    // or straight to an interface, and none of that is routed to the private device.
    flat::FillHeaderChecksum(packet.View());
    if (JudgeLocal(packet))
    {
        m_output.SendPacket(packet.View());
    }
}

bool
IpsecStack::IsNeighbourDiscoveryOn(const Ptr<NetDevice>& device, Bytes packet) const
{
    if (!flat::IsNeighbourDiscovery(packet))
    {
        return false;
    }
    const IpAddress to = flat::ReadEnds(packet)->destination;
    const Ipv6Address address = flat::ToIpv6Address(to);
    return address.IsLinkLocalMulticast() || address.IsLinkLocal() || m_output.IsOnLink(to, device);
}

bool
IpsecStack::Egress(const Ptr<NetDevice>& device, PacketBuffer& packet)
{
    return IsNeighbourDiscoveryOn(device, packet.View()) || JudgeLocal(packet);
}

bool
IpsecStack::JudgeLocal(PacketBuffer& packet)
{
    if (!m_engine)
    {
        return false;
    }
    const bool aboutProtected = AimsIntoTunnel(packet);
    const size_t clearOctets = packet.Size();
    Outgoing outgoing;
    Verdict verdict = m_engine->Outbound(Origin::LOCAL, packet, outgoing);
    if (verdict == Verdict::BYPASS && aboutProtected)
    {
        verdict = Verdict::DISCARD;
    }
    switch (verdict)
    {
    case Verdict::BYPASS:
        return true;
    case Verdict::PROTECT:
        SendProtected(packet, outgoing, clearOctets, false, false);
        break;
    case Verdict::HELD:
        m_held.Keep(packet.View(), m_output.Ancestor());
        break;
    case Verdict::DISCARD:
        Refuse(packet.View(), false);
        break;
    default:
        break;
    }
    m_engine->Settle();
    return false;
}

bool
IpsecStack::AimsIntoTunnel(PacketBuffer& packet)
{
    // An error tells octets of the packet that it is about. If that one came through a tunnel, the
    // error must go back by it: from an address that the tunnel's selectors know, if there is one.
    if (!flat::MayBeIcmp(packet.View()))
    {
        return false;
    }
    const auto info = ikelab::esp::ReadPacket(packet.View());
    const auto quoted = info ? ikelab::esp::QuotedByIcmpError(packet.View(), *info) : std::nullopt;
    const auto ends = quoted ? flat::ReadEnds(*quoted) : std::nullopt;
    if (!ends || m_engine->AdmitsClear(*quoted))
    {
        return false;
    }
    IpAddress source = ends->destination;
    if (!m_output.IsLocal(source))
    {
        const auto hop = m_output.Lookup(source);
        if (!hop)
        {
            return true;
        }
        source = hop->source;
    }
    if (source.IsV4() == (flat::Version(packet.View()) == 4))
    {
        flat::SetIcmpSource(packet.View(), source);
    }
    return true;
}

uint32_t
IpsecStack::SendProtected(PacketBuffer& packet,
                          const Outgoing& outgoing,
                          size_t clearOctets,
                          bool innerV6,
                          bool mayReport)
{
    if (outgoing.wholePacket)
    {
        return SendWhole(packet, outgoing, clearOctets, innerV6, mayReport);
    }
    IpOutput::Outer outer;
    outer.source = outgoing.path.local.address;
    outer.destination = outgoing.path.remote.address;
    outer.protocol = outgoing.udpEncapsulation ? flat::PROTOCOL_UDP : flat::PROTOCOL_ESP;
    outer.trafficClass = outgoing.trafficClass;
    outer.ttl = m_tunnelTtl;
    if (outgoing.dontFragment && m_copyDontFragment)
    {
        const auto hop = m_output.Lookup(outer.destination);
        const size_t around =
            (outer.destination.IsV4() ? flat::IPV4_HEADER_OCTETS : flat::IPV6_HEADER_OCTETS) +
            (outgoing.udpEncapsulation ? flat::UDP_HEADER_OCTETS : 0);
        const size_t total = around + packet.Size();
        const uint32_t mtu = MtuOf(hop, outgoing);
        outer.dontFragment = outer.destination.IsV4() && total <= mtu;
        if (mayReport && hop && total > mtu)
        {
            // RFC 4301 §8.2: the source learns how much fits inside.
            if (const uint32_t room = RoomInside(mtu, total - clearOctets, innerV6))
            {
                return room;
            }
        }
    }
    const auto octets = static_cast<uint32_t>(packet.Size());
    if (outgoing.udpEncapsulation)
    {
        // RFC 3948 §2.1: no checksum over IPv4.
        flat::PrependUdp(packet, outgoing.path, outer.destination.IsV6());
    }
    if (m_output.SendPayload(outer, packet))
    {
        m_protectedTrace(outgoing, octets);
    }
    return 0;
}

uint32_t
IpsecStack::SendWhole(PacketBuffer& packet,
                      const Outgoing& outgoing,
                      size_t clearOctets,
                      bool innerV6,
                      bool mayReport)
{
    const size_t headers = HeaderOctets(packet.View());
    const bool v4 = flat::Version(packet.View()) == 4;
    if (headers == 0 || (v4 && headers != flat::IPV4_HEADER_OCTETS))
    {
        Refuse(packet.View(), false); // ns-3 cannot send IPv4 options
        return 0;
    }
    if (!outgoing.dontFragment)
    {
        // Below the least path MTU routers may fragment. AH does not cover the mark (RFC 4302
        // §3.3.3.1.1.1).
        ikelab::esp::ClearDontFragment(packet.View());
    }
    const size_t encapsulation = outgoing.udpEncapsulation ? flat::UDP_HEADER_OCTETS : 0;
    const auto octets = static_cast<uint32_t>(packet.Size() - headers - encapsulation);
    if ((outgoing.pathMtu == 0 || packet.Size() <= outgoing.pathMtu) &&
        m_output.SendStraight(packet.View()))
    {
        m_protectedTrace(outgoing, octets);
        return 0;
    }
    const auto hop = m_output.Lookup(flat::ReadEnds(packet.View())->destination);
    const uint32_t mtu = MtuOf(hop, outgoing);
    if (hop && packet.Size() > mtu)
    {
        if (mayReport && outgoing.dontFragment && m_copyDontFragment)
        {
            if (const uint32_t room = RoomInside(mtu, packet.Size() - clearOctets, innerV6))
            {
                return room;
            }
        }
        // As for a tunnel: our own are fragmented outside.
        ikelab::esp::ClearDontFragment(packet.View());
    }
    const IpOutput::Fate fate = m_output.SendPacket(packet.View(), outgoing.pathMtu);
    if (fate == IpOutput::Fate::SENT)
    {
        m_protectedTrace(outgoing, octets);
    }
    else if (fate == IpOutput::Fate::DROPPED)
    {
        Refuse(packet.View(), false);
    }
    return 0;
}

void
IpsecStack::SendSealed(const ikelab::gateway::SealedPacket& sealed)
{
    // IKE's come of nothing.
    const Ptr<const Packet> ancestor = sealed.held.empty() ? nullptr : m_held.Take(sealed.held);
    const IpOutput::Heir heir(m_output, PeekPointer(ancestor));
    BufferLease lease(m_buffer);
    (*lease).Assign(sealed.packet);
    SendProtected(*lease, sealed.outgoing, sealed.packet.size(), false, false);
}

void
IpsecStack::SendReleased(Bytes packet)
{
    if (!m_engine)
    {
        return;
    }
    const Ptr<const Packet> ancestor = m_held.Take(packet);
    const IpOutput::Heir heir(m_output, PeekPointer(ancestor));
    BufferLease lease(m_buffer);
    (*lease).Assign(packet);
    Outgoing outgoing;
    // Whoever sent it: our own IKE is never held, and others' must not pass for it now.
    switch (m_engine->Outbound(Origin::FORWARDED, *lease, outgoing))
    {
    case Verdict::PROTECT:
        SendProtected(*lease, outgoing, packet.size(), false, false);
        break;
    case Verdict::BYPASS:
        m_output.SendPacket((*lease).View());
        break;
    case Verdict::HELD:
        m_held.Keep((*lease).View(), m_output.Ancestor());
        break;
    case Verdict::DISCARD:
        Refuse((*lease).View(), false);
        break;
    default:
        break;
    }
}

bool
IpsecStack::SendTunnelled(const Packet& packet, uint32_t ifId)
{
    if (!m_engine)
    {
        return false;
    }
    const IpOutput::Heir heir(m_output, &packet);
    BufferLease lease(m_buffer);
    flat::Flatten(packet, *lease);
    flat::FillHeaderChecksum((*lease).View());
    Outgoing outgoing;
    const Verdict verdict = m_engine->Routed(ifId, *lease, outgoing);
    if (verdict == Verdict::PROTECT)
    {
        SendProtected(*lease, outgoing, packet.GetSize(), false, false);
    }
    else if (verdict == Verdict::HELD)
    {
        m_held.Keep((*lease).View(), m_output.Ancestor());
    }
    else
    {
        Refuse((*lease).View(), false); // BYPASS too: the device's promise is protection
    }
    m_engine->Settle();
    return verdict == Verdict::PROTECT || verdict == Verdict::HELD;
}

void
IpsecStack::SendDummy(PacketBuffer& packet, const Outgoing& outgoing)
{
    const IpOutput::Heir nobody(m_output, nullptr);
    SendProtected(packet, outgoing, packet.Size(), false, false);
}

uint32_t
IpsecStack::LinkMtu(const IpAddress& destination) const
{
    const auto hop = m_output.Lookup(destination);
    return hop ? hop->device->GetMtu() : 0;
}

void
IpsecStack::SendUdp(const ikelab::Path& path, Bytes payload)
{
    const IpOutput::Heir nobody(m_output, nullptr);
    ikelab::Path complete = path;
    if (complete.local.address.IsUnspecified())
    {
        if (const auto hop = m_output.Lookup(path.remote.address))
        {
            complete.local.address = hop->source;
        }
    }
    IpOutput::Outer outer;
    outer.source = complete.local.address;
    outer.destination = complete.remote.address;
    outer.protocol = flat::PROTOCOL_UDP;
    outer.ttl = m_tunnelTtl;
    BufferLease lease(m_buffer);
    (*lease).Assign(payload);
    flat::PrependUdp(*lease, complete, true);
    m_output.SendPayload(outer, *lease);
}

} // namespace ns3
