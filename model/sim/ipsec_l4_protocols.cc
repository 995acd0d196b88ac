// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ipsec_l4_protocols.h"

#include "sim/flat_packet.h"

#include <array>
#include <span>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(EspL4Protocol);
NS_OBJECT_ENSURE_REGISTERED(UdpPortFilter);

namespace
{

/// ns-3 puts fragments together and leaves in the header what says that they were some.
Ipv4Header
AsWhole(const Ipv4Header& header)
{
    Ipv4Header whole = header;
    whole.SetFragmentOffset(0);
    whole.SetLastFragment();
    return whole;
}

const Ipv6Header&
AsWhole(const Ipv6Header& header) // its fragment header is gone
{
    return header;
}

/// How a packet came, with its IP header as it was on the wire, but whole again if it came in
/// fragments: options and extension headers are gone by now.
template <size_t OCTETS>
struct Came
{
    template <typename Header>
    Came(const Header& header, const Packet& payload, uint8_t trafficClass)
    {
        flat::WriteHeader(AsWhole(header), payload.GetSize(), std::span(octets));
        arrival.trafficClass = trafficClass;
        arrival.path.local.address = flat::ToIpAddress(header.GetDestination());
        arrival.path.remote.address = flat::ToIpAddress(header.GetSource());
        arrival.header = octets;
    }

    Came(const Came&) = delete;
    Came& operator=(const Came&) = delete;

    std::array<uint8_t, OCTETS> octets;
    ikelab::gateway::Arrival arrival;
};

using Came4 = Came<flat::IPV4_HEADER_OCTETS>;
using Came6 = Came<flat::IPV6_HEADER_OCTETS>;

} // namespace

TypeId
EspL4Protocol::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IpsecEspL4Protocol")
                            .SetParent<IpL4Protocol>()
                            .SetGroupName("Ikelab")
                            .AddConstructor<EspL4Protocol>();
    return tid;
}

void
EspL4Protocol::SetSink(Sink sink)
{
    m_sink = std::move(sink);
}

int
EspL4Protocol::GetProtocolNumber() const
{
    return flat::PROTOCOL_ESP;
}

IpL4Protocol::RxStatus
EspL4Protocol::Receive(Ptr<Packet> packet, const Ipv4Header& header, Ptr<Ipv4Interface>)
{
    if (m_sink)
    {
        m_sink(packet, Came4(header, *packet, header.GetTos()).arrival);
    }
    return RX_OK;
}

IpL4Protocol::RxStatus
EspL4Protocol::Receive(Ptr<Packet> packet, const Ipv6Header& header, Ptr<Ipv6Interface>)
{
    if (m_sink)
    {
        m_sink(packet, Came6(header, *packet, header.GetTrafficClass()).arrival);
    }
    return RX_OK;
}

void
EspL4Protocol::SetDownTarget(DownTargetCallback callback)
{
    m_downTarget = callback;
}

void
EspL4Protocol::SetDownTarget6(DownTargetCallback6 callback)
{
    m_downTarget6 = callback;
}

IpL4Protocol::DownTargetCallback
EspL4Protocol::GetDownTarget() const
{
    return m_downTarget;
}

IpL4Protocol::DownTargetCallback6
EspL4Protocol::GetDownTarget6() const
{
    return m_downTarget6;
}

void
EspL4Protocol::DoDispose()
{
    m_sink = nullptr;
    m_downTarget.Nullify();
    m_downTarget6.Nullify();
    IpL4Protocol::DoDispose();
}

TypeId
UdpPortFilter::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IpsecUdpPortFilter")
                            .SetParent<IpL4Protocol>()
                            .SetGroupName("Ikelab")
                            .AddConstructor<UdpPortFilter>();
    return tid;
}

void
UdpPortFilter::SetReal(Ptr<IpL4Protocol> real)
{
    m_real = real;
}

void
UdpPortFilter::SetSink(Sink sink)
{
    m_sink = std::move(sink);
}

void
UdpPortFilter::SetTaken(std::function<bool(uint16_t)> taken)
{
    m_taken = std::move(taken);
}

int
UdpPortFilter::GetProtocolNumber() const
{
    return flat::PROTOCOL_UDP;
}

bool
UdpPortFilter::Takes(const Packet& packet) const
{
    std::array<uint8_t, 4> ports;
    if (!m_sink || !m_taken || packet.CopyData(ports.data(), ports.size()) < ports.size())
    {
        return false;
    }
    return m_taken(static_cast<uint16_t>((ports[2] << 8) | ports[3]));
}

IpL4Protocol::RxStatus
UdpPortFilter::Receive(Ptr<Packet> packet, const Ipv4Header& header, Ptr<Ipv4Interface> interface)
{
    const Ipv4Address to = header.GetDestination();
    if (!to.IsMulticast() && !to.IsBroadcast() && Takes(*packet))
    {
        m_sink(packet, Came4(header, *packet, header.GetTos()).arrival);
        return RX_OK;
    }
    return m_real ? m_real->Receive(packet, header, interface) : RX_ENDPOINT_CLOSED;
}

IpL4Protocol::RxStatus
UdpPortFilter::Receive(Ptr<Packet> packet, const Ipv6Header& header, Ptr<Ipv6Interface> interface)
{
    if (!header.GetDestination().IsMulticast() && Takes(*packet))
    {
        m_sink(packet, Came6(header, *packet, header.GetTrafficClass()).arrival);
        return RX_OK;
    }
    return m_real ? m_real->Receive(packet, header, interface) : RX_ENDPOINT_CLOSED;
}

void
UdpPortFilter::ReceiveIcmp(Ipv4Address icmpSource,
                           uint8_t icmpTtl,
                           uint8_t icmpType,
                           uint8_t icmpCode,
                           uint32_t icmpInfo,
                           Ipv4Address payloadSource,
                           Ipv4Address payloadDestination,
                           const uint8_t payload[8])
{
    if (m_real)
    {
        m_real->ReceiveIcmp(icmpSource,
                            icmpTtl,
                            icmpType,
                            icmpCode,
                            icmpInfo,
                            payloadSource,
                            payloadDestination,
                            payload);
    }
}

void
UdpPortFilter::ReceiveIcmp(Ipv6Address icmpSource,
                           uint8_t icmpTtl,
                           uint8_t icmpType,
                           uint8_t icmpCode,
                           uint32_t icmpInfo,
                           Ipv6Address payloadSource,
                           Ipv6Address payloadDestination,
                           const uint8_t payload[8])
{
    if (m_real)
    {
        m_real->ReceiveIcmp(icmpSource,
                            icmpTtl,
                            icmpType,
                            icmpCode,
                            icmpInfo,
                            payloadSource,
                            payloadDestination,
                            payload);
    }
}

void
UdpPortFilter::SetDownTarget(DownTargetCallback callback)
{
    m_real->SetDownTarget(callback);
}

void
UdpPortFilter::SetDownTarget6(DownTargetCallback6 callback)
{
    m_real->SetDownTarget6(callback);
}

IpL4Protocol::DownTargetCallback
UdpPortFilter::GetDownTarget() const
{
    return m_real->GetDownTarget();
}

IpL4Protocol::DownTargetCallback6
UdpPortFilter::GetDownTarget6() const
{
    return m_real->GetDownTarget6();
}

void
UdpPortFilter::DoDispose()
{
    m_real = nullptr;
    m_sink = nullptr;
    m_taken = nullptr;
    IpL4Protocol::DoDispose();
}

} // namespace ns3
