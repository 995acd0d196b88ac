// SPDX-License-Identifier: GPL-2.0-only
#include "runner/results.h"

#include "runner/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace ikelab::runner
{

namespace
{

double
Number(uint64_t count)
{
    return static_cast<double>(count);
}

std::optional<double>
Number(const std::optional<Duration>& time)
{
    return time ? std::optional(static_cast<double>(time->count())) : std::nullopt;
}

uint64_t
OpenChildren(const GatewayResult& gateway)
{
    uint64_t count = 0;
    for (const ike::IkeSaInfo& sa : gateway.open)
    {
        count += sa.children.size();
    }
    return count;
}

template <typename Result>
struct Getter
{
    std::string_view name;
    std::function<std::optional<double>(const Result&)> get;
};

const std::vector<Getter<GatewayResult>>&
GatewayGetters()
{
    using G = GatewayResult;
    static const std::vector<Getter<G>> GETTERS = {
        {"ike_sas_established",
         [](const G& g)
         {
             return Number(g.ikeSasEstablished);
         }},
        {"ike_sas_open",
         [](const G& g)
         {
             return Number(g.open.size());
         }},
        {"ike_setup_failures",
         [](const G& g)
         {
             return Number(g.ikeSetupFailures);
         }},
        {"child_sas_installed",
         [](const G& g)
         {
             return Number(g.childSasInstalled);
         }},
        {"child_sas_open",
         [](const G& g)
         {
             return Number(OpenChildren(g));
         }},
        {"child_setup_failures",
         [](const G& g)
         {
             return Number(g.childSetupFailures);
         }},
        {"setup_time",
         [](const G& g)
         {
             return Number(g.setupTime);
         }},
        {"retransmissions",
         [](const G& g)
         {
             return Number(g.retransmissions);
         }},
        {"messages_rejected",
         [](const G& g)
         {
             return Number(g.messagesRejected);
         }},
        {"liveness_replies",
         [](const G& g)
         {
             return Number(g.livenessReplies);
         }},
        {"protected_packets",
         [](const G& g)
         {
             return Number(g.counters.protectedPackets);
         }},
        {"delivered_packets",
         [](const G& g)
         {
             return Number(g.counters.deliveredPackets);
         }},
        {"bypassed_packets",
         [](const G& g)
         {
             return Number(g.counters.bypassedPackets);
         }},
        {"discarded_packets",
         [](const G& g)
         {
             return Number(g.counters.discardedPackets);
         }},
        {"replayed_packets",
         [](const G& g)
         {
             return Number(g.counters.replayedPackets);
         }},
        {"integrity_failures",
         [](const G& g)
         {
             return Number(g.counters.integrityFailures);
         }},
        {"unknown_spis",
         [](const G& g)
         {
             return Number(g.counters.unknownSpis);
         }},
        {"sent_dummies",
         [](const G& g)
         {
             return Number(g.counters.sentDummies);
         }},
        {"received_dummies",
         [](const G& g)
         {
             return Number(g.counters.receivedDummies);
         }},
    };
    return GETTERS;
}

std::optional<double>
Throughput(const FlowResult& flow)
{
    if (!flow.firstSent || !flow.lastReceived || *flow.lastReceived <= *flow.firstSent)
    {
        return {};
    }
    const double seconds =
        static_cast<double>((*flow.lastReceived - *flow.firstSent).count()) / 1e9;
    return static_cast<double>(flow.octets) * 8 / seconds;
}

std::optional<double>
Loss(const FlowResult& flow)
{
    return flow.sent == 0 ? std::nullopt
                          : std::optional(Number(flow.sent - flow.received) / Number(flow.sent));
}

const std::vector<Getter<FlowResult>>&
FlowGetters()
{
    using F = FlowResult;
    static const std::vector<Getter<F>> GETTERS = {
        {"sent",
         [](const F& f)
         {
             return Number(f.sent);
         }},
        {"received",
         [](const F& f)
         {
             return Number(f.received);
         }},
        {"lost",
         [](const F& f)
         {
             return Number(f.sent - f.received);
         }},
        {"loss",
         [](const F& f)
         {
             return Loss(f);
         }},
        {"octets",
         [](const F& f)
         {
             return Number(f.octets);
         }},
        {"throughput",
         [](const F& f)
         {
             return Throughput(f);
         }},
        {"rtt_min",
         [](const F& f)
         {
             return RoundTripsOf(f).shortest;
         }},
        {"rtt_avg",
         [](const F& f)
         {
             return RoundTripsOf(f).mean;
         }},
        {"rtt_max",
         [](const F& f)
         {
             return RoundTripsOf(f).longest;
         }},
        {"longest_gap",
         [](const F& f)
         {
             return Number(std::optional(f.longestGap));
         }},
    };
    return GETTERS;
}

const std::vector<Getter<LinkResult>>&
LinkGetters()
{
    using L = LinkResult;
    static const std::vector<Getter<L>> GETTERS = {
        {"frames",
         [](const L& l)
         {
             return Number(l.frames);
         }},
        {"frames_lost",
         [](const L& l)
         {
             return Number(l.lost);
         }},
        {"clear_packets",
         [](const L& l)
         {
             return Number(l.clear);
         }},
    };
    return GETTERS;
}

template <typename Result>
std::optional<double>
Get(const std::vector<Getter<Result>>& getters, std::string_view name, const Result& result)
{
    const auto found = std::ranges::find(getters, name, &Getter<Result>::name);
    return found == getters.end() ? std::nullopt : found->get(result);
}

} // namespace

RoundTrips
RoundTripsOf(const FlowResult& flow)
{
    RoundTrips times;
    double sum = 0;
    size_t count = 0;
    for (const PacketTrip& trip : flow.trips)
    {
        if (trip.took)
        {
            const auto took = static_cast<double>(trip.took->count());
            times.shortest = std::min(times.shortest.value_or(took), took);
            times.longest = std::max(times.longest.value_or(took), took);
            sum += took;
            ++count;
        }
    }
    if (count > 0)
    {
        times.mean = sum / static_cast<double>(count);
    }
    return times;
}

std::optional<double>
Measure(const RunResult& result, const Metric& metric, size_t subject)
{
    switch (metric.subject)
    {
    case Subject::NODE:
        return Get(GatewayGetters(), metric.name, result.gateways[subject]);
    case Subject::FLOW:
        return Get(FlowGetters(), metric.name, result.flows[subject]);
    case Subject::LINK:
        break;
    }
    return Get(LinkGetters(), metric.name, result.links[subject]);
}

std::vector<Finding>
Judge(const Scenario& scenario, const RunResult& result)
{
    std::vector<Finding> findings;
    for (const Claim& claim : scenario.claims)
    {
        Finding finding;
        finding.claim = &claim;
        finding.value = Measure(result, *claim.metric, claim.subject);
        finding.holds = finding.value && (!claim.lowest || *finding.value >= *claim.lowest) &&
                        (!claim.highest || *finding.value <= *claim.highest);
        findings.push_back(finding);
    }
    return findings;
}

std::string
FormatValue(Unit unit, const std::optional<double>& value)
{
    if (!value)
    {
        return "nothing";
    }
    switch (unit)
    {
    case Unit::COUNT:
        return fmt::format("{:.0f}", *value);
    case Unit::TIME:
        return FormatTime(Duration{static_cast<int64_t>(*value)});
    case Unit::SHARE:
        return FormatPercent(*value);
    case Unit::RATE:
        break;
    }
    return FormatRate(*value);
}

} // namespace ikelab::runner
