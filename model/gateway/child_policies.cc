// SPDX-License-Identifier: MIT
#include "gateway/child_policies.h"

#include <utility>

namespace ikelab::gateway
{

namespace
{

esp::PolicyAction
ToEsp(Action action)
{
    switch (action)
    {
    case Action::PROTECT:
        break;
    case Action::BYPASS:
        return esp::PolicyAction::BYPASS;
    case Action::DISCARD:
        return esp::PolicyAction::DISCARD;
    }
    return esp::PolicyAction::PROTECT;
}

esp::TrafficSelectors
Prepare(const Selectors& local, const Selectors& remote)
{
    return {esp::SelectorSet(local), esp::SelectorSet(remote)};
}

/// What a configured PROTECT rule says of a packet that no child covers.
constexpr esp::Decision NOTHING_PROTECTS{esp::PolicyAction::DISCARD, 0};

} // namespace

ChildPolicies::ChildPolicies(const Config& config)
{
    std::vector<esp::Policy> configured;
    for (const PolicyRule& rule : config.policies)
    {
        configured.push_back({ToEsp(rule.action), 0, Prepare(rule.local, rule.remote)});
    }
    m_configured.Assign(std::move(configured));
    for (const auto& connection : config.ike.connections)
    {
        for (const ike::ChildConfig& child : connection->children)
        {
            ChildPolicy& policy = m_policies.emplace_back();
            policy.index = static_cast<uint32_t>(m_policies.size() - 1);
            policy.connection = connection;
            policy.child = &child;
            policy.trapped = child.startAction == ike::StartAction::TRAP;
            m_byConnection[connection->name].push_back(&policy);
            m_byChild[child.name].push_back(&policy);
            if (!child.localTs.empty() && !child.remoteTs.empty())
            {
                SpdOf(policy).Append({esp::PolicyAction::PROTECT,
                                      policy.index,
                                      Prepare(child.localTs, child.remoteTs)});
            }
        }
    }
}

esp::Spd&
ChildPolicies::SpdOf(const ChildPolicy& policy)
{
    return policy.child->ifIdOut == 0 ? m_children : m_routed[policy.child->ifIdOut];
}

std::optional<esp::Decision>
ChildPolicies::MatchRouted(const esp::PacketInfo& packet, uint32_t ifId) const
{
    const auto interface = m_routed.find(ifId);
    return interface == m_routed.end() ? std::nullopt : interface->second.MatchOutbound(packet);
}

std::optional<esp::Decision>
ChildPolicies::Match(const esp::PacketInfo& packet, bool outbound) const
{
    if (m_configured.Empty())
    {
        return outbound ? m_children.MatchOutbound(packet) : m_children.MatchInbound(packet);
    }
    const auto configured =
        outbound ? m_configured.MatchOutbound(packet) : m_configured.MatchInbound(packet);
    if (configured && configured->action != esp::PolicyAction::PROTECT)
    {
        return configured;
    }
    const auto child =
        outbound ? m_children.MatchOutbound(packet) : m_children.MatchInbound(packet);
    return !child && configured ? NOTHING_PROTECTS : child;
}

std::optional<esp::Decision>
ChildPolicies::MatchAgain(const esp::PacketInfo& packet,
                          const ike::ConnectionConfig& connection) const
{
    const auto configured = m_configured.MatchOutbound(packet);
    if (configured && configured->action != esp::PolicyAction::PROTECT)
    {
        return configured;
    }
    const auto child = m_children.MatchOutboundPast(
        packet,
        [&](const esp::Decision& rule)
        { return m_policies[rule.tag].connection.get() == &connection; });
    return !child && configured ? NOTHING_PROTECTS : child;
}

void
ChildPolicies::Adopt(const ChildPolicy& policy, const ike::ChildSaInstalled& installed)
{
    const ike::ChildConfig& child = *policy.child;
    if (!child.localTs.empty() && !child.remoteTs.empty())
    {
        return; // it has its rule
    }
    const auto [adopted, fresh] =
        m_adopted.try_emplace({policy.index, installed.localTs, installed.remoteTs});
    if (!m_adoptedBy.emplace(installed.child, adopted).second)
    {
        return;
    }
    ++adopted->second.users;
    if (fresh)
    {
        adopted->second.place =
            SpdOf(policy).Append({esp::PolicyAction::PROTECT,
                                  policy.index,
                                  Prepare(installed.localTs, installed.remoteTs)});
    }
}

void
ChildPolicies::Release(ChildSaId id)
{
    const auto user = m_adoptedBy.find(id);
    if (user == m_adoptedBy.end())
    {
        return;
    }
    const auto adopted = user->second;
    m_adoptedBy.erase(user);
    if (--adopted->second.users == 0)
    {
        SpdOf(m_policies[std::get<0>(adopted->first)]).Erase(adopted->second.place);
        m_adopted.erase(adopted);
    }
}

ChildPolicy*
ChildPolicies::Find(const std::string& connection, const std::string& child)
{
    for (ChildPolicy* policy : Of(connection))
    {
        if (policy->child->name == child)
        {
            return policy;
        }
    }
    return nullptr;
}

std::span<ChildPolicy* const>
ChildPolicies::Of(const std::string& connection) const
{
    const auto found = m_byConnection.find(connection);
    return found == m_byConnection.end() ? std::span<ChildPolicy* const>() : found->second;
}

Result<ChildPolicy*>
ChildPolicies::FindByName(std::string_view name)
{
    // Names may hold a slash themselves: try each.
    for (size_t slash = name.find('/'); slash != name.npos; slash = name.find('/', slash + 1))
    {
        if (ChildPolicy* policy =
                Find(std::string(name.substr(0, slash)), std::string(name.substr(slash + 1))))
        {
            return policy;
        }
    }
    const auto found = m_byChild.find(name);
    if (found == m_byChild.end())
    {
        return Fail(Fault::NOT_FOUND, "no child of this name");
    }
    if (found->second.size() > 1)
    {
        return Fail(Fault::BAD_VALUE, "several children have this name: say CONNECTION/CHILD");
    }
    return found->second.front();
}

} // namespace ikelab::gateway
