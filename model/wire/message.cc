// SPDX-License-Identifier: MIT
#include "wire/message.h"

#include "base/byte_reader.h"
#include "base/limits.h"

#include <algorithm>
#include <utility>

namespace ikelab::wire
{

namespace
{

constexpr size_t GENERIC_HEADER_OCTETS = 4;
constexpr uint8_t CRITICAL_BIT = 0x80;
/// RFC 7383 §2.5: fragment number and total in front of an encrypted fragment's IV.
constexpr size_t FRAGMENT_FIELDS_OCTETS = 4;

bool
IsEncrypted(PayloadType type)
{
    return type == PayloadType::SK || type == PayloadType::SKF;
}

/// How many payloads the chain of length fields holds, so that the vector grows once.
size_t
CountPayloads(PayloadType type, Bytes octets)
{
    ByteReader reader(octets);
    size_t count = 0;
    uint8_t next;
    uint8_t flags;
    uint16_t length;
    while (type != PayloadType::NONE && count < limits::PAYLOADS && reader.U8(next) &&
           reader.U8(flags) && reader.U16(length) && length >= GENERIC_HEADER_OCTETS &&
           reader.Skip(length - GENERIC_HEADER_OCTETS))
    {
        ++count;
        type = IsEncrypted(type) ? PayloadType::NONE : PayloadType{next};
    }
    return count;
}

/// Put a parsed body into its payload; an error moves from the body's offsets to the caller's.
template <typename Body>
Result<void>
Fill(Payload& payload, Result<Body>&& body, size_t offset)
{
    if (!body)
    {
        Error error = body.error();
        error.offset += offset;
        return tl::unexpected<Error>(error);
    }
    payload.body = std::move(*body);
    return {};
}

/// Read one body; `offset` is where it starts, counted as errors count.
Result<void>
ParseBody(Payload& payload, PayloadType next, size_t offset)
{
    const Bytes body = payload.octets;
    switch (payload.type)
    {
    case PayloadType::SA:
        return Fill(payload, ParseSa(body), offset);
    case PayloadType::KE:
        return Fill(payload, ParseKe(body), offset);
    case PayloadType::IDI:
    case PayloadType::IDR:
        return Fill(payload, ParseId(body), offset);
    case PayloadType::AUTH:
        return Fill(payload, ParseAuth(body), offset);
    case PayloadType::NONCE:
        return Fill(payload, ParseNonce(body), offset);
    case PayloadType::NOTIFY:
        return Fill(payload, ParseNotify(body), offset);
    case PayloadType::DELETE:
        return Fill(payload, ParseDelete(body), offset);
    case PayloadType::VENDOR_ID:
        payload.body = VendorIdPayload{body};
        return {};
    case PayloadType::TSI:
    case PayloadType::TSR:
        return Fill(payload, ParseTs(body), offset);
    case PayloadType::SKF:
        if (body.size() < FRAGMENT_FIELDS_OCTETS)
        {
            return Fail(Fault::TRUNCATED, "SKF", offset);
        }
        [[fallthrough]];
    case PayloadType::SK:
        payload.body = SkPayload{next, body, offset};
        return {};
    default:
        payload.body = RawPayload{body};
        return {};
    }
}

} // namespace

const Payload*
PayloadChain::Find(PayloadType type) const
{
    const auto found = std::ranges::find(payloads, type, &Payload::type);
    return found == payloads.end() ? nullptr : &*found;
}

const NotifyPayload*
PayloadChain::FindNotify(NotifyType type) const
{
    for (const Payload& payload : payloads)
    {
        const auto* notify = std::get_if<NotifyPayload>(&payload.body);
        if (notify != nullptr && notify->type == type)
        {
            return notify;
        }
    }
    return nullptr;
}

const NotifyPayload*
PayloadChain::FindError() const
{
    for (const Payload& payload : payloads)
    {
        const auto* notify = std::get_if<NotifyPayload>(&payload.body);
        if (notify != nullptr && static_cast<uint16_t>(notify->type) < FIRST_STATUS_NOTIFY)
        {
            return notify;
        }
    }
    return nullptr;
}

size_t
PayloadChain::Count(PayloadType type) const
{
    return static_cast<size_t>(std::ranges::count(payloads, type, &Payload::type));
}

Result<PayloadChain>
ParsePayloads(PayloadType first, Bytes octets, size_t baseOffset)
{
    PayloadChain chain;
    chain.payloads.reserve(CountPayloads(first, octets));
    ByteReader reader(octets);
    PayloadType type = first;
    while (type != PayloadType::NONE)
    {
        const size_t start = reader.Offset() + baseOffset;
        uint8_t nextNumber;
        uint8_t flags; // all but the critical bit are RESERVED
        uint16_t length;
        if (!reader.U8(nextNumber) || !reader.U8(flags) || !reader.U16(length))
        {
            return Fail(Fault::TRUNCATED, "payload header", start);
        }
        // Each round consumes a header, so a length of zero cannot loop.
        if (length < GENERIC_HEADER_OCTETS)
        {
            return Fail(Fault::BAD_VALUE, "payload length", start + 2);
        }
        if (chain.payloads.size() == limits::PAYLOADS)
        {
            return Fail(Fault::LIMIT, "payloads", start);
        }
        Payload& payload = chain.payloads.emplace_back();
        payload.type = type;
        payload.critical = (flags & CRITICAL_BIT) != 0;
        if (!reader.Take(length - GENERIC_HEADER_OCTETS, payload.octets))
        {
            return Fail(Fault::TRUNCATED, "payload length", start + 2);
        }
        const auto next = PayloadType{nextNumber};
        TRY(ParseBody(payload, next, start + GENERIC_HEADER_OCTETS));
        // RFC 7296 §3.14: SK is the last payload; its Next Payload names the first one inside.
        type = IsEncrypted(type) ? PayloadType::NONE : next;
    }
    if (!reader.AtEnd())
    {
        return Fail(Fault::OVERLONG, "payloads", reader.Offset() + baseOffset);
    }
    return chain;
}

Result<Message>
ParseMessage(Bytes datagram)
{
    Message message;
    message.octets = datagram;
    TRY_ASSIGN(message.header, ParseHeader(datagram));
    TRY_ASSIGN(
        message.chain,
        ParsePayloads(message.header.nextPayload, datagram.subspan(HEADER_OCTETS), HEADER_OCTETS));
    return message;
}

const Payload*
FindUnknownCritical(const PayloadChain& chain)
{
    for (const Payload& payload : chain.payloads)
    {
        if (!payload.critical)
        {
            continue;
        }
        switch (payload.type)
        {
        case PayloadType::SA:
        case PayloadType::KE:
        case PayloadType::IDI:
        case PayloadType::IDR:
        case PayloadType::CERT:
        case PayloadType::CERTREQ:
        case PayloadType::AUTH:
        case PayloadType::NONCE:
        case PayloadType::NOTIFY:
        case PayloadType::DELETE:
        case PayloadType::VENDOR_ID:
        case PayloadType::TSI:
        case PayloadType::TSR:
        case PayloadType::SK:
        case PayloadType::CP:
        case PayloadType::EAP:
        case PayloadType::SKF:
        case PayloadType::PS:
            break;
        default:
            return &payload;
        }
    }
    return nullptr;
}

} // namespace ikelab::wire
