// SPDX-License-Identifier: GPL-2.0-only
#include "runner/problems.h"

#include "base/one_line.h"
#include "gateway/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

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
    return OneLine(text);
}

void
Problems::Add(Problem problem)
{
    // What several gateways share, such as secrets, is read for each of them.
    const bool isKnown = std::ranges::any_of(m_list,
                                             [&problem](const Problem& other) {
                                                 return other.pointer == problem.pointer &&
                                                        other.problem == problem.problem;
                                             });
    if (!isKnown)
    {
        m_list.push_back(std::move(problem));
    }
}

void
Problems::Add(std::string pointer, std::string problem, std::string expected)
{
    Add({std::move(pointer), std::move(problem), std::move(expected), "", false});
}

void
Problems::AddUnknown(std::string pointer,
                     std::string_view what,
                     std::string_view word,
                     const std::vector<std::string>& candidates,
                     bool atKey)
{
    Add({std::move(pointer),
         fmt::format("unknown {} \"{}\"", what, word),
         candidates.empty() ? "none at all" : fmt::format("one of {}", fmt::join(candidates, ", ")),
         gateway::NearestWord(word, candidates),
         atKey});
}

} // namespace ikelab::runner
