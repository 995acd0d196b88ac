// SPDX-License-Identifier: GPL-2.0-only
#include "runner/problems.h"

#include "gateway/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ikelab::runner
{

std::string
Format(const Problem& problem, std::string_view where)
{
    std::string text = fmt::format(
        "{}: {}{}{}", where, problem.pointer, problem.pointer.empty() ? "" : ": ", problem.problem);
    if (!problem.expected.empty())
    {
        text += "; expected " + problem.expected;
    }
    if (!problem.nearest.empty())
    {
        text += fmt::format("; did you mean \"{}\"?", problem.nearest);
    }
    return text;
}

void
Problems::Add(std::string pointer, std::string problem, std::string expected)
{
    m_list.push_back({std::move(pointer), std::move(problem), std::move(expected), "", false});
}

void
Problems::AddUnknown(std::string pointer,
                     std::string_view what,
                     std::string_view word,
                     const std::vector<std::string>& candidates,
                     bool atKey)
{
    m_list.push_back(
        {std::move(pointer),
         fmt::format("unknown {} \"{}\"", what, word),
         candidates.empty() ? "none at all" : fmt::format("one of {}", fmt::join(candidates, ", ")),
         gateway::NearestWord(word, candidates),
         atKey});
}

} // namespace ikelab::runner
