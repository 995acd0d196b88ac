// SPDX-License-Identifier: MIT
#include "crypto/packet_cipher.h"

#include "base/assert.h"
#include "base/fixed_fields.h"
#include "crypto/context_internal.h"
#include "crypto/text_cipher.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace ikelab::crypto
{

namespace
{

/// A whole MAC, of which the ICV is the front.
using Tag = std::array<uint8_t, EVP_MAX_MD_SIZE>;

bool
IsAead(const EncrRow& row)
{
    return row.kind == CipherKind::AEAD;
}

/// A key of another size than the row's: the packets of such an SA fail.
bool
Fits(const EncrRow& encr, const IntegRow* integ, Bytes encrMaterial, Bytes integKey)
{
    return encrMaterial.size() == encr.MaterialOctets() && IsAead(encr) == (integ == nullptr) &&
           integKey.size() == (integ == nullptr ? 0 : integ->keyOctets);
}

/// A packet's fields, RFC 4303 §2 and RFC 7296 §3.14.
struct Fields
{
    Fields(MutableBytes packet,
           size_t headOctets,
           const EncrRow& row,
           size_t icvOctets,
           std::optional<uint32_t> esnHigh)
        : head(packet.first(headOctets)),
          iv(packet.subspan(headOctets, row.ivOctets)),
          text(packet.subspan(headOctets + row.ivOctets,
                              packet.size() - headOctets - row.ivOctets - icvOctets)),
          icv(packet.last(icvOctets)),
          covered(packet.first(packet.size() - icvOctets))
    {
        if (row.ImplicitIv())
        {
            // RFC 8750 §4: the sequence number, of which the head ends with the low half.
            std::ranges::copy(BigEndian32(esnHigh.value_or(0)), implicitIv.begin());
            std::ranges::copy(head.last<4>(), implicitIv.begin() + 4);
            iv = implicitIv;
        }
    }

    Fields(const Fields&) = delete;
    Fields& operator=(const Fields&) = delete;

    Bytes head;
    Bytes iv;
    MutableBytes text;
    MutableBytes icv;
    Bytes covered; ///< by the integrity algorithm: all but the ICV
    std::array<uint8_t, 8> implicitIv;
};

} // namespace

struct PacketCipher::State
{
    State(Context& context,
          Direction way,
          const EncrRow& encrRow,
          const IntegRow* integRow,
          Bytes encrMaterial,
          Bytes integMaterial)
        : direction(way),
          encr(&encrRow),
          integ(integRow),
          fits(Fits(encrRow, integRow, encrMaterial, integMaterial)),
          internals(&context.Get()),
          integKey(integMaterial)
    {
        if (fits)
        {
            cipher.emplace(
                internals->Cipher(encrRow), encrRow, direction == Direction::SEAL, encrMaterial);
        }
    }

    size_t
    IcvOctets() const
    {
        return IsAead(*encr) ? encr->icvOctets : integ != nullptr ? integ->icvOctets : 0;
    }

    bool EnsureMac();
    bool Authenticate(Bytes covered, std::optional<uint32_t> esnHigh, Tag& tag);

    Direction direction;
    const EncrRow* encr;
    const IntegRow* integ;
    bool fits; ///< the keys' sizes are those of the rows
    Context::Internals* internals;
    std::optional<TextCipher> cipher; ///< if it fits
    SecretBytes integKey;
    std::optional<Mac> mac;
};

bool
PacketCipher::State::EnsureMac()
{
    if (mac)
    {
        return mac->Restart();
    }
    mac = internals->NewInteg(*integ);
    if (!mac->SetKey(integKey.View()))
    {
        mac.reset();
        return false;
    }
    return true;
}

/// The whole MAC into `tag`.
bool
PacketCipher::State::Authenticate(Bytes covered, std::optional<uint32_t> esnHigh, Tag& tag)
{
    if (!EnsureMac() || !mac->Update(covered))
    {
        return false;
    }
    // RFC 4303 §2.2.1: appended behind what is sent.
    return (!esnHigh || mac->Update(BigEndian32(*esnHigh))) && mac->Finish(tag);
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
    if (m_state->encr->kind == CipherKind::CBC)
    {
        random.Fill(iv); // RFC 3602 §3: unpredictable
        return;
    }
    const uint64_t octets = BigEndian(counter);
    std::memcpy(iv.data(), &octets, std::min(iv.size(), sizeof(octets)));
}

Result<void>
PacketCipher::Check(MutableBytes packet, size_t headOctets, Direction direction) const
{
    IKELAB_ASSERT(m_state->direction == direction);
    if (!m_state->fits)
    {
        return Fail(Fault::BAD_VALUE, "key length");
    }
    const size_t before = headOctets + IvOctets();
    const size_t around = before + IcvOctets();
    if (packet.size() < around)
    {
        return Fail(Fault::TRUNCATED, "encrypted packet", packet.size());
    }
    if ((packet.size() - around) % BlockOctets() != 0)
    {
        return Fail(Fault::BAD_VALUE, "ciphertext length", before);
    }
    return {};
}

Result<void>
PacketCipher::Seal(MutableBytes packet, size_t headOctets, std::optional<uint32_t> esnHigh)
{
    TRY(Check(packet, headOctets, Direction::SEAL));
    State& state = *m_state;
    const Fields fields(packet, headOctets, *state.encr, IcvOctets(), esnHigh);
    if (IsAead(*state.encr))
    {
        if (!state.cipher->Seal(fields.head, fields.iv, fields.text, fields.icv, esnHigh))
        {
            return OpensslFailed(Fault::CRYPTO, "seal");
        }
        return {};
    }
    Tag tag;
    if (!state.cipher->Crypt(fields.iv, fields.text) ||
        !state.Authenticate(fields.covered, esnHigh, tag))
    {
        return OpensslFailed(Fault::CRYPTO, "seal");
    }
    std::memcpy(fields.icv.data(), tag.data(), fields.icv.size());
    return {};
}

Result<void>
PacketCipher::Open(MutableBytes packet, size_t headOctets, std::optional<uint32_t> esnHigh)
{
    TRY(Check(packet, headOctets, Direction::OPEN));
    State& state = *m_state;
    const Fields fields(packet, headOctets, *state.encr, IcvOctets(), esnHigh);
    if (IsAead(*state.encr))
    {
        if (!state.cipher->Ensure())
        {
            return OpensslFailed(Fault::CRYPTO, "open");
        }
        if (!state.cipher->Open(fields.head, fields.iv, fields.text, fields.icv, esnHigh))
        {
            ERR_clear_error();
            return Fail(Fault::INTEGRITY, "ICV", fields.covered.size());
        }
        return {};
    }
    Tag tag;
    if (!state.Authenticate(fields.covered, esnHigh, tag))
    {
        return OpensslFailed(Fault::CRYPTO, "open");
    }
    if (CRYPTO_memcmp(tag.data(), fields.icv.data(), fields.icv.size()) != 0)
    {
        return Fail(Fault::INTEGRITY, "ICV", fields.covered.size());
    }
    if (!state.cipher->Crypt(fields.iv, fields.text))
    {
        return OpensslFailed(Fault::CRYPTO, "open");
    }
    return {};
}

void
PacketCipher::DropContexts()
{
    if (m_state->cipher)
    {
        m_state->cipher->Drop();
    }
    m_state->mac.reset();
}

Result<void>
DecryptUnchecked(Context& context, const EncrRow& row, Bytes encrKey, Bytes iv, MutableBytes text)
{
    if (IsAead(row))
    {
        return Fail(Fault::BAD_VALUE, "AEAD without verification");
    }
    if (encrKey.size() != row.MaterialOctets() || iv.size() != row.ivOctets)
    {
        return Fail(Fault::BAD_VALUE, "key length");
    }
    if (text.size() % row.blockOctets != 0)
    {
        return Fail(Fault::BAD_VALUE, "ciphertext length");
    }
    TextCipher cipher(context.Get().Cipher(row), row, false, encrKey);
    if (!cipher.Crypt(iv, text))
    {
        return OpensslFailed(Fault::CRYPTO, "decrypt");
    }
    return {};
}

} // namespace ikelab::crypto
