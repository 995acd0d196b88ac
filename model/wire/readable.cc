// SPDX-License-Identifier: MIT
#include "wire/readable.h"

#include <fmt/format.h>

#include <iterator>

namespace ikelab::wire
{

namespace
{

/// Octets of the UTF-8 sequence at the start, or 0 if there is none.
size_t
SequenceOctets(Bytes octets)
{
    const uint8_t lead = octets[0];
    if (lead < 0x80)
    {
        return 1;
    }
    size_t length = 0;
    uint32_t least = 0;
    uint32_t code = 0;
    if (lead >= 0xc0 && lead < 0xe0)
    {
        length = 2;
        least = 0x80;
        code = lead & 0x1fU;
    }
    else if (lead >= 0xe0 && lead < 0xf0)
    {
        length = 3;
        least = 0x800;
        code = lead & 0x0fU;
    }
    else if (lead >= 0xf0 && lead < 0xf8)
    {
        length = 4;
        least = 0x10000;
        code = lead & 0x07U;
    }
    if (length == 0 || octets.size() < length)
    {
        return 0;
    }
    for (const uint8_t octet : octets.subspan(1, length - 1))
    {
        if ((octet & 0xc0) != 0x80)
        {
            return 0;
        }
        code = code << 6 | (octet & 0x3fU);
    }
    const bool isSurrogate = code >= 0xd800 && code <= 0xdfff;
    return code >= least && code <= 0x10ffff && !isSurrogate ? length : 0;
}

/// True for both octets of U+0080 to U+009F, which steer terminals as U+0000 to U+001F do.
bool
IsInC1Control(Bytes octets, size_t index)
{
    constexpr uint8_t LEAD = 0xc2;
    constexpr uint8_t FIRST_PRINTABLE = 0xa0;
    if (octets[index] == LEAD)
    {
        return index + 1 < octets.size() && octets[index + 1] < FIRST_PRINTABLE;
    }
    return index > 0 && octets[index - 1] == LEAD && octets[index] < FIRST_PRINTABLE;
}

} // namespace

bool
IsUtf8(Bytes octets)
{
    while (!octets.empty())
    {
        const size_t length = SequenceOctets(octets);
        if (length == 0)
        {
            return false;
        }
        octets = octets.subspan(length);
    }
    return true;
}

std::string
Readable(Bytes octets, std::string_view alsoEscaped)
{
    const bool isUtf8 = IsUtf8(octets);
    std::string text;
    text.reserve(octets.size());
    for (size_t i = 0; i < octets.size(); ++i)
    {
        const uint8_t octet = octets[i];
        const auto character = static_cast<char>(octet);
        const bool isEscaped = octet < 0x20 || octet == 0x7f || (octet > 0x7f && !isUtf8) ||
                               (octet > 0x7f && IsInC1Control(octets, i)) || character == '\\' ||
                               alsoEscaped.find(character) != std::string_view::npos;
        if (isEscaped)
        {
            fmt::format_to(std::back_inserter(text), "\\{:02x}", octet);
        }
        else
        {
            text += character;
        }
    }
    return text;
}

} // namespace ikelab::wire
