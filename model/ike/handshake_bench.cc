// SPDX-License-Identifier: MIT
// What one IKE handshake with its first Child SA costs, both sides, shared keys, no simulator. The
// floor in the same run is the public-key work that cannot be left out, by OpenSSL alone: two key
// pairs, two shared secrets with the checks of RFC 6989.
#include "base/testing/bench.h"
#include "crypto/testing/raw_openssl.h"
#include "ike/testing/pair.h"

#include <malloc.h>
#include <memory>
#include <vector>

namespace ikelab::ike
{
namespace
{

using ikelab::bench::CpuMicroseconds;
using ikelab::bench::Median;
using ikelab::bench::Require;
using testing::Setting;

Config
WithConnection(Config config, const ConnectionConfig& connection)
{
    config.connections = {std::make_shared<const ConnectionConfig>(connection)};
    return config;
}

/// Two bare endpoints that live as long as they are wanted.
struct Ends
{
    Ends(Config configA, Config configB)
        : a(std::move(configA), testing::SharedContext(), randomA),
          b(std::move(configB), testing::SharedContext(), randomB)
    {
    }

    bool
    Carry(IkeEndpoint& from, IkeEndpoint& to)
    {
        bool moved = false;
        while (const auto datagram = from.PollTransmit())
        {
            to.HandleDatagram(
                now, {datagram->path.remote, datagram->path.local}, datagram->message);
            moved = true;
        }
        while (const auto event = from.PollEvent())
        {
            children += std::holds_alternative<ChildSaInstalled>(*event) ? 1 : 0;
        }
        return moved;
    }

    void
    Run()
    {
        while (Carry(a, b) | Carry(b, a))
        {
        }
    }

    SeededRandom randomA{1, 1};
    SeededRandom randomB{1, 2};
    Instant now{};
    size_t children{0};
    IkeEndpoint a;
    IkeEndpoint b;
};

void
Handshake(benchmark::State& state, const char* suite)
{
    Setting setting;
    setting.a.proposals = setting.b.proposals = {testing::IkeSuiteOf(suite)};
    const crypto::KeRow& row = *setting.a.proposals.front().ke.front();
    const crypto::testing::RawExchange raw(row);
    std::vector<double> floors;
    std::vector<double> costs;
    std::vector<double> ratios;
    for ([[maybe_unused]] auto iteration : state)
    {
        const double start = CpuMicroseconds();
        raw.BothSides();
        floors.push_back(CpuMicroseconds() - start);

        Ends ends(WithConnection(setting.configA, setting.a),
                  WithConnection(setting.configB, setting.b));
        const double before = CpuMicroseconds();
        Require(ends.a.Initiate(ends.now, "net", "").has_value(), "Initiate");
        ends.Run();
        costs.push_back(CpuMicroseconds() - before);
        Require(ends.children == 2, "handshake");
        ratios.push_back(costs.back() / floors.back());
    }
    state.counters["floor_us"] = Median(floors);
    state.counters["both_sides_us"] = Median(costs);
    state.counters["ratio"] = Median(ratios);
}

BENCHMARK_CAPTURE(Handshake, x25519_psk, "aes128gcm16-prfsha256-x25519")
    ->Iterations(2000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Handshake, ecp256_psk, "aes128gcm16-prfsha256-ecp256")
    ->Iterations(2000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Handshake, modp2048_psk, "aes128gcm16-prfsha256-modp2048")
    ->Iterations(300)
    ->Unit(benchmark::kMicrosecond);

/// Heap octets that one side of an established IKE SA with its Child SA holds: what `pairs` more of
/// them add to what the allocator has given out. All connect to one responder from one initiator,
/// each with a child of its own, response caches kept.
void
Memory(benchmark::State& state)
{
    const auto pairs = static_cast<size_t>(state.range(0));
    Setting setting;
    setting.b.remoteId.reset();
    setting.b.remoteAddrs.clear();
    // One connection for each pair on the initiator's side: names and children are configuration.
    setting.configA.connections.clear();
    for (size_t i = 0; i < pairs; ++i)
    {
        ConnectionConfig connection = setting.a;
        connection.name = std::to_string(i);
        connection.localId = testing::Id("c" + std::to_string(i) + ".example");
        setting.configA.connections.push_back(
            std::make_shared<const ConnectionConfig>(std::move(connection)));
    }
    for ([[maybe_unused]] auto iteration : state)
    {
        Ends ends(setting.configA, WithConnection(setting.configB, setting.b));
        const size_t before = mallinfo2().uordblks;
        for (size_t i = 0; i < pairs; ++i)
        {
            Require(ends.a.Initiate(ends.now, std::to_string(i), "").has_value(), "Initiate");
            ends.Run();
        }
        Require(ends.children == 2 * pairs, "handshakes");
        const size_t after = mallinfo2().uordblks;
        state.counters["octets_per_side"] =
            static_cast<double>(after - before) / static_cast<double>(2 * pairs);
    }
}

BENCHMARK(Memory)->Arg(10000)->Arg(100000)->Iterations(1)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace ikelab::ike

BENCHMARK_MAIN();
