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
    for (const uint8_t octet : octets)
    {
        const auto character = static_cast<char>(octet);
        if (octet < 0x20 || octet == 0x7f || (octet > 0x7f && !isUtf8) || character == '\\' ||
            alsoEscaped.find(character) != std::string_view::npos)
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
