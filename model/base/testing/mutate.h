// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>

/// Bad input first: what every reader of a stranger's octets is tried with.
namespace ikelab
{

/// Call `check` with the octets cut at every `step`-th place, each time in a buffer of that size: a
/// sanitizer sees whoever reads on.
template <typename Check>
void
Truncate(Bytes octets, size_t step, Check check)
{
    for (size_t size = 0; size < octets.size(); size += step)
    {
        const Buffer cut = ToBuffer(octets.first(size));
        check(Bytes(cut));
    }
}

/// Call `check` with the octets, each single bit of the first `reach` octets flipped in its turn.
template <typename Check>
void
FlipBits(Bytes octets, size_t reach, Check check)
{
    Buffer flipped = ToBuffer(octets);
    for (size_t bit = 0; bit < reach * 8; ++bit)
    {
        const auto mask = static_cast<uint8_t>(1 << (bit % 8));
        flipped[bit / 8] ^= mask;
        check(Bytes(flipped));
        flipped[bit / 8] ^= mask;
    }
}

/// Call `check` with the octets cut at every place and with every single bit flipped.
template <typename Check>
void
Mutate(Bytes octets, Check check)
{
    Truncate(octets, 1, check);
    FlipBits(octets, octets.size(), check);
}

} // namespace ikelab
