// SPDX-License-Identifier: MIT
#include "crypto/key_exchange.h"

#include "base/assert.h"
#include "crypto/context_internal.h"
#include "crypto/group_keys.h"
#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <optional>

namespace ikelab::crypto
{

namespace
{

/**
 * Octets that blind a scalar multiplication against side channels: SHA-256(seed | counter). They
 * never show in a result, yet a constant would be no blinding and the caller's RandomSource may be
 * gone when Derive runs; so Generate draws a seed.
 */
class BlindingRandom final : public RandomSource
{
  public:
    BlindingRandom(Context& context, Bytes seed) : m_context(context), m_seed(seed)
    {
    }

    void
    Fill(MutableBytes octets) override
    {
        while (!octets.empty())
        {
            m_counter++;
            const std::array<uint8_t, 4> counter{static_cast<uint8_t>(m_counter >> 24),
                                                 static_cast<uint8_t>(m_counter >> 16),
                                                 static_cast<uint8_t>(m_counter >> 8),
                                                 static_cast<uint8_t>(m_counter)};
            const auto block = Sha256(m_context, {m_seed, counter});
            IKELAB_ASSERT(block.has_value());
            const size_t part = std::min(octets.size(), block->size());
            std::copy_n(block->begin(), part, octets.begin());
            octets = octets.subspan(part);
        }
    }

  private:
    Context& m_context;
    Bytes m_seed;
    uint32_t m_counter{0};
};

/// The public value in the form of the KE payload; false if OpenSSL refuses.
bool
WritePublicValue(EVP_PKEY* key, const KeRow& row, Buffer& out)
{
    std::array<uint8_t, MAX_PUBLIC_OCTETS + 1> encoded;
    const size_t prefix = row.kind == KeKind::ECP ? 1 : 0;
    size_t octets = 0;
    if (row.kind == KeKind::MONTGOMERY)
    {
        octets = encoded.size();
        if (EVP_PKEY_get_raw_public_key(key, encoded.data(), &octets) != 1)
        {
            return false;
        }
    }
    else if (EVP_PKEY_get_octet_string_param(key,
                                             OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                             encoded.data(),
                                             encoded.size(),
                                             &octets) != 1)
    {
        return false;
    }
    if (octets != row.publicOctets + prefix || (prefix == 1 && encoded[0] != UNCOMPRESSED))
    {
        return false;
    }
    out.assign(encoded.begin() + prefix, encoded.begin() + octets);
    return true;
}

/**
 * The peer's value as a key of `ours`' group; nullptr if it is not one. Covers RFC 6989 §2.1 (1 < r
 * < p-1) and §2.3 (coordinates below p, point on the curve); not the subgroup check that only the
 * groups of RFC 5114 need.
 */
PkeyPtr
ImportPeer(Context::Internals& internals, EVP_PKEY* ours, const KeRow& row, Bytes value)
{
    if (row.kind == KeKind::MONTGOMERY)
    {
        return PkeyPtr(EVP_PKEY_new_raw_public_key_ex(
            internals.library.get(), row.opensslName, nullptr, value.data(), value.size()));
    }
    std::array<uint8_t, MAX_PUBLIC_OCTETS + 1> encoded;
    const size_t prefix = row.kind == KeKind::ECP ? 1 : 0;
    encoded[0] = UNCOMPRESSED;
    std::ranges::copy(value, encoded.begin() + prefix);
    PkeyPtr peer(EVP_PKEY_new());
    if (peer == nullptr || EVP_PKEY_copy_parameters(peer.get(), ours) != 1 ||
        EVP_PKEY_set1_encoded_public_key(peer.get(), encoded.data(), prefix + value.size()) != 1)
    {
        return nullptr;
    }
    if (row.kind == KeKind::MODP)
    {
        PkeyCtxPtr check(EVP_PKEY_CTX_new_from_pkey(internals.library.get(), peer.get(), nullptr));
        if (check == nullptr || EVP_PKEY_public_check_quick(check.get()) != 1)
        {
            return nullptr;
        }
    }
    return peer;
}

} // namespace

struct KeyShare::State
{
    State(Context& world, const KeRow& group) : context(&world), row(&group)
    {
    }

    Context* context;
    const KeRow* row;
    PkeyPtr key;
    Buffer publicValue;
    SecretBytes blindingSeed; ///< ECP only
};

KeyShare::KeyShare(std::unique_ptr<State> state) : m_state(std::move(state))
{
}

KeyShare::KeyShare(KeyShare&&) noexcept = default;
KeyShare& KeyShare::operator=(KeyShare&&) noexcept = default;
KeyShare::~KeyShare() = default;

Result<KeyShare>
KeyShare::Generate(Context& context, const KeRow& row, RandomSource& random)
{
    Context::Internals& internals = context.Get();
    auto state = std::make_unique<State>(context, row);
    const RandomScope scope(*internals.random, random);
    EVP_PKEY_CTX* generator = internals.Keygen(row);
    EVP_PKEY* key = nullptr;
    if (generator == nullptr || EVP_PKEY_keygen(generator, &key) != 1)
    {
        return OpensslFailed(Fault::CRYPTO, "key generation");
    }
    state->key.reset(key);
    if (row.kind == KeKind::ECP)
    {
        state->blindingSeed = SecretBytes(size_t{32});
        random.Fill(state->blindingSeed.Writable());
    }
    if (!WritePublicValue(key, row, state->publicValue))
    {
        return OpensslFailed(Fault::CRYPTO, "public value");
    }
    return KeyShare(std::move(state));
}

Result<KeyShare>
KeyShare::FromPrivate(Context& context, const KeRow& row, Bytes privateValue)
{
    Context::Internals& internals = context.Get();
    auto state = std::make_unique<State>(context, row);
    if (row.kind == KeKind::MONTGOMERY)
    {
        state->key.reset(EVP_PKEY_new_raw_private_key_ex(internals.library.get(),
                                                         row.opensslName,
                                                         nullptr,
                                                         privateValue.data(),
                                                         privateValue.size()));
    }
    else
    {
        if (privateValue.size() > MAX_PUBLIC_OCTETS)
        {
            return Fail(Fault::OVERLONG, "private value");
        }
        const BnPtr number(
            BN_bin2bn(privateValue.data(), static_cast<int>(privateValue.size()), nullptr));
        if (number == nullptr)
        {
            return OpensslFailed(Fault::CRYPTO, "private value");
        }
        TRY_ASSIGN(const auto seed, Sha256(context, {privateValue}));
        state->blindingSeed = SecretBytes(Bytes(seed));
        BlindingRandom blinding(context, state->blindingSeed.View());
        const RandomScope scope(*internals.random, blinding);
        state->key = KeyFromNumber(internals.library.get(), row, number.get());
    }
    if (state->key == nullptr)
    {
        return OpensslFailed(Fault::BAD_VALUE, "private value");
    }
    if (!WritePublicValue(state->key.get(), row, state->publicValue))
    {
        return OpensslFailed(Fault::CRYPTO, "public value");
    }
    return KeyShare(std::move(state));
}

const KeRow&
KeyShare::Row() const
{
    return *m_state->row;
}

Bytes
KeyShare::PublicValue() const
{
    return m_state->publicValue;
}

Result<SecretBytes>
KeyShare::Derive(Bytes peerPublicValue) const
{
    const KeRow& row = *m_state->row;
    const auto method = static_cast<uint32_t>(row.id);
    Context::Internals& internals = m_state->context->Get();
    if (peerPublicValue.size() != row.publicOctets)
    {
        return Fail(Fault::INVALID_KE, "KE length", 0, method);
    }
    // Some curves are multiplied with blinding, which needs random octets in here too.
    std::optional<BlindingRandom> blinding;
    std::optional<RandomScope> scope;
    if (row.kind == KeKind::ECP)
    {
        blinding.emplace(*m_state->context, m_state->blindingSeed.View());
        scope.emplace(*internals.random, *blinding);
    }
    const PkeyPtr peer = ImportPeer(internals, m_state->key.get(), row, peerPublicValue);
    if (peer == nullptr)
    {
        return OpensslFailed(Fault::INVALID_KE, "KE value", method);
    }
    PkeyCtxPtr exchange(
        EVP_PKEY_CTX_new_from_pkey(internals.library.get(), m_state->key.get(), nullptr));
    // The peer's value was tested above; the library's own test would be the full subgroup check.
    if (exchange == nullptr || EVP_PKEY_derive_init(exchange.get()) != 1 ||
        EVP_PKEY_derive_set_peer_ex(exchange.get(), peer.get(), 0) != 1)
    {
        return OpensslFailed(Fault::CRYPTO, "shared secret");
    }
    // RFC 7296 §2.14: g^ir keeps its leading zeros.
    if (row.kind == KeKind::MODP && EVP_PKEY_CTX_set_dh_pad(exchange.get(), 1) != 1)
    {
        return OpensslFailed(Fault::CRYPTO, "shared secret");
    }
    SecretBytes secret(size_t{row.sharedOctets});
    size_t octets = secret.Size();
    const bool derived = EVP_PKEY_derive(exchange.get(), secret.Writable().data(), &octets) == 1;
    if (row.kind == KeKind::MONTGOMERY)
    {
        // RFC 8031 §2, RFC 7748 §6.1: an all-zero result means a point of small order. OpenSSL
        // refuses to give it; looking again costs nothing.
        const std::array<uint8_t, 64> zeros{};
        if (!derived || SameSecret(secret.View(), Bytes(zeros).first(secret.Size())))
        {
            return OpensslFailed(Fault::INVALID_KE, "KE value", method);
        }
    }
    if (!derived || octets != row.sharedOctets)
    {
        return OpensslFailed(Fault::CRYPTO, "shared secret");
    }
    return secret;
}

} // namespace ikelab::crypto
