// SPDX-License-Identifier: MIT
#pragma once

#include "base/random_source.h"
#include "base/result.h"
#include "crypto/context.h"
#include "crypto/ike_keys.h"
#include "crypto/packet_cipher.h"
#include "wire/message.h"
#include "wire/message_builder.h"

namespace ikelab::ike
{

/// An authentic, decrypted message: the chain borrows from `octets`.
struct OpenedMessage
{
    Buffer octets;
    Result<wire::PayloadChain> chain; ///< the peer itself may have written nonsense
};

/// Seals what we send and opens what the peer sends on one IKE SA, RFC 7296 §3.14.
class MessageCodec
{
  public:
    /// @param initiator whether we are the original initiator, who sends with SK_ei and SK_ai
    MessageCodec(crypto::Context& context,
                 const crypto::IkeSuite& suite,
                 const crypto::IkeKeys& keys,
                 bool initiator);

    /// A builder whose payloads go into the Encrypted payload.
    wire::MessageBuilder Begin(const wire::Header& header) const;
    Result<Buffer> Seal(wire::MessageBuilder&& builder, RandomSource& random);
    /// Verify, decrypt and parse. An error here means: not from our peer, whatever it says.
    Result<OpenedMessage> Open(const wire::Message& message);
    /// Free the OpenSSL contexts until the next message: an idle SA is its keys.
    void Rest();

  private:
    /// The payloads between IV and padding. Moving `octets` does not move what the chain borrows.
    Result<wire::PayloadChain> ReadPlain(const Buffer& octets, const wire::SkPayload& sk) const;

    crypto::PacketCipher m_out;
    crypto::PacketCipher m_in;
    uint64_t m_counter{0};
};

} // namespace ikelab::ike
