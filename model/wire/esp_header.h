// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

namespace ikelab::wire
{

/// Octets of SPI and sequence number, RFC 4303 §2.
inline constexpr size_t ESP_HEADER_OCTETS = 8;
/// 1 to 255 are IANA's and 0 stays at home, RFC 4303 §2.1: no SA has such an SPI.
inline constexpr uint32_t FIRST_ESP_SPI = 256;
inline constexpr uint8_t IP_PROTOCOL_ESP = 50;
inline constexpr uint16_t IKE_PORT = 500;
inline constexpr uint16_t NATT_PORT = 4500;
/// Octets of the non-ESP marker, RFC 3948 §2.2.
inline constexpr size_t NON_ESP_MARKER_OCTETS = 4;

struct EspHeader
{
    EspSpi spi;
    uint32_t sequence{0};
};

/**
 * Does IKE between these UDP ports go behind a non-ESP marker? Where a port is 4500, and where
 * neither is 500: ports chosen by configuration or a NAT stand for 4500, as ESP must find its way
 * through them, too (RFC 3948 §2.2, RFC 7296 §2.23). Only port 500 itself carries IKE without.
 */
bool UsesNonEspMarker(uint16_t localPort, uint16_t remotePort);

/// SPI and sequence number of an ESP packet; SPI 0 is BAD_VALUE (RFC 4303 §2.1).
Result<EspHeader> ParseEspHeader(Bytes packet);
void WriteEspHeader(MutableBytes packet, const EspHeader& header);

/// What a datagram on port 4500 is, RFC 3948 §2.
struct NatKeepalive
{
};

/// The whole of one, RFC 3948 §2.3.
inline constexpr std::array<uint8_t, 1> NAT_KEEPALIVE{0xff};

struct IkeInUdp
{
    Bytes message; ///< without the marker
};

struct EspInUdp
{
    Bytes packet;
};

using Encapsulated = std::variant<NatKeepalive, IkeInUdp, EspInUdp>;

/// Tell the three apart; TRUNCATED for anything that is none (shorter than 4 octets and not 0xFF).
Result<Encapsulated> ParseUdpEncapsulated(Bytes datagram);

} // namespace ikelab::wire
