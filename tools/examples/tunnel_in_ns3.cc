// SPDX-License-Identifier: GPL-2.0-only
// Two ns-3 nodes with a line between them and a tunnel over it: echoes go through the tunnel.
#include "sim/ipsec_helper.h"

#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-address-helper.h"
#include "ns3/node-container.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/udp-socket-factory.h"

#include <iostream>

using namespace ns3;

namespace
{

constexpr uint16_t ECHO_PORT = 7;
constexpr uint32_t ECHOES = 4;

/// Host to host: without selectors the tunnel is for the two addresses.
ikelab::gateway::Config
ConfigOf(const char* local, const char* remote, const char* startAction)
{
    const nlohmann::ordered_json json = {
        {"connections",
         {{"line",
           {{"local_addrs", local},
            {"remote_addrs", remote},
            {"local", {{"auth", "psk"}}},
            {"remote", {{"auth", "psk"}}},
            {"children", {{"host", {{"start_action", startAction}}}}}}}}},
        {"secrets", {{"ike", {{"secret", "for this example only"}}}}}};
    const auto config = ikelab::gateway::ReadConfig(json);
    if (!config)
    {
        std::cerr << config.error().pointer << ": " << config.error().problem << "\n";
        std::exit(2);
    }
    return *config;
}

Ptr<Socket>
UdpSocket(Ptr<Node> node)
{
    return Socket::CreateSocket(node, UdpSocketFactory::GetTypeId());
}

/// Sends back whatever comes.
void
Echo(Ptr<Socket> socket)
{
    Address from;
    while (Ptr<Packet> packet = socket->RecvFrom(from))
    {
        socket->SendTo(packet->Copy(), 0, from);
    }
}

} // namespace

int
main()
{
    RngSeedManager::SetSeed(1);
    NodeContainer nodes(2);
    PointToPointHelper line;
    line.SetDeviceAttribute("DataRate", StringValue("100Mbps"));
    line.SetChannelAttribute("Delay", StringValue("20ms"));
    const NetDeviceContainer devices = line.Install(nodes);
    InternetStackHelper().Install(nodes);
    Ipv4AddressHelper addresses("192.0.2.0", "255.255.255.0");
    addresses.Assign(devices);

    IpsecHelper ipsec;
    const Ptr<IkeApplication> moon =
        ipsec.Install(nodes.Get(0), ConfigOf("192.0.2.1", "192.0.2.2", "start"));
    const Ptr<IkeApplication> sun =
        ipsec.Install(nodes.Get(1), ConfigOf("192.0.2.2", "192.0.2.1", "none"));
    ApplicationContainer gateways(moon);
    gateways.Add(sun);
    IpsecHelper::AssignStreams(gateways, 1);

    const Ptr<Socket> server = UdpSocket(nodes.Get(1));
    server->Bind(InetSocketAddress(Ipv4Address::GetAny(), ECHO_PORT));
    server->SetRecvCallback(MakeCallback(&Echo));
    const Ptr<Socket> client = UdpSocket(nodes.Get(0));
    client->Connect(InetSocketAddress("192.0.2.2", ECHO_PORT));
    for (uint32_t i = 0; i < ECHOES; ++i)
    {
        Simulator::ScheduleWithContext(
            nodes.Get(0)->GetId(), Seconds(1 + i), [client] { client->Send(Create<Packet>(56)); });
    }
    Simulator::Stop(Seconds(10));
    Simulator::Run();

    uint32_t answers = 0;
    while (client->Recv())
    {
        ++answers;
    }
    for (const auto& sa : moon->List())
    {
        std::cout << "IKE SA " << sa.connection << ": " << sa.state << ", " << sa.suite.ToString()
                  << "\n";
    }
    const auto counters = moon->GetCounters();
    std::cout << answers << " of " << ECHOES << " echoes came back; moon sealed "
              << counters.protectedPackets << " packets and opened " << counters.deliveredPackets
              << "\n";
    const bool good = answers == ECHOES && counters.protectedPackets == ECHOES &&
                      counters.deliveredPackets == ECHOES;
    Simulator::Destroy();
    return good ? 0 : 1;
}
