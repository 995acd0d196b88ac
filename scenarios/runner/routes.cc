// SPDX-License-Identifier: GPL-2.0-only
#include "runner/routes.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace ikelab::runner
{

namespace
{

std::optional<InterfaceAddress>
MainAddress(const Interface& end, bool v4)
{
    for (const InterfaceAddress& address : end.addresses)
    {
        if (address.address.IsV4() == v4)
        {
            return address;
        }
    }
    return {};
}

/// The first step of a way.
struct FirstHop
{
    LinkIndex link{0};
    size_t end{0};
};

class Search
{
  public:
    Search(const Scenario& scenario, NodeIndex start, bool v4)
        : m_scenario(scenario),
          m_start(start),
          m_v4(v4),
          m_hops(scenario.nodes.size())
    {
        for (LinkIndex link = 0; link < scenario.links.size(); ++link)
        {
            const auto& ends = scenario.links[link].ends;
            if (MainAddress(ends[0], v4) && MainAddress(ends[1], v4))
            {
                m_linksOf[ends[0].node].push_back({link, 0});
                m_linksOf[ends[1].node].push_back({link, 1});
            }
        }
    }

    void
    Run(std::vector<PlacedRoute>& routes)
    {
        const auto& own = m_linksOf[m_start];
        if (own.size() == 1)
        {
            Add(m_v4 ? IpRange::AnyV4() : IpRange::AnyV6(), own.front(), routes);
            return;
        }
        std::set<IpRange> done;
        for (const FirstHop& hop : own)
        {
            NoteSubnets(hop.link, done);
        }
        // Breadth first, so that the first way to a node is a shortest one.
        std::deque<NodeIndex> reached{m_start};
        std::set<NodeIndex> seen{m_start};
        while (!reached.empty())
        {
            const NodeIndex node = reached.front();
            reached.pop_front();
            for (const FirstHop& step : m_linksOf[node])
            {
                const NodeIndex far = m_scenario.links[step.link].ends[1 - step.end].node;
                const FirstHop first = node == m_start ? step : m_hops[node];
                for (const IpRange& subnet : NoteSubnets(step.link, done))
                {
                    Add(subnet, first, routes);
                }
                if (seen.insert(far).second)
                {
                    m_hops[far] = first;
                    reached.push_back(far);
                }
            }
        }
    }

  private:
    /// The subnets of a link that were not in `done` yet; now they are.
    std::vector<IpRange>
    NoteSubnets(LinkIndex link, std::set<IpRange>& done) const
    {
        std::vector<IpRange> fresh;
        for (const Interface& end : m_scenario.links[link].ends)
        {
            for (const InterfaceAddress& address : end.addresses)
            {
                if (address.address.IsV4() == m_v4 && done.insert(address.Subnet()).second)
                {
                    fresh.push_back(address.Subnet());
                }
            }
        }
        return fresh;
    }

    void
    Add(const IpRange& to, const FirstHop& hop, std::vector<PlacedRoute>& routes) const
    {
        const auto via = MainAddress(m_scenario.links[hop.link].ends[1 - hop.end], m_v4);
        routes.push_back({to, via->address, hop.link, hop.end, METRIC_FOUND});
    }

    const Scenario& m_scenario;
    NodeIndex m_start;
    bool m_v4;
    std::vector<FirstHop> m_hops;
    std::map<NodeIndex, std::vector<FirstHop>> m_linksOf;
};

/// Where a next hop of the scenario is; the reader made sure that it is a neighbour.
void
AddGiven(const Scenario& scenario,
         NodeIndex node,
         const Route& route,
         std::vector<PlacedRoute>& routes)
{
    for (LinkIndex link = 0; link < scenario.links.size(); ++link)
    {
        for (size_t end = 0; end < 2; ++end)
        {
            const auto& ends = scenario.links[link].ends;
            const bool leads = ends[end].node == node &&
                               std::ranges::any_of(ends[1 - end].addresses,
                                                   [&route](const InterfaceAddress& address)
                                                   { return address.address == route.via; });
            if (leads)
            {
                routes.push_back({route.to, route.via, link, end, 0});
                return;
            }
        }
    }
}

} // namespace

std::vector<PlacedRoute>
FindRoutes(const Scenario& scenario, NodeIndex node)
{
    std::vector<PlacedRoute> routes;
    for (const Route& route : scenario.nodes[node].routes)
    {
        AddGiven(scenario, node, route, routes);
    }
    for (const bool v4 : {true, false})
    {
        Search(scenario, node, v4).Run(routes);
    }
    return routes;
}

} // namespace ikelab::runner
