// SPDX-License-Identifier: MIT
#include "crypto/packet_mac.h"

#include "base/assert.h"
#include "crypto/context_internal.h"
#include "crypto/secret_bytes.h"
#include "crypto/text_cipher.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

namespace ikelab::crypto
{

namespace
{

/// A whole MAC, of which the ICV is the front.
using Tag = std::array<uint8_t, EVP_MAX_MD_SIZE>;

} // namespace

struct PacketMac::State
{
    State(Context& context, const IntegRow& integRow, Bytes material)
        : integ(&integRow),
          internals(&context.Get()),
          key(material)
    {
    }

    Result<void> Compute(std::span<const Bytes> pieces, std::optional<uint32_t> esnHigh, Tag& tag);
    bool Begin();

    const IntegRow* integ;
    Context::Internals* internals;
    SecretBytes key;
    std::optional<Mac> mac;
};

/// The algorithms of the table pad by themselves: nothing is appended (RFC 4302 §3.3.3.2.2).
Result<void>
PacketMac::State::Compute(std::span<const Bytes> pieces, std::optional<uint32_t> esnHigh, Tag& tag)
{
    if (key.View().size() != integ->keyOctets)
    {
        return Fail(Fault::BAD_VALUE, "key length");
    }
    bool good = Begin();
    for (const Bytes piece : pieces)
    {
        good = good && mac->Update(piece);
    }
    if (!good || (esnHigh && !mac->Update(BigEndian32(*esnHigh))) || !mac->Finish(tag))
    {
        return OpensslFailed(Fault::CRYPTO, "authenticate");
    }
    return {};
}

bool
PacketMac::State::Begin()
{
    if (mac)
    {
        return mac->Restart();
    }
    mac = internals->NewInteg(*integ);
    if (!mac->SetKey(key.View()))
    {
        mac.reset();
        return false;
    }
    return true;
}

PacketMac::PacketMac(Context& context, const IntegRow& integ, Bytes key)
    : m_state(std::make_unique<State>(context, integ, key))
{
}

PacketMac::PacketMac(PacketMac&&) noexcept = default;
PacketMac& PacketMac::operator=(PacketMac&&) noexcept = default;
PacketMac::~PacketMac() = default;

size_t
PacketMac::IcvOctets() const
{
    return m_state->integ->icvOctets;
}

Result<void>
PacketMac::Sign(std::span<const Bytes> pieces, std::optional<uint32_t> esnHigh, MutableBytes icv)
{
    IKELAB_ASSERT(icv.size() == IcvOctets());
    Tag tag;
    TRY(m_state->Compute(pieces, esnHigh, tag));
    std::copy_n(tag.begin(), icv.size(), icv.begin());
    return {};
}

Result<void>
PacketMac::Verify(std::span<const Bytes> pieces, std::optional<uint32_t> esnHigh, Bytes icv)
{
    IKELAB_ASSERT(icv.size() == IcvOctets());
    Tag tag;
    TRY(m_state->Compute(pieces, esnHigh, tag));
    if (CRYPTO_memcmp(tag.data(), icv.data(), icv.size()) != 0)
    {
        return Fail(Fault::INTEGRITY, "ICV");
    }
    return {};
}

void
PacketMac::DropContexts()
{
    m_state->mac.reset();
}

} // namespace ikelab::crypto
