// SPDX-License-Identifier: MIT
#include "ike/fuzz_targets.h"

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    ikelab::ike::FuzzEndpoint({data, size});
    return 0;
}
