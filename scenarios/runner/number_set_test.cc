// SPDX-License-Identifier: GPL-2.0-only
#include "base/random_source.h"
#include "runner/number_set.h"

#include <gtest/gtest.h>

#include <set>

namespace ikelab::runner
{

namespace
{

TEST(NumberSet, ACounterIsOneRun)
{
    NumberSet set;
    for (uint64_t number = 1; number <= 1000; ++number)
    {
        EXPECT_TRUE(set.Insert(number));
    }
    EXPECT_EQ(set.Runs(), 1u);
    EXPECT_FALSE(set.Insert(1));
    EXPECT_FALSE(set.Insert(500));
    EXPECT_FALSE(set.Insert(1000));
    EXPECT_TRUE(set.Insert(0));
    EXPECT_TRUE(set.Insert(UINT64_MAX));
    EXPECT_FALSE(set.Insert(UINT64_MAX));
    EXPECT_EQ(set.Runs(), 2u);
}

TEST(NumberSet, AGapCloses)
{
    NumberSet set;
    EXPECT_TRUE(set.Insert(1));
    EXPECT_TRUE(set.Insert(3));
    EXPECT_EQ(set.Runs(), 2u);
    EXPECT_TRUE(set.Insert(2));
    EXPECT_EQ(set.Runs(), 1u);
    EXPECT_FALSE(set.Insert(2));
}

TEST(NumberSet, AgreesWithAPlainSet)
{
    SeededRandom random(1, 2);
    NumberSet set;
    std::set<uint64_t> plain;
    for (int i = 0; i < 5000; ++i)
    {
        const uint64_t number = random.U64() % 3000;
        ASSERT_EQ(set.Insert(number), plain.insert(number).second) << number;
    }
}

} // namespace

} // namespace ikelab::runner
