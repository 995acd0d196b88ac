// SPDX-License-Identifier: GPL-2.0-only
#include "sim/egress_gate.h"

#include "sim/flat_packet.h"
#include "sim/judged_tag.h"

#include "ns3/ipv4-interface.h"
#include "ns3/ipv4-l3-protocol.h"
#include "ns3/ipv4-queue-disc-item.h"
#include "ns3/ipv6-interface.h"
#include "ns3/ipv6-l3-protocol.h"
#include "ns3/ipv6-queue-disc-item.h"

#include <utility>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(EgressGate);

TypeId
EgressGate::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IpsecEgressGate")
                            .SetParent<TrafficControlLayer>()
                            .SetGroupName("Ikelab")
                            .AddConstructor<EgressGate>();
    return tid;
}

void
EgressGate::Attach(Ptr<Node> node, std::function<bool()> open, Check check)
{
    m_gated = node;
    m_real = node->GetObject<TrafficControlLayer>();
    m_open = std::move(open);
    m_check = std::move(check);
    Cover();
}

void
EgressGate::Cover()
{
    if (!m_gated || !m_real)
    {
        return;
    }
    const Ptr<TrafficControlLayer> self(this);
    if (Ptr<Ipv4L3Protocol> ipv4 = m_gated->GetObject<Ipv4L3Protocol>())
    {
        for (uint32_t i = 0; i < ipv4->GetNInterfaces(); ++i)
        {
            ipv4->GetInterface(i)->SetTrafficControl(self);
        }
    }
    if (Ptr<Ipv6L3Protocol> ipv6 = m_gated->GetObject<Ipv6L3Protocol>())
    {
        for (uint32_t i = 0; i < ipv6->GetNInterfaces(); ++i)
        {
            ipv6->GetInterface(i)->SetTrafficControl(self);
        }
    }
}

void
EgressGate::Exempt(Ptr<NetDevice> device)
{
    m_exempt.insert(device->GetIfIndex());
}

void
EgressGate::Divert(Ptr<NetDevice> device, Sink sink)
{
    m_diverted = device;
    m_sink = std::move(sink);
}

template <typename Work>
bool
EgressGate::WithWhole(const QueueDiscItem& item, const Work& work)
{
    Ptr<Packet> packet = item.GetPacket();
    // The gate may be asked again while it decides; the inner call gets a buffer of its own.
    ikelab::PacketBuffer buffer = std::move(m_buffer);
    if (const auto* v4 = dynamic_cast<const Ipv4QueueDiscItem*>(&item))
    {
        flat::Flatten(v4->GetHeader(), *packet, buffer);
    }
    else if (const auto* v6 = dynamic_cast<const Ipv6QueueDiscItem*>(&item))
    {
        flat::Flatten(v6->GetHeader(), *packet, buffer);
    }
    else
    {
        return true; // ARP
    }
    const bool answer = work(buffer);
    m_buffer = std::move(buffer);
    return answer;
}

bool
EgressGate::MayLeave(const Ptr<NetDevice>& device, const QueueDiscItem& item)
{
    return WithWhole(
        item, [&](ikelab::PacketBuffer& packet) { return m_check && m_check(device, packet); });
}

void
EgressGate::Send(Ptr<NetDevice> device, Ptr<QueueDiscItem> item)
{
    if (!m_real)
    {
        return;
    }
    if (m_sink && device == m_diverted)
    {
        WithWhole(*item,
                  [&](ikelab::PacketBuffer& packet)
                  {
                      m_sink(packet, *item->GetPacket());
                      return true;
                  });
        return;
    }
    IpsecJudgedTag judged;
    const bool open = m_open();
    // Where packets wait for a link address they wear the mark even while the way is open.
    const bool marked = (!open || device->NeedsArp()) && item->GetPacket()->RemovePacketTag(judged);
    if (open || marked || m_exempt.contains(device->GetIfIndex()) || MayLeave(device, *item))
    {
        m_real->Send(device, item);
    }
}

void
EgressGate::Receive(Ptr<NetDevice> device,
                    Ptr<const Packet> packet,
                    uint16_t protocol,
                    const Address& from,
                    const Address& to,
                    NetDevice::PacketType type)
{
    if (m_real)
    {
        m_real->Receive(device, packet, protocol, from, to, type);
    }
}

void
EgressGate::DoDispose()
{
    m_gated = nullptr;
    m_real = nullptr;
    m_open = nullptr;
    m_check = nullptr;
    m_diverted = nullptr;
    m_sink = nullptr;
    TrafficControlLayer::DoDispose();
}

} // namespace ns3
