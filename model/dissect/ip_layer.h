// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "dissect/packet_view.h"
#include "esp/packet_info.h"

#include <cstdint>
#include <optional>
#include <string>

namespace ikelab::dissect
{

/// "UDP", "ESP" ...; empty for a protocol without a name here.
std::string ProtocolName(uint8_t protocol);
/// The same, and "protocol 132" for others.
std::string ProtocolText(uint8_t protocol);

Layer IpLayer(const esp::PacketInfo& info);

/// How many octets an IP packet says it has; nothing if not even its header is there.
std::optional<size_t> SaidOctets(Bytes packet);

/// What a packet is whose length cannot be: read as if it ended where the octets end.
std::optional<esp::PacketInfo> ReadUnended(Bytes packet);

} // namespace ikelab::dissect
