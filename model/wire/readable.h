// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <string>
#include <string_view>

namespace ikelab::wire
{

/// True if the octets are UTF-8 (RFC 3629) without overlong forms and surrogates.
bool IsUtf8(Bytes octets);

/**
 * Text of octets that should be text: always UTF-8 without control characters. Backslashes, control
 * characters, the octets of `alsoEscaped` and, if the whole is not UTF-8, all octets above 0x7e
 * become a backslash and two hex digits (as RFC 4514 §2.4 does), so that no two texts look alike.
 */
std::string Readable(Bytes octets, std::string_view alsoEscaped = {});

} // namespace ikelab::wire
