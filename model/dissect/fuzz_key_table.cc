// SPDX-License-Identifier: MIT
#include "dissect/fuzz_targets.h"

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    ikelab::dissect::FuzzKeyTable({data, size});
    return 0;
}
