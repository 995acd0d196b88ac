// SPDX-License-Identifier: GPL-2.0-only
#include "sim/link_tap.h"

#include "base/assert.h"

#include "ns3/csma-net-device.h"
#include "ns3/fd-net-device.h"
#include "ns3/node-list.h"
#include "ns3/node.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/simulator.h"

#include <algorithm>

namespace ns3
{

namespace
{

constexpr size_t PPP_HEADER_OCTETS = 2;

/// Trace sources that see frames with their link header; the second only what the link did not
/// lose.
struct FrameTraces
{
    const char* sent;
    const char* received;
};

FrameTraces
TracesOf(const Ptr<NetDevice>& device)
{
    return DynamicCast<FdNetDevice>(device) ? FrameTraces{"MacTx", "MacRx"}
                                            : FrameTraces{"PhyTxBegin", "PhyRxEnd"};
}

} // namespace

LinkTap::LinkTap(Sink sink) : m_sink(std::move(sink)), m_firstUid(Create<Packet>()->GetUid())
{
}

LinkTap::~LinkTap()
{
    for (uint32_t tap = 0; tap < m_ports.size(); ++tap)
    {
        const Ptr<NetDevice>& device = m_ports[tap].device;
        const FrameTraces traces = TracesOf(device);
        device->TraceDisconnectWithoutContext(traces.sent, m_ports[tap].sent);
        device->TraceDisconnectWithoutContext(traces.received, m_ports[tap].received);
    }
}

bool
LinkTap::CanWatch(const Ptr<NetDevice>& device)
{
    return DynamicCast<PointToPointNetDevice>(device) || DynamicCast<CsmaNetDevice>(device) ||
           DynamicCast<FdNetDevice>(device);
}

TapLinkType
LinkTap::LinkTypeOf(const Ptr<NetDevice>& device)
{
    return DynamicCast<PointToPointNetDevice>(device) ? TapLinkType::RAW : TapLinkType::ETHERNET;
}

uint32_t
LinkTap::Watch(Ptr<NetDevice> device)
{
    IKELAB_ASSERT(CanWatch(device));
    const auto known =
        std::ranges::find_if(m_ports, [&](const Port& port) { return port.device == device; });
    if (known != m_ports.end())
    {
        return static_cast<uint32_t>(known - m_ports.begin());
    }
    const auto tap = static_cast<uint32_t>(m_ports.size());
    Port port{device,
              LinkTypeOf(device),
              MakeBoundCallback(&LinkTap::Sent, this, tap),
              MakeBoundCallback(&LinkTap::Received, this, tap)};
    const FrameTraces traces = TracesOf(device);
    const bool connected = device->TraceConnectWithoutContext(traces.sent, port.sent) &&
                           device->TraceConnectWithoutContext(traces.received, port.received);
    IKELAB_ASSERT(connected);
    m_ports.push_back(port);
    return tap;
}

void
LinkTap::Watch(const NodeContainer& nodes)
{
    for (auto node = nodes.Begin(); node != nodes.End(); ++node)
    {
        for (uint32_t i = 0; i < (*node)->GetNDevices(); ++i)
        {
            if (CanWatch((*node)->GetDevice(i)))
            {
                Watch((*node)->GetDevice(i));
            }
        }
    }
}

void
LinkTap::WatchAll()
{
    NodeContainer nodes;
    for (uint32_t i = 0; i < NodeList::GetNNodes(); ++i)
    {
        nodes.Add(NodeList::GetNode(i));
    }
    Watch(nodes);
}

void
LinkTap::Sent(LinkTap* self, uint32_t tap, Ptr<const Packet> packet)
{
    self->See(tap, true, *packet);
}

void
LinkTap::Received(LinkTap* self, uint32_t tap, Ptr<const Packet> packet)
{
    self->See(tap, false, *packet);
}

void
LinkTap::See(uint32_t tap, bool sent, const Packet& packet)
{
    const Port& port = m_ports[tap];
    m_octets.resize(packet.GetSize());
    packet.CopyData(m_octets.data(), static_cast<uint32_t>(m_octets.size()));
    ikelab::Bytes data(m_octets);
    if (port.linkType == TapLinkType::RAW)
    {
        data = data.subspan(std::min(PPP_HEADER_OCTETS, data.size()));
    }
    TapFrame frame;
    frame.tap = tap;
    frame.device = port.device;
    frame.time = ikelab::Instant(ikelab::Duration(Simulator::Now().GetNanoSeconds()));
    frame.linkType = port.linkType;
    frame.sent = sent;
    frame.data = data;
    frame.packetId = packet.GetUid() - m_firstUid;
    m_sink(frame);
}

} // namespace ns3
