// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "dissect/oldest_first.h"

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>

namespace ikelab::dissect
{

/**
 * Puts fragmented IP packets of a capture together again (RFC 791 §3.2, RFC 8200 §4.5). Fragments
 * that overlap spoil their packet, later ones included (RFC 5722 §4). What waits is bounded: the
 * oldest packet goes first.
 */
class IpReassembly
{
  public:
    /// A packet in many pieces, and how many octets all pieces together may hold.
    static constexpr size_t MOST_PACKETS = 64;
    static constexpr size_t MOST_FRAGMENTS = 256;
    static constexpr size_t PACKET_OCTETS = 65535;

    struct Outcome
    {
        /// There once all pieces are: an IP packet without fragmentation.
        std::optional<Buffer> packet;
        size_t pieces{0}; ///< that are there by now
    };

    /**
     * One fragment: an IP packet that PacketInfo calls one, cut to its length.
     * @return BAD_VALUE for a piece that cannot be, LIMIT for too many of them
     */
    Result<Outcome> Add(Bytes fragment);

    /// The first octets that the packet of a fragment carries: ports, if it has any. Nothing before
    /// its first fragment came and once it is complete. Borrowed until the next Add.
    Bytes Start(Bytes fragment) const;

  private:
    /// Addresses as they stand in the header, protocol (0 for IPv6) and identification.
    struct Key
    {
        std::array<uint8_t, 32> addresses{};
        uint8_t protocol{0};
        uint32_t identification{0};

        auto operator<=>(const Key&) const = default;
    };

    struct Piece
    {
        Key key;
        size_t offset{0};
        bool last{false};
        Buffer head; ///< the header that the whole packet gets
        Bytes data;
    };

    struct Waiting
    {
        Buffer head; ///< of the first piece; empty until it is there
        std::map<size_t, Buffer> pieces;
        std::optional<size_t> end;
        size_t octets{0};
        Buffer start;
        bool spoiled{false}; ///< what else comes of this packet is dropped
    };

    static Result<Piece> Read(Bytes fragment);
    static Result<Piece> ReadV4(Bytes fragment);
    static Result<Piece> ReadV6(Bytes fragment);
    static tl::unexpected<Error> Spoil(Waiting& waiting, const Error& why);
    static Result<void> Insert(Waiting& waiting, const Piece& piece);
    static Buffer Join(const Waiting& waiting);

    OldestFirst<Key, Waiting> m_waiting{MOST_PACKETS};
};

} // namespace ikelab::dissect
