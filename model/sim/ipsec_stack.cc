// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ipsec_stack.h"

#include "sim/flat_packet.h"
#include "sim/icmp_error.h"
#include "sim/ipsec_net_device.h"
#include "sim/judged_tag.h"

#include "ns3/boolean.h"
#include "ns3/icmpv4-l4-protocol.h"
#include "ns3/icmpv6-l4-protocol.h"
#include "ns3/log.h"
#include "ns3/trace-source-accessor.h"
#include "ns3/udp-l4-protocol.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <array>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IpsecStack");
NS_OBJECT_ENSURE_REGISTERED(IpsecStack);

using ikelab::Bytes;
using ikelab::IpAddress;
using ikelab::PacketBuffer;
using ikelab::gateway::Origin;
using ikelab::gateway::Outgoing;
using ikelab::gateway::Verdict;

namespace
{

constexpr size_t IPV4_OCTETS = 20;
constexpr size_t IPV6_OCTETS = 40;
constexpr size_t FRAGMENT_OCTETS = 8;
constexpr uint8_t PROTOCOL_FRAGMENT = 44;
constexpr uint8_t PROTOCOL_ICMPV6 = 58;
/// Enough for an IPv6 header, a fragment header and a UDP header.
constexpr size_t HEAD_OCTETS = 60;
/// Fragmented datagrams to our ports of which later parts may still come.
constexpr size_t UDP_FRAGMENTS = 64;
/// Destinations of local senders that are remembered.
constexpr size_t PREFERENCES = 4096;
/// Padding of another size of packet may be this much more.
constexpr uint32_t PADDING_SLACK = 15;
constexpr uint32_t IPV6_MINIMUM_MTU = 1280; // RFC 8200 §5
constexpr uint32_t IPV4_MINIMUM_MTU = 68;   // RFC 791 §3.2

uint16_t
Load16(Bytes place)
{
    return static_cast<uint16_t>((place[0] << 8) | place[1]);
}

uint32_t
Load32(Bytes place)
{
    return (static_cast<uint32_t>(Load16(place)) << 16) | Load16(place.subspan(2));
}

/// Neighbour discovery never leaves its link (RFC 4861 §7.1: hop limit 255), and without it there
/// is no link.
bool
IsNeighbourDiscovery(Bytes head)
{
    return flat::Version(head) == 6 && head.size() > IPV6_OCTETS && head[6] == PROTOCOL_ICMPV6 &&
           head[7] == 255 && head[IPV6_OCTETS] >= 133 && head[IPV6_OCTETS] <= 137;
}

/// ns-3 leaves the header checksum 0 unless ChecksumEnabled is set; inside a tunnel it is ours.
void
FillHeaderChecksum(ikelab::MutableBytes packet)
{
    if (flat::Version(packet) == 4 && packet.size() >= IPV4_OCTETS &&
        Load16(packet.subspan(10)) == 0)
    {
        const uint16_t sum = ~flat::OnesComplementSum(packet.first(IPV4_OCTETS));
        packet[10] = static_cast<uint8_t>(sum >> 8);
        packet[11] = static_cast<uint8_t>(sum);
    }
}

/// A buffer taken from its place for a while, so that what happens meanwhile finds another.
class Lease
{
  public:
    explicit Lease(PacketBuffer& place) : m_place(place), m_buffer(std::move(place))
    {
    }

    ~Lease()
    {
        m_place = std::move(m_buffer);
    }

    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    PacketBuffer&
    operator*()
    {
        return m_buffer;
    }

  private:
    PacketBuffer& m_place;
    PacketBuffer m_buffer;
};

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
    Ptr<Ipv4L3Protocol> ipv4 = node->GetObject<Ipv4L3Protocol>();
    Ptr<Ipv6L3Protocol> ipv6 = node->GetObject<Ipv6L3Protocol>();
    NS_ABORT_MSG_UNLESS(ipv4 || ipv6, "IpsecStack: the node has no Internet stack");

    m_capture = CreateObject<CaptureNetDevice>();
    node->AddDevice(m_capture);
    m_capture->SetSink([this](Ptr<Packet> packet) { FromCapture(packet); });

    m_esp = CreateObject<EspL4Protocol>();
    m_esp->SetSink([this](Ptr<Packet> packet, const ikelab::Path& path) { FromEsp(packet, path); });
    m_udp = CreateObject<UdpPortFilter>();
    m_udp->SetSink([this](Ptr<Packet> packet, const ikelab::Path& path) { FromUdp(packet, path); });
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
        ipv6->Insert(m_udp);
        m_routing6 = CreateObject<IpsecIpv6Routing>();
        m_routing6->SetInner(ipv6->GetRoutingProtocol());
        m_routing6->SetStack(this);
        ipv6->SetRoutingProtocol(m_routing6);
    }
    m_output.Setup(node, GetIpv4Routing(), GetIpv6Routing(), m_capture);

    m_ingress = CreateObject<IngressGate>();
    m_ingress->Attach(node, [this](const Packet& packet) { return Admit(packet); });
    m_egress = CreateObject<EgressGate>();
    m_egress->Attach(node, [this](PacketBuffer& packet) { return Egress(packet); });
}

void
IpsecStack::SetEngine(IpsecEngine* engine)
{
    m_engine = engine;
    m_preferred.clear();
    m_udp->SetTaken([engine](uint16_t port) { return engine && engine->TakesPort(port); });
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
    m_tunnel = device;
    // What goes in is protected or dropped by the device; what comes out was checked when opened.
    SetProtectedSide(device);
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
    m_preferred.clear();
}

IpAddress
IpsecStack::PreferSource(const IpAddress& destination, const IpAddress& source) const
{
    if (!m_preferProtectedSource || !m_engine)
    {
        return source;
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
    return known->second.value_or(source);
}

bool
IpsecStack::IsProtectedSide(const Ptr<const NetDevice>& device) const
{
    return !m_protectedSide.empty() && device && m_protectedSide.contains(device->GetIfIndex());
}

Ptr<Ipv4Route>
IpsecStack::CaptureRoute(Ptr<Ipv4Route> route, Ipv4Address destination, bool bound) const
{
    // The rest meets policy in the egress gate.
    if (!m_policy || !route || bound || destination.IsMulticast() || destination.IsBroadcast() ||
        DynamicCast<LoopbackNetDevice>(route->GetOutputDevice()) ||
        IsProtectedSide(route->GetOutputDevice()))
    {
        return route;
    }
    Ptr<Ipv4Route> captured = Create<Ipv4Route>();
    captured->SetDestination(route->GetDestination());
    captured->SetSource(flat::ToIpv4Address(
        PreferSource(flat::ToIpAddress(destination), flat::ToIpAddress(route->GetSource()))));
    captured->SetGateway(route->GetGateway());
    captured->SetOutputDevice(m_capture);
    return captured;
}

Ptr<Ipv6Route>
IpsecStack::CaptureRoute(Ptr<Ipv6Route> route, Ipv6Address destination, bool bound) const
{
    // Link-local addresses need their link; ns-3 forwards none of them.
    if (!m_policy || !route || bound || destination.IsMulticast() || destination.IsLinkLocal() ||
        DynamicCast<LoopbackNetDevice>(route->GetOutputDevice()) ||
        IsProtectedSide(route->GetOutputDevice()))
    {
        return route;
    }
    Ptr<Ipv6Route> captured = Create<Ipv6Route>();
    captured->SetDestination(route->GetDestination());
    captured->SetSource(flat::ToIpv6Address(
        PreferSource(flat::ToIpAddress(destination), flat::ToIpAddress(route->GetSource()))));
    captured->SetGateway(route->GetGateway());
    captured->SetOutputDevice(m_capture);
    return captured;
}

bool
IpsecStack::ComesFromItsSide(const IpAddress& source, const Ptr<const NetDevice>& device) const
{
    if (!m_reversePathCheck || device == m_capture || device == m_tunnel)
    {
        return true;
    }
    const auto hop = m_output.Lookup(source);
    return !hop || hop->device == device;
}

template <typename Header>
IpsecStack::Forwarded
IpsecStack::JudgeForwarded(const Packet& packet,
                           const Header& header,
                           const Ptr<const NetDevice>& device)
{
    if (!m_engine)
    {
        return {true};
    }
    if (!ComesFromItsSide(flat::ToIpAddress(header.GetSource()), device))
    {
        Lease lease(m_buffer);
        flat::Flatten(header, packet, *lease);
        Refuse((*lease).View(), true);
        return {true};
    }
    if (!m_protectedSide.empty())
    {
        const auto hop = m_output.Lookup(flat::ToIpAddress(header.GetDestination()));
        if (hop && IsProtectedSide(hop->device))
        {
            return {};
        }
    }
    Lease lease(m_buffer);
    PacketBuffer& buffer = *lease;
    flat::Flatten(header, packet, buffer);
    if (!flat::DecrementTtl(buffer.View()))
    {
        return {}; // dies in ns-3's forwarding, which tells the source
    }
    const size_t clearOctets = buffer.Size();
    Outgoing outgoing;
    const Verdict verdict = m_engine->Outbound(Origin::FORWARDED, buffer, outgoing);
    Forwarded result{true};
    switch (verdict)
    {
    case Verdict::BYPASS:
        packet.AddPacketTag(IpsecJudgedTag());
        return {};
    case Verdict::PROTECT:
        result.tooBigFor =
            SendProtected(buffer, outgoing, clearOctets, std::is_same_v<Header, Ipv6Header>, true);
        break;
    case Verdict::DISCARD:
        Refuse(buffer.View(), false);
        break;
    default:
        break;
    }
    m_engine->Settle();
    return result;
}

bool
IpsecStack::TakeForwarded(const Packet& packet,
                          const Ipv4Header& header,
                          Ptr<const NetDevice> device)
{
    Ptr<Ipv4L3Protocol> ipv4 = m_output.GetIpv4();
    if (!m_policy || header.GetDestination().IsMulticast() ||
        ipv4->IsDestinationAddress(header.GetDestination(),
                                   static_cast<uint32_t>(ipv4->GetInterfaceForDevice(device))))
    {
        return false;
    }
    const Forwarded result = JudgeForwarded(packet, header, device);
    if (result.tooBigFor != 0)
    {
        if (Ptr<Icmpv4L4Protocol> icmp = m_node->GetObject<Icmpv4L4Protocol>())
        {
            icmp->SendDestUnreachFragNeeded(
                header, packet.Copy(), static_cast<uint16_t>(result.tooBigFor));
        }
    }
    return result.taken;
}

bool
IpsecStack::TakeForwarded(const Packet& packet,
                          const Ipv6Header& header,
                          Ptr<const NetDevice> device)
{
    if (!m_policy || header.GetDestination().IsMulticast() || header.GetDestination().IsLinkLocal())
    {
        return false;
    }
    const Forwarded result = JudgeForwarded(packet, header, device);
    if (result.tooBigFor != 0)
    {
        if (Ptr<Icmpv6L4Protocol> icmp = m_node->GetObject<Icmpv6L4Protocol>())
        {
            Ptr<Packet> whole = packet.Copy();
            whole->AddHeader(header);
            icmp->SendErrorTooBig(whole, header.GetSource(), result.tooBigFor);
        }
    }
    return result.taken;
}

void
IpsecStack::FromCapture(Ptr<Packet> packet)
{
    Lease lease(m_buffer);
    flat::Flatten(*packet, *lease);
    FillHeaderChecksum((*lease).View());
    if (JudgeLocal(*lease))
    {
        m_output.SendPacket((*lease).View());
    }
}

bool
IpsecStack::Egress(PacketBuffer& packet)
{
    return !m_policy || IsNeighbourDiscovery(packet.View()) || JudgeLocal(packet);
}

bool
IpsecStack::JudgeLocal(PacketBuffer& packet)
{
    if (!m_engine)
    {
        return false;
    }
    const bool aboutProtected = AimsIntoTunnel(packet);
    const size_t clearOctets = packet.Size();
    Outgoing outgoing;
    Verdict verdict = m_engine->Outbound(Origin::LOCAL, packet, outgoing);
    if (verdict == Verdict::BYPASS && aboutProtected)
    {
        verdict = Verdict::DISCARD;
    }
    switch (verdict)
    {
    case Verdict::BYPASS:
        return true;
    case Verdict::PROTECT:
        SendProtected(packet, outgoing, clearOctets, false, false);
        break;
    case Verdict::DISCARD:
        Refuse(packet.View(), false);
        break;
    default:
        break;
    }
    m_engine->Settle();
    return false;
}

bool
IpsecStack::AimsIntoTunnel(PacketBuffer& packet)
{
    // An error tells octets of the packet that it is about. If that one came through a tunnel, the
    // error must go back by it: from an address that the tunnel's selectors know, if there is one.
    const auto reported = flat::ReadIcmpError(packet.View());
    if (!reported || m_engine->InboundClear(reported->packet) != Verdict::DISCARD)
    {
        return false;
    }
    IpAddress source = reported->destination;
    if (!m_output.IsLocal(source))
    {
        const auto hop = m_output.Lookup(source);
        if (!hop)
        {
            return true;
        }
        source = hop->source;
    }
    if (source.IsV4() == (flat::Version(packet.View()) == 4))
    {
        flat::SetIcmpSource(packet.View(), source);
    }
    return true;
}

uint32_t
IpsecStack::SendProtected(PacketBuffer& packet,
                          const Outgoing& outgoing,
                          size_t clearOctets,
                          bool innerV6,
                          bool mayReport)
{
    IpOutput::Outer outer;
    outer.source = outgoing.path.local.address;
    outer.destination = outgoing.path.remote.address;
    outer.protocol = outgoing.udpEncapsulation ? flat::PROTOCOL_UDP : flat::PROTOCOL_ESP;
    outer.trafficClass = outgoing.trafficClass;
    outer.ttl = m_tunnelTtl;
    if (outgoing.dontFragment && m_copyDontFragment)
    {
        const auto hop = m_output.Lookup(outer.destination);
        const size_t around = (outer.destination.IsV4() ? IPV4_OCTETS : IPV6_OCTETS) +
                              (outgoing.udpEncapsulation ? flat::UDP_HEADER_OCTETS : 0);
        const size_t total = around + packet.Size();
        const uint32_t mtu = hop ? hop->device->GetMtu() : 0;
        outer.dontFragment = outer.destination.IsV4() && total <= mtu;
        if (mayReport && hop && total > mtu)
        {
            // RFC 4301 §8.2: the source learns how much fits inside.
            const size_t overhead = total - clearOctets + PADDING_SLACK;
            const uint32_t room = mtu > overhead ? mtu - static_cast<uint32_t>(overhead) : 0;
            const uint32_t least = innerV6 ? IPV6_MINIMUM_MTU : IPV4_MINIMUM_MTU;
            if (room >= least)
            {
                return room;
            }
        }
    }
    const auto octets = static_cast<uint32_t>(packet.Size());
    if (outgoing.udpEncapsulation)
    {
        // RFC 3948 §2.1: no checksum over IPv4.
        flat::PrependUdp(packet, outgoing.path, outer.destination.IsV6());
    }
    if (m_output.SendPayload(outer, packet.View()))
    {
        m_protectedTrace(outgoing, octets);
    }
    return 0;
}

bool
IpsecStack::IsOurTraffic(Bytes head)
{
    const auto ends = flat::ReadEnds(head);
    if (!ends || !m_output.IsLocal(ends->destination))
    {
        return false;
    }
    uint8_t protocol = 0;
    size_t next = 0;
    UdpFragments key{ends->source, 0};
    uint16_t offset = 0;
    bool more = false;
    if (ends->destination.IsV4())
    {
        protocol = head[9];
        next = static_cast<size_t>(head[0] & 0x0f) * 4;
        offset = Load16(head.subspan(6)) & 0x1fff;
        more = (head[6] & 0x20) != 0;
        key.identification = Load16(head.subspan(4));
    }
    else
    {
        protocol = head[6];
        next = IPV6_OCTETS;
        if (protocol == PROTOCOL_FRAGMENT && head.size() >= IPV6_OCTETS + FRAGMENT_OCTETS)
        {
            protocol = head[IPV6_OCTETS];
            offset = Load16(head.subspan(IPV6_OCTETS + 2)) >> 3;
            more = (head[IPV6_OCTETS + 3] & 1) != 0;
            key.identification = Load32(head.subspan(IPV6_OCTETS + 4));
            next += FRAGMENT_OCTETS;
        }
    }
    if (protocol == flat::PROTOCOL_ESP)
    {
        return true;
    }
    if (protocol != flat::PROTOCOL_UDP || !m_engine)
    {
        return false;
    }
    if (offset != 0)
    {
        return std::ranges::find(m_udpFragments, key) != m_udpFragments.end();
    }
    const bool ours =
        head.size() >= next + 4 && m_engine->TakesPort(Load16(head.subspan(next + 2)));
    if (ours && more)
    {
        m_udpFragments.push_back(key);
        if (m_udpFragments.size() > UDP_FRAGMENTS)
        {
            m_udpFragments.pop_front();
        }
    }
    return ours;
}

bool
IpsecStack::ComesByTunnel(Bytes head) const
{
    const auto ends = flat::ReadEnds(head);
    if (!m_tunnel || !ends || ends->source.IsUnspecified())
    {
        return false;
    }
    const auto hop = m_output.Lookup(ends->source);
    return hop && hop->device == m_tunnel;
}

bool
IpsecStack::Admit(const Packet& packet)
{
    std::array<uint8_t, HEAD_OCTETS> octets;
    const Bytes head(octets.data(), packet.CopyData(octets.data(), octets.size()));
    if (IsNeighbourDiscovery(head))
    {
        return true;
    }
    if (!m_policy)
    {
        // Route-based: what belongs into the tunnel must not come beside it.
        if (ComesByTunnel(head) && !IsOurTraffic(head))
        {
            Refuse(head, true);
            return false;
        }
        return true;
    }
    if (IsOurTraffic(head))
    {
        return true;
    }
    if (!m_engine)
    {
        return false;
    }
    Lease lease(m_buffer);
    flat::Flatten(packet, *lease);
    if (m_engine->InboundClear((*lease).View()) == Verdict::BYPASS)
    {
        return true;
    }
    Refuse((*lease).View(), true);
    m_engine->Settle();
    return false;
}

void
IpsecStack::FromEsp(Ptr<Packet> packet, const ikelab::Path& path)
{
    if (m_engine)
    {
        Lease lease(m_buffer);
        flat::Flatten(*packet, *lease);
        Finish(m_engine->Esp(path, *lease), *lease);
    }
}

void
IpsecStack::FromUdp(Ptr<Packet> datagram, const ikelab::Path& path)
{
    if (!m_engine)
    {
        return;
    }
    Lease lease(m_buffer);
    PacketBuffer& buffer = *lease;
    flat::Flatten(*datagram, buffer);
    const auto udp = flat::ReadUdp(buffer.View(), path.remote.address, path.local.address);
    if (!udp || !udp->checksumGood)
    {
        return;
    }
    ikelab::Path withPorts = path;
    withPorts.local.port = udp->destinationPort;
    withPorts.remote.port = udp->sourcePort;
    buffer.DropFront(flat::UDP_HEADER_OCTETS);
    Finish(m_engine->Udp(withPorts, buffer), buffer);
}

void
IpsecStack::Finish(Verdict verdict, PacketBuffer& packet)
{
    m_engine->Settle();
    if (verdict == Verdict::DELIVER)
    {
        m_deliveredTrace(packet.View());
        if (m_tunnel)
        {
            m_tunnel->Deliver(packet.View());
        }
        else
        {
            m_output.Inject(packet.View());
        }
    }
    else if (verdict == Verdict::DISCARD)
    {
        Refuse(packet.View(), true);
    }
}

void
IpsecStack::Refuse(Bytes packet, bool inbound)
{
    NS_LOG_LOGIC("refused " << packet.size() << " octets, inbound " << inbound);
    m_refusedTrace(packet, inbound);
}

void
IpsecStack::SendUdp(const ikelab::Path& path, Bytes payload)
{
    ikelab::Path complete = path;
    if (complete.local.address.IsUnspecified())
    {
        if (const auto hop = m_output.Lookup(path.remote.address))
        {
            complete.local.address = hop->source;
        }
    }
    IpOutput::Outer outer;
    outer.source = complete.local.address;
    outer.destination = complete.remote.address;
    outer.protocol = flat::PROTOCOL_UDP;
    outer.ttl = m_tunnelTtl;
    Lease lease(m_buffer);
    (*lease).Assign(payload);
    flat::PrependUdp(*lease, complete, true);
    m_output.SendPayload(outer, (*lease).View());
}

void
IpsecStack::SendReleased(Bytes packet)
{
    if (!m_engine)
    {
        return;
    }
    Lease lease(m_buffer);
    (*lease).Assign(packet);
    Outgoing outgoing;
    switch (m_engine->Outbound(Origin::LOCAL, *lease, outgoing))
    {
    case Verdict::PROTECT:
        SendProtected(*lease, outgoing, packet.size(), false, false);
        break;
    case Verdict::BYPASS:
        m_output.SendPacket((*lease).View());
        break;
    case Verdict::DISCARD:
        Refuse((*lease).View(), false);
        break;
    default:
        break;
    }
}

bool
IpsecStack::SendTunnelled(Bytes packet)
{
    if (!m_engine)
    {
        return false;
    }
    Lease lease(m_buffer);
    (*lease).Assign(packet);
    FillHeaderChecksum((*lease).View());
    Outgoing outgoing;
    const Verdict verdict = m_engine->Outbound(Origin::FORWARDED, *lease, outgoing);
    if (verdict == Verdict::PROTECT)
    {
        SendProtected(*lease, outgoing, packet.size(), false, false);
    }
    else if (verdict != Verdict::HELD)
    {
        Refuse(packet, false); // BYPASS too: the device's promise is protection
    }
    m_engine->Settle();
    return verdict == Verdict::PROTECT || verdict == Verdict::HELD;
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
    for (Ptr<Object> part : std::initializer_list<Ptr<Object>>{m_ingress, m_egress, m_esp, m_udp})
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
    m_node = nullptr;
    m_routing4 = nullptr;
    m_routing6 = nullptr;
    m_capture = nullptr;
    m_ingress = nullptr;
    m_egress = nullptr;
    m_esp = nullptr;
    m_udp = nullptr;
    m_tunnel = nullptr;
    Object::DoDispose();
}

} // namespace ns3
