// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <string>

namespace ikelab::io
{

/**
 * The keys of one direction of a Child SA in Wireshark's words. Keys are borrowed: they are put
 * into text within the call that takes the row.
 */
struct EspKeyRow
{
    bool v6{false};
    /// Outer addresses as text, or "*" for any (MOBIKE, HA takeover: the SPI is enough).
    std::string source{"*"};
    std::string destination{"*"};
    uint32_t spi{0};
    /// "AES-GCM with 16 octet ICV [RFC4106]"; empty if Wireshark has no name for the algorithm.
    std::string encryptionName;
    /// "AES_GCM_16": ours, for those that Wireshark has no name for.
    std::string ownEncryptionName;
    /// With the salt appended for AEAD and counter mode.
    Bytes encryptionKey;
    /// "HMAC-SHA-256-128 [RFC4868]", "NULL" beside an AEAD.
    std::string integrityName{"NULL"};
    std::string ownIntegrityName;
    Bytes integrityKey;
    /// Extended sequence numbers (RFC 4303 §2.2.1); Wireshark 4.0 has no column for them.
    bool extendedSequence{false};
    uint32_t sequenceHigh{0};
};

/// "ESPS": the type of a secrets block that holds rows of `esp_sa`.
inline constexpr uint32_t SECRETS_ESP = 0x45535053;

/// A row as ten quoted CSV columns without line end: what the secrets block of a capture holds.
std::string ToSecretsCsv(const EspKeyRow& row);

} // namespace ikelab::io
