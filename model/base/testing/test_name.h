// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>

namespace ikelab
{

/// A text as GoogleTest takes it for the name of a test: letters, digits and low lines.
inline std::string
TestName(std::string text)
{
    const auto isNoLetter = [](char c)
    {
        return !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
    };
    std::ranges::replace_if(text, isNoLetter, '_');
    return text;
}

} // namespace ikelab
