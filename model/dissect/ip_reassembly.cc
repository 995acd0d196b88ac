// SPDX-License-Identifier: MIT
#include "dissect/ip_reassembly.h"

#include "base/byte_reader.h"
#include "base/limits.h"

#include <algorithm>

namespace ikelab::dissect
{

namespace
{

constexpr size_t V4_HEADER_OCTETS = 20;
constexpr size_t V6_HEADER_OCTETS = 40;
constexpr size_t START_OCTETS = 8; ///< a UDP header
constexpr uint8_t HOP_BY_HOP = 0;
constexpr uint8_t ROUTING = 43;
constexpr uint8_t FRAGMENT = 44;
constexpr uint8_t DESTINATION_OPTIONS = 60;

void
StoreU16(Buffer& octets, size_t at, size_t value)
{
    octets[at] = static_cast<uint8_t>(value >> 8);
    octets[at + 1] = static_cast<uint8_t>(value);
}

} // namespace

Result<IpReassembly::Piece>
IpReassembly::Read(Bytes fragment)
{
    if (fragment.empty())
    {
        return Fail(Fault::TRUNCATED, "fragment");
    }
    return fragment.front() >> 4 == 4 ? ReadV4(fragment) : ReadV6(fragment);
}

Result<IpReassembly::Piece>
IpReassembly::ReadV4(Bytes fragment)
{
    ByteReader reader(fragment);
    uint8_t versionAndLength;
    uint16_t identification;
    uint16_t flagsAndOffset;
    uint8_t protocol;
    Bytes addresses;
    if (!reader.U8(versionAndLength) || !reader.Skip(3) || !reader.U16(identification) ||
        !reader.U16(flagsAndOffset) || !reader.Skip(1) || !reader.U8(protocol) || !reader.Skip(2) ||
        !reader.Take(8, addresses))
    {
        return Fail(Fault::TRUNCATED, "IPv4 fragment", reader.Offset());
    }
    const size_t headOctets = size_t{4} * (versionAndLength & 0x0f);
    if (headOctets < V4_HEADER_OCTETS || headOctets > fragment.size())
    {
        return Fail(Fault::BAD_VALUE, "IPv4 header length");
    }
    Piece piece;
    std::ranges::copy(addresses, piece.key.addresses.begin());
    piece.key.protocol = protocol;
    piece.key.identification = identification;
    piece.offset = size_t{8} * (flagsAndOffset & 0x1fff);
    piece.last = (flagsAndOffset & 0x2000) == 0;
    piece.head = ToBuffer(fragment.first(headOctets));
    StoreU16(piece.head, 6, 0);
    StoreU16(piece.head, 10, 0); // nobody checks the header of a packet put together
    piece.data = fragment.subspan(headOctets);
    return piece;
}

Result<IpReassembly::Piece>
IpReassembly::ReadV6(Bytes fragment)
{
    if (fragment.size() < V6_HEADER_OCTETS)
    {
        return Fail(Fault::TRUNCATED, "IPv6 fragment");
    }
    size_t at = V6_HEADER_OCTETS;
    size_t nextAt = 6; // where the number of the header at `at` stands
    for (size_t count = 0; fragment[nextAt] != FRAGMENT; ++count)
    {
        const uint8_t current = fragment[nextAt];
        const bool walks =
            current == HOP_BY_HOP || current == ROUTING || current == DESTINATION_OPTIONS;
        if (!walks || count > limits::EXTENSION_HEADERS || fragment.size() < at + 2)
        {
            return Fail(Fault::BAD_VALUE, "IPv6 fragment header", at);
        }
        nextAt = at;
        at += 8 + size_t{8} * fragment[at + 1];
    }
    ByteReader reader(fragment.subspan(std::min(at, fragment.size())));
    uint8_t next;
    uint16_t offsetAndMore;
    uint32_t identification;
    if (!reader.U8(next) || !reader.Skip(1) || !reader.U16(offsetAndMore) ||
        !reader.U32(identification))
    {
        return Fail(Fault::TRUNCATED, "IPv6 fragment header", at);
    }
    Piece piece;
    std::ranges::copy(fragment.subspan(8, 32), piece.key.addresses.begin());
    piece.key.identification = identification;
    piece.offset = offsetAndMore & 0xfff8;
    piece.last = (offsetAndMore & 1) == 0;
    piece.head = ToBuffer(fragment.first(at));
    piece.head[nextAt] = next;
    piece.data = reader.Rest();
    return piece;
}

/// RFC 5722 §4: all fragments of such a packet are dropped, those that are yet to come too.
tl::unexpected<Error>
IpReassembly::Spoil(Waiting& waiting, const Error& why)
{
    Buffer start = std::move(waiting.start); // tells whose packet it was
    waiting = Waiting{};
    waiting.start = std::move(start);
    waiting.spoiled = true;
    return tl::unexpected<Error>(why);
}

Result<void>
IpReassembly::Insert(Waiting& waiting, const Piece& piece)
{
    if (piece.offset == 0 && waiting.start.empty())
    {
        waiting.start = ToBuffer(piece.data.first(std::min(piece.data.size(), START_OCTETS)));
    }
    if (waiting.spoiled)
    {
        return Fail(Fault::BAD_VALUE, "fragment of a packet that was dropped for others");
    }
    const size_t end = piece.offset + piece.data.size();
    const bool ragged = !piece.last && piece.data.size() % 8 != 0;
    if (piece.data.empty() || ragged || end + piece.head.size() > PACKET_OCTETS)
    {
        return Fail(Fault::BAD_VALUE, "fragment length");
    }
    const auto same = waiting.pieces.find(piece.offset);
    if (same != waiting.pieces.end() && SameOctets(same->second, piece.data))
    {
        return {}; // captured twice, on its way in and out
    }
    const auto after = waiting.pieces.lower_bound(piece.offset);
    const bool hitsNext = after != waiting.pieces.end() && after->first < end;
    const bool hitsPrevious =
        after != waiting.pieces.begin() &&
        std::prev(after)->first + std::prev(after)->second.size() > piece.offset;
    const bool behindEnd = waiting.end && (end > *waiting.end || piece.last);
    if (hitsNext || hitsPrevious || behindEnd)
    {
        return Spoil(waiting, {Fault::BAD_VALUE, "fragments that overlap", 0, 0});
    }
    if (waiting.pieces.size() >= MOST_FRAGMENTS)
    {
        return Spoil(waiting, {Fault::LIMIT, "fragments of one packet", 0, 0});
    }
    if (piece.last)
    {
        if (after != waiting.pieces.end())
        {
            return Spoil(waiting, {Fault::BAD_VALUE, "fragment behind the last", 0, 0});
        }
        waiting.end = end;
    }
    if (piece.offset == 0)
    {
        waiting.head = piece.head;
    }
    waiting.octets += piece.data.size();
    waiting.pieces.emplace(piece.offset, ToBuffer(piece.data));
    return {};
}

Buffer
IpReassembly::Join(const Waiting& waiting)
{
    Buffer packet = waiting.head;
    for (const auto& [offset, data] : waiting.pieces)
    {
        Append(packet, data);
    }
    const bool v4 = packet.front() >> 4 == 4;
    StoreU16(packet, v4 ? 2 : 4, v4 ? packet.size() : packet.size() - V6_HEADER_OCTETS);
    return packet;
}

Result<IpReassembly::Outcome>
IpReassembly::Add(Bytes fragment)
{
    TRY_ASSIGN(const Piece piece, Read(fragment));
    Waiting& waiting = m_waiting.Get(piece.key);
    TRY(Insert(waiting, piece));
    Outcome outcome;
    outcome.pieces = waiting.pieces.size();
    if (waiting.end && waiting.octets == *waiting.end && !waiting.head.empty())
    {
        outcome.packet = Join(waiting);
        m_waiting.Forget(piece.key);
    }
    return outcome;
}

Bytes
IpReassembly::Start(Bytes fragment) const
{
    const auto piece = Read(fragment);
    const Waiting* waiting = piece ? m_waiting.Find(piece->key) : nullptr;
    return waiting ? Bytes(waiting->start) : Bytes();
}

} // namespace ikelab::dissect
