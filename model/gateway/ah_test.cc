// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "esp/testing/packets.h"
#include "gateway/charon_log.h"
#include "gateway/event_json.h"
#include "gateway/testing/gateway_pair.h"
#include "wire/ah_header.h"
#include "wire/esp_header.h"

#include <gtest/gtest.h>

/// Traffic in Child SAs with AH.
namespace ikelab::gateway
{
namespace
{

using esp::testing::MakePacket;
using testing::ChildPatch;
using testing::ConnectionPatch;
using testing::Frame;
using testing::GatewayPair;
using testing::Node;
using testing::PairOptions;

constexpr const char* ALICE[] = {"10.1.0.10", "2001:db8:1::a"};
constexpr const char* BOB[] = {"10.2.0.10", "2001:db8:2::b"};

PairOptions
Ah(bool outerV6 = false)
{
    PairOptions options;
    options.outerV6 = outerV6;
    options.both = ChildPatch(R"({"esp_proposals": null, "ah_proposals": ["sha256"]})");
    return options;
}

Buffer
FromAlice(bool v6 = false, uint16_t port = 7)
{
    return MakePacket({.source = ALICE[v6 ? 1 : 0],
                       .destination = BOB[v6 ? 1 : 0],
                       .destinationPort = port,
                       .trafficClass = 0xb8});
}

TEST(AhTraffic, GoesThroughTunnelsOfBothFamilies)
{
    for (const bool outer : {false, true})
    {
        for (const bool inner : {false, true})
        {
            GatewayPair pair(Ah(outer));
            pair.Establish();
            const Buffer there = FromAlice(inner);
            const Buffer back =
                MakePacket({.source = BOB[inner ? 1 : 0], .destination = ALICE[inner ? 1 : 0]});
            ASSERT_EQ(pair.Send(pair.moon, there), Verdict::PROTECT);
            EXPECT_EQ(pair.trace.back().kind, Frame::Kind::AH);
            EXPECT_TRUE(pair.moon.lastOutgoing.wholePacket);
            EXPECT_FALSE(pair.moon.lastOutgoing.udpEncapsulation);
            const auto sent = esp::ReadPacket(pair.trace.back().octets);
            ASSERT_TRUE(sent.has_value());
            EXPECT_EQ(sent->source.ToAddress(), pair.moon.lastOutgoing.path.local.address);
            EXPECT_EQ(sent->destination.ToAddress(), pair.moon.lastOutgoing.path.remote.address);
            EXPECT_EQ(sent->trafficClass, 0xb8);
            ASSERT_EQ(pair.Send(pair.sun, back), Verdict::PROTECT);
            pair.Settle();
            ASSERT_EQ(pair.sun.delivered.size(), 1u);
            EXPECT_EQ(pair.sun.delivered.back(), there);
            ASSERT_EQ(pair.moon.delivered.size(), 1u);
            EXPECT_EQ(pair.moon.delivered.back(), back);
            EXPECT_EQ(pair.moon.Counts().protectedPackets, 1u);
            EXPECT_EQ(pair.sun.Counts().deliveredOctets, there.size());
            pair.ExpectAgreement();
        }
    }
}

TEST(AhTraffic, GoesBetweenTheGatewaysInTransportMode)
{
    PairOptions options = Ah();
    options.both.merge_patch(ChildPatch(R"({"mode": "transport"})"));
    options.moon = ChildPatch(R"({"local_ts": ["192.0.2.1"], "remote_ts": ["192.0.2.2"]})");
    options.sun = ChildPatch(R"({"local_ts": ["192.0.2.2"], "remote_ts": ["192.0.2.1"]})");
    GatewayPair pair(options);
    pair.Establish();
    const Buffer packet = MakePacket({.source = "192.0.2.1", .destination = "192.0.2.2"});
    ASSERT_EQ(pair.Send(pair.moon, packet, Origin::LOCAL), Verdict::PROTECT);
    EXPECT_EQ(pair.trace.back().octets.size(), packet.size() + 28);
    pair.Settle();
    ASSERT_EQ(pair.sun.delivered.size(), 1u);
    EXPECT_EQ(pair.sun.delivered.back(), packet);
}

TEST(AhTraffic, IsRefusedAndCountedWhereItIsWrong)
{
    GatewayPair pair(Ah());
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, FromAlice()), Verdict::PROTECT);
    const Frame good = pair.trace.back();
    pair.Settle();
    EXPECT_EQ(pair.Deliver(pair.sun, good), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.Counts().replayedPackets, 1u);

    ASSERT_EQ(pair.Send(pair.moon, FromAlice()), Verdict::PROTECT);
    Frame other = pair.trace.back();
    other.octets[15] ^= 1; // whoever it comes from
    EXPECT_EQ(pair.Deliver(pair.sun, other), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.Counts().integrityFailures, 1u);
    ASSERT_EQ(pair.sun.All<PacketRefused>().size(), 2u);
    const PacketRefused& refused = *pair.sun.All<PacketRefused>().back();
    EXPECT_EQ(refused.error.fault, Fault::INTEGRITY);
    EXPECT_EQ(refused.sequence, 2u);
    EXPECT_EQ(refused.spi, pair.sun.Children().front().inboundSpi);

    other = good;
    other.octets[24] ^= 1; // SPI
    EXPECT_EQ(pair.Deliver(pair.sun, other), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.Counts().unknownSpis, 1u);
    other.octets.resize(30);
    EXPECT_EQ(pair.Deliver(pair.sun, other), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.Counts().discardedPackets, 1u);
}

// RFC 4301 §4.1: an SPI alone finds the SA here; its protocol still has to be the packet's.
TEST(AhTraffic, IsNotReadAsEspNorEspAsAh)
{
    for (const bool ah : {true, false})
    {
        GatewayPair pair(ah ? Ah() : PairOptions{});
        pair.Establish();
        const uint32_t spi = pair.sun.Children().front().inboundSpi.value;
        Path path = pair.moon.gateway.List().front().path; // forged, too
        path.local.port = path.remote.port = 0;
        Buffer esp(64, 1);
        wire::WriteEspHeader(esp, {EspSpi{spi}, 1});
        ASSERT_EQ(pair.Deliver(pair.sun, {Frame::Kind::ESP, path, esp}), Verdict::DISCARD);
        EXPECT_EQ(pair.sun.Counts().unknownSpis, ah ? 1u : 0u);
        Buffer packet = MakePacket({.protocol = esp::PROTOCOL_AH});
        wire::WriteAhHeader(MutableBytes(packet).subspan(20), {4, 28, EspSpi{spi}, 1});
        ASSERT_EQ(pair.Deliver(pair.sun, {Frame::Kind::AH, path, packet}), Verdict::DISCARD);
        EXPECT_EQ(pair.sun.Counts().unknownSpis, 1u);
        EXPECT_EQ(pair.sun.Counts().integrityFailures, 1u);
        pair.Settle();
        // A forgery must not make the peer believe that its SA is gone.
        EXPECT_EQ(pair.moon.Count<ike::InvalidSpiReported>(), 0u);
    }
}

TEST(AhTraffic, ProvesThatThePeerLives) // RFC 7296 §2.4
{
    PairOptions options = Ah();
    options.sun = ConnectionPatch(R"({"dpd_delay": "10s"})");
    GatewayPair pair(options);
    pair.Establish();
    const size_t messages = pair.sun.Count<ike::MessageEvent>();
    for (int i = 0; i < 5; ++i)
    {
        pair.Run(std::chrono::seconds(9));
        ASSERT_EQ(pair.Send(pair.moon, FromAlice()), Verdict::PROTECT);
    }
    EXPECT_EQ(pair.sun.Count<ike::MessageEvent>(), messages);
    pair.Run(std::chrono::seconds(11));
    EXPECT_GT(pair.sun.Count<ike::MessageEvent>(), messages);
}

TEST(AhTraffic, EndsWithItsHardLimit)
{
    PairOptions options = Ah();
    options.moon = ChildPatch(R"({"rekey_packets": 2, "life_packets": 3})");
    GatewayPair pair(options);
    pair.Establish();
    for (int i = 0; i < 3; ++i)
    {
        EXPECT_EQ(pair.Send(pair.moon, FromAlice()), Verdict::PROTECT);
    }
    EXPECT_EQ(pair.Send(pair.moon, FromAlice()), Verdict::DISCARD);
    pair.Settle();
    ASSERT_EQ(pair.moon.All<LifetimeReached>().size(), 2u);
    EXPECT_FALSE(pair.moon.All<LifetimeReached>()[0]->hard);
    EXPECT_TRUE(pair.moon.All<LifetimeReached>()[1]->hard);
    EXPECT_TRUE(pair.moon.Children().empty());
    EXPECT_TRUE(pair.sun.Children().empty()) << "its Delete names AH";
}

TEST(AhTraffic, IsNamedInTheLog)
{
    GatewayPair pair(Ah());
    pair.Establish();
    const Event event(std::in_place_type<ike::ChildSaInstalled>,
                      [&]
                      {
                          ike::ChildSaInstalled child;
                          child.suite = pair.moon.All<ike::ChildSaInstalled>().front()->suite;
                          return child;
                      }());
    EXPECT_EQ(EventToJson(event).at("protocol"), "AH");
    EXPECT_EQ(EventToJson(event).at("suite"), "HMAC_SHA2_256_128/NO_EXT_SEQ");
    EXPECT_EQ(FormatCharon(event).front().text,
              "selected proposal: AH:HMAC_SHA2_256_128/NO_EXT_SEQ");
}

} // namespace
} // namespace ikelab::gateway
