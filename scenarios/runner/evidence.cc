// SPDX-License-Identifier: GPL-2.0-only
#include "runner/evidence.h"

#include <algorithm>

namespace ikelab::runner
{

namespace
{

bool
IsTooHigh(const Finding& finding)
{
    return finding.value && finding.claim->highest && *finding.value > *finding.claim->highest;
}

/// Of a count that went too high the event that did it, else the last one.
std::optional<Moment>
MomentOfGateway(const std::string& node, const Finding& finding, const GatewayResult& gateway)
{
    const auto found = gateway.moments.find(finding.claim->metric->name);
    if (found == gateway.moments.end() || found->second.empty())
    {
        return gateway.lastMessage ? std::optional(Moment{node, *gateway.lastMessage})
                                   : std::nullopt;
    }
    size_t index = found->second.size() - 1;
    // A count of what is there at the end may go down again; the others only grow.
    if (IsTooHigh(finding) && finding.claim->metric->unit == Unit::COUNT &&
        !finding.claim->metric->name.ends_with("_open"))
    {
        index = std::min(index, static_cast<size_t>(*finding.claim->highest));
    }
    return Moment{node, found->second[index]};
}

/// The sending of the packet that a claim about a ping or UDP flow broke on.
std::optional<Moment>
MomentOfPackets(const std::string& from, const Finding& finding, const FlowResult& flow)
{
    const std::string_view metric = finding.claim->metric->name;
    auto chosen = flow.trips.end();
    if (metric.starts_with("rtt_"))
    {
        const auto took = [](const PacketTrip& trip)
        {
            return trip.took.value_or(Duration{0});
        };
        chosen = IsTooHigh(finding)
                     ? std::ranges::max_element(flow.trips, {}, took)
                     : std::ranges::min_element(
                           flow.trips,
                           {},
                           [](const PacketTrip& trip)
                           { return trip.took.value_or(Duration{std::chrono::hours(1'000'000)}); });
    }
    else if (metric != "sent")
    {
        chosen =
            std::ranges::find_if(flow.trips, [](const PacketTrip& trip) { return !trip.took; });
    }
    return Moment{from, chosen == flow.trips.end() ? *flow.firstSent : chosen->sent};
}

} // namespace

std::optional<Moment>
MomentOf(const Scenario& scenario, const Finding& finding, const RunResult& result)
{
    const Claim& claim = *finding.claim;
    switch (claim.metric->subject)
    {
    case Subject::NODE:
        return MomentOfGateway(
            scenario.nodes[claim.subject].name, finding, result.gateways[claim.subject]);
    case Subject::FLOW:
    {
        const Flow& flow = scenario.flows[claim.subject];
        const FlowResult& outcome = result.flows[claim.subject];
        if (!outcome.firstSent)
        {
            return {};
        }
        if (flow.kind != FlowKind::TCP)
        {
            return MomentOfPackets(scenario.nodes[flow.from].name, finding, outcome);
        }
        // What came last before the transfer got stuck, or its very beginning.
        return outcome.lastReceived ? Moment{scenario.nodes[flow.to].name, *outcome.lastReceived}
                                    : Moment{scenario.nodes[flow.from].name, *outcome.firstSent};
    }
    case Subject::LINK:
        break;
    }
    const LinkResult& link = result.links[claim.subject];
    return claim.metric->name == "clear_packets" ? link.firstClear
           : claim.metric->name == "frames_lost" ? link.firstLost
                                                 : std::nullopt;
}

std::optional<uint64_t>
FrameAt(const io::Capture& capture, Duration epoch, const Moment& moment)
{
    std::optional<uint64_t> last;
    for (size_t i = 0; i < capture.packets.size(); ++i)
    {
        const io::CapturePacket& packet = capture.packets[i];
        const std::string& name = capture.interfaces[packet.interface].name;
        if (name != moment.place && !name.starts_with(moment.place + "/"))
        {
            continue;
        }
        last = i + 1;
        if (packet.sinceEpoch >= epoch + moment.at)
        {
            break;
        }
    }
    return last;
}

io::SystemResult<void>
NameFrames(const Scenario& scenario,
           const std::string& captureFile,
           std::vector<Finding>& findings,
           RunResult& result)
{
    if (std::ranges::all_of(findings, &Finding::holds) &&
        std::ranges::all_of(result.invariants, &Invariant::holds))
    {
        return {};
    }
    const auto file = io::ReadCaptureFile(captureFile);
    if (!file)
    {
        return tl::unexpected<io::SystemError>(file.error());
    }
    for (Finding& finding : findings)
    {
        const auto moment = finding.holds ? std::nullopt : MomentOf(scenario, finding, result);
        finding.frame = moment ? FrameAt(file->capture, scenario.epoch, *moment) : std::nullopt;
    }
    for (Invariant& invariant : result.invariants)
    {
        if (invariant.moment)
        {
            invariant.frame = FrameAt(file->capture, scenario.epoch, *invariant.moment);
        }
    }
    return {};
}

} // namespace ikelab::runner
