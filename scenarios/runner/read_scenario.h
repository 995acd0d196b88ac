// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "runner/object_reader.h"
#include "runner/problems.h"
#include "runner/scenario.h"

namespace ikelab::runner
{

/**
 * Make a scenario of its JSON (README.md shows the format by example).
 * @param name becomes Scenario::name
 * @param problems gets all that is wrong; the scenario is usable only if it stays empty
 */
Scenario ReadScenario(const Json& json, const std::string& name, Problems& problems);

} // namespace ikelab::runner
