// SPDX-License-Identifier: MIT
#include "esp/testing/packets.h"
#include "gateway/testing/gateway_pair.h"

#include <gtest/gtest.h>

#include <algorithm>

/// Children with an if_id: route-based, beside those of policy.
namespace ikelab::gateway
{
namespace
{

using esp::testing::MakeIcmpError;
using esp::testing::MakePacket;
using testing::ChildPatch;
using testing::Frame;
using testing::GatewayPair;
using testing::Node;
using testing::PairOptions;

constexpr uint32_t IN = 7;
constexpr uint32_t OUT = 8;

PairOptions
Routed(const char* more = "{}")
{
    PairOptions options;
    options.both = ChildPatch(R"({"if_id_in": 7, "if_id_out": 8, "local_ts": "0.0.0.0/0",
                                  "remote_ts": "0.0.0.0/0"})");
    options.both["connections"]["net"]["children"]["net"].update(testing::Json::parse(more));
    return options;
}

Buffer
FromAlice()
{
    return MakePacket({.source = "10.1.0.10", .destination = "10.2.0.10"});
}

/// As if a route had led the packet into the device; what is sealed goes onto the wire.
Verdict
Route(GatewayPair& pair, Node& from, uint32_t ifId, Bytes packet)
{
    PacketBuffer buffer(packet);
    const Verdict verdict = from.gateway.HandleRouted(pair.now, ifId, buffer, from.lastOutgoing);
    if (verdict == Verdict::PROTECT)
    {
        pair.Inject(from, {Frame::Kind::ESP, from.lastOutgoing.path, ToBuffer(buffer.View())});
    }
    pair.Drain(from);
    return verdict;
}

void
SetLinkMtu(GatewayPair& pair, uint32_t octets)
{
    pair.moon.gateway.SetLinkMtu([octets](const IpAddress&) { return octets; });
}

TEST(Interfaces, CarryWhatIsRoutedToThemAndNothingElse)
{
    GatewayPair pair(Routed());
    EXPECT_EQ(Route(pair, pair.moon, OUT, FromAlice()), Verdict::DISCARD) << "no SA yet";
    pair.Establish();
    EXPECT_EQ(Route(pair, pair.moon, OUT, FromAlice()), Verdict::PROTECT);
    EXPECT_EQ(Route(pair, pair.moon, IN, FromAlice()), Verdict::DISCARD);
    EXPECT_EQ(Route(pair, pair.moon, 0, FromAlice()), Verdict::DISCARD);
    // To policy the child does not exist, though its selectors hold everything.
    EXPECT_EQ(pair.Send(pair.moon, FromAlice()), Verdict::BYPASS);
    EXPECT_EQ(pair.moon.gateway.HandleInboundClear(
                  pair.now, MakePacket({.source = "10.2.0.10", .destination = "10.1.0.10"})),
              Verdict::BYPASS);
    EXPECT_EQ(pair.moon.CountRefused(Fault::POLICY), 3u);
}

TEST(Interfaces, TellWhereAPacketComesOut)
{
    for (const bool routed : {true, false})
    {
        GatewayPair pair(routed ? Routed() : PairOptions{});
        pair.Establish();
        if (routed)
        {
            ASSERT_EQ(Route(pair, pair.moon, OUT, FromAlice()), Verdict::PROTECT);
        }
        else
        {
            ASSERT_EQ(pair.Send(pair.moon, FromAlice()), Verdict::PROTECT);
        }
        const Frame& frame = pair.trace.back();
        PacketBuffer buffer(frame.octets);
        Incoming incoming;
        ASSERT_EQ(pair.sun.gateway.HandleEsp(
                      pair.now, {{frame.path.remote, frame.path.local}}, buffer, &incoming),
                  Verdict::DELIVER);
        EXPECT_EQ(incoming.ifId, routed ? IN : 0);
        EXPECT_EQ(incoming.child, pair.sun.Children().at(0).id);
    }
}

// A rule of policy has no say behind an interface, either way.
TEST(Interfaces, AreNotJudgedByPolicy)
{
    PairOptions options = Routed();
    options.both["policies"] = testing::Json::parse(R"([{"action": "discard"}])");
    GatewayPair pair(options);
    ASSERT_TRUE(pair.moon.gateway.Initiate(pair.now, "net"));
    pair.Drain(pair.moon);
    pair.Settle();
    ASSERT_EQ(Route(pair, pair.moon, OUT, FromAlice()), Verdict::PROTECT);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 1u);
    EXPECT_EQ(pair.Send(pair.moon, FromAlice()), Verdict::DISCARD);
}

TEST(Interfaces, HoldWhatTheirSaIsMissingFor)
{
    GatewayPair pair(Routed(R"({"start_action": "trap"})"));
    EXPECT_EQ(Route(pair, pair.moon, OUT, FromAlice()), Verdict::HELD);
    for (int i = 0; i < 20 && pair.moon.Children().empty(); ++i)
    {
        pair.now += GatewayPair::LATENCY;
        pair.Settle();
    }
    // GatewayPair's Drain sends no sealed packets; the gateway has it ready.
    const auto sealed = pair.moon.gateway.PollSealed();
    ASSERT_TRUE(sealed);
    EXPECT_FALSE(pair.moon.gateway.PollReleased()) << "policy would let it out in clear";
    EXPECT_EQ(pair.Deliver(pair.sun, {Frame::Kind::ESP, sealed->outgoing.path, sealed->packet}),
              Verdict::DELIVER);
    EXPECT_TRUE(SameOctets(pair.sun.delivered.at(0), FromAlice()));
    EXPECT_TRUE(SameOctets(sealed->held, FromAlice())) << "the shell finds what it kept of it";
}

struct Room
{
    const char* name;
    const char* child;
    bool outerV6;
    size_t header; ///< of the outer packet, and before ESP
};

class RoomInside : public ::testing::TestWithParam<Room>
{
};

// The answer is the largest that fits: one octet more does not.
TEST_P(RoomInside, IsTheLargestPacketThatFits)
{
    PairOptions options = Routed(GetParam().child);
    options.outerV6 = GetParam().outerV6;
    GatewayPair pair(options);
    pair.Establish();
    const ChildSaId child = pair.moon.Children().at(0).id;
    constexpr uint32_t LINK = 1500;
    SetLinkMtu(pair, LINK);
    const auto mtu = pair.moon.gateway.InnerMtu(pair.now, child);
    ASSERT_TRUE(mtu);
    const auto outer = [&](size_t octets)
    {
        constexpr size_t HEADERS = 28;
        PacketBuffer buffer(MakePacket({.dataOctets = octets - HEADERS}));
        Outgoing outgoing;
        EXPECT_EQ(pair.moon.gateway.HandleRouted(pair.now, OUT, buffer, outgoing),
                  Verdict::PROTECT);
        return buffer.Size() + (outgoing.wholePacket ? 0 : GetParam().header);
    };
    EXPECT_LE(outer(*mtu), LINK);
    EXPECT_GT(outer(*mtu + 1), LINK);
    EXPECT_FALSE(pair.moon.gateway.InnerMtu(pair.now, ChildSaId{999}));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds,
    RoomInside,
    ::testing::Values(
        Room{"Gcm", "{}", false, 20},
        Room{"GcmOverV6", "{}", true, 40},
        Room{"Cbc", R"({"esp_proposals": "aes128-sha256"})", false, 20},
        Room{"Ah", R"({"esp_proposals": null, "ah_proposals": "sha256"})", false, 0},
        Room{"AhOverV6", R"({"esp_proposals": null, "ah_proposals": "sha256"})", true, 0}),
    [](const auto& rooms) { return rooms.param.name; });

// RFC 4301 §8.2.1: what a router said of outer packets counts.
TEST(Interfaces, HaveLessRoomOnANarrowPath)
{
    GatewayPair pair(Routed());
    pair.Establish();
    const ChildSaId child = pair.moon.Children().at(0).id;
    SetLinkMtu(pair, 1500);
    const uint32_t before = *pair.moon.gateway.InnerMtu(pair.now, child);
    PacketBuffer buffer(MakePacket({.fragmentField = 0x4000, .dataOctets = 1400}));
    Outgoing outgoing;
    ASSERT_EQ(pair.moon.gateway.HandleRouted(pair.now, OUT, buffer, outgoing), Verdict::PROTECT);
    Buffer outer = MakePacket({.source = "192.0.2.1",
                               .destination = "192.0.2.2",
                               .protocol = 50,
                               .fragmentField = 0x4000,
                               .dataOctets = buffer.Size() - 8});
    std::ranges::copy(buffer.View(), outer.begin() + 20);
    Buffer error = MakeIcmpError("198.51.100.9", "192.0.2.1", 3, 4, outer);
    error[20 + 6] = 1400 >> 8;
    error[20 + 7] = 1400 & 0xff;
    ASSERT_EQ(pair.moon.gateway.HandleIcmpError(pair.now, error), Verdict::BYPASS);
    const uint32_t after = *pair.moon.gateway.InnerMtu(pair.now, child);
    EXPECT_EQ(before - after, 100u);
    SetLinkMtu(pair, 1300);
    EXPECT_EQ(*pair.moon.gateway.InnerMtu(pair.now, child), after - 100);
}

} // namespace
} // namespace ikelab::gateway
