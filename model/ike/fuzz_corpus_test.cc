// SPDX-License-Identifier: MIT
#include "ike/fuzz_targets.h"
#include "wire/testing/corpus.h"

#include <gtest/gtest.h>

namespace ikelab::ike
{
namespace
{

TEST(FuzzCorpus, OfIkeEndpointKeepsEveryProperty)
{
    EXPECT_GE(wire::RunCorpus("ike_endpoint", FuzzEndpoint), 12u);
}

} // namespace
} // namespace ikelab::ike
