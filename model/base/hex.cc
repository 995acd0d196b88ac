// SPDX-License-Identifier: MIT
#include "base/hex.h"

#include "base/assert.h"

#include <algorithm>

namespace ikelab
{

bool
SameOctets(Bytes left, Bytes right)
{
    return std::ranges::equal(left, right);
}

std::string
ToHex(Bytes bytes)
{
    constexpr char DIGITS[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const uint8_t octet : bytes)
    {
        text.push_back(DIGITS[octet >> 4]);
        text.push_back(DIGITS[octet & 15]);
    }
    return text;
}

namespace
{

int
HexValue(char digit)
{
    if (digit >= '0' && digit <= '9')
    {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f')
    {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F')
    {
        return digit - 'A' + 10;
    }
    return -1;
}

} // namespace

std::optional<Buffer>
FromHex(std::string_view text)
{
    Buffer octets;
    octets.reserve(text.size() / 2);
    int high = -1;
    for (const char character : text)
    {
        if (character == ' ' || character == '\n' || character == '\r' || character == '\t')
        {
            continue;
        }
        const int value = HexValue(character);
        if (value < 0)
        {
            return std::nullopt;
        }
        if (high < 0)
        {
            high = value;
            continue;
        }
        octets.push_back(static_cast<uint8_t>(high << 4 | value));
        high = -1;
    }
    if (high >= 0)
    {
        return std::nullopt;
    }
    return octets;
}

Buffer
Hex(std::string_view text)
{
    auto octets = FromHex(text);
    IKELAB_ASSERT(octets.has_value());
    return *std::move(octets);
}

} // namespace ikelab
