// SPDX-License-Identifier: MIT
#include "crypto/testing/raw_openssl.h"

#include "base/testing/bench.h"
#include "crypto/openssl_types.h"

#include <openssl/core_names.h>

#include <array>
#include <cstring>

namespace ikelab::crypto::testing
{

using ikelab::bench::Require;

namespace
{

constexpr size_t HEAD_OCTETS = 8; // SPI and sequence number, RFC 4303 §2

const char*
OpensslType(const KeRow& row)
{
    return row.kind == KeKind::MODP ? "DH" : row.kind == KeKind::ECP ? "EC" : row.opensslName;
}

} // namespace

struct RawExchange::State
{
    State(const KeRow& group, Bytes peerPublic)
        : row(group),
          peer(ToBuffer(peerPublic)),
          generator(EVP_PKEY_CTX_new_from_name(nullptr, OpensslType(row), nullptr))
    {
        if (row.kind == KeKind::ECP)
        {
            peer.insert(peer.begin(), 4); // uncompressed, which the payload does not say
        }
        Require(EVP_PKEY_keygen_init(generator.get()) == 1 &&
                    (row.kind == KeKind::MONTGOMERY ||
                     EVP_PKEY_CTX_set_group_name(generator.get(), row.opensslName) == 1),
                "EVP keygen init");
    }

    PkeyPtr
    Generate() const
    {
        EVP_PKEY* key = nullptr;
        Require(EVP_PKEY_keygen(generator.get(), &key) == 1, "EVP keygen");
        return PkeyPtr(key);
    }

    PkeyPtr
    Read(const EVP_PKEY& own, Bytes encoded) const
    {
        if (row.kind == KeKind::MONTGOMERY)
        {
            PkeyPtr key(EVP_PKEY_new_raw_public_key_ex(
                nullptr, row.opensslName, nullptr, encoded.data(), encoded.size()));
            Require(key != nullptr, "EVP peer's value");
            return key;
        }
        PkeyPtr key(EVP_PKEY_new());
        Require(EVP_PKEY_copy_parameters(key.get(), &own) == 1 &&
                    EVP_PKEY_set1_encoded_public_key(key.get(), encoded.data(), encoded.size()) ==
                        1,
                "EVP peer's value");
        return key;
    }

    void
    Derive(EVP_PKEY& own, Bytes encoded) const
    {
        const PkeyPtr other = Read(own, encoded);
        if (row.kind == KeKind::MODP)
        {
            const PkeyCtxPtr check(EVP_PKEY_CTX_new_from_pkey(nullptr, other.get(), nullptr));
            Require(EVP_PKEY_public_check_quick(check.get()) == 1, "EVP public check");
        }
        const PkeyCtxPtr derive(EVP_PKEY_CTX_new_from_pkey(nullptr, &own, nullptr));
        std::array<uint8_t, 1024> secret;
        size_t octets = secret.size();
        Require(EVP_PKEY_derive_init(derive.get()) == 1 &&
                    EVP_PKEY_derive_set_peer_ex(derive.get(), other.get(), 0) == 1 &&
                    EVP_PKEY_derive(derive.get(), secret.data(), &octets) == 1,
                "EVP derive");
    }

    /// `from` writes its public value, `own` reads it.
    void
    DeriveWith(EVP_PKEY& own, EVP_PKEY& from) const
    {
        unsigned char* octets = nullptr;
        const size_t count = EVP_PKEY_get1_encoded_public_key(&from, &octets);
        Require(count > 0, "EVP public value");
        Derive(own, Bytes(octets, count));
        OPENSSL_free(octets);
    }

    const KeRow& row;
    Buffer peer;
    PkeyCtxPtr generator;
};

RawExchange::RawExchange(const KeRow& row, Bytes peerPublic)
    : m_state(std::make_unique<State>(row, peerPublic))
{
}

RawExchange::~RawExchange() = default;

void
RawExchange::OneSide() const
{
    m_state->Derive(*m_state->Generate(), m_state->peer);
}

void
RawExchange::BothSides() const
{
    const PkeyPtr left = m_state->Generate();
    const PkeyPtr right = m_state->Generate();
    m_state->DeriveWith(*left, *right);
    m_state->DeriveWith(*right, *left);
}

struct RawPacketCipher::State
{
    State(const EncrRow& encrRow, const IntegRow* integRow, bool sealing)
        : encr(encrRow),
          integ(integRow),
          seal(sealing),
          cipher(EVP_CIPHER_fetch(nullptr, encr.opensslName, nullptr)),
          context(EVP_CIPHER_CTX_new())
    {
        const Buffer key(encr.MaterialOctets(), 0x42);
        nonce.fill(0x42);
        Require(EVP_CipherInit_ex2(
                    context.get(), cipher.get(), key.data(), nullptr, seal ? 1 : 0, nullptr) == 1,
                "EVP key");
        if (integ != nullptr)
        {
            EVP_CIPHER_CTX_set_padding(context.get(), 0); // AEADs have none
        }
        if (integ != nullptr)
        {
            const MacPtr hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
            mac.reset(EVP_MAC_CTX_new(hmac.get()));
            const std::array<OSSL_PARAM, 2> params{
                OSSL_PARAM_construct_utf8_string(
                    OSSL_MAC_PARAM_DIGEST, const_cast<char*>(integ->opensslName), 0),
                OSSL_PARAM_construct_end()};
            const Buffer macKey(integ->keyOctets, 0x17);
            Require(EVP_MAC_init(mac.get(), macKey.data(), macKey.size(), params.data()) == 1,
                    "EVP MAC key");
        }
    }

    bool
    Aead(MutableBytes packet, const uint8_t* iv, uint8_t* text, int octets, uint8_t* tag)
    {
        EVP_CIPHER_CTX* ctx = context.get();
        std::memcpy(nonce.data() + 4, iv, 8);
        int written = 0;
        return EVP_CipherInit_ex2(ctx, nullptr, nullptr, nonce.data(), -1, nullptr) == 1 &&
               EVP_CipherUpdate(ctx, nullptr, &written, packet.data(), HEAD_OCTETS) == 1 &&
               (seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1) &&
               EVP_CipherUpdate(ctx, text, &written, text, octets) == 1 &&
               EVP_CipherFinal_ex(ctx, text + octets, &written) == 1 &&
               (!seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1);
    }

    bool
    Cbc(const uint8_t* iv, uint8_t* text, int octets)
    {
        int written = 0;
        return EVP_CipherInit_ex2(context.get(), nullptr, nullptr, iv, -1, nullptr) == 1 &&
               EVP_CipherUpdate(context.get(), text, &written, text, octets) == 1;
    }

    bool
    CbcAndMac(MutableBytes packet, const uint8_t* iv, uint8_t* text, int octets, uint8_t* tag)
    {
        std::array<uint8_t, EVP_MAX_MD_SIZE> out;
        size_t written = 0;
        if ((seal && !Cbc(iv, text, octets)) || EVP_MAC_init(mac.get(), nullptr, 0, nullptr) != 1 ||
            EVP_MAC_update(mac.get(), packet.data(), static_cast<size_t>(tag - packet.data())) !=
                1 ||
            EVP_MAC_final(mac.get(), out.data(), &written, out.size()) != 1)
        {
            return false;
        }
        if (seal)
        {
            std::memcpy(tag, out.data(), 16);
            return true;
        }
        return std::memcmp(tag, out.data(), 16) == 0 && Cbc(iv, text, octets);
    }

    const EncrRow& encr;
    const IntegRow* integ;
    bool seal;
    CipherPtr cipher;
    CipherCtxPtr context;
    MacCtxPtr mac;
    std::array<uint8_t, 12> nonce{};
};

RawPacketCipher::RawPacketCipher(const EncrRow& encr, const IntegRow* integ, bool seal)
    : m_state(std::make_unique<State>(encr, integ, seal))
{
}

RawPacketCipher::~RawPacketCipher() = default;

void
RawPacketCipher::Process(MutableBytes packet)
{
    const uint8_t* iv = packet.data() + HEAD_OCTETS;
    uint8_t* text = packet.data() + HEAD_OCTETS + m_state->encr.ivOctets;
    const size_t icv = m_state->integ ? m_state->integ->icvOctets : m_state->encr.icvOctets;
    uint8_t* tag = packet.data() + packet.size() - icv;
    const int octets = static_cast<int>(tag - text);
    Require(m_state->integ ? m_state->CbcAndMac(packet, iv, text, octets, tag)
                           : m_state->Aead(packet, iv, text, octets, tag),
            "EVP packet");
}

} // namespace ikelab::crypto::testing
