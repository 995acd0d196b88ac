// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/random_network.h"

#include "base/assert.h"
#include "sim/flat_packet.h"
#include "sim/ipsec_helper.h"

#include "ns3/boolean.h"
#include "ns3/csma-helper.h"
#include "ns3/global-value.h"
#include "ns3/icmpv6-l4-protocol.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-routing-helper.h"
#include "ns3/ipv4-routing-table-entry.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/ipv6-routing-helper.h"
#include "ns3/ipv6-routing-table-entry.h"
#include "ns3/ipv6-static-routing.h"
#include "ns3/ipv6.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/pointer.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/string.h"

#include <algorithm>
#include <map>
#include <optional>

namespace ns3::testing
{

using ikelab::IpAddress;

namespace
{

constexpr unsigned V4_PREFIX = 24;
constexpr unsigned V6_PREFIX = 64;
constexpr int64_t STACK_STREAMS = 2000;

IpAddress
Parse(const std::string& text)
{
    const auto address = IpAddress::Parse(text);
    IKELAB_ASSERT(address);
    return *address;
}

std::string
Hex(size_t number)
{
    constexpr std::string_view DIGITS = "0123456789abcdef";
    std::string text;
    for (; number != 0 || text.empty(); number /= 16)
    {
        text.insert(text.begin(), DIGITS[number % 16]);
    }
    return text;
}

/// Number `host` of LAN `lan` behind a gateway; 0 is the network itself.
RandomNetwork::Addresses
InsideAddress(size_t gateway, size_t lan, size_t host)
{
    return {Parse("10." + std::to_string(gateway + 1) + "." + std::to_string(lan) + "." +
                  std::to_string(host)),
            Parse("fd01:" + Hex(gateway + 1) + ":" + Hex(lan) + "::" + Hex(host))};
}

RandomNetwork::Addresses
LinkAddress(size_t link, size_t host)
{
    return {Parse("172.16." + std::to_string(link) + "." + std::to_string(host)),
            Parse("fd00:" + Hex(link + 1) + "::" + Hex(host))};
}

void
Assign(Ptr<NetDevice> device, const RandomNetwork::Addresses& addresses)
{
    Ptr<Ipv4> ipv4 = device->GetNode()->GetObject<Ipv4>();
    const uint32_t interface4 = ipv4->AddInterface(device);
    ipv4->AddAddress(interface4,
                     Ipv4InterfaceAddress(flat::ToIpv4Address(addresses[0]), "255.255.255.0"));
    ipv4->SetUp(interface4);
    Ptr<Ipv6> ipv6 = device->GetNode()->GetObject<Ipv6>();
    const uint32_t interface6 = ipv6->AddInterface(device);
    ipv6->SetUp(interface6);
    ipv6->AddAddress(
        interface6, Ipv6InterfaceAddress(flat::ToIpv6Address(addresses[1]), Ipv6Prefix(V6_PREFIX)));
}

Ptr<Ipv4StaticRouting>
Static4(Ptr<Node> node)
{
    return Ipv4RoutingHelper::GetRouting<Ipv4StaticRouting>(IpsecHelper::GetIpv4Routing(node));
}

Ptr<Ipv6StaticRouting>
Static6(Ptr<Node> node)
{
    return Ipv6RoutingHelper::GetRouting<Ipv6StaticRouting>(IpsecHelper::GetIpv6Routing(node));
}

void
AddRoute(Ptr<NetDevice> device,
         const RandomNetwork::Addresses& network,
         std::array<unsigned, 2> prefixes,
         const RandomNetwork::Addresses& hop)
{
    Ptr<Node> node = device->GetNode();
    const auto index4 =
        static_cast<uint32_t>(node->GetObject<Ipv4>()->GetInterfaceForDevice(device));
    const Ipv4Mask mask(prefixes[0] == 0 ? 0 : ~uint32_t{0} << (32 - prefixes[0]));
    Static4(node)->AddNetworkRouteTo(
        flat::ToIpv4Address(network[0]), mask, flat::ToIpv4Address(hop[0]), index4);
    const auto index6 =
        static_cast<uint32_t>(node->GetObject<Ipv6>()->GetInterfaceForDevice(device));
    Static6(node)->AddNetworkRouteTo(flat::ToIpv6Address(network[1]),
                                     Ipv6Prefix(static_cast<uint8_t>(prefixes[1])),
                                     flat::ToIpv6Address(hop[1]),
                                     index6);
}

/// All routes but those of the node's own links.
void
ForgetRoutes(Ptr<Node> node)
{
    Ptr<Ipv4StaticRouting> routes4 = Static4(node);
    for (uint32_t i = routes4->GetNRoutes(); i-- > 0;)
    {
        if (routes4->GetRoute(i).IsGateway())
        {
            routes4->RemoveRoute(i);
        }
    }
    Ptr<Ipv6StaticRouting> routes6 = Static6(node);
    for (uint32_t i = routes6->GetNRoutes(); i-- > 0;)
    {
        if (routes6->GetRoute(i).IsGateway())
        {
            routes6->RemoveRoute(i);
        }
    }
}

} // namespace

RandomNetwork::RandomNetwork(uint32_t seed) : m_dice(seed)
{
    RngSeedManager::SetSeed(seed);
    RngSeedManager::SetRun(1);
    GlobalValue::Bind("ChecksumEnabled", BooleanValue(true));
    gateways.resize(2 + m_dice.UpTo(4));
    routers.resize(1 + m_dice.UpTo(3));
    routerAddresses.resize(routers.size());
    NodeContainer nodes;
    for (Gateway& gateway : gateways)
    {
        gateway.node = CreateObject<Node>();
        nodes.Add(gateway.node);
    }
    for (Ptr<Node>& router : routers)
    {
        router = CreateObject<Node>();
        nodes.Add(router);
    }
    for (size_t g = 0; g < gateways.size(); ++g)
    {
        hosts.resize(hosts.size() + 1 + m_dice.UpTo(2), {nullptr, nullptr, nullptr, g, {}});
    }
    for (Host& host : hosts)
    {
        host.node = CreateObject<Node>();
        nodes.Add(host.node);
    }
    InternetStackHelper stack;
    stack.Install(nodes);
    stack.AssignStreams(nodes, STACK_STREAMS);
    for (auto i = nodes.Begin(); i != nodes.End(); ++i)
    {
        (*i)->GetObject<Icmpv6L4Protocol>()->SetAttribute("DAD", BooleanValue(false));
        const bool forwards =
            std::ranges::none_of(hosts, [&](const Host& host) { return host.node == *i; });
        (*i)->GetObject<Ipv6>()->SetAttribute("IpForward", BooleanValue(forwards));
        (*i)->GetObject<Ipv4>()->SetAttribute("IpForward", BooleanValue(forwards));
    }
    for (size_t g = 0; g < gateways.size(); ++g)
    {
        MakeLans(g);
    }
    // A tree over gateways and routers, then some more links, for several ways.
    const size_t outer = gateways.size() + routers.size();
    for (size_t node = 1; node < outer; ++node)
    {
        // Gateways hang on routers, mostly.
        const size_t r = gateways.size();
        size_t other = m_dice.UpTo(node - 1);
        if (node >= r && node > r && m_dice.UpTo(3) != 0)
        {
            other = r + m_dice.UpTo(node - r - 1);
        }
        std::set<size_t> ends{node, other};
        if (m_dice.UpTo(3) == 0)
        {
            ends.insert(m_dice.UpTo(node));
        }
        MakeLink(ends);
    }
    for (uint64_t more = m_dice.UpTo(3); more > 0; --more)
    {
        const size_t one = m_dice.UpTo(outer - 1);
        const size_t other = m_dice.UpTo(outer - 1);
        if (one != other)
        {
            MakeLink({one, other});
        }
    }
    Route();
}

RandomNetwork::~RandomNetwork()
{
    Simulator::Destroy();
}

Ptr<Node>
RandomNetwork::Outer(size_t index) const
{
    return index < gateways.size() ? gateways[index].node : routers[index - gateways.size()];
}

void
RandomNetwork::MakeLans(size_t g)
{
    Gateway& gateway = gateways[g];
    std::vector<Host*> here;
    for (Host& host : hosts)
    {
        if (host.gateway == g)
        {
            here.push_back(&host);
        }
    }
    const bool shared = m_dice.Coin();
    for (size_t lan = 0; lan < (shared ? 1 : here.size()); ++lan)
    {
        NodeContainer ends(gateway.node);
        const std::vector<Host*> members =
            shared ? here
                   : std::vector<Host*>(here.begin() + static_cast<ptrdiff_t>(lan),
                                        here.begin() + static_cast<ptrdiff_t>(lan) + 1);
        for (const Host* host : members)
        {
            ends.Add(host->node);
        }
        NetDeviceContainer devices;
        if (shared)
        {
            CsmaHelper link;
            link.SetChannelAttribute("DataRate", StringValue("1Gbps"));
            devices = link.Install(ends);
            m_stream += link.AssignStreams(devices, m_stream);
        }
        else
        {
            PointToPointHelper link;
            link.SetDeviceAttribute("DataRate", StringValue("1Gbps"));
            devices = link.Install(ends);
        }
        gateway.inside.push_back(devices.Get(0));
        gateway.insideAddresses.push_back(InsideAddress(g, lan, 1));
        gateway.insideNetworks.push_back(InsideAddress(g, lan, 0));
        m_inside.insert(devices.Get(0));
        Assign(devices.Get(0), InsideAddress(g, lan, 1));
        for (size_t i = 0; i < members.size(); ++i)
        {
            Host& host = *members[i];
            host.device = devices.Get(static_cast<uint32_t>(i + 1));
            host.router = devices.Get(0);
            host.addresses = InsideAddress(g, lan, 10 + i);
            Assign(host.device, host.addresses);
            AddRoute(
                host.device, {IpAddress(), Parse("::")}, {0, 0}, gateway.insideAddresses.back());
        }
    }
}

void
RandomNetwork::MakeLink(const std::set<size_t>& ends)
{
    const size_t number = m_links.size();
    NodeContainer nodes;
    for (const size_t end : ends)
    {
        nodes.Add(Outer(end));
    }
    NetDeviceContainer devices;
    if (ends.size() > 2 || m_dice.UpTo(3) == 0)
    {
        CsmaHelper link;
        link.SetChannelAttribute("DataRate", StringValue("1Gbps"));
        link.SetChannelAttribute("Delay", StringValue("1ms"));
        devices = link.Install(nodes);
        m_stream += link.AssignStreams(devices, m_stream);
    }
    else
    {
        PointToPointHelper link;
        link.SetDeviceAttribute("DataRate", StringValue("1Gbps"));
        link.SetChannelAttribute("Delay", StringValue(m_dice.Coin() ? "2ms" : "9ms"));
        devices = link.Install(nodes);
    }
    std::vector<Port>& ports = m_links.emplace_back();
    uint32_t place = 0;
    for (const size_t end : ends)
    {
        Ptr<NetDevice> device = devices.Get(place);
        const Addresses addresses = LinkAddress(number, ++place);
        Assign(device, addresses);
        ports.push_back({end, device, addresses});
        if (end < gateways.size())
        {
            gateways[end].outside.push_back(device);
            gateways[end].outsideAddresses.push_back(addresses);
        }
        else
        {
            routerAddresses[end - gateways.size()] = addresses;
        }
        m_losses.push_back(CreateObject<RateErrorModel>());
        m_losses.back()->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
        m_losses.back()->SetRate(0);
        m_losses.back()->AssignStreams(m_stream++);
        device->SetAttribute("ReceiveErrorModel", PointerValue(m_losses.back()));
    }
    for (const Port& from : ports)
    {
        for (const Port& to : ports)
        {
            if (from.node != to.node)
            {
                wires.push_back({from.device, to.device});
            }
        }
    }
}

void
RandomNetwork::RouteTo(const Addresses& network,
                       std::array<unsigned, 2> prefixes,
                       std::set<size_t> at)
{
    // The nearest first, each by a link of random length: so paths differ by destination and end.
    std::vector<uint64_t> lengths(m_links.size());
    std::ranges::generate(lengths, [&]() { return 1 + m_dice.UpTo(2); });
    std::map<size_t, uint64_t> reached;
    for (const size_t node : at)
    {
        reached[node] = 0;
    }
    const size_t all = gateways.size() + routers.size();
    while (reached.size() < all)
    {
        std::optional<uint64_t> best;
        const Port* from = nullptr;
        const Port* to = nullptr;
        for (size_t link = 0; link < m_links.size(); ++link)
        {
            for (const Port& near : m_links[link])
            {
                for (const Port& far : m_links[link])
                {
                    const auto distance = reached.find(near.node);
                    if (distance == reached.end() || reached.contains(far.node))
                    {
                        continue;
                    }
                    const uint64_t length = distance->second + lengths[link];
                    if (!best || length < *best)
                    {
                        best = length;
                        from = &far;
                        to = &near;
                    }
                }
            }
        }
        IKELAB_ASSERT(best);
        AddRoute(from->device, network, prefixes, to->addresses);
        reached[from->node] = *best;
    }
}

void
RandomNetwork::Route()
{
    for (size_t node = 0; node < gateways.size() + routers.size(); ++node)
    {
        ForgetRoutes(Outer(node));
    }
    for (size_t g = 0; g < gateways.size(); ++g)
    {
        RouteTo(InsideAddress(g, 0, 0), {16, 32}, {g});
    }
    for (size_t link = 0; link < m_links.size(); ++link)
    {
        std::set<size_t> at;
        for (const Port& port : m_links[link])
        {
            at.insert(port.node);
        }
        RouteTo(LinkAddress(link, 0), {V4_PREFIX, V6_PREFIX}, at);
    }
}

void
RandomNetwork::SetLoss(double rate)
{
    for (const auto& loss : m_losses)
    {
        loss->SetRate(rate);
    }
}

bool
RandomNetwork::IsInside(const Ptr<NetDevice>& device) const
{
    return m_inside.contains(device);
}

size_t
RandomNetwork::GatewayOf(const Ptr<Node>& node) const
{
    return static_cast<size_t>(std::ranges::find(gateways, node, &Gateway::node) -
                               gateways.begin());
}

bool
RandomNetwork::IsOwn(size_t g, const IpAddress& address) const
{
    const Gateway& gateway = gateways[g];
    for (const auto* list : {&gateway.insideAddresses, &gateway.outsideAddresses})
    {
        if (std::ranges::any_of(*list,
                                [&](const Addresses& own)
                                { return std::ranges::find(own, address) != own.end(); }))
        {
            return true;
        }
    }
    return false;
}

size_t
RandomNetwork::Home(const IpAddress& address) const
{
    for (size_t g = 0; g < gateways.size(); ++g)
    {
        const ikelab::Bytes octets = address.Octets();
        const ikelab::Bytes network =
            gateways[g].insideNetworks.front()[address.IsV4() ? 0 : 1].Octets();
        if (std::ranges::equal(octets.first(address.IsV4() ? 2 : 4),
                               network.first(address.IsV4() ? 2 : 4)) ||
            IsOwn(g, address))
        {
            return g;
        }
    }
    return gateways.size();
}

} // namespace ns3::testing
