// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/result.h"

#include <array>

/// The Puzzle Solution payload, RFC 8019 §8.2, read from the body of a RawPayload on demand.
namespace ikelab::wire
{

/// Four keys of one size, at least one octet each; which sizes are right is said by the PRF.
struct PuzzleSolution
{
    std::array<Bytes, 4> keys;
};

/// TRUNCATED if empty, BAD_VALUE if the octets do not split into four keys of one size.
Result<PuzzleSolution> ParsePuzzleSolution(Bytes body);
void WritePuzzleSolution(ByteWriter& writer, const PuzzleSolution& solution);

} // namespace ikelab::wire
