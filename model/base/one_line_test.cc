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

TEST(OneLine, LeavesOutTheMiddleOfWhatNobodyReads)
{
    const std::string all = "begin" + std::string(1'999'990, 'x') + "end";
    const std::string line = OneLine(all);
    EXPECT_LT(line.size(), 2000u);
    EXPECT_TRUE(line.starts_with("beginxxx"));
    EXPECT_TRUE(line.ends_with("xxxend"));
    EXPECT_NE(line.find(" [... 1998198 octets ...] "), std::string::npos) << line;
    std::string umlauts;
    for (int i = 0; i < 1001; ++i)
    {
        umlauts += "\xc3\xa4";
    }
    EXPECT_EQ(OneLine("a" + umlauts).find("\xc3 "), std::string::npos);
    EXPECT_EQ(OneLine("a" + umlauts).find(" \xa4"), std::string::npos);
}

TEST(OneLine, LeavesAllElseAlone)
{
    EXPECT_EQ(OneLine("caf\xc3\xa9 \"x\\y\" \xc2\xa0\xff"), "caf\xc3\xa9 \"x\\y\" \xc2\xa0\xff");
    EXPECT_EQ(OneLine("\xc2"), "\xc2");
    EXPECT_EQ(OneLine(""), "");
}

} // namespace ikelab
