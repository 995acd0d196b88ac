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

} // namespace
} // namespace ikelab::esp
