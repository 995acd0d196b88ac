// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ikelab::runner
{

/// One thing that is wrong with a scenario, in the words that its author sees.
struct Problem
{
    std::string pointer;  ///< JSON pointer in the scenario as it stands after `extends` and `--set`
    std::string problem;  ///< "unknown key \"dealy\""
    std::string expected; ///< "one of delay, loss, rate"; may be empty
    std::string nearest;  ///< the nearest valid word, or empty
    bool atKey{false};    ///< the key is wrong, not its value
};

/// "<where>: <pointer>: <problem>; expected ...; did you mean \"...\"?"
std::string Format(const Problem& problem, std::string_view where);

/// Collects all problems of a scenario, so that one look mends them all.
class Problems
{
  public:
    /// Once, however often it is found.
    void Add(Problem problem);
    void Add(std::string pointer, std::string problem, std::string expected = "");
    /// A word that is none of the candidates; finds the nearest.
    void AddUnknown(std::string pointer,
                    std::string_view what,
                    std::string_view word,
                    const std::vector<std::string>& candidates,
                    bool atKey = false);

    bool
    Empty() const
    {
        return m_list.empty();
    }

    const std::vector<Problem>&
    List() const
    {
        return m_list;
    }

  private:
    std::vector<Problem> m_list;
};

} // namespace ikelab::runner
