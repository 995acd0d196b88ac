// SPDX-License-Identifier: MIT
#include "dissect/fuzz_targets.h"
#include "wire/testing/corpus.h"

#include <gtest/gtest.h>

namespace ikelab::dissect
{

TEST(FuzzCorpus, OfCapturesKeepsEveryProperty)
{
    EXPECT_GE(wire::RunCorpus("capture", FuzzCapture), 6u);
}

TEST(FuzzCorpus, OfIkeFragmentsKeepsEveryProperty)
{
    EXPECT_GE(wire::RunCorpus("ike_fragments", FuzzIkeFragments), 3u);
}

TEST(FuzzCorpus, OfKeyTablesKeepsEveryProperty)
{
    EXPECT_GE(wire::RunCorpus("key_table", FuzzKeyTable), 5u);
}

} // namespace ikelab::dissect
