// SPDX-License-Identifier: MIT
#include "base/checksum.h"

#include "base/fixed_fields.h"

#include <cstring>

namespace ikelab
{

namespace
{

/// Add words of two octets each, in the machine's order, several at a time; a carry goes around.
template <typename Number>
void
AddAll(Bytes& octets, uint64_t& sum)
{
    for (; octets.size() >= sizeof(Number); octets = octets.subspan(sizeof(Number)))
    {
        Number number;
        std::memcpy(&number, octets.data(), sizeof(number));
        sum += number;
        sum += sum < number ? 1 : 0;
    }
}

uint16_t
Fold(uint64_t sum)
{
    while (sum > 0xffff)
    {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(sum);
}

} // namespace

uint16_t
OnesComplementSum(Bytes octets, uint32_t start)
{
    // RFC 1071 §2: four words at a time, in the machine's order, make the same sum once its octets
    // are put in order.
    uint64_t sum = 0;
    AddAll<uint64_t>(octets, sum);
    AddAll<uint32_t>(octets, sum);
    AddAll<uint16_t>(octets, sum);
    uint64_t total = uint64_t{start} + BigEndian(Fold(sum));
    if (!octets.empty())
    {
        total += static_cast<uint32_t>(octets.front()) << 8;
    }
    return Fold(total);
}

void
AdjustChecksum(MutableBytes checksum, uint16_t before, uint16_t after)
{
    const auto octets = checksum.first<2>();
    const auto current = LoadField<0, uint16_t>(Bytes(octets).first<2>());
    StoreField<0>(octets, AdjustedChecksum(current, before, after));
}

} // namespace ikelab
