// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "runner/kernel_links.h"
#include "runner/link_loss.h"
#include "runner/scenario.h"

#include "ns3/net-device.h"
#include "ns3/node.h"
#include "ns3/point-to-point-channel.h"
#include "ns3/point-to-point-net-device.h" // the channel names it in a Ptr

#include <array>
#include <vector>

namespace ikelab::runner
{

/**
 * The nodes, links, addresses and routes of a scenario in ns-3, without gateways and traffic.
 * Whatever ns-3 would number process-wide (MAC addresses, random streams) is numbered here, so that
 * a second run in one process repeats the first.
 */
class Network
{
  public:
    /// @param seed the run's, which may be another than the scenario's
    /// @param taps of all links to kernel nodes
    Network(const Scenario& scenario, uint64_t seed, Taps taps = {});

    /// Of a kernel node an empty one.
    ns3::Ptr<ns3::Node>
    GetNode(NodeIndex node) const
    {
        return m_nodes[node];
    }

    /// Null at an end that is a kernel node.
    ns3::Ptr<ns3::NetDevice>
    GetDevice(LinkIndex link, size_t end) const
    {
        return m_links[link].devices[end];
    }

    /// Add the routes; after gateways were made of nodes, or they would be hidden from them.
    void AddRoutes();
    /// From now on.
    void Apply(const LinkChange& change);

  private:
    struct LinkParts
    {
        std::array<ns3::Ptr<ns3::NetDevice>, 2> devices;
        std::array<ns3::Ptr<LinkLoss>, 2> loss; ///< of what arrives at this end
        ns3::Ptr<ns3::PointToPointChannel> channel;
    };

    void PrepareIp(NodeIndex node);
    void MakeLink(LinkIndex index, uint64_t seed);
    void MakeKernelLink(LinkIndex index, size_t end, io::FileDescriptor tap);
    void AssignAddresses(const Interface& end, const ns3::Ptr<ns3::NetDevice>& device);

    const Scenario& m_scenario;
    std::vector<ns3::Ptr<ns3::Node>> m_nodes;
    std::vector<LinkParts> m_links;
};

} // namespace ikelab::runner
