// SPDX-License-Identifier: MIT
#include "base/testing/bench.h"
#include "wire/message.h"
#include "wire/sample_messages.h"

namespace
{

using namespace ikelab;
using namespace ikelab::wire;

/// Big-endian read with a bounds check; false past the end.
inline bool
Read16(Bytes octets, size_t offset, size_t& value)
{
    if (offset + 2 > octets.size())
    {
        return false;
    }
    value = static_cast<size_t>(octets[offset]) << 8 | octets[offset + 1];
    return true;
}

/// Sum of the first 16-bit field behind each substructure's 4-octet head, `depth` levels deep.
inline bool
WalkSubstructures(Bytes octets, unsigned depth, size_t& sum)
{
    size_t offset = 0;
    while (offset < octets.size())
    {
        size_t length;
        size_t field;
        if (!Read16(octets, offset + 2, length) || length < 8 || offset + length > octets.size() ||
            !Read16(octets, offset + 6, field))
        {
            return false;
        }
        sum += field;
        const size_t spiOctets = depth > 0 ? octets[offset + 6] : 0;
        if (depth > 0 &&
            (8 + spiOctets > length ||
             !WalkSubstructures(
                 octets.subspan(offset + 8 + spiOctets, length - 8 - spiOctets), depth - 1, sum)))
        {
            return false;
        }
        offset += length;
    }
    return true;
}

/// The floor: touch every payload, proposal and transform, check every length, keep nothing.
size_t
Walk(Bytes message)
{
    size_t sum = 0;
    if (message.size() < HEADER_OCTETS)
    {
        return 0;
    }
    uint8_t type = message[16];
    size_t offset = HEADER_OCTETS;
    while (type != 0)
    {
        size_t length;
        if (!Read16(message, offset + 2, length) || length < 4 || offset + length > message.size())
        {
            return 0;
        }
        if (type == static_cast<uint8_t>(PayloadType::SA) &&
            !WalkSubstructures(message.subspan(offset + 4, length - 4), 1, sum))
        {
            return 0;
        }
        sum += length;
        type = message[offset];
        offset += length;
    }
    return sum;
}

void
Decode(benchmark::State& state, Buffer (*make)())
{
    const Buffer message = make();
    if (Walk(message) == 0 || !ParseMessage(message))
    {
        state.SkipWithError("the sample does not parse");
        return;
    }
    const auto decode = [&message]
    {
        benchmark::DoNotOptimize(ParseMessage(message));
    };
    const auto walk = [&message]
    {
        benchmark::DoNotOptimize(Walk(message));
    };
    bench::Compare(state, {.ours = 500, .floor = 2000, .count = 51}, decode, walk);
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * message.size()));
    state.counters["octets"] = static_cast<double>(message.size());
}

// The bars: 500 ns and 2000 ns of CPU time.
BENCHMARK_CAPTURE(Decode, SaInit232, &SmallSaInit);
BENCHMARK_CAPTURE(Decode, SaInit936, &LargeSaInit);

} // namespace

BENCHMARK_MAIN();
