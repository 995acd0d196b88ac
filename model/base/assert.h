// SPDX-License-Identifier: MIT
#pragma once

/**
 * Our own bug, never the peer's octets and never the user's file: prints place and condition, then
 * aborts. On in every build, because a wrong simulation is worse than a stopped one.
 */
#define IKELAB_ASSERT(condition)                                                                   \
    do                                                                                             \
    {                                                                                              \
        if (!(condition))                                                                          \
        {                                                                                          \
            ::ikelab::AssertionFailed(#condition, __FILE__, __LINE__);                             \
        }                                                                                          \
    } while (false)

namespace ikelab
{

[[noreturn]] void AssertionFailed(const char* condition, const char* file, int line);

} // namespace ikelab
