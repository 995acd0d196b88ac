// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

/**
 * What every benchmark of this project does: measure its floor in the same run, and fail rather
 * than measure a failure.
 */
namespace ikelab::bench
{

/// A benchmark that measured a failure would measure nothing.
inline void
Require(bool good, const char* what)
{
    if (!good)
    {
        std::fprintf(stderr, "benchmark: %s failed\n", what);
        std::abort();
    }
}

/// CPU time of this process, in microseconds.
inline double
CpuMicroseconds()
{
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// @param values at least one
inline double
Median(std::vector<double> values)
{
    std::ranges::nth_element(values, values.begin() + static_cast<ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
}

template <typename Work>
double
NanosecondsPerCall(int calls, Work& work)
{
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i)
    {
        work();
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    return spent.count() / calls;
}

/// Calls of either side in one block, and how many blocks.
struct Blocks
{
    int ours{1000};
    int floor{1000};
    int count{31};
};

/// Time `ours` and put the floor's time and the ratio beside it. Both alternate in short blocks, so
/// that a busy machine slows both alike.
template <typename Ours, typename Floor>
void
Compare(benchmark::State& state, const Blocks& blocks, Ours ours, Floor floor)
{
    std::vector<double> floors;
    std::vector<double> own;
    std::vector<double> ratios;
    for (int block = 0; block < blocks.count; ++block)
    {
        floors.push_back(NanosecondsPerCall(blocks.floor, floor));
        own.push_back(NanosecondsPerCall(blocks.ours, ours));
        ratios.push_back(own.back() / floors.back());
    }
    for ([[maybe_unused]] auto iteration : state)
    {
        ours();
    }
    state.counters["ours_ns"] = Median(own);
    state.counters["floor_ns"] = Median(floors);
    state.counters["ratio"] = Median(ratios);
}

} // namespace ikelab::bench
