// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>

namespace ikelab
{

/// Nanoseconds: fine enough for links and coarse enough for lifetimes of 292 years.
using Duration = std::chrono::nanoseconds;

/// A clock that cannot be read: the core is told the time, it never asks for it.
struct Clock
{
    using rep = int64_t;
    using period = std::nano;
    using duration = Duration;
    using time_point = std::chrono::time_point<Clock, Duration>;
    static constexpr bool is_steady = true;
};

/// A moment, in nanoseconds since the run began (virtual time) or the process did (real sockets).
using Instant = Clock::time_point;

} // namespace ikelab
