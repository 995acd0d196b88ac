// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"
#include "wire/message.h"
#include "wire/payload_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace ikelab::wire
{

FieldList
FieldsOf(const PayloadChain& chain)
{
    FieldList list;
    for (const Payload& payload : chain.payloads)
    {
        FieldGroup group{{{"type", CodeOf(payload.type)},
                          {"critical", payload.critical},
                          {"body_octets", uint64_t{payload.octets.size()}}}};
        std::ranges::move(FieldsOf(payload).fields, std::back_inserter(group.fields));
        list.items.push_back({"payload", std::move(group)});
    }
    return list;
}

std::string
SummaryWord(const Payload& payload)
{
    if (const auto* notify = std::get_if<NotifyPayload>(&payload.body))
    {
        return "N(" + ShortName(notify->type) + ")";
    }
    const auto* sk = std::get_if<SkPayload>(&payload.body);
    if (payload.type == PayloadType::SKF && sk != nullptr)
    {
        // RFC 7383 §2.5; numbers that make no sense are shown too.
        ByteReader reader(sk->body);
        uint16_t number;
        uint16_t total;
        if (reader.U16(number) && reader.U16(total))
        {
            return fmt::format("EF({}/{})", number, total);
        }
    }
    return ShortName(payload.type);
}

std::string
Summary(const PayloadChain& chain)
{
    std::string text = "[ ";
    for (const Payload& payload : chain.payloads)
    {
        text += SummaryWord(payload);
        text += ' ';
    }
    text += ']';
    return text;
}

std::string
ToText(const PayloadChain& chain)
{
    std::string text;
    for (const Payload& payload : chain.payloads)
    {
        const std::string label = ToString(payload.type) + (payload.critical ? " (critical)" : "");
        AppendText(text, label, FieldsOf(payload), 2);
    }
    return text;
}

std::string
ToText(const Message& message)
{
    const Header& header = message.header;
    return fmt::format("IKE {}.{} {} {} {} from the {} of the IKE SA, {} octets\n"
                       "  SPIs {:016x} {:016x}\n",
                       header.majorVersion,
                       header.minorVersion,
                       ToString(header.exchange),
                       header.IsResponse() ? "response" : "request",
                       header.messageId.value,
                       header.FromInitiator() ? "initiator" : "responder",
                       header.length,
                       header.initiatorSpi.value,
                       header.responderSpi.value) +
           ToText(message.chain);
}

std::string
ToJson(const PayloadChain& chain)
{
    return ToJson(FieldsOf(chain));
}

FieldGroup
FieldsOf(const Message& message)
{
    const Header& header = message.header;
    return {{{"initiator_spi", fmt::format("{:016x}", header.initiatorSpi.value)},
             {"responder_spi", fmt::format("{:016x}", header.responderSpi.value)},
             {"next_payload", CodeOf(header.nextPayload)},
             {"major_version", uint64_t{header.majorVersion}},
             {"minor_version", uint64_t{header.minorVersion}},
             {"exchange", CodeOf(header.exchange)},
             {"flags", uint64_t{header.flags}},
             {"from_initiator", header.FromInitiator()},
             {"response", header.IsResponse()},
             {"message_id", uint64_t{header.messageId.value}},
             {"length", uint64_t{header.length}},
             {"payloads", FieldsOf(message.chain)}}};
}

std::string
ToJson(const Message& message)
{
    return ToJson(FieldsOf(message));
}

std::string
Describe(const Message& message)
{
    return ToText(message);
}

std::string
Describe(const PayloadChain& chain)
{
    return ToText(chain);
}

} // namespace ikelab::wire
