// SPDX-License-Identifier: MIT
#include "base/byte_writer.h"
#include "base/hex.h"
#include "esp/testing/packets.h"
#include "gateway/testing/gateway_pair.h"
#include "ike/testing/insider.h"
#include "wire/esp_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

/// Traffic flow confidentiality between two gateways (RFC 4303 §2.6, §2.7, RFC 7296 §1.3.1).
namespace ikelab::gateway
{
namespace
{

using namespace std::chrono_literals;
using esp::testing::MakePacket;
using testing::ChildPatch;
using testing::Frame;
using testing::GatewayPair;
using testing::Json;
using testing::Node;
using testing::PairOptions;

constexpr uint32_t LINK_MTU = 1400;

Buffer
Packet(size_t octets, bool v6 = false, uint8_t trafficClass = 0, uint16_t fragmentField = 0)
{
    const size_t headers = v6 ? 48 : 28;
    EXPECT_GE(octets, headers);
    return MakePacket({.source = v6 ? "2001:db8:1::a" : "10.1.0.10",
                       .destination = v6 ? "2001:db8:2::b" : "10.2.0.10",
                       .trafficClass = trafficClass,
                       .fragmentField = fragmentField,
                       .dataOctets = octets - headers});
}

/// The ESP packets on the wire so far from one end, as sizes of whole outer packets.
std::vector<size_t>
OuterSizes(const GatewayPair& pair, const Node& from)
{
    std::vector<size_t> sizes;
    const auto* child = from.All<ike::ChildSaInstalled>().back();
    for (const Frame& frame : pair.trace)
    {
        const auto header = wire::ParseEspHeader(frame.octets);
        if (header && header->spi == child->outboundSpi)
        {
            const size_t ip = frame.path.local.address.IsV4() ? 20 : 40;
            const size_t udp = frame.kind == Frame::Kind::UDP ? 8 : 0;
            sizes.push_back(ip + udp + frame.octets.size());
        }
    }
    return sizes;
}

/// Of AES-GCM, for contents of so many octets.
size_t
EspOctets(size_t contents)
{
    return 8 + 8 + (contents + 2 + 3) / 4 * 4 + 16;
}

void
SetLinkMtus(GatewayPair& pair, uint32_t octets)
{
    for (Node* node : {&pair.moon, &pair.sun})
    {
        node->gateway.SetLinkMtu([octets](const IpAddress&) { return octets; });
    }
}

ChildSaCounters
CountersOf(const Node& node)
{
    return node.gateway.CountersOf(node.Children().front().id).value();
}

struct Way
{
    bool outerV6{false};
    bool innerV6{false};
    bool encap{false};
};

constexpr Way WAYS[] =
    {{}, {false, true}, {true, false}, {true, true}, {false, false, true}, {true, true, true}};

PairOptions
OptionsOf(const Way& way, const char* child)
{
    PairOptions options;
    options.outerV6 = way.outerV6;
    options.both = ChildPatch(child);
    options.both["connections"]["net"]["encap"] = way.encap;
    return options;
}

TEST(TfcPadding, GivesPacketsOfManySizesOneOnTheWire)
{
    for (const Way& way : WAYS)
    {
        GatewayPair pair(OptionsOf(way, R"({"tfc_padding": 1000})"));
        SetLinkMtus(pair, LINK_MTU);
        pair.Establish();
        std::vector<Buffer> sent;
        for (const size_t octets : {60, 61, 300, 999, 1000})
        {
            sent.push_back(Packet(octets, way.innerV6));
            ASSERT_EQ(pair.Send(pair.moon, sent.back()), Verdict::PROTECT);
        }
        pair.Settle();
        EXPECT_EQ(pair.sun.delivered, sent);
        const size_t expected = (way.outerV6 ? 40 : 20) + (way.encap ? 8 : 0) + EspOctets(1000);
        EXPECT_EQ(OuterSizes(pair, pair.moon), std::vector(sent.size(), expected));
        const ChildSaCounters moon = CountersOf(pair.moon);
        const ChildSaCounters sun = CountersOf(pair.sun);
        EXPECT_EQ(moon.outboundOctets, 60u + 61 + 300 + 999 + 1000);
        EXPECT_EQ(moon.outboundTfcOctets, 5000 - moon.outboundOctets);
        EXPECT_EQ(sun.inboundOctets, moon.outboundOctets);
        EXPECT_EQ(sun.inboundTfcOctets, moon.outboundTfcOctets);
    }
}

TEST(TfcPadding, FillsThePathAndLeavesWhatDoesNotFitAlone)
{
    for (const Way& way : WAYS)
    {
        for (const uint32_t mtu : {600u, 1399u, 1400u, 1401u, 1500u, 9000u, 100000u})
        {
            GatewayPair pair(OptionsOf(way, R"({"tfc_padding": "mtu"})"));
            SetLinkMtus(pair, mtu);
            pair.Establish();
            for (const size_t octets : {60, 400})
            {
                ASSERT_EQ(pair.Send(pair.moon, Packet(octets, way.innerV6)), Verdict::PROTECT);
            }
            for (const size_t outer : OuterSizes(pair, pair.moon))
            {
                EXPECT_LE(outer, std::min(mtu, 65535u));
                EXPECT_GT(outer + 4, std::min(mtu, 65535u));
            }
            const size_t before = pair.trace.size();
            ASSERT_EQ(pair.Send(pair.moon, Packet(600, way.innerV6)), Verdict::PROTECT);
            if (mtu == 600)
            {
                EXPECT_EQ(pair.trace.at(before).octets.size(), EspOctets(600));
            }
            pair.Settle();
            EXPECT_EQ(pair.sun.delivered.size(), 3u);
        }
    }
}

TEST(TfcPadding, TakesALinkThatNobodyKnowsForTheNarrowestOfIpv6)
{
    for (const bool asked : {false, true})
    {
        GatewayPair pair({.both = ChildPatch(R"({"tfc_padding": "mtu"})")});
        if (asked)
        {
            SetLinkMtus(pair, 0);
        }
        pair.Establish();
        ASSERT_EQ(pair.Send(pair.moon, Packet(60)), Verdict::PROTECT);
        EXPECT_EQ(OuterSizes(pair, pair.moon), std::vector<size_t>{1280});
    }
}

TEST(TfcPadding, IsCutToWhatAnErrorToldOfThePath)
{
    GatewayPair pair({.both = ChildPatch(R"({"tfc_padding": 1300})")});
    SetLinkMtus(pair, LINK_MTU);
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, Packet(60, false, 0, 0x4000)), Verdict::PROTECT);
    const Frame frame = pair.trace.back();
    // What a router saw: the outer header with DF, and the beginning of ESP.
    Buffer seen = MakePacket({.source = "192.0.2.1",
                              .destination = "192.0.2.2",
                              .protocol = esp::PROTOCOL_ESP,
                              .fragmentField = 0x4000,
                              .dataOctets = frame.octets.size() - 8});
    std::ranges::copy(frame.octets, seen.begin() + 20);
    Buffer error = esp::testing::MakeIcmpError("198.51.100.1", "192.0.2.1", 3, 4, seen, 28);
    error[20 + 6] = 700 >> 8; // its MTU
    error[20 + 7] = 700 & 0xff;
    ASSERT_EQ(pair.moon.gateway.HandleIcmpError(pair.now, error), Verdict::BYPASS);
    ASSERT_EQ(pair.Send(pair.moon, Packet(60)), Verdict::PROTECT);
    EXPECT_EQ(OuterSizes(pair, pair.moon), (std::vector<size_t>{20 + EspOctets(1300), 700}));
    pair.Run(11min); // and forgotten (RFC 4301 §8.2.2)
    ASSERT_EQ(pair.Send(pair.moon, Packet(60)), Verdict::PROTECT);
    EXPECT_EQ(OuterSizes(pair, pair.moon).back(), 20 + EspOctets(1300));
}

TEST(TfcPadding, IsForUdpInTransportMode)
{
    for (const bool encap : {false, true})
    {
        for (const bool v6 : {false, true})
        {
            PairOptions options;
            options.outerV6 = v6;
            options.both = ChildPatch(R"({"mode": "transport", "tfc_padding": "mtu",
                                          "local_ts": "dynamic[udp]", "remote_ts": "dynamic[udp]"})");
            options.both["connections"]["net"]["encap"] = encap;
            GatewayPair pair(options);
            SetLinkMtus(pair, LINK_MTU);
            pair.Establish();
            std::vector<Buffer> sent;
            for (const size_t data : {0, 1, 500})
            {
                sent.push_back(MakePacket({.source = v6 ? "2001:db8::1" : "192.0.2.1",
                                           .destination = v6 ? "2001:db8::2" : "192.0.2.2",
                                           .dataOctets = data}));
                ASSERT_EQ(pair.Send(pair.moon, sent.back()), Verdict::PROTECT);
            }
            pair.Settle();
            EXPECT_EQ(pair.sun.delivered, sent);
            for (const size_t outer : OuterSizes(pair, pair.moon))
            {
                EXPECT_LE(outer, LINK_MTU);
                EXPECT_GT(outer + 4, LINK_MTU);
            }
        }
    }
}

/// Of ours nobody refuses: the wire puts it into IKE_AUTH, once the keys are in the log.
void
HaveRefused(GatewayPair& pair, const Node& by)
{
    pair.onFrame = [&pair, &by](const Node& from, Frame& frame)
    {
        const auto parsed = wire::ParseMessage(frame.octets);
        if (&from != &by || !parsed || parsed->header.exchange != wire::ExchangeType::IKE_AUTH)
        {
            return true;
        }
        const auto keys = pair.moon.All<ike::IkeKeysDerived>();
        if (keys.empty())
        {
            return false; // it is sent again
        }
        frame.octets =
            ike::testing::Insider(*keys.back(), &from == &pair.moon)
                .WithMore(frame.octets,
                          [](wire::MessageBuilder& builder)
                          { builder.Notify(wire::NotifyType::ESP_TFC_PADDING_NOT_SUPPORTED); });
        return true;
    };
}

TEST(TfcPadding, IsNotSentToWhoRefusesIt)
{
    for (const bool byInitiator : {false, true})
    {
        GatewayPair pair({.both = ChildPatch(R"({"tfc_padding": 1000, "dummy_interval": "10m"})")});
        SetLinkMtus(pair, LINK_MTU);
        const Node& refuses = byInitiator ? pair.moon : pair.sun;
        Node& told = pair.Other(refuses);
        HaveRefused(pair, refuses);
        ASSERT_TRUE(pair.moon.gateway.Initiate(pair.now, "net"));
        pair.Drain(pair.moon);
        pair.Run(10s);
        ASSERT_EQ(told.Count<ike::ChildSaInstalled>(), 1u);
        EXPECT_TRUE(told.All<ike::ChildSaInstalled>().front()->peerRefusesTfc);
        EXPECT_FALSE(refuses.All<ike::ChildSaInstalled>().front()->peerRefusesTfc);
        ASSERT_EQ(pair.Send(pair.moon, Packet(60)), Verdict::PROTECT);
        ASSERT_EQ(pair.Send(pair.sun,
                            MakePacket({.source = "10.2.0.10",
                                        .destination = "10.1.0.10",
                                        .dataOctets = 60 - 28})),
                  Verdict::PROTECT);
        EXPECT_EQ(OuterSizes(pair, told), std::vector{20 + EspOctets(60)});
        EXPECT_EQ(OuterSizes(pair, refuses), std::vector{20 + EspOctets(1000)});
        // RFC 4303 §2.6: dummies are no padding, and everybody must discard them.
        pair.Run(10min);
        EXPECT_EQ(told.Counts().sentDummies, 1u);
    }
}

TEST(Dummies, AreSentAfterEachPauseAndNeverBetweenPackets)
{
    for (const Way& way : WAYS)
    {
        PairOptions options = OptionsOf(way, "{}");
        options.moon = ChildPatch(R"({"tfc_padding": 500, "dummy_interval": "1s"})");
        GatewayPair pair(options);
        pair.Establish();
        pair.Run(10500ms); // since moon had it, 10 s and a round trip ago
        EXPECT_EQ(pair.moon.Counts().sentDummies, 10u);
        for (int i = 0; i < 20; ++i)
        {
            ASSERT_EQ(pair.Send(pair.moon, Packet(100, way.innerV6)), Verdict::PROTECT);
            pair.Run(900ms);
        }
        EXPECT_EQ(pair.moon.Counts().sentDummies, 10u);
        pair.Run(200ms);
        EXPECT_EQ(pair.moon.Counts().sentDummies, 11u) << "1 s after the last packet";
        pair.Settle();
        EXPECT_EQ(pair.sun.Counts().receivedDummies, 11u);
        EXPECT_EQ(pair.sun.delivered.size(), 20u);
        EXPECT_EQ(pair.sun.Counts().discardedPackets, 0u);
        EXPECT_EQ(pair.sun.Count<PacketRefused>(), 0u) << "without an error (§2.6)";
        const std::vector<size_t> sizes = OuterSizes(pair, pair.moon);
        EXPECT_EQ(std::set(sizes.begin(), sizes.end()).size(), 1u)
            << "nobody tells a dummy from a packet";
        const ChildSaCounters moon = CountersOf(pair.moon);
        const ChildSaCounters sun = CountersOf(pair.sun);
        EXPECT_EQ(moon.outboundPackets, 20u);
        EXPECT_EQ(moon.outboundOctets, 20u * 100);
        EXPECT_EQ(moon.outboundDummies, 11u);
        EXPECT_EQ(moon.outboundTfcOctets, 31u * 500 - 20 * 100);
        EXPECT_EQ(moon.outboundSequence, 31u);
        EXPECT_EQ(sun.inboundPackets, 20u);
        EXPECT_EQ(sun.inboundDummies, 11u);
        EXPECT_EQ(sun.inboundTfcOctets, moon.outboundTfcOctets);
        EXPECT_EQ(pair.sun.Counts().sentDummies, 0u) << "sun was not told to";
    }
}

TEST(Dummies, HaveTheSizeThatTheyAreGivenOrAnyThatFits)
{
    const struct
    {
        const char* child;
        size_t least;
        size_t most;
        size_t different;
    } rows[] = {
        {R"({"dummy_interval": "1s", "dummy_size": 200})", EspOctets(200), EspOctets(200), 1},
        {R"({"dummy_interval": "1s", "dummy_size": 200, "tfc_padding": 600})",
         EspOctets(200),
         EspOctets(200),
         1},
        {R"({"dummy_interval": "1s", "tfc_padding": "mtu"})", 1380, 1380, 1},
        {R"({"dummy_interval": "1s", "dummy_size": 5000})", 1380, 1380, 1},
        {R"({"dummy_interval": "1s"})", EspOctets(1), 1380, 60},
        {R"({"dummy_interval": "1s", "dummy_size": "random", "tfc_padding": "mtu"})",
         EspOctets(1),
         1380,
         60},
        {R"({"dummy_interval": "1s", "dummy_size": 200, "mode": "transport",
             "local_ts": "dynamic", "remote_ts": "dynamic"})",
         EspOctets(180),
         EspOctets(180),
         1}};
    for (const auto& row : rows)
    {
        GatewayPair pair({.both = ChildPatch(row.child)});
        SetLinkMtus(pair, LINK_MTU);
        pair.Establish();
        pair.Run(100s);
        const std::vector<size_t> sizes = OuterSizes(pair, pair.moon);
        ASSERT_GE(sizes.size(), 99u) << row.child;
        EXPECT_GE(std::ranges::min(sizes), 20 + row.least) << row.child;
        EXPECT_LE(std::ranges::max(sizes), 20 + row.most) << row.child;
        EXPECT_GE(std::set(sizes.begin(), sizes.end()).size(), row.different) << row.child;
        EXPECT_GE(pair.sun.Counts().receivedDummies, 99u) << row.child;
    }
}

TEST(Dummies, LookLikeTheLastPacketFromOutside)
{
    GatewayPair pair({.both = ChildPatch(R"({"dummy_interval": "1s"})")});
    pair.Establish();
    pair.Run(1500ms);
    EXPECT_EQ(pair.moon.lastOutgoing.trafficClass, 0);
    EXPECT_FALSE(pair.moon.lastOutgoing.dontFragment);
    ASSERT_EQ(pair.Send(pair.moon, Packet(100, false, 0xba, 0x4000)), Verdict::PROTECT);
    pair.Run(1500ms);
    ASSERT_EQ(pair.moon.Counts().sentDummies, 2u);
    EXPECT_EQ(pair.moon.lastOutgoing.trafficClass, 0xb8) << "but does not react to congestion";
    EXPECT_TRUE(pair.moon.lastOutgoing.dontFragment);
}

/// What leaves for a packet, or in its stead for a dummy, header and all.
Buffer
Whole(GatewayPair& pair, const std::optional<Buffer>& packet)
{
    PacketBuffer buffer;
    Outgoing outgoing;
    if (packet)
    {
        buffer.Assign(*packet);
        EXPECT_EQ(pair.moon.gateway.HandleOutbound(pair.now, Origin::LOCAL, buffer, outgoing),
                  Verdict::PROTECT);
    }
    else
    {
        pair.now += 1s;
        EXPECT_TRUE(pair.moon.gateway.PollDummy(pair.now, buffer, outgoing));
    }
    EXPECT_TRUE(outgoing.wholePacket);
    return ToBuffer(std::as_const(buffer).View());
}

/// Write an IPv4 identification and the checksum that goes with it.
void
SetIdentification(Buffer& packet, uint16_t identification)
{
    ByteWriter fields;
    fields.U16(identification);
    std::ranges::copy(fields.View(), packet.begin() + 4);
    packet[10] = packet[11] = 0;
    fields.U16(esp::HeaderChecksum(Bytes(packet).first(20)));
    std::ranges::copy(fields.View().last(2), packet.begin() + 10);
}

// RFC 4303 §2.6: in transport mode the header is the host's own, and nothing in it may differ.
TEST(Dummies, HaveTheHostsHeaderInTransportMode)
{
    for (const bool v6 : {false, true})
    {
        for (const bool encap : {false, true})
        {
            PairOptions options = OptionsOf({v6, v6, encap}, R"({"mode": "transport",
                "dummy_interval": "1s", "dummy_size": 100,
                "local_ts": "dynamic", "remote_ts": "dynamic"})");
            GatewayPair pair(options);
            pair.Establish();
            const auto first = esp::ReadPacket(Whole(pair, {}));
            ASSERT_TRUE(first);
            EXPECT_EQ(first->ttl, 64) << "before there was a packet";
            const size_t headers = (v6 ? 40 : 20) + (encap ? 8 : 0);
            for (const uint16_t fragmentField : {0x4000, 0})
            {
                for (const uint16_t identification : {0x1234, 0xffff, 0})
                {
                    Buffer packet = MakePacket({.source = v6 ? "2001:db8::1" : "192.0.2.1",
                                                .destination = v6 ? "2001:db8::2" : "192.0.2.2",
                                                .trafficClass = 0xba,
                                                .ttl = 33,
                                                .fragmentField = fragmentField,
                                                .dataOctets = size_t{100} - (v6 ? 48 : 28)});
                    if (v6)
                    {
                        packet[2] = 0xbc; // the flow label
                    }
                    else
                    {
                        SetIdentification(packet, identification);
                    }
                    Buffer expected = Whole(pair, packet);
                    const Buffer dummy = Whole(pair, {});
                    ASSERT_EQ(dummy.size(), expected.size());
                    esp::SetTrafficClass(expected, 0xb8); // it does not react to congestion
                    if (!v6)
                    {
                        const auto chosen = static_cast<uint16_t>(dummy[4] << 8 | dummy[5]);
                        const auto next = static_cast<uint16_t>(std::max(
                            fragmentField == 0 ? int{chosen} : (identification + 1) & 0xffff, 1));
                        SetIdentification(expected, identification == 0 ? 0 : next);
                    }
                    // UDP's checksum, which only IPv6 has, is of what is inside.
                    const size_t same = headers - (v6 && encap ? 2 : 0);
                    EXPECT_EQ(ToHex(Bytes(dummy).first(same)), ToHex(Bytes(expected).first(same)));
                }
            }
            pair.Run(5500ms);
            EXPECT_EQ(pair.sun.Counts().receivedDummies, 5u);
            EXPECT_EQ(pair.sun.Counts().discardedPackets, 0u);
        }
    }
}

TEST(Dummies, AreNotMadeWhereNoPacketsAreCarried)
{
    GatewayPair pair({.both = ChildPatch(R"({"dummy_interval": "1s"})")});
    pair.moon.gateway.SetCarriesPackets(false);
    pair.Establish();
    pair.Run(10s);
    EXPECT_EQ(pair.moon.Counts().sentDummies, 0u);
    EXPECT_FALSE(pair.moon.gateway.PollTimeout()) << "no timer waits for one";
    EXPECT_GT(pair.sun.Counts().sentDummies, 8u);
}

// RFC 4301 §4.4.2.1: they wear the key.
TEST(Dummies, CountForLifetimes)
{
    for (const char* child : {R"({"dummy_interval": "1s", "dummy_size": 100,
                                  "rekey_packets": 5, "life_packets": 8})",
                              R"({"dummy_interval": "1s", "dummy_size": 100,
                                  "rekey_bytes": 500, "life_bytes": 800})"})
    {
        PairOptions options;
        options.moon = ChildPatch(child);
        GatewayPair pair(options);
        pair.Establish();
        pair.Run(5500ms);
        ASSERT_EQ(pair.moon.Count<LifetimeReached>(), 1u);
        EXPECT_FALSE(pair.moon.All<LifetimeReached>().front()->hard);
        pair.Run(100s);
        ASSERT_EQ(pair.moon.Count<LifetimeReached>(), 2u);
        EXPECT_TRUE(pair.moon.All<LifetimeReached>().back()->hard);
        EXPECT_EQ(pair.moon.Counts().sentDummies, 8u);
        EXPECT_TRUE(pair.moon.Children().empty());
        EXPECT_TRUE(pair.sun.Children().empty());
    }
}

TEST(Dummies, EndWithTheSequenceNumbersAndTheSa)
{
    GatewayPair pair({.moon = ChildPatch(R"({"dummy_interval": "1s"})")});
    pair.Establish();
    const ChildSaId id = pair.moon.Children().front().id;
    ASSERT_TRUE(pair.moon.gateway.AdvanceSequences(id, 0xffffffff - 3, 0));
    pair.Run(100s);
    EXPECT_EQ(pair.moon.Counts().sentDummies, 3u);
    EXPECT_EQ(pair.moon.CountRefused(Fault::EXHAUSTED), 1u);
    EXPECT_TRUE(pair.moon.Children().empty());
    EXPECT_TRUE(pair.sun.Children().empty());
}

TEST(Dummies, StopAsOurDeleteLeaves)
{
    for (const bool whole : {false, true})
    {
        GatewayPair pair({.both = ChildPatch(R"({"dummy_interval": "1s"})")});
        pair.Establish();
        pair.Run(5500ms);
        pair.onFrame = [](const Node&, Frame&)
        {
            return false; // the Delete is sent again and again
        };
        const uint64_t before = pair.moon.Counts().sentDummies;
        if (whole)
        {
            pair.moon.gateway.Shutdown(pair.now);
        }
        else
        {
            ASSERT_TRUE(pair.moon.gateway.TerminateChild(pair.now, "net"));
        }
        pair.Drain(pair.moon);
        pair.Run(30s);
        EXPECT_EQ(pair.moon.Counts().sentDummies, before);
        EXPECT_GT(pair.sun.Counts().sentDummies, before + 20) << "it has heard of nothing";
        pair.onFrame = nullptr;
        pair.Run(10min);
        EXPECT_EQ(pair.moon.gateway.Empty(), whole);
        EXPECT_TRUE(pair.moon.Children().empty());
        EXPECT_FALSE(pair.moon.gateway.PollTimeout()) << "no timer is left of it";
    }
}

// RFC 7296 §2.4: what is authentic proves that the peer lives, whatever it is.
TEST(Dummies, ProveThatThePeerLives)
{
    for (const bool dummies : {false, true})
    {
        PairOptions options;
        options.both = testing::ConnectionPatch(R"({"dpd_delay": "10s"})");
        options.both.merge_patch(ChildPatch(dummies ? R"({"dummy_interval": "5s"})" : "{}"));
        GatewayPair pair(options);
        pair.Establish();
        pair.Run(60s);
        EXPECT_EQ(pair.moon.Count<ike::PeerAlive>() == 0, dummies);
        EXPECT_EQ(pair.moon.Children().size(), 1u);
    }
}

TEST(Dummies, OfEachSaFollowItsOwnPauses)
{
    PairOptions options;
    options.both = ChildPatch(R"({"dummy_interval": "3s"})");
    for (const bool moon : {true, false})
    {
        Json far = GatewayPair::BaseConfig(moon, false)["connections"]["net"]["children"]["net"];
        far["dummy_interval"] = "700ms";
        far[moon ? "remote_ts" : "local_ts"] = "10.3.0.0/16";
        far[moon ? "local_ts" : "remote_ts"] = "10.1.0.0/16";
        (moon ? options.moon : options.sun)["connections"]["net"]["children"]["far"] = far;
    }
    GatewayPair pair(options);
    pair.Establish();
    ASSERT_TRUE(pair.moon.gateway.Initiate(pair.now, "far"));
    pair.Drain(pair.moon);
    pair.Run(21s);
    std::vector<uint64_t> dummies;
    for (const ike::ChildSaInfo& child : pair.moon.Children())
    {
        dummies.push_back(pair.moon.gateway.CountersOf(child.id)->outboundDummies);
    }
    EXPECT_EQ(dummies, (std::vector<uint64_t>{7, 29}));
}

TEST(TrafficFlow, CostsNoTimerWhereNothingIsHidden)
{
    GatewayPair pair;
    pair.Establish();
    EXPECT_FALSE(pair.moon.gateway.PollTimeout());
    PacketBuffer buffer;
    Outgoing outgoing;
    EXPECT_FALSE(pair.moon.gateway.PollDummy(pair.now + 24h, buffer, outgoing));
}

} // namespace
} // namespace ikelab::gateway
