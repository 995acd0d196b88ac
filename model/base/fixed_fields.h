// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace ikelab
{

/// From big-endian to the machine's order, or back.
template <typename Number>
Number
BigEndian(Number number)
{
    static_assert(std::endian::native == std::endian::little ||
                  std::endian::native == std::endian::big);
    if constexpr (std::endian::native == std::endian::big || sizeof(Number) == 1)
    {
        return number;
    }
    else if constexpr (sizeof(Number) == 2)
    {
        return __builtin_bswap16(number);
    }
    else if constexpr (sizeof(Number) == 4)
    {
        return __builtin_bswap32(number);
    }
    else
    {
        static_assert(sizeof(Number) == 8);
        return __builtin_bswap64(number);
    }
}

/**
 * Big-endian fields of a header whose size is known when compiling: one run-time check makes the
 * fixed span, then every access is checked by the compiler and costs one load.
 */
template <size_t OFFSET, typename Number, size_t SIZE>
Number
LoadField(std::span<const uint8_t, SIZE> header)
{
    static_assert(SIZE != std::dynamic_extent && OFFSET + sizeof(Number) <= SIZE);
    Number value;
    std::memcpy(&value, header.data() + OFFSET, sizeof(value));
    return BigEndian(value);
}

template <size_t OFFSET, typename Number, size_t SIZE>
void
StoreField(std::span<uint8_t, SIZE> header, Number value)
{
    static_assert(SIZE != std::dynamic_extent && OFFSET + sizeof(Number) <= SIZE);
    value = BigEndian(value);
    std::memcpy(header.data() + OFFSET, &value, sizeof(value));
}

} // namespace ikelab
