// SPDX-License-Identifier: MIT
#include "dissect/fuzz_targets.h"
#include "wire/testing/corpus.h"

#include <gtest/gtest.h>

namespace ikelab::dissect
{

TEST(FuzzCorpus, OfCapturesKeepsEveryProperty)
{
    EXPECT_GE(wire::RunCorpus("capture", FuzzCapture), 10u);
}

TEST(FuzzCorpus, OfIkeFragmentsKeepsEveryProperty)
{
    EXPECT_GE(wire::RunCorpus("ike_fragments", FuzzIkeFragments), 3u);
}

TEST(FuzzCorpus, OfIkeFragmentsReachesEveryLimit)
{
    IkeFragmentCounts all;
    for (const Buffer& seed : wire::Seeds("ike_fragments"))
    {
        const IkeFragmentCounts counts = CountIkeFragments(seed);
        all.complete += counts.complete;
        all.copies += counts.copies;
        all.forgotten += counts.forgotten;
        all.tooLong += counts.tooLong;
    }
    EXPECT_GT(all.complete, 0u);
    EXPECT_GT(all.copies, 0u);
    EXPECT_GT(all.forgotten, 0u);
    EXPECT_GT(all.tooLong, 0u);
}

TEST(FuzzCorpus, OfKeyTablesKeepsEveryProperty)
{
    EXPECT_GE(wire::RunCorpus("key_table", FuzzKeyTable), 5u);
}

} // namespace ikelab::dissect
