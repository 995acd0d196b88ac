// SPDX-License-Identifier: MIT
#include "wire/fuzz_payloads.h"

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    ikelab::wire::FuzzIdentity({data, size});
    return 0;
}
