// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"
#include "gateway/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>

namespace
{

/// What is wrong with a first word that is no command; empty if nothing is.
std::string
UnknownCommand(const CLI::App& app, std::string_view word)
{
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({}))
    {
        names.push_back(command->get_name());
    }
    if (word.empty() || word.front() == '-' || std::ranges::find(names, word) != names.end())
    {
        return "";
    }
    const std::string nearest = ikelab::gateway::NearestWord(word, names);
    return fmt::format("unknown command \"{}\"; expected one of {}{}",
                       word,
                       fmt::join(names, ", "),
                       nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest));
}

} // namespace

int
main(int argc, char** argv)
{
    CLI::App app("IKEv2 and ESP: in ns-3's virtual time, and on real sockets", "ikelab");
    app.set_version_flag("--version", "ikelab " IKELAB_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Exit status: 0 good, 1 a run failed or a claim does not hold, 2 wrong usage or input, "
        "130 stopped by Ctrl-C.");
    int status = 0;
    ikelab::tools::AddRunCommand(app, status);
    ikelab::tools::AddEndpointCommand(app, status);
    ikelab::tools::AddPcapCommand(app, status);
    if (const std::string problem = argc > 1 ? UnknownCommand(app, argv[1]) : ""; !problem.empty())
    {
        std::cerr << "ikelab: " << problem << "\n";
        return ikelab::tools::EXIT_BAD_INPUT;
    }
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return app.exit(error) == 0 ? 0 : ikelab::tools::EXIT_BAD_INPUT;
    }
    return status;
}
