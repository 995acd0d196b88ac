// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ikelab
{

/// Octets that somebody else owns: read only, valid as long as their owner says.
using Bytes = std::span<const uint8_t>;
/// Octets that somebody else owns and that may be written.
using MutableBytes = std::span<uint8_t>;
/// Octets that the holder owns.
using Buffer = std::vector<uint8_t>;

/// Copy borrowed octets into owned ones.
inline Buffer
ToBuffer(Bytes bytes)
{
    return Buffer(bytes.begin(), bytes.end());
}

/// Append octets to a buffer.
inline void
Append(Buffer& buffer, Bytes bytes)
{
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

/// True if both hold the same octets. Not constant time: never for secrets (crypto has that).
bool SameOctets(Bytes left, Bytes right);

} // namespace ikelab
