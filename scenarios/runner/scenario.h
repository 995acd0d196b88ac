// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/instant.h"
#include "base/ip_address.h"
#include "gateway/config.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/**
 * A scenario as values, complete and checked: what read_scenario.h makes of the JSON and what the
 * simulation is built from. Nodes, links and flows are named by their index in the scenario's
 * lists.
 */
namespace ikelab::runner
{

using NodeIndex = size_t;
using LinkIndex = size_t;
using FlowIndex = size_t;

struct InterfaceAddress
{
    IpAddress address;
    unsigned prefixLength{0};

    /// The block of addresses that the interface is on.
    IpRange Subnet() const;
};

/// One end of a link.
struct Interface
{
    NodeIndex node{0};
    std::string name;                        ///< "eth0"
    std::vector<InterfaceAddress> addresses; ///< IPv4 and IPv6, the first of a family is the main
};

/// What netem does to packets, in each direction on its own.
struct LinkQuality
{
    Duration delay{0};
    double loss{0}; ///< share of packets, each alone
};

struct Link
{
    std::string name;
    std::array<Interface, 2> ends;
    LinkQuality quality;
    uint64_t rate{1'000'000'000}; ///< bits per second
    uint16_t mtu{1500};
    uint32_t limit{1000}; ///< packets that wait for the line, netem's default
};

/// A route beside those that the runner finds itself (see routes.h).
struct Route
{
    IpRange to;
    IpAddress via;
};

/// A node that is no node of ns-3 but the network stack of a kernel, with whatever runs on it. Its
/// interfaces are TAP devices, under the names that links give them.
struct KernelHost
{
    std::string netns; ///< name or path of a network namespace; empty is the run's own
};

struct Node
{
    std::string name;
    std::vector<Route> routes;
    std::optional<gateway::Config> ipsec; ///< with it the node is a gateway
    std::optional<KernelHost> kernel;
};

/// What moves the time of a run.
enum class Clock
{
    VIRTUAL, ///< the next event: as fast as the computer goes, and the same every time
    REAL     ///< the wall clock: what the world outside needs, and never the same twice
};

enum class FlowKind
{
    PING,
    UDP,
    TCP
};

std::string_view ToString(FlowKind kind);

/// One stream of traffic. Size is of ICMP or UDP data.
struct Flow
{
    std::string name;
    FlowKind kind{FlowKind::PING};
    NodeIndex from{0};
    NodeIndex to{0};
    IpAddress source;
    IpAddress destination;
    Duration start{std::chrono::seconds(1)};
    uint64_t count{10}; ///< packets (ping, UDP)
    Duration interval{std::chrono::seconds(1)};
    uint64_t size{56};         ///< octets of data in each packet (ping, UDP)
    uint64_t bytes{1'000'000}; ///< of the whole transfer (TCP)
};

/// The quality of a link changes; what is absent stays.
struct LinkChange
{
    LinkIndex link{0};
    std::optional<bool> up;
    std::optional<Duration> delay;
    std::optional<double> loss;
};

/// A gateway is told something.
struct Command
{
    enum class Kind
    {
        INITIATE,
        TERMINATE,
        TERMINATE_CHILD,
        LIVENESS
    };

    Kind kind{};
    NodeIndex node{0};
    std::string name; ///< "conn/child" (INITIATE, TERMINATE_CHILD) or the name of a connection
};

struct Step
{
    Duration at{0};
    std::variant<Command, LinkChange> action;
};

enum class Subject
{
    NODE,
    FLOW,
    LINK
};

enum class Unit
{
    COUNT,
    TIME,
    SHARE,
    RATE
};

/// What a claim may be about.
struct Metric
{
    std::string_view name;
    Subject subject;
    Unit unit;
    std::string_view help;
};

/// All metrics, by subject.
const std::vector<Metric>& Metrics();

/// "that X on Y is Z". Times are nanoseconds, shares are of one, rates bits per second.
struct Claim
{
    const Metric* metric{nullptr};
    size_t subject{0}; ///< index of the node, flow or link
    std::optional<double> lowest;
    std::optional<double> highest;
    std::string pointer; ///< where it stands in the scenario
    std::string wanted;  ///< in its author's words: "at least 95, at most 100"
};

struct Scenario
{
    std::string name; ///< the file's name without its ending
    std::string title;
    std::string description;
    Clock clock{Clock::VIRTUAL};
    Duration epoch{std::chrono::seconds(1767225600)}; ///< of time 0, since 1970: 2026
    uint64_t seed{1};
    Duration duration{0};
    std::vector<Node> nodes;
    std::vector<Link> links;
    std::vector<Flow> flows;
    std::vector<Step> timeline; ///< in the order of time
    std::vector<Claim> claims;
    /// Link and end of each interface that the capture shows.
    std::vector<std::pair<LinkIndex, size_t>> recorded;

    /// "moon/eth1"
    std::string InterfaceName(LinkIndex link, size_t end) const;

    bool
    IsKernel(NodeIndex node) const
    {
        return nodes[node].kernel.has_value();
    }

    /// The end of a link that is a TAP device; a link has one at most.
    std::optional<size_t> KernelEnd(LinkIndex link) const;
    /// The main address of a node in a family: of its first interface that has one.
    std::optional<IpAddress> AddressOf(NodeIndex node, bool v4) const;
    /// Name of what a claim is about.
    const std::string& SubjectName(const Claim& claim) const;
};

} // namespace ikelab::runner
