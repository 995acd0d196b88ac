// SPDX-License-Identifier: MIT
#include "crypto/text_cipher.h"

#include "base/assert.h"
#include "base/fixed_fields.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace ikelab::crypto
{

namespace
{

/// The head of an ESP packet: SPI and the low half of the sequence number, RFC 4303 §2.
constexpr size_t ESP_HEAD_OCTETS = 8;

bool
HasMode(const EVP_CIPHER* cipher, int mode)
{
    return cipher != nullptr && EVP_CIPHER_get_mode(cipher) == mode;
}

} // namespace

TextCipher::TextCipher(EVP_CIPHER* cipher, const EncrRow& row, bool seals, Bytes material)
    : m_cipher(cipher),
      m_row(&row),
      m_seals(seals),
      m_ccm(HasMode(cipher, EVP_CIPH_CCM_MODE)),
      m_gcm(HasMode(cipher, EVP_CIPH_GCM_MODE)),
      m_key(material.first(row.keyOctets)),
      m_tagParams{OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
                                                    m_tag.data(),
                                                    row.icvOctets),
                  OSSL_PARAM_construct_end()},
      m_openParams{m_tagParams[0],
                   OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_SET_IV_INV,
                                                     m_nonce.data() + row.saltOctets,
                                                     row.NonceIvOctets()),
                   OSSL_PARAM_construct_end()},
      m_sealParams{OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_GET_IV_GEN,
                                                     m_nonce.data() + row.saltOctets,
                                                     row.NonceIvOctets()),
                   OSSL_PARAM_construct_end()}
{
    IKELAB_ASSERT(row.saltOctets + row.NonceIvOctets() <= m_nonce.size());
    std::ranges::copy(material.last(row.saltOctets), m_nonce.begin());
    if (row.kind == CipherKind::CTR)
    {
        m_nonce.back() = 1; // RFC 3686 §4: nonce, IV and a counter that begins with one
    }
}

bool
TextCipher::Ensure()
{
    if (m_context != nullptr)
    {
        return true;
    }
    CipherCtxPtr made(EVP_CIPHER_CTX_new());
    // GCM and ChaCha20 take nonces of 12 octets unless told otherwise. CCM must know the sizes of
    // nonce and ICV before it gets the key: they are in its first block (RFC 3610 §2.2).
    size_t nonceOctets = m_row->saltOctets + m_row->NonceIvOctets();
    const std::array<OSSL_PARAM, 3> sizes{
        OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_IVLEN, &nonceOctets),
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, nullptr, m_row->icvOctets),
        OSSL_PARAM_construct_end()};
    if (made == nullptr ||
        (m_ccm &&
         EVP_CipherInit_ex2(
             made.get(), m_cipher, nullptr, nullptr, m_seals ? 1 : 0, sizes.data()) != 1) ||
        EVP_CipherInit_ex2(made.get(),
                           m_ccm ? nullptr : m_cipher,
                           m_key.View().data(),
                           nullptr,
                           m_seals ? 1 : 0,
                           nullptr) != 1)
    {
        return false;
    }
    if (m_row->kind == CipherKind::CBC)
    {
        // Padding is the protocol's, RFC 4303 §2.4 and RFC 7296 §3.14. Not by
        // EVP_CIPHER_CTX_set_padding, after which OpenSSL says so again with every IV.
        unsigned none = 0;
        const std::array<OSSL_PARAM, 2> padding{
            OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_PADDING, &none),
            OSSL_PARAM_construct_end()};
        if (EVP_CIPHER_CTX_set_params(made.get(), padding.data()) != 1)
        {
            return false;
        }
    }
    if (m_gcm && !m_seals)
    {
        // The salt once, then only the IV of each packet: see Open.
        const std::array<OSSL_PARAM, 2> salt{
            OSSL_PARAM_construct_octet_string(
                OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, m_nonce.data(), m_row->saltOctets),
            OSSL_PARAM_construct_end()};
        if (EVP_CIPHER_CTX_set_params(made.get(), salt.data()) != 1)
        {
            return false;
        }
    }
    m_context = std::move(made);
    m_nextIv.reset();
    return true;
}

void
TextCipher::Drop()
{
    m_context.reset();
}

/// Set the IV, which is the salt's continuation where there is a salt.
bool
TextCipher::Begin(Bytes iv)
{
    if (!Ensure())
    {
        return false;
    }
    std::memcpy(m_nonce.data() + m_row->saltOctets, iv.data(), iv.size());
    return EVP_CipherInit_ex2(m_context.get(), nullptr, nullptr, m_nonce.data(), -1, nullptr) == 1;
}

bool
TextCipher::Associate(Bytes data)
{
    int written = 0;
    return EVP_CipherUpdate(
               m_context.get(), nullptr, &written, data.data(), static_cast<int>(data.size())) == 1;
}

bool
TextCipher::AssociateHead(Bytes head, std::optional<uint32_t> esnHigh)
{
    if (!esnHigh)
    {
        return Associate(head);
    }
    // RFC 4106 §5, RFC 4309 §5, RFC 4543 §3.3: the high half stands between the SPI and the low
    // half.
    IKELAB_ASSERT(head.size() == ESP_HEAD_OCTETS);
    const std::array<uint8_t, 4> high = BigEndian32(*esnHigh);
    std::array<uint8_t, ESP_HEAD_OCTETS + 4> data;
    std::ranges::copy(head.first(4), data.begin());
    std::ranges::copy(high, data.begin() + 4);
    std::ranges::copy(head.last(4), data.begin() + 8);
    return Associate(data);
}

/// Everything that an AEAD takes between the IV and the text.
bool
TextCipher::AssociateAll(Bytes head, Bytes iv, Bytes text, std::optional<uint32_t> esnHigh)
{
    if (m_ccm)
    {
        // RFC 3610 §2.2: the length of the text is in the first block.
        int written = 0;
        if (EVP_CipherUpdate(
                m_context.get(), nullptr, &written, nullptr, static_cast<int>(text.size())) != 1)
        {
            return false;
        }
    }
    if (m_row->encrypts)
    {
        return AssociateHead(head, esnHigh);
    }
    // RFC 4543 §3.1, §3.3: GMAC encrypts nothing; IV and text are the authenticated payload. All of
    // it stands together in the packet, so that without ESN one call does.
    const size_t payloadOctets = iv.size() + text.size();
    return esnHigh ? AssociateHead(head, esnHigh) && Associate(Bytes(iv.data(), payloadOctets))
                   : Associate(Bytes(head.data(), head.size() + payloadOctets));
}

bool
TextCipher::Seal(Bytes head,
                 Bytes iv,
                 MutableBytes text,
                 MutableBytes icv,
                 std::optional<uint32_t> esnHigh)
{
    int written = 0;
    // CCM has its whole text in one call, an empty one too.
    const bool updates = m_row->encrypts && (!text.empty() || m_ccm);
    if (!BeginSeal(iv) || !AssociateAll(head, iv, text, esnHigh) ||
        (updates &&
         EVP_EncryptUpdate(
             m_context.get(), text.data(), &written, text.data(), static_cast<int>(text.size())) !=
             1) ||
        EVP_EncryptFinal_ex(m_context.get(), text.data() + text.size(), &written) != 1 ||
        EVP_CIPHER_CTX_get_params(m_context.get(), m_tagParams.data()) != 1)
    {
        return false;
    }
    std::memcpy(icv.data(), m_tag.data(), icv.size());
    return true;
}

/// Set the IV. GCM's is mostly the one before plus one, which OpenSSL counts faster than it takes a
/// new one (see BeginOpen); that it has counted right is seen before anything is encrypted.
bool
TextCipher::BeginSeal(Bytes iv)
{
    if (!m_gcm)
    {
        return Begin(iv);
    }
    if (!Ensure())
    {
        return false;
    }
    IKELAB_ASSERT(iv.size() == sizeof(uint64_t));
    const auto number = LoadField<0, uint64_t>(iv.first<sizeof(uint64_t)>());
    if (m_nextIv != number)
    {
        constexpr auto WHOLE = static_cast<size_t>(-1); // salt and first IV
        std::memcpy(m_nonce.data() + m_row->saltOctets, iv.data(), iv.size());
        const std::array<OSSL_PARAM, 2> whole{
            OSSL_PARAM_construct_octet_string(
                OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, m_nonce.data(), WHOLE),
            OSSL_PARAM_construct_end()};
        if (EVP_CIPHER_CTX_set_params(m_context.get(), whole.data()) != 1)
        {
            return false;
        }
    }
    m_nextIv.reset(); // until it is known that OpenSSL has counted
    if (EVP_CIPHER_CTX_get_params(m_context.get(), m_sealParams.data()) != 1 ||
        std::memcmp(m_nonce.data() + m_row->saltOctets, iv.data(), iv.size()) != 0)
    {
        return false;
    }
    m_nextIv = number + 1;
    return true;
}

bool
TextCipher::Open(Bytes head,
                 Bytes iv,
                 MutableBytes text,
                 Bytes icv,
                 std::optional<uint32_t> esnHigh)
{
    std::memcpy(m_tag.data(), icv.data(), icv.size());
    return Ensure() && BeginOpen(iv) && AssociateAll(head, iv, text, esnHigh) && EndOpen(text);
}

/// Set IV and ICV.
bool
TextCipher::BeginOpen(Bytes iv)
{
    if (!m_gcm)
    {
        return EVP_CIPHER_CTX_set_params(m_context.get(), m_tagParams.data()) == 1 && Begin(iv);
    }
    // Both in one call, and not by initialisation, in which OpenSSL asks itself for the size of the
    // IV by name: of the time of a small packet that was a sixth.
    std::memcpy(m_nonce.data() + m_row->saltOctets, iv.data(), iv.size());
    return EVP_CIPHER_CTX_set_params(m_context.get(), m_openParams.data()) == 1;
}

bool
TextCipher::EndOpen(MutableBytes text)
{
    int written = 0;
    const bool updates = m_row->encrypts && (!text.empty() || m_ccm);
    if (updates &&
        EVP_DecryptUpdate(
            m_context.get(), text.data(), &written, text.data(), static_cast<int>(text.size())) !=
            1)
    {
        return false;
    }
    // CCM has verified by now and has no last step; the others verify in it.
    return m_ccm || EVP_DecryptFinal_ex(m_context.get(), text.data() + text.size(), &written) == 1;
}

bool
TextCipher::Crypt(Bytes iv, MutableBytes text)
{
    if (m_cipher == nullptr || text.empty())
    {
        return true;
    }
    int written = 0;
    return Begin(iv) &&
           EVP_CipherUpdate(m_context.get(),
                            text.data(),
                            &written,
                            text.data(),
                            static_cast<int>(text.size())) == 1 &&
           static_cast<size_t>(written) == text.size();
}

} // namespace ikelab::crypto
