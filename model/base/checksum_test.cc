// SPDX-License-Identifier: MIT
#include "base/checksum.h"
#include "base/random_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace ikelab
{
namespace
{

TEST(OnesComplementSum, IsThatOfRfc1071)
{
    // RFC 1071 §3
    EXPECT_EQ(OnesComplementSum(Buffer{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}), 0xddf2);
    EXPECT_EQ(OnesComplementSum(Buffer{0x12, 0x34, 0x56}), 0x12 * 256 + 0x34 + 0x5600);
    EXPECT_EQ(OnesComplementSum({}), 0);
    EXPECT_EQ(OnesComplementSum(Buffer{0xff, 0xff}, 0xfffff), 0xf);
}

TEST(OnesComplementSum, IsTheSumOfItsWordsAtAnyPlaceAndLength)
{
    SeededRandom random(2);
    for (int round = 0; round < 2000; ++round)
    {
        Buffer octets(3 + round % 70);
        random.Fill(octets);
        if (round % 5 == 0)
        {
            std::ranges::fill(octets, round % 2 == 0 ? uint8_t{0xff} : uint8_t{0});
        }
        const Bytes part = Bytes(octets).subspan(round % 3); // of any alignment
        const auto start = static_cast<uint32_t>(round % 7 * 0x12345);
        uint64_t sum = start;
        for (size_t i = 0; i < part.size(); ++i)
        {
            sum += uint64_t{part[i]} << (i % 2 == 0 ? 8 : 0);
        }
        // A sum of something is never folded to nothing: 0xffff stands for it.
        const uint64_t expected = sum == 0 ? 0 : (sum - 1) % 0xffff + 1;
        EXPECT_EQ(OnesComplementSum(part, start), expected);
    }
}

TEST(AdjustedChecksum, FollowsRfc1624)
{
    // RFC 1624 §4: the case that the older equation of RFC 1141 gets wrong.
    EXPECT_EQ(AdjustedChecksum(0xdd2f, 0x5555, 0x3285), 0x0000);
}

TEST(AdjustChecksum, IsWhatAComputationFromScratchGives)
{
    SeededRandom random(1);
    for (int round = 0; round < 1000; ++round)
    {
        std::array<uint8_t, 20> octets{};
        random.Fill(octets);
        octets[10] = octets[11] = 0;
        const auto checksum = static_cast<uint16_t>(~OnesComplementSum(octets));
        octets[10] = static_cast<uint8_t>(checksum >> 8);
        octets[11] = static_cast<uint8_t>(checksum);
        // Two addresses at once: the sum of their words stands for all of them.
        const MutableBytes addresses = MutableBytes(octets).last(8);
        const uint16_t before = OnesComplementSum(addresses);
        random.Fill(addresses);
        AdjustChecksum(MutableBytes(octets).subspan(10, 2), before, OnesComplementSum(addresses));
        EXPECT_EQ(OnesComplementSum(octets), 0xffff);
    }
}

} // namespace
} // namespace ikelab
