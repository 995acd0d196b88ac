// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "dissect/cipher_cache.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ikelab::dissect
{

/// What protects a packet, and how far one could look behind it. The worse, the later.
enum class Protection
{
    CLEAR,       ///< nothing does
    OPENED,      ///< decrypted, and the ICV is right
    UNCHECKED,   ///< decrypted; the keys say nothing of integrity
    FRAGMENT,    ///< part of a message that is not complete yet
    CUT,         ///< the capture holds too little of it
    KEY_MISSING, ///< the key store has no row for it
    MALFORMED,   ///< what is read, or what decryption gave, breaks the rules of its format
    ICV_WRONG    ///< key or packet are not what they should be
};

inline constexpr size_t PROTECTIONS = static_cast<size_t>(Protection::ICV_WRONG) + 1;

/// "opened", "key missing" ...: as text and JSON have it.
std::string_view ToString(Protection protection);

struct Opening
{
    Protection protection{Protection::MALFORMED};
    /// The decrypted text with its padding; empty if there is none to show. With a wrong ICV it is
    /// there for ciphers that decrypt on their own, and nobody vouches for it.
    Buffer text;
    std::string problem; ///< empty if opened
};

/**
 * Open one packet as PacketCipher lays it out, without an SA around it.
 * @param packet head, IV, ciphertext and ICV
 * @param esnHigh high half of an extended sequence number
 */
Opening Open(CipherCache& ciphers,
             const OpeningKeys& keys,
             Bytes packet,
             size_t headOctets,
             std::optional<uint32_t> esnHigh = {});

/// One of several keys that a packet may have been made with.
struct Candidate
{
    OpeningKeys keys;
    std::optional<uint32_t> esnHigh;
};

struct CandidateOpening
{
    size_t which{0}; ///< of the candidates
    Opening opening;
};

/**
 * Open with the first of the candidates under which the packet verifies. If it does with none, the
 * first candidate says what the packet is.
 * @param candidates at least one
 */
CandidateOpening OpenWithAny(CipherCache& ciphers,
                             std::span<const Candidate> candidates,
                             Bytes packet,
                             size_t headOctets);

} // namespace ikelab::dissect
