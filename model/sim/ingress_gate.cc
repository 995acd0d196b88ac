// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ingress_gate.h"

#include "sim/capture_net_device.h"
#include "sim/ns3_compat.h"

#include "ns3/ipv4.h"
#include "ns3/ipv6.h"
#include "ns3/loopback-net-device.h"

#include <map>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IngressGate);

TypeId
IngressGate::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IpsecIngressGate")
                            .SetParent<Object>()
                            .SetGroupName("Ikelab")
                            .AddConstructor<IngressGate>();
    return tid;
}

void
IngressGate::Attach(Ptr<Node> node, Check check)
{
    m_node = node;
    m_trafficControl = node->GetObject<TrafficControlLayer>();
    m_check = std::move(check);
    Cover();
}

void
IngressGate::Cover()
{
    if (!m_node || !m_trafficControl)
    {
        return;
    }
    std::map<std::pair<uint32_t, uint16_t>, Ptr<NetDevice>> open;
    auto want = [&](Ptr<NetDevice> device, uint16_t protocol)
    {
        const auto key = std::make_pair(device->GetIfIndex(), protocol);
        // The loopback device talks to the IP layers without traffic control: nothing comes in.
        // The private device has the usual handlers, so it must take part in the count below.
        if ((!DynamicCast<LoopbackNetDevice>(device) || DynamicCast<CaptureNetDevice>(device)) &&
            !m_covered.contains(key))
        {
            open.emplace(key, device);
        }
    };
    if (Ptr<Ipv4> ipv4 = m_node->GetObject<Ipv4>())
    {
        for (uint32_t i = 0; i < ipv4->GetNInterfaces(); ++i)
        {
            want(ipv4->GetNetDevice(i), compat::ETHERTYPE_IPV4);
            want(ipv4->GetNetDevice(i), compat::ETHERTYPE_ARP);
        }
    }
    if (Ptr<Ipv6> ipv6 = m_node->GetObject<Ipv6>())
    {
        for (uint32_t i = 0; i < ipv6->GetNInterfaces(); ++i)
        {
            want(ipv6->GetNetDevice(i), compat::ETHERTYPE_IPV6);
        }
    }
    // The stack registered one and the same handler for each of these. A node forgets the first
    // that equals, so as many calls forget all: the gate left none of the earlier ones.
    const auto handler = MakeCallback(&TrafficControlLayer::Receive, m_trafficControl);
    for (size_t i = 0; i < open.size(); ++i)
    {
        m_node->UnregisterProtocolHandler(handler);
    }
    for (const auto& [key, device] : open)
    {
        m_node->RegisterProtocolHandler(
            MakeCallback(&IngressGate::Receive, Ptr<IngressGate>(this)), key.second, device);
        m_covered.insert(key);
    }
}

void
IngressGate::Exempt(Ptr<NetDevice> device)
{
    m_exempt.insert(device->GetIfIndex());
}

void
IngressGate::Receive(Ptr<NetDevice> device,
                     Ptr<const Packet> packet,
                     uint16_t protocol,
                     const Address& from,
                     const Address& to,
                     NetDevice::PacketType type)
{
    if (protocol != compat::ETHERTYPE_ARP && m_check && !m_exempt.contains(device->GetIfIndex()) &&
        !m_check(device, *packet))
    {
        return;
    }
    if (m_trafficControl)
    {
        m_trafficControl->Receive(device, packet, protocol, from, to, type);
    }
}

void
IngressGate::DoDispose()
{
    m_node = nullptr;
    m_trafficControl = nullptr;
    m_check = nullptr;
    Object::DoDispose();
}

} // namespace ns3
