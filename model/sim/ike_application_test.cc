// SPDX-License-Identifier: GPL-2.0-only
#include "base/hex.h"
#include "sim/ike_application.h"
#include "sim/testing/gateway_sites.h"

#include "ns3/boolean.h"
#include "ns3/config.h"
#include "ns3/double.h"
#include "ns3/nstime.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ns3
{

namespace
{

using testing::GatewaySites;
using testing::SiteToSite;

constexpr uint16_t PORT = 9;

/// Everything that was on the WAN, as text, with its time.
std::string
WanTranscript(const SiteToSite::Options& options, double seconds, bool systemRandom = false)
{
    GatewaySites run(options);
    run.moon->SetAttribute("SystemRandom", BooleanValue(systemRandom));
    std::string transcript;
    run.Watch(
        [&](const TapFrame& frame)
        {
            if (run.sites.OnWan(frame.device))
            {
                transcript += std::to_string(frame.time.time_since_epoch().count()) + ' ' +
                              std::to_string(frame.packetId) + ' ' + ikelab::ToHex(frame.data) +
                              '\n';
            }
        });
    testing::SendUdpAt(Seconds(3), run.sites.alice, run.sites.bobAddress, PORT, "octets");
    run.Run(seconds);
    return transcript;
}

TEST(IkeApplication, EstablishesBothSasAndCarriesTraffic)
{
    GatewaySites run({});
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::SendUdpAt(Seconds(3), run.sites.alice, run.sites.bobAddress, PORT, "octets");
    run.Run(5);
    for (const auto& gateway : {run.moon, run.sun})
    {
        const auto sas = gateway->List();
        ASSERT_EQ(sas.size(), 1u);
        EXPECT_EQ(sas.front().state, "ESTABLISHED");
        EXPECT_EQ(sas.front().children.size(), 1u);
    }
    EXPECT_EQ(run.moon->List().front().spis, run.sun->List().front().spis);
    EXPECT_EQ(bob.datagrams, std::vector<std::string>{"octets"});
    EXPECT_EQ(run.moon->GetCounters().protectedPackets, 1u);
    EXPECT_EQ(run.sun->GetCounters().deliveredPackets, 1u);
}

TEST(IkeApplication, TellsThroughItsTraceSources)
{
    GatewaySites run({});
    std::vector<std::string> told;
    unsigned events = 0;
    const auto note = [&told](const std::string& what)
    {
        told.push_back(what);
    };
    Ptr<IkeApplication> moon = run.moon;
    EXPECT_TRUE(moon->TraceConnectWithoutContext(
        "MessageTx",
        Callback<void, const ikelab::ike::MessageEvent&>(
            [note](const ikelab::ike::MessageEvent& message) {
                note((message.response ? "answers " : "asks ") + std::to_string(message.id.value));
            })));
    EXPECT_TRUE(moon->TraceConnectWithoutContext(
        "MessageRx",
        Callback<void, const ikelab::ike::MessageEvent&>(
            [note](const ikelab::ike::MessageEvent& message)
            { note("hears " + std::to_string(message.id.value)); })));
    EXPECT_TRUE(moon->TraceConnectWithoutContext(
        "IkeSaEstablished",
        Callback<void, const ikelab::ike::IkeSaEstablished&>(
            [note](const ikelab::ike::IkeSaEstablished&) { note("IKE SA"); })));
    EXPECT_TRUE(moon->TraceConnectWithoutContext(
        "ChildSaInstalled",
        Callback<void, const ikelab::ike::ChildSaInstalled&>(
            [note](const ikelab::ike::ChildSaInstalled&) { note("Child SA"); })));
    EXPECT_TRUE(moon->TraceConnectWithoutContext(
        "IkeSaClosed",
        Callback<void, const ikelab::ike::IkeSaClosed&>([note](const ikelab::ike::IkeSaClosed&)
                                                        { note("closed"); })));
    EXPECT_TRUE(moon->TraceConnectWithoutContext(
        "Event",
        Callback<void, const ikelab::gateway::Event&>([&events](const ikelab::gateway::Event&)
                                                      { ++events; })));
    moon->SetStopTime(Seconds(4));
    run.Run(8);
    using ::testing::ElementsAre;
    EXPECT_THAT(told,
                ElementsAre("asks 0",
                            "hears 0",
                            "asks 1",
                            "hears 1",
                            "IKE SA",
                            "Child SA",
                            "asks 2",
                            "hears 2",
                            "closed"));
    EXPECT_GE(events, told.size());
}

TEST(IkeApplication, DeletesItsSasWhenItStops)
{
    GatewaySites run({});
    run.moon->SetStopTime(Seconds(4));
    run.Run(3.5);
    EXPECT_FALSE(run.sun->Empty());
    run.Run(5);
    EXPECT_TRUE(run.moon->Empty());
    EXPECT_TRUE(run.sun->Empty());
}

TEST(IkeApplication, KeepsItsSasWhenToldSo)
{
    GatewaySites run({});
    run.moon->SetAttribute("ShutdownOnStop", BooleanValue(false));
    run.moon->SetStopTime(Seconds(4));
    run.Run(8);
    EXPECT_FALSE(run.moon->Empty());
}

TEST(IkeApplication, NegotiatesNothingOnItsOwnWhenToldSo)
{
    GatewaySites run({});
    run.moon->SetAttribute("AutoStart", BooleanValue(false));
    run.Run(5);
    EXPECT_TRUE(run.moon->Empty());
    Simulator::Schedule(Seconds(0), [&]() { EXPECT_TRUE(run.moon->Initiate("net-net")); });
    run.Run(5);
    EXPECT_FALSE(run.moon->Empty());
    EXPECT_FALSE(run.moon->Initiate("no-such-child"));
}

TEST(IkeApplication, SetsUpATrappedChildOnTheFirstPacketAndLosesNone)
{
    GatewaySites run({},
                     [](SiteToSite& sites, ikelab::gateway::Config& moon, ikelab::gateway::Config&)
                     { moon = sites.MoonConfig("trap"); });
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::SendUdpAt(Seconds(3), run.sites.alice, run.sites.bobAddress, PORT, "first");
    run.Run(2.5);
    EXPECT_TRUE(run.moon->Empty());
    run.Run(5);
    EXPECT_EQ(bob.datagrams, std::vector<std::string>{"first"});
}

TEST(IkeApplication, RepeatsLostMessagesInVirtualTime)
{
    SiteToSite::Options options;
    options.loss = 0.5;
    options.seed = 5;
    GatewaySites run(options);
    unsigned repeated = 0;
    run.moon->TraceConnectWithoutContext("MessageTx",
                                         Callback<void, const ikelab::ike::MessageEvent&>(
                                             [&](const ikelab::ike::MessageEvent& message)
                                             { repeated += message.retransmission > 0 ? 1 : 0; }));
    run.Run(300);
    EXPECT_GT(repeated, 0u);
    EXPECT_FALSE(run.moon->Empty());
}

TEST(IkeApplication, IsTheSameToTheOctetForTheSameSeed)
{
    SiteToSite::Options options;
    options.loss = 0.1;
    const std::string first = WanTranscript(options, 30);
    const std::string second = WanTranscript(options, 30);
    EXPECT_GT(first.size(), 1000u);
    EXPECT_EQ(first, second);
    options.seed = 2;
    EXPECT_NE(WanTranscript(options, 30), first);
}

TEST(IkeApplication, HasKeysThatNoSeedTellsWhenPeersAreOutside)
{
    const std::string first = WanTranscript({}, 30, true);
    EXPECT_GT(first.size(), 1000u);
    EXPECT_NE(WanTranscript({}, 30, true), first);
}

TEST(IkeApplication, EncapsulatesInUdpWhenForced)
{
    SiteToSite::Options options;
    GatewaySites run(options,
                     [](SiteToSite&, ikelab::gateway::Config& moon, ikelab::gateway::Config&)
                     {
                         auto connection = std::make_shared<ikelab::ike::ConnectionConfig>(
                             *moon.ike.connections.front());
                         connection->encap = true;
                         moon.ike.connections.front() = connection;
                     });
    unsigned esp = 0;
    unsigned udp4500 = 0;
    run.Watch(
        [&](const TapFrame& frame)
        {
            if (run.sites.OnWan(frame.device) && frame.sent && frame.data.size() > 24)
            {
                esp += frame.data[9] == 50 ? 1 : 0;
                udp4500 += frame.data[9] == 17 && frame.data[22] == 4500 / 256 &&
                                   frame.data[23] == 4500 % 256
                               ? 1
                               : 0;
            }
        });
    testing::UdpInbox bob(run.sites.bob, false, PORT);
    testing::SendUdpAt(Seconds(3), run.sites.alice, run.sites.bobAddress, PORT, "octets");
    run.Run(5);
    EXPECT_EQ(bob.datagrams.size(), 1u);
    EXPECT_EQ(esp, 0u);
    EXPECT_GT(udp4500, 1u);
}

TEST(IkeApplication, ListensOnThePortsOfItsConnections)
{
    constexpr uint16_t ODD_PORT = 4501;
    const auto move = [](ikelab::gateway::Config& config)
    {
        auto connection =
            std::make_shared<ikelab::ike::ConnectionConfig>(*config.ike.connections.front());
        connection->localPort = connection->remotePort = ODD_PORT;
        config.ike.connections.front() = connection;
    };
    GatewaySites run({},
                     [&](SiteToSite&, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
                     {
                         move(moon);
                         move(sun);
                     });
    run.Run(3);
    ASSERT_EQ(run.sun->List().size(), 1u);
    EXPECT_EQ(run.sun->List().front().path.local.port, ODD_PORT);
    EXPECT_EQ(run.sun->List().front().children.size(), 1u);
    EXPECT_FALSE(run.sun->TakesPort(500));
}

Time
TimeOf(const Ptr<IkeApplication>& application, const std::string& attribute)
{
    TimeValue value;
    application->GetAttribute(attribute, value);
    return value.Get();
}

uint64_t
NumberOf(const Ptr<IkeApplication>& application, const std::string& attribute)
{
    UintegerValue value;
    application->GetAttribute(attribute, value);
    return value.Get();
}

TEST(IkeApplication, ReadsAttributesAsTheConfigurationThatIsInForce)
{
    Ptr<IkeApplication> application = CreateObject<IkeApplication>();
    EXPECT_EQ(TimeOf(application, "RetransmitTimeout"), Seconds(4));
    EXPECT_EQ(TimeOf(application, "RetransmitLimit"), Seconds(0));
    EXPECT_EQ(TimeOf(application, "HalfOpenTimeout"), Seconds(30));
    EXPECT_EQ(TimeOf(application, "KeepAlive"), Seconds(20));
    EXPECT_EQ(NumberOf(application, "RetransmitTries"), 5u);
    EXPECT_EQ(NumberOf(application, "RetransmitJitter"), 0u);
    EXPECT_EQ(NumberOf(application, "CookieThreshold"), 30u);
    EXPECT_EQ(NumberOf(application, "BlockThreshold"), 0u);
    EXPECT_EQ(NumberOf(application, "NonceOctets"), 32u);
    DoubleValue base;
    application->GetAttribute("RetransmitBase", base);
    EXPECT_EQ(base.Get(), 1.8);

    ikelab::gateway::Config config;
    config.ike.retransmit.timeout = std::chrono::seconds(7);
    config.ike.retransmit.tries = 9;
    config.ike.nonceOctets = 48;
    application->SetAttribute("RetransmitTries", UintegerValue(3));
    application->SetConfig(config);
    application->SetAttribute("NonceOctets", UintegerValue(64));
    EXPECT_EQ(TimeOf(application, "RetransmitTimeout"), Seconds(7)); // a default clobbers nothing
    EXPECT_EQ(NumberOf(application, "RetransmitTries"), 3u);
    EXPECT_EQ(NumberOf(application, "NonceOctets"), 64u);
    EXPECT_FALSE(application->SetAttributeFailSafe("NonceOctets", UintegerValue(15)));
    EXPECT_FALSE(application->SetAttributeFailSafe("RetransmitBase", DoubleValue(0.5)));
    EXPECT_FALSE(application->SetAttributeFailSafe("RetransmitTimeout", TimeValue(Seconds(0))));
    EXPECT_FALSE(application->SetAttributeFailSafe("RetransmitJitter", UintegerValue(100)));
}

TEST(IkeApplication, TakesAttributesByHelperByPathAndByDefault)
{
    SiteToSite sites({});
    IpsecHelper helper;
    helper.SetContext(GatewaySites::SharedContext());
    helper.SetAttribute("RetransmitTries", UintegerValue(2));
    Config::SetDefault("ns3::IkeApplication::RetransmitBase", DoubleValue(1.0));
    Ptr<IkeApplication> moon = helper.Install(sites.moon, sites.MoonConfig());
    Config::SetDefault("ns3::IkeApplication::RetransmitBase", DoubleValue(1.8));
    Config::Set("/NodeList/*/ApplicationList/*/$ns3::IkeApplication/RetransmitTimeout",
                TimeValue(Seconds(1)));
    // Nobody answers: sent at 0, repeated at 1 and 2, given up at 3.
    std::vector<double> sent;
    double closed = 0;
    moon->TraceConnectWithoutContext("MessageTx",
                                     Callback<void, const ikelab::ike::MessageEvent&>(
                                         [&](const ikelab::ike::MessageEvent&)
                                         { sent.push_back(Simulator::Now().GetSeconds()); }));
    moon->TraceConnectWithoutContext("IkeSaClosed",
                                     Callback<void, const ikelab::ike::IkeSaClosed&>(
                                         [&](const ikelab::ike::IkeSaClosed&)
                                         { closed = Simulator::Now().GetSeconds(); }));
    Simulator::Stop(Seconds(60));
    Simulator::Run();
    EXPECT_THAT(sent, ::testing::ElementsAre(0.0, 1.0, 2.0));
    EXPECT_EQ(closed, 3.0);
}

TEST(IkeApplicationDeathTest, RefusesAttributesOfAGatewayThatRuns)
{
    GatewaySites run({});
    run.Run(1);
    EXPECT_DEATH(run.moon->SetAttribute("KeepAlive", TimeValue(Seconds(5))),
                 "before the simulation starts");
}

TEST(IkeApplication, TellsOfKeysLifetimesAndLiveness)
{
    GatewaySites run({},
                     [](SiteToSite&, ikelab::gateway::Config& moon, ikelab::gateway::Config&)
                     {
                         testing::ChangeChild(moon,
                                              [](ikelab::ike::ChildConfig& child)
                                              {
                                                  child.rekeyTime = std::chrono::seconds(5);
                                                  child.randTime = {};
                                              });
                     });
    unsigned keys = 0;
    unsigned alive = 0;
    std::vector<std::string> lifetimes;
    EXPECT_TRUE(run.moon->TraceConnectWithoutContext(
        "IkeKeysDerived",
        Callback<void, const ikelab::ike::IkeKeysDerived&>([&](const ikelab::ike::IkeKeysDerived&)
                                                           { ++keys; })));
    EXPECT_TRUE(run.moon->TraceConnectWithoutContext(
        "PeerAlive",
        Callback<void, const ikelab::ike::PeerAlive&>(
            [&](const ikelab::ike::PeerAlive& one)
            {
                ++alive;
                EXPECT_GE(one.roundTrip, std::chrono::milliseconds(20));
            })));
    EXPECT_TRUE(run.moon->TraceConnectWithoutContext(
        "LifetimeReached",
        Callback<void, const ikelab::gateway::LifetimeReached&>(
            [&](const ikelab::gateway::LifetimeReached& reached) {
                lifetimes.push_back((reached.hard ? "hard " : "soft ") + std::string(reached.what));
            })));
    EXPECT_TRUE(run.moon->TraceConnectWithoutContext(
        "PathChanged",
        Callback<void, const ikelab::ike::PathChanged&>([](const ikelab::ike::PathChanged&) {})));
    EXPECT_TRUE(
        run.moon->TraceConnectWithoutContext("ChildSaFailed",
                                             Callback<void, const ikelab::ike::ChildSaFailed&>(
                                                 [](const ikelab::ike::ChildSaFailed&) {})));
    Simulator::Schedule(Seconds(2), [&]() { EXPECT_TRUE(run.moon->CheckLiveness("net")); });
    run.Run(8);
    EXPECT_EQ(keys, 1u);
    EXPECT_EQ(alive, 1u);
    ASSERT_FALSE(lifetimes.empty());
    EXPECT_EQ(lifetimes.front(), "soft time");
}

// Traffic moves the check and nothing else (RFC 7296 §2.4): there is nothing to tell or to send.
TEST(IkeApplication, ChecksLivenessAfterTrafficHasPutItOff)
{
    GatewaySites run({},
                     [](SiteToSite&, ikelab::gateway::Config& moon, ikelab::gateway::Config&)
                     {
                         auto& connection = moon.ike.connections.front();
                         ikelab::ike::ConnectionConfig changed = *connection;
                         changed.dpdDelay = std::chrono::seconds(5);
                         connection = std::make_shared<ikelab::ike::ConnectionConfig>(changed);
                     });
    std::vector<double> alive;
    run.moon->TraceConnectWithoutContext("PeerAlive",
                                         Callback<void, const ikelab::ike::PeerAlive&>(
                                             [&](const ikelab::ike::PeerAlive&)
                                             { alive.push_back(Simulator::Now().GetSeconds()); }));
    testing::SendUdpAt(Seconds(3), run.sites.bob, run.sites.aliceAddress, PORT, "octets");
    run.Run(12);
    ASSERT_EQ(run.moon->GetCounters().deliveredPackets, 1u);
    ASSERT_EQ(alive.size(), 1u);
    EXPECT_NEAR(alive.front(), 8, 0.2);
}

TEST(IkeApplication, HasAnAttributeForEveryKnob)
{
    // What ns-3 adds to the gateway's configuration.
    Ptr<IkeApplication> application = CreateObject<IkeApplication>();
    for (const char* name : {"AutoStart", "ShutdownOnStop"})
    {
        BooleanValue value(false);
        application->GetAttribute(name, value);
        EXPECT_TRUE(value.Get()) << name;
    }
    Ptr<IpsecStack> stack = CreateObject<IpsecStack>();
    for (const char* name : {"Policy",
                             "CopyDontFragment",
                             "PreferProtectedSource",
                             "ReversePathCheck",
                             "ShortInput",
                             "ShortOutput"})
    {
        BooleanValue value(false);
        stack->GetAttribute(name, value);
        EXPECT_TRUE(value.Get()) << name;
    }
    UintegerValue ttl;
    stack->GetAttribute("TunnelTtl", ttl);
    EXPECT_EQ(ttl.Get(), 64u);
    EXPECT_EQ(application->AssignStreams(7), 1);
}

} // namespace

} // namespace ns3
