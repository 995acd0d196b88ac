// SPDX-License-Identifier: MIT
#include "base/one_line.h"

#include <fmt/format.h>

#include <iterator>

namespace ikelab
{

std::string
OneLine(std::string_view text)
{
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
