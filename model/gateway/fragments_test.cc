// SPDX-License-Identifier: MIT
#include "base/byte_writer.h"
#include "esp/testing/packets.h"
#include "gateway/testing/gateway_pair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

/// RFC 4301 §7: fragments of clear packets, where rules ask for ports.
namespace ikelab::gateway
{

namespace
{

using esp::testing::MakePacket;
using testing::GatewayPair;
using testing::Json;
using testing::PairOptions;

constexpr uint16_t FIRST = 0x2000;
constexpr uint16_t LATER = 0x2008; // begins behind 64 octets
constexpr uint16_t OVERLAPPING = 0x2001;

Buffer
Fragment(uint16_t field, uint16_t port = 7, bool toSun = true)
{
    Buffer packet = MakePacket({.source = toSun ? "10.1.0.1" : "10.2.0.1",
                                .destination = toSun ? "10.2.0.1" : "10.1.0.1",
                                .destinationPort = port,
                                .fragmentField = field,
                                .dataOctets = 56});
    if ((field & 0x1fff) != 0)
    {
        std::fill(packet.begin() + 20, packet.end(), uint8_t{0xee});
    }
    return packet;
}

/// Only UDP to port 7 of sun's side.
PairOptions
OnlyPort7()
{
    return {.both = Json::parse(R"({"default_action": "discard"})"),
            .moon = testing::ChildPatch(R"({"remote_ts": "10.2.0.0/16[udp/7]",
                                            "local_ts": "10.1.0.0/16[udp]"})"),
            .sun = testing::ChildPatch(R"({"local_ts": "10.2.0.0/16[udp/7]",
                                           "remote_ts": "10.1.0.0/16[udp]"})")};
}

class FragmentedPacketsOf : public ::testing::TestWithParam<bool>
{
};

TEST_P(FragmentedPacketsOf, PortsGoThroughATunnelAsAWhole)
{
    PairOptions options = OnlyPort7();
    if (GetParam())
    {
        // Not merged into it: that would take the null for a word to itself.
        options.both = testing::ChildPatch(R"({"esp_proposals": null, "ah_proposals": "sha256"})");
        options.both["default_action"] = "discard";
    }
    GatewayPair pair(options);
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, Fragment(LATER)), Verdict::DISCARD) << "before its first";
    EXPECT_EQ(pair.Send(pair.moon, Fragment(FIRST)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, Fragment(LATER)), Verdict::PROTECT);
    EXPECT_EQ(pair.trace.back().kind,
              GetParam() ? testing::Frame::Kind::AH : testing::Frame::Kind::ESP);
    EXPECT_EQ(pair.Send(pair.moon, Fragment(OVERLAPPING)), Verdict::DISCARD);
    pair.Settle();
    ASSERT_EQ(pair.sun.delivered.size(), 2u);
    EXPECT_EQ(pair.sun.delivered[0], Fragment(FIRST));
    EXPECT_EQ(pair.sun.delivered[1], Fragment(LATER));
    // To another port: all of it is discarded.
    EXPECT_EQ(pair.Send(pair.moon, Fragment(FIRST, 8)), Verdict::DISCARD);
    EXPECT_EQ(pair.Send(pair.moon, Fragment(LATER)), Verdict::DISCARD);
}

// RFC 7296 §1.3.1: moon offers all ports and so does not ask; sun narrows to one.
INSTANTIATE_TEST_SUITE_P(Protocols,
                         FragmentedPacketsOf,
                         ::testing::Bool(),
                         [](const auto& ah) { return ah.param ? "Ah" : "Esp"; });

TEST(FragmentedPackets, ComeByAnSaOfAnyPortBehindARuleWithPorts)
{
    PairOptions options;
    options.sun["policies"] = Json::parse(
        R"([{"action": "discard", "local": "10.2.0.0/16[udp/53]", "remote": "10.1.0.0/16"}])");
    GatewayPair pair(options);
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, Fragment(FIRST)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, Fragment(LATER)), Verdict::PROTECT);
    pair.Settle();
    ASSERT_EQ(pair.sun.delivered.size(), 2u);
    EXPECT_EQ(pair.sun.delivered[1], Fragment(LATER));
    // The rule holds for all of a datagram.
    EXPECT_EQ(pair.Send(pair.moon, Fragment(FIRST, 53)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, Fragment(LATER)), Verdict::PROTECT);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 2u);
}

TEST(FragmentedPackets, AreNotSentByAnSaOfPortsUnlessAgreedOn)
{
    GatewayPair pair({.sun = testing::ChildPatch(R"({"local_ts": "10.2.0.0/16[udp/7]",
                                        "remote_ts": "10.1.0.0/16[udp]"})")});
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, Fragment(FIRST)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, Fragment(LATER)), Verdict::DISCARD);
    EXPECT_EQ(pair.moon.CountRefused(Fault::POLICY), 1u);
    ASSERT_EQ(pair.moon.Count<ike::ChildSaInstalled>(), 1u);
    EXPECT_FALSE(pair.moon.All<ike::ChildSaInstalled>().front()->nonFirstFragments);
}

TEST(FragmentedPackets, NeedNoAgreementWithoutPorts)
{
    GatewayPair pair;
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, Fragment(LATER)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, Fragment(FIRST)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, Fragment(LATER)), Verdict::PROTECT);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 3u);
}

// RFC 4301 §7.4: in clear, too, both ways.
TEST(FragmentedPackets, OfABypassRuleWithPortsPass)
{
    GatewayPair pair({.moon = Json::parse(R"({
        "default_action": "discard",
        "policies": [{"action": "bypass", "remote": "10.2.0.0/16[udp/8]"},
                     {"action": "bypass", "local": "10.1.0.0/16[udp/9]"}],
        "connections": {"net": {"children": {"net": {
            "local_ts": "10.1.0.0/16", "remote_ts": "10.3.0.0/16"}}}}})")});
    Gateway& moon = pair.moon.gateway;
    EXPECT_EQ(moon.HandleInboundClear(pair.now, Fragment(FIRST, 8)), Verdict::DISCARD);
    EXPECT_EQ(pair.Send(pair.moon, Fragment(LATER)), Verdict::DISCARD)
        << "who comes from outside says nothing of what goes out";
    EXPECT_EQ(pair.Send(pair.moon, Fragment(FIRST, 8)), Verdict::BYPASS);
    EXPECT_EQ(pair.Send(pair.moon, Fragment(LATER)), Verdict::BYPASS);
    EXPECT_EQ(moon.HandleInboundClear(pair.now, Fragment(LATER, 0, false)), Verdict::DISCARD)
        << "the other way has its own";
    EXPECT_EQ(moon.HandleInboundClear(pair.now, Fragment(FIRST, 9, false)), Verdict::BYPASS);
    EXPECT_EQ(moon.HandleInboundClear(pair.now, Fragment(LATER, 0, false)), Verdict::BYPASS);
    EXPECT_EQ(moon.HandleInboundClear(pair.now, Fragment(FIRST, 10, false)), Verdict::DISCARD);
    EXPECT_EQ(moon.HandleInboundClear(pair.now, Fragment(LATER, 0, false)), Verdict::DISCARD);
}

/// A part of an IPv6 datagram to sun's side; later ones may say what they like of their protocol.
Buffer
FragmentV6(bool first, uint8_t protocol, uint32_t identification)
{
    constexpr size_t FIXED_OCTETS = 40;
    Buffer packet = MakePacket({.source = "2001:db8:1::1",
                                .destination = "2001:db8:2::1",
                                .protocol = protocol,
                                .dataOctets = 56});
    ByteWriter header;
    header.U8(std::exchange(packet[6], esp::PROTOCOL_FRAGMENT));
    header.U8(0);
    header.U16(first ? 1 : 64);
    header.U32(identification);
    if (!first)
    {
        std::fill(packet.begin() + FIXED_OCTETS, packet.end(), uint8_t{0xee});
    }
    const Bytes octets = header.View();
    packet.insert(packet.begin() + FIXED_OCTETS, octets.begin(), octets.end());
    packet[5] = static_cast<uint8_t>(packet.size() - FIXED_OCTETS);
    return packet;
}

constexpr uint8_t GRE = 47;

// RFC 8200 §4.5: the protocol that a later fragment names is nobody's word.
TEST(FragmentedPackets, OfIpv6DoNotPassByAProtocolThatTheyMerelyClaim)
{
    GatewayPair pair({.both = Json::parse(R"({"default_action": "discard"})"),
                      .moon = Json::parse(R"({"policies": [{"action": "bypass",
                          "local": "2001:db8:1::/48[gre]", "remote": "2001:db8:2::/48[gre]"}]})")});
    pair.Establish();
    EXPECT_EQ(pair.Send(pair.moon, FragmentV6(false, GRE, 1)), Verdict::PROTECT)
        << "before its first";
    EXPECT_EQ(pair.Send(pair.moon, FragmentV6(true, esp::PROTOCOL_UDP, 2)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, FragmentV6(false, GRE, 2)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, FragmentV6(true, GRE, 3)), Verdict::BYPASS);
    EXPECT_EQ(pair.Send(pair.moon, FragmentV6(false, esp::PROTOCOL_UDP, 3)), Verdict::BYPASS);
    pair.Settle();
    EXPECT_EQ(pair.sun.delivered.size(), 3u);
}

// RFC 4301 §7.1: an SA of a protocol carries all fragments of it, nothing has to be agreed on.
TEST(FragmentedPackets, OfIpv6GoByAnSaOfTheProtocolOfTheirFirst)
{
    GatewayPair pair({.both = Json::parse(R"({"default_action": "discard"})"),
                      .moon = testing::ChildPatch(R"({"local_ts": "2001:db8:1::/48[udp]",
                                                      "remote_ts": "2001:db8:2::/48[udp]"})"),
                      .sun = testing::ChildPatch(R"({"local_ts": "2001:db8:2::/48[udp]",
                                                     "remote_ts": "2001:db8:1::/48[udp]"})")});
    pair.Establish();
    ASSERT_FALSE(pair.moon.All<ike::ChildSaInstalled>().front()->nonFirstFragments);
    EXPECT_EQ(pair.Send(pair.moon, FragmentV6(false, esp::PROTOCOL_UDP, 1)), Verdict::DISCARD)
        << "before its first";
    EXPECT_EQ(pair.Send(pair.moon, FragmentV6(true, esp::PROTOCOL_UDP, 1)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, FragmentV6(false, GRE, 1)), Verdict::PROTECT);
    EXPECT_EQ(pair.Send(pair.moon, FragmentV6(true, GRE, 2)), Verdict::DISCARD);
    EXPECT_EQ(pair.Send(pair.moon, FragmentV6(false, esp::PROTOCOL_UDP, 2)), Verdict::DISCARD);
    pair.Settle();
    ASSERT_EQ(pair.sun.delivered.size(), 2u);
    EXPECT_EQ(pair.sun.delivered[1], FragmentV6(false, GRE, 1));
}

} // namespace

} // namespace ikelab::gateway
