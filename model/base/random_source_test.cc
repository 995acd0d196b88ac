// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "base/random_source.h"

#include <gtest/gtest.h>

#include <set>

namespace ikelab
{
namespace
{

TEST(SeededRandom, RepeatsForOneSeedAndDiffersForSeedAndStream)
{
    std::set<uint64_t> values;
    for (uint64_t seed = 0; seed < 8; ++seed)
    {
        for (uint64_t stream = 0; stream < 8; ++stream)
        {
            const uint64_t value = SeededRandom(seed, stream).U64();
            EXPECT_EQ(value, SeededRandom(seed, stream).U64());
            values.insert(value);
        }
    }
    EXPECT_EQ(values.size(), 64u);
}

TEST(SeededRandom, SetsEveryOctetOfOddLengths)
{
    SeededRandom random(1);
    Buffer seen(13, 0);
    for (int round = 0; round < 64; ++round)
    {
        Buffer octets(13);
        random.Fill(octets);
        for (size_t i = 0; i < octets.size(); ++i)
        {
            seen[i] |= octets[i];
        }
    }
    EXPECT_EQ(ToHex(seen), std::string(26, 'f'));
}

} // namespace
} // namespace ikelab
