// SPDX-License-Identifier: MIT
#include "esp/ecn.h"
#include "esp/lifetime.h"
#include "esp/selector_set.h"
#include "esp/spd.h"
#include "esp/testing/packets.h"

#include <gtest/gtest.h>

#include <chrono>

namespace ikelab::esp
{
namespace
{

using std::chrono::seconds;
using testing::MakePacket;
using testing::PacketSpec;

PacketInfo
Info(const PacketSpec& spec)
{
    return *ReadPacket(MakePacket(spec));
}

Selector
Range(std::string_view range, uint8_t protocol = 0, uint16_t start = 0, uint16_t end = 65535)
{
    return {*IpRange::Parse(range), protocol, start, end};
}

TrafficSelectors
Pair(const Selectors& local, const Selectors& remote)
{
    return {SelectorSet(local), SelectorSet(remote)};
}

/// How a set judges an address, protocol and port.
Fit
Judge(const SelectorSet& set, std::string_view address, uint8_t protocol, uint16_t port)
{
    PacketInfo packet;
    packet.protocol = protocol;
    packet.portsKnown = true;
    return set.Judge(AddressNumber::From(*IpAddress::Parse(address)), port, packet);
}

TEST(SelectorSet, HoldsBothEdgesOfARangeAndNothingBeside)
{
    const SelectorSet set({Range("10.1.0.5-10.1.0.9")});
    const auto matches = [&set](std::string_view address)
    {
        return Judge(set, address, 6, 80) == Fit::FULL;
    };
    EXPECT_FALSE(matches("10.1.0.4"));
    EXPECT_TRUE(matches("10.1.0.5"));
    EXPECT_TRUE(matches("10.1.0.9"));
    EXPECT_FALSE(matches("10.1.0.10"));
    EXPECT_FALSE(matches("::10.1.0.7")) << "another family";
}

TEST(SelectorSet, LooksAtProtocolAndPorts)
{
    const SelectorSet set({Range("10.0.0.0/8", 6, 80, 81), Range("10.0.0.0/8", 17)});
    const auto matches = [&set](uint8_t protocol, uint16_t port)
    {
        return Judge(set, "10.1.1.1", protocol, port) == Fit::FULL;
    };
    EXPECT_FALSE(matches(6, 79));
    EXPECT_TRUE(matches(6, 80));
    EXPECT_TRUE(matches(6, 81));
    EXPECT_FALSE(matches(6, 82));
    EXPECT_TRUE(matches(17, 82));
    EXPECT_FALSE(matches(1, 80));
}

TEST(SelectorSet, MatchesUnknownPortsOnlyWithAnyOrOpaque)
{
    const AddressNumber address = AddressNumber::From(*IpAddress::Parse("10.1.1.1"));
    PacketInfo known;
    known.protocol = 17;
    known.portsKnown = true;
    PacketInfo hidden;
    hidden.protocol = 17;
    hidden.portsHidden = true;
    PacketInfo without;
    without.protocol = 47;
    const SelectorSet some({Range("10.0.0.0/8", 0, 0, 65534)});
    EXPECT_EQ(some.Judge(address, 0, known), Fit::FULL);
    EXPECT_EQ(some.Judge(address, 0, hidden), Fit::UNCERTAIN);
    EXPECT_EQ(some.Judge(address, 0, without), Fit::NONE);
    EXPECT_EQ(SelectorSet({Range("10.0.0.0/8", 6, 1, 2)}).Judge(address, 0, hidden), Fit::NONE);
    const SelectorSet any({Range("10.0.0.0/8")});
    EXPECT_EQ(any.Judge(address, 0, hidden), Fit::FULL);
    EXPECT_EQ(any.Judge(address, 0, without), Fit::FULL);
    const SelectorSet opaque({Range("10.0.0.0/8", 17, 65535, 0)});
    EXPECT_EQ(opaque.Judge(address, 0, hidden), Fit::FULL);
    EXPECT_EQ(opaque.Judge(address, 65535, known), Fit::NONE);
    EXPECT_EQ(opaque.Judge(address, 0, known), Fit::NONE);
}

TEST(SelectorSet, IsUncertainOfAProtocolBehindAFragmentedExtensionHeader)
{
    PacketInfo packet;
    packet.protocol = 60;
    packet.protocolKnown = false;
    packet.portsHidden = true;
    const AddressNumber address = AddressNumber::From(*IpAddress::Parse("10.1.1.1"));
    EXPECT_EQ(SelectorSet({Range("10.0.0.0/8", 6)}).Judge(address, 0, packet), Fit::UNCERTAIN);
    EXPECT_EQ(SelectorSet({Range("10.0.0.0/8")}).Judge(address, 0, packet), Fit::FULL);
}

TEST(TrafficSelectors, SwapTheEndsForPacketsThatComeIn)
{
    const TrafficSelectors pair =
        Pair({Range("10.99.1.0/24", 17, 40000, 40000)}, {Range("10.99.2.0/24", 17, 7, 7)});
    const PacketInfo leaving = Info({});
    const PacketInfo coming = Info({.source = "10.99.2.1",
                                    .destination = "10.99.1.1",
                                    .sourcePort = 7,
                                    .destinationPort = 40000});
    EXPECT_TRUE(pair.MatchesOutbound(leaving));
    EXPECT_FALSE(pair.MatchesInbound(leaving));
    EXPECT_TRUE(pair.MatchesInbound(coming));
    EXPECT_FALSE(pair.MatchesOutbound(coming));
}

TEST(Spd, LetsTheFirstMatchingRuleDecide)
{
    Spd spd;
    std::vector<Policy> rules;
    rules.push_back({PolicyAction::BYPASS, 1, Pair({Range("10.99.1.1")}, {Range("0.0.0.0/0")})});
    rules.push_back(
        {PolicyAction::PROTECT, 2, Pair({Range("10.99.1.0/24")}, {Range("10.99.2.0/24")})});
    rules.push_back(
        {PolicyAction::DISCARD, 3, Pair({Range("0.0.0.0/0")}, {Range("10.99.2.0/24")})});
    spd.Assign(std::move(rules));
    const auto tag = [&spd](std::string_view source, std::string_view destination) -> uint32_t
    {
        const auto policy = spd.MatchOutbound(Info({.source = source, .destination = destination}));
        return policy ? policy->tag : 0;
    };
    for (int round = 0; round < 2; ++round) // the second answer comes from the cache
    {
        EXPECT_EQ(tag("10.99.1.1", "10.99.2.2"), 1u);
        EXPECT_EQ(tag("10.99.1.2", "10.99.2.2"), 2u);
        EXPECT_EQ(tag("10.99.3.2", "10.99.2.2"), 3u);
        EXPECT_EQ(tag("10.99.3.2", "10.99.9.2"), 0u);
    }
}

TEST(Spd, AnswersFromTheRulesOfNow)
{
    Spd spd;
    spd.Assign({{PolicyAction::DISCARD, 1, Pair({Range("0.0.0.0/0")}, {Range("0.0.0.0/0")})}});
    ASSERT_TRUE(spd.MatchOutbound(Info({})));
    spd.Assign({});
    EXPECT_FALSE(spd.MatchOutbound(Info({})));
    spd.Assign({{PolicyAction::BYPASS, 9, Pair({Range("0.0.0.0/0")}, {Range("0.0.0.0/0")})}});
    ASSERT_TRUE(spd.MatchOutbound(Info({})));
    EXPECT_EQ(spd.MatchOutbound(Info({}))->tag, 9u);
}

TEST(Spd, ForgetsOneRuleAndKeepsTheOrderOfTheOthers)
{
    const auto all = Pair({Range("0.0.0.0/0")}, {Range("0.0.0.0/0")});
    Spd spd;
    spd.Assign({{PolicyAction::DISCARD, 1, Pair({Range("10.7.0.0/16")}, {Range("0.0.0.0/0")})}});
    const uint64_t second = spd.Append({PolicyAction::PROTECT, 2, all});
    const uint64_t third = spd.Append({PolicyAction::PROTECT, 3, all});
    EXPECT_EQ(spd.MatchOutbound(Info({}))->tag, 2u);
    EXPECT_TRUE(spd.Erase(second));
    EXPECT_FALSE(spd.Erase(second));
    const auto kept = spd.MatchOutbound(Info({}));
    EXPECT_EQ(kept->tag, 3u);
    const uint64_t fourth = spd.Append({PolicyAction::PROTECT, 4, all});
    EXPECT_EQ(spd.MatchOutbound(Info({})), kept) << "behind the others, which stay in place";
    EXPECT_TRUE(spd.Erase(third));
    EXPECT_EQ(spd.MatchOutbound(Info({}))->tag, 4u);
    EXPECT_TRUE(spd.Erase(fourth));
    EXPECT_FALSE(spd.MatchOutbound(Info({})));
    EXPECT_EQ(spd.Size(), 1u);
}

TEST(Spd, CachesNoAnswerForAnotherFlow)
{
    // One rule per port, more flows than the cache holds: each must get its own rule.
    Spd spd;
    std::vector<Policy> rules;
    for (uint16_t port = 1; port <= 300; ++port)
    {
        rules.push_back({PolicyAction::PROTECT,
                         port,
                         Pair({Range("0.0.0.0/0")}, {Range("0.0.0.0/0", 17, port, port)})});
    }
    spd.Assign(std::move(rules));
    for (int round = 0; round < 3; ++round)
    {
        for (uint16_t port = 1; port <= 300; ++port)
        {
            const auto out = spd.MatchOutbound(Info({.destinationPort = port}));
            ASSERT_TRUE(out);
            EXPECT_EQ(out->tag, port);
            const auto in = spd.MatchInbound(Info({.sourcePort = port, .destinationPort = 999}));
            ASSERT_TRUE(in);
            EXPECT_EQ(in->tag, port);
        }
    }
}

TEST(Ecn, CombinesAsTheTableSays)
{
    // RFC 6040 figure 4: rows inner, columns outer Not-ECT, ECT(0), ECT(1), CE
    constexpr auto NOT = Ecn::NOT_ECT;
    constexpr auto E0 = Ecn::ECT0;
    constexpr auto E1 = Ecn::ECT1;
    constexpr auto CE = Ecn::CE;
    constexpr Ecn ORDER[] = {NOT, E0, E1, CE};
    const std::optional<Ecn> table[4][4] = {
        {NOT, NOT, NOT, std::nullopt}, {E0, E0, E1, CE}, {E1, E1, E1, CE}, {CE, CE, CE, CE}};
    for (size_t inner = 0; inner < 4; ++inner)
    {
        for (size_t outer = 0; outer < 4; ++outer)
        {
            EXPECT_EQ(CombineEcn(ORDER[inner], ORDER[outer]), table[inner][outer])
                << inner << " " << outer;
        }
    }
}

TEST(Ecn, CopiesIntoTheOuterHeaderWhatIsWanted)
{
    // RFC 4301 §5.1.2, RFC 6040 §4.1: DSCP 46 with ECT(0) inside.
    constexpr uint8_t INNER = 0xba;
    EXPECT_EQ(OuterTrafficClass(INNER, {}), 0xba);
    EXPECT_EQ(OuterTrafficClass(INNER, {.ecn = false}), 0xb8);
    EXPECT_EQ(OuterTrafficClass(INNER, {.dscpOut = false}), 0x02);
    EXPECT_EQ(OuterTrafficClass(INNER, {.ecn = false, .dscpOut = false}), 0x00);
}

TEST(Ecn, CarriesInwardsWhatIsWanted)
{
    constexpr uint8_t INNER = 0xba; // DSCP 46, ECT(0)
    constexpr uint8_t OUTER = 0x2b; // DSCP 10, CE
    EXPECT_EQ(InnerTrafficClass(INNER, OUTER, {}), 0xbb);
    EXPECT_EQ(InnerTrafficClass(INNER, OUTER, {.dscpIn = true}), 0x2b);
    EXPECT_EQ(InnerTrafficClass(INNER, OUTER, {.ecn = false}), 0xba);
    EXPECT_EQ(InnerTrafficClass(INNER, OUTER, {.ecn = false, .dscpIn = true}), 0x2a);
    EXPECT_EQ(InnerTrafficClass(0xb8, OUTER, {}), std::nullopt);
    EXPECT_EQ(InnerTrafficClass(0xb8, OUTER, {.ecn = false}), 0xb8);
}

TEST(Lifetime, TellsSoftAndHardOnceEach)
{
    const Instant start{};
    Lifetime lifetime({.softTime = start + seconds(10), .hardTime = start + seconds(20)});
    EXPECT_EQ(lifetime.NextDeadline(), start + seconds(10));
    EXPECT_FALSE(lifetime.Poll(start + seconds(9)));
    const auto soft = lifetime.Poll(start + seconds(10));
    ASSERT_TRUE(soft);
    EXPECT_FALSE(soft->hard);
    EXPECT_EQ(soft->what, "time");
    EXPECT_FALSE(lifetime.Poll(start + seconds(11)));
    EXPECT_TRUE(lifetime.Usable(start + seconds(11)));
    EXPECT_EQ(lifetime.NextDeadline(), start + seconds(20));
    const auto hard = lifetime.Poll(start + seconds(20));
    ASSERT_TRUE(hard);
    EXPECT_TRUE(hard->hard);
    EXPECT_FALSE(lifetime.Usable(start + seconds(20)));
    EXPECT_FALSE(lifetime.Poll(start + seconds(21)));
    EXPECT_EQ(lifetime.NextDeadline(), std::nullopt);
}

TEST(Lifetime, CountsOctetsAndPackets)
{
    Lifetime octets({.softOctets = 100, .hardOctets = 200});
    octets.Count(99);
    EXPECT_FALSE(octets.Poll({}));
    octets.Count(1);
    const auto soft = octets.Poll({});
    ASSERT_TRUE(soft);
    EXPECT_EQ(soft->what, "bytes");
    octets.Count(100);
    EXPECT_FALSE(octets.Usable({}));
    EXPECT_TRUE(octets.Poll({})->hard);

    Lifetime packets({.hardPackets = 2});
    packets.Count(1);
    EXPECT_TRUE(packets.Usable({}));
    packets.Count(1);
    EXPECT_FALSE(packets.Usable({}));
    const auto hard = packets.Poll({});
    ASSERT_TRUE(hard);
    EXPECT_EQ(hard->what, "packets");
    EXPECT_EQ(packets.Packets(), 2u);
}

TEST(Lifetime, HasNoLimitByDefault)
{
    Lifetime lifetime;
    lifetime.Count(1u << 30);
    const Instant late = Instant::max() - Duration(1);
    EXPECT_TRUE(lifetime.Usable(late));
    EXPECT_FALSE(lifetime.MayBeDue(late));
    EXPECT_FALSE(lifetime.Poll(late));
    EXPECT_FALSE(lifetime.NextDeadline());
}

} // namespace
} // namespace ikelab::esp
