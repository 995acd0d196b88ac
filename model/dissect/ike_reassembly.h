// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "dissect/oldest_first.h"
#include "wire/header.h"
#include "wire/skf_payload.h"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>

namespace ikelab::dissect
{

/**
 * Puts fragmented IKE messages of a capture together (RFC 7383 §2.6). Takes the text of fragments
 * that were opened. What it keeps is bounded: the oldest message goes first. A message that is
 * complete stays until then, to know the copies of its fragments that a capture may hold.
 */
class IkeReassembly
{
  public:
    static constexpr size_t MOST_MESSAGES = 256;
    static constexpr size_t MESSAGE_OCTETS = 65535;

    struct Outcome
    {
        /// There with the fragment that completes them: what one SK payload would have held. Not
        /// again with copies, or a capture of one long message and many copies of its last
        /// fragment would read like many messages.
        std::optional<Buffer> text;
        bool before{false}; ///< the message was complete before this fragment
        wire::PayloadType first{wire::PayloadType::NONE}; ///< the payload that it begins with
        size_t pieces{0};                                 ///< that are there by now
    };

    /**
     * @param place tells apart where the fragment was captured
     * @param text  decrypted, without padding
     * @return BAD_VALUE for a fragment that contradicts those before it, LIMIT for too many octets
     */
    Result<Outcome> Add(uint32_t place,
                        const wire::Header& header,
                        const wire::SkfHead& head,
                        Bytes text);

  private:
    struct Key
    {
        uint32_t place{0};
        IkeSpi initiator;
        IkeSpi responder;
        MessageId messageId;
        uint8_t flags{0}; ///< requests and responses of either side have the same numbers

        auto operator<=>(const Key&) const = default;
    };

    struct Waiting
    {
        uint16_t total{0};
        wire::PayloadType first{wire::PayloadType::NONE};
        std::map<uint16_t, Buffer> pieces;
        size_t octets{0};
        bool complete{false};
    };

    static Result<void> Insert(Waiting& waiting, const wire::SkfHead& head, Bytes text);

    OldestFirst<Key, Waiting> m_waiting{MOST_MESSAGES};
};

} // namespace ikelab::dissect
