// SPDX-License-Identifier: MIT
#include "base/random_source.h"
#include "gateway/fuzz_targets.h"
#include "wire/testing/test_files.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ikelab::gateway
{
namespace
{

std::vector<Buffer>
Seeds()
{
    std::vector<Buffer> seeds;
    for (const auto& entry :
         std::filesystem::directory_iterator(wire::ConformanceFolder() / "corpus/gateway"))
    {
        const std::string text = wire::ReadTestFile(entry.path());
        seeds.emplace_back(text.begin(), text.end());
    }
    std::ranges::sort(seeds); // a folder has no order of its own
    return seeds;
}

TEST(FuzzCorpus, OfGatewayKeepsEveryProperty)
{
    const auto seeds = Seeds();
    EXPECT_GE(seeds.size(), 6u);
    for (const Buffer& seed : seeds)
    {
        FuzzGateway(seed);
    }
}

TEST(FuzzCorpus, OfGatewayKeepsEveryPropertyWhenMutated)
{
    const auto seeds = Seeds();
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
