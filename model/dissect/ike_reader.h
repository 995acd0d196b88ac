// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "crypto/context.h"
#include "dissect/cipher_cache.h"
#include "dissect/ike_reassembly.h"
#include "dissect/key_store.h"
#include "dissect/packet_view.h"
#include "wire/message.h"

#include <cstdint>

namespace ikelab::dissect
{

/// Reads the IKE messages of a capture in their order: header, payloads, what SK and the fragments
/// of RFC 7383 hide. IKEv1 is called by its name and left alone.
class IkeReader
{
  public:
    /// Both must outlive this.
    IkeReader(crypto::Context& context, const KeyStore& keys);

    /**
     * @param place  tells apart where the message was captured
     * @param octets a datagram without the non-ESP marker
     */
    Layer Read(uint32_t place, Bytes octets);

  private:
    void ReadEncrypted(Layer& layer,
                       uint32_t place,
                       const wire::Message& message,
                       const wire::Payload& payload);
    void ReadSkf(Layer& layer,
                 uint32_t place,
                 const wire::Message& message,
                 const wire::SkPayload& sk);
    /// Decrypt, and put into the layer how that went; the text still has its padding.
    Buffer OpenSk(Layer& layer, const wire::Message& message, size_t headOctets);

    CipherCache m_ciphers;
    const KeyStore& m_keys;
    IkeReassembly m_reassembly;
};

} // namespace ikelab::dissect
