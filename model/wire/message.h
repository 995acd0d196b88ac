// SPDX-License-Identifier: MIT
#pragma once

#include "wire/header.h"
#include "wire/payloads.h"

#include <string>
#include <variant>
#include <vector>

namespace ikelab::wire
{

/// One payload of a message; `type` tells IDi from IDr, TSi from TSr, and which raw payload it is.
struct Payload
{
    PayloadType type{PayloadType::NONE};
    bool critical{false};
    std::variant<RawPayload,
                 SaPayload,
                 KePayload,
                 IdPayload,
                 AuthPayload,
                 NoncePayload,
                 NotifyPayload,
                 DeletePayload,
                 VendorIdPayload,
                 TsPayload,
                 SkPayload>
        body;
    Bytes octets; ///< the body as received (without generic header)
};

/**
 * A chain of payloads that borrows from the octets it was parsed from. The content of an SK payload
 * is another chain, parsed after decryption.
 */
struct PayloadChain
{
    std::vector<Payload> payloads;

    /// The first payload of a type, or nullptr.
    const Payload* Find(PayloadType type) const;
    /// Its body, if present and of that kind: chain.Get<KePayload>(PayloadType::KE)
    template <typename Body>
    const Body*
    Get(PayloadType type) const
    {
        const Payload* payload = Find(type);
        return payload ? std::get_if<Body>(&payload->body) : nullptr;
    }

    /// The first Notify payload of a type, or nullptr.
    const NotifyPayload* FindNotify(NotifyType type) const;
    /// The first Notify payload whose type is an error (RFC 7296 §3.10.1), or nullptr.
    const NotifyPayload* FindError() const;
    size_t Count(PayloadType type) const;
};

/// A whole message: the header and the payloads that are in clear (SK is the last of them).
struct Message
{
    Header header;
    PayloadChain chain;
    Bytes octets; ///< the datagram it borrows from
};

/**
 * Parse payloads from `first` on until Next Payload is NONE; the octets must end there (OVERLONG
 * else). Unknown types and those not read here become RawPayload; an unknown type with the critical
 * bit is not judged here: FindUnknownCritical does. SK and SKF must be last (RFC 7296 §3.14); SKF
 * becomes an SkPayload whose body begins with fragment number and total (RFC 7383 §2.5). Their
 * `bodyOffset` counts from the start of `octets` plus `baseOffset`.
 * @return TRUNCATED, OVERLONG, BAD_VALUE with the offset in `octets` plus baseOffset; Fault::LIMIT
 * beyond limits::PAYLOADS
 */
Result<PayloadChain> ParsePayloads(PayloadType first, Bytes octets, size_t baseOffset = 0);

/// Header and payloads of a datagram without non-ESP marker.
Result<Message> ParseMessage(Bytes datagram);

/// The first payload whose type RFC 7296 §3.2 does not define (nor a companion RFC that we know)
/// and that is critical.
const Payload* FindUnknownCritical(const PayloadChain& chain);

/// charon's way to print one payload: "SA", "N(NATD_S_IP)", "EF(1/3)"
std::string SummaryWord(const Payload& payload);

/// charon's way to list payloads: "[ SA KE No N(NATD_S_IP) ]"; "[ ]" if there are none
std::string Summary(const PayloadChain& chain);

/// Lines of text for people: every field of every payload, octets cut after 32. Payloads that are
/// read on demand (CERT, CP, EAP ...) and notification data are read for it; what their readers
/// refuse is shown as malformed, with its octets.
std::string ToText(const Message& message);
/// The same for payloads alone, as inside an SK payload.
std::string ToText(const PayloadChain& chain);

/// The same fields as one JSON object on one line, octets in full as hexadecimal. Numbers of a
/// registry are objects: {"number":34,"name":"IKE_SA_INIT"}. Same message, same octets.
std::string ToJson(const Message& message);
/// The payloads alone: a JSON array.
std::string ToJson(const PayloadChain& chain);

/// Older names of ToText.
std::string Describe(const Message& message);
std::string Describe(const PayloadChain& chain);

} // namespace ikelab::wire
