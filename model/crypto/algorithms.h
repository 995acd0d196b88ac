// SPDX-License-Identifier: MIT
#pragma once

#include "wire/iana.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/**
 * The one table of algorithms: read by negotiation, key derivation, IKE and ESP protection,
 * printing, key tables and tests. Adding an algorithm is adding a row.
 */
namespace ikelab::crypto
{

/// Who may choose a row. Negotiation reads it; a row that is found is not yet one that is offered.
enum class Use
{
    DEFAULT, ///< also where a configuration names no algorithms
    NAMED,   ///< only where a configuration names it
    CAPTURE  ///< never negotiated: for reading what others sent
};

enum class CipherKind
{
    AEAD, ///< IV is unique, salt in the key, ICV from the cipher
    CBC,  ///< IV is random and as long as a block, padding to the block, needs an INTEG transform
    CTR,  ///< IV is explicit and unique, nonce in the key, needs an INTEG transform
    NULL_CIPHER ///< RFC 2410; needs an INTEG transform
};

/// What computes a MAC, as a PRF or an integrity algorithm.
enum class MacKind
{
    HMAC, ///< RFC 2104, over the named digest
    CMAC, ///< RFC 4493, with the named cipher
    XCBC  ///< RFC 3566, composed of AES-128
};

struct EncrRow
{
    wire::Encr id;
    uint16_t keyBits;        ///< 0 for NULL
    bool keyLengthAttribute; ///< the transform carries Key Length (RFC 7296 §3.3.5)
    CipherKind kind;
    bool encrypts; ///< false for NULL and GMAC
    Use use;
    const char* keyword; ///< swanctl proposal keyword
    const char* opensslName;
    uint8_t keyOctets;        ///< without salt
    uint8_t saltOctets;       ///< RFC 3686 calls it the nonce
    uint8_t ivOctets;         ///< on the wire
    uint8_t blockOctets;      ///< the cipher's alignment of plaintext, 1 if none
    uint8_t icvOctets;        ///< AEAD only
    const char* wiresharkIke; ///< name in ikev2_decryption_table, "" if Wireshark cannot
    const char* wiresharkEsp; ///< name in esp_sa, "" if Wireshark cannot
    const char* source;
    const char* name; ///< as charon prints it

    /// Octets that key derivation yields: key and salt.
    size_t
    MaterialOctets() const
    {
        return size_t{keyOctets} + saltOctets;
    }

    /// The IV is not sent: it is the sequence number (RFC 8750 §4).
    constexpr bool
    ImplicitIv() const
    {
        return kind == CipherKind::AEAD && ivOctets == 0;
    }

    /// Octets of the IV behind the salt of an AEAD's nonce, sent or not.
    constexpr size_t
    NonceIvOctets() const
    {
        return ImplicitIv() ? 8 : ivOctets;
    }

    /// May it protect an IKE SA? Not what leaves it plain (RFC 7296 §5, RFC 4543 §1), nor what
    /// takes its IV from a sequence number of ESP (RFC 8750 §8).
    constexpr bool
    ForIke() const
    {
        return encrypts && !ImplicitIv();
    }
};

struct PrfRow
{
    wire::Prf id;
    Use use;
    const char* keyword;
    MacKind mac;
    const char* opensslName; ///< digest or cipher
    uint8_t outputOctets;
    uint8_t keyOctets;   ///< preferred key size, RFC 7296 §2.13
    uint8_t nonceOctets; ///< of each nonce in SKEYSEED's key, RFC 7296 §2.14; 0: all of them
    const char* source;
    const char* name; ///< as charon prints it
};

struct IntegRow
{
    wire::Integ id;
    Use use;
    const char* keyword;
    MacKind mac;
    const char* opensslName; ///< digest or cipher
    uint8_t keyOctets;
    uint8_t icvOctets;
    const char* wiresharkIke;
    const char* wiresharkEsp;
    const char* source;
    const char* name; ///< as charon prints it
};

enum class KeKind
{
    MODP,
    ECP,
    MONTGOMERY
};

struct KeRow
{
    wire::KeMethod id;
    KeKind kind;
    Use use;
    const char* keyword;
    const char* opensslName; ///< group name; "" if it has the numbers only (RFC 2409's group)
    uint16_t publicOctets;   ///< of the KE payload's data
    uint16_t sharedOctets;
    const char* source;
    const char* name; ///< as charon prints it
};

std::span<const EncrRow> EncrRows();
std::span<const PrfRow> PrfRows();
std::span<const IntegRow> IntegRows();
std::span<const KeRow> KeRows();

/// @param keyBits the Key Length attribute, 0 if there is none; nullptr if not in the table
const EncrRow* FindEncr(wire::Encr id, uint16_t keyBits);
const PrfRow* FindPrf(wire::Prf id);
const IntegRow* FindInteg(wire::Integ id);
const KeRow* FindKe(wire::KeMethod id);

/// What protects an IKE SA, after negotiation. `integ` is nullptr with an AEAD cipher.
struct IkeSuite
{
    const EncrRow* encr{nullptr};
    const IntegRow* integ{nullptr};
    const PrfRow* prf{nullptr};
    const KeRow* ke{nullptr};

    /// As charon prints it: "AES_GCM_16_128/PRF_HMAC_SHA2_256/CURVE_25519"
    std::string ToString() const;
    bool operator==(const IkeSuite&) const = default;
};

/// What protects a Child SA: ESP, or AH where `encr` is nullptr. `ke` is nullptr without a key
/// exchange of its own.
struct EspSuite
{
    const EncrRow* encr{nullptr};
    const IntegRow* integ{nullptr};
    const KeRow* ke{nullptr};
    bool esn{false};

    wire::ProtocolId
    Protocol() const
    {
        return encr != nullptr ? wire::ProtocolId::ESP : wire::ProtocolId::AH;
    }

    /// As charon prints it: "AES_GCM_16_128/NO_EXT_SEQ", for AH "HMAC_SHA2_256_128/NO_EXT_SEQ"
    std::string ToString() const;
    bool operator==(const EspSuite&) const = default;
};

} // namespace ikelab::crypto
