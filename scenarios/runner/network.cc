// SPDX-License-Identifier: GPL-2.0-only
#include "runner/network.h"

#include "runner/routes.h"
#include "sim/flat_packet.h"
#include "sim/ipsec_helper.h"

#include "ns3/boolean.h"
#include "ns3/data-rate.h"
#include "ns3/drop-tail-queue.h"
#include "ns3/fd-net-device.h"
#include "ns3/icmpv6-l4-protocol.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/ipv6-static-routing-helper.h"
#include "ns3/ipv6-static-routing.h"
#include "ns3/ipv6.h"
#include "ns3/node-container.h"
#include "ns3/nstime.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/pointer.h"
#include "ns3/queue-size.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <fmt/format.h>

namespace ikelab::runner
{

namespace
{

/// Streams of ns-3's own dice: far from those of gateways, which count from 0.
constexpr int64_t STACK_STREAMS = 1'000'000;
/// Streams of the links' dice under the run's seed; those below are the gateways'.
constexpr uint64_t LINK_STREAMS = 1'000'000;

/// Until then the interfaces of hosts have come up.
constexpr int64_t QUIET_NANOSECONDS = 20'000'000;

bool
IsRouter(const Scenario& scenario, NodeIndex node)
{
    size_t count = 0;
    for (const Link& link : scenario.links)
    {
        count += link.ends[0].node == node ? 1 : 0;
        count += link.ends[1].node == node ? 1 : 0;
    }
    return count > 1;
}

/// A MAC address of our own numbering: ns-3's counter goes on over runs, and IPv6 link-local
/// addresses follow from it.
ns3::Mac48Address
MacOf(size_t link, size_t end)
{
    const std::string text = fmt::format("02:00:{:02x}:{:02x}:{:02x}:{:02x}",
                                         link >> 16 & 0xff,
                                         link >> 8 & 0xff,
                                         link & 0xff,
                                         end + 1);
    return ns3::Mac48Address(text.c_str());
}

/// ns-3's seed is 32 bits and never 0; the run number takes the rest.
void
SeedNs3(uint64_t seed)
{
    ns3::RngSeedManager::SetSeed(static_cast<uint32_t>(seed % 0xfffffffe) + 1);
    ns3::RngSeedManager::SetRun(seed / 0xfffffffe + 1);
}

} // namespace

Network::Network(const Scenario& scenario, uint64_t seed, Taps taps) : m_scenario(scenario)
{
    SeedNs3(seed);
    ns3::IpsecHelper::EnableChecksums();
    ns3::NodeContainer nodes;
    for (size_t i = 0; i < scenario.nodes.size(); ++i)
    {
        m_nodes.push_back(ns3::CreateObject<ns3::Node>());
        if (!scenario.IsKernel(i))
        {
            nodes.Add(m_nodes.back());
        }
    }
    const ns3::Ipv4StaticRoutingHelper routing4;
    const ns3::Ipv6StaticRoutingHelper routing6;
    ns3::InternetStackHelper stack;
    stack.SetRoutingHelper(routing4);
    stack.SetRoutingHelper(routing6);
    stack.Install(nodes);
    stack.AssignStreams(nodes, STACK_STREAMS);
    for (NodeIndex i = 0; i < m_nodes.size(); ++i)
    {
        if (!scenario.IsKernel(i))
        {
            PrepareIp(i);
        }
    }
    for (LinkIndex i = 0; i < scenario.links.size(); ++i)
    {
        if (const auto kernelEnd = scenario.KernelEnd(i))
        {
            MakeKernelLink(i, 1 - *kernelEnd, std::move(taps.at(i)));
        }
        else
        {
            MakeLink(i, seed);
        }
    }
}

void
Network::PrepareIp(NodeIndex node)
{
    const bool isRouter = IsRouter(m_scenario, node);
    const auto ipv6 = m_nodes[node]->GetObject<ns3::Ipv6>();
    m_nodes[node]->GetObject<ns3::Ipv4>()->SetAttribute("IpForward", ns3::BooleanValue(isRouter));
    // Who does not forward asks for routers when its interfaces come up. Routes are the
    // runner's, so nobody asks: until then every node forwards.
    ipv6->SetAttribute("IpForward", ns3::BooleanValue(true));
    if (!isRouter)
    {
        ns3::Simulator::Schedule(ns3::NanoSeconds(QUIET_NANOSECONDS),
                                 [ipv6]
                                 { ipv6->SetAttribute("IpForward", ns3::BooleanValue(false)); });
    }
    // Addresses are the scenario's and therefore unique; nobody waits a second for that.
    m_nodes[node]->GetObject<ns3::Icmpv6L4Protocol>()->SetAttribute("DAD",
                                                                    ns3::BooleanValue(false));
}

void
Network::MakeKernelLink(LinkIndex index, size_t end, io::FileDescriptor tap)
{
    const Link& link = m_scenario.links[index];
    auto device = ns3::CreateObject<ns3::FdNetDevice>();
    device->SetAddress(MacOf(index, end));
    device->SetMtu(link.mtu);
    device->SetIsMulticast(true); // as IPv6 needs it
    device->SetFileDescriptor(tap.Release());
    m_nodes[link.ends[end].node]->AddDevice(device);
    LinkParts parts;
    parts.devices[end] = device;
    m_links.push_back(parts);
    AssignAddresses(link.ends[end], device);
}

void
Network::MakeLink(LinkIndex index, uint64_t seed)
{
    const Link& link = m_scenario.links[index];
    LinkParts parts;
    parts.channel = ns3::CreateObject<ns3::PointToPointChannel>();
    parts.channel->SetAttribute("Delay",
                                ns3::TimeValue(ns3::NanoSeconds(link.quality.delay.count())));
    for (size_t end = 0; end < 2; ++end)
    {
        auto device = ns3::CreateObject<ns3::PointToPointNetDevice>();
        device->SetAddress(MacOf(index, end));
        device->SetDataRate(ns3::DataRate(link.rate));
        device->SetMtu(link.mtu);
        auto queue = ns3::CreateObject<ns3::DropTailQueue<ns3::Packet>>();
        queue->SetMaxSize(ns3::QueueSize(ns3::QueueSizeUnit::PACKETS, link.limit));
        device->SetQueue(queue);
        parts.loss[end] = ns3::CreateObject<LinkLoss>();
        parts.loss[end]->Seed(seed, LINK_STREAMS + 2 * index + end);
        parts.loss[end]->SetShare(link.quality.loss);
        device->SetReceiveErrorModel(parts.loss[end]);
        m_nodes[link.ends[end].node]->AddDevice(device);
        device->Attach(parts.channel);
        parts.devices[end] = device;
    }
    m_links.push_back(parts);
    // Only now, so that an interface that comes up finds its link complete.
    for (size_t end = 0; end < 2; ++end)
    {
        AssignAddresses(link.ends[end], parts.devices[end]);
    }
}

void
Network::AssignAddresses(const Interface& end, const ns3::Ptr<ns3::NetDevice>& device)
{
    auto ipv4 = m_nodes[end.node]->GetObject<ns3::Ipv4>();
    auto ipv6 = m_nodes[end.node]->GetObject<ns3::Ipv6>();
    std::optional<uint32_t> index4;
    std::optional<uint32_t> index6;
    for (const InterfaceAddress& address : end.addresses)
    {
        if (address.address.IsV4())
        {
            if (!index4)
            {
                index4 = ipv4->AddInterface(device);
            }
            const uint32_t bits = ~uint32_t{0} << (32 - address.prefixLength);
            ipv4->AddAddress(*index4,
                             ns3::Ipv4InterfaceAddress(ns3::flat::ToIpv4Address(address.address),
                                                       ns3::Ipv4Mask(bits)));
            ipv4->SetUp(*index4);
            continue;
        }
        if (!index6)
        {
            index6 = ipv6->AddInterface(device);
            ipv6->SetUp(*index6);
        }
        ipv6->AddAddress(
            *index6,
            ns3::Ipv6InterfaceAddress(ns3::flat::ToIpv6Address(address.address),
                                      ns3::Ipv6Prefix(static_cast<uint8_t>(address.prefixLength))));
    }
}

void
Network::AddRoutes()
{
    for (NodeIndex node = 0; node < m_nodes.size(); ++node)
    {
        if (m_scenario.IsKernel(node))
        {
            continue;
        }
        const ns3::Ptr<ns3::Node> place = m_nodes[node];
        const auto table4 =
            ns3::DynamicCast<ns3::Ipv4StaticRouting>(ns3::IpsecHelper::GetIpv4Routing(place));
        const auto table6 =
            ns3::DynamicCast<ns3::Ipv6StaticRouting>(ns3::IpsecHelper::GetIpv6Routing(place));
        for (const PlacedRoute& route : FindRoutes(m_scenario, node))
        {
            const auto device = GetDevice(route.link, route.end);
            const unsigned length = route.to.PrefixLength().value_or(0);
            if (route.to.first.IsV4())
            {
                const auto interface = place->GetObject<ns3::Ipv4>()->GetInterfaceForDevice(device);
                const uint32_t bits = length == 0 ? 0 : ~uint32_t{0} << (32 - length);
                table4->AddNetworkRouteTo(ns3::flat::ToIpv4Address(route.to.first),
                                          ns3::Ipv4Mask(bits),
                                          ns3::flat::ToIpv4Address(route.via),
                                          static_cast<uint32_t>(interface),
                                          route.metric);
                continue;
            }
            const auto interface = place->GetObject<ns3::Ipv6>()->GetInterfaceForDevice(device);
            table6->AddNetworkRouteTo(ns3::flat::ToIpv6Address(route.to.first),
                                      ns3::Ipv6Prefix(static_cast<uint8_t>(length)),
                                      ns3::flat::ToIpv6Address(route.via),
                                      static_cast<uint32_t>(interface),
                                      route.metric);
        }
    }
}

void
Network::Apply(const LinkChange& change)
{
    LinkParts& parts = m_links[change.link];
    if (change.delay)
    {
        parts.channel->SetAttribute("Delay",
                                    ns3::TimeValue(ns3::NanoSeconds(change.delay->count())));
    }
    for (const auto& loss : parts.loss)
    {
        if (change.loss)
        {
            loss->SetShare(*change.loss);
        }
        if (change.up)
        {
            loss->SetUp(*change.up);
        }
    }
}

} // namespace ikelab::runner
