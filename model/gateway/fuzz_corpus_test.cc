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

// RFC 4301 appendix E and route-based SAs have seeds of their own.
TEST(FuzzCorpus, OfGatewayReachesTunnelDevicesAndNestedSas)
{
    FuzzReached all;
    for (const Buffer& seed : wire::Seeds("gateway"))
    {
        const FuzzReached one = FuzzGateway(seed);
        all.routedOut += one.routedOut;
        all.routedIn += one.routedIn;
        all.nestedOut += one.nestedOut;
        all.nestedIn += one.nestedIn;
        all.nestedIke += one.nestedIke;
        all.insideOut += one.insideOut;
        all.heldThere += one.heldThere;
        all.heldInside += one.heldInside;
        all.sealed += one.sealed;
    }
    EXPECT_GE(all.routedOut, 1u);
    EXPECT_GE(all.routedIn, 1u);
    EXPECT_GE(all.nestedOut, 1u);
    EXPECT_GE(all.nestedIn, 1u);
    EXPECT_GE(all.nestedIke, 4u) << "a handshake";
    EXPECT_GE(all.insideOut, 1u);
    EXPECT_GE(all.heldThere, 1u);
    EXPECT_GE(all.heldInside, 1u);
    EXPECT_GE(all.sealed, 2u);
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
