// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ip_output.h"

#include "sim/flat_packet.h"
#include "sim/ipv6_fragments.h"
#include "sim/judged_tag.h"
#include "sim/ns3_compat.h"

#include "ns3/icmpv6-l4-protocol.h"
#include "ns3/ipv4-header.h"
#include "ns3/ipv4-interface.h"
#include "ns3/ipv6-header.h"
#include "ns3/ipv6-interface.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace ns3
{

using ikelab::Bytes;
using ikelab::IpAddress;
using ikelab::PacketBuffer;

namespace
{

/// Set while it lives.
class Flag
{
  public:
    explicit Flag(bool& flag) : m_flag(flag), m_before(std::exchange(flag, true))
    {
    }

    ~Flag()
    {
        m_flag = m_before;
    }

    Flag(const Flag&) = delete;
    Flag& operator=(const Flag&) = delete;

  private:
    bool& m_flag;
    bool m_before;
};

/// The mark of a judgement, from which another packet is not to profit; and what a socket told the
/// IP layer, which did it: nearly every packet of UDP wears one of these.
bool
StaysBehind(const TypeId& tag)
{
    static const std::array<TypeId, 6> STAY{IpsecJudgedTag::GetTypeId(),
                                            SocketIpTtlTag::GetTypeId(),
                                            SocketIpTosTag::GetTypeId(),
                                            SocketSetDontFragmentTag::GetTypeId(),
                                            SocketIpv6HopLimitTag::GetTypeId(),
                                            SocketIpv6TclassTag::GetTypeId()};
    return std::ranges::find(STAY, tag) != STAY.end();
}

/// Call work(tag) with the tag of an iterator's item, if its class can be made.
template <typename Item, typename Work>
void
WithTag(const Item& item, const Work& work)
{
    if (!item.GetTypeId().HasConstructor())
    {
        return;
    }
    const std::unique_ptr<ObjectBase> made(item.GetTypeId().GetConstructor()());
    if (auto* tag = dynamic_cast<Tag*>(made.get()))
    {
        item.GetTag(*tag);
        work(*tag);
    }
}

} // namespace

void
IpOutput::Setup(Ptr<Node> node,
                Ptr<Ipv4RoutingProtocol> routing4,
                Ptr<Ipv6RoutingProtocol> routing6,
                Ptr<NetDevice> fallback)
{
    m_ipv4 = node->GetObject<Ipv4L3Protocol>();
    m_ipv6 = node->GetObject<Ipv6L3Protocol>();
    m_routing4 = routing4;
    m_routing6 = routing6;
    m_fallback = fallback;
    m_trafficControl = node->GetObject<TrafficControlLayer>();
}

void
IpOutput::SetShort(bool on)
{
    m_short = on;
}

bool
IpOutput::IsShort() const
{
    return m_short;
}

void
IpOutput::Clear()
{
    *this = IpOutput();
}

Ptr<Ipv4Route>
IpOutput::Route(Ipv4Address destination) const
{
    if (!m_routing4)
    {
        return nullptr;
    }
    Ipv4Header header;
    header.SetDestination(destination);
    Socket::SocketErrno error;
    return m_routing4->RouteOutput(nullptr, header, nullptr, error);
}

Ptr<Ipv6Route>
IpOutput::Route(const Ipv6Address& destination) const
{
    if (!m_routing6)
    {
        return nullptr;
    }
    Ipv6Header header;
    header.SetDestination(destination);
    Socket::SocketErrno error;
    return m_routing6->RouteOutput(nullptr, header, nullptr, error);
}

std::optional<IpOutput::Hop>
IpOutput::Lookup(const IpAddress& destination) const
{
    if (destination.IsV4())
    {
        if (Ptr<Ipv4Route> route = Route(flat::ToIpv4Address(destination)))
        {
            return Hop{route->GetOutputDevice(), flat::ToIpAddress(route->GetSource())};
        }
    }
    else if (Ptr<Ipv6Route> route = Route(flat::ToIpv6Address(destination)))
    {
        return Hop{route->GetOutputDevice(), flat::ToIpAddress(route->GetSource())};
    }
    return std::nullopt;
}

Ptr<Packet>
IpOutput::MakePacket(Bytes octets) const
{
    Ptr<Packet> packet = flat::ToPacket(octets);
    if (!m_ancestor)
    {
        return packet;
    }
    for (PacketTagIterator tags = m_ancestor->GetPacketTagIterator(); tags.HasNext();)
    {
        const PacketTagIterator::Item item = tags.Next();
        if (!StaysBehind(item.GetTypeId()))
        {
            WithTag(item, [&](const Tag& tag) { packet->AddPacketTag(tag); });
        }
    }
    for (ByteTagIterator tags = m_ancestor->GetByteTagIterator(); tags.HasNext();)
    {
        // Its octets are nowhere in this packet, or all over it.
        WithTag(tags.Next(), [&](const Tag& tag) { packet->AddByteTag(tag); });
    }
    return packet;
}

const IpOutput::Link*
IpOutput::FindLink(const Ptr<NetDevice>& device, const IpAddress& destination, size_t octets) const
{
    if (!m_short || !m_trafficControl || octets > device->GetMtu() || IsLocal(destination))
    {
        return nullptr;
    }
    auto found = std::ranges::find(m_links, device, &Link::device);
    if (found == m_links.end())
    {
        const int32_t index = m_ipv4->GetInterfaceForDevice(device);
        if (index < 0 || device->NeedsArp() || !device->IsPointToPoint())
        {
            return nullptr;
        }
        m_links.push_back({device,
                           m_ipv4->GetInterface(static_cast<uint32_t>(index)),
                           device->GetObject<NetDeviceQueueInterface>(),
                           device->GetBroadcast()});
        found = std::prev(m_links.end());
    }
    // The rest may change at any time: a discipline of queueing wants to see header and packet, and
    // a device that has stopped wants none.
    const bool open =
        found->interface->IsUp() && !m_trafficControl->GetRootQueueDiscOnDevice(device) &&
        (!found->queues ||
         (found->queues->GetNTxQueues() == 1 && !found->queues->GetTxQueue(0)->IsStopped()));
    return open ? &*found : nullptr;
}

void
IpOutput::SendOn(const Link& link, Bytes octets) const
{
    Ptr<Packet> packet = MakePacket(octets);
    if (packet->GetPacketTagIterator().HasNext())
    {
        SocketPriorityTag priority; // chooses among several queues, and there is one
        packet->RemovePacketTag(priority);
    }
    link.device->Send(packet, link.broadcast, compat::ETHERTYPE_IPV4);
}

bool
IpOutput::SendPayload(const Outer& outer, PacketBuffer& payload)
{
    return outer.destination.IsV4() ? Send4(outer, payload)
                                    : Send6(outer, MakePacket(payload.View()));
}

bool
IpOutput::Send4(const Outer& outer, PacketBuffer& payload)
{
    Ptr<Ipv4Route> route = Route(flat::ToIpv4Address(outer.destination));
    if (!route)
    {
        return false;
    }
    Ipv4Header header;
    header.SetSource(outer.source.IsUnspecified() ? route->GetSource()
                                                  : flat::ToIpv4Address(outer.source));
    header.SetDestination(flat::ToIpv4Address(outer.destination));
    header.SetProtocol(outer.protocol);
    header.SetPayloadSize(static_cast<uint16_t>(payload.Size()));
    header.SetTtl(outer.ttl);
    header.SetTos(outer.trafficClass);
    header.SetIdentification(m_identification++);
    if (outer.dontFragment)
    {
        header.SetDontFragment();
    }
    else
    {
        header.SetMayFragment();
    }
    const Ptr<NetDevice> device = route->GetOutputDevice();
    if (const Link* link =
            FindLink(device, outer.destination, flat::IPV4_HEADER_OCTETS + payload.Size()))
    {
        const size_t octets = payload.Size();
        flat::WriteHeader(
            header,
            octets,
            payload.Prepend(flat::IPV4_HEADER_OCTETS).first<flat::IPV4_HEADER_OCTETS>());
        SendOn(*link, payload.View());
        return true;
    }
    Ptr<Packet> packet = MakePacket(payload.View());
    MarkIfQueued(device, *packet);
    const Flag sending(m_sending);
    m_ipv4->SendWithHeader(packet, header, route);
    return true;
}

bool
IpOutput::Send6(const Outer& outer, Ptr<Packet> packet)
{
    Ptr<Ipv6Route> route = Route(flat::ToIpv6Address(outer.destination));
    if (!route)
    {
        return false;
    }
    SocketIpv6HopLimitTag hopLimit;
    hopLimit.SetHopLimit(outer.ttl);
    packet->ReplacePacketTag(hopLimit);
    SocketIpv6TclassTag trafficClass;
    trafficClass.SetTclass(outer.trafficClass);
    packet->ReplacePacketTag(trafficClass);
    MarkIfQueued(route->GetOutputDevice(), *packet);
    const Flag sending(m_sending);
    m_ipv6->Send(packet,
                 outer.source.IsUnspecified() ? route->GetSource()
                                              : flat::ToIpv6Address(outer.source),
                 flat::ToIpv6Address(outer.destination),
                 outer.protocol,
                 route);
    return true;
}

void
IpOutput::ExpectPacket(const IpAddress& destination, const Ptr<NetDevice>& device)
{
    m_expected = {destination, device, Simulator::GetEventCount()};
}

Ptr<NetDevice>
IpOutput::TakeExpected(const IpAddress& destination)
{
    Ptr<NetDevice> device = std::exchange(m_expected.device, nullptr);
    return m_expected.destination == destination && m_expected.event == Simulator::GetEventCount()
               ? device
               : nullptr;
}

bool
IpOutput::SendStraight(Bytes packet)
{
    const auto ends = flat::ReadEnds(packet);
    if (!ends || !ends->destination.IsV4())
    {
        return false;
    }
    Ptr<NetDevice> device = TakeExpected(ends->destination);
    if (!device)
    {
        const Ptr<Ipv4Route> route = Route(flat::ToIpv4Address(ends->destination));
        device = route ? route->GetOutputDevice() : nullptr;
    }
    const Link* link = device ? FindLink(device, ends->destination, packet.size()) : nullptr;
    if (link)
    {
        SendOn(*link, packet);
    }
    return link != nullptr;
}

IpOutput::Fate
IpOutput::SendPacket(Bytes octets, uint32_t pathMtu)
{
    if (flat::Version(octets) != 4)
    {
        return SendPacket6(octets, pathMtu);
    }
    Ptr<Packet> packet = MakePacket(octets);
    Ipv4Header header;
    packet->RemoveHeader(header);
    Ptr<Ipv4Route> route = Route(header.GetDestination());
    if (!route)
    {
        return Fate::NO_ROUTE;
    }
    MarkIfQueued(route->GetOutputDevice(), *packet);
    const Flag sending(m_sending);
    m_ipv4->SendWithHeader(packet, header, route);
    return Fate::SENT;
}

IpOutput::Fate
IpOutput::SendPacket6(Bytes octets, uint32_t pathMtu)
{
    const auto ends = flat::ReadEnds(octets);
    Ptr<Ipv6Route> route = ends ? Route(flat::ToIpv6Address(ends->destination)) : nullptr;
    if (!route)
    {
        return Fate::NO_ROUTE;
    }
    uint32_t mtu = route->GetOutputDevice()->GetMtu();
    mtu = pathMtu == 0 ? mtu : std::min(mtu, pathMtu);
    if (octets.size() <= mtu)
    {
        SendThrough(route, octets);
        return Fate::SENT;
    }
    if (IsLocal(ends->source))
    {
        const bool cut = flat::FragmentV6(
            octets, mtu, ++m_fragmented, [&](Bytes part) { SendThrough(route, part); });
        return cut ? Fate::SENT : Fate::DROPPED;
    }
    if (Ptr<Icmpv6L4Protocol> icmp = m_ipv6->GetIcmpv6())
    {
        icmp->SendErrorTooBig(flat::ToPacket(octets), flat::ToIpv6Address(ends->source), mtu);
    }
    return Fate::DROPPED;
}

void
IpOutput::SendThrough(const Ptr<Ipv6Route>& route, Bytes octets)
{
    Ptr<Packet> packet = MakePacket(octets);
    Ipv6Header header;
    packet->RemoveHeader(header);
    const Ptr<NetDevice> device = route->GetOutputDevice();
    const Ipv6Address gateway = route->GetGateway();
    MarkIfQueued(device, *packet);
    const Flag sending(m_sending);
    m_ipv6->GetInterface(static_cast<uint32_t>(m_ipv6->GetInterfaceForDevice(device)))
        ->Send(packet, header, gateway.IsAny() ? header.GetDestination() : gateway);
}

void
IpOutput::Inject(Bytes octets)
{
    const auto ends = flat::ReadEnds(octets);
    if (!ends)
    {
        return;
    }
    // What is for us comes in where the address lives: IPv6's strong end system model wants that.
    // What is to be forwarded comes from the private device, where no redirect can be called for.
    const Local* local = FindLocal(ends->destination);
    const Ptr<NetDevice> device = local ? local->device : m_fallback;
    if (ends->destination.IsV4() && m_ipv4)
    {
        m_ipv4->Receive(device,
                        MakePacket(octets),
                        compat::ETHERTYPE_IPV4,
                        Address(),
                        Address(),
                        NetDevice::PACKET_HOST);
    }
    else if (ends->destination.IsV6() && m_ipv6)
    {
        m_ipv6->Receive(device,
                        MakePacket(octets),
                        compat::ETHERTYPE_IPV6,
                        Address(),
                        Address(),
                        NetDevice::PACKET_HOST);
    }
}

void
IpOutput::MarkIfQueued(const Ptr<NetDevice>& device, Packet& packet)
{
    if (device->NeedsArp())
    {
        packet.AddPacketTag(IpsecJudgedTag());
    }
}

bool
IpOutput::IsSending() const
{
    return m_sending;
}

void
IpOutput::ForgetAddresses()
{
    m_known = false;
}

void
IpOutput::LearnLocals() const
{
    m_locals.clear();
    for (uint32_t i = 0; m_ipv4 && i < m_ipv4->GetNInterfaces(); ++i)
    {
        for (uint32_t j = 0; j < m_ipv4->GetNAddresses(i); ++j)
        {
            const Ipv4InterfaceAddress one = m_ipv4->GetAddress(i, j);
            const IpAddress address = flat::ToIpAddress(one.GetLocal());
            m_locals.push_back({address,
                                m_ipv4->GetNetDevice(i),
                                i,
                                ikelab::IpRange::Block(address, one.GetMask().GetPrefixLength()),
                                m_ipv4->IsUp(i)});
        }
    }
    for (uint32_t i = 0; m_ipv6 && i < m_ipv6->GetNInterfaces(); ++i)
    {
        for (uint32_t j = 0; j < m_ipv6->GetNAddresses(i); ++j)
        {
            const Ipv6InterfaceAddress one = m_ipv6->GetAddress(i, j);
            const IpAddress address = flat::ToIpAddress(one.GetAddress());
            m_locals.push_back({address,
                                m_ipv6->GetNetDevice(i),
                                i,
                                ikelab::IpRange::Block(address, one.GetPrefix().GetPrefixLength()),
                                m_ipv6->IsUp(i)});
        }
    }
    // Stable: of equal addresses, 127.0.0.1, the loopback device's comes first.
    std::ranges::stable_sort(m_locals, {}, &Local::address);
    m_found = nullptr;
    m_known = true;
}

const IpOutput::Local*
IpOutput::FindLocal(const IpAddress& address) const
{
    const auto& locals = Locals();
    if (m_found && m_found->address == address)
    {
        return m_found; // again: a packet asks several times
    }
    const auto found = std::ranges::lower_bound(locals, address, {}, &Local::address);
    if (found == locals.end() || found->address != address)
    {
        return nullptr;
    }
    m_found = &*found;
    return m_found;
}

bool
IpOutput::IsLocal(const IpAddress& address) const
{
    return FindLocal(address) != nullptr;
}

std::optional<uint32_t>
IpOutput::InterfaceOf(const IpAddress& address, const Ptr<const NetDevice>& device) const
{
    const Local* local = FindLocal(address);
    return local && local->device == device ? std::optional(local->interface) : std::nullopt;
}

bool
IpOutput::IsUp(const IpAddress& address, const Ptr<const NetDevice>& device) const
{
    const Local* local = FindLocal(address);
    return local && local->device == device && local->up;
}

bool
IpOutput::IsBroadcast(const IpAddress& address) const
{
    // The limited one, and those of our nets; a net of two addresses or one has none.
    constexpr uint32_t LIMITED = 0xffffffff;
    return address.IsV4() &&
           (address == IpAddress::V4(LIMITED) ||
            std::ranges::any_of(Locals(),
                                [&](const Local& local) {
                                    return local.net.last == address &&
                                           local.net.PrefixLength().value_or(32) < 31;
                                }));
}

bool
IpOutput::IsOnLink(const IpAddress& address, const Ptr<const NetDevice>& device) const
{
    return std::ranges::any_of(Locals(),
                               [&](const Local& local)
                               { return local.device == device && local.net.Contains(address); });
}

std::vector<IpAddress>
IpOutput::LocalAddresses() const
{
    std::vector<IpAddress> addresses;
    for (const Local& local : Locals())
    {
        const bool useless = local.address.IsV4()
                                 ? flat::ToIpv4Address(local.address).IsLocalhost()
                                 : flat::ToIpv6Address(local.address).IsLocalhost() ||
                                       flat::ToIpv6Address(local.address).IsLinkLocal();
        if (!useless)
        {
            addresses.push_back(local.address);
        }
    }
    return addresses;
}

Ptr<Ipv4L3Protocol>
IpOutput::GetIpv4() const
{
    return m_ipv4;
}

Ptr<Ipv6L3Protocol>
IpOutput::GetIpv6() const
{
    return m_ipv6;
}

} // namespace ns3
