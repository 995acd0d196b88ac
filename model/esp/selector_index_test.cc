// SPDX-License-Identifier: MIT
#include "base/random_source.h"
#include "esp/selector_index.h"
#include "esp/spd.h"
#include "esp/testing/packets.h"

#include <gtest/gtest.h>

#include <map>

namespace ikelab::esp
{
namespace
{

using testing::MakePacket;

/// An address of a small world, so that ranges and packets meet often.
AddressNumber
SomeAddress(SeededRandom& random, bool v6)
{
    if (!v6)
    {
        return {
            false, 0, 0x0a000000u + random.U32() % 64 * (random.U32() % 2 == 0 ? 1 : 0x01000000)};
    }
    return {true, 0x20010db8u + random.U32() % 4, random.U64() % 64};
}

Selectors
SomeSelectors(SeededRandom& random)
{
    Selectors selectors;
    for (uint32_t i = random.U32() % 3; i < 3; ++i)
    {
        const bool v6 = random.U32() % 3 == 0;
        const auto one = SomeAddress(random, v6);
        const auto other = SomeAddress(random, v6);
        Selector selector{{std::min(one, other).ToAddress(), std::max(one, other).ToAddress()}};
        if (random.U32() % 8 == 0)
        {
            selector.addresses = v6 ? IpRange::AnyV6() : IpRange::AnyV4();
        }
        selector.protocol = random.U32() % 2 == 0 ? 0 : 17;
        switch (random.U32() % 6)
        {
        case 0:
            selector.startPort = 1;
            selector.endPort = 4;
            break;
        case 1:
            selector.startPort = static_cast<uint16_t>(random.U32() % 8);
            selector.endPort = selector.startPort;
            break;
        case 2:
            selector.startPort = 65535; // OPAQUE
            selector.endPort = 0;
            break;
        default:
            break;
        }
        selectors.push_back(selector);
    }
    return selectors;
}

PacketInfo
SomePacket(SeededRandom& random)
{
    PacketInfo packet;
    const bool v6 = random.U32() % 3 == 0;
    packet.source = SomeAddress(random, v6);
    packet.destination = SomeAddress(random, v6);
    packet.protocol = random.U32() % 2 == 0 ? 17 : 6;
    packet.portsKnown = random.U32() % 4 != 0;
    packet.portsHidden = !packet.portsKnown && random.U32() % 3 != 0;
    packet.protocolKnown = packet.portsKnown || !packet.portsHidden || random.U32() % 2 == 0;
    packet.sourcePort = static_cast<uint16_t>(random.U32() % 8);
    packet.destinationPort = static_cast<uint16_t>(random.U32() % 8);
    return packet;
}

std::optional<uint64_t>
PlaceOf(const std::optional<SelectorIndex::Found>& found)
{
    return found ? std::optional(found->place) : std::nullopt;
}

TEST(SelectorIndex, AgreesWithAWalkOverAllEntries)
{
    for (uint64_t seed = 1; seed <= 120; ++seed)
    {
        SeededRandom random(seed);
        SelectorIndex index;
        std::map<uint64_t, TrafficSelectors> entries;
        size_t found = 0;
        for (int step = 0; step < 1000; ++step)
        {
            const uint64_t place = random.U32() % 40;
            if (random.U32() % 2 == 0)
            {
                EXPECT_EQ(index.Erase(place).has_value(), entries.erase(place) == 1);
            }
            else if (!entries.contains(place))
            {
                const TrafficSelectors selectors{SelectorSet(SomeSelectors(random)),
                                                 SelectorSet(SomeSelectors(random))};
                entries.emplace(place, selectors);
                index.Insert(place, selectors);
            }
            ASSERT_EQ(index.Size(), entries.size());
            const PacketInfo packet = SomePacket(random);
            const bool outbound = random.U32() % 2 == 0;
            const uint64_t shunned = random.U32() % 40;
            const Fit least = random.U32() % 2 == 0 ? Fit::FULL : Fit::UNCERTAIN;
            const auto takes = [&](const SelectorIndex::Found& candidate)
            {
                return candidate.place != shunned && candidate.fit >= least;
            };
            std::optional<uint64_t> expected;
            for (const auto& [candidate, selectors] : entries)
            {
                const Fit fit = selectors.Judge(packet, outbound);
                if (fit != Fit::NONE && takes({candidate, 0, fit}))
                {
                    expected = candidate;
                    break;
                }
            }
            ASSERT_EQ(PlaceOf(index.First(packet, outbound, takes)), expected)
                << seed << " " << step;
            found += expected ? 1 : 0;
        }
        EXPECT_GT(found, 50u) << "the world is too large to test anything";
        index.Clear();
        EXPECT_EQ(index.Size(), 0u);
    }
}

/// What RFC 4301 §4.4.1 and §7 say, read word by word: the first rule that matches; where only a
/// hidden port could tell, a rule that bypasses is passed by and any other discards.
std::optional<std::pair<PolicyAction, uint32_t>>
FirstRule(const std::vector<Policy>& rules, const PacketInfo& packet, bool outbound)
{
    for (const Policy& rule : rules)
    {
        const Fit fit = rule.selectors.Judge(packet, outbound);
        if (fit == Fit::FULL)
        {
            return std::pair(rule.action, rule.tag);
        }
        if (fit == Fit::UNCERTAIN && rule.action != PolicyAction::BYPASS)
        {
            return std::pair(PolicyAction::DISCARD, 0u);
        }
    }
    return std::nullopt;
}

TEST(Spd, AgreesWithAReadingOfAllRules)
{
    size_t asked = 0;
    std::map<PolicyAction, size_t> answers;
    for (uint64_t seed = 1; seed <= 300; ++seed)
    {
        SeededRandom random(seed);
        std::vector<Policy> rules(1 + random.U32() % 60);
        for (uint32_t i = 0; i < rules.size(); ++i)
        {
            rules[i] = {static_cast<PolicyAction>(random.U32() % 3),
                        i + 1,
                        {SelectorSet(SomeSelectors(random)), SelectorSet(SomeSelectors(random))}};
        }
        Spd spd;
        spd.Assign(rules);
        for (int i = 0; i < 400; ++i, ++asked)
        {
            const PacketInfo packet = SomePacket(random);
            const bool outbound = random.U32() % 2 == 0;
            const auto expected = FirstRule(rules, packet, outbound);
            const auto found = outbound ? spd.MatchOutbound(packet) : spd.MatchInbound(packet);
            ASSERT_EQ(found.has_value(), expected.has_value()) << seed << " " << i;
            if (found)
            {
                ASSERT_EQ(std::pair(found->action, found->tag), *expected) << seed << " " << i;
                ++answers[found->action];
            }
        }
    }
    EXPECT_GE(asked, 100'000u);
    for (const auto action : {PolicyAction::PROTECT, PolicyAction::BYPASS, PolicyAction::DISCARD})
    {
        EXPECT_GT(answers[action], 5000u) << "the world tests too little";
    }
}

// A hub's rules, or a server's; what a look-up costs is for spd_bench to show.
TEST(SelectorIndex, FindsOneOfManyEntries)
{
    constexpr uint32_t ENTRIES = 60'000;
    SelectorIndex networks;
    SelectorIndex ports;
    for (uint32_t i = 0; i < ENTRIES; ++i)
    {
        const IpRange network{AddressNumber{false, 0, i * 256}.ToAddress(),
                              AddressNumber{false, 0, i * 256 + 255}.ToAddress()};
        const auto port = static_cast<uint16_t>(i);
        networks.Insert(i, {SelectorSet({Selector{}}), SelectorSet({Selector{network}})});
        ports.Insert(
            i,
            {SelectorSet({Selector{}}), SelectorSet({Selector{IpRange::AnyV4(), 17, port, port}})});
    }
    const auto any = [](const SelectorIndex::Found&)
    {
        return true;
    };
    SeededRandom random(1);
    for (int i = 0; i < 1000; ++i)
    {
        const uint32_t wanted = random.U32() % ENTRIES;
        PacketInfo packet;
        packet.source = {false, 0, random.U32()};
        packet.destination = {false, 0, wanted * 256 + random.U32() % 256};
        packet.protocol = 17;
        packet.portsKnown = true;
        packet.destinationPort = static_cast<uint16_t>(wanted);
        EXPECT_EQ(PlaceOf(networks.First(packet, true, any)), wanted);
        EXPECT_EQ(PlaceOf(ports.First(packet, true, any)), wanted);
    }
}

TEST(SelectorIndex, HoldsEntriesThatMatchNothing)
{
    SelectorIndex index;
    index.Insert(1, {SelectorSet({Selector{}}), SelectorSet()});
    const auto any = [](const SelectorIndex::Found&)
    {
        return true;
    };
    EXPECT_FALSE(index.First(*ReadPacket(MakePacket()), true, any));
    EXPECT_TRUE(index.Erase(1));
}

TrafficSelectors
ToPort(uint16_t port)
{
    return {SelectorSet({Selector{}}), SelectorSet({Selector{IpRange::AnyV4(), 17, port, port}})};
}

// RFC 4301 §7
TEST(Spd, DiscardsAFragmentThatMayBelongToAProtectedPort)
{
    const PacketInfo fragment = *ReadPacket(MakePacket({.fragmentField = 0x0010}));
    Spd spd;
    spd.Assign({{PolicyAction::BYPASS, 1, ToPort(7)}});
    EXPECT_FALSE(spd.MatchOutbound(fragment)) << "a rule that bypasses is passed by";
    spd.Append({PolicyAction::PROTECT, 2, ToPort(8)});
    for (int round = 0; round < 2; ++round) // the second answer comes from the cache
    {
        ASSERT_TRUE(spd.MatchOutbound(fragment));
        EXPECT_EQ(spd.MatchOutbound(fragment)->action, PolicyAction::DISCARD);
    }
    EXPECT_EQ(spd.MatchOutbound(*ReadPacket(MakePacket()))->tag, 1u);
    spd.Assign({{PolicyAction::PROTECT, 3, {SelectorSet({Selector{}}), SelectorSet({Selector{}})}},
                {PolicyAction::PROTECT, 2, ToPort(8)}});
    EXPECT_EQ(spd.MatchOutbound(fragment)->tag, 3u) << "any port is meant first";
}

TEST(Spd, AppendsBehindAllOtherRules)
{
    Spd spd;
    for (uint16_t port = 1; port <= 100; ++port)
    {
        spd.Append({PolicyAction::PROTECT, port, ToPort(port)});
        ASSERT_EQ(spd.MatchOutbound(*ReadPacket(MakePacket({.destinationPort = 1})))->tag, 1u);
        ASSERT_EQ(spd.MatchOutbound(*ReadPacket(MakePacket({.destinationPort = port})))->tag, port);
        spd.Append({PolicyAction::BYPASS, 999, ToPort(port)});
    }
    EXPECT_EQ(spd.Size(), 200u);
}

} // namespace
} // namespace ikelab::esp
