// SPDX-License-Identifier: GPL-2.0-only
#include "runner/fuzz_targets.h"

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    ikelab::runner::FuzzScenario({data, size});
    return 0;
}
