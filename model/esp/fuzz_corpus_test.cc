// SPDX-License-Identifier: MIT
#include "esp/fuzz_targets.h"
#include "wire/testing/corpus.h"

#include <gtest/gtest.h>

namespace ikelab::esp
{
namespace
{

TEST(FuzzCorpus, OfEspOpenKeepsEveryProperty)
{
    EXPECT_GE(wire::RunCorpus("esp_open", FuzzEspOpen), 6u);
}

TEST(FuzzCorpus, OfAhOpenKeepsEveryProperty)
{
    EXPECT_GE(wire::RunCorpus("ah_open", FuzzAhOpen), 8u);
}

} // namespace
} // namespace ikelab::esp
