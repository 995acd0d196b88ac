// SPDX-License-Identifier: GPL-2.0-only
#include "runner/scenario_text.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace ikelab::runner
{

namespace
{

/// A folder that is gone after the test.
class Folder
{
  public:
    Folder()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "ikelab-XXXXXX").string();
        m_path = mkdtemp(pattern.data());
    }

    ~Folder()
    {
        std::filesystem::remove_all(m_path);
    }

    std::string
    Write(const std::string& name, const std::string& text) const
    {
        const auto path = std::filesystem::path(m_path) / name;
        std::ofstream(path) << text;
        return path.string();
    }

    const std::string&
    Path() const
    {
        return m_path;
    }

  private:
    std::string m_path;
};

constexpr std::string_view TEXT = R"({
  "seed": 1,
  "links": {
    "wan": {"loss": "1%"}
  },
  "list": [{"name": "a", "x": 1}, {"x": 2}]
})";

ScenarioText
Parsed()
{
    auto text = ScenarioText::Parse(TEXT, "s.json");
    EXPECT_TRUE(text) << text.error();
    return std::move(*text);
}

} // namespace

TEST(ScenarioText, SaysWhereASyntaxErrorIs)
{
    const auto text = ScenarioText::Parse("{\n  \"seed\": 1,\n  \"x\": }\n", "s.json");
    ASSERT_FALSE(text);
    EXPECT_TRUE(text.error().starts_with("s.json:3:8: /x: expected ")) << text.error();
}

TEST(ScenarioText, KnowsWhereEachValueStands)
{
    const ScenarioText text = Parsed();
    EXPECT_EQ(text.Where("/seed", true), "s.json:2:3");
    EXPECT_EQ(text.Where("/seed", false), "s.json:2:11");
    EXPECT_EQ(text.Where("/links/wan/loss", false), "s.json:4:21");
    EXPECT_EQ(text.Where("/links/wan/gone", false), "s.json:4:12") << "the object that lacks it";
}

TEST(ScenarioText, SetsValuesByPathPointerIndexAndName)
{
    ScenarioText text = Parsed();
    EXPECT_TRUE(text.Set("links.wan.loss=2%"));
    EXPECT_TRUE(text.Set("/links/wan/delay=40ms"));
    EXPECT_TRUE(text.Set("list.a.x=10"));
    EXPECT_TRUE(text.Set("list.1.x=[1, true]"));
    EXPECT_TRUE(text.Set("fresh.deep.word=yes=no"));
    EXPECT_TRUE(text.Set("seed=null"));
    EXPECT_EQ(text.Root().dump(),
              R"({"links":{"wan":{"loss":"2%","delay":"40ms"}},)"
              R"("list":[{"name":"a","x":10},{"x":[1,true]}],"fresh":{"deep":{"word":"yes=no"}}})");
}

TEST(ScenarioText, BlamesTheSetForWhatItSet)
{
    ScenarioText text = Parsed();
    ASSERT_TRUE(text.Set("links.wan.loss=2"));
    EXPECT_EQ(text.Where("/links/wan/loss", false), "--set links.wan.loss=2");
    EXPECT_EQ(text.Where("/links/wan", false), "s.json:4:12")
        << "what stands beside it is the file's";
}

TEST(ScenarioText, RefusesPathsThatLeadNowhere)
{
    ScenarioText text = Parsed();
    for (const char* assignment : {"links.wan.loss",
                                   "=1",
                                   "seed.x=1",
                                   "list.b.x=1",
                                   "list.7.x=1",
                                   "links..x=1",
                                   "links.van.loss=2"})
    {
        const auto result = text.Set(assignment);
        ASSERT_FALSE(result) << assignment;
        EXPECT_TRUE(result.error().starts_with("--set ")) << result.error();
    }
    EXPECT_EQ(text.Root(), Json::parse(TEXT)) << "a refused --set changes nothing";
    EXPECT_NE(text.Set("list.aa.x=1").error().find("did you mean \"a\"?"), std::string::npos);
    EXPECT_NE(text.Set("links.van.loss=2").error().find("did you mean \"wan\"?"),
              std::string::npos);
    EXPECT_TRUE(text.Set("charon.retransmit_tries=2")) << "a section that was not there";
}

TEST(ScenarioText, LaysAFileOverTheOneItExtends)
{
    const Folder folder;
    folder.Write("base.json", std::string(TEXT));
    const std::string top = folder.Write(
        "top.json",
        "{\"extends\": \"base\",\n \"title\": \"T\",\n \"set\": {\"links.wan.loss\": 5}}");
    const auto text = ScenarioText::Load(top);
    ASSERT_TRUE(text) << text.error();
    EXPECT_EQ(text->Root().at("seed"), 1);
    EXPECT_EQ(text->Root().at("title"), "T");
    EXPECT_EQ(text->Root().at("links").at("wan").at("loss"), 5);
    EXPECT_FALSE(text->Root().contains("extends"));
    EXPECT_EQ(text->Where("/links/wan/loss", false), top + ":3:28");
    EXPECT_TRUE(text->Where("/seed", true).ends_with("base.json:2:3"));
}

TEST(ScenarioText, LooksForABaseBesideTheFileAndThenAmongTheScenarios)
{
    const Folder own;
    const Folder scenarios;
    scenarios.Write("built_in.json", R"({"seed": 1})");
    const std::vector<std::string> folders{scenarios.Path()};
    const std::string top = own.Write("top.json", R"({"extends": "built_in"})");
    const auto found = ScenarioText::Load(top, folders);
    ASSERT_TRUE(found) << found.error();
    EXPECT_EQ(found->Root().at("seed"), 1);
    EXPECT_FALSE(ScenarioText::Load(own.Write("p.json", R"({"extends": "./built_in"})"), folders));
    own.Write("built_in.json", R"({"seed": 2})");
    EXPECT_EQ(ScenarioText::Load(top, folders)->Root().at("seed"), 2);
}

TEST(ScenarioText, RefusesWhatCannotBeExtended)
{
    const Folder folder;
    const std::string loop = folder.Write("loop.json", R"({"extends": "loop"})");
    const std::string gone = folder.Write("gone.json", R"({"extends": "nothing"})");
    const std::string number = folder.Write("number.json", R"({"extends": 1})");
    const std::string list = folder.Write("list.json", "[1]");
    const std::string onList = folder.Write("on_list.json", R"({"extends": "list"})");
    const std::string path = folder.Write("path.json", R"({"extends": "gone2", "set": 3})");
    folder.Write("gone2.json", "{}");
    for (const std::string& file : {loop, gone, number, onList, path})
    {
        const auto text = ScenarioText::Load(file);
        ASSERT_FALSE(text) << file;
        EXPECT_TRUE(text.error().starts_with(file + ":1:")) << text.error();
    }
    EXPECT_FALSE(ScenarioText::Load(folder.Write("x", "") + "missing"));
}

} // namespace ikelab::runner
