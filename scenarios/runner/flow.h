// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"
#include "runner/scenario.h"

#include "ns3/node.h"
#include "ns3/ptr.h"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace ikelab::runner
{

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

/// Stands near the front of the data of each packet, so that whoever sees it in clear can tell.
inline constexpr std::string_view FLOW_MARKER = "ikelab-clear";

/**
 * A flow at work: sockets on two nodes, nothing that an ns-3 application with a socket could not
 * do. It schedules itself; it must outlive the simulation.
 */
class FlowDriver
{
  public:
    virtual ~FlowDriver() = default;
    /// Open sockets and schedule the first packet.
    virtual void Start() = 0;
    virtual FlowResult Result() const = 0;

    /// @param index tells ports and identifiers of flows apart
    static std::unique_ptr<FlowDriver>
    Make(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from, ns3::Ptr<ns3::Node> to);
};

} // namespace ikelab::runner
