// SPDX-License-Identifier: MIT
#include "base/random_source.h"
#include "esp/line_table.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

namespace ikelab::esp
{
namespace
{

/// As wide as a slot has room for.
struct Wide
{
    uint64_t number{0};
    std::array<uint64_t, 6> rest{};
};

TEST(LineTable, FindsNothingInAnEmptyOne)
{
    LineTable<Wide> table;
    table.Prefetch(7);
    EXPECT_EQ(table.Find(7), nullptr);
    EXPECT_EQ(table.Find(0), nullptr);
}

TEST(LineTable, HoldsWhatAMapHolds)
{
    for (const uint64_t seed : {1, 2, 3})
    {
        SeededRandom random(seed);
        LineTable<Wide> table;
        std::map<uint64_t, uint64_t> model;
        for (uint64_t step = 0; step < 20000; ++step)
        {
            // Few homes, and 2^32 apart the same one in every size: probes meet, wrap and overlap.
            const uint64_t hash = 2 + random.U32() % 64 * 5 + (random.U64() % 8 << 32);
            const auto known = model.find(hash);
            const Wide* found = table.Find(hash);
            ASSERT_EQ(found != nullptr, known != model.end())
                << "seed " << seed << " step " << step;
            if (found)
            {
                ASSERT_EQ(found->number, known->second);
                table.Erase(hash);
                model.erase(known);
            }
            else
            {
                table.Insert(hash, {step, {}});
                model.emplace(hash, step);
            }
        }
        for (const auto& [hash, number] : model)
        {
            const Wide* found = table.Find(hash);
            ASSERT_NE(found, nullptr);
            EXPECT_EQ(found->number, number);
        }
        EXPECT_GT(model.size(), 100u);
    }
}

TEST(LineTable, TakesAHashOfZeroForOne)
{
    LineTable<Wide> table;
    table.Insert(0, {42, {}});
    ASSERT_NE(table.Find(1), nullptr);
    EXPECT_EQ(table.Find(0)->number, 42u);
    table.Erase(0);
    EXPECT_EQ(table.Find(1), nullptr);
}

} // namespace
} // namespace ikelab::esp
