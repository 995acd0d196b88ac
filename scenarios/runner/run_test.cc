// SPDX-License-Identifier: GPL-2.0-only
#include "io/text_file.h"
#include "runner/run.h"

#include "ns3/simulator.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <random>
#include <sstream>

namespace ikelab::runner
{

namespace
{

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class RunTest : public ::testing::Test
{
  protected:
    RunTest()
    {
        m_options.scenario = IKELAB_SOURCE_DIR "/scenarios/site_to_site.json";
        m_above = fs::temp_directory_path() /
                  ("ikelab-run-test-" + std::to_string(std::random_device{}()));
        fs::create_directories(m_above);
    }

    ~RunTest() override
    {
        fs::remove_all(m_above);
    }

    int
    Run(const std::string& name)
    {
        m_options.folder = (m_above / name).string();
        m_out.str("");
        m_err.str("");
        return RunScenario(m_options, m_out, m_err);
    }

    /// All files of a run.
    std::map<std::string, std::string>
    FilesOf(const std::string& name) const
    {
        std::map<std::string, std::string> files;
        for (const auto& entry : fs::recursive_directory_iterator(m_above / name))
        {
            if (entry.is_regular_file())
            {
                const auto text = io::ReadTextFile(entry.path().string());
                EXPECT_TRUE(text);
                files[fs::relative(entry.path(), m_above / name).string()] = text.value_or("");
            }
        }
        return files;
    }

    size_t
    EntriesAbove() const
    {
        return static_cast<size_t>(std::distance(fs::directory_iterator(m_above), {}));
    }

    RunOptions m_options;
    fs::path m_above;
    std::ostringstream m_out;
    std::ostringstream m_err;
};

TEST_F(RunTest, RepeatsItselfInOneProcess)
{
    // ns-3 numbers packets, nodes and addresses over all its runs.
    ASSERT_EQ(Run("first"), EXIT_GOOD) << m_err.str();
    m_options.seed = 99;
    ASSERT_EQ(Run("another"), EXIT_GOOD) << m_err.str();
    m_options.seed = 1;
    ASSERT_EQ(Run("again"), EXIT_GOOD) << m_err.str();
    const auto first = FilesOf("first");
    const auto again = FilesOf("again");
    ASSERT_GT(first.size(), 10u);
    ASSERT_EQ(first.size(), again.size());
    for (const auto& [name, text] : first)
    {
        EXPECT_TRUE(again.at(name) == text) << name;
    }
    EXPECT_FALSE(FilesOf("another").at("capture.pcapng") == first.at("capture.pcapng"));
}

TEST_F(RunTest, WhatIsDrawnAndAskedForChangesNothing)
{
    ASSERT_EQ(Run("plain"), EXIT_GOOD);
    m_options.progress = true;
    m_options.stop = []
    {
        return false;
    };
    ASSERT_EQ(Run("watched"), EXIT_GOOD);
    EXPECT_NE(m_err.str().find("\rsite_to_site  50 %"), std::string::npos);
    EXPECT_TRUE(FilesOf("plain") == FilesOf("watched"));
}

TEST_F(RunTest, StoppedHalfWayItLeavesNothing)
{
    int frames = 0;
    m_options.stop = [&frames]
    {
        return ++frames == 500;
    };
    EXPECT_EQ(Run("x"), EXIT_STOPPED);
    EXPECT_EQ(frames, 500) << "asked again after it had said yes";
    EXPECT_EQ(m_out.str(), "");
    EXPECT_EQ(EntriesAbove(), 0u);
    m_options.stop = nullptr;
    EXPECT_EQ(Run("x"), EXIT_GOOD) << "the next run in this process is as good as any";
}

TEST_F(RunTest, ABrokenClaimIsAnExitStatusAndStillAFolder)
{
    m_options.set = {"expect.links.wan.frames={\"max\": 10}"};
    EXPECT_EQ(Run("x"), EXIT_CLAIM_BROKEN);
    EXPECT_TRUE(FilesOf("x").contains("summary.json"));
    EXPECT_NE(m_out.str().find("BROKEN /expect/links/wan/frames: wanted at most 10, found "),
              std::string::npos)
        << m_out.str();
}

TEST_F(RunTest, BadInputIsToldAndLeavesNothing)
{
    m_options.set = {"links.wan.delay=soon"};
    EXPECT_EQ(Run("x"), EXIT_BAD_INPUT);
    EXPECT_NE(m_err.str().find("/links/wan/delay"), std::string::npos);
    EXPECT_EQ(EntriesAbove(), 0u);
}

/// The story made short, with nothing lost.
std::vector<std::string>
InRealTime()
{
    return {"clock=real",
            "duration=1500ms",
            "links.wan.loss=0%",
            "timeline=[]",
            R"(traffic={"ping": {"kind": "ping", "from": "alice", "to": "bob", "start": "700ms",)"
            R"( "count": 3, "interval": "100ms"}})",
            R"(expect={"traffic": {"ping": {"received": 3, "rtt_min": {"min": "80ms"}}}})"};
}

nlohmann::json
SummaryIn(const std::map<std::string, std::string>& files)
{
    return nlohmann::json::parse(files.at("summary.json"));
}

TEST_F(RunTest, TheRealClockTakesItsTime)
{
    m_options.set = InRealTime();
    const auto began = std::chrono::steady_clock::now();
    ASSERT_EQ(Run("real"), EXIT_GOOD) << m_out.str() << m_err.str();
    EXPECT_GE(std::chrono::steady_clock::now() - began, 1500ms);
    const auto summary = SummaryIn(FilesOf("real"));
    EXPECT_EQ(summary.at("clock"), "real");
    EXPECT_EQ(summary.at("repeatable"), false);
    EXPECT_GE(summary.at("ended_ns"), 1'500'000'000);
    EXPECT_GT(summary.at("epoch_s"), 1'700'000'000) << "it is not the epoch of virtual time";
    EXPECT_NE(m_out.str().find("in real time, never more than "), std::string::npos) << m_out.str();

    m_options.set.front() = "clock=virtual";
    ASSERT_EQ(Run("virtual"), EXIT_GOOD) << "the next run in this process has its own clock";
    ASSERT_EQ(Run("again"), EXIT_GOOD);
    EXPECT_TRUE(FilesOf("virtual") == FilesOf("again"));
    EXPECT_EQ(SummaryIn(FilesOf("again")).at("repeatable"), true);
}

TEST_F(RunTest, StoppedInRealTimeItSaysGoodbyeAndIsKept)
{
    m_options.set = InRealTime();
    m_options.set[1] = "duration=60s";
    m_options.stop = []
    {
        // A busy machine is late with what it simulates: the pings are over by the simulated clock.
        return ns3::Simulator::Now() > ns3::MilliSeconds(1500);
    };
    EXPECT_EQ(Run("x"), EXIT_GOOD) << m_out.str() << m_err.str();
    const auto files = FilesOf("x");
    const auto summary = SummaryIn(files);
    EXPECT_LT(summary.at("ended_ns"), 10'000'000'000);
    EXPECT_EQ(summary.at("gateways").at("moon").at("ike_sas_open"), 0);
    EXPECT_EQ(summary.at("gateways").at("sun").at("ike_sas_open"), 0);
    EXPECT_NE(files.at("ladder.txt").find("[ D ]"), std::string::npos);
}

TEST_F(RunTest, ATapDeviceThatIsNotThereIsBadInput)
{
    m_options.set = {"clock=real",
                     R"(nodes.eve={"kernel": {}})",
                     R"(links.eve={"ends": {"eve/no-such-tap": "10.3.0.2/24",)"
                     R"( "moon/eve": "10.3.0.1/24"}})"};
    EXPECT_EQ(Run("x"), EXIT_BAD_INPUT);
    EXPECT_NE(
        m_err.str().find("/links/eve/ends/eve~1no-such-tap: there is no interface no-such-tap; "
                         "make it: ip tuntap add dev no-such-tap mode tap"),
        std::string::npos)
        << m_err.str();
    EXPECT_EQ(EntriesAbove(), 0u);
}

TEST_F(RunTest, FindsScenariosByName)
{
    const auto scenarios = ListScenarios({IKELAB_SOURCE_DIR "/scenarios"});
    const auto found = std::ranges::find(scenarios, "site_to_site", &ScenarioInfo::name);
    ASSERT_NE(found, scenarios.end());
    EXPECT_NE(found->title, "");
    for (const ScenarioInfo& info : scenarios)
    {
        EXPECT_NE(info.title, "") << info.file;
    }
    EXPECT_TRUE(ListScenarios({"/no/such/folder"}).empty());
}

} // namespace

} // namespace ikelab::runner
