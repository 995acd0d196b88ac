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
