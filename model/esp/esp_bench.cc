// SPDX-License-Identifier: MIT
// A whole packet from IP to ESP and back: headers, padding, sequence number, replay window,
// selectors, lifetime. Every row measures raw OpenSSL (fetched once, contexts kept, the same octets
// protected) in the same run and prints the ratio.
#include "base/testing/bench.h"
#include "crypto/testing/raw_openssl.h"
#include "esp/testing/sa_pair.h"

#include <cstring>
#include <optional>
#include <vector>

namespace
{

using namespace ikelab;
using namespace ikelab::esp;
using ikelab::bench::Compare;
using ikelab::bench::Require;
using ikelab::crypto::testing::RawPacketCipher;
using ikelab::esp::testing::MakePacket;

constexpr size_t HEADERS_OCTETS = 28; // IPv4 and UDP
constexpr size_t BATCH = 2048;

struct Algorithm
{
    wire::Encr encr;
    uint16_t keyBits;
    bool hmacSha256;

    crypto::EspSuite
    Suite() const
    {
        return {crypto::FindEncr(encr, keyBits),
                hmacSha256 ? crypto::FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128) : nullptr};
    }
};

constexpr Algorithm AES_GCM_128{wire::Encr::ENCR_AES_GCM_16, 128, false};
constexpr Algorithm AES_GCM_256{wire::Encr::ENCR_AES_GCM_16, 256, false};
constexpr Algorithm CHACHA20{wire::Encr::ENCR_CHACHA20_POLY1305, 0, false};
constexpr Algorithm AES_CBC_128{wire::Encr::ENCR_AES_CBC, 128, true};

RawPacketCipher
RawOf(const Algorithm& algorithm, bool seal)
{
    const crypto::EspSuite suite = algorithm.Suite();
    return {*suite.encr, suite.integ, seal};
}

void
CompareSized(benchmark::State& state, auto ours, auto floor)
{
    constexpr auto CALLS = static_cast<int>(BATCH);
    Compare(state, {.ours = CALLS, .floor = CALLS}, ours, floor);
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}

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
    RawPacketCipher raw = RawOf(algorithm, true);
    Buffer rawPacket = ToBuffer(std::as_const(buffer).View());
    const auto floor = [&]
    {
        ++rawPacket[wire::ESP_HEADER_OCTETS];
        raw.Process(rawPacket);
    };
    CompareSized(state, ours, floor);
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
    RawPacketCipher raw = RawOf(algorithm, false);
    PacketBuffer rawBuffer;
    size_t rawAt = 0;
    const auto floor = [&]
    {
        rawBuffer.Assign(sealed[rawAt++ % BATCH]);
        raw.Process(rawBuffer.View());
    };
    CompareSized(state, ours, floor);
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
