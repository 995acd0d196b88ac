// SPDX-License-Identifier: GPL-2.0-only
#include "base/checksum.h"
#include "base/limits.h"
#include "sim/buffer_lease.h"
#include "sim/flat_packet.h"
#include "sim/icmp_error.h"
#include "sim/ipsec_net_device.h"
#include "sim/ipsec_stack.h"

#include <utility>

/**
 * From the links to the protected side: the check of clear packets, ESP and UDP, and what was
 * opened.
 */
namespace ns3
{

using ikelab::Bytes;
using ikelab::IpAddress;
using ikelab::PacketBuffer;
using ikelab::gateway::Arrival;
using ikelab::gateway::Incoming;
using ikelab::gateway::Undeliverable;
using ikelab::gateway::Verdict;

bool
IpsecStack::IsOurTraffic(Bytes head)
{
    const auto ends = flat::ReadEnds(head);
    return ends && m_output.IsLocal(ends->destination) && m_own.Holds(head);
}

bool
IpsecStack::ComesByTunnel(Bytes head) const
{
    if (m_tunnels.empty())
    {
        return false;
    }
    const auto ends = flat::ReadEnds(head);
    if (!ends || ends->source.IsUnspecified())
    {
        return false;
    }
    const auto hop = m_output.Lookup(ends->source);
    return hop && IsTunnel(hop->device);
}

bool
IpsecStack::IsNeighbourDiscoveryFor(const Ptr<NetDevice>& device, Bytes head) const
{
    if (!flat::IsNeighbourDiscovery(head))
    {
        return false;
    }
    const IpAddress to = flat::ReadEnds(head)->destination;
    return flat::ToIpv6Address(to).IsLinkLocalMulticast() || m_output.InterfaceOf(to, device);
}

bool
IpsecStack::TakeEsp(const Ptr<NetDevice>& device, const Packet& packet, PacketBuffer& octets)
{
    const Bytes whole = std::as_const(octets).View();
    const auto esp = OwnTraffic::FindWholeEsp(whole);
    if (!m_shortInput || !m_engine || !esp || esp->totalOctets > whole.size())
    {
        return false;
    }
    // What is odd is left to the IP layer, which counts and traces what it drops.
    const auto ends = flat::ReadEnds(whole);
    if (!ends || !m_output.IsUp(ends->destination, device) ||
        (ends->destination.IsV4() && m_checksums &&
         ikelab::OnesComplementSum(whole.first(esp->headerOctets)) != 0xffff))
    {
        return false;
    }
    Arrival arrival;
    arrival.header = whole.first(esp->headerOctets);
    arrival.trafficClass = flat::TrafficClass(whole);
    arrival.path.local.address = ends->destination;
    arrival.path.remote.address = ends->source;
    octets.DropBack(octets.Size() - esp->totalOctets);
    octets.DropFront(esp->headerOctets);
    const IpOutput::Heir heir(m_output, &packet);
    Finish(m_engine->Esp(arrival, octets), octets);
    return true;
}

std::optional<bool>
IpsecStack::AdmitIcmpError(Bytes packet)
{
    const auto ends = flat::ReadEnds(packet);
    if (!m_engine || !ends || !flat::IsIcmp(packet) || !m_output.IsLocal(ends->destination))
    {
        return std::nullopt;
    }
    if (m_checksums && !flat::HasGoodIcmpChecksum(packet))
    {
        return std::nullopt; // the IP layer counts it
    }
    const auto verdict = m_engine->IcmpError(packet);
    if (!verdict)
    {
        return std::nullopt;
    }
    if (*verdict == Verdict::DISCARD)
    {
        Refuse(packet, true);
    }
    m_engine->Settle();
    return *verdict == Verdict::BYPASS;
}

bool
IpsecStack::Admit(const Ptr<NetDevice>& device, const Packet& packet)
{
    BufferLease lease(m_buffer);
    flat::Flatten(packet, *lease);
    if (TakeEsp(device, packet, *lease))
    {
        return false;
    }
    const Bytes octets = std::as_const(*lease).View();
    if (IsNeighbourDiscoveryFor(device, octets))
    {
        return true;
    }
    if (const auto admitted = AdmitIcmpError(octets))
    {
        return *admitted;
    }
    // Route-based: what belongs into a tunnel must not come beside it.
    if (ComesByTunnel(octets) && !IsOurTraffic(octets))
    {
        Refuse(octets, true);
        return false;
    }
    if (!m_policy)
    {
        return true;
    }
    if (IsOurTraffic(octets))
    {
        return true;
    }
    if (!m_engine)
    {
        return false;
    }
    if (m_engine->InboundClear(octets) == Verdict::BYPASS)
    {
        return true;
    }
    Refuse(octets, true);
    m_engine->Settle();
    return false;
}

void
IpsecStack::FromEsp(Ptr<Packet> packet, const Arrival& arrival)
{
    if (m_engine)
    {
        BufferLease lease(m_buffer);
        flat::Flatten(*packet, *lease);
        const IpOutput::Heir heir(m_output, PeekPointer(packet));
        Finish(m_engine->Esp(arrival, *lease), *lease);
    }
}

template <typename Header>
void
IpsecStack::FromAh(const Packet& packet, const Header& header)
{
    if (!m_engine)
    {
        return;
    }
    BufferLease lease(m_buffer);
    PacketBuffer& buffer = *lease;
    flat::Flatten(header, packet, buffer);
    Arrival arrival;
    arrival.path.local.address = flat::ToIpAddress(header.GetDestination());
    arrival.path.remote.address = flat::ToIpAddress(header.GetSource());
    arrival.header = std::as_const(buffer).View().first(buffer.Size() - packet.GetSize());
    buffer.DropFront(arrival.header.size());
    const IpOutput::Heir heir(m_output, &packet);
    Finish(m_engine->Ah(arrival, buffer), buffer);
}

template void IpsecStack::FromAh(const Packet&, const Ipv4Header&);
template void IpsecStack::FromAh(const Packet&, const Ipv6Header&);

void
IpsecStack::FromUdp(Ptr<Packet> datagram, const Arrival& arrival)
{
    if (!m_engine)
    {
        return;
    }
    BufferLease lease(m_buffer);
    PacketBuffer& buffer = *lease;
    flat::Flatten(*datagram, buffer);
    const auto udp =
        flat::ReadUdp(buffer.View(), arrival.path.remote.address, arrival.path.local.address);
    if (!udp || !udp->checksumGood)
    {
        return;
    }
    Arrival withPorts = arrival;
    withPorts.path.local.port = udp->destinationPort;
    withPorts.path.remote.port = udp->sourcePort;
    buffer.DropFront(flat::UDP_HEADER_OCTETS);
    const IpOutput::Heir heir(m_output, PeekPointer(datagram));
    Finish(m_engine->Udp(withPorts, buffer), buffer);
}

void
IpsecStack::Finish(Verdict verdict, PacketBuffer& packet)
{
    const Incoming incoming = m_engine->Delivered();
    m_engine->Settle();
    if (verdict == Verdict::DELIVER)
    {
        // ESP in it may come here again by the IP layer, which puts fragments together.
        if (m_layers >= ikelab::limits::NESTED_SAS)
        {
            RefuseOpened(incoming, Undeliverable::TOO_DEEP, packet.View());
            return;
        }
        const Ptr<IpsecNetDevice> tunnel = GetTunnelDevice(incoming.ifId);
        if (!tunnel && incoming.ifId != 0)
        {
            // Policy has not judged it.
            RefuseOpened(incoming, Undeliverable::NO_DEVICE, packet.View());
            return;
        }
        ++m_layers;
        m_deliveredTrace(packet.View());
        if (tunnel)
        {
            tunnel->Deliver(m_output.MakePacket(packet.View()), flat::Version(packet.View()));
        }
        else
        {
            Deliver(packet);
        }
        --m_layers;
    }
    else if (verdict == Verdict::DISCARD)
    {
        Refuse(packet.View(), true);
    }
}

void
IpsecStack::RefuseOpened(const Incoming& incoming, Undeliverable why, Bytes packet)
{
    // Whoever watches may have taken the engine away.
    if (m_engine)
    {
        m_engine->Undelivered(incoming, why, packet);
    }
    Refuse(packet, true);
    if (m_engine)
    {
        m_engine->Settle();
    }
}

void
IpsecStack::Deliver(PacketBuffer& packet)
{
    const auto ends = flat::ReadEnds(packet.View());
    if (!ends)
    {
        return;
    }
    const IpAddress& to = ends->destination;
    const bool forward =
        m_policy && m_protectedSide.empty() && !m_output.IsLocal(to) && !m_output.IsBroadcast(to) &&
        (to.IsV4()
             ? !flat::ToIpv4Address(to).IsMulticast()
             : !flat::ToIpv6Address(to).IsMulticast() && !flat::ToIpv6Address(to).IsLinkLocal());
    if (!forward || !flat::DecrementTtl(packet.View()))
    {
        m_output.Inject(packet.View()); // ns-3 knows how to deliver it, or whom to tell
    }
    else if (!JudgeForwarded(packet, false).taken &&
             m_output.SendPacket(packet.View()) == IpOutput::Fate::NO_ROUTE)
    {
        m_output.Inject(packet.View()); // no route
    }
}

} // namespace ns3
