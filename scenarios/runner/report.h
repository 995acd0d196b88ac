// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "io/system_error.h"
#include "runner/results.h"
#include "runner/run.h"

#include <nlohmann/json.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace ikelab::runner
{

/// What a run is called in everything that it writes: the same words give the same octets, unless
/// they are about a run in real time.
struct RunLabel
{
    std::string scenario;
    uint64_t seed{0};
    std::vector<std::string> set; ///< the changes of the command line
    bool realTime{false};         ///< another run gives other octets

    /// "scenario site_to_site, seed 1, ikelab 0.1.0"
    std::string ToString() const;
};

/// True if all claims and invariants hold.
bool Passed(const std::vector<Finding>& findings, const RunResult& result);

/// The content of summary.json.
nlohmann::ordered_json SummaryOf(const Scenario& scenario,
                                 const RunLabel& label,
                                 const RunResult& result,
                                 const std::vector<Finding>& findings);

/// Write pings.csv, flows.csv and sas.csv; each row names scenario and seed, so that tables of many
/// runs can be put together.
io::SystemResult<void> WriteTables(const std::string& folder,
                                   const Scenario& scenario,
                                   const RunLabel& label,
                                   const RunResult& result);

/// The answer for people.
void PrintAnswer(std::ostream& out,
                 const std::string& folder,
                 const Scenario& scenario,
                 const RunLabel& label,
                 const RunResult& result,
                 const std::vector<Finding>& findings);

/// What a run would be, for --dry-run.
void PrintPlan(std::ostream& out, const Scenario& scenario, const RunLabel& label);
nlohmann::ordered_json PlanOf(const Scenario& scenario, const RunLabel& label);

} // namespace ikelab::runner
