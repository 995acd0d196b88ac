// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "endpoint/run_folder.h"
#include "runner/kernel_links.h"
#include "runner/results.h"

#include <functional>
#include <optional>
#include <string>

namespace ikelab::runner
{

/// Told now and then how much of the run is done, 0 to 1.
using ProgressSink = std::function<void(double share)>;
/// Asked at every frame, and now and then by the wall clock, whether the run shall end at once.
using StopQuestion = std::function<bool()>;

/// What a simulation gives back beside the frames and events that it wrote.
struct SimulationOutcome
{
    RunResult result;
    std::string ladder;
};

/**
 * Build the scenario in ns-3, run it to its end and take it down again.
 * @param seed      of everything random, but for the keys of gateways that talk to the outside
 * @param taps      of all links to kernel nodes
 * @param head      first lines of the ladder
 * @param progress  may be empty
 * @param stop      may be empty
 * @return nothing if it was stopped. With a real clock a stop is an end like any other, for what
 *         happened cannot be had again: gateways delete their SAs, results are kept.
 */
std::optional<SimulationOutcome> Simulate(const Scenario& scenario,
                                          uint64_t seed,
                                          Taps taps,
                                          const std::string& head,
                                          endpoint::RunFolder& folder,
                                          const ProgressSink& progress,
                                          const StopQuestion& stop);

} // namespace ikelab::runner
