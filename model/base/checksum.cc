// SPDX-License-Identifier: MIT
#include "base/checksum.h"

namespace ikelab
{

namespace
{

uint16_t
Word(Bytes octets)
{
    return static_cast<uint16_t>(octets[0] << 8 | octets[1]);
}

} // namespace

uint16_t
OnesComplementSum(Bytes octets, uint32_t start)
{
    uint64_t sum = start;
    for (; octets.size() >= 2; octets = octets.subspan(2))
    {
        sum += Word(octets.first<2>());
    }
    if (!octets.empty())
    {
        sum += static_cast<uint32_t>(octets.front()) << 8;
    }
    while (sum > 0xffff)
    {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(sum);
}

void
AdjustChecksum(MutableBytes checksum, uint16_t before, uint16_t after)
{
    const auto octets = checksum.first<2>();
    const uint16_t adjusted = AdjustedChecksum(Word(octets), before, after);
    octets[0] = static_cast<uint8_t>(adjusted >> 8);
    octets[1] = static_cast<uint8_t>(adjusted);
}

} // namespace ikelab
