// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "runner/object_reader.h"
#include "runner/scenario.h"

#include <string>
#include <string_view>
#include <vector>

/**
 * The parts of ReadScenario, in the order in which they build on each other. Each reads one
 * top-level member of the scenario, if it is there.
 */
namespace ikelab::runner
{

// What the objects of a scenario may hold; each is next to its reader.
const gateway::ObjectRule& ScenarioRule();
const gateway::ObjectRule& NodeRule();
const gateway::ObjectRule& KernelRule();
const gateway::ObjectRule& LinkRule();
const gateway::ObjectRule& ExpectRule();
const gateway::ObjectRule& RecordRule();
/// Of traffic and timeline, one per kind and deed.
const std::vector<const gateway::ObjectRule*>& FlowRules();
const std::vector<const gateway::ObjectRule*>& StepRules();
/// {"min": ..., "max": ...}
const gateway::ObjectRule& BoundsRule(Unit unit);

/// `nodes` (without their routes) and `links`.
void ReadTopology(const Json& root, Scenario& scenario, Problems& problems);
/// `routes` of the nodes; needs the links.
void ReadRoutes(const Json& root, Scenario& scenario, Problems& problems);
/// `connections`, `secrets`, `charon`, and what nodes say of them.
void ReadConnections(const Json& root, Scenario& scenario, Problems& problems);
void ReadTraffic(const Json& root, Scenario& scenario, Problems& problems);
void ReadTimeline(const Json& root, Scenario& scenario, Problems& problems);
void ReadClaims(const Json& root, Scenario& scenario, Problems& problems);
/// `record`; without it every interface is recorded.
void ReadRecord(const Json& root, Scenario& scenario, Problems& problems);

/// The member of the root, or nullptr; complains if it is no object.
const Json* FindObject(const Json& root, std::string_view key, Problems& problems);
/// Complains unless the name can stand in file names, paths of `--set` and captures.
bool CheckName(std::string_view name,
               std::string_view what,
               const std::string& pointer,
               Problems& problems);

std::vector<std::string> NodeNames(const Scenario& scenario);
std::vector<std::string> LinkNames(const Scenario& scenario);
std::vector<std::string> FlowNames(const Scenario& scenario);
/// "moon/eth0" of all links.
std::vector<std::string> InterfaceNames(const Scenario& scenario);
/// The place of a word that is known to be in the list.
size_t IndexOf(const std::vector<std::string>& list, std::string_view word);

} // namespace ikelab::runner
