// SPDX-License-Identifier: MIT
#include "wire/fuzz_targets.h"

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    ikelab::wire::FuzzIkeMessage({data, size});
    return 0;
}
