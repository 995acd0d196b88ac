// SPDX-License-Identifier: GPL-2.0-only
#include "io/json_document.h"
#include "runner/read_parts.h"
#include "runner/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace ikelab::runner
{

namespace
{

std::string_view
ExpectedOf(Unit unit)
{
    switch (unit)
    {
    case Unit::COUNT:
        return "a whole number";
    case Unit::TIME:
        return "a time such as \"500ms\"";
    case Unit::SHARE:
        return "a percentage such as \"1%\"";
    case Unit::RATE:
        break;
    }
    return "a rate such as \"10mbit\"";
}

std::optional<double>
ParseValue(Unit unit, const Json& json)
{
    if (unit == Unit::COUNT)
    {
        return json.is_number_unsigned() ? std::optional(json.get<double>()) : std::nullopt;
    }
    if (!json.is_string())
    {
        return {};
    }
    const std::string text = json.get<std::string>();
    switch (unit)
    {
    case Unit::TIME:
        if (const auto time = ParseTime(text))
        {
            return static_cast<double>(time->count());
        }
        return {};
    case Unit::SHARE:
        return ParsePercent(text);
    default:
        if (const auto rate = ParseRate(text))
        {
            return static_cast<double>(*rate);
        }
        return {};
    }
}

std::string
Plain(const Json& json)
{
    return json.is_string() ? json.get<std::string>() : json.dump();
}

/// A value that must be met exactly, or {"min": ..., "max": ...}.
void
ReadClaim(const Json& json, Claim& claim, Problems& problems)
{
    const Unit unit = claim.metric->unit;
    const auto read = [&](const Json& value, const std::string& pointer)
    {
        const auto number = ParseValue(unit, value);
        if (!number)
        {
            problems.Add(pointer, Shown(value), std::string(ExpectedOf(unit)));
        }
        return number;
    };
    if (!json.is_object())
    {
        const auto number = ParseValue(unit, json);
        if (!number)
        {
            problems.Add(claim.pointer,
                         Shown(json),
                         fmt::format("{}, or {{\"min\": ..., \"max\": ...}}", ExpectedOf(unit)));
        }
        claim.lowest = number;
        claim.highest = number;
        claim.wanted = Plain(json);
        return;
    }
    ObjectReader reader(json, claim.pointer, BoundsRule(unit), problems);
    if (const Json* least = reader.Find("min"))
    {
        claim.lowest = read(*least, reader.PointerTo("min"));
        claim.wanted = "at least " + Plain(*least);
    }
    if (const Json* most = reader.Find("max"))
    {
        claim.highest = read(*most, reader.PointerTo("max"));
        claim.wanted += (claim.wanted.empty() ? "at most " : ", at most ") + Plain(*most);
    }
    if (json.empty())
    {
        problems.Add(claim.pointer, "claims nothing", "\"min\", \"max\" or both");
    }
    if (claim.lowest && claim.highest && *claim.lowest > *claim.highest)
    {
        problems.Add(
            claim.pointer, fmt::format("nothing is {}", claim.wanted), "\"min\" not above \"max\"");
    }
}

struct Section
{
    std::string key;
    Subject subject;
    std::string_view what;
};

/// What can be claimed of a node, a flow or a link: the metrics are the rows.
const gateway::ObjectRule&
ClaimsRule(Subject subject)
{
    const auto keysOf = [](Subject wanted)
    {
        std::vector<gateway::KeyRule> keys;
        for (const Metric& metric : Metrics())
        {
            if (metric.subject == wanted)
            {
                keys.push_back(gateway::Key(metric.name, ClaimShape(metric.unit), "", metric.help));
            }
        }
        return keys;
    };
    static const std::vector<gateway::KeyRule> OF_NODE = keysOf(Subject::NODE);
    static const std::vector<gateway::KeyRule> OF_FLOW = keysOf(Subject::FLOW);
    static const std::vector<gateway::KeyRule> OF_LINK = keysOf(Subject::LINK);
    static const gateway::ObjectRule NODE{
        "node_claims", "expect.nodes.NAME", "What must hold of a gateway at the end", OF_NODE};
    static const gateway::ObjectRule FLOW{
        "flow_claims", "expect.traffic.NAME", "What must hold of a flow at the end", OF_FLOW};
    static const gateway::ObjectRule LINK{
        "link_claims", "expect.links.NAME", "What must hold of a link at the end", OF_LINK};
    return subject == Subject::NODE ? NODE : subject == Subject::FLOW ? FLOW : LINK;
}

} // namespace

const gateway::ObjectRule&
BoundsRule(Unit unit)
{
    const auto keysOf = [](Unit of)
    {
        return std::array{gateway::Key("min", ValueShape(of), "", "At least"),
                          gateway::Key("max", ValueShape(of), "", "At most")};
    };
    static const std::array KEYS = {
        keysOf(Unit::COUNT), keysOf(Unit::TIME), keysOf(Unit::SHARE), keysOf(Unit::RATE)};
    static const auto RULES = []
    {
        std::vector<gateway::ObjectRule> rules;
        for (const auto& keys : KEYS)
        {
            rules.push_back({"bounds", "expect", "Bounds that are good themselves", keys});
        }
        return rules;
    }();
    return RULES[static_cast<size_t>(unit)];
}

const gateway::ObjectRule&
ExpectRule()
{
    using gateway::Key;
    static const gateway::KeyRule KEYS[] = {
        Key("nodes", shape::Objects, "", "Of gateways").Of(ClaimsRule(Subject::NODE)),
        Key("traffic", shape::Objects, "", "Of flows").Of(ClaimsRule(Subject::FLOW)),
        Key("links", shape::Objects, "", "Of links").Of(ClaimsRule(Subject::LINK)),
    };
    static const gateway::ObjectRule RULE{"expect", "expect", "What must hold", KEYS};
    return RULE;
}

const gateway::ObjectRule&
RecordRule()
{
    static const gateway::KeyRule KEYS[] = {gateway::Key(
        "interfaces", shape::Names, "", "\"node/interface\" of those that it shows; all without")};
    static const gateway::ObjectRule RULE{"record", "record", "What the capture shows", KEYS};
    return RULE;
}

void
ReadClaims(const Json& root, Scenario& scenario, Problems& problems)
{
    static const Section SECTIONS[] = {{"nodes", Subject::NODE, "node"},
                                       {"traffic", Subject::FLOW, "flow"},
                                       {"links", Subject::LINK, "link"}};
    const Json* expect = FindObject(root, "expect", problems);
    if (!expect)
    {
        return;
    }
    ObjectReader reader(*expect, "/expect", ExpectRule(), problems);
    for (const Section& section : SECTIONS)
    {
        const Json* subjects = reader.Find(section.key);
        if (!subjects)
        {
            continue;
        }
        if (!subjects->is_object())
        {
            reader.Complain(section.key, Shown(*subjects), "an object of names");
            continue;
        }
        const std::vector<std::string> names =
            section.subject == Subject::NODE   ? NodeNames(scenario)
            : section.subject == Subject::FLOW ? FlowNames(scenario)
                                               : LinkNames(scenario);
        for (const auto& [name, claims] : subjects->items())
        {
            const std::string pointer = io::AppendPointer(reader.PointerTo(section.key), name);
            const size_t index = IndexOf(names, name);
            if (index == names.size())
            {
                problems.AddUnknown(pointer, section.what, name, names, true);
                continue;
            }
            if (section.subject == Subject::NODE && !scenario.nodes[index].ipsec)
            {
                problems.Add({pointer,
                              name + " is no gateway, so nothing of it is counted",
                              "a node with connections",
                              "",
                              true});
                continue;
            }
            const ObjectReader claimReader(claims, pointer, ClaimsRule(section.subject), problems);
            for (const Metric& metric : Metrics())
            {
                const Json* value =
                    metric.subject == section.subject ? claimReader.Find(metric.name) : nullptr;
                if (value)
                {
                    Claim claim;
                    claim.metric = &metric;
                    claim.subject = index;
                    claim.pointer = claimReader.PointerTo(metric.name);
                    ReadClaim(*value, claim, problems);
                    scenario.claims.push_back(std::move(claim));
                }
            }
        }
    }
}

void
ReadRecord(const Json& root, Scenario& scenario, Problems& problems)
{
    const std::vector<std::string> all = InterfaceNames(scenario);
    std::vector<std::string> wanted = all;
    if (const Json* record = FindObject(root, "record", problems))
    {
        ObjectReader reader(*record, "/record", RecordRule(), problems);
        const Json* list = reader.Find("interfaces");
        if (list && !list->is_array())
        {
            reader.Complain("interfaces", Shown(*list), "a list such as [\"moon/eth0\"]");
            return;
        }
        if (list)
        {
            wanted.clear();
        }
        for (size_t i = 0; list && i < list->size(); ++i)
        {
            const std::string pointer = fmt::format("/record/interfaces/{}", i);
            const Json& item = (*list)[i];
            if (!item.is_string())
            {
                problems.Add(pointer, Shown(item), "an interface such as \"moon/eth0\"");
                continue;
            }
            const size_t index = IndexOf(all, item.get<std::string>());
            if (index == all.size())
            {
                problems.AddUnknown(pointer, "interface", item.get<std::string>(), all);
                continue;
            }
            if (scenario.KernelEnd(index / 2) == index % 2)
            {
                problems.Add(pointer,
                             fmt::format("{} is the kernel's", all[index]),
                             fmt::format("{}, which sees the same frames", all[index ^ 1]));
                continue;
            }
            wanted.push_back(item.get<std::string>());
        }
    }
    for (size_t i = 0; i < all.size(); ++i)
    {
        const bool isKernel = scenario.KernelEnd(i / 2) == i % 2;
        if (!isKernel && std::ranges::find(wanted, all[i]) != wanted.end())
        {
            scenario.recorded.emplace_back(i / 2, i % 2);
        }
    }
}

} // namespace ikelab::runner
