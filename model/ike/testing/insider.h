// SPDX-License-Identifier: MIT
#pragma once

#include "ike/codec.h"
#include "ike/event.h"
#include "wire/message_builder.h"

#include <functional>

namespace ikelab::ike::testing
{

/// Writes payloads into a message.
using Filler = std::function<void(wire::MessageBuilder&)>;

/// A message in clear.
Buffer ClearMessage(const wire::Header& header, const Filler& fill);

/// Knows an IKE SA's keys from the key log and speaks as one of its ends: a peer that may lie.
class Insider
{
  public:
    Insider(const IkeKeysDerived& keys, bool asInitiator);

    /// A protected request or response with these payloads inside.
    Buffer Request(wire::ExchangeType exchange, uint32_t messageId, const Filler& fill = {});
    Buffer Response(wire::ExchangeType exchange, uint32_t messageId, const Filler& fill = {});
    /// A message that this end sent, with more payloads behind those that it has.
    Buffer WithMore(Bytes message, const Filler& more);
    /// A protected request with payloads in front of the Encrypted payload.
    Buffer RequestWithClear(uint32_t messageId, wire::PayloadType type, bool critical);

  private:
    wire::Header HeaderOf(wire::ExchangeType exchange, uint32_t messageId, bool response) const;

    SeededRandom m_random{99};
    crypto::IkeSpis m_spis;
    crypto::IkeSuite m_suite;
    crypto::IkeKeys m_keys;
    bool m_initiator;
    MessageCodec m_codec;
};

} // namespace ikelab::ike::testing
