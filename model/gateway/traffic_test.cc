// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "esp/outbound_sa.h"
#include "esp/testing/packets.h"
#include "gateway/testing/gateway_pair.h"
#include "wire/esp_header.h"

#include <gtest/gtest.h>

namespace ikelab::gateway
{
namespace
{

using namespace std::chrono_literals;
using esp::testing::MakePacket;
using esp::testing::PacketSpec;
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

/// The last protected frame.
Frame
LastFrame(const GatewayPair& pair)
{
    return pair.trace.back();
}

PairOptions
WithPolicies(const char* policies, const char* defaultAction = "bypass")
{
    PairOptions options;
    options.both["policies"] = Json::parse(policies);
    options.both["default_action"] = defaultAction;
    return options;
}

struct Nesting
{
    const char* name;
    bool outerV6;
    bool innerV6;
    bool encap;
};

class Tunnel : public ::testing::TestWithParam<Nesting>
{
};

TEST_P(Tunnel, CarriesPacketsBothWaysUnchanged)
{
    PairOptions options;
    options.outerV6 = GetParam().outerV6;
    options.both = ConnectionPatch(GetParam().encap ? R"({"encap": "yes"})" : R"({"encap": "no"})");
    GatewayPair pair(options);
    pair.Establish();
    const bool v6 = GetParam().innerV6;
    const std::string_view alice = v6 ? "2001:db8:1::a" : ALICE;
    const std::string_view bob = v6 ? "2001:db8:2::b" : BOB;
    for (const uint8_t protocol :
         {esp::PROTOCOL_UDP, v6 ? esp::PROTOCOL_ICMPV6 : esp::PROTOCOL_ICMP})
    {
        const Buffer there = MakePacket(
            {.source = alice, .destination = bob, .protocol = protocol, .trafficClass = 0xb8});
        ASSERT_EQ(pair.Send(pair.moon, there), Verdict::PROTECT);
        EXPECT_EQ(pair.trace.back().kind, GetParam().encap ? Frame::Kind::UDP : Frame::Kind::ESP);
        EXPECT_EQ(pair.moon.lastOutgoing.udpEncapsulation, GetParam().encap);
        EXPECT_EQ(pair.moon.lastOutgoing.trafficClass, 0xb8);
        EXPECT_EQ(pair.moon.lastOutgoing.path.remote.address,
                  *IpAddress::Parse(GetParam().outerV6 ? "2001:db8::2" : "192.0.2.2"));
        EXPECT_EQ(pair.moon.lastOutgoing.child, pair.moon.Children().front().id);
        const Buffer back = MakePacket({.source = bob, .destination = alice, .protocol = protocol});
        ASSERT_EQ(pair.Send(pair.sun, back), Verdict::PROTECT);
        pair.Settle();
        ASSERT_FALSE(pair.sun.delivered.empty());
        EXPECT_EQ(pair.sun.delivered.back(), there);
        ASSERT_FALSE(pair.moon.delivered.empty());
        EXPECT_EQ(pair.moon.delivered.back(), back);
    }
    EXPECT_EQ(pair.moon.Counts().protectedPackets, 2u);
    EXPECT_EQ(pair.sun.Counts().deliveredPackets, 2u);
    EXPECT_EQ(pair.moon.Counts().protectedOctets, pair.sun.Counts().deliveredOctets);
    EXPECT_EQ(pair.moon.Counts().discardedPackets, 0u);
}

INSTANTIATE_TEST_SUITE_P(Nestings,
                         Tunnel,
                         ::testing::Values(Nesting{"V4InV4", false, false, false},
                                           Nesting{"V6InV4", false, true, false},
                                           Nesting{"V4InV6", true, false, false},
                                           Nesting{"V6InV6", true, true, false},
                                           Nesting{"V4InV4Udp", false, false, true},
                                           Nesting{"V6InV4Udp", false, true, true},
                                           Nesting{"V4InV6Udp", true, false, true},
                                           Nesting{"V6InV6Udp", true, true, true}),
                         [](const auto& nesting) { return nesting.param.name; });

TEST(Traffic, CarriesTransportModeBetweenTheGateways)
{
    PairOptions options;
    options.both = ChildPatch(R"({"mode": "transport"})");
    options.moon = ChildPatch(R"({"local_ts": ["192.0.2.1"], "remote_ts": ["192.0.2.2"]})");
    options.sun = ChildPatch(R"({"local_ts": ["192.0.2.2"], "remote_ts": ["192.0.2.1"]})");
    GatewayPair pair(options);
    pair.Establish();
    const Buffer packet = Udp("192.0.2.1", "192.0.2.2");
    ASSERT_EQ(pair.Send(pair.moon, packet, Origin::LOCAL), Verdict::PROTECT);
    pair.Settle();
    ASSERT_EQ(pair.sun.delivered.size(), 1u);
    const auto info = esp::ReadPacket(pair.sun.delivered.front());
    ASSERT_TRUE(info);
    EXPECT_EQ(info->source.ToAddress(), *IpAddress::Parse("192.0.2.1"));
    EXPECT_EQ(info->destinationPort, 7);
    EXPECT_TRUE(SameOctets(pair.sun.delivered.front(), packet)) << "RFC 4303 §3.1.1";
}

// RFC 4303 §3.1.1: the sender's own header goes over the wire, and comes out as routers left it.
TEST(Traffic, KeepsTheHeaderOfTransportMode)
{
    for (const bool v6 : {false, true})
    {
        for (const bool encapsulated : {false, true})
        {
            PairOptions options;
            options.outerV6 = v6;
            const std::string moon = v6 ? "2001:db8::1" : "192.0.2.1";
            const std::string sun = v6 ? "2001:db8::2" : "192.0.2.2";
            const auto child = [](const std::string& local, const std::string& remote)
            {
                return ChildPatch((R"({"mode": "transport", "local_ts": [")" + local +
                                   R"("], "remote_ts": [")" + remote + R"("]})")
                                      .c_str());
            };
            options.both = ConnectionPatch(encapsulated ? R"({"encap": true})" : "{}");
            options.moon = child(moon, sun);
            options.sun = child(sun, moon);
            GatewayPair pair(options);
            pair.Establish();
            pair.onFrame = [&](const Node&, Frame& frame)
            {
                EXPECT_EQ(frame.kind, encapsulated ? Frame::Kind::UDP : Frame::Kind::ESP);
                EXPECT_FALSE(frame.header.empty());
                EXPECT_EQ(frame.header[v6 ? 7 : 8], 33) << "the sender's TTL";
                frame.header[v6 ? 7 : 8] = 30;
                return true;
            };
            const auto make = [&](uint8_t ttl)
            {
                return MakePacket(
                    {.source = moon, .destination = sun, .trafficClass = 0x28, .ttl = ttl});
            };
            ASSERT_EQ(pair.Send(pair.moon, make(33), Origin::LOCAL), Verdict::PROTECT);
            EXPECT_TRUE(pair.moon.lastOutgoing.wholePacket);
            pair.Settle();
            ASSERT_EQ(pair.sun.delivered.size(), 1u);
            EXPECT_TRUE(SameOctets(pair.sun.delivered.front(), make(30)));
        }
    }
}

// RFC 4301 §4.4.1: ordered; the children's PROTECT rules come after the configured ones.
TEST(Traffic, LetsTheFirstRuleDecideInBothDirections)
{
    GatewayPair pair(WithPolicies(R"([
        {"action": "bypass", "local": ["10.1.0.10", "10.2.0.10"],
         "remote": ["10.1.0.10", "10.2.0.10"]},
        {"action": "discard", "local": ["0.0.0.0/0"], "remote": ["10.2.0.66", "10.1.0.66"]},
        {"action": "discard", "local": ["10.2.0.66", "10.1.0.66"], "remote": ["0.0.0.0/0"]}])"));
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB)), Verdict::BYPASS) << "before the child's rule";
    EXPECT_EQ(pair.Send(pair.moon, Udp("10.1.0.11", "10.2.0.66")), Verdict::DISCARD);
    EXPECT_EQ(pair.Send(pair.moon, Udp("10.1.0.11", BOB)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, Udp("10.9.0.1", "10.8.0.1")), Verdict::BYPASS) << "no rule";
    pair.Settle();
    ASSERT_EQ(pair.sun.clear.size(), 2u);
    EXPECT_EQ(pair.sun.Counts().bypassedPackets, 0u) << "they came in; they have not left";
    EXPECT_EQ(pair.sun.delivered.size(), 1u);
    EXPECT_EQ(pair.sun.gateway.HandleInboundClear(pair.now, Udp("10.1.0.66", "10.2.0.11")),
              Verdict::DISCARD);
    EXPECT_EQ(pair.moon.CountRefused(Fault::POLICY), 1u);
    EXPECT_EQ(pair.moon.Counts().discardedPackets, 1u);
    EXPECT_EQ(pair.moon.Counts().bypassedPackets, 2u);
}

TEST(Traffic, DiscardsWhatNoRuleNamesIfTheDefaultSaysSo)
{
    GatewayPair pair(WithPolicies(R"([])", "discard"));
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, Udp("10.9.0.1", "10.8.0.1")), Verdict::DISCARD);
    EXPECT_EQ(pair.moon.gateway.HandleInboundClear(pair.now, Udp("10.9.0.1", "10.8.0.1")),
              Verdict::DISCARD);
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB)), Verdict::PROTECT);
}

// RFC 4301 §5.1 and §5.2: before the SA is there, while it is, and after it went.
TEST(Traffic, TakesAndSendsNothingProtectedInClear)
{
    GatewayPair pair;
    const auto expectRefusal = [&](const char* when)
    {
        SCOPED_TRACE(when);
        EXPECT_EQ(pair.moon.gateway.HandleInboundClear(pair.now, Udp(BOB, ALICE)),
                  Verdict::DISCARD);
        EXPECT_EQ(
            pair.moon.gateway.HandleInboundClear(
                pair.now, MakePacket({.source = "2001:db8:2::1", .destination = "2001:db8:1::1"})),
            Verdict::DISCARD);
    };
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB)), Verdict::DISCARD) << "no SA, no trap";
    expectRefusal("before");
    pair.Establish();
    expectRefusal("while");
    ASSERT_TRUE(pair.moon.gateway.Terminate(pair.now, "net"));
    pair.Drain(pair.moon);
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB)), Verdict::DISCARD) << "its Delete is under way";
    pair.Settle();
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB)), Verdict::DISCARD);
    expectRefusal("after");
    for (const Frame& frame : pair.trace)
    {
        EXPECT_NE(frame.kind, Frame::Kind::CLEAR);
    }
}

TEST(Traffic, NeverJudgesItsOwnIke)
{
    PairOptions options;
    options.both["default_action"] = "discard";
    options.moon = ChildPatch(R"({"local_ts": ["0.0.0.0/0"], "remote_ts": ["0.0.0.0/0"],
                                  "start_action": "trap"})");
    options.sun = ChildPatch(R"({"local_ts": ["0.0.0.0/0"], "remote_ts": ["0.0.0.0/0"]})");
    options.both["policies"] = Json::parse(
        R"([{"action": "discard", "local": ["192.0.2.0/24"], "remote": ["0.0.0.0/0"]}])");
    GatewayPair pair(options);
    for (const uint16_t port : {uint16_t{500}, uint16_t{4500}})
    {
        const Buffer ike = MakePacket({.source = "192.0.2.1",
                                       .destination = "192.0.2.2",
                                       .sourcePort = port,
                                       .destinationPort = port});
        Outgoing outgoing;
        PacketBuffer buffer(ike);
        EXPECT_EQ(pair.moon.gateway.HandleOutbound(pair.now, Origin::LOCAL, buffer, outgoing),
                  Verdict::BYPASS);
        EXPECT_EQ(pair.moon.gateway.HandleOutbound(pair.now, Origin::FORWARDED, buffer, outgoing),
                  Verdict::DISCARD)
            << "somebody else's IKE is traffic";
        EXPECT_EQ(pair.sun.gateway.HandleInboundClear(pair.now, ike), Verdict::BYPASS);
        EXPECT_EQ(pair.moon.gateway.HandleInboundClear(pair.now, ike), Verdict::DISCARD)
            << "not for an address of ours";
    }
    pair.Establish();
}

constexpr std::string_view MOON_LINK = "fe80::1";
constexpr std::string_view MOON_WAN = "2001:db8:f::1";
constexpr std::string_view SUN_WAN = "2001:db8:f::2";
constexpr std::string_view ALICE_V6 = "2001:db8:1::a"; // behind moon
constexpr std::string_view BOB_V6 = "2001:db8:2::b";   // behind sun

Buffer
IcmpV6(std::string_view source, std::string_view destination, uint8_t type, uint8_t hops)
{
    return MakePacket({.source = source,
                       .destination = destination,
                       .protocol = esp::PROTOCOL_ICMPV6,
                       .sourcePort = static_cast<uint16_t>(type << 8),
                       .ttl = hops});
}

/// A solicitation or advertisement as a stack sends it, with one link-layer address.
Buffer
Neighbour(std::string_view source,
          std::string_view destination,
          uint8_t type,
          std::string_view target)
{
    Buffer packet = MakePacket({.source = source,
                                .destination = destination,
                                .protocol = esp::PROTOCOL_ICMPV6,
                                .sourcePort = static_cast<uint16_t>(type << 8),
                                .ttl = 255,
                                .dataOctets = 24});
    const IpAddress address = *IpAddress::Parse(target);
    std::ranges::copy(address.Octets(), packet.begin() + 48);
    packet[64] = type == 135 ? 1 : 2;
    packet[65] = 1;
    return packet;
}

/// What becomes of a packet in both directions; they must agree.
bool
PassesInClear(GatewayPair& pair, const Buffer& packet)
{
    Outgoing outgoing;
    PacketBuffer buffer(packet);
    const uint64_t before = pair.moon.Counts().bypassedPackets;
    const Verdict out = pair.moon.gateway.HandleOutbound(pair.now, Origin::LOCAL, buffer, outgoing);
    const bool passes = out == Verdict::BYPASS;
    EXPECT_EQ(pair.moon.Counts().bypassedPackets, before + (passes ? 1 : 0));
    EXPECT_EQ(pair.moon.gateway.HandleInboundClear(pair.now, packet) == Verdict::BYPASS, passes);
    return passes;
}

TEST(Traffic, LetsNeighbourDiscoveryPassOnlyOnTheLink)
{
    GatewayPair pair(WithPolicies("[]", "discard"));
    for (const uint8_t type : {133, 134, 135, 136, 137})
    {
        SCOPED_TRACE(unsigned{type});
        EXPECT_TRUE(PassesInClear(pair, IcmpV6(MOON_WAN, "ff02::1", type, 255)));
        EXPECT_TRUE(PassesInClear(pair, IcmpV6(MOON_WAN, "fe80::2", type, 255)));
        EXPECT_TRUE(PassesInClear(pair, IcmpV6(MOON_LINK, SUN_WAN, type, 255)));
        EXPECT_FALSE(PassesInClear(pair, IcmpV6(MOON_WAN, "ff02::1", type, 254)));
        EXPECT_FALSE(PassesInClear(pair, IcmpV6(MOON_WAN, "ff0e::1", type, 255)));
        EXPECT_FALSE(PassesInClear(pair, IcmpV6(MOON_WAN, SUN_WAN, type, 255))) << "clear text";
    }
    EXPECT_FALSE(PassesInClear(pair, IcmpV6(MOON_LINK, "ff02::1", 128, 255)));
    EXPECT_TRUE(PassesInClear(pair, IcmpV6(MOON_LINK, "ff02::16", 143, 1)));
    EXPECT_TRUE(PassesInClear(pair, IcmpV6(MOON_LINK, "ff0e::1", 131, 1)));
    EXPECT_TRUE(PassesInClear(pair, IcmpV6("::", "ff02::16", 143, 1)));
    EXPECT_FALSE(PassesInClear(pair, IcmpV6(MOON_LINK, "ff02::16", 143, 2)));
    EXPECT_FALSE(PassesInClear(pair, IcmpV6(MOON_WAN, "ff02::16", 143, 1)));
    EXPECT_FALSE(PassesInClear(pair, IcmpV6(MOON_LINK, SUN_WAN, 143, 1)));
}

// RFC 4861 §7.2.2 and §7.2.4: neighbours that know each other by global addresses.
TEST(Traffic, LetsGlobalNeighboursProbeEachOtherAndNothingElse)
{
    GatewayPair pair(WithPolicies("[]", "discard"));
    const Buffer probe = Neighbour(MOON_WAN, SUN_WAN, 135, SUN_WAN);
    const Buffer answer = Neighbour(MOON_WAN, SUN_WAN, 136, MOON_WAN);
    EXPECT_TRUE(PassesInClear(pair, probe));
    EXPECT_TRUE(PassesInClear(pair, answer));
    for (const Buffer& packet : {probe, answer})
    {
        Buffer bare(packet.begin(), packet.begin() + 64);
        bare[5] = 24;
        EXPECT_TRUE(PassesInClear(pair, bare)) << "its option may be left out";
        // Hop limit, code, reserved field, target and the option's head.
        std::vector<size_t> places{7, 41, 45, 46, 47, 64, 65};
        for (size_t at = 48; at < 64; ++at)
        {
            places.push_back(at);
        }
        for (const size_t at : places)
        {
            Buffer altered = packet;
            altered[at] ^= 0x04;
            EXPECT_FALSE(PassesInClear(pair, altered)) << at;
        }
    }
    Buffer fromRouter = answer;
    fromRouter[44] = 0xe0; // flags R, S and O
    EXPECT_TRUE(PassesInClear(pair, fromRouter));
    EXPECT_FALSE(PassesInClear(pair, Neighbour(MOON_WAN, SUN_WAN, 135, MOON_WAN)));
    EXPECT_FALSE(PassesInClear(pair, Neighbour(MOON_WAN, SUN_WAN, 137, SUN_WAN)));
    Buffer two = probe;
    two.insert(two.end(), probe.begin() + 64, probe.end());
    two[5] = 40;
    EXPECT_FALSE(PassesInClear(pair, two)) << "two options";
}

// A rule decides, whatever the packet looks like.
TEST(Traffic, TakesNoProbeForAnExcuseWherePolicyNamesThePacket)
{
    PairOptions options = WithPolicies(
        R"([{"action": "discard", "local": ["2001:db8:f::/48"], "remote": ["2001:db8:e::/48"]}])");
    GatewayPair pair(options);
    const Buffer disguised = Neighbour(ALICE_V6, BOB_V6, 135, BOB_V6);
    EXPECT_EQ(pair.Send(pair.moon, disguised), Verdict::DISCARD);
    EXPECT_EQ(pair.Send(pair.moon, IcmpV6(ALICE_V6, BOB_V6, 135, 255)), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.gateway.HandleInboundClear(pair.now, disguised), Verdict::DISCARD);
    EXPECT_EQ(pair.Send(pair.moon, Neighbour(MOON_WAN, "2001:db8:e::1", 135, "2001:db8:e::1")),
              Verdict::DISCARD);
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, disguised), Verdict::PROTECT);
    EXPECT_EQ(pair.sun.gateway.HandleInboundClear(pair.now, disguised), Verdict::DISCARD);
}

// RFC 4301 §7: whether a fragment belongs to protected ports nobody can tell.
TEST(Traffic, SendsNoFragmentOfAProtectedPortInClear)
{
    PairOptions options;
    options.moon = ChildPatch(R"({"local_ts": ["10.1.0.0/16[udp]"],
                                  "remote_ts": ["10.2.0.0/16[udp/7]"]})");
    options.sun = ChildPatch(R"({"local_ts": ["10.2.0.0/16[udp/7]"],
                                 "remote_ts": ["10.1.0.0/16[udp]"]})");
    GatewayPair pair(options);
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB, 7)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB, 8)), Verdict::BYPASS);
    const Buffer fragment =
        MakePacket({.source = ALICE, .destination = BOB, .fragmentField = 0x00b9});
    EXPECT_EQ(pair.Send(pair.moon, fragment), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.gateway.HandleInboundClear(pair.now, fragment), Verdict::DISCARD);
    EXPECT_EQ(pair.Send(pair.moon,
                        MakePacket({.source = ALICE,
                                    .destination = BOB,
                                    .protocol = esp::PROTOCOL_TCP,
                                    .fragmentField = 0x00b9})),
              Verdict::BYPASS)
        << "of another protocol";
}

TEST(Traffic, ProtectsFragmentsWhereAnyPortIsMeant)
{
    GatewayPair pair;
    pair.Establish();
    for (const uint16_t field : {uint16_t{0x2000}, uint16_t{0x00b9}})
    {
        const Buffer fragment =
            MakePacket({.source = ALICE, .destination = BOB, .fragmentField = field});
        EXPECT_EQ(pair.Send(pair.moon, fragment), Verdict::PROTECT);
        pair.Settle();
        ASSERT_FALSE(pair.sun.delivered.empty());
        EXPECT_EQ(pair.sun.delivered.back(), fragment);
    }
}

TEST(Traffic, RefusesReplaysAndCountsThem)
{
    GatewayPair pair;
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB)), Verdict::PROTECT);
    const Frame frame = LastFrame(pair);
    pair.Settle();
    ASSERT_EQ(pair.sun.delivered.size(), 1u);
    EXPECT_EQ(pair.Deliver(pair.sun, frame), Verdict::DISCARD);
    EXPECT_EQ(pair.Deliver(pair.sun, frame), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.delivered.size(), 1u);
    EXPECT_EQ(pair.sun.Counts().replayedPackets, 2u);
    const auto refusals = pair.sun.All<PacketRefused>();
    ASSERT_EQ(refusals.size(), 2u);
    EXPECT_EQ(refusals[0]->error.fault, Fault::REPLAY);
    EXPECT_TRUE(refusals[0]->inbound);
    EXPECT_EQ(refusals[0]->spi, pair.sun.Children().front().inboundSpi);
    EXPECT_EQ(refusals[0]->sequence, 1u);
    EXPECT_EQ(refusals[0]->source, *IpAddress::Parse("192.0.2.1"));
    EXPECT_EQ(refusals[0]->destination, *IpAddress::Parse("192.0.2.2"));
}

TEST(Traffic, RefusesEveryAlteredOctet)
{
    GatewayPair pair;
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB)), Verdict::PROTECT);
    const Frame frame = LastFrame(pair);
    for (size_t at = 0; at < frame.octets.size(); ++at)
    {
        Frame altered = frame;
        altered.octets[at] ^= 0x40;
        EXPECT_EQ(pair.Deliver(pair.sun, altered), Verdict::DISCARD) << at;
    }
    EXPECT_EQ(pair.sun.Counts().unknownSpis, 4u);
    EXPECT_EQ(pair.sun.Counts().integrityFailures, frame.octets.size() - 4);
    EXPECT_TRUE(pair.sun.delivered.empty());
    EXPECT_EQ(pair.Deliver(pair.sun, frame), Verdict::DELIVER) << "none of it moved the window";
}

TEST(Traffic, RefusesEveryTruncatedPacket)
{
    GatewayPair pair;
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB)), Verdict::PROTECT);
    const Frame frame = LastFrame(pair);
    for (size_t octets = 0; octets < frame.octets.size(); ++octets)
    {
        Frame cut = frame;
        cut.octets.resize(octets);
        EXPECT_EQ(pair.Deliver(pair.sun, cut), Verdict::DISCARD) << octets;
    }
    EXPECT_EQ(pair.Deliver(pair.sun, frame), Verdict::DELIVER);
}

/// What comes out at sun of a packet with this traffic class, its outer one changed on the way.
std::optional<uint8_t>
ClassAfterTunnel(const char* child, uint8_t inner, std::optional<uint8_t> outer, uint8_t* seen = {})
{
    PairOptions options;
    options.both = ChildPatch(child);
    GatewayPair pair(options);
    pair.Establish();
    pair.onFrame = [&](const Node&, Frame& frame)
    {
        if (seen)
        {
            *seen = frame.trafficClass;
        }
        frame.trafficClass = outer.value_or(frame.trafficClass);
        return true;
    };
    pair.Send(pair.moon, MakePacket({.source = ALICE, .destination = BOB, .trafficClass = inner}));
    pair.Run(1s);
    // Anybody on the way can write congestion marks: they start no exchange.
    EXPECT_EQ(pair.moon.Count<ike::InvalidSelectorsReported>(), 0u);
    if (pair.sun.delivered.empty())
    {
        return std::nullopt;
    }
    return esp::ReadPacket(pair.sun.delivered.back())->trafficClass;
}

// RFC 6040 §4, RFC 4301 §5.1.2
TEST(Traffic, CarriesTrafficClassesThroughTheTunnelAsConfigured)
{
    uint8_t seen = 0;
    EXPECT_EQ(ClassAfterTunnel("{}", 0xba, 0x03, &seen), 0xbb);
    EXPECT_EQ(seen, 0xba);
    EXPECT_EQ(ClassAfterTunnel("{}", 0xb8, 0x03), std::nullopt) << "CE on what knows no ECN";
    EXPECT_EQ(ClassAfterTunnel(R"({"copy_ecn": "no"})", 0xba, 0x03, &seen), 0xba);
    EXPECT_EQ(seen, 0xb8);
    EXPECT_EQ(ClassAfterTunnel(R"({"copy_dscp": "no"})", 0xba, std::nullopt, &seen), 0xba);
    EXPECT_EQ(seen, 0x02);
    EXPECT_EQ(ClassAfterTunnel(R"({"copy_dscp": "in"})", 0xba, 0x28, &seen), 0x2a);
    EXPECT_EQ(seen, 0x02);
    EXPECT_EQ(ClassAfterTunnel(R"({"copy_dscp": "yes"})", 0xba, 0x28, &seen), 0x2a);
    EXPECT_EQ(seen, 0xba);
}

TEST(Traffic, CopiesDontFragmentOnlyIfConfigured)
{
    for (const bool copy : {true, false})
    {
        PairOptions options;
        options.both = ChildPatch(copy ? R"({"copy_df": "yes"})" : R"({"copy_df": "no"})");
        GatewayPair pair(options);
        pair.Establish();
        pair.Send(pair.moon,
                  MakePacket({.source = ALICE, .destination = BOB, .fragmentField = 0x4000}));
        EXPECT_EQ(pair.moon.lastOutgoing.dontFragment, copy);
    }
}

TEST(Traffic, ReportsUnknownSpis)
{
    GatewayPair pair;
    Frame frame{Frame::Kind::ESP,
                {{*IpAddress::Parse("192.0.2.1"), 0}, {*IpAddress::Parse("192.0.2.2"), 0}},
                Buffer(64, 0x11)};
    EXPECT_EQ(pair.Deliver(pair.sun, frame), Verdict::DISCARD);
    const auto refusals = pair.sun.All<PacketRefused>();
    ASSERT_EQ(refusals.size(), 1u);
    EXPECT_EQ(refusals[0]->error.fault, Fault::UNKNOWN_SPI);
    EXPECT_EQ(refusals[0]->spi, EspSpi{0x11111111});
    EXPECT_EQ(pair.sun.Counts().unknownSpis, 1u);
}

TEST(Traffic, ReportsAFloodAtALimitedRateAndCountsAllOfIt)
{
    GatewayPair pair;
    const Frame frame{Frame::Kind::ESP, {}, Buffer(64, 0x11)};
    for (int i = 0; i < 1000; ++i)
    {
        pair.Deliver(pair.sun, frame);
    }
    EXPECT_EQ(pair.sun.Count<PacketRefused>(), limits::REFUSAL_EVENTS_PER_SECOND);
    EXPECT_EQ(pair.sun.Counts().unknownSpis, 1000u);
    EXPECT_EQ(pair.sun.gateway.HandleInboundClear(pair.now, Udp(ALICE, BOB)), Verdict::DISCARD);
    pair.Drain(pair.sun);
    EXPECT_EQ(pair.sun.CountRefused(Fault::POLICY), 1u) << "another reason has its own measure";
    pair.now += 1s;
    pair.Deliver(pair.sun, frame);
    EXPECT_EQ(pair.sun.CountRefused(Fault::UNKNOWN_SPI), limits::REFUSAL_EVENTS_PER_SECOND + 1);
}

// RFC 4301 §5.2 step 4: sun narrows the selectors; moon's policy still covers more.
TEST(Traffic, EnforcesTheSelectorsOfTheSa)
{
    PairOptions options;
    options.moon = ChildPatch(R"({"local_ts": ["10.1.0.0/16"], "remote_ts": ["10.2.0.0/16"]})");
    options.sun = ChildPatch(R"({"local_ts": ["10.2.0.0/24"], "remote_ts": ["10.1.0.0/16"]})");
    GatewayPair pair(options);
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, "10.2.0.1")), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, "10.2.1.1")), Verdict::DISCARD)
        << "protected by policy, not by this SA";
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 1u);
}

TEST(Traffic, DropsAPacketInsideTheSaButOutsideItsSelectors)
{
    GatewayPair pair;
    pair.Establish();
    // A lying sun: its own half of the SA, made from the keys that it reports.
    const auto* keys = pair.sun.All<ike::ChildSaInstalled>().at(0);
    esp::OutboundSa liar(testing::SharedContext(),
                         {keys->outboundSpi,
                          keys->suite,
                          esp::Mode::TUNNEL,
                          keys->outboundEncr.View(),
                          keys->outboundInteg.View(),
                          {},
                          0});
    const ChildSaId child = keys->child; // the event itself may move when others come
    const Path path = keys->path;
    const auto deliver = [&](std::string_view source, std::string_view destination)
    {
        PacketBuffer packet(Udp(source, destination));
        EXPECT_TRUE(liar.Seal(packet, *esp::ReadPacket(packet.View()), pair.sun.random));
        return pair.Deliver(pair.moon, {Frame::Kind::ESP, path, ToBuffer(packet.View())});
    };
    EXPECT_EQ(deliver(BOB, ALICE), Verdict::DELIVER);
    EXPECT_EQ(deliver("10.9.0.1", ALICE), Verdict::DISCARD);
    EXPECT_EQ(deliver(BOB, "10.9.0.1"), Verdict::DISCARD);
    EXPECT_EQ(deliver(ALICE, BOB), Verdict::DISCARD) << "the wrong way round";
    EXPECT_EQ(pair.moon.CountRefused(Fault::POLICY), 3u);
    // RFC 4301 §5.2: whoever sent them is told, of the first.
    pair.Settle();
    ASSERT_EQ(pair.sun.Count<ike::InvalidSelectorsReported>(), 1u);
    const auto& told = *pair.sun.All<ike::InvalidSelectorsReported>().front();
    EXPECT_EQ(told.child, child);
    EXPECT_EQ(told.packetStart, Udp("10.9.0.1", ALICE));
    // RFC 4303 §2.6: dummies are accepted and thrown away.
    PacketBuffer dummy;
    ASSERT_TRUE(liar.SealDummy(dummy, 100, pair.sun.random));
    EXPECT_EQ(pair.Deliver(pair.moon, {Frame::Kind::ESP, path, ToBuffer(dummy.View())}),
              Verdict::CONSUMED);
}

TEST(Traffic, DropsInsideTheSaWhatAnEarlierRuleForbids)
{
    PairOptions options;
    options.sun["policies"] = Json::parse(
        R"([{"action": "discard", "local": ["0.0.0.0/0[udp/23]"], "remote": ["0.0.0.0/0"]}])");
    GatewayPair pair(options);
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB, 23)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB, 24)), Verdict::PROTECT);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 1u);
    EXPECT_EQ(pair.sun.CountRefused(Fault::POLICY), 1u);
}

TEST(Traffic, RefusesMalformedClearPackets)
{
    GatewayPair pair;
    const Buffer packet = Udp(ALICE, BOB);
    for (size_t octets = 0; octets < packet.size(); ++octets)
    {
        EXPECT_EQ(pair.Send(pair.moon, Bytes(packet).first(octets)), Verdict::DISCARD);
        EXPECT_EQ(pair.moon.gateway.HandleInboundClear(pair.now, Bytes(packet).first(octets)),
                  Verdict::DISCARD);
    }
}

TEST(Traffic, SurvivesGarbageInUdp)
{
    GatewayPair pair;
    pair.Establish();
    const size_t eventsBefore = pair.sun.events.size();
    const size_t framesBefore = pair.trace.size();
    SeededRandom random(5);
    const IpAddress moon = *IpAddress::Parse("192.0.2.1");
    const IpAddress sun = *IpAddress::Parse("192.0.2.2");
    size_t datagrams = 0;
    std::vector<Buffer> seeds;
    for (size_t i = 0; i < framesBefore; ++i)
    {
        seeds.push_back(pair.trace[i].octets);
    }
    seeds.emplace_back(65507, 0);
    seeds.emplace_back(65507, 0xff);
    for (const uint16_t port : {uint16_t{500}, uint16_t{4500}})
    {
        const auto deliver = [&](Buffer octets)
        {
            const Verdict verdict = pair.Deliver(
                pair.sun, {Frame::Kind::UDP, {{moon, port}, {sun, port}}, std::move(octets)});
            EXPECT_TRUE(verdict == Verdict::CONSUMED || verdict == Verdict::DISCARD);
            ++datagrams;
        };
        for (const Buffer& seed : seeds)
        {
            for (size_t octets = 0; octets < std::min<size_t>(seed.size(), 400); ++octets)
            {
                Buffer cut(seed.begin(), seed.begin() + static_cast<ptrdiff_t>(octets));
                deliver(cut);
                Buffer flipped = seed;
                flipped[octets] ^= static_cast<uint8_t>(1 + random.U32() % 255);
                deliver(flipped);
            }
            deliver(seed);
        }
        for (int i = 0; i < 2000; ++i)
        {
            Buffer octets(random.U32() % 300);
            random.Fill(octets);
            deliver(std::move(octets));
        }
    }
    EXPECT_LE(pair.sun.events.size() - eventsBefore, 3 * datagrams);
    EXPECT_LE(pair.trace.size() - framesBefore, datagrams) << "no datagram causes two";
    EXPECT_LE(pair.sun.gateway.List().size(), 1u + limits::HALF_OPEN_SAS);
    pair.Settle();
    EXPECT_EQ(pair.sun.Children().size(), 1u) << "none of it hurt the SA";
    EXPECT_EQ(pair.Send(pair.moon, Udp(ALICE, BOB)), Verdict::PROTECT);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 1u);
    pair.Run(10min);
    EXPECT_EQ(pair.sun.gateway.List().size(), 1u) << "half-open SAs are forgotten";
}

TEST(Traffic, TellsIkeFromEspByPortAndMarker)
{
    GatewayPair pair;
    const IpAddress moon = *IpAddress::Parse("192.0.2.1");
    const IpAddress sun = *IpAddress::Parse("192.0.2.2");
    ASSERT_TRUE(pair.moon.gateway.Initiate(pair.now, "net"));
    const auto request = pair.moon.gateway.PollTransmit();
    ASSERT_TRUE(request);
    Buffer marked(4);
    Append(marked, request->message);
    const auto answers = [&](uint16_t source, uint16_t destination, const Buffer& octets)
    {
        Node fresh("sun", *ReadConfig(GatewayPair::BaseConfig(false, false)), 1);
        PacketBuffer buffer(octets);
        fresh.gateway.HandleUdp(pair.now, {{{sun, destination}, {moon, source}}}, buffer);
        return fresh.gateway.PollTransmit().has_value();
    };
    EXPECT_TRUE(answers(500, 500, request->message));
    EXPECT_FALSE(answers(500, 500, marked));
    EXPECT_TRUE(answers(4500, 4500, marked));
    EXPECT_TRUE(answers(1024, 4500, marked));
    EXPECT_FALSE(answers(1024, 4500, request->message)) << "that is ESP (RFC 3948 §2.2)";
    EXPECT_TRUE(answers(4500, 500, request->message)) << "a NAT chose 4500 for the peer's 500";
    EXPECT_TRUE(answers(4500, 500, marked)) << "the peer speaks from its port 4500";
    Frame keepAlive{Frame::Kind::UDP, {{moon, 4500}, {sun, 4500}}, {0xff}};
    EXPECT_EQ(pair.Deliver(pair.sun, keepAlive), Verdict::CONSUMED);
    EXPECT_TRUE(pair.sun.events.empty());
}

} // namespace
} // namespace ikelab::gateway
