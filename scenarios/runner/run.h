// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

/**
 * `ikelab run` as a library: read a scenario, drive the simulation, check what must hold, leave a
 * folder. The command, the Python module and the tests all come in here.
 */
namespace ikelab::runner
{

/// What RunScenario returns; the process ends with it.
inline constexpr int EXIT_GOOD = 0;
inline constexpr int EXIT_CLAIM_BROKEN = 1; ///< the run ended, something in `expect` does not hold
inline constexpr int EXIT_BAD_INPUT = 2;    ///< nothing was run and nothing written
inline constexpr int EXIT_STOPPED = 130; ///< half way of virtual time, by the user; nothing is kept

struct RunOptions
{
    /// A name that ListScenarios knows ("site_to_site") or a file ("dir/mine.json"): it is a file
    /// if it holds a slash or ends in ".json".
    std::string scenario;
    /// The folder to make; empty is "out/NAME" below the working directory. It must
    /// not exist, or be empty; until the run is over its name ends in ".unfinished".
    std::string folder;
    /// Takes the place of the scenario's seed.
    std::optional<uint64_t> seed;
    /// "links.wan.loss=2%" or "/links/1/loss=2%", in this order.
    std::vector<std::string> set;
    /// Print summary.json to `out` in place of the answer for people.
    bool json{false};
    /// Read, check and show what would be run; no folder.
    bool dryRun{false};
    /// Draw a progress line on `err`: the command sets it if stderr is a terminal.
    bool progress{false};
    /// Asked at every frame; the run ends and leaves nothing once it says yes, but one in real time
    /// ends early and is judged and kept. May be empty.
    std::function<bool()> stop;
    /// Folders with scenarios by name, the first that has it wins; empty is ScenarioFolders().
    std::vector<std::string> scenarioFolders;
};

/**
 * Run one scenario in this process. Simulations share ns-3's one simulator, so calls must follow
 * one another.
 * @param out gets the answer, @param err problems and progress
 * @return EXIT_GOOD, EXIT_CLAIM_BROKEN, EXIT_BAD_INPUT or EXIT_STOPPED
 */
int RunScenario(const RunOptions& options, std::ostream& out, std::ostream& err);

/// A scenario that can be named.
struct ScenarioInfo
{
    std::string name;
    std::string title; ///< empty if the file cannot be read
    std::string file;
};

/// Where scenarios are looked for by name: $IKELAB_SCENARIOS (folders with ':' between), the
/// working directory's scenarios/, those installed beside the program, the source tree's.
std::vector<std::string> ScenarioFolders();

/// All scenarios of the folders, in the order of their names.
std::vector<ScenarioInfo> ListScenarios(const std::vector<std::string>& folders = {});

} // namespace ikelab::runner
