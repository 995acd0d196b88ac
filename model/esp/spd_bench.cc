// SPDX-License-Identifier: MIT
// The decision of an SPD for packets that no two of come from one flow, so that its cache of flows
// does not answer. Floor: the same with ten rules, in the same run.
#include "base/random_source.h"
#include "base/testing/bench.h"
#include "esp/spd.h"

#include <algorithm>
#include <vector>

namespace
{

using namespace ikelab;
using namespace ikelab::esp;

constexpr size_t FEW_RULES = 10;
constexpr size_t PACKETS = 8192; ///< far more than the cache of flows holds

/// One kind of rules: the rule with a number, and a packet that it takes.
struct Population
{
    Selector (*remote)(uint32_t number);
    PacketInfo (*packet)(uint32_t number, SeededRandom& random);
    const char* local{"10.0.0.0/8"};
};

IpAddress
V4(uint32_t number)
{
    return AddressNumber{false, 0, number}.ToAddress();
}

PacketInfo
UdpTo(uint32_t destination, uint16_t port, SeededRandom& random)
{
    PacketInfo packet;
    packet.source = {false, 0, 0x0a000000u | random.U32() % 65536};
    packet.destination = {false, 0, destination};
    packet.protocol = PROTOCOL_UDP;
    packet.portsKnown = true;
    packet.sourcePort = static_cast<uint16_t>(random.U32());
    packet.destinationPort = port;
    return packet;
}

/// A hub with one network of 256 addresses per peer.
constexpr Population NETWORKS{[](uint32_t number)
                              {
                                  const uint32_t first = 0x20000000u + number * 256;
                                  return Selector{IpRange{V4(first), V4(first + 255)}};
                              },
                              [](uint32_t number, SeededRandom& random)
                              {
                                  return UdpTo(
                                      0x20000000u + number * 256 + random.U32() % 256, 7, random);
                              }};

AddressNumber
V6Host(uint32_t network, uint64_t host)
{
    return {true, 0x20010db800000000u | network, host};
}

/// The same with IPv6, a /64 each.
constexpr Population NETWORKS_V6{
    [](uint32_t number)
    {
        return Selector{
            IpRange{V6Host(number, 0).ToAddress(), V6Host(number, ~uint64_t{0}).ToAddress()}};
    },
    [](uint32_t number, SeededRandom& random)
    {
        PacketInfo packet = UdpTo(0, 7, random);
        packet.source = V6Host(0x80000000u, random.U32());
        packet.destination = V6Host(number, random.U64());
        return packet;
    },
    "2001:db8:8000::/48"};

/// Networks of nine sizes, and ranges that are none.
constexpr Population RANGES{[](uint32_t number)
                            {
                                const uint32_t first = 0x20000000u + number * 512;
                                const uint32_t octets =
                                    number % 2 == 0 ? 1u << number / 2 % 9 : 3 + number % 250;
                                return Selector{IpRange{V4(first), V4(first + octets - 1)}};
                            },
                            [](uint32_t number, SeededRandom& random)
                            {
                                return UdpTo(0x20000000u + number * 512, 7, random);
                            }};

/// Services: the same two networks in all rules, another port in each.
constexpr Population PORTS{[](uint32_t number)
                           {
                               const auto port = static_cast<uint16_t>(1 + number / 2);
                               const uint8_t protocol =
                                   number % 2 == 0 ? PROTOCOL_UDP : PROTOCOL_TCP;
                               return Selector{*IpRange::Parse("32.0.0.0/8"), protocol, port, port};
                           },
                           [](uint32_t number, SeededRandom& random)
                           {
                               PacketInfo packet = UdpTo(0x20000000u + random.U32() % 65536,
                                                         static_cast<uint16_t>(1 + number / 2),
                                                         random);
                               packet.protocol = number % 2 == 0 ? PROTOCOL_UDP : PROTOCOL_TCP;
                               return packet;
                           }};

class Node
{
  public:
    Node(const Population& population, uint32_t rules)
    {
        const SelectorSet local({Selector{*IpRange::Parse(population.local)}});
        std::vector<Policy> policies;
        for (uint32_t i = 0; i < rules; ++i)
        {
            policies.push_back(
                {PolicyAction::PROTECT, i, {local, SelectorSet({population.remote(i)})}});
        }
        m_spd.Assign(std::move(policies));
        SeededRandom random(7);
        for (size_t i = 0; i < PACKETS; ++i)
        {
            const uint32_t rule = random.U32() % rules;
            m_packets.push_back({rule, population.packet(rule, random)});
        }
    }

    bool
    Ask()
    {
        const auto& [rule, packet] = m_packets[m_next++ % PACKETS];
        const auto found = m_spd.MatchOutbound(packet);
        return found && found->tag == rule;
    }

  private:
    Spd m_spd;
    std::vector<std::pair<uint32_t, PacketInfo>> m_packets;
    size_t m_next{0};
};

void
Lookup(benchmark::State& state, const Population& population)
{
    constexpr int CALLS = 4096;
    Node many(population, static_cast<uint32_t>(state.range(0)));
    Node few(population, FEW_RULES);
    bench::Compare(
        state,
        {.ours = CALLS, .floor = CALLS},
        [&] { bench::Require(many.Ask(), "the rule"); },
        [&] { bench::Require(few.Ask(), "the rule of ten"); });
}

void
Sizes(benchmark::internal::Benchmark* benchmark)
{
    benchmark->Arg(10)->Arg(1000)->Arg(100000);
}

BENCHMARK_CAPTURE(Lookup, Networks, NETWORKS)->Apply(Sizes);
BENCHMARK_CAPTURE(Lookup, NetworksV6, NETWORKS_V6)->Apply(Sizes);
BENCHMARK_CAPTURE(Lookup, Ranges, RANGES)->Apply(Sizes);
BENCHMARK_CAPTURE(Lookup, Ports, PORTS)->Apply(Sizes);

} // namespace

BENCHMARK_MAIN();
