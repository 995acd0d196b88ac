// SPDX-License-Identifier: GPL-2.0-only
#include "esp/testing/packets.h"
#include "sim/flat_packet.h"
#include "sim/ipsec_net_device.h"
#include "sim/ipsec_stack.h"
#include "sim/link_tap.h"
#include "sim/testing/site_to_site.h"
#include "sim/testing/toy_engine.h"

#include "ns3/boolean.h"
#include "ns3/inet6-socket-address.h"
#include "ns3/ipv4-global-routing-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/ipv6-raw-socket-factory.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>

#include <optional>

namespace ns3
{

namespace
{

using testing::SiteToSite;
using testing::ToyEngine;

const std::string SECRET = "SECRET-OCTETS";
constexpr uint16_t PORT = 9;

/// The topology with hooks on both gateways, and eyes on the WAN.
class HookedSites
{
  public:
    explicit HookedSites(const SiteToSite::Options& options = {}, bool attach = true)
        : sites(options),
          moon(sites.leftNet, sites.rightNet, Path(sites.moonOutside, sites.sunOutside)),
          sun(sites.rightNet, sites.leftNet, Path(sites.sunOutside, sites.moonOutside)),
          tap([this](const TapFrame& frame) { See(frame); })
    {
        moonStack = IpsecStack::Install(sites.moon);
        sunStack = IpsecStack::Install(sites.sun);
        if (attach)
        {
            moonStack->SetEngine(&moon);
            sunStack->SetEngine(&sun);
        }
        tap.WatchAll();
    }

    ~HookedSites()
    {
        moonStack->SetEngine(nullptr);
        sunStack->SetEngine(nullptr);
    }

    void
    Run(double seconds = 5)
    {
        Simulator::Stop(Seconds(seconds));
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
    LinkTap tap;
    unsigned wanFrames{0};
    unsigned leaks{0};     ///< frames of the WAN that hold the secret
    unsigned lanFrames{0}; ///< frames of the LANs that hold it

  private:
    void
    See(const TapFrame& frame)
    {
        const bool wan = sites.OnWan(frame.device);
        const bool holds = testing::Holds(frame.data, SECRET);
        wanFrames += wan ? 1 : 0;
        leaks += wan && holds ? 1 : 0;
        lanFrames += !wan && holds ? 1 : 0;
    }
};

struct Nesting
{
    bool innerV6;
    bool outerV6;
    bool udp;
};

class EveryNesting : public ::testing::TestWithParam<Nesting>
{
  public:
    static SiteToSite::Options
    Options()
    {
        SiteToSite::Options options;
        options.innerV6 = GetParam().innerV6;
        options.outerV6 = GetParam().outerV6;
        return options;
    }
};

TEST_P(EveryNesting, CarriesForwardedTrafficBothWays)
{
    HookedSites run(Options());
    run.moon.udpEncapsulation = run.sun.udpEncapsulation = GetParam().udp;
    testing::UdpInbox bob(run.sites.bob, GetParam().innerV6, PORT);
    testing::UdpInbox alice(run.sites.alice, GetParam().innerV6, PORT);
    for (int i = 1; i <= 10; ++i)
    {
        testing::SendUdpAt(Seconds(0.1 * i), run.sites.alice, run.sites.bobAddress, PORT, SECRET);
        testing::SendUdpAt(Seconds(0.1 * i), run.sites.bob, run.sites.aliceAddress, PORT, SECRET);
    }
    run.Run();
    EXPECT_EQ(bob.datagrams, std::vector<std::string>(10, SECRET));
    EXPECT_EQ(alice.datagrams, std::vector<std::string>(10, SECRET));
    EXPECT_EQ(run.leaks, 0u);
    EXPECT_GT(run.lanFrames, 0u);
    EXPECT_EQ(run.moon.protectedPackets, 10u);
    EXPECT_EQ(run.sun.openedPackets, 10u);
}

TEST_P(EveryNesting, ProtectsRawSocketPingsFromTheGatewayItself)
{
    HookedSites run(Options());
    run.moon.udpEncapsulation = run.sun.udpEncapsulation = GetParam().udp;
    const bool v6 = GetParam().innerV6;
    testing::IcmpInbox replies(run.sites.moon, v6, v6 ? 129 : 0);
    for (int i = 1; i <= 10; ++i)
    {
        testing::PingAt(Seconds(0.1 * i), run.sites.moon, run.sites.bobAddress, SECRET);
    }
    run.Run();
    EXPECT_EQ(replies.messages.size(), 10u);
    EXPECT_EQ(run.leaks, 0u);
    EXPECT_EQ(run.moon.protectedPackets, 10u);
    EXPECT_EQ(run.sun.protectedPackets, 10u);
}

TEST_P(EveryNesting, AnswersPingsToTheGatewaysInsideAddress)
{
    HookedSites run(Options());
    run.moon.udpEncapsulation = run.sun.udpEncapsulation = GetParam().udp;
    const bool v6 = GetParam().innerV6;
    testing::IcmpInbox replies(run.sites.alice, v6, v6 ? 129 : 0);
    testing::PingAt(Seconds(1), run.sites.alice, run.sites.sunInside, SECRET);
    run.Run();
    EXPECT_EQ(replies.messages.size(), 1u);
    EXPECT_EQ(run.leaks, 0u);
}

TEST_P(EveryNesting, FragmentsOuterPacketsOfLargeDatagrams)
{
    HookedSites run(Options());
    run.moon.udpEncapsulation = run.sun.udpEncapsulation = GetParam().udp;
    testing::UdpInbox bob(run.sites.bob, GetParam().innerV6, PORT);
    const std::string large = SECRET + std::string(3000, 'x') + SECRET;
    testing::SendUdpAt(Seconds(1), run.sites.moon, run.sites.bobAddress, PORT, large);
    if (GetParam().innerV6)
    {
        // Nobody but its source fragments IPv6: sun tells moon, through the tunnel, what its LAN
        // can carry, and moon's next one is made to fit.
        run.Run(2);
        EXPECT_TRUE(bob.datagrams.empty());
        testing::SendUdpAt(Seconds(1), run.sites.moon, run.sites.bobAddress, PORT, large);
    }
    run.Run();
    ASSERT_EQ(bob.datagrams.size(), 1u);
    EXPECT_EQ(bob.datagrams.front(), large);
    EXPECT_EQ(run.leaks, 0u);
    if (!GetParam().innerV6)
    {
        EXPECT_EQ(run.moon.protectedPackets, 1u); // one packet, several outer fragments
    }
    EXPECT_GT(run.wanFrames, 4u);
}

INSTANTIATE_TEST_SUITE_P(All,
                         EveryNesting,
                         ::testing::Values(Nesting{false, false, false},
                                           Nesting{true, true, false},
                                           Nesting{true, false, false},
                                           Nesting{false, true, false},
                                           Nesting{false, false, true},
                                           Nesting{true, true, true}),
                         [](const auto& nesting)
                         {
                             return std::string(nesting.param.innerV6 ? "V6" : "V4") + "In" +
                                    (nesting.param.outerV6 ? "V6" : "V4") +
                                    (nesting.param.udp ? "Udp" : "Esp");
                         });

TEST(IpsecStack, LeaksWithoutPolicySoTheEyesWork)
{
    HookedSites run;
    run.moonStack->SetAttribute("Policy", BooleanValue(false));
    run.sunStack->SetAttribute("Policy", BooleanValue(false));
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::SendUdpAt(Seconds(1), run.sites.alice, run.sites.bobAddress, PORT, SECRET);
    testing::PingAt(Seconds(1), run.sites.moon, run.sites.bobAddress, SECRET);
    run.Run();
    EXPECT_EQ(bob.datagrams.size(), 1u);
    EXPECT_GE(run.leaks, 4u); // each of the two seen as sent and as received, and the reply
}

TEST(IpsecStack, PassesNothingWithoutAnEngine)
{
    HookedSites run({}, false);
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::SendUdpAt(Seconds(1), run.sites.alice, run.sites.bobAddress, PORT, SECRET);
    testing::PingAt(Seconds(1), run.sites.moon, run.sites.bobAddress, SECRET);
    run.Run();
    EXPECT_TRUE(bob.datagrams.empty());
    EXPECT_EQ(run.leaks, 0u);
}

TEST(IpsecStack, HoldsWhatHasNoSaYetAndSendsItProtectedWhenReleased)
{
    HookedSites run;
    run.moon.up = false;
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::SendUdpAt(Seconds(1), run.sites.alice, run.sites.bobAddress, PORT, SECRET);
    Simulator::ScheduleWithContext(run.sites.moon->GetId(),
                                   Seconds(2),
                                   [&]()
                                   {
                                       ASSERT_EQ(run.moon.held.size(), 1u);
                                       EXPECT_TRUE(bob.datagrams.empty());
                                       run.moon.up = true;
                                       run.moonStack->SendReleased(run.moon.held.front());
                                   });
    run.Run();
    EXPECT_EQ(bob.datagrams.size(), 1u);
    EXPECT_EQ(run.leaks, 0u);
}

TEST(IpsecStack, TellsLocalFromForwardedTraffic)
{
    HookedSites run;
    testing::UdpInbox bob(run.sites.bob, false, PORT); // or else bob answers with errors
    testing::SendUdpAt(Seconds(1), run.sites.alice, run.sites.bobAddress, PORT, SECRET);
    testing::SendUdpAt(Seconds(2), run.sites.moon, run.sites.bobAddress, PORT, SECRET);
    run.Run();
    using ikelab::gateway::Origin;
    ASSERT_EQ(run.moon.origins.size(), 2u);
    EXPECT_EQ(run.moon.origins[0], Origin::FORWARDED);
    EXPECT_EQ(run.moon.origins[1], Origin::LOCAL);
}

TEST(IpsecStack, ProtectsSocketsThatAreBoundToADevice)
{
    // They get their real route, past the private device, straight to the egress gate.
    HookedSites run;
    ToyEngine outside(run.sites.moonOutside.ToString(),
                      run.sites.rightNet,
                      HookedSites::Path(run.sites.moonOutside, run.sites.sunOutside));
    run.moonStack->SetEngine(&outside);
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::SendUdpBoundAt(
        Seconds(1), run.sites.moon, run.sites.wan.Get(0), run.sites.bobAddress, PORT, SECRET);
    run.Run();
    EXPECT_EQ(bob.datagrams.size(), 1u);
    EXPECT_EQ(outside.protectedPackets, 1u);
    EXPECT_EQ(run.leaks, 0u);
    run.moonStack->SetEngine(nullptr);
}

TEST(IpsecStack, LetsNoBroadcastPastADiscardingPolicy)
{
    for (const bool discard : {false, true})
    {
        HookedSites run;
        run.moon.discardRest = discard;
        testing::SendUdpAt(
            Seconds(1), run.sites.moon, *ikelab::IpAddress::Parse("255.255.255.255"), PORT, SECRET);
        testing::SendUdpBoundAt(Seconds(1),
                                run.sites.moon,
                                run.sites.wan.Get(0),
                                *ikelab::IpAddress::Parse("224.0.0.9"),
                                PORT,
                                SECRET);
        testing::SendUdpAt(
            Seconds(1), run.sites.moon, *ikelab::IpAddress::Parse("192.0.255.255"), PORT, SECRET);
        run.Run();
        if (discard)
        {
            EXPECT_EQ(run.leaks + run.lanFrames, 0u);
        }
        else
        {
            EXPECT_GT(run.leaks, 0u); // this very traffic does reach the links when policy lets it
        }
    }
}

TEST(IpsecStack, JudgesNothingOnTheProtectedSideEvenIfTheRestIsDiscarded)
{
    HookedSites run;
    run.moon.discardRest = run.sun.discardRest = true;
    run.moonStack->SetProtectedSide(run.sites.leftLan.Get(1));
    run.sunStack->SetProtectedSide(run.sites.rightLan.Get(0));
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::IcmpInbox replies(run.sites.alice, false, 0);
    testing::SendUdpAt(Seconds(1), run.sites.alice, run.sites.bobAddress, PORT, SECRET);
    testing::PingAt(Seconds(1), run.sites.alice, run.sites.moonInside, SECRET);
    run.Run();
    EXPECT_EQ(bob.datagrams.size(), 1u);
    EXPECT_EQ(replies.messages.size(), 1u);
    EXPECT_EQ(run.leaks, 0u);
}

TEST(IpsecStack, RefusesSpoofedClearTextFromOutside)
{
    for (const bool v6 : {false, true})
    {
        SiteToSite::Options options;
        options.mallory = true;
        options.innerV6 = options.outerV6 = v6;
        HookedSites run(options);
        testing::UdpInbox alice(run.sites.alice, v6, PORT);
        testing::UdpInbox moon(run.sites.moon, v6, PORT);
        testing::IcmpInbox raw(run.sites.moon, v6, v6 ? 128 : 8);
        unsigned refused = 0;
        run.moonStack->TraceConnectWithoutContext(
            "PacketRefused",
            Callback<void, ikelab::Bytes, bool>([&refused](ikelab::Bytes, bool inbound)
                                                { refused += inbound ? 1 : 0; }));
        Ptr<NetDevice> wan = run.sites.wan.Get(2);
        // To a host behind the gateway, to the gateway's inside address, and legitimate traffic.
        testing::SendFrameAt(
            Seconds(1),
            wan,
            run.sites.wan.Get(0),
            testing::MakeUdpPacket(run.sites.bobAddress, run.sites.aliceAddress, PORT, "forged"));
        testing::SendFrameAt(
            Seconds(1),
            wan,
            run.sites.wan.Get(0),
            testing::MakeUdpPacket(run.sites.bobAddress, run.sites.moonInside, PORT, "forged"));
        testing::SendUdpAt(Seconds(2), run.sites.mallory, run.sites.moonOutside, PORT, "honest");
        run.Run();
        EXPECT_TRUE(alice.datagrams.empty());
        EXPECT_EQ(moon.datagrams, std::vector<std::string>{"honest"});
        EXPECT_EQ(refused, 2u);
        EXPECT_EQ(run.moon.refusedClear, 2u);
    }
}

/// A neighbour advertisement (RFC 4861 §4.4) with a target of nobody and the secret behind it.
ikelab::Buffer
Advertisement()
{
    ikelab::Buffer message(24, 0);
    message[0] = 136;
    message.insert(message.end(), SECRET.begin(), SECRET.end());
    return message;
}

TEST(IpsecStack, ForwardsNoClearTextFromOutsideThatPretendsToBeNeighbourDiscovery)
{
    for (const bool policy : {true, false})
    {
        SiteToSite::Options options;
        options.mallory = true;
        options.innerV6 = options.outerV6 = true;
        HookedSites run(options);
        run.moonStack->SetAttribute("Policy", BooleanValue(policy));
        for (const char* to : {"fd01::10", "fd01::1", "ff0e::1234"})
        {
            Ipv6Header header;
            header.SetSource(flat::ToIpv6Address(run.sites.bobAddress));
            header.SetDestination(Ipv6Address(to));
            header.SetNextHeader(58);
            header.SetHopLimit(255);
            ikelab::PacketBuffer packet;
            flat::Flatten(header, *flat::ToPacket(Advertisement()), packet);
            testing::SendFrameAt(Seconds(1),
                                 run.sites.wan.Get(2),
                                 run.sites.wan.Get(0),
                                 ikelab::ToBuffer(packet.View()));
        }
        run.Run();
        if (policy)
        {
            EXPECT_EQ(run.lanFrames, 0u);
            EXPECT_EQ(run.moon.refusedClear, 2u); // the net alone is protected, not all groups
        }
        else
        {
            EXPECT_GT(run.lanFrames, 0u); // without policy this very packet does pass
        }
    }
}

TEST(IpsecStack, ProtectsNeighbourDiscoveryToStrangersFromTheGatewaysRawSockets)
{
    for (const bool bound : {true, false})
    {
        SiteToSite::Options options;
        options.innerV6 = options.outerV6 = true;
        HookedSites run(options);
        ToyEngine outside(run.sites.moonOutside.ToString(),
                          run.sites.rightNet,
                          HookedSites::Path(run.sites.moonOutside, run.sites.sunOutside));
        if (bound)
        {
            run.moonStack->SetEngine(&outside);
        }
        Simulator::ScheduleWithContext(
            run.sites.moon->GetId(),
            Seconds(1),
            [&]()
            {
                Ptr<Socket> socket =
                    Socket::CreateSocket(run.sites.moon, Ipv6RawSocketFactory::GetTypeId());
                socket->SetAttribute("Protocol", UintegerValue(58));
                socket->SetIpv6HopLimit(255);
                if (bound)
                {
                    socket->BindToNetDevice(run.sites.wan.Get(0));
                }
                socket->SendTo(flat::ToPacket(Advertisement()),
                               0,
                               Inet6SocketAddress(flat::ToIpv6Address(run.sites.bobAddress), 0));
                socket->Close();
            });
        run.Run();
        EXPECT_EQ(run.leaks, 0u);
        EXPECT_EQ((bound ? outside : run.moon).protectedPackets, 1u);
        run.moonStack->SetEngine(nullptr);
    }
}

TEST(IpsecStack, TellsOfAPacketOfOurOwnThatCannotBeCut)
{
    SiteToSite::Options options;
    options.outerV6 = true;
    HookedSites run(options);
    unsigned sent = 0;
    unsigned refused = 0;
    run.moonStack->TraceConnectWithoutContext(
        "PacketProtected",
        Callback<void, const ikelab::gateway::Outgoing&, uint32_t>(
            [&](const ikelab::gateway::Outgoing&, uint32_t) { ++sent; }));
    run.moonStack->TraceConnectWithoutContext(
        "PacketRefused",
        Callback<void, ikelab::Bytes, bool>([&](ikelab::Bytes, bool inbound)
                                            { refused += inbound ? 0 : 1; }));
    const auto send = [&](uint32_t pathMtu)
    {
        const std::string moon = run.sites.moonOutside.ToString();
        const std::string sun = run.sites.sunOutside.ToString();
        ikelab::PacketBuffer packet(ikelab::esp::testing::MakePacket(
            {.source = moon, .destination = sun, .dataOctets = 200}));
        ikelab::gateway::Outgoing outgoing;
        outgoing.path = run.Path(run.sites.moonOutside, run.sites.sunOutside);
        outgoing.wholePacket = true;
        outgoing.pathMtu = pathMtu;
        run.moonStack->SendDummy(packet, outgoing);
    };
    Simulator::Schedule(Seconds(3), [&] { send(55); }); // 7 octets behind the headers
    Simulator::Schedule(Seconds(3.5),
                        [&]
                        {
                            EXPECT_EQ(sent, 0u);
                            EXPECT_EQ(refused, 1u);
                            send(56);
                        });
    run.Run();
    EXPECT_EQ(sent, 1u);
    EXPECT_EQ(refused, 1u);
}

TEST(IpsecStack, LeavesNeighbourDiscoveryAloneThoughTheRestIsDiscarded)
{
    // Over CSMA nothing arrives at all before each side found the other's link address.
    SiteToSite::Options options;
    options.mallory = true;
    options.innerV6 = options.outerV6 = true;
    HookedSites run(options);
    run.moon.discardRest = true;
    run.moonStack->SetProtectedSide(run.sites.leftLan.Get(1));
    unsigned refused = 0;
    run.moonStack->TraceConnectWithoutContext("PacketRefused",
                                              Callback<void, ikelab::Bytes, bool>(
                                                  [&refused](ikelab::Bytes packet, bool) {
                                                      refused +=
                                                          testing::Holds(packet, SECRET) ? 1 : 0;
                                                  }));
    testing::SendUdpAt(Seconds(2), run.sites.mallory, run.sites.moonOutside, PORT, SECRET);
    testing::UdpInbox bob(run.sites.bob, true, PORT);
    testing::SendUdpAt(Seconds(3), run.sites.alice, run.sites.bobAddress, PORT, "through");
    run.Run();
    EXPECT_EQ(refused, 1u);
    EXPECT_EQ(bob.datagrams.size(), 1u);
}

TEST(IpsecStack, ProtectsNothingForThoseWhoPretendToBeInside)
{
    for (const bool check : {true, false})
    {
        SiteToSite::Options options;
        options.mallory = true;
        HookedSites run(options);
        run.sunStack->SetAttribute("ReversePathCheck", BooleanValue(check));
        testing::UdpInbox alice(run.sites.alice, false, PORT);
        testing::SendFrameAt(
            Seconds(1),
            run.sites.wan.Get(2),
            run.sites.wan.Get(1),
            testing::MakeUdpPacket(run.sites.bobAddress, run.sites.aliceAddress, PORT, "forged"));
        run.Run();
        EXPECT_EQ(alice.datagrams.size(), check ? 0u : 1u);
    }
}

TEST(IpsecStack, SendsIcmpErrorsAboutTunnelledPacketsBackThroughTheTunnel)
{
    for (const bool v6 : {false, true})
    {
        SiteToSite::Options options;
        options.innerV6 = options.outerV6 = v6;
        HookedSites run(options);
        run.moonStack->SetAttribute("PreferProtectedSource", BooleanValue(false));
        testing::IcmpInbox exceeded(run.sites.bob, v6, v6 ? 3 : 11);
        // Leaves bob with two hops to go: sun takes one, moon has none left for its LAN.
        testing::SendFrameAt(
            Seconds(1),
            run.sites.rightLan.Get(1),
            run.sites.rightLan.Get(0),
            testing::MakeUdpPacket(run.sites.bobAddress, run.sites.aliceAddress, PORT, SECRET, 2));
        run.Run();
        EXPECT_EQ(run.leaks, 0u);
        ASSERT_EQ(exceeded.messages.size(), 1u);
        EXPECT_EQ(run.moon.protectedPackets, 1u);
    }
}

TEST(IpsecStack, TellsTheSourceWhenAPacketIsTooBigForTheTunnel)
{
    for (const bool v6 : {false, true})
    {
        SiteToSite::Options options;
        options.innerV6 = options.outerV6 = v6;
        HookedSites run(options);
        testing::IcmpInbox errors(run.sites.alice, v6, v6 ? 2 : 3);
        testing::UdpInbox bob(run.sites.bob, v6, PORT);
        const size_t headers = v6 ? 48 : 28;
        const auto send = [&](double at, size_t octets)
        {
            testing::SendFrameAt(Seconds(at),
                                 run.sites.leftLan.Get(0),
                                 run.sites.leftLan.Get(1),
                                 testing::MakeUdpPacket(run.sites.aliceAddress,
                                                        run.sites.bobAddress,
                                                        PORT,
                                                        std::string(octets - headers, 'x'),
                                                        64,
                                                        true));
        };
        send(1, 1500);
        run.Run(2);
        ASSERT_EQ(errors.messages.size(), 1u);
        EXPECT_TRUE(bob.datagrams.empty());
        const auto& message = errors.messages.front();
        const size_t mtu = (message[6] << 8) | message[7]; // both versions' low half
        EXPECT_LT(mtu, 1500u);
        EXPECT_GE(mtu, 1280u);
        // What was promised to fit does fit.
        send(0.5, mtu);
        run.Run(2);
        EXPECT_EQ(errors.messages.size(), 1u);
        EXPECT_EQ(bob.datagrams.size(), 1u);
    }
}

TEST(IpsecStack, DropsEspInUdpWithABadChecksum)
{
    SiteToSite::Options options;
    options.mallory = true;
    HookedSites run(options);
    run.moon.udpEncapsulation = run.sun.udpEncapsulation = true;
    auto packet = testing::MakeUdpPacket(
        run.sites.sunOutside, run.sites.moonOutside, 4500, std::string(100, '\xc0'));
    testing::SendFrameAt(Seconds(1), run.sites.wan.Get(2), run.sites.wan.Get(0), packet);
    packet.back() ^= 1;
    testing::SendFrameAt(Seconds(2), run.sites.wan.Get(2), run.sites.wan.Get(0), packet);
    run.Run();
    EXPECT_EQ(run.moon.openedPackets, 1u);
}

TEST(IpsecStack, SurvivesGlobalRoutingComputedAfterwards)
{
    HookedSites run;
    Ipv4GlobalRoutingHelper::PopulateRoutingTables();
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::SendUdpAt(Seconds(1), run.sites.alice, run.sites.bobAddress, PORT, SECRET);
    run.Run();
    EXPECT_EQ(bob.datagrams.size(), 1u);
    EXPECT_EQ(run.leaks, 0u);
}

TEST(IpsecStack, LeavesNoMarkOnPacketsThatReachTheLink)
{
    HookedSites run;
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::UdpInbox sun(run.sites.sun, false, PORT);
    // Bypassed: forwarded and local.
    testing::SendUdpAt(Seconds(1), run.sites.alice, run.sites.sunOutside, PORT, "forwarded");
    testing::SendUdpAt(Seconds(2), run.sites.moon, run.sites.sunOutside, PORT, "local");
    run.Run();
    EXPECT_EQ(sun.datagrams, (std::vector<std::string>{"forwarded", "local"}));
    // Each is judged once at moon; sun judges its own answers only.
    EXPECT_EQ(run.moon.origins.size(), 2u);
}

} // namespace

} // namespace ns3
