// SPDX-License-Identifier: MIT
#include "wire/puzzle_payload.h"

#include "base/assert.h"

namespace ikelab::wire
{

Result<PuzzleSolution>
ParsePuzzleSolution(Bytes body)
{
    PuzzleSolution solution;
    if (body.empty())
    {
        return Fail(Fault::TRUNCATED, "PS");
    }
    if (body.size() % solution.keys.size() != 0)
    {
        return Fail(Fault::BAD_VALUE, "PS length");
    }
    const size_t keyOctets = body.size() / solution.keys.size();
    for (size_t i = 0; i < solution.keys.size(); ++i)
    {
        solution.keys[i] = body.subspan(i * keyOctets, keyOctets);
    }
    return solution;
}

void
WritePuzzleSolution(ByteWriter& writer, const PuzzleSolution& solution)
{
    for (const Bytes key : solution.keys)
    {
        IKELAB_ASSERT(!key.empty() && key.size() == solution.keys[0].size());
        writer.Octets(key);
    }
}

} // namespace ikelab::wire
