// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ipsec_net_device.h"

#include "sim/flat_packet.h"
#include "sim/ipsec_stack.h"
#include "sim/ns3_compat.h"

#include "ns3/boolean.h"
#include "ns3/ipv6.h"
#include "ns3/node.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/uinteger.h"

#include <algorithm>

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
            .AddAttribute("IfId",
                          "if_id_in and if_id_out of the children whose packets it carries, as "
                          "swanctl.conf has them; 0 is for children without.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&IpsecNetDevice::m_ifId),
                          MakeUintegerChecker<uint32_t>())
            .AddAttribute("FitMtu",
                          "With an IfId: the MTU is what fits into one outer packet on the path of "
                          "the newest SA (RFC 4301 §8.2).",
                          BooleanValue(true),
                          MakeBooleanAccessor(&IpsecNetDevice::m_fitMtu),
                          MakeBooleanChecker())
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

uint32_t
IpsecNetDevice::GetIfId() const
{
    return m_ifId;
}

void
IpsecNetDevice::FitMtu(uint16_t mtu)
{
    // No link has less, and no host believes that: what does not fit is fragmented outside.
    constexpr uint16_t IPV6_LEAST = 1280; // RFC 8200 §5
    constexpr uint16_t IPV4_LEAST = 68;   // RFC 791 §3.2
    const Ptr<Node> node = GetNode();
    const Ptr<Ipv6> ipv6 = node ? node->GetObject<Ipv6>() : nullptr;
    if (m_fitMtu)
    {
        SetMtu(std::max(mtu,
                        ipv6 && ipv6->GetInterfaceForDevice(this) >= 0 ? IPV6_LEAST : IPV4_LEAST));
    }
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
    if (m_stack && m_stack->SendTunnelled(*packet, m_ifId))
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
