// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "crypto/context.h"

#include <array>
#include <initializer_list>

namespace ikelab::crypto
{

/// SHA-1 of the joined parts: NAT detection only, RFC 7296 §2.23.
Result<std::array<uint8_t, 20>> Sha1(Context& context, std::initializer_list<Bytes> parts);
/// SHA-256 of the joined parts.
Result<std::array<uint8_t, 32>> Sha256(Context& context, std::initializer_list<Bytes> parts);

} // namespace ikelab::crypto
