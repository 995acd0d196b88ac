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

const std::vector<std::string> KINDS = {"ping", "udp", "tcp"};
const std::vector<std::string> FAMILIES = {"ipv4", "ipv6"};

const std::vector<std::string>&
KeysOf(FlowKind kind)
{
    static const std::vector<std::string> PACKETS = {
        "kind", "from", "to", "family", "start", "count", "interval", "size"};
    static const std::vector<std::string> STREAM = {
        "kind", "from", "to", "family", "start", "bytes"};
    return kind == FlowKind::TCP ? STREAM : PACKETS;
}

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
        !reader.Text(key, text))
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
    if (size_t family = 0; reader.Word("family", FAMILIES, family))
    {
        wanted = family == 0;
    }
    if (!from || !to)
    {
        return;
    }
    flow.from = from->node;
    flow.to = to->node;
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
                             wanted ? FAMILIES[*wanted ? 0 : 1] : "family of"),
                 "ends of one family");
}

} // namespace

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
        ObjectReader reader(json, pointer, KeysOf(flow.kind), problems);
        if (!json.is_object() || !reader.Require("kind", "\"ping\", \"udp\" or \"tcp\"") ||
            !reader.Word("kind", KINDS, kind))
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
        reader.Count("count", flow.count, 1, PACKETS_MAX);
        reader.Time("interval", flow.interval);
        reader.Count("size", flow.size, SIZE_LEAST, SIZE_MOST);
        reader.Count("bytes", flow.bytes, 1, BYTES_MOST);
        scenario.flows.push_back(std::move(flow));
    }
}

} // namespace ikelab::runner
