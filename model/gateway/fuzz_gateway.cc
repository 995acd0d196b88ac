// SPDX-License-Identifier: MIT
#include "gateway/fuzz_targets.h"

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    ikelab::gateway::FuzzGateway({data, size});
    return 0;
}
