// SPDX-License-Identifier: MIT
#include "gateway/testing/gateway_pair.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

/**
 * What becomes of Child SAs whose lifetime passes (RFC 4301 §4.4.2.1).
 */
namespace ikelab::gateway
{
namespace
{

using namespace std::chrono_literals;
using testing::ALICE;
using testing::BOB;
using testing::ChildPatch;
using testing::Frame;
using testing::GatewayPair;
using testing::Node;
using testing::PairOptions;
using testing::Udp;

/// The child has these lifetimes at both ends.
PairOptions
OfBoth(const char* lifetimes)
{
    PairOptions options;
    options.both = ChildPatch(lifetimes);
    return options;
}

/// moon's child has these, sun's has none: they are local (RFC 7296 §2.8).
PairOptions
OfMoon(const char* lifetimes)
{
    PairOptions options;
    options.moon = ChildPatch(lifetimes);
    return options;
}

std::vector<std::string>
Lifetimes(const Node& node)
{
    std::vector<std::string> told;
    for (const LifetimeReached* one : node.All<LifetimeReached>())
    {
        told.push_back((one->hard ? "hard " : "soft ") + std::string(one->what));
    }
    return told;
}

TEST(Lifetimes, SaysSoftLifetimesOnceAndGoesOn)
{
    GatewayPair pair(OfBoth(R"({"rekey_time": "60s", "life_time": "1h", "rand_time": 0})"));
    pair.Establish();
    pair.Run(59s);
    EXPECT_EQ(Lifetimes(pair.moon), std::vector<std::string>{});
    pair.Run(10s);
    EXPECT_EQ(Lifetimes(pair.moon), std::vector<std::string>{"soft time"});
    EXPECT_EQ(pair.moon.All<LifetimeReached>().front()->child, pair.moon.Children().front().id);
    EXPECT_EQ(pair.moon.All<LifetimeReached>().front()->name, "net");
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    pair.Run(10min);
    EXPECT_EQ(Lifetimes(pair.moon).size(), 1u);
    EXPECT_EQ(pair.sun.delivered.size(), 1u);
}

TEST(Lifetimes, EndsAnSaAtItsHardLifetimeWithADelete)
{
    GatewayPair pair(OfMoon(R"({"life_time": "60s"})"));
    pair.Establish();
    pair.Run(59s);
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
    pair.Run(2s);
    EXPECT_EQ(Lifetimes(pair.moon), std::vector<std::string>{"hard time"});
    EXPECT_EQ(pair.moon.Count<ike::ChildSaRemoved>(), 1u);
    ASSERT_EQ(pair.sun.Count<ike::ChildSaRemoved>(), 1u);
    EXPECT_EQ(pair.sun.All<ike::ChildSaRemoved>().front()->reason, ike::CloseReason::PEER_DELETED);
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::DISCARD);
    EXPECT_EQ(pair.moon.gateway.List().size(), 1u) << "the IKE SA stays";
    pair.ExpectAgreement();
}

TEST(Lifetimes, SpreadsSoftLifetimesByRandTime)
{
    GatewayPair pair(OfBoth(R"({"rekey_time": "60s", "life_time": "1h", "rand_time": "30s"})"));
    pair.Establish();
    const Instant begin = pair.now;
    std::vector<Duration> moments;
    for (int i = 0; i < 62; ++i)
    {
        pair.Run(1s);
        for (const Node* node : {&pair.moon, &pair.sun})
        {
            if (node->Count<LifetimeReached>() == 1 && moments.size() < 2 &&
                (moments.empty() || Lifetimes(pair.moon).size() + Lifetimes(pair.sun).size() == 2))
            {
                moments.push_back(pair.now - begin);
            }
        }
    }
    ASSERT_EQ(moments.size(), 2u);
    EXPECT_GE(moments[0], 30s);
    EXPECT_LE(moments[1], 61s);
    EXPECT_NE(moments[0], moments[1]) << "both ends at once";
}

// RFC 4301 §4.4.2.1: after the hard limit nothing goes in either direction, even while the Delete
// gets no answer.
TEST(Lifetimes, TakesNothingAfterTheHardLifetime)
{
    GatewayPair pair(OfMoon(R"({"life_time": "60s"})"));
    pair.Establish();
    pair.onFrame = [](const Node& from, Frame& frame)
    {
        return from.name == "sun" && frame.kind == Frame::Kind::ESP;
    };
    pair.Run(60s);
    ASSERT_EQ(pair.Send(pair.sun, Udp(BOB, ALICE)), Verdict::PROTECT);
    pair.Run(1s);
    ASSERT_EQ(pair.moon.Children().size(), 1u) << "its Delete has no answer";
    EXPECT_TRUE(pair.moon.delivered.empty());
    EXPECT_EQ(pair.moon.CountRefused(Fault::EXHAUSTED), 1u);
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::DISCARD);
}

// Also if nobody has asked for timeouts since.
TEST(Lifetimes, SendsNothingAfterTheHardLifetime)
{
    GatewayPair pair(OfMoon(R"({"life_time": "60s"})"));
    pair.Establish();
    pair.now += 60s;
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::DISCARD);
    EXPECT_EQ(pair.moon.Counts().protectedPackets, 0u);
}

TEST(Lifetimes, CountsPacketsSoftAndHard)
{
    GatewayPair pair(OfMoon(R"({"rekey_packets": 3, "life_packets": 5})"));
    pair.Establish();
    for (int i = 1; i <= 4; ++i)
    {
        EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT);
        EXPECT_EQ(Lifetimes(pair.moon).size(), i >= 3 ? 1u : 0u);
    }
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::PROTECT) << "the last one";
    EXPECT_EQ(Lifetimes(pair.moon), (std::vector<std::string>{"soft packets", "hard packets"}));
    EXPECT_EQ(pair.Send(pair.moon, Udp()), Verdict::DISCARD);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 5u);
    EXPECT_TRUE(pair.moon.Children().empty());
    EXPECT_TRUE(pair.sun.Children().empty());
}

TEST(Lifetimes, CountsOctetsThatComeInToo)
{
    GatewayPair pair(OfMoon(R"({"rekey_bytes": 200, "life_bytes": 400})"));
    pair.Establish();
    const Buffer packet = Udp(BOB, ALICE); // 84 octets
    for (int i = 0; i < 5; ++i)
    {
        EXPECT_EQ(pair.Send(pair.sun, packet), Verdict::PROTECT);
        pair.Settle();
    }
    EXPECT_EQ(Lifetimes(pair.moon), (std::vector<std::string>{"soft bytes", "hard bytes"}));
    EXPECT_EQ(pair.moon.delivered.size(), 5u);
    EXPECT_TRUE(pair.moon.Children().empty());
    EXPECT_TRUE(pair.sun.Children().empty());
}

TEST(Lifetimes, TellsALimitOnceThoughBothHalvesPassIt)
{
    GatewayPair pair(OfMoon(R"({"rekey_packets": 2, "life_packets": 100})"));
    pair.Establish();
    for (int i = 0; i < 3; ++i)
    {
        pair.Send(pair.moon, Udp());
        pair.Send(pair.sun, Udp(BOB, ALICE));
        pair.Settle();
    }
    EXPECT_EQ(Lifetimes(pair.moon), std::vector<std::string>{"soft packets"});
}

} // namespace
} // namespace ikelab::gateway
