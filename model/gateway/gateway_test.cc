// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "gateway/testing/gateway_pair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace ikelab::gateway
{
namespace
{

using namespace std::chrono_literals;
using testing::ALICE;
using testing::BOB;
using testing::ChildPatch;
using testing::ConnectionPatch;
using testing::Frame;
using testing::GatewayPair;
using testing::Json;
using testing::Node;
using testing::PairOptions;
using testing::Udp;

/// moon's child is trapped.
PairOptions
Trapped()
{
    PairOptions options;
    options.moon = ChildPatch(R"({"start_action": "trap"})");
    return options;
}

bool
IsClear(const Frame& frame)
{
    return frame.kind == Frame::Kind::CLEAR;
}

TEST(Gateway, HoldsTrappedPacketsAndReleasesThemInOrder)
{
    GatewayPair pair(Trapped());
    std::vector<Buffer> packets;
    for (uint16_t port = 1; port <= 5; ++port)
    {
        packets.push_back(Udp(ALICE, BOB, port));
        EXPECT_EQ(pair.Send(pair.moon, packets.back()), Verdict::HELD);
    }
    EXPECT_EQ(pair.moon.Counts().heldPackets, 5u);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered, packets);
    EXPECT_EQ(pair.moon.Count<ike::ChildSaInstalled>(), 1u) << "one negotiation for all";
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    EXPECT_TRUE(std::ranges::none_of(pair.trace, IsClear));
    pair.Settle();
    pair.ExpectAgreement();
}

// RFC 7296 §2.9: IKE_AUTH is longer by a selector of 16 octets at each end.
TEST(Gateway, NamesThePacketThatItHoldsFor)
{
    const auto octetsOfAuth = [](const GatewayPair& pair)
    {
        size_t octets = 0;
        for (const ike::MessageEvent* message : pair.moon.All<ike::MessageEvent>())
        {
            const bool auth = message->exchange == wire::ExchangeType::IKE_AUTH;
            octets = auth && message->sent ? message->octets : octets;
        }
        return octets;
    };
    GatewayPair asked;
    asked.Establish();
    GatewayPair held(Trapped());
    EXPECT_EQ(held.Send(held.moon, Udp()), Verdict::HELD);
    held.Settle();
    EXPECT_EQ(held.sun.delivered.size(), 1u);
    ASSERT_NE(octetsOfAuth(asked), 0u);
    EXPECT_EQ(octetsOfAuth(held), octetsOfAuth(asked) + 2 * 16);
}

TEST(Gateway, HoldsOnlySoManyPackets)
{
    GatewayPair pair(Trapped());
    for (uint16_t port = 1; port <= limits::HELD_PACKETS + 3; ++port)
    {
        EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB, port)), Verdict::HELD);
    }
    EXPECT_EQ(pair.moon.Counts().discardedPackets, 3u);
    pair.Settle();
    ASSERT_EQ(pair.sun.delivered.size(), limits::HELD_PACKETS);
    EXPECT_EQ(pair.sun.delivered.front(), Udp(ALICE, BOB, 4)) << "the oldest went first";
}

TEST(Gateway, DropsHeldPacketsWhenTheNegotiationFails)
{
    PairOptions options = Trapped();
    options.both["charon"] =
        Json::parse(R"({"retransmit_tries": 1, "retransmit_timeout": 1, "retransmit_base": 1})");
    options.both.merge_patch(ConnectionPatch(R"({"keyingtries": 2})"));
    GatewayPair pair(options);
    pair.onFrame = [](const Node&, Frame&)
    {
        return false;
    };
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::HELD);
    pair.Run(2500ms);
    EXPECT_EQ(pair.moon.Count<ike::IkeSaClosed>(), 1u);
    EXPECT_EQ(pair.moon.Counts().discardedPackets, 0u) << "the second try is under way";
    pair.Run(2500ms);
    EXPECT_EQ(pair.moon.Count<ike::IkeSaClosed>(), 2u);
    EXPECT_EQ(pair.moon.Counts().discardedPackets, 1u);
    pair.onFrame = nullptr;
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB, 9)), Verdict::HELD) << "and asks again";
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered, std::vector<Buffer>{Udp(ALICE, BOB, 9)});
}

TEST(Gateway, DropsHeldPacketsWhenOnlyTheChildFails)
{
    PairOptions options = Trapped();
    options.sun = ChildPatch(R"({"esp_proposals": "aes256gcm16"})");
    GatewayPair pair(options);
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::HELD);
    pair.Settle();
    EXPECT_EQ(pair.moon.Count<ike::ChildSaFailed>(), 1u);
    EXPECT_EQ(pair.moon.Counts().discardedPackets, 1u);
    EXPECT_TRUE(pair.sun.delivered.empty());
}

TEST(Gateway, KeepsHeldPacketsWhenAnAttemptOfThePeersFails)
{
    PairOptions options = Trapped();
    options.sun = ChildPatch(R"({"esp_proposals": "aes256gcm16"})");
    GatewayPair pair(options);
    pair.onFrame = [](const Node&, Frame&)
    {
        return false;
    };
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::HELD);
    pair.onFrame = nullptr;
    ASSERT_TRUE(pair.sun.gateway.Initiate(pair.now, "net"));
    pair.Drain(pair.sun);
    pair.Settle();
    EXPECT_EQ(pair.moon.Count<ike::ChildSaFailed>(), 1u);
    EXPECT_EQ(pair.moon.Counts().discardedPackets, 0u);
}

TEST(Gateway, DoesNotHoldForEverWhatTheSaLeavesOut)
{
    PairOptions options;
    options.moon = ChildPatch(R"({"start_action": "trap", "local_ts": ["10.1.0.0/16"],
                                  "remote_ts": ["10.2.0.0/16"]})");
    options.sun = ChildPatch(R"({"local_ts": ["10.2.0.0/24"], "remote_ts": ["10.1.0.0/16"]})");
    GatewayPair pair(options);
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, "10.2.0.1")), Verdict::HELD);
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, "10.2.1.1")), Verdict::HELD);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered, std::vector<Buffer>{Udp(ALICE, "10.2.0.1")});
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, "10.2.1.1")), Verdict::DISCARD);
    EXPECT_EQ(pair.moon.CountRefused(Fault::POLICY), 2u);
    EXPECT_TRUE(std::ranges::none_of(pair.trace, IsClear));
}

class DeadPeer : public ::testing::TestWithParam<const char*>
{
  protected:
    /// A pair whose sun falls silent until it is found dead.
    static PairOptions
    Options()
    {
        PairOptions options;
        options.both["charon"] = Json::parse(
            R"({"retransmit_tries": 2, "retransmit_timeout": 1, "retransmit_base": 1})");
        options.moon = ConnectionPatch(R"({"dpd_delay": "10s"})");
        options.moon.merge_patch(
            ChildPatch((R"({"dpd_action": ")" + std::string(GetParam()) + R"("})").c_str()));
        return options;
    }
};

TEST_P(DeadPeer, GetsItsDpdAction)
{
    const std::string action = GetParam();
    GatewayPair pair(Options());
    pair.Establish();
    pair.onFrame = [](const Node&, Frame&)
    {
        return false;
    };
    pair.Run(13500ms);
    ASSERT_EQ(pair.moon.Count<ike::ChildSaRemoved>(), 1u);
    EXPECT_EQ(pair.moon.All<ike::ChildSaRemoved>().front()->reason, ike::CloseReason::PEER_DEAD);
    EXPECT_TRUE(pair.moon.Children().empty());
    pair.onFrame = nullptr;
    const size_t before = pair.trace.size();
    if (action == "clear")
    {
        EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::DISCARD);
        pair.Run(1min);
        EXPECT_EQ(pair.trace.size(), before) << "nobody asks for an SA";
        EXPECT_TRUE(pair.moon.gateway.Empty());
    }
    else if (action == "trap")
    {
        pair.Run(1s);
        EXPECT_EQ(pair.trace.size(), before);
        EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::HELD);
        pair.Settle();
        EXPECT_EQ(pair.sun.delivered.size(), 1u);
        pair.ExpectAgreement();
    }
    else
    {
        // The first try fell into the silence; its repetition comes through.
        pair.Run(3s);
        EXPECT_EQ(pair.moon.Children().size(), 1u);
        EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
        pair.Settle();
        EXPECT_EQ(pair.sun.delivered.size(), 1u);
    }
}

TEST_P(DeadPeer, IsNotFoundWhileItsTrafficComes)
{
    GatewayPair pair(Options());
    pair.Establish();
    const size_t before = pair.trace.size();
    for (int i = 0; i < 10; ++i)
    {
        pair.Run(5s);
        ASSERT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT);
    }
    pair.Settle();
    EXPECT_EQ(pair.trace.size(), before + 10) << "no liveness check was needed, RFC 7296 §2.4";
}

INSTANTIATE_TEST_SUITE_P(Actions,
                         DeadPeer,
                         ::testing::Values("clear", "trap", "restart"),
                         [](const auto& action) { return std::string(action.param); });

TEST(Gateway, TellsOfARestartAtOnce)
{
    PairOptions options;
    options.both["charon"] =
        Json::parse(R"({"retransmit_tries": 1, "retransmit_timeout": 1, "retransmit_base": 1})");
    options.moon = ConnectionPatch(R"({"dpd_delay": "10s"})");
    options.moon.merge_patch(ChildPatch(R"({"dpd_action": "restart"})"));
    GatewayPair pair(options);
    pair.Establish();
    pair.onFrame = [](const Node&, Frame&)
    {
        return false;
    };
    while (pair.moon.Count<ike::IkeSaClosed>() == 0)
    {
        pair.Run(100ms);
    }
    const auto messages = pair.moon.All<ike::MessageEvent>();
    EXPECT_EQ(messages.back()->exchange, wire::ExchangeType::IKE_SA_INIT)
        << "the event came with the datagram";
}

TEST(Gateway, StartsWhatIsConfiguredToStart)
{
    PairOptions options;
    options.moon = ChildPatch(R"({"start_action": "start"})");
    GatewayPair pair(options);
    pair.sun.gateway.Start(pair.now);
    pair.Drain(pair.sun);
    EXPECT_TRUE(pair.trace.empty());
    pair.moon.gateway.Start(pair.now);
    pair.Drain(pair.moon);
    pair.Settle();
    EXPECT_EQ(pair.moon.Children().size(), 1u);
    pair.ExpectAgreement();
}

TEST(Gateway, TerminatesOneChild)
{
    GatewayPair pair;
    EXPECT_EQ(pair.moon.gateway.TerminateChild(pair.now, "net").error().fault, Fault::NOT_FOUND);
    pair.Establish();
    ASSERT_TRUE(pair.moon.gateway.TerminateChild(pair.now, "net/net"));
    pair.Drain(pair.moon);
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::DISCARD) << "its Delete is on its way";
    EXPECT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT) << "sun does not know yet";
    EXPECT_TRUE(pair.moon.gateway.TerminateChild(pair.now, "net")) << "twice does no harm";
    pair.Drain(pair.moon);
    pair.Settle();
    EXPECT_TRUE(pair.moon.Children().empty());
    EXPECT_TRUE(pair.sun.Children().empty());
    EXPECT_EQ(pair.moon.delivered.size(), 1u);
    EXPECT_EQ(pair.moon.gateway.List().size(), 1u);
    EXPECT_FALSE(pair.moon.gateway.Empty());
    EXPECT_EQ(pair.moon.gateway.TerminateChild(pair.now, "none").error().fault, Fault::NOT_FOUND);
}

TEST(Gateway, TerminatesAConnection)
{
    GatewayPair pair;
    EXPECT_EQ(pair.moon.gateway.Terminate(pair.now, "net").error().fault, Fault::NOT_FOUND);
    pair.Establish();
    ASSERT_TRUE(pair.sun.gateway.Terminate(pair.now, "net"));
    pair.Drain(pair.sun);
    EXPECT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::DISCARD);
    pair.Settle();
    EXPECT_TRUE(pair.moon.gateway.Empty());
    EXPECT_TRUE(pair.sun.gateway.Empty());
    EXPECT_EQ(pair.sun.Count<ike::IkeSaClosed>(), 1u);
    pair.Establish();
}

TEST(Gateway, ShutsDownWithDeletesAndStartsNothingAnew)
{
    PairOptions options = Trapped();
    options.moon.merge_patch(ChildPatch(R"({"dpd_action": "restart"})"));
    GatewayPair pair(options);
    pair.Establish();
    pair.moon.gateway.Shutdown(pair.now);
    pair.Drain(pair.moon);
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::DISCARD);
    pair.Settle();
    EXPECT_TRUE(pair.moon.gateway.Empty());
    EXPECT_TRUE(pair.sun.gateway.Empty());
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::DISCARD) << "the trap is gone";
    pair.Run(5min);
    EXPECT_FALSE(pair.moon.gateway.PollTimeout());
    EXPECT_TRUE(std::ranges::none_of(pair.trace, IsClear));
}

TEST(Gateway, ChecksLiveness)
{
    GatewayPair pair;
    EXPECT_EQ(pair.moon.gateway.CheckLiveness(pair.now, "net").error().fault, Fault::NOT_FOUND);
    pair.Establish();
    ASSERT_TRUE(pair.moon.gateway.CheckLiveness(pair.now, "net"));
    pair.Drain(pair.moon);
    pair.Settle();
    ASSERT_EQ(pair.moon.Count<ike::PeerAlive>(), 1u);
    EXPECT_EQ(pair.moon.All<ike::PeerAlive>().front()->roundTrip, 2 * GatewayPair::LATENCY);
}

TEST(Gateway, InitiatesByUnambiguousNames)
{
    Json json = GatewayPair::BaseConfig(true, false);
    json["connections"]["other"] = json["connections"]["net"];
    SeededRandom random(1);
    Gateway gateway(*ReadConfig(json), testing::SharedContext(), random);
    EXPECT_EQ(gateway.Initiate({}, "net").error().fault, Fault::BAD_VALUE);
    EXPECT_EQ(gateway.Initiate({}, "none/net").error().fault, Fault::NOT_FOUND);
    EXPECT_TRUE(gateway.Initiate({}, "other/net"));
    EXPECT_EQ(gateway.Initiate({}, "other/net").error().fault, Fault::UNEXPECTED);
    EXPECT_TRUE(gateway.Initiate({}, "net/net"));
}

/// A NAT before moon: sun sees another address, and `port` may change.
struct Nat
{
    explicit Nat(GatewayPair& pair)
    {
        pair.onFrame = [this](const Node& from, Frame& frame)
        {
            if (from.name == "moon")
            {
                m_inside = frame.path.local;
                frame.path.local = {outside.address,
                                    static_cast<uint16_t>(outside.port + frame.path.local.port)};
            }
            else
            {
                const bool known = frame.path.remote.address == outside.address &&
                                   frame.path.remote.port == outside.port + m_inside.port;
                frame.path.remote = m_inside;
                return known;
            }
            return true;
        };
    }

    SocketAddress outside{*IpAddress::Parse("198.51.100.7"), 20000};

  private:
    SocketAddress m_inside;
};

PairOptions
BehindNat()
{
    PairOptions options;
    options.sun = ConnectionPatch(R"({"remote_addrs": "%any"})");
    return options;
}

// RFC 7296 §2.23
TEST(Gateway, EncapsulatesBehindANatAndKeepsItOpen)
{
    GatewayPair pair(BehindNat());
    Nat nat(pair);
    pair.Establish();
    EXPECT_TRUE(pair.moon.gateway.List().front().natLocal);
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT);
    EXPECT_EQ(pair.trace.back().kind, Frame::Kind::UDP);
    EXPECT_EQ(pair.sun.lastOutgoing.path.remote, (SocketAddress{nat.outside.address, 24500}));
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 1u);
    EXPECT_EQ(pair.moon.delivered.size(), 1u);
    const size_t before = pair.trace.size();
    pair.Run(21s);
    ASSERT_EQ(pair.trace.size(), before + 1);
    EXPECT_EQ(pair.trace.back().octets, Buffer{0xff});
    EXPECT_EQ(pair.trace.back().path.local.port, 4500);
    EXPECT_EQ(pair.sun.CountRefused(Fault::TRUNCATED), 0u);
}

/// moon on port 5500, sun on 5501.
PairOptions
OnTheirPorts(const char* encap)
{
    PairOptions options;
    options.both = ConnectionPatch(encap);
    options.moon = ConnectionPatch(R"({"local_port": 5500, "remote_port": 5501})");
    options.sun = ConnectionPatch(R"({"local_port": 5501, "remote_port": 5500})");
    return options;
}

// RFC 7296 §2.23: encapsulated ESP takes the ports of IKE, whatever their numbers.
TEST(Gateway, EncapsulatesThroughConfiguredPorts)
{
    GatewayPair pair(OnTheirPorts(R"({"encap": "yes"})"));
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    EXPECT_EQ(pair.trace.back().kind, Frame::Kind::UDP);
    EXPECT_EQ(pair.moon.lastOutgoing.path.local.port, 5500);
    EXPECT_EQ(pair.moon.lastOutgoing.path.remote.port, 5501);
    ASSERT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 1u);
    EXPECT_EQ(pair.moon.delivered.size(), 1u);
    EXPECT_EQ(pair.sun.Count<ike::MessageRejected>(), 0u);
    ASSERT_TRUE(pair.sun.gateway.CheckLiveness(pair.now, "net"));
    pair.Drain(pair.sun);
    pair.Settle();
    EXPECT_EQ(pair.sun.Count<ike::PeerAlive>(), 1u);
}

TEST(Gateway, EncapsulatesThroughConfiguredPortsAndANat)
{
    PairOptions options = OnTheirPorts(R"({"encap": "no"})");
    options.sun.merge_patch(ConnectionPatch(R"({"remote_addrs": "%any"})"));
    GatewayPair pair(options);
    Nat nat(pair);
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    EXPECT_EQ(pair.trace.back().kind, Frame::Kind::UDP);
    ASSERT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT);
    EXPECT_EQ(pair.sun.lastOutgoing.path.remote, (SocketAddress{nat.outside.address, 25500}));
    pair.Run(21s);
    EXPECT_EQ(pair.sun.delivered.size(), 1u);
    EXPECT_EQ(pair.moon.delivered.size(), 1u);
    EXPECT_EQ(pair.trace.back().octets, Buffer{0xff});
    EXPECT_EQ(pair.sun.verdicts.back(), Verdict::CONSUMED);
    EXPECT_EQ(pair.sun.Count<ike::MessageRejected>(), 0u);
}

TEST(Gateway, MovesEspWithTheIkeSaWhenTheNatChanges)
{
    GatewayPair pair(BehindNat());
    Nat nat(pair);
    pair.Establish();
    nat.outside.port = 30000;
    ASSERT_TRUE(pair.moon.gateway.CheckLiveness(pair.now, "net"));
    pair.Drain(pair.moon);
    pair.Settle();
    ASSERT_EQ(pair.sun.Count<ike::PathChanged>(), 1u);
    EXPECT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT);
    EXPECT_EQ(pair.sun.lastOutgoing.path.remote.port, 34500);
    pair.Settle();
    EXPECT_EQ(pair.moon.delivered.size(), 1u);
}

// RFC 7296 §2.23: IKE and ESP, and both by what the newest authentic packet says.
TEST(Gateway, MovesIkeAndEspWhenAuthenticEspComesFromElsewhere)
{
    GatewayPair pair(BehindNat());
    Nat nat(pair);
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    const Frame first = pair.trace.back();
    pair.Settle();
    nat.outside.port = 30000;
    ASSERT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    pair.Settle();
    ASSERT_EQ(pair.sun.Count<ike::PathChanged>(), 1u);
    EXPECT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT);
    EXPECT_EQ(pair.sun.lastOutgoing.path.remote.port, 34500);
    ASSERT_TRUE(pair.sun.gateway.CheckLiveness(pair.now, "net"));
    pair.Drain(pair.sun);
    EXPECT_EQ(pair.trace.back().path.remote, (SocketAddress{nat.outside.address, 34500}));
    pair.Settle();
    EXPECT_EQ(pair.sun.Count<ike::PeerAlive>(), 1u) << "IKE reaches the new mapping";
    // Neither a replay nor a forgery from another place moves anything.
    Frame elsewhere = first;
    elsewhere.path.local = {*IpAddress::Parse("203.0.113.1"), 4500};
    EXPECT_EQ(pair.Deliver(pair.sun, elsewhere), Verdict::DISCARD);
    elsewhere.octets[7] = 99;
    EXPECT_EQ(pair.Deliver(pair.sun, elsewhere), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.Count<ike::PathChanged>(), 1u);
}

// Its path has no ports: an answer could not come back through the NAT.
TEST(Gateway, TakesEspWithoutUdpFromBehindANatAndStaysWhereItIs)
{
    GatewayPair pair(BehindNat());
    Nat nat(pair);
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    Frame bare = pair.trace.back();
    bare.kind = Frame::Kind::ESP;
    bare.path.local = {nat.outside.address, 0};
    bare.path.remote.port = 0;
    EXPECT_EQ(pair.Deliver(pair.sun, bare), Verdict::DELIVER);
    EXPECT_EQ(pair.sun.Count<ike::PathChanged>(), 0u);
    ASSERT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT);
    EXPECT_TRUE(pair.sun.lastOutgoing.udpEncapsulation);
    EXPECT_EQ(pair.sun.lastOutgoing.path.remote, (SocketAddress{nat.outside.address, 24500}));
    EXPECT_EQ(pair.sun.lastOutgoing.path.local.port, 4500);
}

TEST(Gateway, FollowsNobodyFromBehindANat)
{
    GatewayPair pair(BehindNat());
    Nat nat(pair);
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT);
    Frame frame = pair.trace.back();
    frame.path = {{*IpAddress::Parse("203.0.113.1"), 4500}, {*IpAddress::Parse("192.0.2.1"), 4500}};
    EXPECT_EQ(pair.Deliver(pair.moon, frame), Verdict::DELIVER);
    EXPECT_EQ(pair.moon.Count<ike::PathChanged>(), 0u);
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    EXPECT_EQ(pair.moon.lastOutgoing.path.remote.address, *IpAddress::Parse("192.0.2.2"));
}

TEST(Gateway, StaysWhereItIsWithoutANat)
{
    PairOptions options;
    options.both = ConnectionPatch(R"({"encap": "no"})");
    GatewayPair pair(options);
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    Frame frame = pair.trace.back();
    frame.path.local.address = *IpAddress::Parse("203.0.113.1");
    EXPECT_EQ(pair.Deliver(pair.sun, frame), Verdict::DELIVER);
    EXPECT_EQ(pair.sun.Count<ike::PathChanged>(), 0u);
    EXPECT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT);
    EXPECT_EQ(pair.sun.lastOutgoing.path.remote.address, *IpAddress::Parse("192.0.2.1"));
}

/// Everything on the wire of one eventful run.
std::vector<Frame>
Story(uint64_t seed)
{
    PairOptions options = Trapped();
    options.seed = seed;
    options.both.merge_patch(ChildPatch(
        R"({"rekey_time": "50s", "life_time": "55s", "rand_time": "20s",
            "esp_proposals": "aes128-sha256"})"));
    GatewayPair pair(options);
    for (int i = 0; i < 20; ++i)
    {
        pair.Send(pair.moon, Udp());
        pair.Run(7s);
        pair.Send(pair.sun, Udp(BOB, ALICE));
        pair.Settle();
        pair.ExpectAgreement();
    }
    return pair.trace;
}

TEST(Gateway, RepeatsEveryOctetWithTheSameSeed)
{
    const auto story = Story(7);
    EXPECT_GT(story.size(), 40u);
    EXPECT_EQ(story, Story(7));
    EXPECT_NE(story, Story(8));
}

TEST(Gateway, KeepsItsPromisesOnALossyWire)
{
    for (uint64_t seed = 1; seed <= 20; ++seed)
    {
        SCOPED_TRACE(seed);
        PairOptions options = Trapped();
        options.seed = seed;
        options.both["charon"] = Json::parse(R"({"retransmit_timeout": 1, "retransmit_tries": 8})");
        options.both.merge_patch(ChildPatch(R"({"life_packets": 15, "start_action": "trap"})"));
        GatewayPair pair(options);
        SeededRandom dice(seed, 9);
        pair.onFrame = [&](const Node& from, Frame& frame)
        {
            if (dice.U32() % 5 == 0)
            {
                return false;
            }
            if (dice.U32() % 5 == 0)
            {
                const Frame twice = frame;
                const auto hook = std::exchange(pair.onFrame, nullptr);
                pair.Inject(from, twice);
                pair.onFrame = hook;
            }
            return true;
        };
        for (int i = 0; i < 100; ++i)
        {
            pair.Send(pair.moon, Udp());
            pair.Send(pair.sun, Udp(BOB, ALICE));
            pair.Run(300ms);
        }
        EXPECT_TRUE(std::ranges::none_of(pair.trace, IsClear));
        EXPECT_GT(pair.sun.delivered.size(), 20u);
        EXPECT_EQ(pair.sun.Counts().integrityFailures, 0u);
        pair.onFrame = nullptr;
        pair.Run(5min);
        pair.ExpectAgreement();
    }
}

/// Only a program can leave selectors out; then an SA's own are policy while it lasts.
TEST(Gateway, ForgetsTheSelectorsOfAnSaWithIt)
{
    Config config = *ReadConfig(GatewayPair::BaseConfig(false, false));
    auto hub = std::make_shared<ike::ConnectionConfig>(*config.ike.connections.front());
    hub->children.front().localTs.clear();
    hub->children.front().remoteTs.clear();
    config.ike.connections = {hub};
    Node sun("sun", std::move(config), 1);
    PairOptions options;
    options.moon = ChildPatch(R"({"local_ts": ["192.0.2.1"], "remote_ts": ["192.0.2.2"]})");
    GatewayPair pair(options);
    const auto exchange = [&]
    {
        while (true)
        {
            auto out = pair.moon.gateway.PollTransmit();
            auto in = sun.gateway.PollTransmit();
            if (!out && !in)
            {
                break;
            }
            if (out)
            {
                PacketBuffer buffer(out->message);
                sun.gateway.HandleUdp(pair.now, {{out->path.remote, out->path.local}}, buffer);
            }
            if (in)
            {
                PacketBuffer buffer(in->message);
                pair.moon.gateway.HandleUdp(pair.now, {{in->path.remote, in->path.local}}, buffer);
            }
        }
    };
    const Buffer clear = Udp("192.0.2.1", "192.0.2.2");
    for (int round = 0; round < 2; ++round)
    {
        EXPECT_EQ(sun.gateway.HandleInboundClear(pair.now, clear), Verdict::BYPASS);
        ASSERT_TRUE(pair.moon.gateway.Initiate(pair.now, "net"));
        exchange();
        ASSERT_EQ(sun.Children().size(), 1u);
        EXPECT_EQ(sun.gateway.HandleInboundClear(pair.now, clear), Verdict::DISCARD);
        ASSERT_TRUE(pair.moon.gateway.Terminate(pair.now, "net"));
        exchange();
        EXPECT_TRUE(sun.gateway.Empty());
    }
    EXPECT_EQ(sun.gateway.HandleInboundClear(pair.now, clear), Verdict::BYPASS);
}

TEST(Gateway, ServesManyPeersOfOneChild)
{
    // A hub with one child for all road warriors, each with an SA of its own.
    PairOptions options;
    options.sun =
        ConnectionPatch(R"({"remote_addrs": "%any", "remote": {"auth": "psk", "id": "%any"}})");
    GatewayPair pair(options);
    Node& hub = pair.sun;
    std::vector<std::unique_ptr<Node>> warriors;
    const auto exchange = [&](Node& warrior)
    {
        while (true)
        {
            auto out = warrior.gateway.PollTransmit();
            auto in = hub.gateway.PollTransmit();
            if (!out && !in)
            {
                break;
            }
            if (out)
            {
                PacketBuffer buffer(out->message);
                hub.gateway.HandleUdp(pair.now, {{out->path.remote, out->path.local}}, buffer);
            }
            if (in)
            {
                PacketBuffer buffer(in->message);
                warrior.gateway.HandleUdp(pair.now, {{in->path.remote, in->path.local}}, buffer);
            }
        }
    };
    constexpr int PEERS = 50;
    for (int i = 0; i < PEERS; ++i)
    {
        Json json = GatewayPair::BaseConfig(true, false);
        Json& connection = json["connections"]["net"];
        connection["local_addrs"] = "192.0.2." + std::to_string(100 + i);
        connection["local"]["id"] = "w" + std::to_string(i) + ".test";
        connection["children"]["net"]["local_ts"] = "10.1." + std::to_string(i) + ".0/24";
        connection["children"]["net"]["remote_ts"] = "10.2.0.0/16";
        warriors.push_back(std::make_unique<Node>("moon", *ReadConfig(json), 100 + i));
        ASSERT_TRUE(warriors.back()->gateway.Initiate(pair.now, "net"));
        exchange(*warriors.back());
    }
    ASSERT_EQ(hub.Children().size(), static_cast<size_t>(PEERS));
    for (int i = 0; i < PEERS; ++i)
    {
        const std::string there = "10.1." + std::to_string(i) + ".1";
        ASSERT_EQ(pair.Send(hub, Udp(BOB, there)), Verdict::PROTECT);
        EXPECT_EQ(hub.lastOutgoing.path.remote.address,
                  *IpAddress::Parse("192.0.2." + std::to_string(100 + i)));
    }
    EXPECT_EQ(pair.Send(hub, Udp(BOB, "10.1.200.1")), Verdict::DISCARD);
}

} // namespace
} // namespace ikelab::gateway
