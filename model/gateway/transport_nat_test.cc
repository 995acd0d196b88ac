// SPDX-License-Identifier: MIT
#include "base/checksum.h"
#include "esp/testing/packets.h"
#include "gateway/event_json.h"
#include "gateway/testing/gateway_pair.h"

#include <gtest/gtest.h>

#include <algorithm>

/**
 * Transport mode with moon behind a NAT, RFC 7296 §2.23.1 and RFC 3948 §3.1.2.
 */
namespace ikelab::gateway
{
namespace
{

using esp::testing::MakePacket;
using testing::Frame;
using testing::GatewayPair;
using testing::Json;
using testing::Node;
using testing::PairOptions;

constexpr std::string_view MOON = "192.0.2.1";
constexpr std::string_view SUN = "192.0.2.2";
constexpr std::string_view NAT = "198.51.100.7";

/// What a receiving host adds up.
uint16_t
SumAtReceiver(Bytes packet)
{
    const esp::PacketInfo info = *esp::ReadPacket(packet);
    const Bytes body = packet.subspan(info.headerOctets);
    return OnesComplementSum(body,
                             OnesComplementSum(packet.subspan(12, 8)) + uint32_t{info.protocol} +
                                 static_cast<uint32_t>(body.size()));
}

/// A packet with a right checksum.
Buffer
Packet(std::string_view source, std::string_view destination, uint8_t protocol)
{
    Buffer packet =
        MakePacket({.source = source, .destination = destination, .protocol = protocol});
    const size_t at = 20u + (protocol == esp::PROTOCOL_TCP ? 16 : 6);
    packet[at] = packet[at + 1] = 0;
    const auto checksum = static_cast<uint16_t>(~SumAtReceiver(packet));
    packet[at] = static_cast<uint8_t>(checksum >> 8);
    packet[at + 1] = static_cast<uint8_t>(checksum);
    return packet;
}

/// sun's child takes transport mode from anybody, "dynamic".
PairOptions
Options()
{
    PairOptions options;
    const Json none; // takes a key away
    options.both["connections"]["net"]["children"]["net"] = {
        {"mode", "transport"}, {"local_ts", none}, {"remote_ts", none}};
    options.sun["connections"]["net"]["remote_addrs"] = "%any";
    return options;
}

class TransportThroughNat : public ::testing::Test
{
  protected:
    TransportThroughNat() : pair(Options())
    {
        pair.onFrame = [this](const Node& from, Frame& frame)
        {
            const bool outward = from.name == "moon";
            SocketAddress& end = outward ? frame.path.local : frame.path.remote;
            if (outward)
            {
                m_inside = end;
                end = {outside.address, static_cast<uint16_t>(outside.port + end.port)};
            }
            else
            {
                const bool known =
                    end.address == outside.address && end.port == outside.port + m_inside.port;
                end = m_inside;
                if (!known)
                {
                    return false;
                }
            }
            if (!frame.header.empty())
            {
                EXPECT_EQ(outward ? std::string(MOON) : outside.address.ToString(),
                          IpAddress::FromOctets(Bytes(frame.header).subspan(outward ? 12 : 16, 4))
                              .ToString())
                    << "the header is that of its path";
                std::ranges::copy(end.address.Octets(), frame.header.begin() + (outward ? 12 : 16));
            }
            return true;
        };
        pair.Establish();
    }

    /// What comes out of the last packet to this node has these ends, and a right checksum.
    void
    ExpectLast(const Node& node, std::string_view source, std::string_view destination)
    {
        ASSERT_FALSE(node.delivered.empty());
        const Buffer& packet = node.delivered.back();
        const auto info = esp::ReadPacket(packet);
        ASSERT_TRUE(info);
        EXPECT_EQ(info->source.ToAddress().ToString(), source);
        EXPECT_EQ(info->destination.ToAddress().ToString(), destination);
        EXPECT_EQ(SumAtReceiver(packet), 0xffff);
        EXPECT_EQ(esp::HeaderChecksum(Bytes(packet).first(20)), 0);
    }

    GatewayPair pair;
    SocketAddress outside{*IpAddress::Parse(NAT), 20000};

  private:
    SocketAddress m_inside;
};

TEST_F(TransportThroughNat, CarriesWhatEachEndCanVerify)
{
    for (const uint8_t protocol : {esp::PROTOCOL_UDP, esp::PROTOCOL_TCP})
    {
        ASSERT_EQ(pair.Send(pair.moon, Packet(MOON, SUN, protocol), Origin::LOCAL),
                  Verdict::PROTECT);
        pair.Settle();
        ExpectLast(pair.sun, NAT, SUN);
        ASSERT_EQ(pair.Send(pair.sun, Packet(SUN, NAT, protocol), Origin::LOCAL), Verdict::PROTECT);
        pair.Settle();
        ExpectLast(pair.moon, SUN, MOON);
    }
    EXPECT_EQ(pair.sun.delivered.size(), 2u);
    EXPECT_EQ(pair.moon.delivered.size(), 2u);
}

TEST_F(TransportThroughNat, TellsTheRealEnds)
{
    const auto isInstalled = [](const Event& event)
    {
        return std::holds_alternative<ike::ChildSaInstalled>(event);
    };
    const auto event = std::ranges::find_if(pair.sun.events, isInstalled);
    ASSERT_NE(event, pair.sun.events.end());
    const Json json = EventToJson(*event);
    EXPECT_EQ(json["original_source"], MOON);
    EXPECT_EQ(json["original_destination"], SUN);
    EXPECT_EQ(json["remote_ts"].dump(), "[\"" + std::string(NAT) + "/32\"]");

    GatewayPair tunnel;
    tunnel.Establish();
    const auto other = std::ranges::find_if(tunnel.sun.events, isInstalled);
    ASSERT_NE(other, tunnel.sun.events.end());
    EXPECT_FALSE(EventToJson(*other).contains("original_source"));
}

// RFC 7296 §2.23: packets follow the NAT, while the hosts go on with the ends that they know.
TEST_F(TransportThroughNat, KeepsItsEndsWhenTheNatHasAnotherAddress)
{
    ASSERT_EQ(pair.Send(pair.moon, Packet(MOON, SUN, esp::PROTOCOL_TCP), Origin::LOCAL),
              Verdict::PROTECT);
    pair.Settle();
    outside = {*IpAddress::Parse("203.0.113.99"), 30000};
    ASSERT_EQ(pair.Send(pair.moon, Packet(MOON, SUN, esp::PROTOCOL_TCP), Origin::LOCAL),
              Verdict::PROTECT);
    pair.Settle();
    ASSERT_EQ(pair.sun.delivered.size(), 2u);
    ExpectLast(pair.sun, NAT, SUN);
    ASSERT_EQ(pair.sun.Count<ike::PathChanged>(), 1u);
    ASSERT_EQ(pair.Send(pair.sun, Packet(SUN, NAT, esp::PROTOCOL_TCP), Origin::LOCAL),
              Verdict::PROTECT);
    pair.Settle();
    ASSERT_EQ(pair.moon.delivered.size(), 1u);
    ExpectLast(pair.moon, SUN, MOON);
}

// RFC 3948 §5.2: "Cliff". Nobody can tell a host behind the NAT that sends in clear from another.
TEST_F(TransportThroughNat, TakesNothingInClearFromBehindTheNat)
{
    const Buffer clear = Packet(NAT, SUN, esp::PROTOCOL_UDP);
    EXPECT_EQ(pair.sun.gateway.HandleInboundClear(pair.now, clear), Verdict::DISCARD);
    EXPECT_EQ(pair.sun.gateway.HandleInboundClear(pair.now, Packet(MOON, SUN, esp::PROTOCOL_UDP)),
              Verdict::BYPASS)
        << "an address that means nothing here";
    ASSERT_TRUE(pair.moon.gateway.Terminate(pair.now, "net"));
    pair.Drain(pair.moon);
    pair.Settle();
    EXPECT_EQ(pair.sun.gateway.HandleInboundClear(pair.now, clear), Verdict::BYPASS);
}

} // namespace
} // namespace ikelab::gateway
