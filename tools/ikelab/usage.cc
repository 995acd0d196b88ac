// SPDX-License-Identifier: GPL-2.0-only
#include "usage.h"

#include "gateway/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ikelab::tools
{

namespace
{

/// `unknown command "endpint"; expected one of ...; did you mean "endpoint"?`, or empty.
std::string
Complain(std::string_view what, std::string_view word, const std::vector<std::string>& words)
{
    if (std::ranges::find(words, word) != words.end())
    {
        return "";
    }
    const std::string nearest = gateway::NearestWord(word, words);
    return fmt::format("unknown {} \"{}\"; expected one of {}{}",
                       what,
                       word,
                       fmt::join(words, ", "),
                       nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest));
}

std::vector<std::string>
OptionsOf(const CLI::App& command)
{
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options())
    {
        for (const std::string& name : option->get_lnames())
        {
            names.push_back("--" + name);
        }
    }
    return names;
}

} // namespace

std::string
UnknownWord(const CLI::App& app, const std::vector<std::string>& words)
{
    if (words.empty() || words.front().starts_with('-'))
    {
        return "";
    }
    std::vector<std::string> commands;
    for (const CLI::App* command : app.get_subcommands({}))
    {
        commands.push_back(command->get_name());
    }
    if (std::string problem = Complain("command", words.front(), commands); !problem.empty())
    {
        return problem;
    }
    const std::vector<std::string> options = OptionsOf(*app.get_subcommand(words.front()));
    for (size_t i = 1; i < words.size() && words[i] != "--"; ++i)
    {
        const std::string name = words[i].substr(0, words[i].find('='));
        std::string problem = name.starts_with("--") ? Complain("option", name, options) : "";
        if (!problem.empty())
        {
            return fmt::format("{}: {}", words.front(), problem);
        }
    }
    return "";
}

CLI::Validator
OneOf(std::string what, std::vector<std::string> words)
{
    return CLI::Validator([what = std::move(what), words = std::move(words)](
                              const std::string& word) { return Complain(what, word, words); },
                          "");
}

} // namespace ikelab::tools
