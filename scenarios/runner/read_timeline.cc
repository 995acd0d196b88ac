// SPDX-License-Identifier: GPL-2.0-only
#include "runner/read_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ikelab::runner
{

namespace
{

constexpr size_t STEPS_MAX = 100'000;

using gateway::Key;
using gateway::KeyRule;
using gateway::NamedValue;
using gateway::ObjectRule;

/// What can be done; the words by themselves are what a step of each kind may say.
constexpr NamedValue DEEDS[] = {{"initiate"}, {"terminate"}, {"liveness"}, {"change_link"}};
constexpr std::span<const NamedValue> INITIATE = std::span(DEEDS).subspan(0, 1);
constexpr std::span<const NamedValue> TERMINATE = std::span(DEEDS).subspan(1, 1);
constexpr std::span<const NamedValue> LIVENESS = std::span(DEEDS).subspan(2, 1);
constexpr std::span<const NamedValue> CHANGE_LINK = std::span(DEEDS).subspan(3, 1);

constexpr KeyRule AT = Key("at", shape::Time, "", "When, from the start of the run").Required();
constexpr KeyRule DO = Key("do", shape::Word, "", "What is done").Required();
constexpr KeyRule NODE = Key("node", shape::Name, "", "The gateway that is told to").Required();
constexpr KeyRule CONNECTION = Key("connection", shape::Name, "", "One of its connections");
constexpr KeyRule CHILD = Key("child", shape::Name, "", "One of its children, or connection/child");
constexpr KeyRule LINK = Key("link", shape::Name, "", "The link that changes").Required();
constexpr KeyRule UP = Key("up", shape::Flag, "", "Whether it carries anything; as before without");
constexpr KeyRule DELAY = Key("delay", shape::Time, "", "Of each packet; as before without");
constexpr KeyRule LOSS = Key("loss", shape::Percent, "", "Share that gets lost; as before without");

constexpr KeyRule INITIATE_KEYS[] = {AT, DO.OneOf(INITIATE), NODE, CHILD.Required()};
constexpr KeyRule TERMINATE_KEYS[] = {AT, DO.OneOf(TERMINATE), NODE, CONNECTION, CHILD};
constexpr KeyRule LIVENESS_KEYS[] = {AT, DO.OneOf(LIVENESS), NODE, CONNECTION.Required()};
constexpr KeyRule CHANGE_LINK_KEYS[] = {AT, DO.OneOf(CHANGE_LINK), LINK, UP, DELAY, LOSS};
/// Of a step that does not say what it does.
constexpr KeyRule ANY_KEYS[] =
    {AT, DO.OneOf(DEEDS), NODE, CONNECTION, CHILD, LINK, UP, DELAY, LOSS};

constexpr ObjectRule STEPS[] = {
    {"initiate", "timeline", "Set a Child SA up", INITIATE_KEYS},
    {"terminate", "timeline", "Delete an IKE SA, or a Child SA", TERMINATE_KEYS},
    {"liveness", "timeline", "Ask whether the peer is alive", LIVENESS_KEYS},
    {"change_link", "timeline", "Change a link", CHANGE_LINK_KEYS},
};
constexpr ObjectRule ANY_STEP{"step", "timeline", "Something that happens", ANY_KEYS};

std::vector<std::string>
ConnectionNames(const Node& node)
{
    std::vector<std::string> names;
    for (const auto& connection : node.ipsec->ike.connections)
    {
        names.push_back(connection->name);
    }
    return names;
}

/// All children as "connection/child".
std::vector<std::string>
ChildNames(const Node& node)
{
    std::vector<std::string> names;
    for (const auto& connection : node.ipsec->ike.connections)
    {
        for (const ike::ChildConfig& child : connection->children)
        {
            names.push_back(connection->name + "/" + child.name);
        }
    }
    return names;
}

/// "connection/child" of what may be only the child's name.
void
ReadChild(ObjectReader& reader, const Node& node, std::string& full, Problems& problems)
{
    std::string word;
    if (!reader.Require("child", "a child of " + node.name) || !reader.AnyName("child", word))
    {
        return;
    }
    std::vector<std::string> candidates;
    std::vector<std::string> matches;
    for (const std::string& name : ChildNames(node))
    {
        const std::string last = name.substr(name.rfind('/') + 1);
        candidates.push_back(word.find('/') == std::string::npos ? last : name);
        if (candidates.back() == word)
        {
            matches.push_back(name);
        }
    }
    if (matches.empty())
    {
        problems.AddUnknown(reader.PointerTo("child"), "child", word, candidates);
        return;
    }
    if (matches.size() > 1)
    {
        reader.Complain("child",
                        fmt::format("{} connections have a child \"{}\"", matches.size(), word),
                        fmt::format("\"{}\" or another \"connection/child\"", matches.front()));
        return;
    }
    full = matches.front();
}

std::optional<Command>
ReadCommand(ObjectReader& reader,
            std::string_view word,
            const Scenario& scenario,
            Problems& problems)
{
    std::vector<std::string> gateways;
    for (const Node& node : scenario.nodes)
    {
        if (node.ipsec)
        {
            gateways.push_back(node.name);
        }
    }
    std::string name;
    if (!reader.Require("node", "the gateway that is told to") ||
        !reader.Name("node", "gateway", gateways, name))
    {
        return {};
    }
    Command command;
    command.node = IndexOf(NodeNames(scenario), name);
    const Node& node = scenario.nodes[command.node];
    if (word == "initiate" || (word == "terminate" && reader.Has("child")))
    {
        command.kind =
            word == "initiate" ? Command::Kind::INITIATE : Command::Kind::TERMINATE_CHILD;
        if (reader.Has("connection"))
        {
            reader.Complain("connection", "stands beside \"child\"", "one of the two");
        }
        ReadChild(reader, node, command.name, problems);
        return command;
    }
    command.kind = word == "liveness" ? Command::Kind::LIVENESS : Command::Kind::TERMINATE;
    if (reader.Require("connection", "a connection of " + node.name))
    {
        reader.Name("connection", "connection", ConnectionNames(node), command.name);
    }
    return command;
}

std::optional<LinkChange>
ReadLinkChange(ObjectReader& reader, const Scenario& scenario)
{
    std::string name;
    if (!reader.Require("link", "a link") ||
        !reader.Name("link", "link", LinkNames(scenario), name))
    {
        return {};
    }
    LinkChange change;
    change.link = IndexOf(LinkNames(scenario), name);
    if (scenario.KernelEnd(change.link))
    {
        reader.Complain(
            "link", fmt::format("{} is a TAP device", name), "a link between nodes of ns-3");
        return {};
    }
    if (bool up = false; reader.Flag("up", up))
    {
        change.up = up;
    }
    if (Duration delay{0}; reader.Time("delay", delay))
    {
        change.delay = delay;
    }
    if (double loss = 0; reader.Percent("loss", loss))
    {
        change.loss = loss;
    }
    if (!reader.Has("up") && !reader.Has("delay") && !reader.Has("loss"))
    {
        reader.Complain("link", "nothing changes", "\"up\", \"delay\" or \"loss\" beside it");
    }
    return change;
}

void
ReadStep(const Json& json, const std::string& pointer, Scenario& scenario, Problems& problems)
{
    std::vector<std::string> words;
    for (const NamedValue& deed : DEEDS)
    {
        words.emplace_back(deed.name);
    }
    const auto found = json.is_object() ? json.find("do") : json.end();
    if (json.is_object() && found != json.end() && found->is_string())
    {
        const std::string word = found->get<std::string>();
        const size_t index = IndexOf(words, word);
        if (index == words.size())
        {
            problems.AddUnknown(pointer + "/do", "deed", word, words);
            return;
        }
        ObjectReader reader(json, pointer, STEPS[index], problems);
        Step step;
        if (reader.Require("at", "when, such as \"5s\"") && reader.Time("at", step.at) &&
            step.at > scenario.duration)
        {
            reader.Complain("at", "is after the run has ended", "a time within \"duration\"");
        }
        if (word == "change_link")
        {
            if (auto change = ReadLinkChange(reader, scenario))
            {
                step.action = *change;
                scenario.timeline.push_back(std::move(step));
            }
        }
        else if (auto command = ReadCommand(reader, word, scenario, problems))
        {
            step.action = *command;
            scenario.timeline.push_back(std::move(step));
        }
        return;
    }
    ObjectReader reader(json, pointer, ANY_STEP, problems);
    int ignored = 0;
    if (reader.Require("do", fmt::format("one of {}", fmt::join(words, ", "))))
    {
        reader.Word("do", ignored);
    }
}

} // namespace

const std::vector<const ObjectRule*>&
StepRules()
{
    static const std::vector<const ObjectRule*> RULES = {
        &STEPS[0], &STEPS[1], &STEPS[2], &STEPS[3]};
    return RULES;
}

void
ReadTimeline(const Json& root, Scenario& scenario, Problems& problems)
{
    const auto timeline = root.find("timeline");
    if (timeline == root.end())
    {
        return;
    }
    if (!timeline->is_array() || timeline->size() > STEPS_MAX)
    {
        problems.Add("/timeline",
                     timeline->is_array() ? fmt::format("{} steps", timeline->size())
                                          : Shown(*timeline),
                     fmt::format("a list of at most {} steps", STEPS_MAX));
        return;
    }
    for (size_t i = 0; i < timeline->size(); ++i)
    {
        ReadStep((*timeline)[i], fmt::format("/timeline/{}", i), scenario, problems);
    }
    std::ranges::stable_sort(scenario.timeline, {}, &Step::at);
}

} // namespace ikelab::runner
