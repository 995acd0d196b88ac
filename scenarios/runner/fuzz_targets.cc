// SPDX-License-Identifier: GPL-2.0-only
#include "runner/fuzz_targets.h"

#include "base/assert.h"
#include "runner/read_scenario.h"
#include "runner/scenario_text.h"

#include <string_view>

namespace ikelab::runner
{

namespace
{

/// Something to read, on one line.
void
ExpectALine(std::string_view message)
{
    IKELAB_ASSERT(!message.empty());
    IKELAB_ASSERT(message.find('\n') == std::string_view::npos);
}

} // namespace

void
FuzzScenario(Bytes octets)
{
    const std::string_view all(reinterpret_cast<const char*>(octets.data()), octets.size());
    const size_t zero = all.find('\0');
    std::string_view assignments;
    std::string_view text = all;
    if (zero != std::string_view::npos)
    {
        assignments = all.substr(0, zero);
        text = all.substr(zero + 1);
    }
    auto scenario = ScenarioText::Parse(text, "f.json");
    if (!scenario)
    {
        ExpectALine(scenario.error());
        IKELAB_ASSERT(scenario.error().starts_with("f.json"));
        return;
    }
    while (!assignments.empty())
    {
        const size_t end = assignments.find('\n');
        const auto set = scenario->Set(assignments.substr(0, end));
        if (!set)
        {
            ExpectALine(set.error());
        }
        assignments.remove_prefix(end == std::string_view::npos ? assignments.size() : end + 1);
    }
    Problems problems;
    (void)ReadScenario(scenario->Root(), "f", problems);
    for (const Problem& problem : problems.List())
    {
        ExpectALine(scenario->Explain(problem));
    }
}

} // namespace ikelab::runner
