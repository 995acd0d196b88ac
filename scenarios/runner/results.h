// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "gateway/event.h"
#include "ike/ike_endpoint.h"
#include "runner/scenario.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/**
 * What a run left behind, as values: filled by the simulation, read by claims, tables and the
 * answer for people.
 */
namespace ikelab::runner
{

/// When and where something happened, for whoever wants to see it in the capture.
struct Moment
{
    std::string place; ///< a node ("moon") or an interface of the capture ("moon/wan", "wan/lost")
    Duration at{0};
};

/// One packet of a ping or UDP flow.
struct PacketTrip
{
    Duration sent{0};
    std::optional<Duration> took; ///< round trip (ping) or one way (UDP); nothing if it was lost
};

/// What became of a flow.
struct FlowResult
{
    std::vector<PacketTrip> trips; ///< by sequence number (ping, UDP)
    uint64_t sent{0};              ///< packets, or octets of a TCP transfer
    uint64_t received{0};
    uint64_t octets{0}; ///< of user data that arrived
    uint64_t duplicates{0};
    std::optional<Duration> firstSent;
    std::optional<Duration> lastReceived;
    Duration longestGap{0}; ///< without delivery, between two deliveries (ping, UDP)
};

/// The life of an IKE SA or Child SA at one of its ends.
struct SaRecord
{
    NodeIndex node{0};
    bool child{false};
    uint32_t id{0}; ///< IkeSaId or ChildSaId
    std::string connection;
    std::string name; ///< of the child
    bool initiator{false};
    std::string spiIn;  ///< of an IKE SA the initiator's
    std::string spiOut; ///< of an IKE SA the responder's
    std::string suite;
    Duration established{0};
    std::optional<Duration> setup; ///< IKE SAs
    std::optional<Duration> closed;
    std::string reason; ///< why it closed
};

/// A request and its response, as the end that asked saw them.
struct ExchangeRecord
{
    NodeIndex node{0};
    IpAddress peer;
    std::string spi; ///< of the IKE SA, the initiator's
    std::string exchange;
    uint32_t messageId{0};
    std::string request;  ///< payloads: "[ SA KE No ]"
    std::string response; ///< empty if none came
    Duration sent{0};
    std::optional<Duration> answered;
    uint64_t retransmissions{0};
};

/// What one gateway counted; nothing for hosts.
struct GatewayResult
{
    uint64_t ikeSasEstablished{0};
    uint64_t ikeSetupFailures{0};
    uint64_t childSasInstalled{0};
    uint64_t childSetupFailures{0};
    std::optional<Duration> setupTime; ///< the longest
    uint64_t retransmissions{0};
    uint64_t messagesRejected{0};
    uint64_t livenessReplies{0};
    gateway::Counters counters;
    std::vector<ike::IkeSaInfo> open; ///< at the end
    /// When the value of a metric changed.
    std::map<std::string_view, std::vector<Duration>> moments;
    std::optional<Duration> lastMessage; ///< of IKE, sent or received
};

struct LinkResult
{
    uint64_t frames{0};
    uint64_t lost{0};
    uint64_t clear{0}; ///< frames that show protected octets
    std::optional<Moment> firstLost;
    std::optional<Moment> firstClear;
};

/// Something that must hold in every run.
struct Invariant
{
    std::string name;
    std::string text;
    bool checked{true}; ///< false if the run gave no occasion, `detail` says why
    bool holds{true};
    std::string detail;            ///< the first violation
    std::optional<Moment> moment;  ///< of the first violation
    std::optional<uint64_t> frame; ///< of the capture that shows it
};

struct RunResult
{
    std::vector<GatewayResult> gateways; ///< by node
    std::vector<FlowResult> flows;
    std::vector<LinkResult> links;
    std::vector<SaRecord> sas;
    std::vector<ExchangeRecord> exchanges; ///< in the order of their requests
    std::vector<Invariant> invariants;
    std::vector<std::string> failedCommands;
    uint64_t capturedFrames{0};
    Duration ended{0};  ///< when the run was over
    Duration latest{0}; ///< how far it was behind the wall clock, at worst; 0 in virtual time
};

/// A claim held against a run.
struct Finding
{
    const Claim* claim{nullptr};
    std::optional<double> value; ///< nothing if there was nothing to measure
    bool holds{false};
    std::optional<uint64_t> frame; ///< of the capture that shows why it does not hold
};

/// The value of a metric, in the unit that Claim uses.
std::optional<double> Measure(const RunResult& result, const Metric& metric, size_t subject);
/// Every claim, in the order of the scenario.
std::vector<Finding> Judge(const Scenario& scenario, const RunResult& result);
/// "164.213 ms", "98", "1 %"
std::string FormatValue(Unit unit, const std::optional<double>& value);

/// Round trips of a ping flow, in nanoseconds.
struct RoundTrips
{
    std::optional<double> shortest;
    std::optional<double> mean;
    std::optional<double> longest;
};

RoundTrips RoundTripsOf(const FlowResult& flow);

} // namespace ikelab::runner
