// SPDX-License-Identifier: MIT
// What one IKE handshake with its first Child SA costs, both sides, shared keys, no simulator. The
// floor in the same run is the public-key work that cannot be left out, by OpenSSL alone: two key
// pairs, two shared secrets with the checks of RFC 6989.
#include "ike/testing/pair.h"

#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <malloc.h>
#include <memory>
#include <vector>

namespace ikelab::ike
{
namespace
{

using testing::Setting;

double
CpuMicroseconds()
{
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// A benchmark that measured a failure would measure nothing.
void
Require(bool good, const char* what)
{
    if (!good)
    {
        std::fprintf(stderr, "handshake bench: %s failed\n", what);
        std::abort();
    }
}

double
Median(std::vector<double> values)
{
    std::ranges::nth_element(values, values.begin() + static_cast<ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
}

Config
WithConnection(Config config, const ConnectionConfig& connection)
{
    config.connections = {std::make_shared<const ConnectionConfig>(connection)};
    return config;
}

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

/// The key exchange of one group by EVP, its generator kept.
class RawExchange
{
  public:
    explicit RawExchange(const crypto::KeRow& row)
        : m_row(row),
          m_generator(EVP_PKEY_CTX_new_from_name(nullptr, Type(), nullptr))
    {
        Require(EVP_PKEY_keygen_init(m_generator.get()) == 1 &&
                    (row.kind == crypto::KeKind::MONTGOMERY ||
                     EVP_PKEY_CTX_set_group_name(m_generator.get(), row.opensslName) == 1),
                "keygen init");
    }

    /// Both sides of one exchange.
    void
    Run() const
    {
        const Pkey left = Generate();
        const Pkey right = Generate();
        Derive(*left, *right);
        Derive(*right, *left);
    }

  private:
    const char*
    Type() const
    {
        return m_row.kind == crypto::KeKind::MODP  ? "DH"
               : m_row.kind == crypto::KeKind::ECP ? "EC"
                                                   : m_row.opensslName;
    }

    Pkey
    Generate() const
    {
        EVP_PKEY* key = nullptr;
        Require(EVP_PKEY_keygen(m_generator.get(), &key) == 1, "keygen");
        return Pkey(key);
    }

    /// `peer` goes over the wire: its public octets are written and read.
    void
    Derive(EVP_PKEY& own, EVP_PKEY& peer) const
    {
        unsigned char* octets = nullptr;
        const size_t count = EVP_PKEY_get1_encoded_public_key(&peer, &octets);
        Pkey read;
        if (m_row.kind == crypto::KeKind::MONTGOMERY)
        {
            read.reset(EVP_PKEY_new_raw_public_key_ex(nullptr, Type(), nullptr, octets, count));
        }
        else
        {
            read.reset(EVP_PKEY_new());
            Require(EVP_PKEY_copy_parameters(read.get(), &own) == 1 &&
                        EVP_PKEY_set1_encoded_public_key(read.get(), octets, count) == 1,
                    "peer's value");
        }
        Require(count > 0 && read != nullptr, "peer's value");
        OPENSSL_free(octets);
        if (m_row.kind == crypto::KeKind::MODP)
        {
            const PkeyCtx check(EVP_PKEY_CTX_new_from_pkey(nullptr, read.get(), nullptr));
            Require(EVP_PKEY_public_check_quick(check.get()) == 1, "public check");
        }
        const PkeyCtx derive(EVP_PKEY_CTX_new_from_pkey(nullptr, &own, nullptr));
        uint8_t secret[1024];
        size_t secretOctets = sizeof(secret);
        Require(EVP_PKEY_derive_init(derive.get()) == 1 &&
                    EVP_PKEY_derive_set_peer_ex(derive.get(), read.get(), 0) == 1 &&
                    EVP_PKEY_derive(derive.get(), secret, &secretOctets) == 1,
                "derive");
    }

    const crypto::KeRow& m_row;
    PkeyCtx m_generator;
};

/// Two bare endpoints that live as long as they are wanted.
struct Ends
{
    explicit Ends(const Setting& setting)
        : a(WithConnection(setting.configA, setting.a), testing::SharedContext(), randomA),
          b(WithConnection(setting.configB, setting.b), testing::SharedContext(), randomB)
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
    const RawExchange raw(row);
    std::vector<double> floors;
    std::vector<double> costs;
    std::vector<double> ratios;
    for ([[maybe_unused]] auto iteration : state)
    {
        const double start = CpuMicroseconds();
        raw.Run();
        floors.push_back(CpuMicroseconds() - start);

        Ends ends(setting);
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
        SeededRandom randomA(1, 1);
        SeededRandom randomB(1, 2);
        IkeEndpoint a(setting.configA, testing::SharedContext(), randomA);
        IkeEndpoint b(
            WithConnection(setting.configB, setting.b), testing::SharedContext(), randomB);
        const size_t before = mallinfo2().uordblks;
        size_t children = 0;
        const auto carry = [&](IkeEndpoint& from, IkeEndpoint& to)
        {
            bool moved = false;
            while (const auto datagram = from.PollTransmit())
            {
                to.HandleDatagram(
                    {}, {datagram->path.remote, datagram->path.local}, datagram->message);
                moved = true;
            }
            while (const auto event = from.PollEvent())
            {
                children += std::holds_alternative<ChildSaInstalled>(*event) ? 1 : 0;
            }
            return moved;
        };
        for (size_t i = 0; i < pairs; ++i)
        {
            Require(a.Initiate({}, std::to_string(i), "").has_value(), "Initiate");
            while (carry(a, b) | carry(b, a))
            {
            }
        }
        Require(children == 2 * pairs, "handshakes");
        const size_t after = mallinfo2().uordblks;
        state.counters["octets_per_side"] =
            static_cast<double>(after - before) / static_cast<double>(2 * pairs);
    }
}

BENCHMARK(Memory)->Arg(10000)->Arg(100000)->Iterations(1)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace ikelab::ike

BENCHMARK_MAIN();
