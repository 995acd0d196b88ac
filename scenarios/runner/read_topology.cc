// SPDX-License-Identifier: GPL-2.0-only
#include "gateway/config.h"
#include "gateway/config_schema.h"
#include "io/json_document.h"
#include "runner/read_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace ikelab::runner
{

namespace
{

constexpr size_t NODES_MAX = 10'000;
constexpr size_t LINKS_MAX = 20'000;
constexpr uint64_t MTU_LEAST = 576;   ///< RFC 791 §3.2: what every IPv4 host takes
constexpr uint64_t MTU_LEAST6 = 1280; ///< RFC 8200 §5
constexpr uint64_t MTU_MOST = 65'535;
constexpr size_t TAP_NAME_MAX = 15; ///< Linux's IFNAMSIZ without its last octet

std::optional<InterfaceAddress>
ParseInterfaceAddress(std::string_view text)
{
    const size_t slash = text.find('/');
    const auto address = IpAddress::Parse(text.substr(0, slash));
    if (slash == std::string_view::npos || !address)
    {
        return {};
    }
    const std::string_view digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    const unsigned most = address->IsV4() ? 32 : 128;
    if (error != std::errc{} || end != digits.data() + digits.size() || length == 0 ||
        length > most)
    {
        return {};
    }
    return InterfaceAddress{*address, length};
}

/// Reads the links of a scenario and keeps what two of them must not share.
class LinkReader
{
  public:
    LinkReader(Scenario& scenario, Problems& problems)
        : m_scenario(scenario),
          m_problems(problems),
          m_nodeNames(NodeNames(scenario))
    {
    }

    void
    Read(const std::string& name, const Json& json, const std::string& pointer)
    {
        ObjectReader reader(json, pointer, LinkRule(), m_problems);
        Link link;
        link.name = name;
        reader.Time("delay", link.quality.delay);
        reader.Percent("loss", link.quality.loss);
        reader.Rate("rate", link.rate);
        uint64_t number = link.limit;
        reader.Count("limit", number);
        link.limit = static_cast<uint32_t>(number);
        bool good =
            reader.Require("ends", "an object of two: \"node/interface\": \"address/prefix\"");
        const Json* ends = reader.Find("ends");
        if (good && (!ends->is_object() || ends->size() != 2))
        {
            reader.Complain("ends",
                            ends->is_object() ? fmt::format("{} ends", ends->size()) : Shown(*ends),
                            "an object of two: \"node/interface\": \"address/prefix\"");
            good = false;
        }
        bool whole = good;
        size_t end = 0;
        for (auto member = ends ? ends->begin() : Json::const_iterator{}; good && end < 2;
             ++member, ++end)
        {
            whole = ReadEnd(member.key(),
                            member.value(),
                            io::AppendPointer(reader.PointerTo("ends"), member.key()),
                            link.ends[end]) &&
                    whole;
        }
        if (whole)
        {
            whole = CheckKernelLink(link, reader);
        }
        number = link.mtu;
        reader.Count("mtu", number, HasV6(link) ? MTU_LEAST6 : MTU_LEAST);
        link.mtu = static_cast<uint16_t>(number);
        if (whole)
        {
            CheckSubnets(link, reader.PointerTo("ends"));
        }
        m_scenario.links.push_back(std::move(link));
    }

  private:
    static bool
    HasV6(const Link& link)
    {
        return std::ranges::any_of(link.ends,
                                   [](const Interface& end)
                                   {
                                       return std::ranges::any_of(
                                           end.addresses,
                                           [](const InterfaceAddress& address)
                                           { return address.address.IsV6(); });
                                   });
    }

    /// A TAP device is a wire of the kernel's: nothing of it is simulated.
    bool
    CheckKernelLink(const Link& link, ObjectReader& reader)
    {
        const bool kernel[] = {m_scenario.IsKernel(link.ends[0].node),
                               m_scenario.IsKernel(link.ends[1].node)};
        if (!kernel[0] && !kernel[1])
        {
            return true;
        }
        if (kernel[0] && kernel[1])
        {
            reader.Complain("ends", "both nodes are the kernel's", "a node of ns-3 at one end");
            return false;
        }
        const Interface& tap = link.ends[kernel[0] ? 0 : 1];
        const std::string& node = m_nodeNames[tap.node];
        bool good = true;
        for (const char* key : {"delay", "loss", "rate", "limit"})
        {
            if (reader.Has(key))
            {
                reader.Complain(key,
                                fmt::format("the link to {} is a TAP device, which has none", node),
                                fmt::format("a node between, whose other link has the {}", key));
                good = false;
            }
        }
        if (tap.name.size() > TAP_NAME_MAX)
        {
            m_problems.Add({io::AppendPointer(reader.PointerTo("ends"), node + "/" + tap.name),
                            fmt::format("\"{}\" cannot name a TAP device", tap.name),
                            fmt::format("at most {} letters", TAP_NAME_MAX),
                            "",
                            true});
            good = false;
        }
        return good;
    }

    /// False if anything is wrong with it.
    bool
    ReadEnd(const std::string& key, const Json& json, const std::string& pointer, Interface& end)
    {
        const size_t slash = key.find('/');
        const std::string node = key.substr(0, slash);
        if (slash == std::string::npos)
        {
            m_problems.Add({pointer,
                            fmt::format("\"{}\" names no interface", key),
                            "node/interface, such as \"moon/eth0\"",
                            "",
                            true});
            return false;
        }
        if (std::ranges::find(m_nodeNames, node) == m_nodeNames.end())
        {
            m_problems.AddUnknown(pointer, "node", node, m_nodeNames, true);
            return false;
        }
        end.node = IndexOf(m_nodeNames, node);
        end.name = key.substr(slash + 1);
        if (!CheckName(end.name, "an interface", pointer, m_problems))
        {
            return false;
        }
        if (!m_interfaces.emplace(key, pointer).second)
        {
            m_problems.Add({pointer,
                            fmt::format("{} is at {} already", key, m_interfaces[key]),
                            "an interface of its own for each link",
                            "",
                            true});
            return false;
        }
        if (!json.is_array())
        {
            return ReadAddress(json, pointer, end);
        }
        bool whole = true;
        for (size_t i = 0; i < json.size(); ++i)
        {
            whole = ReadAddress(json[i], fmt::format("{}/{}", pointer, i), end) && whole;
        }
        return whole;
    }

    bool
    ReadAddress(const Json& json, const std::string& pointer, Interface& end)
    {
        const auto address =
            json.is_string() ? ParseInterfaceAddress(json.get<std::string>()) : std::nullopt;
        if (!address || address->address.IsUnspecified())
        {
            m_problems.Add(
                pointer, Shown(json), "an address with its prefix length, such as \"10.1.0.1/24\"");
            return false;
        }
        const auto [place, isNew] = m_addresses.emplace(address->address, pointer);
        if (!isNew)
        {
            m_problems.Add(
                pointer,
                fmt::format("{} is at {} already", address->address.ToString(), place->second),
                "an address of its own for each interface");
            return false;
        }
        end.addresses.push_back(*address);
        return true;
    }

    /// Both ends must be in one subnet of each family that both have; a family at one end only is
    /// a mistake.
    void
    CheckSubnets(const Link& link, const std::string& pointer)
    {
        for (const Interface& end : link.ends)
        {
            const Interface& other = &end == &link.ends[0] ? link.ends[1] : link.ends[0];
            for (const InterfaceAddress& address : end.addresses)
            {
                const IpRange subnet = address.Subnet();
                const bool reached = std::ranges::any_of(other.addresses,
                                                         [&subnet](const InterfaceAddress& far)
                                                         { return far.Subnet() == subnet; });
                if (!reached)
                {
                    m_problems.Add(pointer,
                                   fmt::format("{} of {}/{} has no neighbour at the other end",
                                               address.address.ToString(),
                                               m_nodeNames[end.node],
                                               end.name),
                                   fmt::format("an address in {} at {}/{}",
                                               subnet.ToString(),
                                               m_nodeNames[other.node],
                                               other.name));
                    return;
                }
            }
        }
    }

    Scenario& m_scenario;
    Problems& m_problems;
    std::vector<std::string> m_nodeNames;
    std::map<std::string, std::string> m_interfaces; ///< where each stands
    std::map<IpAddress, std::string> m_addresses;
};

/// "10.2.0.0/16": "10.1.0.1"; "default" is everything in the family of the next hop.
void
ReadRoute(const std::string& to,
          const Json& via,
          const std::string& pointer,
          const Scenario& scenario,
          NodeIndex node,
          std::vector<Route>& routes,
          Problems& problems)
{
    const auto hop = via.is_string() ? IpAddress::Parse(via.get<std::string>()) : std::nullopt;
    if (!hop)
    {
        problems.Add(pointer, Shown(via), "the address of the next hop, such as \"10.1.0.1\"");
        return;
    }
    auto range = IpRange::Parse(to);
    if (to == "default")
    {
        range = hop->IsV4() ? IpRange::AnyV4() : IpRange::AnyV6();
    }
    if (!range || !range->PrefixLength())
    {
        problems.Add({pointer,
                      fmt::format("\"{}\" is no destination", to),
                      "a prefix such as \"10.2.0.0/16\", or \"default\"",
                      gateway::NearestWord(to, {"default"}),
                      true});
        return;
    }
    if (range->first.IsV4() != hop->IsV4())
    {
        problems.Add(pointer,
                     fmt::format("{} is of another family than {}", hop->ToString(), to),
                     range->first.IsV4() ? "an IPv4 address" : "an IPv6 address");
        return;
    }
    for (const Link& link : scenario.links)
    {
        for (size_t end = 0; end < 2; ++end)
        {
            const Interface& far = link.ends[1 - end];
            const bool isNeighbour = link.ends[end].node == node &&
                                     std::ranges::any_of(far.addresses,
                                                         [&hop](const InterfaceAddress& address)
                                                         { return address.address == *hop; });
            if (isNeighbour)
            {
                routes.push_back({*range, *hop});
                return;
            }
        }
    }
    problems.Add(
        pointer,
        fmt::format("{} is no neighbour of {}", hop->ToString(), scenario.nodes[node].name),
        "the address at the other end of one of its links");
}

/// A kernel node has nothing else: what it is, its owner made it.
void
ReadKernel(const Json& json,
           ObjectReader& reader,
           Scenario& scenario,
           Node& node,
           Problems& problems)
{
    ObjectReader kernel(json, reader.PointerTo("kernel"), KernelRule(), problems);
    node.kernel = KernelHost{};
    if (kernel.Text("netns", node.kernel->netns) && node.kernel->netns.empty())
    {
        kernel.Complain("netns", "is empty", "a name of `ip netns`, or a path");
    }
    if (scenario.clock != Clock::REAL)
    {
        reader.Complain(
            "kernel", "the kernel does not wait for virtual time", "\"clock\": \"real\"");
    }
    if (reader.Has("routes"))
    {
        reader.Complain(
            "routes", "a kernel node has its own routes", "`ip route add` where the node is");
    }
}

} // namespace

const gateway::ObjectRule&
KernelRule()
{
    static const gateway::KeyRule KEYS[] = {gateway::Key(
        "netns", shape::Text, "", "Name or path of its network namespace; the run's own")};
    static const gateway::ObjectRule RULE{
        "kernel",
        "nodes.NAME.kernel",
        "A kernel's network stack; its interfaces are TAP devices",
        KEYS};
    return RULE;
}

const gateway::ObjectRule&
NodeRule()
{
    using gateway::ConfigRule;
    using gateway::FindRule;
    static const gateway::KeyRule KEYS[] = {
        gateway::Key("routes", shape::Routes, "", "\"prefix\" or \"default\": \"next hop\""),
        gateway::Key("kernel", shape::Object, "", "The node is no node of ns-3").Of(KernelRule()),
        *FindRule(ConfigRule(), "secrets"),
        *FindRule(ConfigRule(), "charon"),
        *FindRule(ConfigRule(), "policies"),
        *FindRule(ConfigRule(), "default_action"),
        *FindRule(ConfigRule(), "icmp"),
        *FindRule(ConfigRule(), "audit"),
    };
    static const gateway::ObjectRule RULE{
        "node", "nodes.NAME", "A host, or a gateway if it has connections or policies", KEYS};
    return RULE;
}

const gateway::ObjectRule&
LinkRule()
{
    using gateway::Key;
    static const gateway::KeyRule KEYS[] = {
        Key("ends", shape::Ends, "", "Two \"node/interface\", each with its address or addresses")
            .Required(),
        Key("delay", shape::Time, "0s", "Of each packet"),
        Key("loss", shape::Percent, "0%", "Share of packets that get lost"),
        Key("rate", shape::Rate, "1gbit", "Of each direction"),
        Key("mtu", shape::Count, "1500", "In octets; 1280 at least with IPv6")
            .Between(MTU_LEAST, MTU_MOST),
        Key("limit", shape::Count, "1000", "Packets that may wait for the line")
            .Between(1, 10'000'000),
    };
    static const gateway::ObjectRule RULE{"link", "links.NAME", "A line between two nodes", KEYS};
    return RULE;
}

void
ReadTopology(const Json& root, Scenario& scenario, Problems& problems)
{
    const std::string expected = "an object of names, such as {\"moon\": {}, \"sun\": {}}";
    if (!root.contains("nodes"))
    {
        problems.Add("", "\"nodes\" is missing", expected);
        return;
    }
    const Json* nodes = FindObject(root, "nodes", problems);
    const Json* links = FindObject(root, "links", problems);
    if (!nodes)
    {
        return;
    }
    if (nodes->empty() || nodes->size() > NODES_MAX)
    {
        problems.Add(
            "/nodes", fmt::format("{} nodes", nodes->size()), fmt::format("1 to {}", NODES_MAX));
        return;
    }
    for (const auto& [name, json] : nodes->items())
    {
        const std::string pointer = io::AppendPointer("/nodes", name);
        CheckName(name, "a node", pointer, problems);
        ObjectReader reader(json, pointer, NodeRule(), problems);
        Node node;
        node.name = name;
        if (const Json* kernel = reader.Find("kernel"))
        {
            ReadKernel(*kernel, reader, scenario, node, problems);
        }
        scenario.nodes.push_back(std::move(node));
    }
    if (links && links->size() > LINKS_MAX)
    {
        problems.Add(
            "/links", fmt::format("{} links", links->size()), fmt::format("at most {}", LINKS_MAX));
        return;
    }
    LinkReader reader(scenario, problems);
    for (auto link = links ? links->begin() : Json::const_iterator{}; links && link != links->end();
         ++link)
    {
        const std::string pointer = io::AppendPointer("/links", link.key());
        CheckName(link.key(), "a link", pointer, problems);
        reader.Read(link.key(), link.value(), pointer);
    }
}

void
ReadRoutes(const Json& root, Scenario& scenario, Problems& problems)
{
    for (NodeIndex i = 0; i < scenario.nodes.size(); ++i)
    {
        Node& node = scenario.nodes[i];
        const Json& json = root.at("nodes").at(node.name);
        const auto routes = json.find("routes");
        const std::string pointer =
            io::AppendPointer(io::AppendPointer("/nodes", node.name), "routes");
        if (routes == json.end())
        {
            continue;
        }
        if (!routes->is_object())
        {
            problems.Add(pointer, Shown(*routes), "an object of \"prefix\": \"next hop\"");
            continue;
        }
        for (const auto& [to, via] : routes->items())
        {
            ReadRoute(to, via, io::AppendPointer(pointer, to), scenario, i, node.routes, problems);
        }
    }
}

} // namespace ikelab::runner
