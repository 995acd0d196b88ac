// SPDX-License-Identifier: MIT
#include "esp/fuzz_targets.h"

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    ikelab::esp::FuzzAhOpen({data, size});
    return 0;
}
