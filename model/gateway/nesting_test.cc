// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "esp/outbound_sa.h"
#include "esp/testing/packets.h"
#include "esp/transport_header.h"
#include "gateway/testing/trio.h"
#include "wire/esp_header.h"

#include <gtest/gtest.h>

#include <algorithm>

/// SAs inside of SAs: RFC 4301 §4.3, §5.1 step 4, §5.2 and appendix E.
namespace ikelab::gateway
{
namespace
{

using esp::testing::MakeIcmpError;
using esp::testing::MakePacket;
using testing::Frame;
using testing::GatewayPair;
using testing::Json;
using testing::Node;
using testing::PairOptions;
using testing::Trio;

/// The tunnel from the host to its gateway, by which ESP, AH, IKE and pings to
/// the far end go (appendix E's rule 2, and IKE, which that leaves out).
Json
HostTunnel(Json patch = Json::object())
{
    Json all{{"child",
              {{"local_ts", {"192.0.2.1/32"}},
               {"remote_ts",
                {"10.2.0.10/32[esp]",
                 "10.2.0.10/32[ah]",
                 "10.2.0.10/32[udp/500]",
                 "10.2.0.10/32[udp/4500]",
                 "10.2.0.10/32[icmp]"}},
               {"start_action", "trap"}}}};
    all.merge_patch(patch);
    return Trio::Connection(Trio::HOST, Trio::GUARD, "tunnel", all);
}

Json
GuardTunnel()
{
    return Trio::Connection(
        Trio::GUARD,
        Trio::HOST,
        "tunnel",
        {{"child", {{"local_ts", {"10.2.0.0/15"}}, {"remote_ts", {"192.0.2.1/32"}}}}});
}

/// Appendix E's rule 3: transport mode from end to end.
Json
Far(bool host, Json child, bool nested = true)
{
    Json all{{"child", {{"mode", "transport"}}}};
    all["child"].update(child);
    if (host && nested)
    {
        all["nested"] = "yes";
    }
    return Trio::Connection(
        host ? Trio::HOST : Trio::FAR, host ? Trio::FAR : Trio::HOST, "far", all);
}

Json
Connections(std::initializer_list<std::pair<const char*, Json>> list)
{
    Json json = Json::object();
    for (const auto& [name, connection] : list)
    {
        json[name] = connection;
    }
    return json;
}

Trio
AppendixE(Json child = Json::object(), bool nested = true, const Json& hostPatch = Json::object())
{
    // Transport first, although it would take the ESP of its own: policy is asked
    // past it.
    return Trio(Connections({{"far", Far(true, child, nested)}, {"gw", HostTunnel()}}),
                Connections({{"gw", GuardTunnel()}}),
                Connections({{"far", Far(false, child)}}),
                hostPatch);
}

Buffer
ToFar()
{
    return MakePacket({.source = Trio::HOST, .destination = Trio::FAR});
}

Buffer
ToHost()
{
    return MakePacket({.source = Trio::FAR, .destination = Trio::HOST});
}

uint8_t
ProtocolOf(Bytes packet)
{
    return esp::ReadPacket(packet)->protocol;
}

/// Packets between these two that show themselves on a link.
size_t
Between(const std::vector<Buffer>& link, std::string_view source, std::string_view destination)
{
    return static_cast<size_t>(std::ranges::count_if(link,
                                                     [&](const Buffer& packet)
                                                     {
                                                         const auto info = esp::ReadPacket(packet);
                                                         return info->source.ToAddress() ==
                                                                    *IpAddress::Parse(source) &&
                                                                info->destination.ToAddress() ==
                                                                    *IpAddress::Parse(destination);
                                                     }));
}

struct Inner
{
    const char* name;
    Json child;
    uint8_t protocol; ///< that the link behind the guard shows
};

class InsideATunnel : public ::testing::TestWithParam<Inner>
{
};

TEST_P(InsideATunnel, IkeAndTrafficGoEndToEnd)
{
    Trio trio = AppendixE(GetParam().child);
    // IKE to the far end needs the tunnel, which its first message brings up.
    ASSERT_TRUE(trio.host.gateway.Initiate(trio.now, "far"));
    trio.Drain(trio.host);
    trio.Settle();
    ASSERT_EQ(trio.host.Children().size(), 2u);
    ASSERT_EQ(trio.far.Children().size(), 1u);
    EXPECT_EQ(Between(trio.hostLink, Trio::HOST, Trio::FAR), 0u) << "nothing but to the guard";
    EXPECT_EQ(Between(trio.farLink, Trio::HOST, Trio::FAR), 2u)
        << "two requests, out of the tunnel";
    trio.farLink.clear();

    const Buffer there = ToFar();
    ASSERT_EQ(trio.Send(trio.host, there), Verdict::PROTECT);
    EXPECT_EQ(trio.host.lastOutgoing.layers, 2u);
    EXPECT_EQ(trio.host.lastOutgoing.path.remote.address, *IpAddress::Parse(Trio::GUARD));
    trio.Settle();
    ASSERT_EQ(trio.farLink.size(), 1u);
    EXPECT_EQ(ProtocolOf(trio.farLink[0]), GetParam().protocol);
    ASSERT_EQ(trio.farGot.size(), 1u);
    EXPECT_TRUE(SameOctets(Bytes(trio.farGot[0]).subspan(20), Bytes(there).subspan(20)));

    const Buffer back = ToHost();
    ASSERT_EQ(trio.Send(trio.far, back), Verdict::PROTECT);
    EXPECT_EQ(trio.far.lastOutgoing.layers, 1u);
    trio.Settle();
    ASSERT_EQ(trio.hostGot.size(), 1u);
    EXPECT_TRUE(SameOctets(Bytes(trio.hostGot[0]).subspan(20), Bytes(back).subspan(20)));
    EXPECT_EQ(Between(trio.hostLink, Trio::HOST, Trio::FAR), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds,
    InsideATunnel,
    ::testing::Values(
        Inner{"EspTransport", Json::object(), esp::PROTOCOL_ESP},
        Inner{"EspTunnel", {{"mode", "tunnel"}}, esp::PROTOCOL_ESP},
        Inner{"AhTransport",
              {{"esp_proposals", nullptr}, {"ah_proposals", {"sha256"}}},
              esp::PROTOCOL_AH},
        Inner{"AhTunnel",
              {{"mode", "tunnel"}, {"esp_proposals", nullptr}, {"ah_proposals", {"sha256"}}},
              esp::PROTOCOL_AH}),
    [](const auto& kinds) { return kinds.param.name; });

// Not asked for, IKE and ESP of a connection leave as they are: RFC 4301 §4.3
// makes it optional.
TEST(Nesting, IsNotDoneWithoutTheKey)
{
    // The guard lets pass what comes in clear, or it would end there.
    Trio trio(Connections({{"far", Far(true, Json::object(), false)}, {"gw", HostTunnel()}}),
              Json::object(),
              Connections({{"far", Far(false, Json::object())}}));
    ASSERT_TRUE(trio.host.gateway.Initiate(trio.now, "far"));
    trio.Drain(trio.host);
    trio.Settle();
    ASSERT_EQ(trio.host.Children().size(), 1u);
    ASSERT_EQ(trio.Send(trio.host, ToFar()), Verdict::PROTECT);
    EXPECT_EQ(trio.host.lastOutgoing.layers, 1u);
    EXPECT_EQ(Between(trio.hostLink, Trio::HOST, Trio::FAR), 3u);
}

// The rule is then the default's: bypass sends it as it is, discard does not.
TEST(Nesting, AsksTheOtherRulesAndTheDefault)
{
    const auto link = [](const Json& patch)
    {
        Trio trio(Connections({{"far", Far(true, Json::object())}}),
                  Json::object(),
                  Connections({{"far", Far(false, Json::object())}}),
                  patch);
        EXPECT_TRUE(trio.host.gateway.Initiate(trio.now, "far"));
        trio.Drain(trio.host);
        trio.Settle();
        trio.Send(trio.host, ToFar());
        return std::pair(Between(trio.hostLink, Trio::HOST, Trio::FAR),
                         trio.host.CountRefused(Fault::POLICY));
    };
    EXPECT_EQ(link(Json::object()), std::pair(size_t{3}, size_t{0}));
    EXPECT_EQ(link({{"default_action", "discard"}}).first, 0u);
    EXPECT_GE(link({{"default_action", "discard"}}).second, 1u);
    const Json rule = Json::parse(R"({"policies": [
        {"action": "discard", "local": ["0.0.0.0/0"], "remote": ["10.2.0.10/32[esp]"]}]})");
    EXPECT_EQ(link(rule), std::pair(size_t{2}, size_t{1}));
}

// No packet leaves by the inner SA alone while the outer one is away: it waits
// for it.
TEST(Nesting, HoldsWhatTheOuterSaIsMissingFor)
{
    Trio trio = AppendixE();
    ASSERT_TRUE(trio.host.gateway.Initiate(trio.now, "far"));
    trio.Drain(trio.host);
    trio.Settle();
    ASSERT_TRUE(trio.host.gateway.TerminateChild(trio.now, "tunnel"));
    trio.Drain(trio.host);
    trio.Settle();
    ASSERT_EQ(trio.host.Children().size(), 1u);
    trio.hostLink.clear();
    EXPECT_EQ(trio.Send(trio.host, ToFar()), Verdict::HELD);
    EXPECT_EQ(Between(trio.hostLink, Trio::HOST, Trio::FAR), 0u);
    trio.Settle();
    EXPECT_EQ(trio.farGot.size(), 1u);
    EXPECT_EQ(Between(trio.hostLink, Trio::HOST, Trio::FAR), 0u);
    EXPECT_EQ(trio.host.lastOutgoing.path.remote.address, *IpAddress::Parse(Trio::GUARD));
}

// A packet may wait for its SA, and inside of that for the one around it. Its owner knows it as it
// was, and IKE's is nobody's.
TEST(Nesting, TellsOfWhatWaitedAsWhatItWaited)
{
    const auto tunnel = [](const char* name, const char* remote)
    {
        return Trio::Connection(Trio::HOST,
                                Trio::GUARD,
                                name,
                                {{"child",
                                  {{"local_ts", {"192.0.2.1/32"}},
                                   {"remote_ts", {remote}},
                                   {"start_action", "trap"}}}});
    };
    constexpr uint32_t IF_ID = 7;
    for (const bool routed : {false, true})
    {
        const Json child = Json::parse(routed ? R"({"start_action": "trap", "if_id_in": 7,
                                                    "if_id_out": 7})"
                                              : R"({"start_action": "trap"})");
        Trio trio(Connections({{"ike", tunnel("ike", "10.2.0.10/32[udp/500]")},
                               {"esp", tunnel("esp", "10.2.0.10/32[esp]")},
                               {"far", Far(true, child)}}),
                  Connections({{"gw", GuardTunnel()}}),
                  Connections({{"far", Far(false, Json::object())}}));
        PacketBuffer packet(ToFar());
        Outgoing outgoing;
        EXPECT_EQ(routed
                      ? trio.host.gateway.HandleRouted(trio.now, IF_ID, packet, outgoing)
                      : trio.host.gateway.HandleOutbound(trio.now, Origin::LOCAL, packet, outgoing),
                  Verdict::HELD);
        trio.Drain(trio.host);
        trio.Settle();
        EXPECT_EQ(trio.host.Counts().heldPackets, 3u) << "IKE of its SA, itself, and its ESP";
        ASSERT_EQ(trio.farGot.size(), 1u);
        ASSERT_FALSE(trio.sealed.empty());
        const Buffer held = std::move(trio.sealed.back().held);
        trio.sealed.pop_back();
        const auto waited = std::ranges::count_if(
            trio.sealed, [](const SealedPacket& ikes) { return !ikes.held.empty(); });
        EXPECT_EQ(waited, 1) << "its first message";
        EXPECT_EQ(ProtocolOf(trio.sealed.front().held), esp::PROTOCOL_UDP);
        // Of a clear packet that was released its shell keeps track again.
        EXPECT_EQ(ProtocolOf(held), routed ? ProtocolOf(ToFar()) : esp::PROTOCOL_ESP);
        EXPECT_EQ(SameOctets(held, ToFar()), routed);
    }
}

TEST(Nesting, RefusesWhatTheOuterSaIsMissingForAndNothingMayStart)
{
    Trio trio(Connections({{"far", Far(true, Json::object())},
                           {"gw", HostTunnel({{"child", {{"start_action", "none"}}}})}}),
              Connections({{"gw", GuardTunnel()}}),
              Connections({{"far", Far(false, Json::object())}}));
    ASSERT_TRUE(trio.host.gateway.Initiate(trio.now, "far"));
    trio.Drain(trio.host);
    EXPECT_TRUE(trio.hostLink.empty());
    EXPECT_EQ(trio.host.CountRefused(Fault::POLICY), 1u);
}

TEST(Nesting, TellsTheFarEndOfTheEndBeforeTheTunnelGoes)
{
    Trio trio = AppendixE();
    ASSERT_TRUE(trio.host.gateway.Initiate(trio.now, "far"));
    trio.Drain(trio.host);
    trio.Settle();
    trio.host.gateway.Shutdown(trio.now);
    trio.Drain(trio.host);
    trio.Settle();
    EXPECT_TRUE(trio.far.gateway.Empty());
    EXPECT_TRUE(trio.guard.gateway.Empty());
    EXPECT_EQ(Between(trio.hostLink, Trio::HOST, Trio::FAR), 0u);
}

// Two connections that policy sends through one another: no packet goes round
// for ever.
TEST(Nesting, EndsACircleOfPoliciesWithAnAuditedDrop)
{
    const auto circle = [](const char* local, const char* remote, Json mine, Json theirs)
    {
        return Trio::Connection(
            local,
            remote,
            "round",
            {{"child", {{"local_ts", std::move(mine)}, {"remote_ts", std::move(theirs)}}}});
    };
    const Json host{"192.0.2.1/32"};
    const Json behindGuard{"10.8.0.0/16", "10.2.0.10/32[esp]"};
    const Json behindFar{"198.51.100.1/32[esp]"};
    Json toGuard = circle(Trio::HOST, Trio::GUARD, host, behindGuard);
    Json toFar = circle(Trio::HOST, Trio::FAR, host, behindFar);
    toGuard["nested"] = toFar["nested"] = "yes";
    Trio trio(Connections({{"guard", toGuard}, {"far", toFar}}),
              Connections({{"guard", circle(Trio::GUARD, Trio::HOST, behindGuard, host)}}),
              Connections({{"far", circle(Trio::FAR, Trio::HOST, behindFar, host)}}));
    for (const char* child : {"guard/round", "far/round"})
    {
        ASSERT_TRUE(trio.host.gateway.Initiate(trio.now, child));
        trio.Drain(trio.host);
        trio.Settle();
    }
    ASSERT_EQ(trio.host.Children().size(), 2u);
    trio.hostLink.clear();
    const auto before = trio.host.Counts();
    EXPECT_EQ(trio.Send(trio.host, MakePacket({.source = Trio::HOST, .destination = "10.8.0.1"})),
              Verdict::DISCARD);
    EXPECT_TRUE(trio.hostLink.empty());
    EXPECT_EQ(trio.host.Counts().protectedPackets - before.protectedPackets, limits::NESTED_SAS);
    EXPECT_EQ(trio.host.Counts().discardedPackets - before.discardedPackets, 1u);
    const auto refused = trio.host.All<PacketRefused>();
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0]->error.fault, Fault::LIMIT);
    EXPECT_EQ(refused[0]->error.what, "nested SAs");
    EXPECT_FALSE(refused[0]->inbound);
    ASSERT_TRUE(refused[0]->sa);
    EXPECT_EQ(refused[0]->protocol, wire::ProtocolId::ESP);
    ASSERT_TRUE(refused[0]->packet);
    EXPECT_EQ(refused[0]->packet->protocol, esp::PROTOCOL_ESP);
}

/// One SA for everything, and a peer that packs ESP into its own ESP.
class Packer
{
  public:
    Packer() : pair(Everything())
    {
        pair.Establish();
    }

    static PairOptions
    Everything()
    {
        PairOptions options;
        options.both =
            testing::ChildPatch(R"({"local_ts": "0.0.0.0/0", "remote_ts": "0.0.0.0/0"})");
        return options;
    }

    /// So many SAs around a packet, all but the last in a packet to this address.
    Verdict
    Deliver(unsigned layers, std::string_view to, std::optional<EspSpi> spi = {})
    {
        const auto* keys = pair.sun.All<ike::ChildSaInstalled>().at(0);
        PacketBuffer packet(MakePacket({.source = "10.2.0.10", .destination = "10.1.0.10"}));
        for (unsigned layer = 0; layer < layers; ++layer)
        {
            if (layer != 0)
            {
                if (spi)
                {
                    wire::WriteEspHeader(packet.View(), {*spi, 1});
                }
                packet.EnsureFrontRoom(PacketBuffer::HEADROOM);
                esp::PrependHeader(
                    packet, {*IpAddress::Parse("192.0.2.2"), *IpAddress::Parse(to)}, {});
                esp::WriteWhatFollows(packet.View(), esp::PlainPlace(false), esp::PROTOCOL_ESP);
            }
            // Each with the next number: the outermost comes first and is the newest.
            esp::OutboundSa liar(testing::SharedContext(),
                                 {keys->outboundSpi,
                                  keys->suite,
                                  esp::Mode::TUNNEL,
                                  keys->outboundEncr.View(),
                                  keys->outboundInteg.View(),
                                  {},
                                  0});
            liar.AdvanceSequence(m_sequence++);
            packet.EnsureFrontRoom(PacketBuffer::HEADROOM);
            EXPECT_TRUE(liar.Seal(packet, *esp::ReadPacket(packet.View()), pair.sun.random));
        }
        return pair.Deliver(pair.moon, {Frame::Kind::ESP, keys->path, ToBuffer(packet.View())});
    }

    GatewayPair pair;

  private:
    uint64_t m_sequence{0};
};

TEST(Nesting, OpensEspInEspSoDeepAndNoDeeper)
{
    Packer packer;
    for (unsigned layers = 1; layers <= limits::NESTED_SAS; ++layers)
    {
        ASSERT_EQ(packer.Deliver(layers, "192.0.2.1"), Verdict::DELIVER) << layers;
        const auto info = esp::ReadPacket(packer.pair.moon.delivered.back());
        EXPECT_EQ(info->destination.ToAddress(), *IpAddress::Parse("10.1.0.10")) << layers;
    }
    EXPECT_EQ(packer.pair.moon.Count<PacketRefused>(), 0u);
    EXPECT_EQ(packer.Deliver(limits::NESTED_SAS + 1, "192.0.2.1"), Verdict::DISCARD);
    EXPECT_EQ(packer.Deliver(limits::NESTED_SAS + 10, "192.0.2.1"), Verdict::DISCARD);
    const auto refused = packer.pair.moon.All<PacketRefused>();
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0]->error.fault, Fault::LIMIT);
    EXPECT_TRUE(refused[0]->inbound);
    EXPECT_TRUE(refused[0]->sa);
    EXPECT_EQ(packer.pair.moon.delivered.size(), limits::NESTED_SAS);
}

// A gateway between: the ESP is its hosts', even if an SA of its own has the
// same SPI.
TEST(Nesting, LeavesEspOfOthersAlone)
{
    Packer packer;
    ASSERT_EQ(packer.Deliver(2, "10.1.0.10"), Verdict::DELIVER);
    auto info = esp::ReadPacket(packer.pair.moon.delivered.back());
    EXPECT_EQ(info->protocol, esp::PROTOCOL_ESP);
    // And ESP for us that no SA knows is for the shell, which brings it to
    // HandleEsp.
    ASSERT_EQ(packer.Deliver(2, "192.0.2.1", EspSpi{0x01020304}), Verdict::DELIVER);
    info = esp::ReadPacket(packer.pair.moon.delivered.back());
    EXPECT_EQ(info->protocol, esp::PROTOCOL_ESP);
    EXPECT_EQ(packer.pair.moon.Count<PacketRefused>(), 0u);
}

TEST(Nesting, LeavesErrorsAboutEspOfOthersAlone)
{
    PairOptions options = Packer::Everything();
    options.moon["connections"]["deep"] =
        Trio::Connection("192.0.2.1", "203.0.113.9", "deep", {{"nested", "yes"}});
    GatewayPair pair(options);
    pair.Establish();
    const Buffer theirs = MakePacket({.source = "10.1.0.10",
                                      .destination = "10.2.0.10",
                                      .protocol = esp::PROTOCOL_ESP,
                                      .fragmentField = 0x4000});
    const Buffer error = MakeIcmpError("10.2.0.1", "10.1.0.10", 3, 4, theirs);
    ASSERT_EQ(pair.Send(pair.sun, error), Verdict::PROTECT);
    pair.Settle();
    ASSERT_EQ(pair.moon.delivered.size(), 1u);
    EXPECT_EQ(pair.moon.delivered.back(), error);
    EXPECT_EQ(pair.moon.Counts().icmpErrors, 0u);
}

// A tunnel device or a padded packet has what both SAs leave: one octet more is too large.
TEST(Nesting, LeavesRoomForTheSaAround)
{
    constexpr uint32_t LINK = 1500;
    for (const char* mode : {"transport", "tunnel"})
    {
        Trio trio = AppendixE({{"mode", mode}});
        trio.host.gateway.SetLinkMtu([](const IpAddress&) { return LINK; });
        ASSERT_TRUE(trio.host.gateway.Initiate(trio.now, "far"));
        trio.Drain(trio.host);
        trio.Settle();
        const auto children = trio.host.Children();
        const auto inner = std::ranges::find(children, "far", &ike::ChildSaInfo::name);
        ASSERT_NE(inner, children.end());
        const auto mtu = trio.host.gateway.InnerMtu(trio.now, inner->id);
        ASSERT_TRUE(mtu);
        const auto outer = [&](size_t octets)
        {
            constexpr size_t HEADERS = 28;
            EXPECT_EQ(trio.Send(trio.host,
                                MakePacket({.source = Trio::HOST,
                                            .destination = Trio::FAR,
                                            .dataOctets = octets - HEADERS})),
                      Verdict::PROTECT);
            return trio.hostLink.back().size();
        };
        EXPECT_LE(outer(*mtu), LINK) << mode;
        EXPECT_GT(outer(*mtu + 1), LINK) << mode;
        EXPECT_EQ(trio.host.lastOutgoing.layers, 2u);
    }
}

// Dummies hide nothing if they show what the tunnel hides.
TEST(Nesting, PutsDummiesIntoTheOuterSaToo)
{
    Trio trio = AppendixE({{"dummy_interval", "1s"}});
    ASSERT_TRUE(trio.host.gateway.Initiate(trio.now, "far"));
    trio.Drain(trio.host);
    trio.Settle();
    PacketBuffer packet;
    Outgoing outgoing;
    trio.now += std::chrono::seconds(2);
    ASSERT_TRUE(trio.host.gateway.PollDummy(trio.now, packet, outgoing));
    EXPECT_EQ(outgoing.layers, 2u);
    EXPECT_EQ(outgoing.path.remote.address, *IpAddress::Parse(Trio::GUARD));
    EXPECT_EQ(trio.host.Counts().sentDummies, 1u);
    ASSERT_TRUE(trio.host.gateway.TerminateChild(trio.now, "tunnel"));
    trio.now += std::chrono::seconds(2);
    EXPECT_FALSE(trio.host.gateway.PollDummy(trio.now, packet, outgoing)) << "by itself alone";
}

// RFC 4301 §8.2.1, twice: the path to the guard, and from there on to the far
// end.
TEST(Nesting, LearnsThePathMtuOfEachSa)
{
    Trio trio = AppendixE();
    ASSERT_TRUE(trio.host.gateway.Initiate(trio.now, "far"));
    trio.Drain(trio.host);
    trio.Settle();
    Buffer large = MakePacket({.source = Trio::HOST,
                               .destination = Trio::FAR,
                               .fragmentField = 0x4000,
                               .dataOctets = 1300});
    ASSERT_EQ(trio.Send(trio.host, large), Verdict::PROTECT);
    EXPECT_EQ(trio.host.lastOutgoing.pathMtu, 0u);
    EXPECT_TRUE(trio.host.lastOutgoing.dontFragment);
    const size_t outerOctets = trio.hostLink.back().size();
    trio.Settle();
    const Buffer innerEsp = trio.farLink.back();
    const size_t overhead = outerOctets - innerEsp.size();
    EXPECT_NE(innerEsp[6] & 0x40, 0);

    // Something behind the guard tells the host, and the guard sends that through
    // the tunnel.
    Buffer error = MakeIcmpError(Trio::FAR, Trio::HOST, 3, 4, innerEsp);
    error[20 + 6] = 1300 >> 8;
    error[20 + 7] = 1300 & 0xff;
    ASSERT_EQ(trio.Send(trio.guard, error), Verdict::PROTECT);
    trio.Settle();
    ASSERT_EQ(trio.host.Count<IcmpErrorReceived>(), 1u);
    EXPECT_EQ(trio.host.All<IcmpErrorReceived>()[0]->pathMtu, 1300u);
    ASSERT_EQ(trio.Send(trio.host, large), Verdict::PROTECT);
    EXPECT_EQ(trio.host.lastOutgoing.pathMtu, 1300 + overhead);
    EXPECT_TRUE(trio.host.lastOutgoing.dontFragment) << "whoever can is told";
    trio.Settle();
    EXPECT_EQ(trio.farLink.back()[6] & 0x40, 0) << "whoever cannot gets it through in pieces";

    // And one before it tells of the outer packet.
    Buffer outer = trio.hostLink.back();
    Buffer narrow = MakeIcmpError("192.0.2.99", Trio::HOST, 3, 4, outer);
    narrow[20 + 6] = 1200 >> 8;
    narrow[20 + 7] = 1200 & 0xff;
    EXPECT_TRUE(trio.host.gateway.HandleIcmpError(trio.now, narrow));
    trio.Drain(trio.host);
    ASSERT_EQ(trio.Send(trio.host, large), Verdict::PROTECT);
    EXPECT_EQ(trio.host.lastOutgoing.pathMtu, 1200u);
}

} // namespace
} // namespace ikelab::gateway
