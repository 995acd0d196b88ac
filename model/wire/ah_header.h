// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>

namespace ikelab::wire
{

/// Octets of an AH before its ICV, RFC 4302 §2.
inline constexpr size_t AH_FIXED_OCTETS = 12;
inline constexpr uint8_t IP_PROTOCOL_AH = 51;

struct AhHeader
{
    uint8_t nextHeader{0};
    size_t octets{AH_FIXED_OCTETS}; ///< of the whole AH: ICV and its padding included
    EspSpi spi;
    uint32_t sequence{0};
};

/**
 * The AH at the front of a packet. RESERVED is ignored (RFC 4302 §2.3).
 * @return TRUNCATED if the packet ends within it; BAD_VALUE for SPI 0, which is never sent (§2.4),
 * and for a length that leaves no room for an ICV
 */
Result<AhHeader> ParseAhHeader(Bytes packet);

/// All but the ICV and its padding. `header.octets` must be a multiple of 4.
void WriteAhHeader(MutableBytes packet, const AhHeader& header);

} // namespace ikelab::wire
