// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"

#ifdef IKELAB_HAS_RUNNER
#include "runner/run.h"
#endif

#include <charconv>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <unistd.h>

namespace ikelab::tools
{

namespace
{

/// The words of the command line, whether this program can simulate or not.
struct Words
{
    std::string scenario;
    std::string folder;
    std::optional<uint64_t> seed;
    std::vector<std::string> set;
    bool json{false};
    bool dryRun{false};
};

/// The scenario file's rule: a whole number that 64 bits hold, without sign.
std::string
CheckSeed(const std::string& text)
{
    uint64_t seed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
    const bool good = error == std::errc{} && end == text.data() + text.size();
    return good ? ""
                : "\"" + text + "\" is no seed; expected a whole number from 0 to " +
                      std::to_string(std::numeric_limits<uint64_t>::max());
}

#ifdef IKELAB_HAS_RUNNER
volatile std::sig_atomic_t g_stop = 0;

/// The first Ctrl-C ends the run in order, a second one at once.
void
StopOnSignals()
{
    struct sigaction action = {};
    action.sa_handler = [](int)
    {
        g_stop = 1;
    };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}
#endif

int
Run(const Words& words)
{
#ifdef IKELAB_HAS_RUNNER
    runner::RunOptions options;
    options.scenario = words.scenario;
    options.folder = words.folder;
    options.seed = words.seed;
    options.set = words.set;
    options.json = words.json;
    options.dryRun = words.dryRun;
    options.progress = ::isatty(STDERR_FILENO) == 1;
    StopOnSignals();
    options.stop = []
    {
        return g_stop != 0;
    };
    return runner::RunScenario(options, std::cout, std::cerr);
#else
    std::cerr << "ikelab run: this program was built without ns-3 (libns3-dev): it cannot simulate "
              << words.scenario << "\n";
    return EXIT_BAD_INPUT;
#endif
}

} // namespace

void
AddRunCommand(CLI::App& app, int& status)
{
    const auto words = std::make_shared<Words>();
    CLI::App* command =
        app.add_subcommand("run", "Simulate a scenario in ns-3 and check what it claims");
    command
        ->add_option("scenario",
                     words->scenario,
                     "Name of a scenario (site_to_site), or a file (with '/' or ending in .json)")
        ->required()
        ->type_name("NAME|FILE");
    command
        ->add_option("-o,--output",
                     words->folder,
                     "Folder to make for the results (default: "
                     "out/NAME)")
        ->type_name("DIR");
    command->add_option("--seed", words->seed, "Another seed than the scenario's")
        ->check(CLI::Validator(CheckSeed, ""))
        ->type_name("N");
    command
        ->add_option("--set",
                     words->set,
                     "Change a value of the scenario: links.wan.loss=2%; may be repeated")
        ->type_name("PATH=VALUE")
        ->expected(1)
        ->take_all();
    command->add_flag("--json", words->json, "Print summary.json in place of the answer");
    command->add_flag("--dry-run", words->dryRun, "Check the scenario and show it; run nothing");
    command->callback([words, &status] { status = Run(*words); });
}

} // namespace ikelab::tools
