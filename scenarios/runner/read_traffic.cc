// SPDX-License-Identifier: GPL-2.0-only
#include "io/json_document.h"
#include "runner/read_parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace ikelab::runner
{

namespace
{

constexpr uint64_t PACKETS_MAX = 10'000'000;
constexpr uint64_t SIZE_LEAST = 16; ///< room for the sequence number and the time of sending
constexpr uint64_t SIZE_MOST = 65'000;
constexpr uint64_t BYTES_MOST = 1'000'000'000'000;
constexpr size_t FLOWS_MAX = 10'000;

using gateway::Key;
using gateway::KeyRule;
using gateway::Named;
using gateway::NamedValue;
using gateway::ObjectRule;

const std::vector<std::string> KINDS = {"ping", "udp", "tcp"};
constexpr NamedValue PING_KIND[] = {Named("ping", FlowKind::PING)};
constexpr NamedValue UDP_KIND[] = {Named("udp", FlowKind::UDP)};
constexpr NamedValue TCP_KIND[] = {Named("tcp", FlowKind::TCP)};
constexpr NamedValue FAMILIES[] = {{"ipv4", 4}, {"ipv6", 6}};

constexpr KeyRule KIND = Key("kind", shape::Word, "", "What flows").Required();
constexpr KeyRule FROM =
    Key("from", shape::Name, "", "A node, \"node/interface\" or an address").Required();
constexpr KeyRule TO = Key("to", shape::Name, "", "Likewise").Required();
constexpr KeyRule FAMILY =
    Key("family", shape::Word, "", "What both ends have, IPv4 first, without").OneOf(FAMILIES);
constexpr KeyRule START = Key("start", shape::Time, "1s", "When it begins");
constexpr KeyRule COUNT =
    Key("count", shape::Count, "10", "So many packets").Between(1, PACKETS_MAX);
constexpr KeyRule INTERVAL = Key("interval", shape::Time, "1s", "Between two packets");
constexpr KeyRule SIZE =
    Key("size", shape::Count, "56", "Octets of data in each").Between(SIZE_LEAST, SIZE_MOST);
constexpr KeyRule BYTES =
    Key("bytes", shape::Count, "1000000", "Octets of the whole transfer").Between(1, BYTES_MOST);

constexpr KeyRule PING_KEYS[] =
    {KIND.OneOf(PING_KIND), FROM, TO, FAMILY, START, COUNT, INTERVAL, SIZE};
constexpr KeyRule UDP_KEYS[] =
    {KIND.OneOf(UDP_KIND), FROM, TO, FAMILY, START, COUNT, INTERVAL, SIZE};
constexpr KeyRule TCP_KEYS[] = {KIND.OneOf(TCP_KIND), FROM, TO, FAMILY, START, BYTES};

constexpr ObjectRule PING{"ping", "traffic.NAME", "Echo requests and replies", PING_KEYS};
constexpr ObjectRule UDP{"udp", "traffic.NAME", "Datagrams at a steady pace", UDP_KEYS};
constexpr ObjectRule TCP{"tcp", "traffic.NAME", "A transfer, as fast as it goes", TCP_KEYS};

/// What `from` or `to` says: a node, an interface of it, or an address of it.
struct Place
{
    NodeIndex node{0};
    std::vector<IpAddress> addresses; ///< in order of preference

    std::optional<IpAddress>
    Address(bool v4) const
    {
        const auto found = std::ranges::find_if(
            addresses, [v4](const IpAddress& address) { return address.IsV4() == v4; });
        return found == addresses.end() ? std::nullopt : std::optional(*found);
    }
};

std::optional<Place>
FindPlace(const Scenario& scenario, const std::string& text)
{
    const auto wanted = IpAddress::Parse(text);
    Place place;
    bool found = false;
    for (LinkIndex link = 0; link < scenario.links.size(); ++link)
    {
        for (size_t end = 0; end < 2; ++end)
        {
            const Interface& interface = scenario.links[link].ends[end];
            const bool named = text == scenario.nodes[interface.node].name ||
                               text == scenario.InterfaceName(link, end);
            for (const InterfaceAddress& address : interface.addresses)
            {
                if (named || address.address == wanted)
                {
                    place.node = interface.node;
                    place.addresses.push_back(address.address);
                    found = true;
                }
            }
        }
    }
    return found ? std::optional(place) : std::nullopt;
}

std::optional<Place>
ReadPlace(ObjectReader& reader, std::string_view key, const Scenario& scenario, Problems& problems)
{
    std::string text;
    if (!reader.Require(key, "a node, an interface such as \"moon/eth0\", or an address") ||
        !reader.AnyName(key, text))
    {
        return {};
    }
    if (auto place = FindPlace(scenario, text))
    {
        return place;
    }
    std::vector<std::string> candidates = NodeNames(scenario);
    if (std::ranges::find(candidates, text) != candidates.end())
    {
        reader.Complain(key, fmt::format("{} has no address", text), "a node on a link");
        return {};
    }
    if (text.find('/') != std::string::npos)
    {
        candidates = InterfaceNames(scenario);
    }
    problems.AddUnknown(reader.PointerTo(key),
                        IpAddress::Parse(text)                ? "address"
                        : text.find('/') == std::string::npos ? "node"
                                                              : "interface",
                        text,
                        candidates);
    return {};
}

void
ReadEnds(ObjectReader& reader, const Scenario& scenario, Flow& flow, Problems& problems)
{
    const auto from = ReadPlace(reader, "from", scenario, problems);
    const auto to = ReadPlace(reader, "to", scenario, problems);
    std::optional<bool> wanted;
    if (int family = 0; reader.Word("family", family))
    {
        wanted = family == 4;
    }
    if (!from || !to)
    {
        return;
    }
    flow.from = from->node;
    flow.to = to->node;
    // ns-3 has no hand in what a kernel sends, and no counter where it receives.
    if (scenario.IsKernel(from->node))
    {
        reader.Complain("from",
                        fmt::format("{} is a kernel node", scenario.nodes[from->node].name),
                        "a node of ns-3, or traffic that you make there");
        return;
    }
    if (scenario.IsKernel(to->node) && flow.kind != FlowKind::PING)
    {
        reader.Complain("to",
                        fmt::format("{} is a kernel node", scenario.nodes[to->node].name),
                        "a node of ns-3; only a \"ping\" may end at a kernel node");
        return;
    }
    for (const bool v4 : {true, false})
    {
        const auto source = from->Address(v4);
        const auto destination = to->Address(v4);
        if (source && destination && wanted.value_or(v4) == v4)
        {
            flow.source = *source;
            flow.destination = *destination;
            return;
        }
    }
    problems.Add(reader.Pointer(),
                 fmt::format("{} and {} have no {} addresses in common",
                             reader.Find("from")->get<std::string>(),
                             reader.Find("to")->get<std::string>(),
                             wanted ? FAMILIES[*wanted ? 0 : 1].name : "family of"),
                 "ends of one family");
}

} // namespace

const std::vector<const ObjectRule*>&
FlowRules()
{
    static const std::vector<const ObjectRule*> RULES = {&PING, &UDP, &TCP}; // as FlowKind
    return RULES;
}

void
ReadTraffic(const Json& root, Scenario& scenario, Problems& problems)
{
    const Json* traffic = FindObject(root, "traffic", problems);
    if (!traffic)
    {
        return;
    }
    if (traffic->size() > FLOWS_MAX)
    {
        problems.Add("/traffic",
                     fmt::format("{} flows", traffic->size()),
                     fmt::format("at most {}", FLOWS_MAX));
        return;
    }
    for (const auto& [name, json] : traffic->items())
    {
        const std::string pointer = io::AppendPointer("/traffic", name);
        CheckName(name, "a flow", pointer, problems);
        Flow flow;
        flow.name = name;
        size_t kind = 0;
        // The kind decides which keys there are, so it is looked at before the others.
        const auto word = json.is_object() ? json.find("kind") : json.end();
        if (json.is_object() && word != json.end() && word->is_string())
        {
            kind = IndexOf(KINDS, word->get<std::string>());
            if (kind == KINDS.size())
            {
                problems.AddUnknown(pointer + "/kind", "kind", word->get<std::string>(), KINDS);
                continue;
            }
        }
        flow.kind = static_cast<FlowKind>(kind);
        ObjectReader reader(json, pointer, *FlowRules()[kind], problems);
        int same = 0;
        if (!json.is_object() || !reader.Require("kind", "\"ping\", \"udp\" or \"tcp\"") ||
            !reader.Word("kind", same))
        {
            continue;
        }
        ReadEnds(reader, scenario, flow, problems);
        reader.Time("start", flow.start);
        if (flow.start > scenario.duration)
        {
            reader.Complain(
                "start", "begins after the run has ended", "a time within \"duration\"");
        }
        if (flow.kind == FlowKind::TCP)
        {
            reader.Count("bytes", flow.bytes);
        }
        else
        {
            reader.Count("count", flow.count);
            reader.Time("interval", flow.interval);
            reader.Count("size", flow.size);
        }
        scenario.flows.push_back(std::move(flow));
    }
}

} // namespace ikelab::runner
