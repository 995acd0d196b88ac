// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace ikelab
{

/**
 * A message that quotes what somebody else wrote, as one line that steers no terminal: control
 * characters (U+0000 to U+001F, U+007F to U+009F) become "\x0a". Of a text beyond 2000 octets the
 * middle is left out, and how much is said.
 */
std::string OneLine(std::string_view text);

} // namespace ikelab
