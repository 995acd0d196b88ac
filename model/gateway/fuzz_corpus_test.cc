// SPDX-License-Identifier: MIT
#include "base/random_source.h"
#include "gateway/fuzz_targets.h"
#include "wire/testing/corpus.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ikelab::gateway
{
namespace
{

TEST(FuzzCorpus, OfGatewayKeepsEveryProperty)
{
    const auto seeds = wire::Seeds("gateway");
    EXPECT_GE(seeds.size(), 6u);
    for (const Buffer& seed : seeds)
    {
        FuzzGateway(seed);
    }
}

TEST(FuzzCorpus, OfGatewayKeepsEveryPropertyWhenMutated)
{
    const auto seeds = wire::Seeds("gateway");
    SeededRandom random(11);
    for (int round = 0; round < 2000; ++round)
    {
        // Two seeds, one behind the other, a few octets changed, cut somewhere.
        Buffer input = seeds[random.U32() % seeds.size()];
        Append(input, seeds[random.U32() % seeds.size()]);
        for (uint32_t changes = random.U32() % 6; changes > 0; --changes)
        {
            input[random.U32() % input.size()] = static_cast<uint8_t>(random.U32());
        }
        if (round % 4 == 0)
        {
            input.resize(random.U32() % input.size());
        }
        FuzzGateway(input);
    }
}

} // namespace
} // namespace ikelab::gateway
