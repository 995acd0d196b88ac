// SPDX-License-Identifier: MIT
// What this room adds to raw OpenSSL: every row measures its floor in the same run and prints the
// ratio. The floors are EVP used well: fetched once, contexts kept, RFC 6989's checks included.
#include "base/testing/bench.h"
#include "crypto/key_exchange.h"
#include "crypto/openssl_types.h"
#include "crypto/packet_cipher.h"
#include "crypto/prf.h"
#include "crypto/testing/raw_openssl.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <string>

namespace
{

using namespace ikelab;
using namespace ikelab::crypto;
using ikelab::bench::Compare;
using ikelab::bench::Require;

/// One packet of an AEAD sealed with EVP, its context and key kept.
class RawAead
{
  public:
    RawAead(const EncrRow& row, Bytes key)
        : m_row(row),
          m_cipher(EVP_CIPHER_fetch(nullptr, row.opensslName, nullptr)),
          m_ccm(EVP_CIPHER_get_mode(m_cipher.get()) == EVP_CIPH_CCM_MODE),
          m_context(EVP_CIPHER_CTX_new())
    {
        bool good =
            EVP_EncryptInit_ex2(m_context.get(), m_cipher.get(), nullptr, nullptr, nullptr) == 1;
        if (m_ccm)
        {
            good =
                good &&
                EVP_CIPHER_CTX_ctrl(m_context.get(), EVP_CTRL_AEAD_SET_IVLEN, 11, nullptr) == 1 &&
                EVP_CIPHER_CTX_ctrl(
                    m_context.get(), EVP_CTRL_AEAD_SET_TAG, row.icvOctets, nullptr) == 1;
        }
        Require(good && EVP_EncryptInit_ex2(
                            m_context.get(), nullptr, key.data(), nullptr, nullptr) == 1,
                "key");
    }

    void
    Seal(MutableBytes packet, size_t headOctets)
    {
        m_nonce.back()++;
        int written = 0;
        uint8_t* text = packet.data() + headOctets + m_row.ivOctets;
        uint8_t* icv = packet.data() + packet.size() - m_row.icvOctets;
        const int textOctets = static_cast<int>(icv - text);
        const int covered = m_row.encrypts ? 0 : static_cast<int>(m_row.ivOctets) + textOctets;
        EVP_CIPHER_CTX* context = m_context.get();
        bool good = EVP_EncryptInit_ex2(context, nullptr, nullptr, m_nonce.data(), nullptr) == 1;
        good = good &&
               (!m_ccm || EVP_EncryptUpdate(context, nullptr, &written, nullptr, textOctets) == 1);
        good = good && EVP_EncryptUpdate(context,
                                         nullptr,
                                         &written,
                                         packet.data(),
                                         static_cast<int>(headOctets) + covered) == 1;
        good = good && (!m_row.encrypts ||
                        EVP_EncryptUpdate(context, text, &written, text, textOctets) == 1);
        Require(good && EVP_EncryptFinal_ex(context, icv, &written) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, m_row.icvOctets, icv) == 1,
                "EVP seal");
    }

  private:
    const EncrRow& m_row;
    CipherPtr m_cipher;
    bool m_ccm;
    CipherCtxPtr m_context;
    std::array<uint8_t, 12> m_nonce{};
};

/// HMAC or CMAC with EVP, the context kept; for XCBC one ECB call per key and then CBC.
class RawMac
{
  public:
    RawMac(MacKind kind, const char* opensslName, Bytes key)
    {
        if (kind == MacKind::XCBC)
        {
            m_cipher.reset(EVP_CIPHER_fetch(nullptr, opensslName, nullptr));
            m_ecbCipher.reset(EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr));
            m_chain.reset(EVP_CIPHER_CTX_new());
            m_ecb.reset(EVP_CIPHER_CTX_new());
            Require(EVP_EncryptInit_ex2(
                        m_ecb.get(), m_ecbCipher.get(), key.data(), nullptr, nullptr) == 1,
                    "key");
            Require(EVP_EncryptInit_ex2(
                        m_chain.get(), m_cipher.get(), key.data(), ZERO_IV.data(), nullptr) == 1 &&
                        EVP_CIPHER_CTX_set_padding(m_chain.get(), 0) == 1,
                    "key");
            return;
        }
        const bool hmac = kind == MacKind::HMAC;
        m_mac.reset(EVP_MAC_fetch(nullptr, hmac ? "HMAC" : "CMAC", nullptr));
        m_context.reset(EVP_MAC_CTX_new(m_mac.get()));
        const std::array<OSSL_PARAM, 2> params{
            OSSL_PARAM_construct_utf8_string(hmac ? OSSL_MAC_PARAM_DIGEST : OSSL_MAC_PARAM_CIPHER,
                                             const_cast<char*>(opensslName),
                                             0),
            OSSL_PARAM_construct_end()};
        Require(EVP_MAC_init(m_context.get(), key.data(), key.size(), params.data()) == 1, "key");
    }

    /// An empty key begins under the one from before.
    void
    Compute(Bytes key, Bytes message)
    {
        if (m_chain != nullptr)
        {
            const size_t whole = (message.size() + 15) / 16 * 16;
            int written = 0;
            Require(
                key.empty() ||
                    (EVP_EncryptInit_ex2(m_ecb.get(), nullptr, key.data(), nullptr, nullptr) == 1 &&
                     EVP_EncryptUpdate(m_ecb.get(), m_out.data(), &written, m_text.data(), 48) ==
                         1),
                "EVP ECB");
            Require(EVP_EncryptInit_ex2(m_chain.get(),
                                        nullptr,
                                        key.empty() ? nullptr : key.data(),
                                        ZERO_IV.data(),
                                        nullptr) == 1,
                    "EVP CBC");
            for (size_t at = 0; at < whole; at += m_out.size())
            {
                const size_t part = std::min(whole - at, m_out.size());
                Require(EVP_EncryptUpdate(m_chain.get(),
                                          m_out.data(),
                                          &written,
                                          m_text.data(),
                                          static_cast<int>(part)) == 1,
                        "EVP CBC");
            }
            return;
        }
        size_t written = 0;
        Require(EVP_MAC_init(
                    m_context.get(), key.empty() ? nullptr : key.data(), key.size(), nullptr) ==
                        1 &&
                    EVP_MAC_update(m_context.get(), message.data(), message.size()) == 1 &&
                    EVP_MAC_final(m_context.get(), m_out.data(), &written, m_out.size()) == 1,
                "EVP MAC");
    }

  private:
    static constexpr std::array<uint8_t, 16> ZERO_IV{};

    MacPtr m_mac;
    MacCtxPtr m_context;
    CipherPtr m_cipher;
    CipherCtxPtr m_chain;
    CipherPtr m_ecbCipher;
    CipherCtxPtr m_ecb;
    std::array<uint8_t, 512> m_out{};
    std::array<uint8_t, 512> m_text{};
};

void
Seal(benchmark::State& state, const EncrRow& row)
{
    constexpr size_t HEAD_OCTETS = 8;
    const auto textOctets = static_cast<size_t>(state.range(0));
    const Buffer key(row.MaterialOctets(), 0x42);
    Buffer packet(HEAD_OCTETS + row.ivOctets + textOctets + row.icvOctets);
    Context context;
    PacketCipher cipher(context, PacketCipher::Direction::SEAL, row, nullptr, key, {});
    SystemRandom random;
    uint64_t counter = 0;
    const auto ours = [&]
    {
        cipher.WriteIv(MutableBytes(packet).subspan(HEAD_OCTETS, row.ivOctets), ++counter, random);
        Require(cipher.Seal(packet, HEAD_OCTETS).has_value(), "Seal");
    };
    RawAead raw(row, key);
    Buffer rawPacket(packet.size());
    const auto floor = [&]
    {
        raw.Seal(rawPacket, HEAD_OCTETS);
    };
    Compare(state, {}, ours, floor);
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

/// A cipher and an integrity algorithm.
void
SealTwo(benchmark::State& state, const EncrRow& row, const IntegRow& integ)
{
    constexpr size_t HEAD_OCTETS = 8;
    const auto textOctets = static_cast<size_t>(state.range(0));
    const Buffer key(row.MaterialOctets(), 0x42);
    const Buffer integKey(integ.keyOctets, 0x24);
    Buffer packet(HEAD_OCTETS + row.ivOctets + textOctets + integ.icvOctets);
    Context context;
    PacketCipher cipher(context, PacketCipher::Direction::SEAL, row, &integ, key, integKey);
    const auto ours = [&]
    {
        Require(cipher.Seal(packet, HEAD_OCTETS).has_value(), "Seal");
    };

    CipherPtr fetched;
    CipherCtxPtr raw;
    if (row.kind != CipherKind::NULL_CIPHER)
    {
        fetched.reset(EVP_CIPHER_fetch(nullptr, row.opensslName, nullptr));
        raw.reset(EVP_CIPHER_CTX_new());
        Require(EVP_EncryptInit_ex2(raw.get(), fetched.get(), key.data(), nullptr, nullptr) == 1 &&
                    EVP_CIPHER_CTX_set_padding(raw.get(), 0) == 1,
                "key");
    }
    RawMac mac(integ.mac, integ.opensslName, integKey);
    Buffer rawPacket(packet.size());
    const std::array<uint8_t, 16> iv{};
    const auto floor = [&]
    {
        uint8_t* text = rawPacket.data() + HEAD_OCTETS + row.ivOctets;
        int written = 0;
        Require(raw == nullptr ||
                    (EVP_EncryptInit_ex2(raw.get(), nullptr, nullptr, iv.data(), nullptr) == 1 &&
                     EVP_EncryptUpdate(
                         raw.get(), text, &written, text, static_cast<int>(textOctets)) == 1),
                "EVP cipher");
        mac.Compute({}, Bytes(rawPacket).first(rawPacket.size() - integ.icvOctets));
    };
    Compare(state, {.ours = 500, .floor = 500}, ours, floor);
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

void
PrfOnce(benchmark::State& state, const PrfRow& row)
{
    const Buffer key(row.keyOctets, 0x42);
    const Buffer message(64, 0x17);
    Context context;
    const auto ours = [&]
    {
        const auto out = ComputePrf(context, row, key, {message});
        Require(out.has_value(), "ComputePrf");
    };
    RawMac raw(row.mac, row.opensslName, key);
    const auto floor = [&]
    {
        raw.Compute(key, message);
    };
    Compare(state, {}, ours, floor);
}

/// The keys of an IKE SA with AES-128-GCM: nonces of 32 octets, SPIs.
void
PrfPlus(benchmark::State& state, const PrfRow& row)
{
    const Buffer key(row.keyOctets, 0x42);
    const Buffer seed(80, 0x17);
    const size_t octets = 3 * row.keyOctets + 2 * size_t{20};
    Context context;
    const auto ours = [&]
    {
        const auto out = ComputePrfPlus(context, row, key, {seed}, octets);
        Require(out.has_value(), "ComputePrfPlus");
    };
    RawMac raw(row.mac, row.opensslName, key);
    const Buffer first(seed.size() + 1);
    const Buffer later(row.outputOctets + seed.size() + 1);
    const auto floor = [&]
    {
        raw.Compute(key, first);
        for (size_t made = row.outputOctets; made < octets; made += row.outputOctets)
        {
            raw.Compute({}, later);
        }
    };
    Compare(state, {.ours = 500, .floor = 500}, ours, floor);
}

/// One side's public-key work of a handshake: make a share, derive with the peer's.
void
ShareAndDerive(benchmark::State& state, const KeRow& row)
{
    Context context;
    SystemRandom random;
    const auto peer = KeyShare::Generate(context, row, random);
    Require(peer.has_value(), "Generate");
    const auto ours = [&]
    {
        const auto share = KeyShare::Generate(context, row, random);
        Require(share.has_value() && share->Derive(peer->PublicValue()).has_value(), "Derive");
    };

    const testing::RawExchange raw(row, peer->PublicValue());
    const auto floor = [&raw]
    {
        raw.OneSide();
    };
    const int calls = row.kind == KeKind::MODP ? 2 : 10;
    Compare(state, {.ours = calls, .floor = calls}, ours, floor);
}

/// One benchmark per row of the table: a new row is measured without a line here.
void
Register()
{
    for (const EncrRow& row : EncrRows())
    {
        const std::string name = std::string("Seal/") + row.keyword;
        const auto seal = [&row](benchmark::State& state)
        {
            Seal(state, row);
        };
        if (row.kind == CipherKind::AEAD)
        {
            benchmark::RegisterBenchmark(name.c_str(), seal)->Arg(64)->Arg(1400);
            continue;
        }
        const IntegRow& integ = *FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128);
        const auto both = [&row, &integ](benchmark::State& state)
        {
            SealTwo(state, row, integ);
        };
        benchmark::RegisterBenchmark((name + "-sha256").c_str(), both)->Arg(64)->Arg(1392);
    }
    for (const IntegRow& row : IntegRows())
    {
        const EncrRow& null = *FindEncr(wire::Encr::ENCR_NULL, 0);
        const auto seal = [&null, &row](benchmark::State& state)
        {
            SealTwo(state, null, row);
        };
        benchmark::RegisterBenchmark((std::string("Seal/null-") + row.keyword).c_str(), seal)
            ->Arg(1392);
    }
    for (const PrfRow& row : PrfRows())
    {
        const auto once = [&row](benchmark::State& state)
        {
            PrfOnce(state, row);
        };
        const auto plus = [&row](benchmark::State& state)
        {
            PrfPlus(state, row);
        };
        benchmark::RegisterBenchmark((std::string("Prf/") + row.keyword).c_str(), once);
        benchmark::RegisterBenchmark((std::string("PrfPlus/") + row.keyword).c_str(), plus);
    }
    for (const KeRow& row : KeRows())
    {
        const auto share = [&row](benchmark::State& state)
        {
            ShareAndDerive(state, row);
        };
        if (row.opensslName[0] != '\0')
        {
            benchmark::RegisterBenchmark((std::string("ShareAndDerive/") + row.keyword).c_str(),
                                         share);
        }
    }
}

} // namespace

int
main(int argc, char** argv)
{
    Register();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
    {
        return 1;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
