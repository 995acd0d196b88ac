// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

namespace ikelab::runner
{

/// Numbers that were seen. Those that follow one another take the room of one, so that a counter of
/// ten million packets costs nothing.
class NumberSet
{
  public:
    /// False if it was there already.
    bool
    Insert(uint64_t number)
    {
        const auto next = m_runs.upper_bound(number);
        const auto before = next == m_runs.begin() ? m_runs.end() : std::prev(next);
        if (before != m_runs.end() && number <= before->second)
        {
            return false;
        }
        const bool goesOn = before != m_runs.end() && before->second + 1 == number;
        const bool leadsOn = next != m_runs.end() && number + 1 == next->first;
        const uint64_t last = leadsOn ? next->second : number;
        if (leadsOn)
        {
            m_runs.erase(next);
        }
        if (goesOn)
        {
            before->second = last;
        }
        else
        {
            m_runs.emplace(number, last);
        }
        return true;
    }

    /// How many separate runs there are.
    size_t
    Runs() const
    {
        return m_runs.size();
    }

  private:
    std::map<uint64_t, uint64_t> m_runs; ///< first and last of each
};

} // namespace ikelab::runner
