// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ikelab::esp
{

/**
 * Big-endian fields of a header whose size is known when compiling: one run-time check makes the
 * fixed span, then every access is checked by the compiler and costs one load.
 */
template <size_t OFFSET, typename Number, size_t SIZE>
constexpr Number
LoadField(std::span<const uint8_t, SIZE> header)
{
    static_assert(SIZE != std::dynamic_extent && OFFSET + sizeof(Number) <= SIZE);
    Number value = 0;
    for (size_t i = 0; i < sizeof(Number); ++i)
    {
        value = static_cast<Number>((static_cast<uint64_t>(value) << 8) | header[OFFSET + i]);
    }
    return value;
}

template <size_t OFFSET, typename Number, size_t SIZE>
constexpr void
StoreField(std::span<uint8_t, SIZE> header, Number value)
{
    static_assert(SIZE != std::dynamic_extent && OFFSET + sizeof(Number) <= SIZE);
    for (size_t i = 0; i < sizeof(Number); ++i)
    {
        header[OFFSET + i] = static_cast<uint8_t>(value >> (8 * (sizeof(Number) - 1 - i)));
    }
}

} // namespace ikelab::esp
