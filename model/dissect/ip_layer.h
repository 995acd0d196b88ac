// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_reader.h"
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

/// Add the layer of an AH (RFC 4302 §2); what comes next, unless AH is broken.
std::optional<uint8_t> AddAh(PacketView& view, ByteReader& reader);

/**
 * Walk on behind AH in IPv6, where options for the destination may follow it (RFC 4302 §3.1.1).
 * @return what comes next; an extension header that does not end is still to be read
 */
uint8_t SkipExtensionHeaders(uint8_t next, ByteReader& reader);

} // namespace ikelab::dissect
