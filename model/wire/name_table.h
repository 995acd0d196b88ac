// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ikelab::wire
{

/// One row of a registry's table.
struct Name
{
    uint16_t value;
    std::string_view name;
};

/// The name of a number in a table that is ordered by number, or the number in decimal digits.
template <typename Value, size_t COUNT>
std::string
NameOf(Value value, const Name (&names)[COUNT])
{
    const auto number = static_cast<uint16_t>(value);
    const Name* row = std::ranges::lower_bound(names, number, {}, &Name::value);
    if (row != names + COUNT && row->value == number)
    {
        return std::string(row->name);
    }
    return std::to_string(number);
}

} // namespace ikelab::wire
