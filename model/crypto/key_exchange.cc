// SPDX-License-Identifier: MIT
#include "crypto/key_exchange.h"

#include "base/assert.h"
#include "crypto/context_internal.h"
#include "crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <optional>

namespace ikelab::crypto
{

namespace
{

using GroupPtr = std::unique_ptr<EC_GROUP, OpensslDeleter<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, OpensslDeleter<EC_POINT_free>>;
using ParamBldPtr = std::unique_ptr<OSSL_PARAM_BLD, OpensslDeleter<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpensslDeleter<OSSL_PARAM_free>>;

/// SEC 1 §2.3.3: x and y follow this octet; IKE's KE payload leaves it away.
constexpr uint8_t UNCOMPRESSED = 4;
/// Of the longest value: MODP-8192.
constexpr size_t MAX_PUBLIC_OCTETS = 1024;

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

/// A key from its numbers; nullptr if OpenSSL refuses.
PkeyPtr
FromNumbers(Context::Internals& internals,
            const KeRow& row,
            const BIGNUM* privateValue,
            Bytes encodedPublic,
            const BIGNUM* publicNumber)
{
    ParamBldPtr builder(OSSL_PARAM_BLD_new());
    if (builder == nullptr ||
        OSSL_PARAM_BLD_push_utf8_string(
            builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, row.opensslName, 0) != 1)
    {
        return nullptr;
    }
    if (privateValue != nullptr &&
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, privateValue) != 1)
    {
        return nullptr;
    }
    if (!encodedPublic.empty() && OSSL_PARAM_BLD_push_octet_string(builder.get(),
                                                                   OSSL_PKEY_PARAM_PUB_KEY,
                                                                   encodedPublic.data(),
                                                                   encodedPublic.size()) != 1)
    {
        return nullptr;
    }
    if (publicNumber != nullptr &&
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, publicNumber) != 1)
    {
        return nullptr;
    }
    const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
    PkeyCtxPtr maker(EVP_PKEY_CTX_new_from_name(
        internals.library.get(), row.kind == KeKind::ECP ? "EC" : "DH", nullptr));
    EVP_PKEY* key = nullptr;
    const int selection = privateValue != nullptr ? EVP_PKEY_KEYPAIR : int{EVP_PKEY_KEY_PARAMETERS};
    if (params == nullptr || maker == nullptr || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
        EVP_PKEY_fromdata(maker.get(), &key, selection, params.get()) != 1)
    {
        return nullptr;
    }
    return PkeyPtr(key);
}

PkeyPtr
EcpFromPrivate(Context::Internals& internals, const KeRow& row, const BIGNUM* scalar)
{
    const GroupPtr group(EC_GROUP_new_by_curve_name_ex(
        internals.library.get(), nullptr, EC_curve_nist2nid(row.opensslName)));
    if (group == nullptr || BN_is_zero(scalar) ||
        BN_cmp(scalar, EC_GROUP_get0_order(group.get())) >= 0)
    {
        return nullptr;
    }
    const PointPtr point(EC_POINT_new(group.get()));
    const BnCtxPtr numbers(BN_CTX_secure_new_ex(internals.library.get()));
    std::array<uint8_t, MAX_PUBLIC_OCTETS + 1> encoded;
    if (point == nullptr || numbers == nullptr ||
        EC_POINT_mul(group.get(), point.get(), scalar, nullptr, nullptr, numbers.get()) != 1)
    {
        return nullptr;
    }
    const size_t octets = EC_POINT_point2oct(group.get(),
                                             point.get(),
                                             POINT_CONVERSION_UNCOMPRESSED,
                                             encoded.data(),
                                             encoded.size(),
                                             numbers.get());
    if (octets == 0)
    {
        return nullptr;
    }
    return FromNumbers(internals, row, scalar, Bytes(encoded.data(), octets), nullptr);
}

PkeyPtr
ModpFromPrivate(Context::Internals& internals, const KeRow& row, BIGNUM* exponent)
{
    const PkeyPtr group = FromNumbers(internals, row, nullptr, {}, nullptr);
    BIGNUM* prime = nullptr;
    BIGNUM* generator = nullptr;
    if (group == nullptr || EVP_PKEY_get_bn_param(group.get(), OSSL_PKEY_PARAM_FFC_P, &prime) != 1)
    {
        return nullptr;
    }
    const BnPtr ownedPrime(prime);
    if (EVP_PKEY_get_bn_param(group.get(), OSSL_PKEY_PARAM_FFC_G, &generator) != 1)
    {
        return nullptr;
    }
    const BnPtr ownedGenerator(generator);
    const BnPtr value(BN_new());
    const BnCtxPtr numbers(BN_CTX_secure_new_ex(internals.library.get()));
    BN_set_flags(exponent, BN_FLG_CONSTTIME);
    if (value == nullptr || numbers == nullptr || BN_is_zero(exponent) ||
        BN_mod_exp(value.get(), generator, exponent, prime, numbers.get()) != 1)
    {
        return nullptr;
    }
    return FromNumbers(internals, row, exponent, {}, value.get());
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
        state->key = row.kind == KeKind::ECP ? EcpFromPrivate(internals, row, number.get())
                                             : ModpFromPrivate(internals, row, number.get());
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
