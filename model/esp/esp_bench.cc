// SPDX-License-Identifier: MIT
// A whole packet from IP to ESP and back: headers, padding, sequence number, replay window,
// selectors, lifetime. Every row measures raw OpenSSL (fetched once, contexts kept, the same octets
// protected) in the same run and prints the ratio.
#include "esp/testing/sa_pair.h"

#include <benchmark/benchmark.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

namespace
{

using namespace ikelab;
using namespace ikelab::esp;
using ikelab::esp::testing::MakePacket;

constexpr size_t HEADERS_OCTETS = 28; // IPv4 and UDP
constexpr size_t BATCH = 2048;

/// A benchmark that measured a failure would measure nothing.
void
Require(bool good, const char* what)
{
    if (!good)
    {
        std::fprintf(stderr, "esp bench: %s failed\n", what);
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
Compare(benchmark::State& state, Ours ours, Floor floor)
{
    constexpr int BLOCKS = 31;
    std::vector<double> floors;
    std::vector<double> own;
    std::vector<double> ratios;
    for (int block = 0; block < BLOCKS; ++block)
    {
        floors.push_back(NanosecondsPerCall(BATCH, floor));
        own.push_back(NanosecondsPerCall(BATCH, ours));
        ratios.push_back(own.back() / floors.back());
    }
    for ([[maybe_unused]] auto iteration : state)
    {
        ours();
    }
    state.counters["ours_ns"] = Median(own);
    state.counters["floor_ns"] = Median(floors);
    state.counters["ratio"] = Median(ratios);
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

struct Algorithm
{
    wire::Encr encr;
    uint16_t keyBits;
    const char* opensslName;
    bool hmacSha256;

    crypto::EspSuite
    Suite() const
    {
        return {crypto::FindEncr(encr, keyBits),
                hmacSha256 ? crypto::FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128) : nullptr};
    }
};

constexpr Algorithm AES_GCM_128{wire::Encr::ENCR_AES_GCM_16, 128, "AES-128-GCM", false};
constexpr Algorithm AES_GCM_256{wire::Encr::ENCR_AES_GCM_16, 256, "AES-256-GCM", false};
constexpr Algorithm CHACHA20{wire::Encr::ENCR_CHACHA20_POLY1305, 0, "ChaCha20-Poly1305", false};
constexpr Algorithm AES_CBC_128{wire::Encr::ENCR_AES_CBC, 128, "AES-128-CBC", true};

/// OpenSSL alone, on an ESP packet whose header and IV are in place.
class RawEvp
{
  public:
    RawEvp(const Algorithm& algorithm, bool seal)
        : m_suite(algorithm.Suite()),
          m_seal(seal),
          m_cipher(EVP_CIPHER_fetch(nullptr, algorithm.opensslName, nullptr), EVP_CIPHER_free),
          m_context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free),
          m_mac(nullptr, EVP_MAC_CTX_free)
    {
        const Buffer key(m_suite.encr->MaterialOctets(), 0x42);
        m_nonce.fill(0x42);
        Require(EVP_CipherInit_ex2(
                    m_context.get(), m_cipher.get(), key.data(), nullptr, seal ? 1 : 0, nullptr) ==
                    1,
                "key");
        EVP_CIPHER_CTX_set_padding(m_context.get(), 0);
        if (m_suite.integ)
        {
            EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
            m_mac.reset(EVP_MAC_CTX_new(hmac));
            EVP_MAC_free(hmac);
            char digest[] = "SHA2-256";
            const std::array<OSSL_PARAM, 2> params{
                OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                OSSL_PARAM_construct_end()};
            const Buffer macKey(m_suite.integ->keyOctets, 0x17);
            Require(EVP_MAC_init(m_mac.get(), macKey.data(), macKey.size(), params.data()) == 1,
                    "MAC key");
        }
    }

    void
    Process(MutableBytes packet)
    {
        const size_t head = wire::ESP_HEADER_OCTETS;
        const uint8_t* iv = packet.data() + head;
        uint8_t* text = packet.data() + head + m_suite.encr->ivOctets;
        const size_t icv = m_suite.integ ? m_suite.integ->icvOctets : m_suite.encr->icvOctets;
        uint8_t* tag = packet.data() + packet.size() - icv;
        const int octets = static_cast<int>(tag - text);
        Require(m_suite.integ ? EncryptAndMac(packet, iv, text, octets, tag)
                              : Aead(packet, iv, text, octets, tag),
                "EVP");
    }

  private:
    bool
    Aead(MutableBytes packet, const uint8_t* iv, uint8_t* text, int octets, uint8_t* tag)
    {
        EVP_CIPHER_CTX* context = m_context.get();
        std::memcpy(m_nonce.data() + 4, iv, 8);
        int written = 0;
        return EVP_CipherInit_ex2(context, nullptr, nullptr, m_nonce.data(), -1, nullptr) == 1 &&
               EVP_CipherUpdate(context, nullptr, &written, packet.data(), 8) == 1 &&
               (m_seal || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1) &&
               EVP_CipherUpdate(context, text, &written, text, octets) == 1 &&
               EVP_CipherFinal_ex(context, text + octets, &written) == 1 &&
               (!m_seal || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1);
    }

    bool
    Cbc(const uint8_t* iv, uint8_t* text, int octets)
    {
        int written = 0;
        return EVP_CipherInit_ex2(m_context.get(), nullptr, nullptr, iv, -1, nullptr) == 1 &&
               EVP_CipherUpdate(m_context.get(), text, &written, text, octets) == 1;
    }

    bool
    EncryptAndMac(MutableBytes packet, const uint8_t* iv, uint8_t* text, int octets, uint8_t* tag)
    {
        std::array<uint8_t, EVP_MAX_MD_SIZE> out;
        size_t written = 0;
        if ((m_seal && !Cbc(iv, text, octets)) ||
            EVP_MAC_init(m_mac.get(), nullptr, 0, nullptr) != 1 ||
            EVP_MAC_update(m_mac.get(), packet.data(), static_cast<size_t>(tag - packet.data())) !=
                1 ||
            EVP_MAC_final(m_mac.get(), out.data(), &written, out.size()) != 1)
        {
            return false;
        }
        if (m_seal)
        {
            std::memcpy(tag, out.data(), 16);
            return true;
        }
        return std::memcmp(tag, out.data(), 16) == 0 && Cbc(iv, text, octets);
    }

    crypto::EspSuite m_suite;
    bool m_seal;
    std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> m_cipher;
    std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> m_context;
    std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> m_mac;
    std::array<uint8_t, 12> m_nonce{};
};

/// An IP packet of so many octets.
Buffer
PacketOf(const benchmark::State& state)
{
    return MakePacket({.dataOctets = static_cast<size_t>(state.range(0)) - HEADERS_OCTETS});
}

void
Seal(benchmark::State& state, const Algorithm& algorithm)
{
    const Buffer packet = PacketOf(state);
    testing::SaPair sa({.suite = algorithm.Suite()});
    PacketBuffer buffer;
    buffer.Reset(packet.size());
    const auto ours = [&]
    {
        // The contents may be anything, the headers must be there again.
        const MutableBytes plain = buffer.Reset(packet.size());
        std::memcpy(plain.data(), packet.data(), HEADERS_OCTETS);
        const auto info = ReadPacket(plain);
        Require(info && sa.out.Seal(buffer, *info, sa.random).has_value(), "Seal");
    };
    ours();
    RawEvp raw(algorithm, true);
    Buffer rawPacket = ToBuffer(std::as_const(buffer).View());
    const auto floor = [&]
    {
        ++rawPacket[wire::ESP_HEADER_OCTETS];
        raw.Process(rawPacket);
    };
    Compare(state, ours, floor);
}

void
Open(benchmark::State& state, const Algorithm& algorithm)
{
    testing::SaPair sa({.suite = algorithm.Suite()});
    std::vector<Buffer> sealed;
    for (size_t i = 0; i < BATCH; ++i)
    {
        sealed.push_back(sa.Seal(PacketOf(state)));
    }
    size_t at = BATCH;
    std::optional<testing::SaPair> receiver;
    PacketBuffer buffer;
    const auto ours = [&]
    {
        if (at == BATCH) // the window has seen them all: a new SA, once in so many packets
        {
            at = 0;
            receiver.emplace(testing::SaOptions{.suite = algorithm.Suite()});
        }
        buffer.Assign(sealed[at++]);
        const auto header = wire::ParseEspHeader(buffer.View());
        Require(header && receiver->in.Open(buffer, *header, receiver->selectors, receiver->outer)
                              .has_value(),
                "Open");
    };
    RawEvp raw(algorithm, false);
    PacketBuffer rawBuffer;
    size_t rawAt = 0;
    const auto floor = [&]
    {
        rawBuffer.Assign(sealed[rawAt++ % BATCH]);
        raw.Process(rawBuffer.View());
    };
    Compare(state, ours, floor);
}

void
SizesOf(benchmark::internal::Benchmark* benchmark)
{
    benchmark->Arg(64)->Arg(576)->Arg(1400);
}

BENCHMARK_CAPTURE(Seal, AesGcm128, AES_GCM_128)->Apply(SizesOf);
BENCHMARK_CAPTURE(Open, AesGcm128, AES_GCM_128)->Apply(SizesOf);
BENCHMARK_CAPTURE(Seal, AesGcm256, AES_GCM_256)->Apply(SizesOf);
BENCHMARK_CAPTURE(Open, AesGcm256, AES_GCM_256)->Apply(SizesOf);
BENCHMARK_CAPTURE(Seal, ChaCha20Poly1305, CHACHA20)->Apply(SizesOf);
BENCHMARK_CAPTURE(Open, ChaCha20Poly1305, CHACHA20)->Apply(SizesOf);
BENCHMARK_CAPTURE(Seal, AesCbc128Sha256, AES_CBC_128)->Apply(SizesOf);
BENCHMARK_CAPTURE(Open, AesCbc128Sha256, AES_CBC_128)->Apply(SizesOf);

} // namespace

BENCHMARK_MAIN();
