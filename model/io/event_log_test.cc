// SPDX-License-Identifier: MIT
#include "io/event_log.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

namespace ikelab::io
{
namespace
{

constexpr Instant AT{Duration{40000000}};

TEST(JsonLinesLog, PutsTheTimeFirstAndKeepsTheOrder)
{
    std::ostringstream stream;
    JsonLinesLog log(stream);
    log.Write(AT, {{"node", "moon"}, {"event", "established"}, {"a", 1}});
    log.Write(Instant{Duration{std::numeric_limits<int64_t>::max()}}, {{"note", "two\nlines"}});
    EXPECT_EQ(stream.str(),
              "{\"t_ns\":40000000,\"node\":\"moon\",\"event\":\"established\",\"a\":1}\n"
              "{\"t_ns\":9223372036854775807,\"note\":\"two\\nlines\"}\n");
}

TEST(JsonLinesLog, SurvivesTextThatIsNotUtf8)
{
    std::ostringstream stream;
    JsonLinesLog(stream).Write(AT, {{"id", "caf\xE9"}});
    EXPECT_EQ(stream.str(), "{\"t_ns\":40000000,\"id\":\"caf\xEF\xBF\xBD\"}\n");
}

TEST(TextLog, LooksLikeCharonsWithTimeAndNode)
{
    std::ostringstream stream;
    TextLog log(stream);
    log.Write(AT, "moon", "IKE", "IKE_SA net[1] established");
    log.Write(Instant{Duration{123456789123}}, "sun", "NET", "one\ntwo\n");
    EXPECT_EQ(stream.str(),
              "00.040000s moon [IKE] IKE_SA net[1] established\n"
              "123.456789s sun [NET] one\n"
              "123.456789s sun [NET] two\n");
}

TEST(TextLog, LetsNobodyForgeALineOrATerminal)
{
    std::ostringstream stream;
    TextLog(stream).Write(AT, "moon", "ENC", "vendor \x1b[2J\r\x7f");
    EXPECT_EQ(stream.str(), "00.040000s moon [ENC] vendor \\x1b[2J\\x0d\\x7f\n");
}

TEST(TextLog, WritesTimesBeforeTheBeginning)
{
    EXPECT_EQ(ToLogTime(Instant{Duration{-1500000}}), "-00.001500s");
    EXPECT_EQ(ToLogTime(Instant{}), "00.000000s");
    EXPECT_EQ(ToLogTime(Instant{Duration{3600LL * 1000000000}}), "3600.000000s");
}

TEST(CsvWriter, QuotesJustWhatNeedsIt)
{
    EXPECT_EQ(ToCsvField("plain text"), "plain text");
    EXPECT_EQ(ToCsvField(""), "");
    EXPECT_EQ(ToCsvField("a,b"), "\"a,b\"");
    EXPECT_EQ(ToCsvField("say \"ike\""), "\"say \"\"ike\"\"\"");
    EXPECT_EQ(ToCsvField("a\nb"), "\"a\nb\"");
    EXPECT_EQ(ToCsvField("a\rb"), "\"a\rb\"");
    EXPECT_EQ(ToCsvField(" edge"), "\" edge\"");
}

TEST(CsvWriter, WritesEveryCellAndEmptyOnes)
{
    std::ostringstream stream;
    const std::string columns[] = {"", "node", "octets", "delay_s", "note"};
    CsvWriter table(stream, columns);
    const CsvCell row[] = {std::monostate{},
                           std::string("moon"),
                           uint64_t{18446744073709551615u},
                           0.1,
                           std::string("a,b")};
    table.Row(row);
    const CsvCell second[] = {int64_t{-1}, std::string(), uint64_t{0}, 1e21, std::monostate{}};
    table.Row(second);
    EXPECT_EQ(stream.str(),
              ",node,octets,delay_s,note\n"
              ",moon,18446744073709551615,0.1,\"a,b\"\n"
              "-1,,0,1e+21,\n");
}

} // namespace
} // namespace ikelab::io
