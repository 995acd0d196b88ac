// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "gateway/config_rules.h"
#include "runner/scenario.h"

/**
 * What the values of a scenario look like. Stricter than swanctl.conf's: numbers are numbers, and
 * whatever has a unit says it.
 */
namespace ikelab::runner
{

using gateway::Json;

namespace shape
{

Json Text(const gateway::KeyRule& rule);
Json Flag(const gateway::KeyRule& rule);
Json Count(const gateway::KeyRule& rule);
Json Time(const gateway::KeyRule& rule);
Json Percent(const gateway::KeyRule& rule);
Json Rate(const gateway::KeyRule& rule);
Json Moment(const gateway::KeyRule& rule); ///< on the calendar
Json Word(const gateway::KeyRule& rule);
Json Name(const gateway::KeyRule& rule);  ///< of something else in the scenario
Json Names(const gateway::KeyRule& rule); ///< a list of them
Json Object(const gateway::KeyRule& rule);
Json Objects(const gateway::KeyRule& rule); ///< by names that can stand in file names
Json Ends(const gateway::KeyRule& rule);    ///< of a link
Json Routes(const gateway::KeyRule& rule);
Json Connections(const gateway::KeyRule& rule); ///< of gateways, by node and name
Json Flows(const gateway::KeyRule& rule);
Json Steps(const gateway::KeyRule& rule);
Json Changes(const gateway::KeyRule& rule); ///< by path

/// A value in this unit, or its bounds.
template <Unit UNIT>
Json Claim(const gateway::KeyRule& rule);

} // namespace shape

/// The shape of a metric's value, and of a claim about it.
gateway::Shape ValueShape(Unit unit);
gateway::Shape ClaimShape(Unit unit);

} // namespace ikelab::runner
