// SPDX-License-Identifier: MIT
#include "base/one_line.h"

#include <fmt/format.h>

#include <iterator>

namespace ikelab
{

namespace
{

constexpr size_t MOST_OCTETS = 2000;
constexpr size_t KEPT_OCTETS = 900; ///< at either end of a longer text

bool
IsContinuation(char octet)
{
    return (static_cast<unsigned char>(octet) & 0xc0) == 0x80;
}

} // namespace

std::string
OneLine(std::string_view text)
{
    if (text.size() > MOST_OCTETS)
    {
        size_t end = KEPT_OCTETS;
        size_t begin = text.size() - KEPT_OCTETS;
        // Whole characters: at most three octets of UTF-8 follow the first.
        for (int i = 0; i < 3 && IsContinuation(text[end]); ++i)
        {
            --end;
        }
        for (int i = 0; i < 3 && IsContinuation(text[begin]); ++i)
        {
            ++begin;
        }
        return fmt::format("{} [... {} octets ...] {}",
                           OneLine(text.substr(0, end)),
                           begin - end,
                           OneLine(text.substr(begin)));
    }
    std::string line;
    line.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i)
    {
        const auto octet = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        if (octet < 0x20 || octet == 0x7f)
        {
            fmt::format_to(std::back_inserter(line), "\\x{:02x}", octet);
        }
        else if (octet == 0xc2 && next >= 0x80 && next < 0xa0)
        {
            fmt::format_to(std::back_inserter(line), "\\x{:02x}", next);
            ++i;
        }
        else
        {
            line += text[i];
        }
    }
    return line;
}

} // namespace ikelab
