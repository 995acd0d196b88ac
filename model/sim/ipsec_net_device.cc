// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ipsec_net_device.h"

#include "sim/flat_packet.h"
#include "sim/ipsec_stack.h"
#include "sim/ns3_compat.h"

#include "ns3/trace-source-accessor.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IpsecNetDevice);

TypeId
IpsecNetDevice::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IpsecNetDevice")
            .SetParent<VirtualNetDevice>()
            .SetGroupName("Ikelab")
            .AddConstructor<IpsecNetDevice>()
            .AddTraceSource("MacTxDrop",
                            "A packet was routed here that nothing protects, or "
                            "that could not be sent.",
                            MakeTraceSourceAccessor(&IpsecNetDevice::m_macTxDropTrace),
                            "ns3::Packet::TracedCallback")
            .AddTraceSource("MacRxDrop",
                            "An opened packet found no protocol of the node that "
                            "takes it.",
                            MakeTraceSourceAccessor(&IpsecNetDevice::m_macRxDropTrace),
                            "ns3::Packet::TracedCallback");
    return tid;
}

IpsecNetDevice::IpsecNetDevice()
{
    SetNeedsArp(false);
    SetIsPointToPoint(true);
    SetSupportsSendFrom(false);
    SetSendCallback(MakeCallback(&IpsecNetDevice::Transmit, this));
}

void
IpsecNetDevice::SetStack(Ptr<IpsecStack> stack)
{
    m_stack = stack;
}

void
IpsecNetDevice::Deliver(Ptr<Packet> opened, unsigned version)
{
    if (!Receive(opened,
                 version == 4 ? compat::ETHERTYPE_IPV4 : compat::ETHERTYPE_IPV6,
                 GetAddress(),
                 GetAddress(),
                 PACKET_HOST))
    {
        m_macRxDropTrace(opened);
    }
}

bool
IpsecNetDevice::Transmit(Ptr<Packet> packet, const Address&, const Address&, uint16_t)
{
    if (m_stack && m_stack->SendTunnelled(*packet))
    {
        return true;
    }
    m_macTxDropTrace(packet);
    return false;
}

void
IpsecNetDevice::DoDispose()
{
    m_stack = nullptr;
    VirtualNetDevice::DoDispose();
}

} // namespace ns3
