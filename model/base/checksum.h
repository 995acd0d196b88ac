// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstdint>

/**
 * The checksum of IP, TCP, UDP and ICMP: the complement of a ones' complement sum, RFC 1071.
 */
namespace ikelab
{

/// The sum of 16-bit words, folded, not inverted; a lone last octet is a high octet.
uint16_t OnesComplementSum(Bytes octets, uint32_t start = 0);

/// A checksum after what it covers has changed.
/// @param before, after the word that changed, or the sum of several
inline uint16_t
AdjustedChecksum(uint16_t checksum, uint16_t before, uint16_t after)
{
    // RFC 1624 §3, equation 3: HC' = ~(~HC + ~m + m')
    uint32_t sum = static_cast<uint16_t>(~checksum);
    sum += static_cast<uint16_t>(~before);
    sum += after;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
}

/// The same in place.
/// @param checksum its two octets
void AdjustChecksum(MutableBytes checksum, uint16_t before, uint16_t after);

} // namespace ikelab
