// SPDX-License-Identifier: MIT
#include "esp/testing/packets.h"
#include "gateway/testing/gateway_pair.h"

#include <gtest/gtest.h>

namespace ikelab::gateway
{
namespace
{

using esp::testing::MakePacket;
using testing::ChildPatch;
using testing::Frame;
using testing::GatewayPair;
using testing::Node;
using testing::PairOptions;

constexpr uint64_t LAST32 = 0xffffffff;

Buffer
Packet(size_t octets = 56)
{
    return MakePacket({.source = "10.1.0.10", .destination = "10.2.0.10", .dataOctets = octets});
}

ChildSaCounters
CountersOf(const Node& node)
{
    const auto counters = node.gateway.CountersOf(node.Children().front().id);
    EXPECT_TRUE(counters);
    return counters.value_or(ChildSaCounters{});
}

TEST(SaCounters, TellPacketsOctetsAndNumbersOfBothEnds)
{
    GatewayPair pair;
    pair.Establish();
    uint64_t octets = 0;
    for (const size_t size : {10, 200, 1000})
    {
        octets += Packet(size).size();
        ASSERT_EQ(pair.Send(pair.moon, Packet(size)), Verdict::PROTECT);
    }
    pair.Settle();
    const ChildSaCounters sent = CountersOf(pair.moon);
    EXPECT_EQ(sent.outboundPackets, 3u);
    EXPECT_EQ(sent.outboundOctets, octets);
    EXPECT_EQ(sent.outboundSequence, 3u);
    EXPECT_EQ(sent.inboundPackets, 0u);
    EXPECT_EQ(sent.inboundSequence, 0u);
    const ChildSaCounters received = CountersOf(pair.sun);
    EXPECT_EQ(received.inboundPackets, 3u);
    EXPECT_EQ(received.inboundOctets, octets);
    EXPECT_EQ(received.inboundSequence, 3u);
    EXPECT_EQ(received.outboundPackets, 0u);
    EXPECT_EQ(received.replayedPackets + received.integrityFailures + received.refusedPackets, 0u);
}

TEST(SaCounters, TellWhatTheSaRefusedByReason)
{
    PairOptions options;
    options.sun["policies"] = testing::Json::parse(
        R"([{"action": "discard", "local": "10.2.0.10[udp/99]", "remote": "10.1.0.0/16"}])");
    GatewayPair pair(options);
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, Packet()), Verdict::PROTECT);
    const Frame good = pair.trace.back();
    ASSERT_EQ(pair.Send(pair.moon, Packet()), Verdict::PROTECT);
    Frame forged = pair.trace.back();
    forged.octets.back() ^= 1;
    pair.onFrame = [](const Node&, Frame&)
    {
        return false;
    };
    ASSERT_EQ(
        pair.Send(
            pair.moon,
            MakePacket({.source = "10.1.0.10", .destination = "10.2.0.10", .destinationPort = 99})),
        Verdict::PROTECT);
    const Frame forbidden = pair.trace.back();
    pair.Settle();
    for (const Frame* frame : {&good, &good, &forbidden, &forbidden})
    {
        EXPECT_NE(pair.Deliver(pair.sun, *frame), Verdict::DELIVER);
    }
    Frame later = forged;
    later.octets[7] = 9; // a number that was not there yet, and an ICV that is not of it
    EXPECT_EQ(pair.Deliver(pair.sun, later), Verdict::DISCARD);
    const ChildSaCounters counters = CountersOf(pair.sun);
    EXPECT_EQ(counters.inboundPackets, 3u); // the forbidden one was authentic and of the SA
    EXPECT_EQ(counters.refusedPackets, 1u);
    EXPECT_EQ(counters.replayedPackets, 3u);
    EXPECT_EQ(counters.integrityFailures, 1u);
}

TEST(SaCounters, AreGoneWithTheSa)
{
    GatewayPair pair;
    pair.Establish();
    const ChildSaId id = pair.moon.Children().front().id;
    ASSERT_TRUE(pair.moon.gateway.TerminateChild(pair.now, "net"));
    pair.Drain(pair.moon);
    pair.Settle();
    EXPECT_FALSE(pair.moon.gateway.CountersOf(id));
    EXPECT_EQ(pair.moon.gateway.AdvanceSequences(id, 1, 1).error().fault, Fault::NOT_FOUND);
}

/// RFC 4303 §3.3.3: without extended numbers the last one is 2^32-1, and then the SA is over.
TEST(SaCounters, StandStillAtTheEndOfTheSpaceAndTheSaCloses)
{
    GatewayPair pair;
    pair.Establish();
    const ChildSaId moon = pair.moon.Children().front().id;
    const ChildSaId sun = pair.sun.Children().front().id;
    ASSERT_TRUE(pair.moon.gateway.AdvanceSequences(moon, LAST32 - 2, 0));
    ASSERT_TRUE(pair.sun.gateway.AdvanceSequences(sun, 0, LAST32 - 2));
    ASSERT_TRUE(pair.moon.gateway.AdvanceSequences(moon, 5, 0)); // never back
    EXPECT_EQ(CountersOf(pair.moon).outboundSequence, LAST32 - 2);
    ASSERT_EQ(pair.Send(pair.moon, Packet()), Verdict::PROTECT);
    ASSERT_EQ(pair.Send(pair.moon, Packet()), Verdict::PROTECT);
    EXPECT_EQ(CountersOf(pair.moon).outboundSequence, LAST32);
    EXPECT_EQ(pair.Send(pair.moon, Packet()), Verdict::DISCARD);
    EXPECT_EQ(pair.moon.CountRefused(Fault::EXHAUSTED), 1u);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 2u);
    EXPECT_TRUE(pair.moon.Children().empty());
    EXPECT_TRUE(pair.sun.Children().empty());
}

TEST(SaCounters, GoOnBehind32BitsWithExtendedNumbers)
{
    PairOptions options;
    options.both = ChildPatch(R"({"esp_proposals": "aes128gcm16-esn"})");
    GatewayPair pair(options);
    pair.Establish();
    const ChildSaId moon = pair.moon.Children().front().id;
    const ChildSaId sun = pair.sun.Children().front().id;
    ASSERT_TRUE(pair.moon.gateway.AdvanceSequences(moon, LAST32 - 5, 0));
    ASSERT_TRUE(pair.sun.gateway.AdvanceSequences(sun, 0, LAST32 - 5));
    for (int i = 0; i < 10; ++i)
    {
        ASSERT_EQ(pair.Send(pair.moon, Packet()), Verdict::PROTECT);
    }
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 10u);
    EXPECT_EQ(CountersOf(pair.sun).inboundSequence, LAST32 + 5);
}

} // namespace
} // namespace ikelab::gateway
