// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ipsec_ipv6_routing.h"

#include "sim/ipsec_stack.h"

#include "ns3/ipv6-route.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IpsecIpv6Routing);

TypeId
IpsecIpv6Routing::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IpsecIpv6Routing")
                            .SetParent<Ipv6RoutingProtocol>()
                            .SetGroupName("Ikelab")
                            .AddConstructor<IpsecIpv6Routing>();
    return tid;
}

void
IpsecIpv6Routing::SetInner(Ptr<Ipv6RoutingProtocol> inner)
{
    m_inner = inner;
}

Ptr<Ipv6RoutingProtocol>
IpsecIpv6Routing::GetInner() const
{
    return m_inner;
}

void
IpsecIpv6Routing::SetStack(IpsecStack* stack)
{
    m_stack = stack;
}

Ptr<Ipv6Route>
IpsecIpv6Routing::RouteOutput(Ptr<Packet> packet,
                              const Ipv6Header& header,
                              Ptr<NetDevice> device,
                              Socket::SocketErrno& error)
{
    Ptr<Ipv6Route> route = m_inner->RouteOutput(packet, header, device, error);
    return m_stack ? m_stack->CaptureRoute(route, header.GetDestination(), device != nullptr)
                   : route;
}

bool
IpsecIpv6Routing::RouteInput(Ptr<const Packet> packet,
                             const Ipv6Header& header,
                             Ptr<const NetDevice> device,
                             IKELAB_NS3_CALLBACK(UnicastForwardCallback) forward,
                             IKELAB_NS3_CALLBACK(MulticastForwardCallback) multicast,
                             IKELAB_NS3_CALLBACK(LocalDeliverCallback) deliver,
                             IKELAB_NS3_CALLBACK(ErrorCallback) fail)
{
    if (m_stack && m_stack->TakeForwarded(*packet, header, device))
    {
        return true; // dropping is saying yes without calling anybody
    }
    return m_inner->RouteInput(packet, header, device, forward, multicast, deliver, fail);
}

void
IpsecIpv6Routing::NotifyInterfaceUp(uint32_t interface)
{
    m_inner->NotifyInterfaceUp(interface);
    if (m_stack)
    {
        m_stack->CoverInterfaces();
    }
}

void
IpsecIpv6Routing::NotifyInterfaceDown(uint32_t interface)
{
    m_inner->NotifyInterfaceDown(interface);
}

void
IpsecIpv6Routing::NotifyAddAddress(uint32_t interface, Ipv6InterfaceAddress address)
{
    m_inner->NotifyAddAddress(interface, address);
    if (m_stack)
    {
        m_stack->ForgetAddresses();
    }
}

void
IpsecIpv6Routing::NotifyRemoveAddress(uint32_t interface, Ipv6InterfaceAddress address)
{
    m_inner->NotifyRemoveAddress(interface, address);
    if (m_stack)
    {
        m_stack->ForgetAddresses();
    }
}

void
IpsecIpv6Routing::NotifyAddRoute(Ipv6Address destination,
                                 Ipv6Prefix mask,
                                 Ipv6Address nextHop,
                                 uint32_t interface,
                                 Ipv6Address prefixToUse)
{
    m_inner->NotifyAddRoute(destination, mask, nextHop, interface, prefixToUse);
}

void
IpsecIpv6Routing::NotifyRemoveRoute(Ipv6Address destination,
                                    Ipv6Prefix mask,
                                    Ipv6Address nextHop,
                                    uint32_t interface,
                                    Ipv6Address prefixToUse)
{
    m_inner->NotifyRemoveRoute(destination, mask, nextHop, interface, prefixToUse);
}

void
IpsecIpv6Routing::SetIpv6(Ptr<Ipv6>)
{
    // The wrapped protocol keeps its own.
}

void
IpsecIpv6Routing::PrintRoutingTable(Ptr<OutputStreamWrapper> stream, Time::Unit unit) const
{
    m_inner->PrintRoutingTable(stream, unit);
}

void
IpsecIpv6Routing::DoInitialize()
{
    m_inner->Initialize();
    Ipv6RoutingProtocol::DoInitialize();
}

void
IpsecIpv6Routing::DoDispose()
{
    m_stack = nullptr;
    m_inner = nullptr;
    Ipv6RoutingProtocol::DoDispose();
}

} // namespace ns3
