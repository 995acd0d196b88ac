// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/site_to_site.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "sim/flat_packet.h"
#include "sim/ns3_compat.h"

#include "ns3/boolean.h"
#include "ns3/config.h"
#include "ns3/csma-helper.h"
#include "ns3/double.h"
#include "ns3/drop-tail-queue.h"
#include "ns3/error-model.h"
#include "ns3/global-value.h"
#include "ns3/icmpv6-l4-protocol.h"
#include "ns3/inet-socket-address.h"
#include "ns3/inet6-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-raw-socket-factory.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/ipv6-raw-socket-factory.h"
#include "ns3/ipv6-static-routing-helper.h"
#include "ns3/ipv6-static-routing.h"
#include "ns3/ipv6.h"
#include "ns3/mac48-address.h"
#include "ns3/net-device-queue-interface.h"
#include "ns3/point-to-point-channel.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/pointer.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/tcp-socket-factory.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/uinteger.h"

#include <algorithm>

namespace ns3::testing
{

using ikelab::Bytes;
using ikelab::IpAddress;

namespace
{

constexpr uint8_t PROTOCOL_ICMP = 1;
constexpr uint8_t PROTOCOL_ICMPV6 = 58;
constexpr uint16_t SOURCE_PORT = 40000;
constexpr size_t ICMP_HEADER_OCTETS = 8;
/// Random streams; the gateways' are below.
constexpr int64_t LOSS_STREAMS = 1000;
constexpr int64_t STACK_STREAMS = 2000;
constexpr int64_t LAN_STREAMS = 3000;

IpAddress
Parse(const char* text)
{
    return *IpAddress::Parse(text);
}

/// Give a device an address; returns nothing of interest.
void
Assign(Ptr<NetDevice> device, const IpAddress& address)
{
    if (address.IsV4())
    {
        Ptr<Ipv4> ipv4 = device->GetNode()->GetObject<Ipv4>();
        int32_t interface = ipv4->GetInterfaceForDevice(device);
        if (interface < 0)
        {
            interface = static_cast<int32_t>(ipv4->AddInterface(device));
        }
        const auto index = static_cast<uint32_t>(interface);
        ipv4->AddAddress(index, Ipv4InterfaceAddress(flat::ToIpv4Address(address), "255.255.0.0"));
        ipv4->SetUp(index);
        return;
    }
    Ptr<Ipv6> ipv6 = device->GetNode()->GetObject<Ipv6>();
    int32_t interface = ipv6->GetInterfaceForDevice(device);
    if (interface < 0)
    {
        interface = static_cast<int32_t>(ipv6->AddInterface(device));
    }
    const auto index = static_cast<uint32_t>(interface);
    ipv6->SetUp(index);
    ipv6->AddAddress(index, Ipv6InterfaceAddress(flat::ToIpv6Address(address), Ipv6Prefix(64)));
}

void
RouteByDefault(Ptr<NetDevice> device, const IpAddress& gateway)
{
    Ptr<Node> node = device->GetNode();
    if (gateway.IsV4())
    {
        Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
        Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->SetDefaultRoute(
            flat::ToIpv4Address(gateway),
            static_cast<uint32_t>(ipv4->GetInterfaceForDevice(device)));
        return;
    }
    Ptr<Ipv6> ipv6 = node->GetObject<Ipv6>();
    Ipv6StaticRoutingHelper().GetStaticRouting(ipv6)->SetDefaultRoute(
        flat::ToIpv6Address(gateway), static_cast<uint32_t>(ipv6->GetInterfaceForDevice(device)));
}

/// An address of the WAN that carries no IPsec, for the family that the outer packets do not use:
/// what the default route of the inner family needs.
IpAddress
Other(bool v6, bool left)
{
    return v6 ? Parse(left ? "fd00::1" : "fd00::2") : Parse(left ? "192.0.2.1" : "192.0.2.2");
}

/// Of the part of the WAN behind the router.
IpAddress
FarSun(bool v6)
{
    return Parse(v6 ? "fd09::2" : "198.51.100.2");
}

IpAddress
RouterAddress(bool v6, bool left)
{
    return v6 ? Parse(left ? "fd00::9" : "fd09::9") : Parse(left ? "192.0.2.9" : "198.51.100.9");
}

ns3::Address
ToSocketAddress(const IpAddress& address, uint16_t port)
{
    if (address.IsV4())
    {
        return InetSocketAddress(flat::ToIpv4Address(address), port);
    }
    return Inet6SocketAddress(flat::ToIpv6Address(address), port);
}

Ptr<Packet>
ToPacket(const std::string& payload)
{
    return Create<Packet>(reinterpret_cast<const uint8_t*>(payload.data()),
                          static_cast<uint32_t>(payload.size()));
}

/// What PointToPointHelper does, with devices of another class.
NetDeviceContainer
LinkOf(const SiteToSite::Options& options, const Ptr<Node>& left, const Ptr<Node>& right)
{
    Ptr<PointToPointChannel> channel = CreateObject<PointToPointChannel>();
    channel->SetAttribute("Delay", StringValue(options.delay));
    NetDeviceContainer devices;
    for (const Ptr<Node>& node : {left, right})
    {
        Ptr<PointToPointNetDevice> device = options.wanDevice();
        device->SetAddress(Mac48Address::Allocate());
        device->SetAttribute("DataRate", StringValue(options.rate));
        device->SetMtu(options.wanMtu);
        device->SetQueue(CreateObject<DropTailQueue<Packet>>());
        node->AddDevice(device);
        Ptr<NetDeviceQueueInterface> queues = CreateObject<NetDeviceQueueInterface>();
        queues->GetTxQueue(0)->ConnectQueueTraces(device->GetQueue());
        device->AggregateObject(queues);
        device->Attach(channel);
        devices.Add(device);
    }
    return devices;
}

} // namespace

SiteToSite::SiteToSite(const Options& options)
{
    RngSeedManager::SetSeed(options.seed);
    RngSeedManager::SetRun(1);
    GlobalValue::Bind("ChecksumEnabled", BooleanValue(options.checksums));
    for (Ptr<Node>* node : {&alice, &moon, &sun, &bob})
    {
        *node = CreateObject<Node>();
    }
    if (options.mallory)
    {
        mallory = CreateObject<Node>();
    }
    CsmaHelper lan;
    lan.SetChannelAttribute("DataRate", StringValue(options.rate));
    if (options.pointToPointLans)
    {
        PointToPointHelper link;
        link.SetDeviceAttribute("DataRate", StringValue(options.rate));
        leftLan = link.Install(alice, moon);
        rightLan = link.Install(sun, bob);
    }
    else
    {
        leftLan = lan.Install(NodeContainer(alice, moon));
        rightLan = lan.Install(NodeContainer(sun, bob));
    }
    if (options.mallory)
    {
        lan.SetChannelAttribute("Delay", StringValue(options.delay));
        lan.SetDeviceAttribute("Mtu", UintegerValue(options.wanMtu));
        NodeContainer ends(moon, sun);
        ends.Add(mallory);
        wan = lan.Install(ends);
    }
    else
    {
        PointToPointHelper link;
        link.SetDeviceAttribute("DataRate", StringValue(options.rate));
        link.SetDeviceAttribute("Mtu", UintegerValue(options.wanMtu));
        link.SetChannelAttribute("Delay", StringValue(options.delay));
        if (options.wanDevice)
        {
            wan = LinkOf(options, moon, sun);
        }
        else if (options.farMtu == 0)
        {
            wan = link.Install(moon, sun);
        }
        else
        {
            router = CreateObject<Node>();
            const NetDeviceContainer near = link.Install(moon, router);
            link.SetDeviceAttribute("Mtu", UintegerValue(options.farMtu));
            const NetDeviceContainer far = link.Install(router, sun);
            wan = NetDeviceContainer(near.Get(0), far.Get(1));
            routerLinks = NetDeviceContainer(near.Get(1), far.Get(0));
        }
    }
    if (options.loss > 0)
    {
        for (uint32_t i = 0; i < 2; ++i)
        {
            Ptr<RateErrorModel> model = CreateObject<RateErrorModel>();
            model->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
            model->SetRate(options.loss);
            model->AssignStreams(LOSS_STREAMS + i);
            wan.Get(i)->SetAttribute("ReceiveErrorModel", PointerValue(model));
        }
    }
    int64_t lanStreams = LAN_STREAMS;
    InternetStackHelper stack;
    NodeContainer nodes(alice, moon, sun, bob);
    if (mallory)
    {
        nodes.Add(mallory);
    }
    if (router)
    {
        nodes.Add(router);
    }
    stack.Install(nodes);
    // After Install, for it pins the dice of protocols that are there, ARP's and ICMPv6's delays.
    // The streams that ns-3 hands out on its own differ between two runs of one process.
    stack.AssignStreams(nodes, STACK_STREAMS);
    for (const NetDeviceContainer* link : {&leftLan, &wan, &rightLan})
    {
        lanStreams += lan.AssignStreams(*link, lanStreams); // point-to-point devices throw no dice
    }
    Address(options);
}

SiteToSite::~SiteToSite()
{
    Simulator::Destroy();
}

void
SiteToSite::Address(const Options& options)
{
    for (Ptr<Node> node : {alice, moon, sun, bob, mallory, router})
    {
        if (node)
        {
            const BooleanValue forwards(node == moon || node == sun || node == router);
            node->GetObject<Icmpv6L4Protocol>()->SetAttribute("DAD", BooleanValue(false));
            node->GetObject<Ipv6>()->SetAttribute("IpForward", forwards);
            node->GetObject<Ipv4>()->SetAttribute("IpForward", forwards);
        }
    }
    const bool v6 = options.innerV6;
    aliceAddress = Parse(v6 ? "fd01::10" : "10.1.0.10");
    moonInside = Parse(v6 ? "fd01::1" : "10.1.0.1");
    sunInside = Parse(v6 ? "fd02::1" : "10.2.0.1");
    bobAddress = Parse(v6 ? "fd02::10" : "10.2.0.10");
    leftNet = v6 ? "fd01::/64" : "10.1.0.0/16";
    rightNet = v6 ? "fd02::/64" : "10.2.0.0/16";
    moonOutside = Other(options.outerV6, true);
    sunOutside = router ? FarSun(options.outerV6) : Other(options.outerV6, false);
    Assign(leftLan.Get(0), aliceAddress);
    Assign(leftLan.Get(1), moonInside);
    Assign(rightLan.Get(0), sunInside);
    Assign(rightLan.Get(1), bobAddress);
    RouteByDefault(leftLan.Get(0), moonInside);
    RouteByDefault(rightLan.Get(1), sunInside);
    AddressWan(options);
}

void
SiteToSite::AddressWan(const Options& options)
{
    if (router)
    {
        for (const bool family : {false, true})
        {
            Assign(wan.Get(0), Other(family, true));
            Assign(wan.Get(1), FarSun(family));
            for (const bool left : {false, true})
            {
                Assign(routerLinks.Get(left ? 0 : 1), RouterAddress(family, left));
                RouteByDefault(wan.Get(left ? 0 : 1), RouterAddress(family, left));
            }
        }
        return;
    }
    for (const bool family : {false, true})
    {
        Assign(wan.Get(0), Other(family, true));
        Assign(wan.Get(1), Other(family, false));
        if (mallory)
        {
            Assign(wan.Get(2), Parse(family ? "fd00::66" : "192.0.2.66"));
        }
    }
    RouteByDefault(wan.Get(0), Other(options.innerV6, false));
    RouteByDefault(wan.Get(1), Other(options.innerV6, true));
}

ikelab::gateway::Config
SiteToSite::GatewayConfig(bool left, const std::string& startAction) const
{
    using Json = nlohmann::ordered_json;
    const std::string local = (left ? moonOutside : sunOutside).ToString();
    const std::string remote = (left ? sunOutside : moonOutside).ToString();
    const Json json{
        {"connections",
         {{"net",
           {{"local_addrs", local},
            {"remote_addrs", remote},
            {"proposals", "aes128gcm16-prfsha256-x25519"},
            {"local", {{"auth", "psk"}, {"id", left ? "moon.example" : "sun.example"}}},
            {"remote", {{"auth", "psk"}, {"id", left ? "sun.example" : "moon.example"}}},
            {"children",
             {{"net-net",
               {{"local_ts", left ? leftNet : rightNet},
                {"remote_ts", left ? rightNet : leftNet},
                {"esp_proposals", "aes128gcm16"},
                {"start_action", startAction}}}}}}}}},
        {"secrets", {{"ike", {{"secret", "a shared key for tests"}}}}}};
    auto config = ikelab::gateway::ReadConfig(json);
    IKELAB_ASSERT(config.has_value());
    return *config;
}

ikelab::gateway::Config
SiteToSite::MoonConfig(const std::string& startAction) const
{
    return GatewayConfig(true, startAction);
}

ikelab::gateway::Config
SiteToSite::SunConfig() const
{
    return GatewayConfig(false, "none");
}

bool
SiteToSite::OnWan(const Ptr<NetDevice>& device) const
{
    return std::find(wan.Begin(), wan.End(), device) != wan.End();
}

void
SendUdpAt(Time at, Ptr<Node> from, const IpAddress& to, uint16_t port, const std::string& payload)
{
    SendUdpBoundAt(at, from, nullptr, to, port, payload);
}

void
SendUdpBoundAt(Time at,
               Ptr<Node> from,
               Ptr<NetDevice> device,
               const IpAddress& to,
               uint16_t port,
               const std::string& payload)
{
    Simulator::ScheduleWithContext(
        from->GetId(),
        at,
        [=]()
        {
            Ptr<Socket> socket = Socket::CreateSocket(from, UdpSocketFactory::GetTypeId());
            if (device)
            {
                socket->BindToNetDevice(device);
            }
            socket->SetAllowBroadcast(true);
            socket->SendTo(ToPacket(payload), 0, ToSocketAddress(to, port));
            socket->Close();
        });
}

void
PingAt(Time at, Ptr<Node> from, const IpAddress& to, const std::string& payload)
{
    Simulator::ScheduleWithContext(
        from->GetId(),
        at,
        [=]()
        {
            const bool v4 = to.IsV4();
            Ptr<Socket> socket = Socket::CreateSocket(
                from, v4 ? Ipv4RawSocketFactory::GetTypeId() : Ipv6RawSocketFactory::GetTypeId());
            socket->SetAttribute("Protocol", UintegerValue(v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6));
            ikelab::Buffer message{static_cast<uint8_t>(v4 ? 8 : 128), 0, 0, 0, 0x12, 0x34, 0, 1};
            message.insert(message.end(), payload.begin(), payload.end());
            if (v4)
            {
                const uint16_t sum = ~ikelab::OnesComplementSum(message);
                message[2] = static_cast<uint8_t>(sum >> 8);
                message[3] = static_cast<uint8_t>(sum);
            }
            // Over IPv6 the raw socket sums, for it alone knows the source.
            socket->SendTo(flat::ToPacket(message), 0, ToSocketAddress(to, 0));
            socket->Close();
        });
}

namespace
{

void
SendOn(Ptr<Socket> socket, const std::string& payload)
{
    constexpr double INTERVAL = 0.5;
    socket->Send(ToPacket(payload)); // into a full buffer if the peer is silent: no matter
    Simulator::Schedule(Seconds(INTERVAL), [=]() { SendOn(socket, payload); });
}

} // namespace

void
StreamTcpAt(Time at, Ptr<Node> from, const IpAddress& to, uint16_t port, const std::string& payload)
{
    Simulator::ScheduleWithContext(from->GetId(),
                                   at,
                                   [=]()
                                   {
                                       Ptr<Socket> socket = Socket::CreateSocket(
                                           from, TcpSocketFactory::GetTypeId());
                                       socket->Connect(ToSocketAddress(to, port));
                                       SendOn(socket, payload);
                                   });
}

void
SendFrameAt(Time at, Ptr<NetDevice> device, Ptr<NetDevice> to, const ikelab::Buffer& packet)
{
    Simulator::ScheduleWithContext(device->GetNode()->GetId(),
                                   at,
                                   [=]()
                                   {
                                       device->Send(flat::ToPacket(packet),
                                                    to->GetAddress(),
                                                    flat::Version(packet) == 4
                                                        ? compat::ETHERTYPE_IPV4
                                                        : compat::ETHERTYPE_IPV6);
                                   });
}

ikelab::Buffer
MakeUdpPacket(const IpAddress& source,
              const IpAddress& destination,
              uint16_t port,
              const std::string& payload,
              uint8_t ttl,
              bool dontFragment)
{
    ikelab::PacketBuffer datagram;
    datagram.Assign(Bytes(reinterpret_cast<const uint8_t*>(payload.data()), payload.size()));
    flat::PrependUdp(datagram, {{source, SOURCE_PORT}, {destination, port}}, true);
    Ptr<Packet> inside = flat::ToPacket(datagram.View());
    ikelab::PacketBuffer packet;
    if (source.IsV4())
    {
        Ipv4Header header;
        header.SetSource(flat::ToIpv4Address(source));
        header.SetDestination(flat::ToIpv4Address(destination));
        header.SetProtocol(flat::PROTOCOL_UDP);
        header.SetTtl(ttl);
        if (dontFragment)
        {
            header.SetDontFragment();
        }
        flat::Flatten(header, *inside, packet);
    }
    else
    {
        Ipv6Header header;
        header.SetSource(flat::ToIpv6Address(source));
        header.SetDestination(flat::ToIpv6Address(destination));
        header.SetNextHeader(flat::PROTOCOL_UDP);
        header.SetHopLimit(ttl);
        flat::Flatten(header, *inside, packet);
    }
    return ikelab::ToBuffer(packet.View());
}

UdpInbox::UdpInbox(Ptr<Node> node, bool v6, uint16_t port)
    : m_socket(Socket::CreateSocket(node, UdpSocketFactory::GetTypeId()))
{
    if (v6)
    {
        m_socket->Bind(Inet6SocketAddress(Ipv6Address::GetAny(), port));
    }
    else
    {
        m_socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
    }
    m_socket->SetRecvCallback(MakeCallback(&UdpInbox::Receive, this));
}

UdpInbox::~UdpInbox()
{
    m_socket->SetRecvCallback(MakeNullCallback<void, Ptr<Socket>>());
}

void
UdpInbox::Receive(Ptr<Socket> socket)
{
    while (Ptr<Packet> packet = socket->Recv())
    {
        std::string text(packet->GetSize(), '\0');
        packet->CopyData(reinterpret_cast<uint8_t*>(text.data()), packet->GetSize());
        datagrams.push_back(std::move(text));
    }
}

TcpInbox::TcpInbox(Ptr<Node> node, bool v6, uint16_t port)
    : m_socket(Socket::CreateSocket(node, TcpSocketFactory::GetTypeId()))
{
    if (v6)
    {
        m_socket->Bind(Inet6SocketAddress(Ipv6Address::GetAny(), port));
    }
    else
    {
        m_socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
    }
    m_socket->Listen();
    m_socket->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const ns3::Address&>(),
                                MakeCallback(&TcpInbox::Accept, this));
}

TcpInbox::~TcpInbox()
{
    m_socket->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const ns3::Address&>(),
                                MakeNullCallback<void, Ptr<Socket>, const ns3::Address&>());
    for (const auto& connection : m_connections)
    {
        connection->SetRecvCallback(MakeNullCallback<void, Ptr<Socket>>());
    }
}

void
TcpInbox::Accept(Ptr<Socket> connection, const ns3::Address&)
{
    m_connections.push_back(connection);
    connection->SetRecvCallback(MakeCallback(&TcpInbox::Receive, this));
}

void
TcpInbox::Receive(Ptr<Socket> connection)
{
    while (Ptr<Packet> packet = connection->Recv())
    {
        if (packet->GetSize() == 0)
        {
            return; // the end of the stream
        }
        std::string text(packet->GetSize(), '\0');
        packet->CopyData(reinterpret_cast<uint8_t*>(text.data()), packet->GetSize());
        octets += text;
    }
}

IcmpInbox::IcmpInbox(Ptr<Node> node, bool v6, uint8_t type)
    : m_v6(v6),
      m_type(type),
      m_socket(Socket::CreateSocket(node,
                                    v6 ? Ipv6RawSocketFactory::GetTypeId()
                                       : Ipv4RawSocketFactory::GetTypeId()))
{
    m_socket->SetAttribute("Protocol", UintegerValue(v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP));
    if (v6)
    {
        m_socket->Bind(Inet6SocketAddress(Ipv6Address::GetAny(), 0));
    }
    else
    {
        m_socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), 0));
    }
    m_socket->SetRecvCallback(MakeCallback(&IcmpInbox::Receive, this));
}

IcmpInbox::~IcmpInbox()
{
    m_socket->SetRecvCallback(MakeNullCallback<void, Ptr<Socket>>());
}

void
IcmpInbox::Receive(Ptr<Socket> socket)
{
    while (Ptr<Packet> packet = socket->Recv())
    {
        ikelab::PacketBuffer octets;
        flat::Flatten(*packet, octets);
        const size_t header = m_v6 ? 40 : 20; // raw sockets hand up the IP header too
        if (octets.Size() < header + ICMP_HEADER_OCTETS)
        {
            continue;
        }
        octets.DropFront(header);
        if (octets.View()[0] == m_type)
        {
            messages.push_back(ikelab::ToBuffer(octets.View()));
        }
    }
}

bool
Holds(Bytes frame, const std::string& octets)
{
    return std::search(frame.begin(),
                       frame.end(),
                       octets.begin(),
                       octets.end(),
                       [](uint8_t a, char b)
                       { return a == static_cast<uint8_t>(b); }) != frame.end();
}

} // namespace ns3::testing
