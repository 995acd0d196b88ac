// SPDX-License-Identifier: GPL-2.0-only
#include "runner/read_scenario.h"

#include "gateway/config_schema.h"
#include "io/json_document.h"
#include "runner/read_parts.h"
#include "runner/units.h"

#include <fmt/format.h>

#include <algorithm>

namespace ikelab::runner
{

namespace
{

/// A run of a year in virtual time is the longest that anybody asked for.
constexpr Duration DURATION_MAX = std::chrono::hours(24 * 366);
constexpr size_t NAME_OCTETS_MAX = 40;

void
ReadHead(const Json& root, Scenario& scenario, Problems& problems)
{
    ObjectReader reader(root, "", ScenarioRule(), problems);
    std::string ignored;
    reader.Text("$schema", ignored);
    reader.Text("title", scenario.title);
    reader.Text("description", scenario.description);
    reader.Count("seed", scenario.seed);
    if (int clock = 0; reader.Word("clock", clock))
    {
        scenario.clock = static_cast<Clock>(clock);
    }
    if (std::string epoch; reader.Text("epoch", epoch))
    {
        if (const auto moment = ParseEpoch(epoch))
        {
            scenario.epoch = *moment;
        }
        else
        {
            reader.Complain(
                "epoch", Shown(*reader.Find("epoch")), "a moment such as \"2026-01-01T00:00:00Z\"");
        }
    }
    if (reader.Require("duration", "how long to run, such as \"30s\"") &&
        reader.Time("duration", scenario.duration) &&
        (scenario.duration <= Duration(0) || scenario.duration > DURATION_MAX))
    {
        reader.Complain(
            "duration", Shown(*reader.Find("duration")), "more than 0s and at most 366d");
    }
}

} // namespace

const gateway::ObjectRule&
ScenarioRule()
{
    using gateway::ConfigRule;
    using gateway::FindRule;
    using gateway::Key;
    static const gateway::KeyRule* const CONNECTIONS = FindRule(ConfigRule(), "connections");
    static const gateway::KeyRule* const SECRETS = FindRule(ConfigRule(), "secrets");
    static const gateway::KeyRule* const CHARON = FindRule(ConfigRule(), "charon");
    static constexpr gateway::NamedValue CLOCKS[] = {gateway::Named("virtual", Clock::VIRTUAL),
                                                     gateway::Named("real", Clock::REAL)};
    static const gateway::KeyRule KEYS[] = {
        Key("$schema", shape::Text, "", "For editors: a file that `ikelab schema` made"),
        Key("title", shape::Text, "", "For people, in a line"),
        Key("description", shape::Text, "", "For people, at length"),
        Key("clock", shape::Word, "virtual", "What moves time; kernel nodes need the real one")
            .OneOf(CLOCKS),
        Key("epoch",
            shape::Moment,
            "2026-01-01T00:00:00Z",
            "When time 0 is; now, of the real clock"),
        Key("seed", shape::Count, "1", "Of everything random").Between(1, UINT64_MAX),
        Key("duration", shape::Time, "", "How long to run").Required(),
        Key("nodes", shape::Objects, "", "Hosts and gateways").Of(NodeRule()).Required(),
        Key("links", shape::Objects, "", "Lines between two nodes").Of(LinkRule()),
        Key("connections", shape::Connections, "", "swanctl.conf's, by node: it is a gateway")
            .Of(*CONNECTIONS->object),
        Key("secrets", shape::Object, "", "swanctl.conf's, of gateways without their own")
            .Of(*SECRETS->object),
        Key("charon", shape::Object, "", "strongswan.conf's, of gateways without their own")
            .Of(*CHARON->object),
        Key("traffic", shape::Flows, "", "What flows, by name"),
        Key("timeline", shape::Steps, "", "What happens when"),
        Key("expect", shape::Object, "", "What must hold").Of(ExpectRule()),
        Key("record", shape::Object, "", "What the capture shows").Of(RecordRule()),
    };
    static const gateway::ObjectRule RULE{"scenario", "", "A story for the simulator", KEYS};
    return RULE;
}

Scenario
ReadScenario(const Json& json, const std::string& name, Problems& problems)
{
    Scenario scenario;
    scenario.name = name;
    ReadHead(json, scenario, problems);
    if (!json.is_object())
    {
        return scenario;
    }
    ReadTopology(json, scenario, problems);
    // What follows names nodes and links; on top of a broken topology it would only complain about
    // the consequences.
    if (problems.Empty())
    {
        ReadRoutes(json, scenario, problems);
        ReadConnections(json, scenario, problems);
        ReadTraffic(json, scenario, problems);
        ReadRecord(json, scenario, problems);
    }
    if (problems.Empty())
    {
        ReadTimeline(json, scenario, problems);
        ReadClaims(json, scenario, problems);
    }
    return scenario;
}

const Json*
FindObject(const Json& root, std::string_view key, Problems& problems)
{
    const auto found = root.find(std::string(key));
    if (found == root.end())
    {
        return nullptr;
    }
    if (!found->is_object())
    {
        problems.Add(io::AppendPointer("", key), Shown(*found), "an object");
        return nullptr;
    }
    return &*found;
}

bool
CheckName(std::string_view name,
          std::string_view what,
          const std::string& pointer,
          Problems& problems)
{
    const auto isGood = [](char letter)
    {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
    };
    if (!name.empty() && name.size() <= NAME_OCTETS_MAX && std::ranges::all_of(name, isGood))
    {
        return true;
    }
    Problem problem;
    problem.pointer = pointer;
    problem.problem = fmt::format("\"{}\" cannot name {}", name, what);
    problem.expected = "1 to 40 letters, digits, '-' or '_'";
    problem.atKey = true;
    problems.Add(std::move(problem));
    return false;
}

std::vector<std::string>
NodeNames(const Scenario& scenario)
{
    std::vector<std::string> names;
    for (const Node& node : scenario.nodes)
    {
        names.push_back(node.name);
    }
    return names;
}

std::vector<std::string>
LinkNames(const Scenario& scenario)
{
    std::vector<std::string> names;
    for (const Link& link : scenario.links)
    {
        names.push_back(link.name);
    }
    return names;
}

std::vector<std::string>
FlowNames(const Scenario& scenario)
{
    std::vector<std::string> names;
    for (const Flow& flow : scenario.flows)
    {
        names.push_back(flow.name);
    }
    return names;
}

std::vector<std::string>
InterfaceNames(const Scenario& scenario)
{
    std::vector<std::string> names;
    for (LinkIndex link = 0; link < scenario.links.size(); ++link)
    {
        names.push_back(scenario.InterfaceName(link, 0));
        names.push_back(scenario.InterfaceName(link, 1));
    }
    return names;
}

size_t
IndexOf(const std::vector<std::string>& list, std::string_view word)
{
    return static_cast<size_t>(std::ranges::find(list, word) - list.begin());
}

} // namespace ikelab::runner
