// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "crypto/algorithms.h"
#include "crypto/openssl_types.h"
#include "crypto/secret_bytes.h"

#include <array>
#include <cstdint>
#include <optional>

namespace ikelab::crypto
{

/// RFC 4303 §2.2.1 and RFC 4106 §5 write it in network order.
constexpr std::array<uint8_t, 4>
BigEndian32(uint32_t value)
{
    return {static_cast<uint8_t>(value >> 24),
            static_cast<uint8_t>(value >> 16),
            static_cast<uint8_t>(value >> 8),
            static_cast<uint8_t>(value)};
}

/**
 * Internal to this room: the cipher of one direction of one SA, keyed at first use. How nonce,
 * counter and associated data are made of salt, IV and head is here; where they stand in a packet
 * is PacketCipher's. False always means that OpenSSL refused, a wrong ICV included.
 */
class TextCipher
{
  public:
    /// @param cipher nullptr for NULL; must outlive this
    /// @param material key and salt, of the row's sizes
    TextCipher(EVP_CIPHER* cipher, const EncrRow& row, bool seals, Bytes material);

    /// Make and key the context unless it is there.
    bool Ensure();
    void Drop();

    /// AEADs: head, IV and text must follow each other in one packet if the row does not encrypt.
    bool Seal(Bytes head,
              Bytes iv,
              MutableBytes text,
              MutableBytes icv,
              std::optional<uint32_t> esnHigh);
    bool Open(Bytes head, Bytes iv, MutableBytes text, Bytes icv, std::optional<uint32_t> esnHigh);

    /// The others, both ways.
    bool Crypt(Bytes iv, MutableBytes text);

  private:
    bool Begin(Bytes iv);
    bool BeginSeal(Bytes iv);
    bool BeginOpen(Bytes iv);
    bool Associate(Bytes data);
    bool AssociateHead(Bytes head, std::optional<uint32_t> esnHigh);
    bool AssociateAll(Bytes head, Bytes iv, Bytes text, std::optional<uint32_t> esnHigh);
    bool EndOpen(MutableBytes text);

    EVP_CIPHER* m_cipher;
    const EncrRow* m_row;
    bool m_seals;
    bool m_ccm;
    bool m_gcm;
    SecretBytes m_key;
    std::array<uint8_t, 16> m_nonce{}; ///< salt, IV and, for CTR, the counter
    std::array<uint8_t, 16> m_tag{};
    std::array<OSSL_PARAM, 2> m_tagParams;  ///< of `m_tag`: prepared once, asked per packet
    std::array<OSSL_PARAM, 3> m_openParams; ///< GCM's, of `m_tag` and the IV in `m_nonce`
    std::array<OSSL_PARAM, 2> m_sealParams; ///< GCM's, of the IV in `m_nonce`
    CipherCtxPtr m_context;
    std::optional<uint64_t> m_nextIv; ///< that OpenSSL would make for GCM
};

} // namespace ikelab::crypto
