// SPDX-License-Identifier: GPL-2.0-only
#include "runner/units.h"

#include <gtest/gtest.h>

namespace ikelab::runner
{

using namespace std::chrono_literals;

TEST(Units, ReadsTimesWithTheirUnit)
{
    EXPECT_EQ(ParseTime("40ms"), 40ms);
    EXPECT_EQ(ParseTime("1.5s"), 1500ms);
    EXPECT_EQ(ParseTime("20us"), 20us);
    EXPECT_EQ(ParseTime("7ns"), 7ns);
    EXPECT_EQ(ParseTime("2m"), 2min);
    EXPECT_EQ(ParseTime("4h"), 4h);
    EXPECT_EQ(ParseTime("1d"), 24h);
    EXPECT_EQ(ParseTime("0s"), 0s);
    EXPECT_EQ(ParseTime("0.1s"), 100ms) << "rounded, not cut";
}

TEST(Units, RefusesTimesThatCouldBeMisread)
{
    for (const char* text : {"",
                             "40",
                             "ms",
                             "-1s",
                             "+1s",
                             "1 s",
                             "1e3s",
                             "40mbit",
                             "1%",
                             "1s ",
                             " 1s",
                             "0x10s",
                             "infs",
                             "nans",
                             "1.s.",
                             "99999999d"})
    {
        EXPECT_FALSE(ParseTime(text)) << text;
    }
}

TEST(Units, ReadsPercentagesAsShares)
{
    EXPECT_EQ(ParsePercent("1%"), 0.01);
    EXPECT_EQ(ParsePercent("0.5%"), 0.005);
    EXPECT_EQ(ParsePercent("100%"), 1.0);
    EXPECT_EQ(ParsePercent("0%"), 0.0);
    for (const char* text : {"1", "0.01", "101%", "-1%", "%", "1 %", "1%%"})
    {
        EXPECT_FALSE(ParsePercent(text)) << text;
    }
}

TEST(Units, ReadsRatesInDecimalUnits)
{
    EXPECT_EQ(ParseRate("100mbit"), 100'000'000u);
    EXPECT_EQ(ParseRate("1Gbit"), 1'000'000'000u);
    EXPECT_EQ(ParseRate("64kbit"), 64'000u);
    EXPECT_EQ(ParseRate("9600bit"), 9600u);
    for (const char* text : {"100", "100mb", "100mbps", "0bit", "-1mbit", "mbit"})
    {
        EXPECT_FALSE(ParseRate(text)) << text;
    }
}

TEST(Units, ReadsMomentsOfTheCalendar)
{
    EXPECT_EQ(ParseEpoch("1970-01-01T00:00:00Z"), 0s);
    EXPECT_EQ(ParseEpoch("2026-01-01T00:00:00Z"), 1767225600s);
    EXPECT_EQ(ParseEpoch("2024-02-29T23:59:59Z"), 1709251199s) << "a leap day";
    for (const char* text : {"2026-02-29T00:00:00Z",
                             "2026-13-01T00:00:00Z",
                             "2026-01-01",
                             "2026-01-01T24:00:00Z",
                             "2026-01-01 00:00:00Z",
                             "1969-12-31T00:00:00Z",
                             "2026-01-01T00:00:00+1",
                             "20x6-01-01T00:00:00Z"})
    {
        EXPECT_FALSE(ParseEpoch(text)) << text;
    }
}

TEST(Units, WritesNumbersForPeople)
{
    EXPECT_EQ(FormatTime(164'213us), "164.213 ms");
    EXPECT_EQ(FormatTime(0s), "0 s");
    EXPECT_EQ(FormatTime(1500ms), "1.500 s");
    EXPECT_EQ(FormatRate(1'250'000), "1.25 Mbit/s");
    EXPECT_EQ(FormatPercent(0.01), "1 %");
}

} // namespace ikelab::runner
