// SPDX-License-Identifier: MIT
#pragma once

#include "crypto/openssl_types.h"
#include "crypto/secret_bytes.h"

#include <array>

namespace ikelab::crypto
{

/**
 * AES-XCBC-MAC, RFC 3566 §4.1, composed of OpenSSL's AES-128: three keys out of one, then CBC under
 * the first, whose last block is masked with the second or the third. One message after another;
 * the vectors are in vectors_mac_test.cc. False always means that OpenSSL refused.
 */
class AesXcbc
{
  public:
    static constexpr size_t BLOCK_OCTETS = 16;

    /// Both ciphers are AES-128's and must outlive this.
    AesXcbc(EVP_CIPHER* ecb, EVP_CIPHER* cbc);

    AesXcbc
    WithoutKey() const
    {
        return {m_ecbCipher, m_cbcCipher};
    }

    /// Take a key of BLOCK_OCTETS octets (others are refused) and begin a message.
    bool SetKey(Bytes key);
    /// Begin a message under the key from before.
    bool Restart();
    bool Update(Bytes part);
    /// `mac` gets BLOCK_OCTETS octets.
    bool Finish(MutableBytes mac);

  private:
    bool Encrypt(Bytes blocks);

    EVP_CIPHER* m_ecbCipher;
    EVP_CIPHER* m_cbcCipher;
    CipherCtxPtr m_derivation;                     ///< ECB, makes the three keys
    CipherCtxPtr m_chain;                          ///< CBC under K1
    SecretBytes m_wholeMask;                       ///< K2, for a last block that is full
    SecretBytes m_paddedMask;                      ///< K3, for one that is padded
    std::array<uint8_t, BLOCK_OCTETS> m_pending{}; ///< what may be the last block
    size_t m_pendingOctets{0};
    std::array<uint8_t, BLOCK_OCTETS> m_last{}; ///< the chain's value
};

} // namespace ikelab::crypto
