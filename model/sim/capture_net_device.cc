// SPDX-License-Identifier: GPL-2.0-only
#include "sim/capture_net_device.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(CaptureNetDevice);

TypeId
CaptureNetDevice::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IpsecCaptureNetDevice")
                            .SetParent<LoopbackNetDevice>()
                            .SetGroupName("Ikelab")
                            .AddConstructor<CaptureNetDevice>();
    return tid;
}

void
CaptureNetDevice::SetSink(Sink sink)
{
    m_sink = std::move(sink);
}

Address
CaptureNetDevice::GetBroadcast() const
{
    return m_broadcast;
}

bool
CaptureNetDevice::Send(Ptr<Packet> packet, const Address&, uint16_t)
{
    if (!m_sink)
    {
        return false; // refused, not leaked: there is no link behind this device
    }
    m_sink(packet);
    return true;
}

bool
CaptureNetDevice::SendFrom(Ptr<Packet> packet,
                           const Address&,
                           const Address& dest,
                           uint16_t protocolNumber)
{
    return Send(packet, dest, protocolNumber);
}

void
CaptureNetDevice::DoDispose()
{
    m_sink = nullptr;
    LoopbackNetDevice::DoDispose();
}

} // namespace ns3
