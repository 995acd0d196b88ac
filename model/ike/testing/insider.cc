// SPDX-License-Identifier: MIT
#include "ike/testing/insider.h"

#include "base/assert.h"
#include "ike/testing/pair.h"

#include <utility>

namespace ikelab::ike::testing
{

namespace
{

crypto::IkeKeys
KeysOf(const IkeKeysDerived& log)
{
    crypto::IkeKeys keys;
    keys.ei = log.ei.Copy();
    keys.er = log.er.Copy();
    keys.ai = log.ai.Copy();
    keys.ar = log.ar.Copy();
    return keys;
}

} // namespace

Buffer
ClearMessage(const wire::Header& header, const Filler& fill)
{
    wire::MessageBuilder builder(header);
    if (fill)
    {
        fill(builder);
    }
    return builder.Finish();
}

Insider::Insider(const IkeKeysDerived& keys, bool asInitiator)
    : m_spis(keys.spis),
      m_suite(keys.suite),
      m_keys(KeysOf(keys)),
      m_initiator(asInitiator),
      m_codec(SharedContext(), m_suite, m_keys, asInitiator)
{
}

wire::Header
Insider::HeaderOf(wire::ExchangeType exchange, uint32_t messageId, bool response) const
{
    wire::Header header;
    header.initiatorSpi = m_spis.initiator;
    header.responderSpi = m_spis.responder;
    header.exchange = exchange;
    header.flags = static_cast<uint8_t>((m_initiator ? wire::FLAG_INITIATOR : 0) |
                                        (response ? wire::FLAG_RESPONSE : 0));
    header.messageId = MessageId{messageId};
    return header;
}

Buffer
Insider::Request(wire::ExchangeType exchange, uint32_t messageId, const Filler& fill)
{
    wire::MessageBuilder builder = m_codec.Begin(HeaderOf(exchange, messageId, false));
    if (fill)
    {
        fill(builder);
    }
    auto octets = m_codec.Seal(std::move(builder), m_random);
    IKELAB_ASSERT(octets.has_value());
    return std::move(*octets);
}

Buffer
Insider::Response(wire::ExchangeType exchange, uint32_t messageId, const Filler& fill)
{
    wire::MessageBuilder builder = m_codec.Begin(HeaderOf(exchange, messageId, true));
    if (fill)
    {
        fill(builder);
    }
    auto octets = m_codec.Seal(std::move(builder), m_random);
    IKELAB_ASSERT(octets.has_value());
    return std::move(*octets);
}

Buffer
Insider::WithMore(Bytes message, const Filler& more)
{
    MessageCodec receiver(SharedContext(), m_suite, m_keys, !m_initiator);
    const auto parsed = wire::ParseMessage(message);
    IKELAB_ASSERT(parsed.has_value());
    const auto opened = receiver.Open(*parsed);
    IKELAB_ASSERT(opened && opened->chain);
    wire::MessageBuilder builder = m_codec.Begin(parsed->header);
    for (const wire::Payload& payload : opened->chain->payloads)
    {
        builder.Add(payload);
    }
    more(builder);
    auto octets = m_codec.Seal(std::move(builder), m_random);
    IKELAB_ASSERT(octets.has_value());
    return std::move(*octets);
}

Buffer
Insider::RequestWithClear(uint32_t messageId, wire::PayloadType type, bool critical)
{
    const wire::Header header = HeaderOf(wire::ExchangeType::INFORMATIONAL, messageId, false);
    wire::MessageBuilder builder(header);
    builder.Raw(type, critical, {});
    crypto::PacketCipher cipher(SharedContext(),
                                crypto::PacketCipher::Direction::SEAL,
                                *m_suite.encr,
                                m_suite.integ,
                                (m_initiator ? m_keys.ei : m_keys.er).View(),
                                (m_initiator ? m_keys.ai : m_keys.ar).View());
    builder.BeginSk(cipher.IvOctets());
    auto unsealed = builder.FinishSk(cipher.BlockOctets(), cipher.IcvOctets());
    cipher.WriteIv(
        MutableBytes(unsealed.octets).subspan(unsealed.headOctets, cipher.IvOctets()), 7, m_random);
    IKELAB_ASSERT(cipher.Seal(unsealed.octets, unsealed.headOctets).has_value());
    return std::move(unsealed.octets);
}

} // namespace ikelab::ike::testing
