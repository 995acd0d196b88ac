// SPDX-License-Identifier: MIT
// What this room adds to raw OpenSSL: every row measures its floor in the same run and prints the
// ratio. The floors are EVP used well: fetched once, contexts kept, RFC 6989's checks included.
#include "crypto/key_exchange.h"
#include "crypto/packet_cipher.h"
#include "crypto/prf.h"

#include <benchmark/benchmark.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace
{

using namespace ikelab;
using namespace ikelab::crypto;

template <auto FREE>
struct Deleter
{
    template <typename Type>
    void
    operator()(Type* object) const
    {
        FREE(object);
    }
};

using Pkey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using CipherCtx = std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>>;
using Mac = std::unique_ptr<EVP_MAC, Deleter<EVP_MAC_free>>;
using MacCtx = std::unique_ptr<EVP_MAC_CTX, Deleter<EVP_MAC_CTX_free>>;

/// A benchmark that measured a failure would measure nothing.
void
Require(bool good, const char* what)
{
    if (!good)
    {
        std::fprintf(stderr, "crypto bench: %s failed\n", what);
        std::abort();
    }
}

template <typename Work>
double
NanosecondsPerCall(int calls, Work& work)
{
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i)
    {
        work();
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    return spent.count() / calls;
}

double
Median(std::vector<double> values)
{
    std::ranges::nth_element(values, values.begin() + static_cast<ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
}

/// Time `ours` and put the floor's time and the ratio beside it. Both alternate in short blocks, so
/// that a busy machine slows both alike.
template <typename Ours, typename Floor>
void
Compare(benchmark::State& state, int callsPerBlock, Ours ours, Floor floor)
{
    constexpr int BLOCKS = 31;
    std::vector<double> floors;
    std::vector<double> ratios;
    for (int block = 0; block < BLOCKS; ++block)
    {
        floors.push_back(NanosecondsPerCall(callsPerBlock, floor));
        ratios.push_back(NanosecondsPerCall(callsPerBlock, ours) / floors.back());
    }
    for ([[maybe_unused]] auto iteration : state)
    {
        ours();
    }
    state.counters["floor_ns"] = Median(floors);
    state.counters["ratio"] = Median(ratios);
}

void
Seal(benchmark::State& state, wire::Encr id, uint16_t keyBits, const char* opensslName)
{
    constexpr size_t HEAD_OCTETS = 8;
    const auto textOctets = static_cast<size_t>(state.range(0));
    const EncrRow& row = *FindEncr(id, keyBits);
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

    const Cipher fetched(EVP_CIPHER_fetch(nullptr, opensslName, nullptr));
    const CipherCtx raw(EVP_CIPHER_CTX_new());
    Require(EVP_EncryptInit_ex2(raw.get(), fetched.get(), key.data(), nullptr, nullptr) == 1,
            "key");
    std::array<uint8_t, 12> nonce{};
    Buffer rawPacket(packet.size());
    const auto floor = [&]
    {
        nonce.back()++;
        int written = 0;
        uint8_t* text = rawPacket.data() + HEAD_OCTETS + row.ivOctets;
        bool good =
            EVP_EncryptInit_ex2(raw.get(), nullptr, nullptr, nonce.data(), nullptr) == 1 &&
            EVP_EncryptUpdate(raw.get(), nullptr, &written, rawPacket.data(), HEAD_OCTETS) == 1 &&
            EVP_EncryptUpdate(raw.get(), text, &written, text, static_cast<int>(textOctets)) == 1 &&
            EVP_EncryptFinal_ex(raw.get(), text + textOctets, &written) == 1 &&
            EVP_CIPHER_CTX_ctrl(raw.get(),
                                EVP_CTRL_AEAD_GET_TAG,
                                row.icvOctets,
                                rawPacket.data() + rawPacket.size() - row.icvOctets) == 1;
        Require(good, "EVP seal");
    };
    Compare(state, 1000, ours, floor);
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

void
PrfHmac(benchmark::State& state, wire::Prf id, const char* digest)
{
    const PrfRow& row = *FindPrf(id);
    const Buffer key(row.keyOctets, 0x42);
    const Buffer message(64, 0x17);
    Context context;
    const auto ours = [&]
    {
        const auto out = ComputePrf(context, row, key, {message});
        Require(out.has_value(), "ComputePrf");
    };

    const Mac hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    const MacCtx raw(EVP_MAC_CTX_new(hmac.get()));
    const std::array<OSSL_PARAM, 2> params{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest), 0),
        OSSL_PARAM_construct_end()};
    Require(EVP_MAC_init(raw.get(), key.data(), key.size(), params.data()) == 1, "EVP_MAC_init");
    std::array<uint8_t, EVP_MAX_MD_SIZE> out;
    const auto floor = [&]
    {
        size_t written = 0;
        Require(EVP_MAC_init(raw.get(), key.data(), key.size(), nullptr) == 1 &&
                    EVP_MAC_update(raw.get(), message.data(), message.size()) == 1 &&
                    EVP_MAC_final(raw.get(), out.data(), &written, out.size()) == 1,
                "EVP HMAC");
    };
    Compare(state, 1000, ours, floor);
}

const char*
OpensslType(const KeRow& row)
{
    return row.kind == KeKind::MODP ? "DH" : row.kind == KeKind::ECP ? "EC" : row.opensslName;
}

PkeyCtx
RawGenerator(const KeRow& row)
{
    PkeyCtx generator(EVP_PKEY_CTX_new_from_name(nullptr, OpensslType(row), nullptr));
    Require(EVP_PKEY_keygen_init(generator.get()) == 1 &&
                (row.kind == KeKind::MONTGOMERY ||
                 EVP_PKEY_CTX_set_group_name(generator.get(), row.opensslName) == 1),
            "keygen init");
    return generator;
}

Pkey
RawKey(EVP_PKEY_CTX* generator)
{
    EVP_PKEY* key = nullptr;
    Require(EVP_PKEY_keygen(generator, &key) == 1, "keygen");
    return Pkey(key);
}

/// One side's public-key work of a handshake: make a share, derive with the peer's.
void
ShareAndDerive(benchmark::State& state, wire::KeMethod method)
{
    const KeRow& row = *FindKe(method);
    Context context;
    SystemRandom random;
    const auto peer = KeyShare::Generate(context, row, random);
    Require(peer.has_value(), "Generate");
    const auto ours = [&]
    {
        const auto share = KeyShare::Generate(context, row, random);
        Require(share.has_value() && share->Derive(peer->PublicValue()).has_value(), "Derive");
    };

    const PkeyCtx generator = RawGenerator(row);
    Buffer encoded(peer->PublicValue().begin(), peer->PublicValue().end());
    if (row.kind == KeKind::ECP)
    {
        encoded.insert(encoded.begin(), 4);
    }
    std::array<uint8_t, 1024> secret;
    const auto floor = [&]
    {
        const Pkey key = RawKey(generator.get());
        Pkey other;
        if (row.kind == KeKind::MONTGOMERY)
        {
            other.reset(EVP_PKEY_new_raw_public_key_ex(
                nullptr, row.opensslName, nullptr, encoded.data(), encoded.size()));
        }
        else
        {
            other.reset(EVP_PKEY_new());
            Require(EVP_PKEY_copy_parameters(other.get(), key.get()) == 1 &&
                        EVP_PKEY_set1_encoded_public_key(
                            other.get(), encoded.data(), encoded.size()) == 1,
                    "peer's value");
        }
        if (row.kind == KeKind::MODP)
        {
            const PkeyCtx check(EVP_PKEY_CTX_new_from_pkey(nullptr, other.get(), nullptr));
            Require(EVP_PKEY_public_check_quick(check.get()) == 1, "public check");
        }
        const PkeyCtx derive(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
        size_t octets = secret.size();
        Require(EVP_PKEY_derive_init(derive.get()) == 1 &&
                    EVP_PKEY_derive_set_peer_ex(derive.get(), other.get(), 0) == 1 &&
                    EVP_PKEY_derive(derive.get(), secret.data(), &octets) == 1,
                "EVP derive");
    };
    Compare(state, row.kind == KeKind::MODP ? 4 : 10, ours, floor);
}

BENCHMARK_CAPTURE(Seal, AesGcm128, wire::Encr::ENCR_AES_GCM_16, 128, "AES-128-GCM")
    ->Arg(64)
    ->Arg(576)
    ->Arg(1400);
BENCHMARK_CAPTURE(Seal, AesGcm256, wire::Encr::ENCR_AES_GCM_16, 256, "AES-256-GCM")->Arg(1400);
BENCHMARK_CAPTURE(Seal,
                  ChaCha20Poly1305,
                  wire::Encr::ENCR_CHACHA20_POLY1305,
                  0,
                  "ChaCha20-Poly1305")
    ->Arg(1400);
BENCHMARK_CAPTURE(PrfHmac, Sha256, wire::Prf::PRF_HMAC_SHA2_256, "SHA2-256");
BENCHMARK_CAPTURE(PrfHmac, Sha384, wire::Prf::PRF_HMAC_SHA2_384, "SHA2-384");
BENCHMARK_CAPTURE(ShareAndDerive, Curve25519, wire::KeMethod::CURVE25519);
BENCHMARK_CAPTURE(ShareAndDerive, Ecp256, wire::KeMethod::ECP_256);
BENCHMARK_CAPTURE(ShareAndDerive, Ecp384, wire::KeMethod::ECP_384);
BENCHMARK_CAPTURE(ShareAndDerive, Modp2048, wire::KeMethod::MODP_2048);
BENCHMARK_CAPTURE(ShareAndDerive, Modp3072, wire::KeMethod::MODP_3072);

} // namespace

BENCHMARK_MAIN();
