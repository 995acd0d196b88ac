// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ipsec_stack.h"

#include "sim/buffer_lease.h"
#include "sim/flat_packet.h"
#include "sim/ipsec_net_device.h"

#include "ns3/boolean.h"
#include "ns3/log.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/udp-l4-protocol.h"
#include "ns3/uinteger.h"

#include <algorithm>

/**
 * The hooks of a node: what they are, where they sit, and the routes that lead local packets to
 * policy. ipsec_stack_outbound.cc and ipsec_stack_inbound.cc are the paths of packets.
 */
namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IpsecStack");
NS_OBJECT_ENSURE_REGISTERED(IpsecStack);

using ikelab::Bytes;
using ikelab::IpAddress;
using ikelab::PacketBuffer;
using ikelab::gateway::Arrival;

namespace
{

/// Destinations of local senders that are remembered.
constexpr size_t PREFERENCES = 4096;
/// Of a route that nobody else holds: the caller's and CaptureRoute's own.
constexpr uint32_t OUR_REFERENCES = 2;

} // namespace

TypeId
IpsecStack::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IpsecStack")
            .SetParent<Object>()
            .SetGroupName("Ikelab")
            .AddConstructor<IpsecStack>()
            .AddAttribute(
                "Policy",
                "Judge every packet that leaves, is forwarded or comes in (RFC 4301 §5). "
                "Without it only a tunnel device protects, and only what is routed to it.",
                BooleanValue(true),
                MakeBooleanAccessor(&IpsecStack::m_policy),
                MakeBooleanChecker())
            .AddAttribute("CopyDontFragment",
                          "The outer IPv4 header takes the inner DF (RFC 4301 §8.1), and senders "
                          "of forwarded packets are told when they are too big. Otherwise outer "
                          "packets are fragmented.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&IpsecStack::m_copyDontFragment),
                          MakeBooleanChecker())
            .AddAttribute("TunnelTtl",
                          "TTL or hop limit of outer headers (RFC 4301 §5.1.2).",
                          UintegerValue(64),
                          MakeUintegerAccessor(&IpsecStack::m_tunnelTtl),
                          MakeUintegerChecker<uint8_t>(1))
            .AddAttribute("PreferProtectedSource",
                          "Local senders without an address of their own get one that the policy "
                          "for their destination protects, as charon's install_routes does.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&IpsecStack::m_preferProtectedSource),
                          MakeBooleanChecker())
            .AddAttribute("ReversePathCheck",
                          "Refuse to forward what comes from a link that does not lead back to its "
                          "source (RFC 3704 §2.2): nobody outside can have packets protected that "
                          "pretend to come from inside.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&IpsecStack::m_reversePathCheck),
                          MakeBooleanChecker())
            .AddAttribute("ShortInput",
                          "Whole ESP packets to an address of the receiving device are opened "
                          "without a walk through the IP layer, whose Rx and LocalDeliver traces "
                          "then show the inner packets only. Saves a tenth of a hop's time.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&IpsecStack::m_shortInput),
                          MakeBooleanChecker())
            .AddAttribute(
                "ShortOutput",
                "Sealed IPv4 packets that fit go straight to a point-to-point device "
                "with one queue and no queueing discipline. The IP layer's Tx trace then "
                "shows the inner packets only. Saves a tenth of a hop's time.",
                BooleanValue(true),
                MakeBooleanAccessor(&IpsecStack::SetShortOutput, &IpsecStack::GetShortOutput),
                MakeBooleanChecker())
            .AddTraceSource("PacketProtected",
                            "A packet was sealed and leaves.",
                            MakeTraceSourceAccessor(&IpsecStack::m_protectedTrace),
                            "ns3::IpsecStack::ProtectedCallback")
            .AddTraceSource("PacketDelivered",
                            "An inner packet was opened and goes on.",
                            MakeTraceSourceAccessor(&IpsecStack::m_deliveredTrace),
                            "ns3::IpsecStack::DeliveredCallback")
            .AddTraceSource("PacketRefused",
                            "A packet was dropped by policy or could not be processed.",
                            MakeTraceSourceAccessor(&IpsecStack::m_refusedTrace),
                            "ns3::IpsecStack::RefusedCallback");
    return tid;
}

Ptr<IpsecStack>
IpsecStack::Install(Ptr<Node> node)
{
    Ptr<IpsecStack> stack = node->GetObject<IpsecStack>();
    if (!stack)
    {
        stack = CreateObject<IpsecStack>();
        stack->Attach(node);
        node->AggregateObject(stack);
    }
    return stack;
}

void
IpsecStack::Attach(Ptr<Node> node)
{
    NS_LOG_FUNCTION(this << node);
    m_node = node;
    m_checksums = Node::ChecksumEnabled();
    Ptr<Ipv4L3Protocol> ipv4 = node->GetObject<Ipv4L3Protocol>();
    Ptr<Ipv6L3Protocol> ipv6 = node->GetObject<Ipv6L3Protocol>();
    NS_ABORT_MSG_UNLESS(ipv4 || ipv6, "IpsecStack: the node has no Internet stack");

    m_capture = CreateObject<CaptureNetDevice>();
    node->AddDevice(m_capture);
    m_capture->SetSink(
        [this](Ptr<Packet> packet)
        {
            BufferLease lease(m_buffer);
            flat::Flatten(*packet, *lease);
            FromCapture(*lease, *packet);
        });

    m_esp = CreateObject<EspL4Protocol>();
    m_esp->SetSink([this](Ptr<Packet> packet, const Arrival& arrival)
                   { FromEsp(packet, arrival); });
    m_ah = CreateObject<AhL4Protocol>();
    m_ah->SetSinks(
        [this](const Packet& packet, const Ipv4Header& header) { FromAh(packet, header); },
        [this](const Packet& packet, const Ipv6Header& header) { FromAh(packet, header); });
    m_udp = CreateObject<UdpPortFilter>();
    m_udp->SetSink([this](Ptr<Packet> packet, const Arrival& arrival)
                   { FromUdp(packet, arrival); });
    if (Ptr<UdpL4Protocol> udp = node->GetObject<UdpL4Protocol>())
    {
        m_udp->SetReal(udp);
    }

    if (ipv4)
    {
        const uint32_t interface = ipv4->AddInterface(m_capture);
        // ns-3's sockets ask every interface for its first address as they broadcast, and leave out
        // those whose is this one. With this mask it makes no route.
        ipv4->AddAddress(interface, Ipv4InterfaceAddress("127.0.0.1", Ipv4Mask::GetOnes()));
        ipv4->SetUp(interface);
        ipv4->SetForwarding(interface, true);
        ipv4->Insert(m_esp);
        ipv4->Insert(m_ah);
        ipv4->Insert(m_udp);
        m_routing4 = CreateObject<IpsecIpv4Routing>();
        m_routing4->SetInner(ipv4->GetRoutingProtocol());
        m_routing4->SetStack(this);
        ipv4->SetRoutingProtocol(m_routing4);
    }
    if (ipv6)
    {
        const uint32_t interface = ipv6->AddInterface(m_capture);
        ipv6->SetUp(interface);
        ipv6->SetForwarding(interface, true);
        ipv6->Insert(m_esp);
        ipv6->Insert(m_ah);
        ipv6->Insert(m_udp);
        m_routing6 = CreateObject<IpsecIpv6Routing>();
        m_routing6->SetInner(ipv6->GetRoutingProtocol());
        m_routing6->SetStack(this);
        ipv6->SetRoutingProtocol(m_routing6);
    }
    m_output.Setup(node, GetIpv4Routing(), GetIpv6Routing(), m_capture);

    m_ingress = CreateObject<IngressGate>();
    m_ingress->Attach(node,
                      [this](const Ptr<NetDevice>& device, const Packet& packet)
                      { return Admit(device, packet); });
    m_egress = CreateObject<EgressGate>();
    m_egress->Attach(
        node,
        [this]() { return !m_policy || m_output.IsSending(); },
        [this](const Ptr<NetDevice>& device, PacketBuffer& packet)
        { return Egress(device, packet); });
    m_egress->Divert(m_capture,
                     [this](PacketBuffer& packet, const Packet& payload)
                     { FromCapture(packet, payload); });
}

void
IpsecStack::SetEngine(IpsecEngine* engine)
{
    m_engine = engine;
    m_preferred.clear();
    const auto taken = [engine](uint16_t port)
    {
        return engine && engine->TakesPort(port);
    };
    if (m_udp) // ns-3 disposes of a node's objects in no fixed order: the application may come last
    {
        m_udp->SetTaken(taken);
    }
    m_own.SetTaken(taken);
}

void
IpsecStack::SetProtectedSide(Ptr<NetDevice> device)
{
    m_protectedSide.insert(device->GetIfIndex());
    m_ingress->Exempt(device);
    m_egress->Exempt(device);
}

void
IpsecStack::SetTunnelDevice(Ptr<IpsecNetDevice> device)
{
    m_tunnels[device->GetIfId()] = device;
    // What goes in is protected or dropped by the device; what comes out was checked when opened.
    SetProtectedSide(device);
}

void
IpsecStack::SetShortOutput(bool on)
{
    m_output.SetShort(on);
}

bool
IpsecStack::GetShortOutput() const
{
    return m_output.IsShort();
}

Ptr<IpsecNetDevice>
IpsecStack::GetTunnelDevice(uint32_t ifId) const
{
    const auto found = m_tunnels.find(ifId);
    return found == m_tunnels.end() ? nullptr : found->second;
}

bool
IpsecStack::IsTunnel(const Ptr<const NetDevice>& device) const
{
    return std::ranges::any_of(m_tunnels,
                               [&](const auto& tunnel) { return tunnel.second == device; });
}

bool
IpsecStack::IsLoopback(const Ptr<NetDevice>& device) const
{
    if (device && device == m_lastLink)
    {
        return false;
    }
    const bool loopback = DynamicCast<LoopbackNetDevice>(device) != nullptr;
    if (!loopback)
    {
        m_lastLink = device;
    }
    return loopback;
}

Ptr<Ipv4RoutingProtocol>
IpsecStack::GetIpv4Routing() const
{
    return m_routing4 ? m_routing4->GetInner() : nullptr;
}

Ptr<Ipv6RoutingProtocol>
IpsecStack::GetIpv6Routing() const
{
    return m_routing6 ? m_routing6->GetInner() : nullptr;
}

Ptr<CaptureNetDevice>
IpsecStack::GetCaptureDevice() const
{
    return m_capture;
}

void
IpsecStack::CoverInterfaces()
{
    if (m_ingress && m_egress)
    {
        m_ingress->Cover();
        m_egress->Cover();
    }
}

void
IpsecStack::ForgetAddresses()
{
    m_output.ForgetAddresses();
    m_preferred.clear();
}

std::optional<IpAddress>
IpsecStack::PreferSource(const IpAddress& destination) const
{
    if (!m_preferProtectedSource || !m_engine)
    {
        return std::nullopt;
    }
    auto known = m_preferred.find(destination);
    if (known == m_preferred.end())
    {
        if (m_preferred.size() >= PREFERENCES)
        {
            m_preferred.clear();
        }
        known = m_preferred
                    .emplace(destination,
                             m_engine->PreferSource(destination, m_output.LocalAddresses()))
                    .first;
    }
    return known->second;
}

bool
IpsecStack::IsProtectedSide(const Ptr<const NetDevice>& device) const
{
    return !m_protectedSide.empty() && device && m_protectedSide.contains(device->GetIfIndex());
}

Ptr<Ipv4Route>
IpsecStack::CaptureRoute(const Ptr<Ipv4Route>& route, Ipv4Address destination, bool bound)
{
    // The rest meets policy in the egress gate.
    if (!m_policy || !route || bound || destination.IsMulticast() || destination.IsBroadcast())
    {
        return route;
    }
    const Ptr<NetDevice> device = route->GetOutputDevice();
    if (IsLoopback(device) || IsProtectedSide(device))
    {
        return route;
    }
    Ptr<Ipv4Route> captured = route;
    if (route->GetReferenceCount() > OUR_REFERENCES)
    {
        captured = Create<Ipv4Route>(*route); // the routing protocol keeps it
    }
    const IpAddress address = flat::ToIpAddress(destination);
    if (const auto source = PreferSource(address))
    {
        captured->SetSource(flat::ToIpv4Address(*source));
    }
    m_output.ExpectPacket(address, device);
    captured->SetOutputDevice(m_capture);
    return captured;
}

Ptr<Ipv6Route>
IpsecStack::CaptureRoute(const Ptr<Ipv6Route>& route, Ipv6Address destination, bool bound) const
{
    // Link-local addresses need their link; ns-3 forwards none of them.
    if (!m_policy || !route || bound || destination.IsMulticast() || destination.IsLinkLocal() ||
        IsLoopback(route->GetOutputDevice()) || IsProtectedSide(route->GetOutputDevice()))
    {
        return route;
    }
    Ptr<Ipv6Route> captured = route;
    if (route->GetReferenceCount() > OUR_REFERENCES)
    {
        captured = Create<Ipv6Route>(*route); // the routing protocol keeps it
    }
    if (const auto source = PreferSource(flat::ToIpAddress(destination)))
    {
        captured->SetSource(flat::ToIpv6Address(*source));
    }
    captured->SetOutputDevice(m_capture);
    return captured;
}

std::optional<uint32_t>
IpsecStack::LocalInterface(Ipv4Address address, const Ptr<const NetDevice>& device) const
{
    return m_output.InterfaceOf(flat::ToIpAddress(address), device);
}

void
IpsecStack::Refuse(Bytes packet, bool inbound)
{
    NS_LOG_LOGIC("refused " << packet.size() << " octets, inbound " << inbound);
    m_refusedTrace(packet, inbound);
}

void
IpsecStack::DoDispose()
{
    m_engine = nullptr;
    if (m_routing4)
    {
        m_routing4->SetStack(nullptr);
    }
    if (m_routing6)
    {
        m_routing6->SetStack(nullptr);
    }
    for (Ptr<Object> part :
         std::initializer_list<Ptr<Object>>{m_ingress, m_egress, m_esp, m_ah, m_udp})
    {
        if (part)
        {
            part->Dispose();
        }
    }
    if (m_capture)
    {
        m_capture->SetSink(nullptr);
    }
    m_output.Clear();
    m_held = {};
    m_node = nullptr;
    m_routing4 = nullptr;
    m_routing6 = nullptr;
    m_capture = nullptr;
    m_lastLink = nullptr;
    m_ingress = nullptr;
    m_egress = nullptr;
    m_esp = nullptr;
    m_ah = nullptr;
    m_udp = nullptr;
    m_tunnels.clear();
    Object::DoDispose();
}

} // namespace ns3
