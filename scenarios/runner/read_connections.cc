// SPDX-License-Identifier: GPL-2.0-only
#include "io/json_document.h"
#include "runner/read_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace ikelab::runner
{

namespace
{

/// One member of a gateway's configuration and where the scenario keeps it.
struct Part
{
    std::string key;
    std::string pointer; ///< in the scenario
    const Json* json{nullptr};
};

const Json*
Member(const Json& json, const std::string& key)
{
    const auto found = json.is_object() ? json.find(key) : json.end();
    return json.is_object() && found != json.end() ? &*found : nullptr;
}

/**
 * What makes up the configuration of one node: its connections, its own words, and for secrets and
 * charon's settings those of all nodes if it has none of its own.
 */
std::vector<Part>
PartsOf(const Json& root, const std::string& node)
{
    std::vector<Part> parts;
    const Json* connections = Member(root, "connections");
    const Json* own = connections ? Member(*connections, node) : nullptr;
    if (own)
    {
        parts.push_back({"connections", io::AppendPointer("/connections", node), own});
    }
    const Json* json = Member(*Member(root, "nodes"), node);
    const std::string pointer = io::AppendPointer("/nodes", node);
    for (const std::string key :
         {"secrets", "charon", "policies", "default_action", "icmp", "audit"})
    {
        if (const Json* word = Member(*json, key))
        {
            parts.push_back({key, io::AppendPointer(pointer, key), word});
        }
    }
    const bool isGateway = !parts.empty();
    for (const std::string key : {"secrets", "charon"})
    {
        const Json* shared = Member(root, key);
        if (isGateway && shared && !Member(*json, key))
        {
            parts.push_back({key, "/" + key, shared});
        }
    }
    return parts;
}

/// From a pointer into the gateway's configuration to one into the scenario.
std::string
Relocate(const std::string& pointer, const std::vector<Part>& parts)
{
    for (const Part& part : parts)
    {
        const std::string top = "/" + part.key;
        if (pointer == top || pointer.starts_with(top + "/"))
        {
            return part.pointer + pointer.substr(top.size());
        }
    }
    return parts.front().pointer;
}

void
AddError(const gateway::ConfigError& error, const std::string& pointer, Problems& problems)
{
    // An unknown key is told at the key; the value of such a member may be anything.
    problems.Add({pointer,
                  error.problem,
                  error.expected,
                  error.nearest,
                  error.problem.starts_with("unknown key")});
}

/// Addresses that a connection calls its own must be the node's.
void
CheckLocalAddresses(const Scenario& scenario,
                    NodeIndex node,
                    const ike::ConnectionConfig& connection,
                    Problems& problems)
{
    std::vector<std::string> own;
    for (const Link& link : scenario.links)
    {
        for (const Interface& end : link.ends)
        {
            for (const InterfaceAddress& address : end.addresses)
            {
                if (end.node == node)
                {
                    own.push_back(address.address.ToString());
                }
            }
        }
    }
    for (const IpAddress& address : connection.localAddrs)
    {
        if (std::ranges::find(own, address.ToString()) == own.end())
        {
            const std::string& name = scenario.nodes[node].name;
            std::string pointer = io::AppendPointer("/connections", name);
            pointer = io::AppendPointer(pointer, connection.name);
            problems.AddUnknown(io::AppendPointer(pointer, "local_addrs"),
                                "address of " + name,
                                address.ToString(),
                                own);
        }
    }
}

/// A scenario's nodes have no tunnel devices: such a child would never carry a packet.
void
CheckInterfaces(const std::string& node,
                const ike::ConnectionConfig& connection,
                Problems& problems)
{
    for (const ike::ChildConfig& child : connection.children)
    {
        if (child.ifIdOut != 0)
        {
            std::string pointer = io::AppendPointer("/connections", node);
            pointer = io::AppendPointer(pointer, connection.name);
            pointer = io::AppendPointer(pointer, "children");
            problems.Add(io::AppendPointer(pointer, child.name),
                         "if_id_out is of a tunnel device, and a scenario's nodes have none",
                         "no if_id_in and if_id_out");
        }
    }
}

} // namespace

void
ReadConnections(const Json& root, Scenario& scenario, Problems& problems)
{
    const Json* connections = FindObject(root, "connections", problems);
    FindObject(root, "secrets", problems);
    FindObject(root, "charon", problems);
    if (!problems.Empty())
    {
        return;
    }
    const std::vector<std::string> names = NodeNames(scenario);
    for (auto own = connections ? connections->begin() : Json::const_iterator{};
         connections && own != connections->end();
         ++own)
    {
        if (std::ranges::find(names, own.key()) == names.end())
        {
            problems.AddUnknown(
                io::AppendPointer("/connections", own.key()), "node", own.key(), names, true);
        }
    }
    for (NodeIndex i = 0; i < scenario.nodes.size(); ++i)
    {
        Node& node = scenario.nodes[i];
        const std::vector<Part> parts = PartsOf(root, node.name);
        if (parts.empty())
        {
            continue;
        }
        if (node.kernel)
        {
            problems.Add(parts.front().pointer,
                         fmt::format("{} is a kernel node", node.name),
                         "an IKE daemon's own configuration where the node is");
            continue;
        }
        Json json = Json::object();
        for (const Part& part : parts)
        {
            json[part.key] = *part.json;
        }
        auto config = gateway::ReadConfig(json);
        if (!config)
        {
            AddError(config.error(), Relocate(config.error().pointer, parts), problems);
            continue;
        }
        for (const auto& connection : config->ike.connections)
        {
            CheckLocalAddresses(scenario, i, *connection, problems);
            CheckInterfaces(node.name, *connection, problems);
        }
        node.ipsec = std::move(*config);
    }
    // If every gateway has its own, nobody has read these.
    for (const std::string key : {"secrets", "charon"})
    {
        const Json* shared = Member(root, key);
        const auto config = gateway::ReadConfig(shared ? Json{{key, *shared}} : Json::object());
        if (!config)
        {
            AddError(config.error(), config.error().pointer, problems);
        }
    }
}

} // namespace ikelab::runner
