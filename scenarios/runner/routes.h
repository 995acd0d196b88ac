// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "runner/scenario.h"

#include <vector>

namespace ikelab::runner
{

/// A route of a node, with the interface that it leaves by.
struct PlacedRoute
{
    IpRange to;
    IpAddress via;
    LinkIndex link{0};
    size_t end{0};      ///< our end of the link
    unsigned metric{0}; ///< what the scenario says goes before what was found
};

/// Metric of the routes that FindRoutes finds by itself.
inline constexpr unsigned METRIC_FOUND = 10;

/**
 * All routes of a node: those of the scenario; for a node with one link the default over it; for
 * the others the way with the fewest hops to each subnet, earlier links preferred. Each family goes
 * its own ways, since a link may lack one. The node's own subnets need none.
 */
std::vector<PlacedRoute> FindRoutes(const Scenario& scenario, NodeIndex node);

} // namespace ikelab::runner
