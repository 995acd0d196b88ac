// SPDX-License-Identifier: MIT
#include "endpoint/learned_routes.h"

#include "base/limits.h"
#include "io/routes.h"

#include <utility>

namespace ikelab::endpoint
{

void
LearnedRoutes::Configure(const IpRange& prefix)
{
    m_known[prefix].configured = true;
}

std::vector<IpRange>
LearnedRoutes::Add(ChildSaId child, const Selectors& remoteTs)
{
    std::vector<IpRange> added;
    std::vector<IpRange>& used = m_children[child];
    for (const Selector& selector : remoteTs)
    {
        for (const IpRange& prefix : io::ToPrefixes(selector.addresses))
        {
            Known& known = m_known[prefix];
            if (known.users++ == 0 && !known.configured)
            {
                added.push_back(prefix);
            }
            m_idle.erase(std::exchange(known.idleSince, 0));
            used.push_back(prefix);
        }
    }
    return added;
}

void
LearnedRoutes::Remove(ChildSaId child)
{
    const auto found = m_children.extract(child);
    if (found.empty())
    {
        return;
    }
    for (const IpRange& prefix : found.mapped())
    {
        Known& known = m_known.at(prefix);
        if (--known.users == 0 && !known.configured)
        {
            known.idleSince = ++m_idleCount;
            m_idle.emplace(known.idleSince, prefix);
        }
    }
}

std::optional<IpRange>
LearnedRoutes::TakeSurplus()
{
    if (m_idle.size() <= limits::IDLE_ROUTES)
    {
        return {};
    }
    const IpRange prefix = m_idle.extract(m_idle.begin()).mapped();
    m_known.erase(prefix);
    return prefix;
}

} // namespace ikelab::endpoint
