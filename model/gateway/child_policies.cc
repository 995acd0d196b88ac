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

} // namespace

ChildPolicies::ChildPolicies(const Config& config) : m_config(config)
{
    for (const auto& connection : config.ike.connections)
    {
        for (const ike::ChildConfig& child : connection->children)
        {
            ChildPolicy policy;
            policy.connection = connection;
            policy.child = &child;
            policy.local = child.localTs;
            policy.remote = child.remoteTs;
            policy.trapped = child.startAction == ike::StartAction::TRAP;
            m_policies.push_back(std::move(policy));
        }
    }
    Rebuild();
}

void
ChildPolicies::Rebuild()
{
    std::vector<esp::Policy> rules;
    for (const PolicyRule& rule : m_config.policies)
    {
        rules.push_back({ToEsp(rule.action), 0, Prepare(rule.local, rule.remote)});
    }
    for (uint32_t index = 0; index < m_policies.size(); ++index)
    {
        const ChildPolicy& policy = m_policies[index];
        if (!policy.local.empty() && !policy.remote.empty())
        {
            rules.push_back(
                {esp::PolicyAction::PROTECT, index, Prepare(policy.local, policy.remote)});
        }
    }
    m_spd.Assign(std::move(rules));
}

void
ChildPolicies::Adopt(ChildPolicy& policy, const ike::ChildSaInstalled& installed)
{
    if (policy.local.empty() || policy.remote.empty())
    {
        policy.local = installed.localTs;
        policy.remote = installed.remoteTs;
        Rebuild();
    }
}

ChildPolicy*
ChildPolicies::Find(std::string_view connection, std::string_view child)
{
    for (ChildPolicy& policy : m_policies)
    {
        if (policy.connection->name == connection && policy.child->name == child)
        {
            return &policy;
        }
    }
    return nullptr;
}

Result<ChildPolicy*>
ChildPolicies::FindByName(std::string_view name)
{
    ChildPolicy* found = nullptr;
    for (ChildPolicy& policy : m_policies)
    {
        if (policy.FullName() == name)
        {
            return &policy;
        }
        if (policy.child->name == name)
        {
            if (found)
            {
                return Fail(Fault::BAD_VALUE,
                            "several children have this name: say CONNECTION/CHILD");
            }
            found = &policy;
        }
    }
    if (!found)
    {
        return Fail(Fault::NOT_FOUND, "no child of this name");
    }
    return found;
}

} // namespace ikelab::gateway
