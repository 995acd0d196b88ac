// SPDX-License-Identifier: GPL-2.0-only
#include "runner/kernel_links.h"

#include "io/json_document.h"
#include "io/tap_device.h"

namespace ikelab::runner
{

Taps
AttachTaps(const Scenario& scenario, Problems& problems)
{
    Taps taps;
    for (LinkIndex i = 0; i < scenario.links.size(); ++i)
    {
        const auto kernelEnd = scenario.KernelEnd(i);
        if (!kernelEnd)
        {
            continue;
        }
        const Interface& end = scenario.links[i].ends[*kernelEnd];
        auto tap = io::AttachTap({end.name, scenario.nodes[end.node].kernel->netns});
        if (tap)
        {
            taps.emplace(i, std::move(*tap));
            continue;
        }
        const std::string ends = io::AppendPointer("/links", scenario.links[i].name) + "/ends";
        Problem problem;
        problem.pointer = io::AppendPointer(ends, scenario.InterfaceName(i, *kernelEnd));
        problem.problem = tap.error().message;
        problem.atKey = true;
        problems.Add(std::move(problem));
    }
    return taps;
}

} // namespace ikelab::runner
