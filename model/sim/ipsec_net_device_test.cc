// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flat_packet.h"
#include "sim/ipsec_net_device.h"
#include "sim/ipsec_stack.h"
#include "sim/link_tap.h"
#include "sim/testing/site_to_site.h"
#include "sim/testing/toy_engine.h"

#include "ns3/boolean.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace ns3
{

namespace
{

using testing::SiteToSite;
using testing::ToyEngine;

const std::string SECRET = "SECRET-OCTETS";
constexpr uint16_t PORT = 9;
constexpr uint16_t TUNNEL_MTU = 1400;

/// Both gateways route-based: selectors of everything, a route into the tunnel device.
class RoutedSites
{
  public:
    explicit RoutedSites(const SiteToSite::Options& options)
        : sites(options),
          moon("0.0.0.0/0", "0.0.0.0/0", Path(sites.moonOutside, sites.sunOutside)),
          sun("0.0.0.0/0", "0.0.0.0/0", Path(sites.sunOutside, sites.moonOutside)),
          tap([this](const TapFrame& frame)
              { leaks += sites.OnWan(frame.device) && testing::Holds(frame.data, SECRET) ? 1 : 0; })
    {
        moonStack = Attach(sites.moon, moon, moonDevice, "10.2.0.0");
        sunStack = Attach(sites.sun, sun, sunDevice, "10.1.0.0");
        tap.WatchAll();
    }

    ~RoutedSites()
    {
        moonStack->SetEngine(nullptr);
        sunStack->SetEngine(nullptr);
    }

    void
    Run()
    {
        Simulator::Stop(Seconds(5));
        Simulator::Run();
    }

    static ikelab::Path
    Path(const ikelab::IpAddress& local, const ikelab::IpAddress& remote)
    {
        return {{local, 4500}, {remote, 4500}};
    }

    SiteToSite sites;
    ToyEngine moon;
    ToyEngine sun;
    Ptr<IpsecStack> moonStack;
    Ptr<IpsecStack> sunStack;
    Ptr<IpsecNetDevice> moonDevice;
    Ptr<IpsecNetDevice> sunDevice;
    LinkTap tap;
    unsigned leaks{0};

  private:
    static Ptr<IpsecStack>
    Attach(Ptr<Node> node, ToyEngine& engine, Ptr<IpsecNetDevice>& device, const char* remoteNet)
    {
        Ptr<IpsecStack> stack = IpsecStack::Install(node);
        stack->SetEngine(&engine);
        stack->SetAttribute("Policy", BooleanValue(false));
        device = CreateObject<IpsecNetDevice>();
        device->SetMtu(TUNNEL_MTU);
        node->AddDevice(device);
        device->SetStack(stack);
        stack->SetTunnelDevice(device);
        Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
        const uint32_t interface = ipv4->AddInterface(device);
        ipv4->AddAddress(interface, Ipv4InterfaceAddress("169.254.0.1", "255.255.255.255"));
        ipv4->SetUp(interface);
        Ipv4StaticRoutingHelper helper;
        Ptr<Ipv4ListRouting> list = DynamicCast<Ipv4ListRouting>(stack->GetIpv4Routing());
        int16_t priority = 0;
        for (uint32_t i = 0; i < list->GetNRoutingProtocols(); ++i)
        {
            if (Ptr<Ipv4StaticRouting> routing =
                    DynamicCast<Ipv4StaticRouting>(list->GetRoutingProtocol(i, priority)))
            {
                routing->AddNetworkRouteTo(remoteNet, "255.255.0.0", interface);
            }
        }
        return stack;
    }
};

TEST(IpsecNetDevice, CarriesWhatIsRoutedToIt)
{
    RoutedSites run({});
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::UdpInbox alice(run.sites.alice, false, PORT);
    testing::SendUdpAt(Seconds(1), run.sites.alice, run.sites.bobAddress, PORT, SECRET);
    testing::SendUdpAt(Seconds(1), run.sites.bob, run.sites.aliceAddress, PORT, SECRET);
    run.Run();
    EXPECT_EQ(bob.datagrams.size(), 1u);
    EXPECT_EQ(alice.datagrams.size(), 1u);
    EXPECT_EQ(run.leaks, 0u);
    EXPECT_EQ(run.moon.protectedPackets, 1u);
}

TEST(IpsecNetDevice, LeavesAloneWhatIsRoutedElsewhere)
{
    RoutedSites run({});
    testing::UdpInbox sun(run.sites.sun, false, PORT);
    testing::SendUdpAt(Seconds(1), run.sites.moon, run.sites.sunOutside, PORT, "in clear");
    run.Run();
    EXPECT_EQ(sun.datagrams.size(), 1u); // though the selectors hold it
    EXPECT_EQ(run.moon.protectedPackets, 0u);
}

TEST(IpsecNetDevice, SendsNothingInClearWhenNoSaProtectsIt)
{
    RoutedSites run({});
    run.moon.up = false;
    testing::SendUdpAt(Seconds(1), run.sites.alice, run.sites.bobAddress, PORT, SECRET);
    run.Run();
    EXPECT_EQ(run.leaks, 0u);
    EXPECT_EQ(run.moon.held.size(), 1u);
}

TEST(IpsecNetDevice, HasFragmentsMadeToItsMtuBeforeProtection)
{
    RoutedSites run({});
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::SendUdpAt(
        Seconds(1), run.sites.alice, run.sites.bobAddress, PORT, std::string(1450, 'x'));
    run.Run();
    EXPECT_EQ(bob.datagrams.size(), 1u);
    EXPECT_EQ(run.moon.protectedPackets, 2u);
}

TEST(IpsecNetDevice, TracesWhatItCarriesAndWhatItDrops)
{
    for (const bool protects : {true, false})
    {
        RoutedSites run({});
        ToyEngine nothing(
            "10.9.0.0/16", "10.9.0.0/16", RoutedSites::Path(run.sites.moonOutside, {}));
        if (!protects)
        {
            run.moonStack->SetEngine(&nothing);
        }
        UintegerValue mtu;
        run.moonDevice->GetAttribute("Mtu", mtu);
        EXPECT_EQ(mtu.Get(), TUNNEL_MTU);
        std::map<std::string, unsigned> seen;
        for (const char* name : {"MacTx", "MacTxDrop"})
        {
            EXPECT_TRUE(run.moonDevice->TraceConnectWithoutContext(
                name,
                Callback<void, Ptr<const Packet>>([&seen, name](Ptr<const Packet>)
                                                  { ++seen[name]; })));
        }
        for (const char* name : {"MacRx", "MacRxDrop"})
        {
            EXPECT_TRUE(run.sunDevice->TraceConnectWithoutContext(
                name,
                Callback<void, Ptr<const Packet>>([&seen, name](Ptr<const Packet>)
                                                  { ++seen[name]; })));
        }
        testing::SendUdpAt(Seconds(1), run.sites.alice, run.sites.bobAddress, PORT, SECRET);
        run.Run();
        EXPECT_EQ(seen["MacTx"], 1u);
        EXPECT_EQ(seen["MacTxDrop"], protects ? 0u : 1u);
        EXPECT_EQ(seen["MacRx"], protects ? 1u : 0u);
        EXPECT_EQ(seen["MacRxDrop"], 0u);
        run.moonStack->SetEngine(nullptr);
    }
}

TEST(IpsecNetDevice, RefusesWhatComesBesideTheTunnel)
{
    SiteToSite::Options options;
    options.mallory = true;
    RoutedSites run(options);
    testing::UdpInbox alice(run.sites.alice, false, PORT);
    testing::SendFrameAt(
        Seconds(1),
        run.sites.wan.Get(2),
        run.sites.wan.Get(0),
        testing::MakeUdpPacket(run.sites.bobAddress, run.sites.aliceAddress, PORT, "forged"));
    run.Run();
    EXPECT_TRUE(alice.datagrams.empty());
}

} // namespace

} // namespace ns3
