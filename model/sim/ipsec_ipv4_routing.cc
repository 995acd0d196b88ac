// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ipsec_ipv4_routing.h"

#include "sim/ipsec_stack.h"

#include "ns3/ipv4-route.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IpsecIpv4Routing);

TypeId
IpsecIpv4Routing::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IpsecIpv4Routing")
                            .SetParent<Ipv4RoutingProtocol>()
                            .SetGroupName("Ikelab")
                            .AddConstructor<IpsecIpv4Routing>();
    return tid;
}

void
IpsecIpv4Routing::SetInner(Ptr<Ipv4RoutingProtocol> inner)
{
    m_inner = inner;
}

Ptr<Ipv4RoutingProtocol>
IpsecIpv4Routing::GetInner() const
{
    return m_inner;
}

void
IpsecIpv4Routing::SetStack(IpsecStack* stack)
{
    m_stack = stack;
}

Ptr<Ipv4Route>
IpsecIpv4Routing::RouteOutput(Ptr<Packet> packet,
                              const Ipv4Header& header,
                              Ptr<NetDevice> device,
                              Socket::SocketErrno& error)
{
    Ptr<Ipv4Route> route = m_inner->RouteOutput(packet, header, device, error);
    return m_stack ? m_stack->CaptureRoute(route, header.GetDestination(), device != nullptr)
                   : route;
}

bool
IpsecIpv4Routing::RouteInput(Ptr<const Packet> packet,
                             const Ipv4Header& header,
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
IpsecIpv4Routing::NotifyInterfaceUp(uint32_t interface)
{
    m_inner->NotifyInterfaceUp(interface);
    if (m_stack)
    {
        m_stack->CoverInterfaces();
    }
}

void
IpsecIpv4Routing::NotifyInterfaceDown(uint32_t interface)
{
    m_inner->NotifyInterfaceDown(interface);
}

void
IpsecIpv4Routing::NotifyAddAddress(uint32_t interface, Ipv4InterfaceAddress address)
{
    m_inner->NotifyAddAddress(interface, address);
    if (m_stack)
    {
        m_stack->ForgetAddresses();
    }
}

void
IpsecIpv4Routing::NotifyRemoveAddress(uint32_t interface, Ipv4InterfaceAddress address)
{
    m_inner->NotifyRemoveAddress(interface, address);
    if (m_stack)
    {
        m_stack->ForgetAddresses();
    }
}

void
IpsecIpv4Routing::SetIpv4(Ptr<Ipv4>)
{
    // The wrapped protocol keeps its own.
}

void
IpsecIpv4Routing::PrintRoutingTable(Ptr<OutputStreamWrapper> stream, Time::Unit unit) const
{
    m_inner->PrintRoutingTable(stream, unit);
}

void
IpsecIpv4Routing::DoInitialize()
{
    m_inner->Initialize();
    Ipv4RoutingProtocol::DoInitialize();
}

void
IpsecIpv4Routing::DoDispose()
{
    m_stack = nullptr;
    m_inner = nullptr;
    Ipv4RoutingProtocol::DoDispose();
}

} // namespace ns3
