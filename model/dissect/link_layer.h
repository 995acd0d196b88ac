// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ikelab::dissect
{

/**
 * The IP packet inside a captured frame; nothing if the frame carries none or is too short.
 * Knows Ethernet (with VLAN tags), Linux cooked captures (both versions), BSD loopback and raw IP.
 * @param linkType libpcap's LINKTYPE_* number
 * @param frame    as captured; the result borrows from it and may end in link padding
 */
std::optional<Bytes> IpPacketOf(uint16_t linkType, Bytes frame);

/// True for a link type that IpPacketOf can open.
bool KnowsLinkType(uint16_t linkType);

} // namespace ikelab::dissect
