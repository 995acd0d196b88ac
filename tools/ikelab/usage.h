// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

/// What is wrong with the words of a command line, with the nearest right one.
namespace ikelab::tools
{

/// Of the first word if it is no command, or else of the first option that its command has not;
/// empty if nothing is wrong.
std::string UnknownWord(const CLI::App& app, const std::vector<std::string>& words);

/// Takes these words only.
CLI::Validator OneOf(std::string what, std::vector<std::string> words);

} // namespace ikelab::tools
