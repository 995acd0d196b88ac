// SPDX-License-Identifier: MIT
#include "esp/testing/packets.h"
#include "gateway/testing/gateway_pair.h"

#include <gtest/gtest.h>

/// RFC 4301 §6.2: ICMP errors of routers behind a gateway, which no selector names.
namespace ikelab::gateway
{

namespace
{

using esp::testing::MakeIcmpError;
using esp::testing::MakePacket;
using testing::Frame;
using testing::GatewayPair;
using testing::Json;
using testing::PairOptions;

constexpr uint8_t UNREACHABLE = 3;
constexpr uint8_t HOST_UNREACHABLE = 1;
constexpr const char* ROUTER = "172.16.0.1";

Buffer
AliceToBob()
{
    return MakePacket({.source = "10.1.0.1", .destination = "10.2.0.1"});
}

/// What a router behind sun says of a packet of alice.
Buffer
ErrorOfRouter(Bytes about)
{
    return MakeIcmpError(ROUTER, "10.1.0.1", UNREACHABLE, HOST_UNREACHABLE, about);
}

TEST(TransitIcmpErrors, GoByTheSaOfThePacketThatTheyAreAbout)
{
    for (const Origin origin : {Origin::FORWARDED, Origin::LOCAL})
    {
        GatewayPair pair;
        pair.Establish();
        const Buffer error = ErrorOfRouter(AliceToBob());
        EXPECT_EQ(pair.Send(pair.sun, error, origin), Verdict::PROTECT);
        pair.Settle();
        ASSERT_EQ(pair.moon.delivered.size(), 1u);
        EXPECT_TRUE(SameOctets(pair.moon.delivered.front(), error));
    }
}

TEST(TransitIcmpErrors, AboutProtectedPacketsNeverLeaveInClear)
{
    // RFC 4301 §6.2: without an SA none is made.
    GatewayPair pair({.both = testing::ChildPatch(R"({"start_action": "trap"})")});
    EXPECT_EQ(pair.Send(pair.sun, ErrorOfRouter(AliceToBob())), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.CountRefused(Fault::POLICY), 1u);
    pair.Settle();
    EXPECT_TRUE(pair.trace.empty());
}

// Such a one would come out of the tunnel and be forwarded to wherever it says.
TEST(TransitIcmpErrors, ToOthersThanTheSenderOfTheirPacketAreRefused)
{
    GatewayPair pair;
    pair.Establish();
    EXPECT_EQ(
        pair.Send(pair.sun,
                  MakeIcmpError(ROUTER, "10.9.0.1", UNREACHABLE, HOST_UNREACHABLE, AliceToBob())),
        Verdict::DISCARD);
}

TEST(TransitIcmpErrors, AboutOtherPacketsPassAsTheyDid)
{
    GatewayPair pair;
    pair.Establish();
    const Buffer other = MakePacket({.source = "10.1.0.1", .destination = "10.3.0.1"});
    EXPECT_EQ(pair.Send(pair.sun, ErrorOfRouter(other)), Verdict::BYPASS);
    // No error: the octets behind it are anybody's.
    EXPECT_EQ(pair.Send(pair.sun, MakeIcmpError(ROUTER, "10.1.0.1", 8, 0, AliceToBob())),
              Verdict::BYPASS);
}

// Nobody on the way sees what is in the tunnel, so who quotes it in clear has guessed.
TEST(TransitIcmpErrors, InClearAboutProtectedPacketsAreForged)
{
    GatewayPair pair;
    pair.Establish();
    const Buffer other = MakePacket({.source = "10.1.0.1", .destination = "10.3.0.1"});
    EXPECT_EQ(pair.moon.gateway.HandleInboundClear(pair.now, ErrorOfRouter(AliceToBob())),
              Verdict::DISCARD);
    EXPECT_EQ(pair.moon.gateway.HandleInboundClear(pair.now, ErrorOfRouter(other)),
              Verdict::BYPASS);
}

// A shell asks before it sends an error about a packet: that one did not come in clear now.
TEST(TransitIcmpErrors, AreWeighedWithoutCountingWhatTheyQuote)
{
    GatewayPair pair({.sun = Json::parse(R"({"policies": [{"action": "discard",
        "local": "10.2.0.66", "remote": "0.0.0.0/0"}]})")});
    pair.Establish();
    const Gateway& sun = pair.sun.gateway;
    const Counters before = pair.sun.Counts();
    const size_t events = pair.sun.events.size();
    const Buffer there = AliceToBob();
    const Buffer other = MakePacket({.source = "10.3.0.1", .destination = "10.2.0.1"});
    const Buffer first =
        MakePacket({.source = "10.3.0.1", .destination = "10.2.0.66", .fragmentField = 0x2000});
    for (const Buffer& packet : {there, other, first})
    {
        for (const size_t octets : {packet.size(), size_t{28}})
        {
            EXPECT_EQ(sun.AdmitsClear(Bytes(packet).first(octets)), packet == other);
        }
    }
    for (size_t octets = 0; octets < 20; ++octets)
    {
        EXPECT_FALSE(sun.AdmitsClear(Bytes(other).first(octets))) << "who knows what it was";
    }
    pair.Drain(pair.sun);
    EXPECT_EQ(pair.sun.Counts().discardedPackets, before.discardedPackets);
    EXPECT_EQ(pair.sun.events.size(), events);
    // What came is counted.
    EXPECT_EQ(pair.sun.gateway.HandleInboundClear(pair.now, there), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.Counts().discardedPackets, before.discardedPackets + 1);
}

TEST(TransitIcmpErrors, AboutFragmentsThatHideTheirPortsAreNotSent)
{
    GatewayPair pair({.moon = testing::ChildPatch(R"({"local_ts": "10.1.0.0/16[udp]",
                                                      "remote_ts": "10.2.0.0/16[udp/7]"})"),
                      .sun = testing::ChildPatch(R"({"local_ts": "10.2.0.0/16[udp/7]",
                                                     "remote_ts": "10.1.0.0/16[udp]"})")});
    pair.Establish();
    const auto fragment = [](uint16_t field)
    {
        return MakePacket(
            {.source = "10.1.0.1", .destination = "10.2.0.1", .fragmentField = field});
    };
    EXPECT_EQ(pair.Send(pair.sun, ErrorOfRouter(fragment(0x2000))), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.sun, ErrorOfRouter(fragment(0x00b9))), Verdict::DISCARD);
    // Nor taken: whether it was protected nobody can tell.
    EXPECT_EQ(pair.moon.gateway.HandleInboundClear(pair.now, ErrorOfRouter(fragment(0x00b9))),
              Verdict::DISCARD);
}

TEST(TransitIcmpErrors, InFragmentsAreNeitherSentNorTaken)
{
    GatewayPair pair;
    pair.Establish();
    Buffer error = ErrorOfRouter(AliceToBob());
    error[6] |= 0x20; // more fragments
    EXPECT_EQ(pair.Send(pair.sun, error), Verdict::DISCARD);
    EXPECT_EQ(pair.moon.gateway.HandleInboundClear(pair.now, error), Verdict::DISCARD);
}

} // namespace

} // namespace ikelab::gateway
