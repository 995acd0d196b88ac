// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"
#include "usage.h"

#include <iostream>

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
    ikelab::tools::AddSchemaCommand(app, status);
    ikelab::tools::AddDoctorCommand(app, status);
    if (const std::string problem = ikelab::tools::UnknownWord(app, {argv + 1, argv + argc});
        !problem.empty())
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
