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
        if (random.U32() % 3 == 0)
        {
            selector.startPort = 1;
            selector.endPort = 4;
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
    packet.portsHidden = !packet.portsKnown;
    packet.sourcePort = static_cast<uint16_t>(random.U32() % 8);
    packet.destinationPort = static_cast<uint16_t>(random.U32() % 8);
    return packet;
}

TEST(SelectorIndex, AgreesWithAWalkOverAllEntries)
{
    for (uint64_t seed = 1; seed <= 30; ++seed)
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
                EXPECT_EQ(index.Erase(place), entries.erase(place) == 1);
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
            const auto takes = [&](uint64_t candidate, Fit fit)
            {
                return candidate != shunned && fit >= least;
            };
            std::optional<uint64_t> expected;
            for (const auto& [candidate, selectors] : entries)
            {
                const Fit fit = selectors.Judge(packet, outbound);
                if (fit != Fit::NONE && takes(candidate, fit))
                {
                    expected = candidate;
                    break;
                }
            }
            ASSERT_EQ(index.First(packet, outbound, takes), expected) << seed << " " << step;
            found += expected ? 1 : 0;
        }
        EXPECT_GT(found, 50u) << "the world is too large to test anything";
        index.Clear();
        EXPECT_EQ(index.Size(), 0u);
    }
}

TEST(SelectorIndex, HoldsEntriesThatMatchNothing)
{
    SelectorIndex index;
    index.Insert(1, {SelectorSet({Selector{}}), SelectorSet()});
    const auto any = [](uint64_t, Fit)
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
    EXPECT_EQ(spd.MatchOutbound(fragment), nullptr) << "a rule that bypasses is passed by";
    spd.Append({PolicyAction::PROTECT, 2, ToPort(8)});
    for (int round = 0; round < 2; ++round) // the second answer comes from the cache
    {
        ASSERT_NE(spd.MatchOutbound(fragment), nullptr);
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
