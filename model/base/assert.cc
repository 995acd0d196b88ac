// SPDX-License-Identifier: MIT
#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace ikelab
{

void
AssertionFailed(const char* condition, const char* file, int line)
{
    std::fprintf(stderr, "ikelab: internal error: %s (%s:%d)\n", condition, file, line);
    std::abort();
}

} // namespace ikelab
