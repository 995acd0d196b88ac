// SPDX-License-Identifier: MIT
#include "base/result.h"

#include <gtest/gtest.h>

namespace ikelab
{
namespace
{

TEST(Result, SaysWhereOnlyIfThereIsAPlace)
{
    EXPECT_EQ(ToString(Error{Fault::TRUNCATED, "KE", 28}), "TRUNCATED: KE at octet 28");
    EXPECT_EQ(ToString(Error{Fault::NOT_FOUND, "no child of this name"}),
              "NOT_FOUND: no child of this name");
    EXPECT_EQ(ToString(Error{Fault::BAD_VALUE, "several children have this name"}),
              "BAD_VALUE: several children have this name");
}

Result<int>
Half(int number)
{
    if (number % 2 != 0)
    {
        return Fail(Fault::BAD_VALUE, "odd", 3, 7);
    }
    return number / 2;
}

Result<int>
Quarter(int number)
{
    TRY_ASSIGN(const int half, Half(number));
    return Half(half);
}

TEST(Result, PassesErrorsUpUnchanged)
{
    EXPECT_EQ(Quarter(8), 2);
    const auto failed = Quarter(5);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().fault, Fault::BAD_VALUE);
    EXPECT_EQ(failed.error().what, "odd");
    EXPECT_EQ(failed.error().offset, 3u);
    EXPECT_EQ(failed.error().detail, 7u);
}

} // namespace
} // namespace ikelab
