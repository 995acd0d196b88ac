// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

/// The subcommands of `ikelab`. Each adds itself to the command line; `status` gets what the
/// process is to end with.
namespace ikelab::tools
{

inline constexpr int EXIT_BAD_INPUT = 2;

void AddDoctorCommand(CLI::App& app, int& status);
void AddEndpointCommand(CLI::App& app, int& status);
void AddPcapCommand(CLI::App& app, int& status);
void AddRunCommand(CLI::App& app, int& status);
void AddSchemaCommand(CLI::App& app, int& status);

} // namespace ikelab::tools
