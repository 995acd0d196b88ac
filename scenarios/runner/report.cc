// SPDX-License-Identifier: GPL-2.0-only
#include "runner/report.h"

#include "gateway/event_json.h"
#include "runner/units.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <array>

namespace ikelab::runner
{

namespace
{

using Json = nlohmann::ordered_json;

/// Counts as whole numbers, times in nanoseconds.
Json
ValueOf(const Metric& metric, const std::optional<double>& value)
{
    if (!value)
    {
        return nullptr;
    }
    if (metric.unit == Unit::COUNT || metric.unit == Unit::TIME)
    {
        return static_cast<int64_t>(*value);
    }
    return *value;
}

Json
FrameOf(const std::optional<uint64_t>& frame)
{
    return frame ? Json(*frame) : Json(nullptr);
}

/// "; see frame 77"
std::string
SeeFrame(const std::optional<uint64_t>& frame)
{
    return frame ? fmt::format("; see frame {}", *frame) : "";
}

std::string
KeyOf(const Metric& metric)
{
    const std::string_view suffix = metric.unit == Unit::TIME   ? "_ns"
                                    : metric.unit == Unit::RATE ? "_bps"
                                                                : "";
    return fmt::format("{}{}", metric.name, suffix);
}

Json
MetricsOf(const RunResult& result, Subject subject, size_t index)
{
    Json json = Json::object();
    for (const Metric& metric : Metrics())
    {
        if (metric.subject == subject)
        {
            json[KeyOf(metric)] = ValueOf(metric, Measure(result, metric, index));
        }
    }
    return json;
}

void
PrintGateways(std::ostream& out, const Scenario& scenario, const RunResult& result)
{
    for (const SaRecord& sa : result.sas)
    {
        // The initiator's end is enough for people.
        if (!sa.initiator)
        {
            continue;
        }
        const std::string& node = scenario.nodes[sa.node].name;
        const std::string ended =
            sa.closed ? fmt::format(", closed at {} ({})", FormatTime(*sa.closed), sa.reason) : "";
        if (sa.child)
        {
            fmt::print(out,
                       "  {:<12} CHILD_SA {} at {}, {}{}\n",
                       node,
                       sa.name,
                       FormatTime(sa.established),
                       sa.suite,
                       ended);
            continue;
        }
        fmt::print(out,
                   "  {:<12} IKE_SA {} set up in {}, {}{}\n",
                   node,
                   sa.connection,
                   FormatTime(sa.setup.value_or(Duration{0})),
                   sa.suite,
                   ended);
    }
    if (result.sas.empty())
    {
        fmt::print(out, "  no SA was set up\n");
    }
}

void
PrintFlows(std::ostream& out, const Scenario& scenario, const RunResult& result)
{
    for (FlowIndex i = 0; i < scenario.flows.size(); ++i)
    {
        const Flow& flow = scenario.flows[i];
        const FlowResult& outcome = result.flows[i];
        std::string text;
        if (flow.kind == FlowKind::TCP)
        {
            text = fmt::format("{} of {} octets delivered", outcome.octets, flow.bytes);
        }
        else
        {
            text = fmt::format("{} of {} {} delivered",
                               outcome.received,
                               outcome.sent,
                               flow.kind == FlowKind::PING ? "pings" : "packets");
        }
        const RoundTrips times = RoundTripsOf(outcome);
        if (flow.kind == FlowKind::PING && times.mean)
        {
            text += fmt::format(", round trip {} (shortest {}, longest {})",
                                FormatValue(Unit::TIME, times.mean),
                                FormatValue(Unit::TIME, times.shortest),
                                FormatValue(Unit::TIME, times.longest));
        }
        fmt::print(out,
                   "  {:<12} {} -> {}: {}\n",
                   flow.name,
                   scenario.nodes[flow.from].name,
                   scenario.nodes[flow.to].name,
                   text);
    }
}

/// A path as one word of a shell.
std::string
ShellWord(const std::string& path)
{
    const auto isPlain = [](char letter)
    {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') ||
               std::string_view("/._-+").find(letter) != std::string_view::npos;
    };
    if (std::ranges::all_of(path, isPlain))
    {
        return path;
    }
    std::string quoted = "'";
    for (const char letter : path)
    {
        quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    }
    return quoted + "'";
}

} // namespace

std::string
RunLabel::ToString() const
{
    std::string text =
        fmt::format("scenario {}, seed {}, ikelab {}", scenario, seed, IKELAB_VERSION);
    if (realTime)
    {
        text += ", in real time";
    }
    for (const std::string& change : set)
    {
        text += ", --set " + change;
    }
    return text;
}

bool
Passed(const std::vector<Finding>& findings, const RunResult& result)
{
    // A story whose commands do not happen is not the story that was claimed.
    return result.failedCommands.empty() && std::ranges::all_of(findings, &Finding::holds) &&
           std::ranges::all_of(result.invariants, &Invariant::holds);
}

Json
SummaryOf(const Scenario& scenario,
          const RunLabel& label,
          const RunResult& result,
          const std::vector<Finding>& findings)
{
    Json json;
    json["scenario"] = label.scenario;
    json["title"] = scenario.title;
    json["seed"] = label.seed;
    json["set"] = label.set;
    json["version"] = IKELAB_VERSION;
    json["clock"] = label.realTime ? "real" : "virtual";
    json["repeatable"] = !label.realTime;
    json["duration_ns"] = scenario.duration.count();
    if (label.realTime)
    {
        json["ended_ns"] = result.ended.count();
        json["behind_max_ns"] = result.latest.count();
    }
    json["epoch_s"] = std::chrono::duration_cast<std::chrono::seconds>(scenario.epoch).count();
    json["crypto"] = label.realTime ? "real" : "real, at no cost of virtual time";
    json["result"] = Passed(findings, result) ? "pass" : "fail";
    json["claims"] = Json::array();
    for (const Finding& finding : findings)
    {
        const Claim& claim = *finding.claim;
        json["claims"].push_back({{"claim", claim.pointer},
                                  {"wanted", claim.wanted},
                                  {"found", FormatValue(claim.metric->unit, finding.value)},
                                  {"value", ValueOf(*claim.metric, finding.value)},
                                  {"holds", finding.holds},
                                  {"frame", FrameOf(finding.frame)}});
    }
    json["invariants"] = Json::array();
    for (const Invariant& invariant : result.invariants)
    {
        json["invariants"].push_back({{"name", invariant.name},
                                      {"text", invariant.text},
                                      {"checked", invariant.checked},
                                      {"holds", invariant.holds},
                                      {"detail", invariant.detail},
                                      {"frame", FrameOf(invariant.frame)}});
    }
    json["gateways"] = Json::object();
    for (NodeIndex i = 0; i < scenario.nodes.size(); ++i)
    {
        if (!scenario.nodes[i].ipsec)
        {
            continue;
        }
        Json& gateway = json["gateways"][scenario.nodes[i].name];
        gateway = MetricsOf(result, Subject::NODE, i);
        gateway["open"] = Json::array();
        for (const ike::IkeSaInfo& sa : result.gateways[i].open)
        {
            gateway["open"].push_back(gateway::SaToJson(sa));
        }
    }
    json["traffic"] = Json::object();
    for (FlowIndex i = 0; i < scenario.flows.size(); ++i)
    {
        json["traffic"][scenario.flows[i].name] = MetricsOf(result, Subject::FLOW, i);
    }
    json["links"] = Json::object();
    for (LinkIndex i = 0; i < scenario.links.size(); ++i)
    {
        json["links"][scenario.links[i].name] = MetricsOf(result, Subject::LINK, i);
    }
    json["failed_commands"] = result.failedCommands;
    json["captured_frames"] = result.capturedFrames;
    return json;
}

void
PrintAnswer(std::ostream& out,
            const std::string& folder,
            const Scenario& scenario,
            const RunLabel& label,
            const RunResult& result,
            const std::vector<Finding>& findings)
{
    fmt::print(out,
               "{}, seed {}: {}\n\n",
               label.scenario,
               label.seed,
               scenario.title.empty() ? "done" : scenario.title);
    PrintGateways(out, scenario, result);
    PrintFlows(out, scenario, result);
    for (LinkIndex i = 0; i < scenario.links.size(); ++i)
    {
        if (result.links[i].lost > 0)
        {
            fmt::print(out,
                       "  {:<12} lost {} of {} frames\n",
                       scenario.links[i].name,
                       result.links[i].lost,
                       result.links[i].frames);
        }
    }
    out << "\n";
    for (const std::string& failed : result.failedCommands)
    {
        fmt::print(out, "  command failed: {}\n", failed);
    }
    for (const Finding& finding : findings)
    {
        if (!finding.holds)
        {
            fmt::print(out,
                       "  BROKEN {}: wanted {}, found {}{}\n",
                       finding.claim->pointer,
                       finding.claim->wanted,
                       FormatValue(finding.claim->metric->unit, finding.value),
                       SeeFrame(finding.frame));
        }
    }
    for (const Invariant& invariant : result.invariants)
    {
        if (!invariant.holds)
        {
            fmt::print(out,
                       "  BROKEN {}: {}{}\n",
                       invariant.text,
                       invariant.detail,
                       SeeFrame(invariant.frame));
        }
    }
    const auto held = std::ranges::count_if(findings, &Finding::holds);
    const auto kept = std::ranges::count_if(result.invariants, &Invariant::holds);
    if (label.realTime)
    {
        fmt::print(out,
                   "  {} in real time, never more than {} late; another run gives other octets\n",
                   FormatTime(result.ended),
                   FormatTime(result.latest));
    }
    fmt::print(out,
               "  {} of {} claims and {} of {} invariants hold\n",
               held,
               findings.size(),
               kept,
               result.invariants.size());
    const std::string capture = folder + "/capture.pcapng";
    fmt::print(out,
               "\nThe capture has {} frames: {}\nOpen it decrypted:\n",
               result.capturedFrames,
               capture);
    fmt::print(out,
               "  WIRESHARK_CONFIG_DIR={} wireshark -C ikelab {}\n",
               ShellWord(folder + "/wireshark"),
               ShellWord(capture));
    fmt::print(out, "The messages in the order of time: {}/ladder.txt\n", folder);
}

Json
PlanOf(const Scenario& scenario, const RunLabel& label)
{
    Json json{{"scenario", label.scenario},
              {"title", scenario.title},
              {"seed", label.seed},
              {"set", label.set},
              {"clock", label.realTime ? "real" : "virtual"},
              {"duration_ns", scenario.duration.count()}};
    for (const Node& node : scenario.nodes)
    {
        json["nodes"].push_back({{"name", node.name},
                                 {"gateway", node.ipsec.has_value()},
                                 {"kernel", node.kernel.has_value()}});
    }
    for (LinkIndex i = 0; i < scenario.links.size(); ++i)
    {
        json["links"].push_back(
            {{"name", scenario.links[i].name},
             {"ends", {scenario.InterfaceName(i, 0), scenario.InterfaceName(i, 1)}}});
    }
    for (const Flow& flow : scenario.flows)
    {
        json["traffic"].push_back({{"name", flow.name},
                                   {"kind", ToString(flow.kind)},
                                   {"source", flow.source.ToString()},
                                   {"destination", flow.destination.ToString()}});
    }
    json["steps"] = scenario.timeline.size();
    json["claims"] = scenario.claims.size();
    return json;
}

void
PrintPlan(std::ostream& out, const Scenario& scenario, const RunLabel& label)
{
    fmt::print(out,
               "{}, seed {}: {}\n\n  {} of {} time, {} steps, {} claims\n",
               label.scenario,
               label.seed,
               scenario.title,
               FormatTime(scenario.duration),
               label.realTime ? "real" : "virtual",
               scenario.timeline.size(),
               scenario.claims.size());
    for (LinkIndex i = 0; i < scenario.links.size(); ++i)
    {
        const Link& link = scenario.links[i];
        if (const auto kernelEnd = scenario.KernelEnd(i))
        {
            const Interface& tap = link.ends[*kernelEnd];
            const std::string& netns = scenario.nodes[tap.node].kernel->netns;
            fmt::print(out,
                       "  link {:<9} {} -- {}: TAP device {}{}, MTU {}\n",
                       link.name,
                       scenario.InterfaceName(i, 0),
                       scenario.InterfaceName(i, 1),
                       tap.name,
                       netns.empty() ? "" : " in network namespace " + netns,
                       link.mtu);
            continue;
        }
        fmt::print(out,
                   "  link {:<9} {} -- {}: delay {}, loss {}, {}, MTU {}\n",
                   link.name,
                   scenario.InterfaceName(i, 0),
                   scenario.InterfaceName(i, 1),
                   FormatTime(link.quality.delay),
                   FormatPercent(link.quality.loss),
                   FormatRate(static_cast<double>(link.rate)),
                   link.mtu);
    }
    for (const Flow& flow : scenario.flows)
    {
        fmt::print(out,
                   "  {} {:<9} {} -> {}\n",
                   ToString(flow.kind),
                   flow.name,
                   flow.source.ToString(),
                   flow.destination.ToString());
    }
    fmt::print(out, "\nThe scenario is good; nothing was run and nothing written.\n");
}

} // namespace ikelab::runner
