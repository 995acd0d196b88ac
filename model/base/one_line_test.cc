// SPDX-License-Identifier: MIT
#include "base/one_line.h"

#include <gtest/gtest.h>

namespace ikelab
{

TEST(OneLine, ShowsWhatWouldSteerATerminal)
{
    EXPECT_EQ(OneLine("a\nb\x1b[2J\x7f"), "a\\x0ab\\x1b[2J\\x7f");
    EXPECT_EQ(OneLine("\xc2\x9b"
                      "1m"),
              "\\x9b1m");
    EXPECT_EQ(OneLine(std::string_view("\0", 1)), "\\x00");
}

TEST(OneLine, LeavesAllElseAlone)
{
    EXPECT_EQ(OneLine("caf\xc3\xa9 \"x\\y\" \xc2\xa0\xff"), "caf\xc3\xa9 \"x\\y\" \xc2\xa0\xff");
    EXPECT_EQ(OneLine("\xc2"), "\xc2");
    EXPECT_EQ(OneLine(""), "");
}

} // namespace ikelab
