// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ah_l4_protocol.h"

#include "sim/flat_packet.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(AhL4Protocol);

TypeId
AhL4Protocol::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IpsecAhL4Protocol")
                            .SetParent<EspL4Protocol>()
                            .SetGroupName("Ikelab")
                            .AddConstructor<AhL4Protocol>();
    return tid;
}

void
AhL4Protocol::SetSinks(Sink4 sink4, Sink6 sink6)
{
    m_sink4 = std::move(sink4);
    m_sink6 = std::move(sink6);
}

int
AhL4Protocol::GetProtocolNumber() const
{
    return flat::PROTOCOL_AH;
}

IpL4Protocol::RxStatus
AhL4Protocol::Receive(Ptr<Packet> packet, const Ipv4Header& header, Ptr<Ipv4Interface>)
{
    if (m_sink4)
    {
        // RFC 4302 §3.4.1: what says that it was a fragment goes with reassembly. ns-3 leaves it.
        Ipv4Header whole = header;
        whole.SetFragmentOffset(0);
        whole.SetLastFragment();
        m_sink4(*packet, whole);
    }
    return RX_OK;
}

IpL4Protocol::RxStatus
AhL4Protocol::Receive(Ptr<Packet> packet, const Ipv6Header& header, Ptr<Ipv6Interface>)
{
    if (m_sink6)
    {
        // The fragment header is gone, but its number is still there. With other extension headers,
        // which ns-3 gives to nobody, the ICV will not verify.
        Ipv6Header whole = header;
        whole.SetNextHeader(flat::PROTOCOL_AH);
        m_sink6(*packet, whole);
    }
    return RX_OK;
}

void
AhL4Protocol::DoDispose()
{
    m_sink4 = nullptr;
    m_sink6 = nullptr;
    EspL4Protocol::DoDispose();
}

} // namespace ns3
