// SPDX-License-Identifier: MIT
#include "wire/puzzle_payload.h"
#include "wire/testing/sturdy.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

TEST(PuzzleSolution, IsFourKeysOfOneSize)
{
    const Buffer body = Hex("0102 0304 0506 0708");
    const auto solution = ParsePuzzleSolution(body);
    ASSERT_TRUE(solution.has_value()) << ToString(solution.error());
    EXPECT_EQ(ToHex(solution->keys[0]), "0102");
    EXPECT_EQ(ToHex(solution->keys[3]), "0708");
    ExpectSturdy(PayloadType::PS, body);
}

TEST(PuzzleSolution, IsNeverEmptyNorUneven)
{
    EXPECT_EQ(FaultOf(ParsePuzzleSolution({})), Fault::TRUNCATED);
    for (size_t octets = 1; octets <= 16; ++octets)
    {
        EXPECT_EQ(ParsePuzzleSolution(Buffer(octets)).has_value(), octets % 4 == 0) << octets;
    }
}

} // namespace
} // namespace ikelab::wire
