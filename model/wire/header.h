// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "wire/iana.h"

namespace ikelab::wire
{

/// Octets of the IKE header, RFC 7296 §3.1.
inline constexpr size_t HEADER_OCTETS = 28;
inline constexpr uint8_t MAJOR_VERSION = 2;
inline constexpr uint8_t MINOR_VERSION = 0;

/// Flag bits, RFC 7296 §3.1. Others are ignored on receipt and must be zero when sending: who fills
/// a Header sets just these.
inline constexpr uint8_t FLAG_INITIATOR = 0x08;
inline constexpr uint8_t FLAG_VERSION = 0x10;
inline constexpr uint8_t FLAG_RESPONSE = 0x20;

/// The IKE header, RFC 7296 §3.1.
struct Header
{
    IkeSpi initiatorSpi;
    IkeSpi responderSpi;
    PayloadType nextPayload{PayloadType::NONE};
    uint8_t majorVersion{MAJOR_VERSION};
    uint8_t minorVersion{MINOR_VERSION};
    ExchangeType exchange{ExchangeType::INFORMATIONAL};
    uint8_t flags{0};
    MessageId messageId;
    /// Total octets of header and payloads; the builders write it themselves.
    uint32_t length{0};

    bool
    IsResponse() const
    {
        return (flags & FLAG_RESPONSE) != 0;
    }

    /// True if sent by the original initiator of the IKE SA.
    bool
    FromInitiator() const
    {
        return (flags & FLAG_INITIATOR) != 0;
    }

    bool operator==(const Header&) const = default;
};

/**
 * Read the header at the start of a datagram (without non-ESP marker).
 * Checks that 28 octets are there and that the length field equals the datagram's size: TRUNCATED
 * when the field says more than there is, OVERLONG when less. Versions are not judged here (the
 * answer to a higher major version needs the rest of the header, RFC 7296 §2.5).
 */
Result<Header> ParseHeader(Bytes datagram);

/// Write the 28 octets as the fields say, right or wrong.
void WriteHeader(ByteWriter& writer, const Header& header);

} // namespace ikelab::wire
