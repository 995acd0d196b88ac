// SPDX-License-Identifier: GPL-2.0-only
#include "base/testing/bench.h"
#include "sim/flat_packet.h"
#include "sim/testing/bare_esp_device.h"
#include "sim/testing/gateway_sites.h"
#include "sim/testing/toy_engine.h"

#include "ns3/inet-socket-address.h"
#include "ns3/simulator.h"
#include "ns3/tcp-socket-factory.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/uinteger.h"

#include <memory>
#include <optional>
#include <vector>

/**
 * CPU time of a flow through ns-3 with ESP, beside the same flow without IPsec in the same run: the
 * ratio is the claim. Recording is off.
 */
namespace ns3
{

namespace
{

using ikelab::bench::CpuMicroseconds;
using ikelab::bench::Median;
using testing::GatewaySites;
using testing::SiteToSite;

constexpr uint16_t PORT = 9;
constexpr uint32_t OCTETS = 1400;
constexpr uint32_t PACKETS = 5000;
constexpr int BLOCKS = 15;
const Time INTERVAL = MicroSeconds(20);

enum class Path
{
    HOSTS,    ///< alice to bob, three hops
    GATEWAYS, ///< moon's inside address to sun's, one hop
    OUTSIDE,  ///< moon's outside address to sun's, one hop
};

struct Ends
{
    Ptr<Node> from;
    Ptr<Node> to;
    ikelab::IpAddress source;
    ikelab::IpAddress destination;
};

Ends
EndsOf(const SiteToSite& sites, Path path)
{
    switch (path)
    {
    case Path::HOSTS:
        return {sites.alice, sites.bob, sites.aliceAddress, sites.bobAddress};
    case Path::GATEWAYS:
        return {sites.moon, sites.sun, sites.moonInside, sites.sunInside};
    default:
        return {sites.moon, sites.sun, sites.moonOutside, sites.sunOutside};
    }
}

SiteToSite::Options
LinkOptions(bool checksums)
{
    SiteToSite::Options options;
    options.pointToPointLans = true;
    options.rate = "10Gbps";
    options.delay = "1ms";
    options.wanMtu = 1600; // no fragments on either side of the comparison
    options.checksums = checksums;
    return options;
}

/// Sends packets at a pace, or a stream as fast as TCP lets it.
class Sender
{
  public:
    Sender(Ptr<Node> node, const ikelab::IpAddress& from, const ikelab::IpAddress& to, bool tcp)
        : m_payload(OCTETS, 0x5a),
          m_left(PACKETS)
    {
        m_socket = Socket::CreateSocket(
            node, tcp ? TcpSocketFactory::GetTypeId() : UdpSocketFactory::GetTypeId());
        m_socket->Bind(InetSocketAddress(flat::ToIpv4Address(from), 5000));
        if (tcp)
        {
            m_socket->SetAttribute("SegmentSize", UintegerValue(OCTETS));
            m_socket->SetSendCallback(MakeCallback(&Sender::Stream, this));
            m_socket->SetConnectCallback(MakeCallback(&Sender::Connected, this),
                                         MakeNullCallback<void, Ptr<Socket>>());
        }
        m_socket->Connect(InetSocketAddress(flat::ToIpv4Address(to), PORT));
        if (!tcp)
        {
            Simulator::ScheduleNow(&Sender::Pace, this);
        }
    }

  private:
    void
    Pace()
    {
        m_socket->Send(Create<Packet>(m_payload.data(), OCTETS));
        if (--m_left > 0)
        {
            Simulator::Schedule(INTERVAL, &Sender::Pace, this);
        }
    }

    void
    Connected(Ptr<Socket> socket)
    {
        Stream(socket, socket->GetTxAvailable());
    }

    void
    Stream(Ptr<Socket> socket, uint32_t)
    {
        while (m_left > 0 && socket->GetTxAvailable() >= OCTETS)
        {
            socket->Send(Create<Packet>(m_payload.data(), OCTETS));
            --m_left;
        }
    }

    ikelab::Buffer m_payload;
    uint32_t m_left;
    Ptr<Socket> m_socket;
};

/// Takes everything and counts the octets.
class Receiver
{
  public:
    Receiver(Ptr<Node> node, bool tcp)
    {
        m_socket = Socket::CreateSocket(
            node, tcp ? TcpSocketFactory::GetTypeId() : UdpSocketFactory::GetTypeId());
        m_socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), PORT));
        if (tcp)
        {
            m_socket->Listen();
            m_socket->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                                        MakeCallback(&Receiver::Accept, this));
        }
        m_socket->SetRecvCallback(MakeCallback(&Receiver::Take, this));
    }

    uint64_t octets{0};

  private:
    void
    Accept(Ptr<Socket> socket, const Address&)
    {
        socket->SetRecvCallback(MakeCallback(&Receiver::Take, this));
    }

    void
    Take(Ptr<Socket> socket)
    {
        while (Ptr<Packet> packet = socket->Recv())
        {
            octets += packet->GetSize();
        }
    }

    Ptr<Socket> m_socket;
};

/// Run one flow over a topology that stands. @return CPU microseconds per packet, nothing if it did
/// not all arrive
std::optional<double>
RunFlow(SiteToSite& sites, Path path, bool tcp)
{
    const Ends ends = EndsOf(sites, path);
    Receiver receiver(ends.to, tcp);
    std::unique_ptr<Sender> sender;
    Simulator::ScheduleWithContext(
        ends.from->GetId(),
        Seconds(1),
        [&]()
        { sender = std::make_unique<Sender>(ends.from, ends.source, ends.destination, tcp); });
    Simulator::Stop(Seconds(20));
    const double before = CpuMicroseconds();
    Simulator::Run();
    const double spent = CpuMicroseconds() - before;
    if (receiver.octets != static_cast<uint64_t>(PACKETS) * OCTETS)
    {
        return std::nullopt;
    }
    return spent / PACKETS;
}

std::optional<double>
Plain(Path path, bool checksums, bool tcp)
{
    SiteToSite sites(LinkOptions(checksums));
    return RunFlow(sites, path, tcp);
}

/// The hooks with an engine that does next to nothing: what of the cost is no cryptography.
std::optional<double>
Hooked(Path path, bool checksums, bool tcp)
{
    SiteToSite sites(LinkOptions(checksums));
    testing::ToyEngine moon(
        sites.leftNet, sites.rightNet, {{sites.moonOutside, 0}, {sites.sunOutside, 0}});
    testing::ToyEngine sun(
        sites.rightNet, sites.leftNet, {{sites.sunOutside, 0}, {sites.moonOutside, 0}});
    Ptr<IpsecStack> moonStack = IpsecStack::Install(sites.moon);
    Ptr<IpsecStack> sunStack = IpsecStack::Install(sites.sun);
    moonStack->SetEngine(&moon);
    sunStack->SetEngine(&sun);
    const auto spent = RunFlow(sites, path, tcp);
    moonStack->SetEngine(nullptr);
    sunStack->SetEngine(nullptr);
    return moon.protectedPackets < PACKETS ? std::nullopt : spent;
}

/// Devices that seal and open all by themselves: less than this no gateway can cost.
std::optional<double>
Bare(Path path, bool checksums, bool tcp)
{
    SiteToSite::Options options = LinkOptions(checksums);
    if (path == Path::OUTSIDE)
    {
        options.wanDevice = []() -> Ptr<PointToPointNetDevice>
        {
            return CreateObject<testing::BareEspDevice>(false);
        };
    }
    else
    {
        options.wanDevice = []() -> Ptr<PointToPointNetDevice>
        {
            return CreateObject<testing::BareEspDevice>(true);
        };
    }
    SiteToSite sites(options);
    return RunFlow(sites, path, tcp);
}

std::optional<double>
Protected(Path path, bool checksums, bool tcp)
{
    GatewaySites gateways(
        LinkOptions(checksums),
        [&](SiteToSite& sites, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
        {
            if (path == Path::OUTSIDE)
            {
                testing::MakeTransport(moon, sites.moonOutside, sites.sunOutside);
                testing::MakeTransport(sun, sites.sunOutside, sites.moonOutside);
            }
        });
    gateways.Run(3); // the handshake is not part of it
    auto spent = RunFlow(gateways.sites, path, tcp);
    if (gateways.moon->GetCounters().protectedPackets < PACKETS)
    {
        return std::nullopt;
    }
    return spent;
}

using Variant = std::optional<double> (*)(Path path, bool checksums, bool tcp);

void
Flow(benchmark::State& state, Variant variant, Path path, bool checksums, bool tcp)
{
    std::vector<double> floors;
    std::vector<double> ratios;
    std::vector<double> costs;
    // Pairs, so that a busy machine slows both alike.
    for ([[maybe_unused]] auto iteration : state)
    {
        const auto floor = Plain(path, checksums, tcp);
        const auto cost = variant(path, checksums, tcp);
        if (!floor || !cost)
        {
            state.SkipWithError("the flow did not arrive, or not protected");
            return;
        }
        floors.push_back(*floor);
        costs.push_back(*cost);
        ratios.push_back(*cost / *floor);
    }
    state.counters["clear_us"] = Median(floors);
    state.counters["cost_us"] = Median(costs);
    state.counters["ratio"] = Median(ratios);
}

#define IKELAB_FLOW(name, ...)                                                                     \
    BENCHMARK_CAPTURE(Flow, name, __VA_ARGS__)->Iterations(BLOCKS)->Unit(benchmark::kMillisecond)

IKELAB_FLOW(udp_three_hops_tunnel, Protected, Path::HOSTS, false, false);
IKELAB_FLOW(udp_three_hops_tunnel_checksums, Protected, Path::HOSTS, true, false);
IKELAB_FLOW(udp_one_hop_tunnel, Protected, Path::GATEWAYS, false, false);
IKELAB_FLOW(udp_one_hop_transport, Protected, Path::OUTSIDE, false, false);
IKELAB_FLOW(tcp_three_hops_tunnel, Protected, Path::HOSTS, false, true);
IKELAB_FLOW(udp_one_hop_tunnel_bare, Bare, Path::GATEWAYS, false, false);
IKELAB_FLOW(udp_one_hop_transport_bare, Bare, Path::OUTSIDE, false, false);
IKELAB_FLOW(udp_three_hops_hooks_alone, Hooked, Path::HOSTS, false, false);
IKELAB_FLOW(udp_one_hop_hooks_alone, Hooked, Path::GATEWAYS, false, false);

} // namespace

} // namespace ns3

BENCHMARK_MAIN();
