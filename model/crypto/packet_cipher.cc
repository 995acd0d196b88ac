// SPDX-License-Identifier: MIT
#include "crypto/packet_cipher.h"

#include "base/assert.h"
#include "crypto/context_internal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace ikelab::crypto
{

namespace
{

/// The head of an ESP packet: SPI and the low half of the sequence number, RFC 4303 §2.
constexpr size_t ESP_HEAD_OCTETS = 8;

std::array<uint8_t, 4>
BigEndian32(uint32_t value)
{
    return {static_cast<uint8_t>(value >> 24),
            static_cast<uint8_t>(value >> 16),
            static_cast<uint8_t>(value >> 8),
            static_cast<uint8_t>(value)};
}

} // namespace

struct PacketCipher::State
{
    State(Context& context,
          Direction way,
          const EncrRow& encrRow,
          const IntegRow* integRow,
          Bytes encrMaterial,
          Bytes integMaterial);

    bool
    IsAead() const
    {
        return encr->kind == CipherKind::AEAD;
    }

    size_t
    IcvOctets() const
    {
        return IsAead() ? encr->icvOctets : integ->icvOctets;
    }

    bool EnsureCipher();
    bool EnsureMac();
    bool AeadHead(Bytes head, Bytes iv, std::optional<uint32_t> esnHigh);
    bool AeadSeal(Bytes head,
                  Bytes iv,
                  MutableBytes text,
                  MutableBytes icv,
                  std::optional<uint32_t> esnHigh);
    bool AeadOpen(Bytes head,
                  Bytes iv,
                  MutableBytes text,
                  Bytes icv,
                  std::optional<uint32_t> esnHigh);
    bool Cbc(Bytes iv, MutableBytes text);
    bool Mac(Bytes covered, std::optional<uint32_t> esnHigh);

    Context::Internals* internals;
    Direction direction;
    const EncrRow* encr;
    const IntegRow* integ;
    SecretBytes encrKey;
    SecretBytes integKey;
    std::array<uint8_t, 12> nonce{}; ///< salt | IV, RFC 4106 §4, RFC 7634 §2
    std::array<uint8_t, EVP_MAX_MD_SIZE> tag{};
    std::array<OSSL_PARAM, 2> tagParams; ///< of `tag`: prepared once, asked per packet
    CipherCtxPtr cipher;
    MacCtxPtr mac;
};

PacketCipher::State::State(Context& context,
                           Direction way,
                           const EncrRow& encrRow,
                           const IntegRow* integRow,
                           Bytes encrMaterial,
                           Bytes integMaterial)
    : internals(&context.Get()),
      direction(way),
      encr(&encrRow),
      integ(integRow),
      encrKey(encrMaterial.first(std::min<size_t>(encrRow.keyOctets, encrMaterial.size()))),
      integKey(integMaterial),
      tagParams{OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
                                                  tag.data(),
                                                  encrRow.icvOctets),
                OSSL_PARAM_construct_end()}
{
    IKELAB_ASSERT(encrMaterial.size() == encr->MaterialOctets());
    IKELAB_ASSERT(IsAead() == (integ == nullptr));
    IKELAB_ASSERT(integKey.Size() == (integ == nullptr ? 0 : integ->keyOctets));
    if (IsAead())
    {
        IKELAB_ASSERT(encr->saltOctets + encr->ivOctets == nonce.size());
        std::ranges::copy(encrMaterial.last(encr->saltOctets), nonce.begin());
    }
}

bool
PacketCipher::State::EnsureCipher()
{
    if (cipher != nullptr)
    {
        return true;
    }
    CipherCtxPtr made(EVP_CIPHER_CTX_new());
    // The default IV length of our AEADs is the 12 octets of salt and IV.
    if (made == nullptr || EVP_CipherInit_ex2(made.get(),
                                              internals->Cipher(*encr),
                                              encrKey.View().data(),
                                              nullptr,
                                              direction == Direction::SEAL ? 1 : 0,
                                              nullptr) != 1)
    {
        return false;
    }
    // Padding is the protocol's, RFC 4303 §2.4 and RFC 7296 §3.14.
    EVP_CIPHER_CTX_set_padding(made.get(), 0);
    cipher = std::move(made);
    return true;
}

bool
PacketCipher::State::EnsureMac()
{
    if (mac != nullptr)
    {
        return true;
    }
    MacCtxPtr made = internals->NewInteg(*integ);
    if (made == nullptr ||
        EVP_MAC_init(made.get(), integKey.View().data(), integKey.Size(), nullptr) != 1)
    {
        return false;
    }
    mac = std::move(made);
    return true;
}

/// Set the IV and feed the associated data.
bool
PacketCipher::State::AeadHead(Bytes head, Bytes iv, std::optional<uint32_t> esnHigh)
{
    if (!EnsureCipher())
    {
        return false;
    }
    std::memcpy(nonce.data() + encr->saltOctets, iv.data(), iv.size());
    if (EVP_CipherInit_ex(cipher.get(), nullptr, nullptr, nullptr, nonce.data(), -1) != 1)
    {
        return false;
    }
    int written = 0;
    if (!esnHigh)
    {
        return EVP_CipherUpdate(
                   cipher.get(), nullptr, &written, head.data(), static_cast<int>(head.size())) ==
               1;
    }
    // RFC 4106 §5: with ESN the high half stands between the SPI and the low half.
    IKELAB_ASSERT(head.size() == ESP_HEAD_OCTETS);
    const std::array<uint8_t, 4> high = BigEndian32(*esnHigh);
    std::array<uint8_t, ESP_HEAD_OCTETS + 4> data;
    std::ranges::copy(head.first(4), data.begin());
    std::ranges::copy(high, data.begin() + 4);
    std::ranges::copy(head.last(4), data.begin() + 8);
    return EVP_CipherUpdate(cipher.get(), nullptr, &written, data.data(), data.size()) == 1;
}

bool
PacketCipher::State::AeadSeal(Bytes head,
                              Bytes iv,
                              MutableBytes text,
                              MutableBytes icv,
                              std::optional<uint32_t> esnHigh)
{
    int written = 0;
    if (!AeadHead(head, iv, esnHigh) ||
        (!text.empty() &&
         EVP_EncryptUpdate(
             cipher.get(), text.data(), &written, text.data(), static_cast<int>(text.size())) !=
             1) ||
        EVP_EncryptFinal_ex(cipher.get(), text.data() + text.size(), &written) != 1 ||
        EVP_CIPHER_CTX_get_params(cipher.get(), tagParams.data()) != 1)
    {
        return false;
    }
    std::memcpy(icv.data(), tag.data(), icv.size());
    return true;
}

bool
PacketCipher::State::AeadOpen(Bytes head,
                              Bytes iv,
                              MutableBytes text,
                              Bytes icv,
                              std::optional<uint32_t> esnHigh)
{
    int written = 0;
    std::memcpy(tag.data(), icv.data(), icv.size());
    return AeadHead(head, iv, esnHigh) &&
           EVP_CIPHER_CTX_set_params(cipher.get(), tagParams.data()) == 1 &&
           (text.empty() ||
            EVP_DecryptUpdate(
                cipher.get(), text.data(), &written, text.data(), static_cast<int>(text.size())) ==
                1) &&
           EVP_DecryptFinal_ex(cipher.get(), text.data() + text.size(), &written) == 1;
}

bool
PacketCipher::State::Cbc(Bytes iv, MutableBytes text)
{
    if (encr->kind == CipherKind::NULL_CIPHER || text.empty())
    {
        return true;
    }
    int written = 0;
    return EnsureCipher() &&
           EVP_CipherInit_ex(cipher.get(), nullptr, nullptr, nullptr, iv.data(), -1) == 1 &&
           EVP_CipherUpdate(
               cipher.get(), text.data(), &written, text.data(), static_cast<int>(text.size())) ==
               1 &&
           static_cast<size_t>(written) == text.size();
}

/// The whole HMAC into `tag`.
bool
PacketCipher::State::Mac(Bytes covered, std::optional<uint32_t> esnHigh)
{
    size_t written = 0;
    if (!EnsureMac() || EVP_MAC_init(mac.get(), nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(mac.get(), covered.data(), covered.size()) != 1)
    {
        return false;
    }
    if (esnHigh)
    {
        // RFC 4303 §2.2.1: appended behind what is sent.
        const std::array<uint8_t, 4> high = BigEndian32(*esnHigh);
        if (EVP_MAC_update(mac.get(), high.data(), high.size()) != 1)
        {
            return false;
        }
    }
    return EVP_MAC_final(mac.get(), tag.data(), &written, tag.size()) == 1;
}

PacketCipher::PacketCipher(Context& context,
                           Direction direction,
                           const EncrRow& encr,
                           const IntegRow* integ,
                           Bytes encrKey,
                           Bytes integKey)
    : m_state(std::make_unique<State>(context, direction, encr, integ, encrKey, integKey))
{
}

PacketCipher::PacketCipher(PacketCipher&&) noexcept = default;
PacketCipher& PacketCipher::operator=(PacketCipher&&) noexcept = default;
PacketCipher::~PacketCipher() = default;

size_t
PacketCipher::IvOctets() const
{
    return m_state->encr->ivOctets;
}

size_t
PacketCipher::IcvOctets() const
{
    return m_state->IcvOctets();
}

size_t
PacketCipher::BlockOctets() const
{
    return m_state->encr->blockOctets;
}

void
PacketCipher::WriteIv(MutableBytes iv, uint64_t counter, RandomSource& random) const
{
    IKELAB_ASSERT(iv.size() == IvOctets());
    if (!m_state->IsAead())
    {
        // RFC 3602 §3: unpredictable for CBC; NULL has none.
        random.Fill(iv);
        return;
    }
    for (size_t i = 0; i < iv.size(); i++)
    {
        iv[i] = static_cast<uint8_t>(counter >> (56 - 8 * i));
    }
}

Result<void>
PacketCipher::Seal(MutableBytes packet, size_t headOctets, std::optional<uint32_t> esnHigh)
{
    IKELAB_ASSERT(m_state->direction == Direction::SEAL);
    const size_t ivOctets = IvOctets();
    const size_t icvOctets = IcvOctets();
    IKELAB_ASSERT(packet.size() >= headOctets + ivOctets + icvOctets);
    const Bytes iv = packet.subspan(headOctets, ivOctets);
    const MutableBytes icv = packet.last(icvOctets);
    const MutableBytes covered = packet.first(packet.size() - icvOctets);
    const MutableBytes text = covered.subspan(headOctets + ivOctets);
    IKELAB_ASSERT(text.size() % BlockOctets() == 0);
    if (m_state->IsAead())
    {
        if (!m_state->AeadSeal(packet.first(headOctets), iv, text, icv, esnHigh))
        {
            return OpensslFailed(Fault::CRYPTO, "seal");
        }
        return {};
    }
    if (!m_state->Cbc(iv, text) || !m_state->Mac(covered, esnHigh))
    {
        return OpensslFailed(Fault::CRYPTO, "seal");
    }
    std::memcpy(icv.data(), m_state->tag.data(), icv.size());
    return {};
}

Result<void>
PacketCipher::Open(MutableBytes packet, size_t headOctets, std::optional<uint32_t> esnHigh)
{
    IKELAB_ASSERT(m_state->direction == Direction::OPEN);
    const size_t ivOctets = IvOctets();
    const size_t icvOctets = IcvOctets();
    if (packet.size() < headOctets + ivOctets + icvOctets)
    {
        return Fail(Fault::TRUNCATED, "encrypted packet", packet.size());
    }
    const Bytes iv = packet.subspan(headOctets, ivOctets);
    const Bytes icv = packet.last(icvOctets);
    const MutableBytes covered = packet.first(packet.size() - icvOctets);
    const MutableBytes text = covered.subspan(headOctets + ivOctets);
    if (text.size() % BlockOctets() != 0)
    {
        return Fail(Fault::BAD_VALUE, "ciphertext length", headOctets + ivOctets);
    }
    const size_t icvOffset = covered.size();
    if (m_state->IsAead())
    {
        if (!m_state->EnsureCipher())
        {
            return OpensslFailed(Fault::CRYPTO, "open");
        }
        if (!m_state->AeadOpen(packet.first(headOctets), iv, text, icv, esnHigh))
        {
            ERR_clear_error();
            return Fail(Fault::INTEGRITY, "ICV", icvOffset);
        }
        return {};
    }
    if (!m_state->Mac(covered, esnHigh))
    {
        return OpensslFailed(Fault::CRYPTO, "open");
    }
    if (CRYPTO_memcmp(m_state->tag.data(), icv.data(), icv.size()) != 0)
    {
        return Fail(Fault::INTEGRITY, "ICV", icvOffset);
    }
    if (!m_state->Cbc(iv, text))
    {
        return OpensslFailed(Fault::CRYPTO, "open");
    }
    return {};
}

void
PacketCipher::DropContexts()
{
    m_state->cipher.reset();
    m_state->mac.reset();
}

} // namespace ikelab::crypto
