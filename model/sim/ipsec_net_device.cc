// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ipsec_net_device.h"

#include "sim/flat_packet.h"
#include "sim/ipsec_stack.h"
#include "sim/ns3_compat.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IpsecNetDevice);

TypeId
IpsecNetDevice::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IpsecNetDevice")
                            .SetParent<VirtualNetDevice>()
                            .SetGroupName("Ikelab")
                            .AddConstructor<IpsecNetDevice>();
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
IpsecNetDevice::Deliver(ikelab::Bytes packet)
{
    Receive(flat::ToPacket(packet),
            flat::Version(packet) == 4 ? compat::ETHERTYPE_IPV4 : compat::ETHERTYPE_IPV6,
            GetAddress(),
            GetAddress(),
            PACKET_HOST);
}

bool
IpsecNetDevice::Transmit(Ptr<Packet> packet, const Address&, const Address&, uint16_t)
{
    if (!m_stack)
    {
        return false;
    }
    ikelab::PacketBuffer buffer;
    flat::Flatten(*packet, buffer);
    return m_stack->SendTunnelled(buffer.View());
}

void
IpsecNetDevice::DoDispose()
{
    m_stack = nullptr;
    VirtualNetDevice::DoDispose();
}

} // namespace ns3
