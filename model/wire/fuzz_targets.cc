// SPDX-License-Identifier: MIT
#include "wire/fuzz_targets.h"

#include "base/assert.h"
#include "wire/esp_header.h"
#include "wire/fuzz_payloads.h"
#include "wire/message_builder.h"
#include "wire/readable.h"

#include <algorithm>
#include <string>
#include <variant>

namespace ikelab::wire
{

namespace
{

bool
Same(const RawPayload& left, const RawPayload& right)
{
    return SameOctets(left.body, right.body);
}

bool
Same(const SaPayload& left, const SaPayload& right)
{
    const auto same = [](const Proposal& one, const Proposal& other)
    {
        return one.number == other.number && one.protocol == other.protocol &&
               SameOctets(one.spi, other.spi) && one.transforms == other.transforms;
    };
    return std::ranges::equal(left.proposals, right.proposals, same);
}

bool
Same(const KePayload& left, const KePayload& right)
{
    return left.method == right.method && SameOctets(left.data, right.data);
}

bool
Same(const IdPayload& left, const IdPayload& right)
{
    return left.type == right.type && SameOctets(left.data, right.data);
}

bool
Same(const AuthPayload& left, const AuthPayload& right)
{
    return left.method == right.method && SameOctets(left.data, right.data);
}

bool
Same(const NoncePayload& left, const NoncePayload& right)
{
    return SameOctets(left.data, right.data);
}

bool
Same(const NotifyPayload& left, const NotifyPayload& right)
{
    return left.protocol == right.protocol && SameOctets(left.spi, right.spi) &&
           left.type == right.type && SameOctets(left.data, right.data);
}

bool
Same(const DeletePayload& left, const DeletePayload& right)
{
    return left.protocol == right.protocol && left.spis == right.spis;
}

bool
Same(const VendorIdPayload& left, const VendorIdPayload& right)
{
    return SameOctets(left.data, right.data);
}

bool
Same(const TsPayload& left, const TsPayload& right)
{
    return left.selectors == right.selectors;
}

bool
Same(const SkPayload& left, const SkPayload& right)
{
    return left.inner == right.inner && SameOctets(left.body, right.body) &&
           left.bodyOffset == right.bodyOffset;
}

bool
SamePayload(const Payload& left, const Payload& right)
{
    return left.type == right.type && left.critical == right.critical &&
           left.body.index() == right.body.index() &&
           std::visit([&right](const auto& body)
                      { return Same(body, std::get<std::decay_t<decltype(body)>>(right.body)); },
                      left.body);
}

/// Every borrowed view stays inside what was parsed.
bool
Borrows(Bytes inner, Bytes outer)
{
    return inner.empty() || (inner.data() >= outer.data() &&
                             inner.data() + inner.size() <= outer.data() + outer.size());
}

void
CheckMessage(Bytes octets)
{
    const auto message = ParseMessage(octets);
    if (!message)
    {
        IKELAB_ASSERT(message.error().offset <= octets.size());
        IKELAB_ASSERT(!ToString(message.error()).empty());
        return;
    }
    for (const Payload& payload : message->chain.payloads)
    {
        IKELAB_ASSERT(Borrows(payload.octets, octets));
        if (!std::holds_alternative<SkPayload>(payload.body))
        {
            CheckPayloadBody(payload.type, payload.octets);
        }
    }
    const std::string text = ToText(*message);
    const std::string json = ToJson(*message);
    IKELAB_ASSERT(text.ends_with('\n') && json.starts_with('{') && json.ends_with('}'));
    IKELAB_ASSERT(IsUtf8({reinterpret_cast<const uint8_t*>(json.data()), json.size()}));
    const Buffer rebuilt = Rebuild(*message);
    IKELAB_ASSERT(rebuilt.size() == octets.size());
    const auto again = ParseMessage(rebuilt);
    IKELAB_ASSERT(again.has_value());
    IKELAB_ASSERT(again->header == message->header);
    IKELAB_ASSERT(SameChain(again->chain, message->chain));
    IKELAB_ASSERT(Summary(again->chain) == Summary(message->chain));
    IKELAB_ASSERT(Rebuild(*again) == rebuilt);
}

} // namespace

Buffer
Rebuild(const Message& message)
{
    MessageBuilder builder(message.header);
    for (const Payload& payload : message.chain.payloads)
    {
        builder.Add(payload);
    }
    return builder.Finish();
}

bool
SameChain(const PayloadChain& left, const PayloadChain& right)
{
    return std::ranges::equal(left.payloads, right.payloads, SamePayload);
}

void
FuzzIkeMessage(Bytes octets)
{
    CheckMessage(octets);
    if (octets.size() >= HEADER_OCTETS)
    {
        ByteWriter writer(octets.size());
        writer.Octets(octets);
        writer.Patch32(HEADER_OCTETS - 4, static_cast<uint32_t>(octets.size()));
        CheckMessage(writer.View());
    }
}

void
FuzzUdpEncapsulated(Bytes octets)
{
    const auto encapsulated = ParseUdpEncapsulated(octets);
    if (!encapsulated)
    {
        IKELAB_ASSERT(octets.size() < NON_ESP_MARKER_OCTETS);
        return;
    }
    if (const auto* esp = std::get_if<EspInUdp>(&*encapsulated))
    {
        IKELAB_ASSERT(SameOctets(esp->packet, octets));
        const auto header = ParseEspHeader(esp->packet);
        IKELAB_ASSERT(header.has_value() == (octets.size() >= ESP_HEADER_OCTETS));
        if (header)
        {
            uint8_t written[ESP_HEADER_OCTETS];
            WriteEspHeader(written, *header);
            IKELAB_ASSERT(SameOctets(written, octets.first(ESP_HEADER_OCTETS)));
        }
    }
    else if (const auto* ike = std::get_if<IkeInUdp>(&*encapsulated))
    {
        IKELAB_ASSERT(ike->message.size() + NON_ESP_MARKER_OCTETS == octets.size());
        FuzzIkeMessage(ike->message);
    }
    else
    {
        IKELAB_ASSERT(octets.size() == 1);
    }
}

} // namespace ikelab::wire
