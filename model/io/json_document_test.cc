// SPDX-License-Identifier: MIT
#include "io/json_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ikelab::io
{

// Found by GoogleTest: positions print themselves in failures.
static void
PrintTo(const TextPosition& position, std::ostream* stream)
{
    *stream << position.line << ':' << position.column;
}

namespace
{

using testing::HasSubstr;

JsonError
ErrorOf(std::string_view text)
{
    const auto document = JsonDocument::Parse(text);
    if (document)
    {
        ADD_FAILURE() << "accepted: " << text;
        return {};
    }
    return document.error();
}

struct BadText
{
    std::string_view text;
    TextPosition where;
    std::string_view message;
    std::string_view pointer;
};

TEST(JsonDocument, TellsWhereAndWhatIsWrong)
{
    const BadText cases[] = {
        {"", {1, 1}, "holds no value", ""},
        {"  // only a comment\n", {2, 1}, "holds no value", ""},
        {"{\n  \"a\": 1\n  \"b\": 2\n}", {3, 3}, "expected ',' or '}' after a member", ""},
        {"{\"a\": [1, 2 3]}", {1, 13}, "expected ',' or ']' after an element, found '3'", "/a"},
        {"{\"a\": 1,}", {1, 8}, "a comma before '}'", ""},
        {"[1,\n]", {1, 3}, "a comma before ']'", ""},
        {"{a: 1}", {1, 2}, "expected a key in double quotes, found 'a'", ""},
        {"{\"a\" 1}", {1, 6}, "expected ':' after key \"a\", found '1'", ""},
        {"{\"a\": }", {1, 7}, "expected a value, found '}'", "/a"},
        {"{\"a\": 40ms}", {1, 7}, "a value with a unit goes in double quotes", "/a"},
        {"{\"a\": yes}", {1, 7}, "'yes' is no value", "/a"},
        {"{\"a\": 'x'}", {1, 7}, "expected a value", "/a"},
        {"{\"a\": \"x}\n", {1, 7}, "never closed", "/a"},
        {"{\"a\": \"x", {1, 7}, "never closed", "/a"},
        {"[\"\\q\"]", {1, 3}, "unknown escape", "/0"},
        {"[\"\\u12\"]", {1, 3}, "four hex digits", "/0"},
        {"[\"\\ud800\"]", {1, 3}, "surrogate", "/0"},
        {"[\"\\udc00\"]", {1, 3}, "surrogate", "/0"},
        {"[\"\\ud800\\u0041\"]", {1, 3}, "surrogate", "/0"},
        {"[\"\t\"]", {1, 3}, "control character", "/0"},
        {"[\"\xFF\"]", {1, 3}, "not UTF-8", "/0"},
        {"[\"\xC0\x80\"]", {1, 3}, "not UTF-8", "/0"},
        {"[\"\xED\xA0\x80\"]", {1, 3}, "not UTF-8", "/0"},
        {"[\"\xE2\x82\"]", {1, 3}, "not UTF-8", "/0"},
        {"[007]", {1, 2}, "must not begin with 0", "/0"},
        {"[-]", {1, 3}, "expected a digit after '-'", "/0"},
        {"[1.]", {1, 4}, "expected a digit after '.'", "/0"},
        {"[1e+]", {1, 5}, "expected a digit after the exponent", "/0"},
        {"[1e999]", {1, 2}, "too large", "/0"},
        {"[1] /* open", {1, 5}, "never closed", ""},
        {"[1 / 2]", {1, 4}, "a lone '/'", "/0"},
        {"{} x", {1, 4}, "expected the end of the file, found 'x'", ""},
        {"{\"a\": {\"b\": [", {1, 14}, "expected a value, found the end", "/a/b/0"},
    };
    for (const BadText& bad : cases)
    {
        SCOPED_TRACE(bad.text);
        const JsonError error = ErrorOf(bad.text);
        EXPECT_EQ(error.where, bad.where);
        EXPECT_THAT(error.message, HasSubstr(std::string(bad.message)));
        EXPECT_EQ(error.pointer, bad.pointer);
    }
}

TEST(JsonDocument, NamesBothPlacesOfADuplicateKey)
{
    const JsonError error = ErrorOf("{\n  \"nodes\": 1,\n  \"links\": 2,\n  \"n\\u006fdes\": 3\n}");
    EXPECT_EQ(error.where, (TextPosition{4, 3}));
    EXPECT_EQ(error.message, "duplicate key \"nodes\", first at line 2; expected each key once");
    EXPECT_TRUE(JsonDocument::Parse(R"({"a": {"x": 1}, "b": {"x": 2}})"));
}

TEST(JsonDocument, StopsAtItsDepth)
{
    const auto nested = [](size_t depth)
    {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(JsonDocument::Parse(nested(JsonDocument::DEPTH_MAX)));
    const JsonError error = ErrorOf(nested(JsonDocument::DEPTH_MAX + 1));
    EXPECT_EQ(error.where, (TextPosition{1, JsonDocument::DEPTH_MAX + 1}));
    EXPECT_THAT(error.message, HasSubstr("deeper than 64"));
    ErrorOf(std::string(1000000, '['));
}

constexpr std::string_view SCENARIO = R"({
  // Two gateways
  "nodes": [
    {"name": "moon", "x/y": 1},
    {"name": "sün", /* the far one */ "addresses": ["10.0.0.1",
        "10.0.0.2"]}
  ],
  "a~b": {"": {"deep": true}},
  "é": "ü", "after": 5
}
)";

TEST(JsonDocument, KnowsWhereKeysAndValuesStand)
{
    const auto document = JsonDocument::Parse(SCENARIO);
    ASSERT_TRUE(document.has_value());
    EXPECT_EQ(document->ValuePosition(""), (TextPosition{1, 1}));
    EXPECT_EQ(document->KeyPosition("/nodes"), (TextPosition{3, 3}));
    EXPECT_EQ(document->ValuePosition("/nodes"), (TextPosition{3, 12}));
    EXPECT_EQ(document->ValuePosition("/nodes/0"), (TextPosition{4, 5}));
    EXPECT_EQ(document->KeyPosition("/nodes/0"), (TextPosition{4, 5}));
    EXPECT_EQ(document->KeyPosition("/nodes/0/x~1y"), (TextPosition{4, 22}));
    EXPECT_EQ(document->ValuePosition("/nodes/0/x~1y"), (TextPosition{4, 29}));
    // Columns count characters: ü is one.
    EXPECT_EQ(document->KeyPosition("/nodes/1/addresses"), (TextPosition{5, 39}));
    EXPECT_EQ(document->ValuePosition("/nodes/1/addresses/1"), (TextPosition{6, 9}));
    EXPECT_EQ(document->KeyPosition("/a~0b//deep"), (TextPosition{8, 16}));
    EXPECT_EQ(document->KeyPosition("/after"), (TextPosition{9, 13}));
}

TEST(JsonDocument, FallsBackToTheNearestAncestor)
{
    const auto document = JsonDocument::Parse(SCENARIO);
    ASSERT_TRUE(document.has_value());
    EXPECT_EQ(document->ValuePosition("/nodes/0/missing"), document->ValuePosition("/nodes/0"));
    EXPECT_EQ(document->ValuePosition("/nodes/7/a/b"), document->ValuePosition("/nodes"));
    EXPECT_EQ(document->ValuePosition("/nope"), (TextPosition{1, 1}));
}

TEST(JsonDocument, EveryPointerOfTheValuesHasAPlace)
{
    const auto document = JsonDocument::Parse(SCENARIO);
    ASSERT_TRUE(document.has_value());
    const auto flat = document->Root().flatten();
    ASSERT_EQ(flat.size(), 8u);
    for (const auto& [pointer, value] : flat.items())
    {
        const TextPosition here = document->ValuePosition(pointer);
        EXPECT_NE(here, document->ValuePosition(pointer.substr(0, pointer.rfind('/')))) << pointer;
    }
}

TEST(JsonDocument, KeepsTheOrderAndTheValuesOfTheText)
{
    const auto document = JsonDocument::Parse("\xEF\xBB\xBF"
                                              R"({"z": -1.5e2, "a": "\ud83d\ude00\n",
        "m": [true, false, null, 18446744073709551615]})");
    ASSERT_TRUE(document.has_value());
    EXPECT_EQ(document->Root().begin().key(), "z");
    EXPECT_EQ(document->Root()["z"], -150.0);
    EXPECT_EQ(document->Root()["a"], "\xF0\x9F\x98\x80\n");
    EXPECT_EQ(document->Root()["m"][3], 18446744073709551615u);
}

TEST(JsonDocument, EveryTruncationIsAnErrorOfTheScanner)
{
    const std::string_view whole = SCENARIO.substr(0, SCENARIO.size() - 1);
    for (size_t octets = 0; octets < whole.size(); ++octets)
    {
        const JsonError error = ErrorOf(whole.substr(0, octets));
        // nlohmann's own messages begin with "[json.exception": ours must have come first.
        EXPECT_FALSE(error.message.starts_with("[json")) << octets << ": " << error.message;
    }
}

TEST(JsonDocument, ScannerAndParserAgreeOnEveryChangedOctet)
{
    const std::string good = R"({"a":[1,-2.5e+3,"x\n\u00e9"],"b":{"c":null,"d":true}})";
    for (size_t i = 0; i < good.size(); ++i)
    {
        for (int octet = 0; octet < 256; ++octet)
        {
            std::string text = good;
            text[i] = static_cast<char>(octet);
            const auto document = JsonDocument::Parse(text);
            const bool parserAccepts = nlohmann::json::accept(text, true);
            if (document)
            {
                EXPECT_TRUE(parserAccepts) << text;
            }
            else
            {
                EXPECT_FALSE(document.error().message.starts_with("[json")) << text;
                // We are stricter in one thing only.
                EXPECT_TRUE(!parserAccepts ||
                            document.error().message.find("duplicate key") != std::string::npos)
                    << text << ": " << document.error().message;
            }
        }
    }
}

TEST(JsonDocument, ErrorReadsLikeACompilers)
{
    EXPECT_EQ(ErrorOf("{\"a\": [1 2]}").ToString("moon.json"),
              "moon.json:1:10: /a: expected ',' or ']' after an element, found '2'");
    EXPECT_EQ(AppendPointer("/a", "b/c~d"), "/a/b~1c~0d");
}

} // namespace
} // namespace ikelab::io
