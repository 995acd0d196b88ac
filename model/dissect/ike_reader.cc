// SPDX-License-Identifier: MIT
#include "dissect/ike_reader.h"

#include "base/result.h"
#include "wire/payload_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace ikelab::dissect
{

namespace
{

constexpr uint8_t IKEV1_MAJOR_VERSION = 1;
constexpr uint8_t IKEV1_FLAG_ENCRYPTED = 0x01;

/// RFC 2408 §3.1, RFC 2409 §5: an exchange of IKEv1.
std::string
Ikev1Exchange(uint8_t exchange)
{
    switch (exchange)
    {
    case 1:
        return "Base";
    case 2:
        return "Identity Protection (Main Mode)";
    case 3:
        return "Authentication Only";
    case 4:
        return "Aggressive";
    case 5:
        return "Informational";
    case 6:
        return "Transaction (Mode Config)";
    case 32:
        return "Quick Mode";
    case 33:
        return "New Group Mode";
    default:
        return "";
    }
}

std::string
MessageWords(const wire::Header& header)
{
    return fmt::format("{} {} {}",
                       ToString(header.exchange),
                       header.IsResponse() ? "response" : "request",
                       header.messageId.value);
}

std::string
SpiWords(const wire::Header& header)
{
    return fmt::format(
        "no row for SPIs {:016x} {:016x}", header.initiatorSpi.value, header.responderSpi.value);
}

/// RFC 7296 §3.14: what stands before the padding. Nothing if the layer was not decrypted, or if
/// Pad Length is not there or says more than there is.
std::optional<Bytes>
TakeText(Layer& layer, Bytes opened)
{
    if (layer.protection == Protection::KEY_MISSING)
    {
        return std::nullopt;
    }
    if (opened.empty() || size_t{opened.back()} + 1 > opened.size())
    {
        layer.Degrade("the padding of the decrypted text is longer than the text");
        return std::nullopt;
    }
    return opened.first(opened.size() - opened.back() - 1);
}

/// The payloads in a decrypted text, as fields and in the summary.
void
AddInner(Layer& layer, wire::PayloadType first, Bytes text)
{
    const auto chain = wire::ParsePayloads(first, text);
    if (!chain)
    {
        layer.Degrade("decrypted payloads: " + ToString(chain.error()));
        return;
    }
    layer.fields.fields.push_back({"decrypted", wire::FieldsOf(*chain)});
    layer.summary += " " + wire::Summary(*chain);
}

OpeningKeys
KeysOf(const IkeTableKeys& keys, bool fromInitiator)
{
    return {keys.encr,
            keys.integ,
            keys.uncheckedIcvOctets,
            (fromInitiator ? keys.ei : keys.er).View(),
            (fromInitiator ? keys.ai : keys.ar).View()};
}

} // namespace

IkeReader::IkeReader(crypto::Context& context, const KeyStore& keys)
    : m_ciphers(context),
      m_keys(keys)
{
}

Layer
IkeReader::Read(uint32_t place, Bytes octets)
{
    Layer layer;
    layer.name = "ike";
    constexpr size_t VERSION_AT = 17;
    constexpr size_t EXCHANGE_AT = 18;
    constexpr size_t FLAGS_AT = 19;
    if (octets.size() >= wire::HEADER_OCTETS && octets[VERSION_AT] >> 4 == IKEV1_MAJOR_VERSION)
    {
        const uint8_t exchange = octets[EXCHANGE_AT];
        const bool encrypted = (octets[FLAGS_AT] & IKEV1_FLAG_ENCRYPTED) != 0;
        layer.name = "ikev1";
        layer.summary =
            fmt::format("IKEv1, {}{}: not read further",
                        Ikev1Exchange(exchange).empty() ? fmt::format("exchange {}", exchange)
                                                        : Ikev1Exchange(exchange),
                        encrypted ? ", encrypted" : "");
        layer.fields = {{{"exchange", wire::FieldCode{exchange, Ikev1Exchange(exchange)}},
                         {"encrypted", encrypted}}};
        return layer;
    }
    const auto message = wire::ParseMessage(octets);
    if (!message)
    {
        layer.protection = Protection::MALFORMED;
        layer.summary = "IKE";
        layer.problem = ToString(message.error());
        if (const auto header = wire::ParseHeader(octets))
        {
            layer.summary = MessageWords(*header);
        }
        return layer;
    }
    layer.fields = wire::FieldsOf(*message);
    layer.summary = MessageWords(message->header);
    const auto encrypted =
        std::ranges::find_if(message->chain.payloads,
                             [](const wire::Payload& payload)
                             { return std::holds_alternative<wire::SkPayload>(payload.body); });
    if (encrypted == message->chain.payloads.end())
    {
        layer.summary += " " + wire::Summary(message->chain);
    }
    else
    {
        ReadEncrypted(layer, place, *message, *encrypted);
    }
    return layer;
}

void
IkeReader::ReadEncrypted(Layer& layer,
                         uint32_t place,
                         const wire::Message& message,
                         const wire::Payload& payload)
{
    const auto& sk = std::get<wire::SkPayload>(payload.body);
    if (message.chain.payloads.size() > 1)
    {
        layer.summary += " " + wire::Summary(message.chain);
    }
    if (payload.type == wire::PayloadType::SKF)
    {
        ReadSkf(layer, place, message, sk);
        return;
    }
    const Buffer opened = OpenSk(layer, message, sk.bodyOffset);
    if (const auto text = TakeText(layer, opened))
    {
        AddInner(layer, sk.inner, *text);
    }
}

void
IkeReader::ReadSkf(Layer& layer,
                   uint32_t place,
                   const wire::Message& message,
                   const wire::SkPayload& sk)
{
    const auto skf = wire::ParseSkf(sk);
    if (!skf)
    {
        layer.Degrade(ToString(skf.error()));
        return;
    }
    const wire::Header& header = message.header;
    layer.summary += fmt::format(" EF({}/{})", skf->head.number, skf->head.total);
    const Buffer opened = OpenSk(layer, message, skf->bodyOffset);
    const auto text = TakeText(layer, opened);
    if (!text || layer.protection >= Protection::MALFORMED)
    {
        return;
    }
    const auto outcome = m_reassembly.Add(place, header, skf->head, *text);
    if (!outcome)
    {
        layer.Degrade(ToString(outcome.error()));
    }
    else if (outcome->text)
    {
        layer.fields.fields.push_back({"reassembled_octets", uint64_t{outcome->text->size()}});
        AddInner(layer, outcome->first, *outcome->text);
    }
    else if (outcome->before)
    {
        layer.summary += ", of a message that was complete before";
    }
    else
    {
        layer.protection = std::max(layer.protection, Protection::FRAGMENT);
        layer.problem = fmt::format("{} of {} are here", outcome->pieces, skf->head.total);
    }
}

Buffer
IkeReader::OpenSk(Layer& layer, const wire::Message& message, size_t headOctets)
{
    const wire::Header& header = message.header;
    const auto rows = m_keys.FindIke(header.initiatorSpi, header.responderSpi);
    if (rows.empty())
    {
        layer.protection = Protection::KEY_MISSING;
        layer.problem = SpiWords(header);
        return {};
    }
    std::vector<Candidate> candidates;
    for (const IkeTableKeys* row : rows)
    {
        candidates.push_back({KeysOf(*row, header.FromInitiator()), {}});
    }
    auto [which, opening] = OpenWithAny(m_ciphers, candidates, message.octets, headOctets);
    layer.protection = opening.protection;
    layer.problem = std::move(opening.problem);
    layer.fields.fields.push_back({"keys", rows[which]->where});
    return std::move(opening.text);
}

} // namespace ikelab::dissect
