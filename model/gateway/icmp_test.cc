// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/limits.h"
#include "esp/testing/packets.h"
#include "gateway/path_mtu.h"
#include "gateway/testing/gateway_pair.h"
#include "wire/esp_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

/// RFC 4301 §6.1.1 and §8.2: unauthenticated ICMP errors about ESP and AH packets.
namespace ikelab::gateway
{

namespace
{

using esp::testing::PacketSpec;
using testing::Frame;
using testing::GatewayPair;
using testing::Json;
using testing::PairOptions;
using namespace std::chrono_literals;

constexpr uint16_t DONT_FRAGMENT = 0x4000;
constexpr size_t AH_OCTETS_BEFORE_SPI = 4; // RFC 4302 §2

/// A packet of these octets, without its payload's end.
Buffer
IpHeader(const IpAddress& source,
         const IpAddress& destination,
         uint8_t protocol,
         size_t payload,
         uint16_t fragmentField)
{
    ByteWriter writer;
    if (source.IsV4())
    {
        writer.U16(0x4500);
        writer.U16(static_cast<uint16_t>(20 + payload));
        writer.U16(0);
        writer.U16(fragmentField);
        writer.U8(64);
        writer.U8(protocol);
        writer.U16(0);
    }
    else
    {
        writer.U32(0x60000000);
        writer.U16(static_cast<uint16_t>(payload));
        writer.U8(protocol);
        writer.U8(64);
    }
    writer.Octets(source.Octets());
    writer.Octets(destination.Octets());
    return writer.Release();
}

/// What an error says, and how it departs from an honest one.
struct ErrorSpec
{
    uint8_t type{3};
    uint8_t code{4};
    uint32_t parameter{1400};
    size_t quotedOctets{12}; ///< behind the quoted IP header: AH's number ends there
    uint16_t fragmentField{DONT_FRAGMENT};
    uint32_t spiMask{0}; ///< changes it
    uint32_t sequenceOffset{0};
    const char* destination{nullptr}; ///< of the quoted packet
    const char* source{nullptr};
    bool otherProtocol{false}; ///< as if it had been AH, or ESP
};

/// The outer packets.
struct Outer
{
    bool v6{false};
    bool ah{false};
};

class IcmpErrors : public ::testing::TestWithParam<Outer>
{
  protected:
    explicit IcmpErrors(PairOptions options = {})
        : pair(
              [&]
              {
                  options.outerV6 = GetParam().v6;
                  if (GetParam().ah)
                  {
                      options.both = testing::ChildPatch(
                          R"({"esp_proposals": null, "ah_proposals": "sha256"})");
                  }
                  return options;
              }())
    {
        pair.Establish();
        Send();
    }

    /// A large packet through the tunnel.
    Verdict
    Send()
    {
        const auto verdict = pair.Send(pair.moon,
                                       esp::testing::MakePacket({.source = "10.1.0.1",
                                                                 .destination = "10.2.0.1",
                                                                 .fragmentField = DONT_FRAGMENT,
                                                                 .dataOctets = 1400}));
        pair.Settle();
        return verdict;
    }

    /// An error of a router about the last ESP or AH packet.
    Buffer
    MakeError(ErrorSpec spec = {})
    {
        const bool v6 = GetParam().v6;
        const bool ah = GetParam().ah;
        if (v6 && spec.type == 3 && spec.code == 4)
        {
            spec.type = 2;
            spec.code = 0;
        }
        const Outgoing& outgoing = pair.moon.lastOutgoing;
        const auto sent =
            std::ranges::find_if(pair.trace.rbegin(),
                                 pair.trace.rend(),
                                 [ah](const Frame& frame) {
                                     return frame.kind == (ah ? Frame::Kind::AH : Frame::Kind::ESP);
                                 });
        const IpAddress us = outgoing.path.local.address;
        ByteReader reader(sent->octets);
        uint32_t spi = 0;
        uint32_t sequence = 0;
        EXPECT_TRUE(!ah || reader.Skip((v6 ? 40 : 20) + AH_OCTETS_BEFORE_SPI));
        EXPECT_TRUE(reader.U32(spi) && reader.U32(sequence));
        const bool quotesAh = ah != spec.otherProtocol;
        ByteWriter changed;
        if (quotesAh)
        {
            changed.U32(0x04040000); // IPv4 follows, and 24 octets are all of it
        }
        changed.U32(spi ^ spec.spiMask);
        changed.U32(sequence + spec.sequenceOffset);
        changed.Octets(reader.Rest());
        ByteWriter message;
        message.U8(spec.type);
        message.U8(spec.code);
        message.U16(0);
        message.U32(spec.parameter);
        message.Octets(IpHeader(spec.source ? *IpAddress::Parse(spec.source) : us,
                                spec.destination ? *IpAddress::Parse(spec.destination)
                                                 : outgoing.path.remote.address,
                                quotesAh ? esp::PROTOCOL_AH : esp::PROTOCOL_ESP,
                                changed.View().size(),
                                spec.fragmentField));
        message.Octets(changed.View().first(std::min(spec.quotedOctets, changed.View().size())));
        Buffer packet = IpHeader(*IpAddress::Parse(v6 ? "2001:db8:f::1" : "198.51.100.1"),
                                 us,
                                 v6 ? esp::PROTOCOL_ICMPV6 : esp::PROTOCOL_ICMP,
                                 message.View().size(),
                                 0);
        Append(packet, message.View());
        return packet;
    }

    std::optional<Verdict>
    Report(Bytes packet)
    {
        const auto verdict = pair.moon.gateway.HandleIcmpError(pair.now, packet);
        pair.Drain(pair.moon);
        return verdict;
    }

    /// What the next packet is told of its path.
    uint32_t
    MtuNow()
    {
        EXPECT_EQ(Send(), Verdict::PROTECT);
        return pair.moon.lastOutgoing.pathMtu;
    }

    const IcmpErrorReceived&
    LastEvent() const
    {
        return *pair.moon.All<IcmpErrorReceived>().back();
    }

    GatewayPair pair;
};

TEST_P(IcmpErrors, NarrowThePathUntilTheyAreOld)
{
    EXPECT_EQ(MtuNow(), 0u);
    EXPECT_EQ(Report(MakeError()), Verdict::BYPASS);
    ASSERT_EQ(pair.moon.Count<IcmpErrorReceived>(), 1u);
    EXPECT_EQ(LastEvent().pathMtu, 1400u);
    EXPECT_EQ(LastEvent().ignored, "");
    EXPECT_EQ(LastEvent().child, pair.moon.Children().front().id);
    EXPECT_EQ(LastEvent().spi, pair.moon.Children().front().outboundSpi);
    EXPECT_EQ(MtuNow(), 1400u);
    EXPECT_TRUE(pair.moon.lastOutgoing.dontFragment);
    // RFC 1191 §6.3: ten minutes.
    pair.Run(9min + 59s);
    EXPECT_EQ(MtuNow(), 1400u);
    pair.Run(1s);
    EXPECT_EQ(MtuNow(), 0u);
    EXPECT_EQ(pair.moon.Counts().icmpErrors, 1u);
    EXPECT_EQ(pair.moon.Counts().pathMtuChanges, 1u);
}

TEST_P(IcmpErrors, NeverWidenAPath)
{
    Report(MakeError({.parameter = 1350}));
    EXPECT_EQ(Report(MakeError({.parameter = 1400})), Verdict::BYPASS);
    EXPECT_EQ(LastEvent().pathMtu, 0u);
    EXPECT_EQ(MtuNow(), 1350u);
    Report(MakeError({.parameter = 1300}));
    EXPECT_EQ(LastEvent().pathMtu, 1300u);
    EXPECT_EQ(MtuNow(), 1300u);
}

TEST_P(IcmpErrors, AreNotLearnedAnewByTheSuccessorOfAnSa)
{
    Report(MakeError());
    const auto before = pair.moon.lastOutgoing.child;
    ASSERT_TRUE(pair.moon.gateway.TerminateChild(pair.now, "net"));
    pair.Drain(pair.moon);
    pair.Settle();
    pair.Establish();
    EXPECT_EQ(MtuNow(), 1400u);
    EXPECT_NE(pair.moon.lastOutgoing.child, before);
}

TEST_P(IcmpErrors, AreNotBelievedWithoutReason)
{
    struct Row
    {
        const char* what;
        ErrorSpec spec;
        std::string_view ignored;
    };
    const bool v6 = GetParam().v6;
    const char* const stranger = v6 ? "2001:db8::77" : "192.0.2.77";
    std::vector<Row> rows{{"another SPI", {.spiMask = 0x100}, "no such SA"},
                          {"another peer", {.destination = stranger}, "no such SA"},
                          {"another protocol", {.otherProtocol = true}, "no such SA"},
                          {"no SPI", {.quotedOctets = 3}, "no such SA"},
                          {"a number to come", {.sequenceOffset = 1}, "not sent lately"},
                          {"a number long gone", {.sequenceOffset = 0x80000000}, "not sent lately"},
                          {"as large as the packet", {.parameter = 65535}, "it would have fitted"}};
    if (v6)
    {
        rows.push_back({"below every link's", {.parameter = 1279}, "no IPv6 link is so narrow"});
        rows.push_back({"none", {.parameter = 0}, "no IPv6 link is so narrow"});
    }
    else
    {
        rows.push_back({"without DF", {.fragmentField = 0}, "a router could have fragmented it"});
    }
    if (!GetParam().ah)
    {
        rows.push_back(
            {"no sequence number", {.quotedOctets = 7}, "its sequence number is cut off"});
    }
    for (const Row& row : rows)
    {
        EXPECT_EQ(Report(MakeError(row.spec)), Verdict::DISCARD) << row.what;
        EXPECT_EQ(LastEvent().ignored, row.ignored) << row.what;
        EXPECT_EQ(LastEvent().pathMtu, 0u) << row.what;
        EXPECT_EQ(MtuNow(), 0u) << row.what;
    }
    EXPECT_EQ(pair.moon.Counts().icmpErrors, rows.size());
    EXPECT_EQ(pair.moon.Counts().pathMtuChanges, 0u);
}

// RFC 792: the header and 8 octets, of ESP SPI and sequence number, of AH all before the latter.
// Over IPv6 nobody quotes so little (RFC 4443 §2.4): who does leaves out what could betray it.
TEST_P(IcmpErrors, OfRoutersThatQuoteLittleAreBelieved)
{
    if (GetParam().v6 && GetParam().ah)
    {
        EXPECT_EQ(Report(MakeError({.quotedOctets = 8})), Verdict::DISCARD);
        EXPECT_EQ(LastEvent().ignored, "its sequence number is cut off");
        return;
    }
    EXPECT_EQ(Report(MakeError({.quotedOctets = 8})), Verdict::BYPASS);
    EXPECT_EQ(LastEvent().pathMtu, 1400u);
    EXPECT_EQ(MtuNow(), 1400u);
}

TEST_P(IcmpErrors, AboutOtherPacketsAreLeftToPolicy)
{
    // To us, but about somebody else's packet.
    EXPECT_EQ(Report(MakeError({.source = GetParam().v6 ? "2001:db8::77" : "192.0.2.77"})),
              std::nullopt);
    EXPECT_EQ(Report(esp::testing::MakePacket()), std::nullopt);
    EXPECT_EQ(Report(Buffer{}), std::nullopt);
    EXPECT_EQ(pair.moon.Counts().icmpErrors, 0u);
}

TEST_P(IcmpErrors, OfOtherTypesAreToldAndChangeNothing)
{
    const ErrorSpec unreachable{.type = static_cast<uint8_t>(GetParam().v6 ? 1 : 3), .code = 1};
    EXPECT_EQ(Report(MakeError(unreachable)), Verdict::CONSUMED);
    EXPECT_EQ(LastEvent().type, unreachable.type);
    EXPECT_EQ(LastEvent().code, unreachable.code);
    EXPECT_EQ(LastEvent().ignored, "");
    EXPECT_EQ(MtuNow(), 0u);
    EXPECT_EQ(pair.moon.Children().size(), 1u);
}

TEST_P(IcmpErrors, CutAnywhereOrDamagedAnywhereDoNoHarm)
{
    const Buffer whole = MakeError({.quotedOctets = 40});
    for (size_t octets = 0; octets < whole.size(); ++octets)
    {
        Report(Bytes(whole).first(octets));
    }
    EXPECT_EQ(pair.moon.Counts().icmpErrors, 0u) << "the length says that something is missing";
    const uint32_t least = GetParam().v6 ? 1280 : 576;
    for (size_t bit = 0; bit < whole.size() * 8; ++bit)
    {
        Buffer damaged = whole;
        damaged[bit / 8] ^= static_cast<uint8_t>(0x80u >> (bit % 8));
        Report(damaged);
        const uint32_t mtu = MtuNow();
        EXPECT_TRUE(mtu == 0 || mtu >= least) << bit;
    }
}

TEST_P(IcmpErrors, InFloodsAreCountedNotReportedOneByOne)
{
    constexpr size_t FLOOD = 10'000;
    for (size_t i = 0; i < FLOOD; ++i)
    {
        Report(MakeError({.spiMask = static_cast<uint32_t>(i + 1)}));
    }
    EXPECT_EQ(pair.moon.Count<IcmpErrorReceived>(), limits::REFUSAL_EVENTS_PER_SECOND);
    EXPECT_EQ(pair.moon.Counts().icmpErrors, FLOOD);
    EXPECT_EQ(MtuNow(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Versions,
    IcmpErrors,
    ::testing::Values(Outer{}, Outer{true}, Outer{false, true}, Outer{true, true}),
    [](const auto& outer)
    { return std::string(outer.param.v6 ? "IPv6" : "IPv4") + (outer.param.ah ? "Ah" : ""); });

/// IPv4 only.
class FragmentationNeeded : public IcmpErrors
{
};

// A lie cannot make the path narrower than that; should it be true, routers may fragment.
TEST_P(FragmentationNeeded, BelowTheLeastMtuIsTakenForItAndClearsDf)
{
    Report(MakeError({.parameter = 100}));
    EXPECT_EQ(LastEvent().pathMtu, 576u);
    EXPECT_EQ(MtuNow(), 576u);
    EXPECT_FALSE(pair.moon.lastOutgoing.dontFragment);
}

// RFC 1191 §5 and §7.1: old routers name no size.
TEST_P(FragmentationNeeded, WithoutAnMtuStepsDownTheTable)
{
    Report(MakeError({.parameter = 0})); // about 1428 + 20 octets and what ESP adds
    EXPECT_EQ(MtuNow(), 1006u);
}

TEST_P(FragmentationNeeded, UsesTheLowHalfOfTheWordOnly)
{
    Report(MakeError({.parameter = 0xabcd0000u + 1400}));
    EXPECT_EQ(MtuNow(), 1400u);
}

INSTANTIATE_TEST_SUITE_P(Versions,
                         FragmentationNeeded,
                         ::testing::Values(Outer{}),
                         [](const auto&) { return "IPv4"; });

class ConfiguredIcmp : public IcmpErrors
{
  protected:
    ConfiguredIcmp()
        : IcmpErrors({.moon = Json::parse(R"({"icmp": {
        "fragmentation_needed": "no", "packet_too_big": "no"}})")})
    {
    }
};

// RFC 4301 §6.1.1: the administrator says which types are accepted.
TEST_P(ConfiguredIcmp, IsIgnored)
{
    EXPECT_EQ(Report(MakeError()), Verdict::DISCARD);
    EXPECT_EQ(LastEvent().ignored, "configured to be ignored");
    EXPECT_EQ(MtuNow(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Versions,
                         ConfiguredIcmp,
                         ::testing::Values(Outer{}, Outer{true}),
                         [](const auto& outer) { return outer.param.v6 ? "IPv6" : "IPv4"; });

class IcmpLifetime : public IcmpErrors
{
  protected:
    IcmpLifetime()
        : IcmpErrors({.moon = Json::parse(R"({"icmp": {
        "path_mtu_lifetime": "30s", "least_path_mtu": 1000}})")})
    {
    }
};

TEST_P(IcmpLifetime, AndLeastMtuAreConfigurable)
{
    Report(MakeError({.parameter = 900}));
    EXPECT_EQ(MtuNow(), 1000u);
    pair.Run(30s);
    EXPECT_EQ(MtuNow(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Versions,
                         IcmpLifetime,
                         ::testing::Values(Outer{}),
                         [](const auto&) { return "IPv4"; });

TEST(PathMtus, AreBoundedAndTheOldestGoes)
{
    PathMtus mtus(10min);
    const IpAddress us = IpAddress::V4(1);
    for (uint32_t i = 0; i <= limits::PATH_MTUS; ++i)
    {
        EXPECT_TRUE(mtus.Lower(Instant(1s * i), us, IpAddress::V4(100 + i), {1400, false}));
    }
    EXPECT_EQ(mtus.Size(), limits::PATH_MTUS);
    const Instant soon(1s);
    EXPECT_EQ(mtus.Find(soon, us, IpAddress::V4(100)), PathMtu{});
    EXPECT_EQ(mtus.Find(soon, us, IpAddress::V4(101)).octets, 1400u);
    EXPECT_EQ(mtus.Find(Instant(10min + 1s), us, IpAddress::V4(101)), PathMtu{});
    EXPECT_EQ(mtus.Size(), limits::PATH_MTUS - 1);
}

} // namespace

} // namespace ikelab::gateway
