// SPDX-License-Identifier: GPL-2.0-only
#include "base/testing/bench.h"
#include "sim/testing/gateway_sites.h"

#include "ns3/boolean.h"
#include "ns3/simulator.h"

#include <optional>
#include <vector>

/**
 * CPU time of one IKE handshake with its first Child SA, both sides, inside ns-3, beside the same
 * two gateways with nothing between them. X25519, PSK, AES-128-GCM.
 */
namespace ns3
{

namespace
{

using ikelab::bench::CpuMicroseconds;
using ikelab::bench::Median;
using ikelab::gateway::Gateway;

/// Carry datagrams and drop events until there are none.
void
Carry(Gateway& from, Gateway& to, ikelab::Instant now, bool& moved)
{
    while (auto datagram = from.PollTransmit())
    {
        moved = true;
        ikelab::PacketBuffer buffer(datagram->message);
        to.HandleUdp(now, {{datagram->path.remote, datagram->path.local}}, buffer);
    }
    while (from.PollEvent())
    {
    }
}

bool
Established(const std::vector<ikelab::ike::IkeSaInfo>& sas)
{
    return sas.size() == 1 && sas.front().children.size() == 1;
}

std::optional<double>
Bare(uint64_t seed,
     const ikelab::gateway::Config& moonConfig,
     const ikelab::gateway::Config& sunConfig)
{
    auto context = testing::GatewaySites::SharedContext();
    ikelab::SeededRandom moonRandom(seed, 1);
    ikelab::SeededRandom sunRandom(seed, 2);
    Gateway moon(moonConfig, *context, moonRandom);
    Gateway sun(sunConfig, *context, sunRandom);
    const ikelab::Instant now{};
    const double before = CpuMicroseconds();
    moon.Start(now);
    bool moved = true;
    while (moved)
    {
        moved = false;
        Carry(moon, sun, now, moved);
        Carry(sun, moon, now, moved);
    }
    const double spent = CpuMicroseconds() - before;
    return Established(moon.List()) && Established(sun.List()) ? std::optional(spent)
                                                               : std::nullopt;
}

/// Two gateways in one simulation, for many handshakes.
class Simulated
{
  public:
    Simulated() : m_gateways(Options())
    {
        m_gateways.moon->SetAttribute("AutoStart", BooleanValue(false));
        m_gateways.Run(2); // starting the stacks is not part of it
    }

    std::optional<double>
    Handshake()
    {
        Simulator::ScheduleWithContext(m_gateways.sites.moon->GetId(),
                                       Seconds(0),
                                       [this]() { (void)m_gateways.moon->Initiate("net-net"); });
        const double before = CpuMicroseconds();
        m_gateways.Run(0.5);
        const double spent = CpuMicroseconds() - before;
        const bool up = Established(m_gateways.moon->List()) && Established(m_gateways.sun->List());
        Simulator::ScheduleWithContext(m_gateways.sites.moon->GetId(),
                                       Seconds(0),
                                       [this]() { (void)m_gateways.moon->Terminate("net"); });
        m_gateways.Run(0.5);
        const bool down = m_gateways.moon->Empty() && m_gateways.sun->Empty();
        return up && down ? std::optional(spent) : std::nullopt;
    }

  private:
    static testing::SiteToSite::Options
    Options()
    {
        testing::SiteToSite::Options options;
        options.pointToPointLans = true;
        return options;
    }

    testing::GatewaySites m_gateways;
};

void
Handshake(benchmark::State& state)
{
    ikelab::gateway::Config moonConfig;
    ikelab::gateway::Config sunConfig;
    {
        testing::SiteToSite sites({});
        moonConfig = sites.MoonConfig();
        sunConfig = sites.SunConfig();
    }
    std::vector<double> bare;
    std::vector<double> simulated;
    std::vector<double> ratios;
    Simulated inNs3;
    uint64_t seed = 0;
    for ([[maybe_unused]] auto iteration : state)
    {
        ++seed;
        const auto floor = Bare(seed, moonConfig, sunConfig);
        const auto cost = inNs3.Handshake();
        if (!floor || !cost)
        {
            state.SkipWithError("no SA came up");
            return;
        }
        bare.push_back(*floor);
        simulated.push_back(*cost);
        ratios.push_back(*cost / *floor);
    }
    state.counters["bare_us"] = Median(bare);
    state.counters["ns3_us"] = Median(simulated);
    state.counters["ns3_per_s"] = 1e6 / Median(simulated);
    state.counters["ratio"] = Median(ratios);
}

BENCHMARK(Handshake)->Name("Handshake/x25519_psk")->Iterations(300)->Unit(benchmark::kMillisecond);

} // namespace

} // namespace ns3

BENCHMARK_MAIN();
