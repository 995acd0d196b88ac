// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/random_policies.h"

#include <algorithm>

namespace ns3::testing
{

using ikelab::IpAddress;
using ikelab::wire::Dice;
using Json = nlohmann::ordered_json;

namespace
{

constexpr uint8_t ICMP = 1;
constexpr uint8_t TCP = 6;
constexpr uint8_t UDP = 17;
constexpr uint8_t GRE = 47;
constexpr uint8_t ICMPV6 = 58;

/// Addresses at a gateway: all behind it, one LAN, some of it, a host, the gateway itself.
OracleSelector
SomeAddresses(const RandomNetwork& network, size_t g, size_t family, Dice& dice)
{
    const auto& gateway = network.gateways[g];
    const size_t lan = dice.UpTo(gateway.insideNetworks.size() - 1);
    const unsigned whole = family == 0 ? 32 : 128;
    OracleSelector selector;
    switch (dice.UpTo(6))
    {
    case 0:
        selector.network = gateway.insideNetworks[lan][family];
        selector.prefix = family == 0 ? 24 : 64;
        break;
    case 1: // some of the LAN
        selector.network = gateway.insideNetworks[lan][family];
        selector.prefix = whole - 4;
        break;
    case 2:
    {
        std::vector<IpAddress> here;
        for (const auto& host : network.hosts)
        {
            if (host.gateway == g)
            {
                here.push_back(host.addresses[family]);
            }
        }
        selector.network = here[dice.UpTo(here.size() - 1)];
        selector.prefix = whole;
        break;
    }
    case 3:
        selector.network = dice.Coin() ? gateway.insideAddresses[lan][family]
                                       : gateway.outsideAddresses.front()[family];
        selector.prefix = whole;
        break;
    default:
        selector.network = gateway.insideNetworks.front()[family];
        selector.prefix = family == 0 ? 16 : 32;
        break;
    }
    return selector;
}

OracleSelector
Anywhere(size_t family)
{
    OracleSelector selector;
    selector.network = family == 0 ? IpAddress() : *IpAddress::Parse("::");
    return selector;
}

/// A protocol for both sides, and ports for one or both.
void
SomeProtocol(OracleSelector& local, OracleSelector& remote, size_t family, Dice& dice)
{
    if (dice.UpTo(9) < 4)
    {
        return;
    }
    const uint8_t icmp = family == 0 ? ICMP : ICMPV6;
    local.protocol = dice.OneOf<uint8_t>({UDP, UDP, TCP, TCP, icmp, GRE});
    remote.protocol = local.protocol;
    if (local.protocol != UDP && local.protocol != TCP)
    {
        return;
    }
    for (OracleSelector* selector : {&local, &remote})
    {
        const uint64_t shape = dice.UpTo(3);
        const uint16_t port = LEAK_PORTS[dice.UpTo(LEAK_PORTS.size() - 1)];
        if (shape == 0)
        {
            selector->firstPort = selector->lastPort = port;
        }
        else if (shape == 1)
        {
            selector->firstPort = port;
            selector->lastPort = static_cast<uint16_t>(port + dice.UpTo(600));
        }
    }
}

Json
ToJson(const std::vector<OracleSelector>& selectors)
{
    Json list = Json::array();
    for (const OracleSelector& selector : selectors)
    {
        list.push_back(selector.ToText());
    }
    return list;
}

/// Traffic between a gateway and another one, of one family or of both.
OracleRule
SomeTraffic(const RandomNetwork& network, size_t from, size_t to, Dice& dice)
{
    OracleRule rule;
    const uint64_t families = dice.UpTo(2);
    for (size_t family = 0; family < 2; ++family)
    {
        if (families != 2 && families != family)
        {
            continue;
        }
        OracleSelector local =
            dice.UpTo(11) == 0 ? Anywhere(family) : SomeAddresses(network, from, family, dice);
        OracleSelector remote =
            dice.UpTo(11) == 0 ? Anywhere(family) : SomeAddresses(network, to, family, dice);
        SomeProtocol(local, remote, family, dice);
        rule.local.push_back(local);
        rule.remote.push_back(remote);
    }
    return rule;
}

void
AddPolicies(const RandomNetwork& network, size_t g, GatewayPolicy& policy, Dice& dice)
{
    const size_t count = network.gateways.size();
    policy.json["policies"] = Json::array();
    for (uint64_t more = dice.UpTo(5); more > 0; --more)
    {
        const size_t other = (g + 1 + dice.UpTo(count - 2)) % count;
        OracleRule rule = SomeTraffic(network, g, other, dice);
        const uint64_t kind = dice.UpTo(7);
        rule.reading = kind < 4 ? Reading::BYPASS : kind < 7 ? Reading::DISCARD : Reading::PROTECT;
        policy.json["policies"].push_back({{"action",
                                            rule.reading == Reading::BYPASS    ? "bypass"
                                            : rule.reading == Reading::DISCARD ? "discard"
                                                                               : "protect"},
                                           {"local", ToJson(rule.local)},
                                           {"remote", ToJson(rule.remote)}});
        policy.rules.push_back(rule);
    }
}

void
AddChild(GatewayPolicy& policy,
         const std::string& connection,
         const std::string& child,
         const OracleRule& traffic,
         const std::string& startAction,
         const Json& lifetimes)
{
    OracleRule rule = traffic;
    rule.reading = Reading::PROTECT;
    policy.rules.push_back(rule);
    policy.children.push_back(connection + "/" + child);
    Json& json = policy.json["connections"][connection]["children"][child];
    json = lifetimes;
    json["local_ts"] = ToJson(rule.local);
    json["remote_ts"] = ToJson(rule.remote);
    json["esp_proposals"] = "aes128gcm16";
    json["start_action"] = startAction;
}

OracleRule
SeenFromThere(const OracleRule& rule)
{
    return {rule.reading, rule.remote, rule.local};
}

void
AddConnection(const RandomNetwork& network,
              size_t left,
              size_t right,
              std::vector<GatewayPolicy>& policies,
              Dice& dice)
{
    const std::string name = "g" + std::to_string(left) + "-g" + std::to_string(right);
    const size_t family = dice.UpTo(1);
    const bool encap = dice.UpTo(3) == 0;
    for (const bool first : {true, false})
    {
        const size_t mine = first ? left : right;
        const size_t other = first ? right : left;
        GatewayPolicy& policy = policies[mine];
        policy.connections.push_back(name);
        policy.json["connections"][name] = {
            {"local_addrs", network.gateways[mine].outsideAddresses.front()[family].ToString()},
            {"remote_addrs", network.gateways[other].outsideAddresses.front()[family].ToString()},
            {"proposals", "aes128gcm16-prfsha256-x25519"},
            {"encap", encap},
            {"local", {{"auth", "psk"}, {"id", "g" + std::to_string(mine) + ".example"}}},
            {"remote", {{"auth", "psk"}, {"id", "g" + std::to_string(other) + ".example"}}}};
    }
    const std::vector<std::string> actions{"start", "trap", "none", "trap"};
    for (uint64_t i = dice.UpTo(2) + 1; i > 0; --i)
    {
        const std::string child = "c" + std::to_string(i);
        const OracleRule traffic = SomeTraffic(network, left, right, dice);
        // Mostly the other end wants the same; sometimes what it wants is another thing.
        const OracleRule there =
            dice.UpTo(7) == 0 ? SomeTraffic(network, right, left, dice) : SeenFromThere(traffic);
        Json lifetimes = Json::object();
        if (dice.UpTo(2) == 0)
        {
            lifetimes = {{"rekey_time", "2s"}, {"life_time", "3s"}, {"rand_time", "0s"}};
        }
        AddChild(policies[left], name, child, traffic, actions[dice.UpTo(3)], lifetimes);
        AddChild(policies[right], name, child, there, actions[dice.UpTo(3)], lifetimes);
    }
}

} // namespace

std::vector<GatewayPolicy>
MakePolicies(const RandomNetwork& network, Dice& dice)
{
    const size_t count = network.gateways.size();
    std::vector<GatewayPolicy> policies(count);
    for (size_t g = 0; g < count; ++g)
    {
        GatewayPolicy& policy = policies[g];
        policy.otherwise = dice.UpTo(2) == 0 ? Reading::DISCARD : Reading::BYPASS;
        policy.protectedSide = policy.otherwise == Reading::DISCARD || dice.UpTo(3) == 0;
        policy.json = {
            {"secrets", {{"ike", {{"secret", "a shared key for tests"}}}}},
            {"default_action", policy.otherwise == Reading::DISCARD ? "discard" : "bypass"},
            {"connections", Json::object()}};
        AddPolicies(network, g, policy, dice);
    }
    for (size_t left = 0; left < count; ++left)
    {
        for (size_t right = left + 1; right < count; ++right)
        {
            if (count == 2 || dice.UpTo(9) < 7)
            {
                AddConnection(network, left, right, policies, dice);
            }
        }
    }
    return policies;
}

} // namespace ns3::testing
