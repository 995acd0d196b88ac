// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <optional>
#include <string>
#include <string_view>

namespace ikelab
{

/// Lower-case hexadecimal without separators.
std::string ToHex(Bytes bytes);
/// The octets of an even number of hex digits (blanks and line ends between them are skipped), or
/// nothing.
std::optional<Buffer> FromHex(std::string_view text);
/// FromHex for literals in code and tests: asserts that the text is good.
Buffer Hex(std::string_view text);

} // namespace ikelab
