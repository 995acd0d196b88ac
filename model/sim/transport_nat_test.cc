// SPDX-License-Identifier: GPL-2.0-only
#include "esp/packet_info.h"
#include "sim/flat_packet.h"
#include "sim/ipsec_helper.h"
#include "sim/ipsec_stack.h"
#include "sim/link_tap.h"
#include "sim/testing/gateway_sites.h"
#include "sim/testing/nat_box.h"

#include "ns3/boolean.h"
#include "ns3/global-value.h"
#include "ns3/inet-socket-address.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/udp-socket-factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/**
 * Transport mode through NATs, RFC 7296 §2.23.1 and RFC 3948: what hosts in front of and behind
 * them say to each other, with ns-3 checking each checksum.
 */
namespace ns3
{

namespace
{

using ikelab::IpAddress;
using Json = nlohmann::ordered_json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NatBox;
using ::testing::SizeIs;

constexpr uint16_t PORT = 9;
constexpr uint16_t BACK_PORT = 7777;
constexpr double FIRST_PACKET = 3; // seconds: the SAs are there long before
const IpAddress CAROL = *IpAddress::Parse("10.0.0.2");
const IpAddress DAVE = *IpAddress::Parse("10.0.0.3");
const IpAddress NAT_A = *IpAddress::Parse("198.51.100.1");
const IpAddress OTHER_A = *IpAddress::Parse("198.51.100.99");
const IpAddress NAT_B = *IpAddress::Parse("203.0.113.2");
const IpAddress HIDDEN_SERVER = *IpAddress::Parse("172.16.0.2");
const std::string TEXT = "in transport mode through a NAT";

/**
 *     carol ---- NAT A ---- (NAT B) ---- server
 *     dave  ----
 */
class Network
{
  public:
    explicit Network(bool behindNat)
        : clientAddress(NAT_A),
          serverAddress(NAT_B),
          serverInside(behindNat ? HIDDEN_SERVER : NAT_B)
    {
        RngSeedManager::SetSeed(1);
        RngSeedManager::SetRun(1);
        GlobalValue::Bind("ChecksumEnabled", BooleanValue(true));
        for (Ptr<Node>* node : {&carol, &dave, &server, &m_natA, &m_natB})
        {
            *node = CreateObject<Node>();
        }
        const NodeContainer hosts(carol, dave, server);
        InternetStackHelper stack;
        stack.SetIpv6StackInstall(false);
        stack.Install(hosts);
        stack.AssignStreams(hosts, 2000);
        PointToPointHelper link;
        link.SetChannelAttribute("Delay", StringValue("5ms"));
        const NetDeviceContainer carols = link.Install(carol, m_natA);
        const NetDeviceContainer daves = link.Install(dave, m_natA);
        const NetDeviceContainer wan = link.Install(m_natA, behindNat ? m_natB : server);
        natA.emplace(NAT_A, wan.Get(0));
        natA->AddInside(carols.Get(1));
        natA->AddInside(daves.Get(1));
        Assign(carols.Get(0), CAROL);
        Assign(daves.Get(0), DAVE);
        if (behindNat)
        {
            const NetDeviceContainer servers = link.Install(m_natB, server);
            natB.emplace(NAT_B, wan.Get(1));
            natB->Forward(HIDDEN_SERVER, servers.Get(0));
            Assign(servers.Get(1), HIDDEN_SERVER);
        }
        else
        {
            Assign(wan.Get(1), NAT_B);
        }
    }

    ~Network()
    {
        Simulator::Destroy();
    }

    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    Ptr<Node> carol;
    Ptr<Node> dave;
    Ptr<Node> server;
    std::optional<NatBox> natA;
    std::optional<NatBox> natB;
    IpAddress clientAddress; ///< as the server knows it
    IpAddress serverAddress; ///< as clients know it
    IpAddress serverInside;

  private:
    static void
    Assign(Ptr<NetDevice> device, const IpAddress& address)
    {
        Ptr<Ipv4> ipv4 = device->GetNode()->GetObject<Ipv4>();
        const uint32_t index = ipv4->AddInterface(device);
        ipv4->AddAddress(index,
                         Ipv4InterfaceAddress(flat::ToIpv4Address(address), "255.255.255.0"));
        ipv4->SetUp(index);
        // Nobody answers to a next hop on these links, and nobody asks.
        Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->SetDefaultRoute("1.1.1.1", index);
    }

    Ptr<Node> m_natA;
    Ptr<Node> m_natB;
};

/// A UDP socket that keeps what comes, and from where.
class Talker
{
  public:
    Talker(Ptr<Node> node, uint16_t port)
        : m_node(node),
          m_socket(Socket::CreateSocket(node, UdpSocketFactory::GetTypeId()))
    {
        m_socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
        m_socket->SetRecvCallback(MakeCallback(&Talker::Receive, this));
    }

    ~Talker()
    {
        m_socket->SetRecvCallback(MakeNullCallback<void, Ptr<Socket>>());
    }

    Talker(const Talker&) = delete;
    Talker& operator=(const Talker&) = delete;

    void
    SendAt(double at, const IpAddress& to, uint16_t port, const std::string& text)
    {
        Simulator::ScheduleWithContext(
            m_node->GetId(),
            Seconds(at),
            [this, to, port, text]()
            {
                m_socket->SendTo(Create<Packet>(reinterpret_cast<const uint8_t*>(text.data()),
                                                static_cast<uint32_t>(text.size())),
                                 0,
                                 InetSocketAddress(flat::ToIpv4Address(to), port));
            });
    }

    /// Answer everything from now on, to where it came from.
    bool answers{false};
    std::vector<std::string> heard;
    std::vector<ikelab::SocketAddress> from;

  private:
    void
    Receive(Ptr<Socket> socket)
    {
        Address sender;
        while (Ptr<Packet> packet = socket->RecvFrom(sender))
        {
            std::string text(packet->GetSize(), '\0');
            packet->CopyData(reinterpret_cast<uint8_t*>(text.data()), packet->GetSize());
            heard.push_back(text);
            const InetSocketAddress address = InetSocketAddress::ConvertFrom(sender);
            from.push_back({flat::ToIpAddress(address.GetIpv4()), address.GetPort()});
            if (answers)
            {
                const std::string answer = "answer to " + text;
                socket->SendTo(Create<Packet>(reinterpret_cast<const uint8_t*>(answer.data()),
                                              static_cast<uint32_t>(answer.size())),
                               0,
                               sender);
            }
        }
    }

    Ptr<Node> m_node;
    Ptr<Socket> m_socket;
};

Json
Connection(const std::string& local, const std::string& remote, const char* action)
{
    return {
        {"local_addrs", local},
        {"remote_addrs", remote},
        {"proposals", "aes128gcm16-prfsha256-x25519"},
        {"local", {{"auth", "psk"}}},
        {"remote", {{"auth", "psk"}}},
        {"children",
         {{"host",
           {{"mode", "transport"}, {"esp_proposals", "aes128gcm16"}, {"start_action", action}}}}}};
}

/// Gateways on all three hosts.
class TransportNat : public ::testing::TestWithParam<bool>
{
  protected:
    explicit TransportNat(bool behindNat = GetParam()) : net(behindNat)
    {
        m_tap.emplace([this](const TapFrame& frame)
                      { m_leaks += testing::Holds(frame.data, TEXT) ? 1 : 0; });
        m_tap->WatchAll();
    }

    /// @param ts of the client's own ports, "dynamic[udp/1000]" or so
    Ptr<IkeApplication>
    Install(Ptr<Node> node, const IpAddress& address, const std::string& ts = "dynamic")
    {
        Json connection = Connection(address.ToString(), net.serverAddress.ToString(), "start");
        connection["local"]["id"] = address.ToString();
        connection["remote"]["id"] = "server.example";
        connection["children"]["host"]["local_ts"] = ts;
        return Install(node, connection);
    }

    void
    InstallServer()
    {
        Json connection = Connection(net.serverInside.ToString(), "%any", "none");
        connection["local"]["id"] = "server.example";
        connection["remote"]["id"] = "%any";
        server = Install(net.server, connection);
        net.server->GetObject<IpsecStack>()->TraceConnectWithoutContext(
            "PacketRefused",
            Callback<void, ikelab::Bytes, bool>([this](ikelab::Bytes, bool inbound)
                                                { m_refused += inbound ? 1 : 0; }));
    }

    Ptr<IkeApplication>
    Install(Ptr<Node> node, const Json& connection)
    {
        auto config = ikelab::gateway::ReadConfig(
            {{"connections", {{"net", connection}}},
             {"secrets", {{"ike", {{"secret", "a shared key for tests"}}}}}});
        EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().problem);
        IpsecHelper helper;
        helper.SetContext(testing::GatewaySites::SharedContext());
        Ptr<IkeApplication> application = helper.Install(node, std::move(*config));
        IpsecHelper::AssignStreams(ApplicationContainer(application), 100 + node->GetId());
        application->SetStartTime(Seconds(1));
        return application;
    }

    static void
    Run(double until)
    {
        Simulator::Stop(Seconds(until) - Simulator::Now());
        Simulator::Run();
    }

    static size_t
    Children(const Ptr<IkeApplication>& application)
    {
        size_t children = 0;
        for (const auto& sa : application->List())
        {
            children += sa.children.size();
        }
        return children;
    }

    Network net;
    Ptr<IkeApplication> server;
    size_t m_leaks{0};
    size_t m_refused{0};

  private:
    std::optional<LinkTap> m_tap;
};

TEST_P(TransportNat, CarriesUdpBothWays)
{
    Ptr<IkeApplication> carol = Install(net.carol, CAROL);
    InstallServer();
    Talker client(net.carol, BACK_PORT);
    Talker service(net.server, PORT);
    service.answers = true;
    client.SendAt(FIRST_PACKET, net.serverAddress, PORT, TEXT);
    // The server may begin as well: through the SA its packets pass the NAT.
    service.SendAt(FIRST_PACKET + 0.5, net.clientAddress, BACK_PORT, "begun here: " + TEXT);
    Run(FIRST_PACKET + 1);
    EXPECT_EQ(Children(carol), 1u);
    EXPECT_THAT(service.heard, ElementsAre(TEXT));
    EXPECT_THAT(service.from, ElementsAre(ikelab::SocketAddress{net.clientAddress, BACK_PORT}));
    EXPECT_THAT(client.heard, ElementsAre("answer to " + TEXT, "begun here: " + TEXT));
    EXPECT_THAT(client.from,
                ElementsAre(ikelab::SocketAddress{net.serverAddress, PORT},
                            ikelab::SocketAddress{net.serverAddress, PORT}));
    EXPECT_EQ(m_leaks, 0u);
    EXPECT_EQ(net.natA->dropped, 0u);
}

TEST_P(TransportNat, CarriesTcpBothWays)
{
    Install(net.carol, CAROL);
    InstallServer();
    const testing::TcpInbox service(net.server, false, PORT);
    const testing::TcpInbox client(net.carol, false, BACK_PORT);
    testing::StreamTcpAt(Seconds(FIRST_PACKET), net.carol, net.serverAddress, PORT, TEXT);
    testing::StreamTcpAt(Seconds(FIRST_PACKET), net.server, net.clientAddress, BACK_PORT, TEXT);
    Run(FIRST_PACKET + 3.2);
    std::string text;
    while (text.size() < std::max(service.octets.size(), client.octets.size()))
    {
        text += TEXT;
    }
    for (const testing::TcpInbox* inbox : {&service, &client})
    {
        EXPECT_GE(inbox->octets.size(), 5 * TEXT.size());
        EXPECT_EQ(inbox->octets, text.substr(0, inbox->octets.size()));
    }
    EXPECT_EQ(m_leaks, 0u);
}

// RFC 3948 §3.1.2 lets other protocols be mended: an error says of which packet it is.
TEST_P(TransportNat, TellsOfUnreachablePorts)
{
    constexpr uint8_t UNREACHABLE = 3;
    constexpr size_t ICMP_OCTETS = 8;
    Install(net.carol, CAROL);
    InstallServer();
    const testing::IcmpInbox errors(net.carol, false, UNREACHABLE);
    Talker client(net.carol, BACK_PORT);
    client.SendAt(FIRST_PACKET, net.serverAddress, PORT, TEXT);
    Run(FIRST_PACKET + 1);
    ASSERT_THAT(errors.messages, SizeIs(1));
    const ikelab::Bytes quoted = ikelab::Bytes(errors.messages.front()).subspan(ICMP_OCTETS);
    const auto about = ikelab::esp::ReadQuoted(quoted);
    ASSERT_TRUE(about);
    EXPECT_EQ(about->source.ToAddress(), CAROL);
    EXPECT_EQ(about->destination.ToAddress(), net.serverAddress);
    EXPECT_EQ(about->sourcePort, BACK_PORT);
    EXPECT_EQ(m_leaks, 0u);
}

// RFC 7296 §2.23: the server answers to where the newest authentic packet came from. To the hosts
// the connection stays what it was.
TEST_P(TransportNat, GoesOnWhenTheNatForgets)
{
    Install(net.carol, CAROL);
    InstallServer();
    Talker client(net.carol, BACK_PORT);
    Talker service(net.server, PORT);
    service.answers = true;
    const auto reboot = [this](double at, const IpAddress& outside)
    {
        Simulator::Schedule(Seconds(at), [this, outside]() { net.natA->Reboot(outside); });
    };
    client.SendAt(FIRST_PACKET, net.serverAddress, PORT, "first " + TEXT);
    reboot(FIRST_PACKET + 1, NAT_A); // other ports
    client.SendAt(FIRST_PACKET + 2, net.serverAddress, PORT, "second " + TEXT);
    reboot(FIRST_PACKET + 3, OTHER_A); // another address
    client.SendAt(FIRST_PACKET + 4, net.serverAddress, PORT, "third " + TEXT);
    Run(FIRST_PACKET + 5);
    EXPECT_THAT(service.heard, SizeIs(3));
    for (const ikelab::SocketAddress& from : service.from)
    {
        EXPECT_EQ(from, (ikelab::SocketAddress{net.clientAddress, BACK_PORT}));
    }
    // A host behind a NAT itself follows nobody (§2.23): the answers then go where they went.
    EXPECT_THAT(client.heard, SizeIs(net.natB ? 1 : 3));
    EXPECT_EQ(m_leaks, 0u);
}

// RFC 3948 §5.2: who shares an address must be told apart by ports, or only one of them comes in.
TEST_P(TransportNat, ServesTwoClientsOfOneNatByTheirPorts)
{
    Install(net.carol, CAROL, "dynamic[udp/1001]");
    Install(net.dave, DAVE, "dynamic[udp/1002]");
    InstallServer();
    Talker carol(net.carol, 1001);
    Talker dave(net.dave, 1002);
    Talker service(net.server, PORT);
    service.answers = true;
    for (int i = 0; i < 3; ++i)
    {
        carol.SendAt(FIRST_PACKET + i, net.serverAddress, PORT, "carol " + TEXT);
        dave.SendAt(FIRST_PACKET + i, net.serverAddress, PORT, "dave " + TEXT);
    }
    Run(FIRST_PACKET + 4);
    EXPECT_EQ(Children(server), 2u);
    EXPECT_THAT(service.heard, SizeIs(6));
    EXPECT_THAT(carol.heard, ::testing::Each("answer to carol " + TEXT));
    EXPECT_THAT(dave.heard, ::testing::Each("answer to dave " + TEXT));
    EXPECT_THAT(carol.heard, SizeIs(3));
    EXPECT_THAT(dave.heard, SizeIs(3));
    EXPECT_EQ(m_leaks, 0u);
}

TEST_P(TransportNat, RefusesASecondClientThatItCouldNotTellApart)
{
    Ptr<IkeApplication> first = Install(net.carol, CAROL);
    Ptr<IkeApplication> second = Install(net.dave, DAVE);
    second->SetStartTime(Seconds(2));
    InstallServer();
    Talker carol(net.carol, BACK_PORT);
    Talker service(net.server, PORT);
    service.answers = true;
    carol.SendAt(FIRST_PACKET, net.serverAddress, PORT, TEXT);
    Run(FIRST_PACKET + 1);
    EXPECT_EQ(Children(first), 1u);
    EXPECT_EQ(Children(second), 0u);
    EXPECT_EQ(Children(server), 1u);
    EXPECT_THAT(service.heard, ElementsAre(TEXT));
    EXPECT_THAT(carol.heard, ElementsAre("answer to " + TEXT));
    EXPECT_EQ(m_leaks, 0u);
}

// "Cliff" of §5.2: in clear he comes from the address that carol's SA protects.
TEST_P(TransportNat, HearsNobodyInClearFromBehindTheNat)
{
    Install(net.carol, CAROL);
    InstallServer();
    Talker service(net.server, PORT);
    service.answers = true;
    Talker carol(net.carol, BACK_PORT);
    carol.SendAt(FIRST_PACKET, net.serverAddress, PORT, TEXT);
    Talker dave(net.dave, BACK_PORT);
    dave.SendAt(FIRST_PACKET, net.serverAddress, PORT, "in clear");
    Run(FIRST_PACKET + 1);
    EXPECT_THAT(service.heard, ElementsAre(TEXT));
    EXPECT_THAT(carol.heard, ElementsAre("answer to " + TEXT));
    EXPECT_THAT(dave.heard, IsEmpty());
    EXPECT_EQ(m_refused, 1u);
}

INSTANTIATE_TEST_SUITE_P(Nats,
                         TransportNat,
                         ::testing::Values(false, true),
                         [](const auto& row) { return row.param ? "AtBothEnds" : "AtTheClient"; });

} // namespace

} // namespace ns3
