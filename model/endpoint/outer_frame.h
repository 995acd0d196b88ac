// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"
#include "io/ip_socket.h"

#include <cstdint>
#include <optional>

namespace ikelab::endpoint
{

/// TTL or hop limit of what is rebuilt: sockets do not tell the real one.
inline constexpr uint8_t REBUILT_TTL = 64;

/**
 * The IP packet around a payload as a capture shows it, with correct checksums: sockets give and
 * take payloads only. Both addresses are of one family; what would not fit one IP packet is cut.
 * @param frame written anew, its allocation is kept
 */
void BuildUdpFrame(Buffer& frame, const Path& path, Bytes payload, io::OuterFields outer = {});

/// The same for the payload of an IP protocol without ports, ESP.
void BuildRawFrame(Buffer& frame,
                   const Path& path,
                   uint8_t protocol,
                   Bytes payload,
                   io::OuterFields outer = {});

} // namespace ikelab::endpoint
