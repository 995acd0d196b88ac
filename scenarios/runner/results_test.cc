// SPDX-License-Identifier: GPL-2.0-only
#include "runner/evidence.h"
#include "runner/report.h"
#include "runner/testing/story.h"

#include <gmock/gmock.h>

#include <set>
#include <sstream>

namespace ikelab::runner
{

namespace
{

using namespace std::chrono_literals;
using namespace testing;
using ::testing::HasSubstr;

/// The findings of one claim.
Finding
Only(const std::vector<Finding>& findings)
{
    EXPECT_EQ(findings.size(), 1u);
    return findings.front();
}

TEST(Results, EveryMetricCanBeMeasured)
{
    const Scenario scenario = ReadStory();
    RunResult result = MakeResult(scenario);
    result.gateways[MOON].setupTime = 1ms;
    FlowResult& flow = result.flows[0];
    flow.trips = {{1s, Duration{80ms}}, {2s, {}}};
    flow.sent = 2;
    flow.received = 1;
    flow.octets = 56;
    flow.firstSent = 1s;
    flow.lastReceived = 1080ms;
    std::set<std::string_view> names;
    for (const Metric& metric : Metrics())
    {
        EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
        const size_t subject = metric.subject == Subject::NODE ? MOON : 0;
        EXPECT_TRUE(Measure(result, metric, subject)) << metric.name;
        EXPECT_NE(metric.help, "");
    }
    EXPECT_EQ(names.size(), 32u);
}

TEST(Results, AClaimHoldsAtItsEdges)
{
    const Scenario scenario =
        ReadStory({"expect={\"links\": {\"wan\": {\"frames\": {\"min\": 3, \"max\": 5}}}}"});
    RunResult result = MakeResult(scenario);
    for (const auto& [frames, holds] :
         {std::pair(2, false), std::pair(3, true), std::pair(5, true), std::pair(6, false)})
    {
        result.links[WAN].frames = static_cast<uint64_t>(frames);
        const Finding finding = Only(Judge(scenario, result));
        EXPECT_EQ(finding.holds, holds) << frames;
        EXPECT_EQ(finding.value, frames);
    }
}

TEST(Results, WhatCouldNotBeMeasuredDoesNotHold)
{
    const Scenario scenario =
        ReadStory({"expect={\"nodes\": {\"moon\": {\"setup_time\": {\"max\": \"1h\"}}}}"});
    const RunResult result = MakeResult(scenario);
    const Finding finding = Only(Judge(scenario, result));
    EXPECT_FALSE(finding.value);
    EXPECT_FALSE(finding.holds);
    EXPECT_FALSE(Passed({finding}, result));
    RunResult untold;
    EXPECT_TRUE(Passed({}, untold));
    untold.failedCommands.push_back("moon liveness net: NOT_FOUND");
    EXPECT_FALSE(Passed({}, untold)) << "a command that failed";
}

TEST(Results, ABrokenInvariantIsNoPass)
{
    RunResult result;
    EXPECT_TRUE(Passed({}, result));
    result.invariants.emplace_back();
    EXPECT_TRUE(Passed({}, result));
    result.invariants.back().holds = false;
    EXPECT_FALSE(Passed({}, result));
}

TEST(Results, RoundTripsAreOfWhatCameBack)
{
    FlowResult flow;
    EXPECT_FALSE(RoundTripsOf(flow).mean);
    flow.trips = {{1s, Duration{30ms}}, {2s, {}}, {3s, Duration{10ms}}};
    EXPECT_EQ(RoundTripsOf(flow).shortest, 10e6);
    EXPECT_EQ(RoundTripsOf(flow).mean, 20e6);
    EXPECT_EQ(RoundTripsOf(flow).longest, 30e6);
}

TEST(Results, ValuesHaveTheirUnits)
{
    EXPECT_EQ(FormatValue(Unit::COUNT, 98), "98");
    EXPECT_EQ(FormatValue(Unit::TIME, 160.076e6), "160.076 ms");
    EXPECT_EQ(FormatValue(Unit::SHARE, 0.012), "1.2 %");
    EXPECT_EQ(FormatValue(Unit::RATE, 2.5e6), "2.50 Mbit/s");
    EXPECT_EQ(FormatValue(Unit::COUNT, {}), "nothing");
}

/// A broken claim's moment in a run that `fill` describes.
template <typename Fill>
std::optional<Moment>
MomentOfClaim(std::string_view change, Fill fill)
{
    const Scenario scenario = ReadStory({change});
    RunResult result = MakeResult(scenario);
    fill(result);
    const auto findings = Judge(scenario, result);
    EXPECT_FALSE(Only(findings).holds);
    return MomentOf(scenario, findings.front(), result);
}

TEST(Evidence, OfTooManyIsTheFirstTooMany)
{
    const auto moment =
        MomentOfClaim("expect={\"nodes\": {\"moon\": {\"retransmissions\": 1}}}",
                      [](RunResult& result)
                      {
                          result.gateways[MOON].retransmissions = 3;
                          result.gateways[MOON].moments["retransmissions"] = {1s, 2s, 4s};
                      });
    ASSERT_TRUE(moment);
    EXPECT_EQ(moment->place, "moon");
    EXPECT_EQ(moment->at, Duration{2s});
}

TEST(Evidence, OfNothingIsTheLastMessage)
{
    const auto moment =
        MomentOfClaim("expect={\"nodes\": {\"moon\": {\"ike_sas_established\": 1}}}",
                      [](RunResult& result) { result.gateways[MOON].lastMessage = 9s; });
    ASSERT_TRUE(moment);
    EXPECT_EQ(moment->at, Duration{9s});
}

TEST(Evidence, OfALostPacketIsItsSending)
{
    const auto moment = MomentOfClaim("expect={\"traffic\": {\"ping\": {\"lost\": 0}}}",
                                      [](RunResult& result)
                                      {
                                          FlowResult& flow = result.flows[0];
                                          flow.firstSent = 1s;
                                          flow.trips = {{1s, Duration{80ms}}, {2s, {}}, {3s, {}}};
                                          flow.sent = 3;
                                          flow.received = 1;
                                      });
    ASSERT_TRUE(moment);
    EXPECT_EQ(moment->place, "alice");
    EXPECT_EQ(moment->at, Duration{2s});
}

TEST(Evidence, OfATimeIsThePacketThatTookIt)
{
    for (const auto& [limit, at] :
         {std::pair("\"max\": \"50ms\"", 1s), std::pair("\"min\": \"5s\"", 3s)})
    {
        const auto moment = MomentOfClaim(
            "expect={\"traffic\": {\"ping\": {\"rtt_avg\": {" + std::string(limit) + "}}}}",
            [](RunResult& result)
            {
                FlowResult& flow = result.flows[0];
                flow.firstSent = 1s;
                flow.trips = {{1s, Duration{90ms}}, {2s, {}}, {3s, Duration{70ms}}};
            });
        ASSERT_TRUE(moment);
        EXPECT_EQ(moment->at, Duration{at}) << limit;
    }
}

TEST(Evidence, OfAStuckTransferIsWhatCameLast)
{
    const auto moment = MomentOfClaim("expect={\"traffic\": {\"file\": {\"octets\": 1000}}}",
                                      [](RunResult& result)
                                      {
                                          result.flows[1].firstSent = 1s;
                                          result.flows[1].lastReceived = 4s;
                                      });
    ASSERT_TRUE(moment);
    EXPECT_EQ(moment->place, "bob");
    EXPECT_EQ(moment->at, Duration{4s});
}

TEST(Evidence, OfALinkIsItsFirstOne)
{
    const auto moment = MomentOfClaim("expect={\"links\": {\"wan\": {\"clear_packets\": 0}}}",
                                      [](RunResult& result)
                                      {
                                          result.links[WAN].clear = 2;
                                          result.links[WAN].firstClear = Moment{"moon/wan", 3s};
                                      });
    ASSERT_TRUE(moment);
    EXPECT_EQ(moment->place, "moon/wan");
    EXPECT_FALSE(
        MomentOfClaim("expect={\"links\": {\"wan\": {\"frames\": 1}}}", [](RunResult&) {}));
}

TEST(Evidence, TheFrameIsTheFirstThereFromThenOn)
{
    io::Capture capture;
    capture.interfaces.resize(3);
    capture.interfaces[0].name = "moon/lan";
    capture.interfaces[1].name = "moon/wan";
    capture.interfaces[2].name = "moonlight/wan";
    const Duration epoch = 1000s;
    const auto add = [&](uint32_t interface, Duration at)
    {
        auto& packet = capture.packets.emplace_back();
        packet.interface = interface;
        packet.sinceEpoch = epoch + at;
    };
    add(0, 1s); // frame 1
    add(2, 2s);
    add(1, 2s);
    add(0, 3s); // frame 4
    EXPECT_EQ(FrameAt(capture, epoch, {"moon", 2s}), 3u);
    EXPECT_EQ(FrameAt(capture, epoch, {"moon/lan", 2s}), 4u);
    EXPECT_EQ(FrameAt(capture, epoch, {"moon", 9s}), 4u) << "the last one if there is none later";
    EXPECT_FALSE(FrameAt(capture, epoch, {"sun", 0s}));
}

class ReportTest : public ::testing::Test
{
  protected:
    std::string
    Answer()
    {
        std::ostringstream out;
        PrintAnswer(out,
                    "out/it's mine",
                    m_scenario,
                    {"story", 7, {}},
                    m_result,
                    Judge(m_scenario, m_result));
        return out.str();
    }

    Scenario m_scenario = ReadStory({"expect={\"links\": {\"wan\": {\"clear_packets\": 0}}}"});
    RunResult m_result = MakeResult(m_scenario);
};

TEST_F(ReportTest, TheAnswerSaysWhatPeopleAskFirst)
{
    SaRecord sa;
    sa.node = MOON;
    sa.connection = "site";
    sa.initiator = true;
    sa.suite = "AES";
    sa.setup = 160ms;
    m_result.sas.push_back(sa);
    m_result.flows[0].sent = 3;
    m_result.flows[0].received = 2;
    m_result.flows[1].octets = 1000;
    m_result.capturedFrames = 77;
    const std::string said = Answer();
    EXPECT_THAT(said, HasSubstr("story, seed 7: A story\n"));
    EXPECT_THAT(said, HasSubstr("moon         IKE_SA site set up in 160.000 ms, AES\n"));
    EXPECT_THAT(said, HasSubstr("alice -> bob: 2 of 3 pings delivered\n"));
    EXPECT_THAT(said, HasSubstr("alice -> bob: 1000 of 1000 octets delivered\n"));
    EXPECT_THAT(said, HasSubstr("1 of 1 claims and 0 of 0 invariants hold\n"));
    EXPECT_THAT(said, HasSubstr("77 frames"));
    EXPECT_THAT(said,
                HasSubstr("WIRESHARK_CONFIG_DIR='out/it'\\''s mine/wireshark' wireshark -C ikelab "
                          "'out/it'\\''s mine/capture.pcapng'\n"));
}

TEST_F(ReportTest, WhatIsBrokenIsNamedWithItsFrame)
{
    m_result.links[WAN].clear = 2;
    auto findings = Judge(m_scenario, m_result);
    findings.front().frame = 12;
    m_result.invariants.push_back({"no_leak", "nothing leaks", true, false, "it did", {}, 13});
    m_result.failedCommands.push_back("moon initiate net: NOT_FOUND");
    std::ostringstream out;
    PrintAnswer(out, "x", m_scenario, {"story", 7, {}}, m_result, findings);
    EXPECT_THAT(
        out.str(),
        HasSubstr("BROKEN /expect/links/wan/clear_packets: wanted 0, found 2; see frame 12\n"));
    EXPECT_THAT(out.str(), HasSubstr("BROKEN nothing leaks: it did; see frame 13\n"));
    EXPECT_THAT(out.str(), HasSubstr("command failed: moon initiate net: NOT_FOUND\n"));
    const auto summary = SummaryOf(m_scenario, {"story", 7, {"a=b"}}, m_result, findings);
    EXPECT_EQ(summary.at("result"), "fail");
    EXPECT_EQ(summary.at("claims").at(0).at("frame"), 12);
    EXPECT_EQ(summary.at("invariants").at(0).at("frame"), 13);
    EXPECT_EQ(summary.at("set").at(0), "a=b");
    EXPECT_EQ(summary.at("seed"), 7);
}

TEST_F(ReportTest, TheSummaryHasEveryMetricOfEveryPart)
{
    const auto summary = SummaryOf(m_scenario, {"story", 7, {}}, m_result, {});
    EXPECT_EQ(summary.at("result"), "pass");
    EXPECT_EQ(summary.at("gateways").size(), 2u);
    EXPECT_TRUE(summary.at("gateways").at("moon").at("setup_time_ns").is_null());
    EXPECT_EQ(summary.at("links").at("wan").at("frames_lost"), 0);
    EXPECT_TRUE(summary.at("traffic").at("ping").contains("rtt_avg_ns"));
    EXPECT_TRUE(summary.at("traffic").at("file").contains("throughput_bps"));
}

TEST_F(ReportTest, AnEmptyRunSaysSo)
{
    EXPECT_THAT(Answer(), HasSubstr("no SA was set up\n"));
}

TEST_F(ReportTest, ThePlanNamesLinksAndTraffic)
{
    std::ostringstream out;
    PrintPlan(out, m_scenario, {"story", 7, {}});
    EXPECT_THAT(out.str(), HasSubstr("moon/wan -- sun/wan: delay 40.000 ms, loss 1 %"));
    EXPECT_THAT(out.str(), HasSubstr("tcp file      10.1.0.10 -> 10.2.0.10\n"));
    EXPECT_EQ(PlanOf(m_scenario, {"story", 7, {}}).at("links").size(), 3u);
}

} // namespace

} // namespace ikelab::runner
