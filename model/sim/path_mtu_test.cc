// SPDX-License-Identifier: GPL-2.0-only
#include "esp/icmp_error.h"
#include "esp/packet_info.h"
#include "gateway/config.h"
#include "sim/flat_packet.h"
#include "sim/testing/gateway_sites.h"

#include "ns3/config.h"
#include "ns3/error-model.h"
#include "ns3/icmpv4-l4-protocol.h"
#include "ns3/pointer.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

/// RFC 4301 §8: a link between the gateways that is narrower than their own.
namespace ns3
{

namespace
{

using ikelab::Buffer;
using ikelab::Bytes;
using testing::GatewaySites;
using testing::SiteToSite;

constexpr uint16_t PORT = 7;
constexpr size_t PPP_OCTETS = 2;
constexpr double FIRST_PACKET = 3; // seconds: the SAs are there long before
constexpr double BETWEEN_PACKETS = 0.2;
constexpr size_t PACKETS = 30;

/// Sees what comes in by a link, and loses what the function says.
class Gate : public ErrorModel
{
  public:
    static TypeId
    GetTypeId()
    {
        static TypeId tid = TypeId("ns3::IkelabTestGate").SetParent<ErrorModel>();
        return tid;
    }

    std::function<bool(Bytes packet)> loses;

  private:
    bool
    DoCorrupt(Ptr<Packet> packet) override
    {
        Buffer frame(packet->GetSize());
        packet->CopyData(frame.data(), static_cast<uint32_t>(frame.size()));
        return loses(Bytes(frame).subspan(PPP_OCTETS));
    }

    void
    DoReset() override
    {
    }
};

void
SetGate(Ptr<NetDevice> device, std::function<bool(Bytes packet)> loses)
{
    const auto gate = CreateObject<Gate>();
    gate->loses = std::move(loses);
    device->SetAttribute("ReceiveErrorModel", PointerValue(gate));
}

struct Case
{
    bool v6{false};
    uint16_t farMtu{1400};
    uint32_t seed{1};
    bool ah{false};
};

/// What a path with a narrow link did.
struct Outcome
{
    size_t received{0};
    size_t tooBig{0};       ///< errors that reached moon
    size_t farFragments{0}; ///< that crossed the narrow link
    size_t farLargest{0};   ///< packet on the narrow link
    size_t finalOctets{0};  ///< the size that the sender ended with
};

/// Two gateways, a narrow link and a router that does what RFC 1191 §4 asks for, which ns-3's IPv4
/// does not.
class NarrowPath
{
  public:
    NarrowPath(const Case& what, bool copyDf, bool filtered, bool transport = false)
        : run(OptionsOf(what),
              [&](SiteToSite& sites, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
              {
                  testing::ChangeChild(
                      moon, [&](ikelab::ike::ChildConfig& child) { child.copyDf = copyDf; });
                  for (ikelab::gateway::Config* config : {&moon, &sun})
                  {
                      const bool left = config == &moon;
                      testing::ChangeChild(*config,
                                           [&](ikelab::ike::ChildConfig& child)
                                           { Change(child, what.ah, transport, sites, left); });
                  }
              })
    {
        SetGate(run.sites.routerLinks.Get(0),
                [this, what](Bytes packet) { return ObeyDf(packet, what.farMtu); });
        SetGate(run.sites.wan.Get(0),
                [this, filtered](Bytes packet)
                {
                    const auto info = ikelab::esp::ReadPacket(packet);
                    const bool error = info && ikelab::esp::ReadIcmpError(packet, *info);
                    outcome.tooBig += error && !filtered ? 1 : 0;
                    return error && filtered;
                });
        SetGate(run.sites.wan.Get(1),
                [this](Bytes packet)
                {
                    const auto info = ikelab::esp::ReadPacket(packet);
                    outcome.farFragments += info && info->fragment ? 1 : 0;
                    outcome.farLargest = std::max(outcome.farLargest, info ? info->totalOctets : 0);
                    return false;
                });
    }

    GatewaySites run;
    Outcome outcome;

  private:
    static void
    Change(ikelab::ike::ChildConfig& child,
           bool ah,
           bool transport,
           const SiteToSite& sites,
           bool left)
    {
        if (ah)
        {
            child.espProposals = {ikelab::gateway::ReadAhProposal("sha256").value()};
        }
        if (transport)
        {
            const ikelab::IpAddress& local = left ? sites.moonOutside : sites.sunOutside;
            const ikelab::IpAddress& remote = left ? sites.sunOutside : sites.moonOutside;
            child.mode = ikelab::ike::Mode::TRANSPORT;
            child.localTs = {ikelab::Selector{{local, local}}};
            child.remoteTs = {ikelab::Selector{{remote, remote}}};
        }
    }

    static SiteToSite::Options
    OptionsOf(const Case& what)
    {
        SiteToSite::Options options;
        options.innerV6 = options.outerV6 = what.v6;
        options.farMtu = what.farMtu;
        options.seed = what.seed;
        return options;
    }

    bool
    ObeyDf(Bytes packet, uint16_t mtu)
    {
        const auto info = ikelab::esp::ReadPacket(packet);
        if (!info || info->IsV6() || !info->dontFragment || info->totalOctets <= mtu)
        {
            return false;
        }
        Ptr<Packet> payload = flat::ToPacket(packet);
        Ipv4Header header;
        payload->RemoveHeader(header);
        run.sites.router->GetObject<Icmpv4L4Protocol>()->SendDestUnreachFragNeeded(
            header, payload, mtu);
        return true;
    }
};

/// A host that does path MTU discovery over UDP: what an error told is the size of the next packet.
/// IPv6 hosts do it in ns-3's IP layer; for IPv4 it is done here.
Outcome
SendDatagrams(const Case& what, bool copyDf, bool filtered, size_t octets)
{
    NarrowPath path(what, copyDf, filtered);
    const SiteToSite& sites = path.run.sites;
    const size_t headers = what.v6 ? 48 : 28;
    testing::UdpInbox bob(sites.bob, what.v6, PORT);
    testing::IcmpInbox errors(sites.alice, false, 3);
    size_t size = octets;
    for (size_t i = 0; i < PACKETS; ++i)
    {
        const Time at = Seconds(FIRST_PACKET + BETWEEN_PACKETS * static_cast<double>(i));
        if (what.v6)
        {
            testing::SendUdpAt(
                at, sites.alice, sites.bobAddress, PORT, std::string(octets - headers, 'x'));
            continue;
        }
        Simulator::Schedule(at,
                            [&]
                            {
                                if (!errors.messages.empty())
                                {
                                    const Buffer& message = errors.messages.back();
                                    size = static_cast<size_t>((message[6] << 8) | message[7]);
                                }
                                testing::SendFrameAt(
                                    Seconds(0),
                                    sites.leftLan.Get(0),
                                    sites.leftLan.Get(1),
                                    testing::MakeUdpPacket(sites.aliceAddress,
                                                           sites.bobAddress,
                                                           PORT,
                                                           std::string(size - headers, 'x'),
                                                           64,
                                                           true));
                            });
    }
    path.run.Run(FIRST_PACKET + BETWEEN_PACKETS * (PACKETS + 2));
    path.outcome.received = bob.datagrams.size();
    path.outcome.finalOctets = size;
    return path.outcome;
}

class PathMtu : public ::testing::TestWithParam<Case>
{
};

TEST_P(PathMtu, IsFoundAndToldInwards)
{
    const Outcome outcome = SendDatagrams(GetParam(), true, false, 1400);
    // One packet tells the gateway, the next one the host.
    EXPECT_EQ(outcome.received, PACKETS - 2);
    EXPECT_EQ(outcome.tooBig, 1u);
    EXPECT_EQ(outcome.farFragments, 0u);
    EXPECT_LE(outcome.farLargest, GetParam().farMtu);
    if (!GetParam().v6)
    {
        // RFC 4301 §8.2.1: less the header, SPI, number, IV, trailer and ICV: 20+16+2+16, padding;
        // or the header and AH, 20+12+16.
        const size_t around = GetParam().ah ? 48 : 54;
        EXPECT_LT(outcome.finalOctets, GetParam().farMtu - around);
        EXPECT_GE(outcome.finalOctets, GetParam().farMtu - around - 18u);
    }
}

TEST_P(PathMtu, IsNeverFoundWhenErrorsAreFiltered)
{
    const Outcome outcome = SendDatagrams(GetParam(), true, true, 1400);
    EXPECT_EQ(outcome.received, 0u);
    EXPECT_EQ(outcome.tooBig, 0u);
    // What is small gets through.
    EXPECT_EQ(SendDatagrams(GetParam(), true, true, 500).received, PACKETS);
}

/// Routers never fragment IPv6.
class PathMtuOfIpv4 : public ::testing::TestWithParam<Case>
{
};

TEST_P(PathMtuOfIpv4, DoesNotMatterWithoutDf)
{
    const Outcome outcome = SendDatagrams(GetParam(), false, true, 1400);
    EXPECT_EQ(outcome.received, PACKETS);
    EXPECT_GE(outcome.farFragments, 2 * PACKETS);
    EXPECT_LE(outcome.farLargest, GetParam().farMtu);
}

std::string
NameOf(const ::testing::TestParamInfo<Case>& info)
{
    return (info.param.v6 ? "IPv6Mtu" : "IPv4Mtu") + std::to_string(info.param.farMtu) + "Seed" +
           std::to_string(info.param.seed) + (info.param.ah ? "Ah" : "");
}

INSTANTIATE_TEST_SUITE_P(Links,
                         PathMtu,
                         ::testing::Values(Case{false, 1400, 1},
                                           Case{false, 1400, 2},
                                           Case{false, 1000, 3},
                                           Case{false, 620, 4},
                                           Case{true, 1400, 5},
                                           Case{true, 1420, 6},
                                           Case{true, 1380, 7},
                                           Case{false, 1400, 8, true},
                                           Case{true, 1400, 9, true}),
                         NameOf);

INSTANTIATE_TEST_SUITE_P(Links,
                         PathMtuOfIpv4,
                         ::testing::Values(Case{false, 1400, 1},
                                           Case{false, 1000, 2},
                                           Case{false, 620, 3},
                                           Case{false, 300, 4},
                                           Case{false, 1000, 5, true}),
                         NameOf);

/// Links narrower than what may be told inwards.
class NarrowestPath : public ::testing::TestWithParam<Case>
{
};

// IPv4 below least_path_mtu: no DF any more, routers fragment. IPv6 whose inside would be below
// 1280: the tunnel's packets are fragmented where they are made.
TEST_P(NarrowestPath, IsPassedInFragments)
{
    // In IPv4 also what is no larger than the least path MTU, but than the link's.
    for (const size_t octets :
         GetParam().v6 ? std::vector<size_t>{1400} : std::vector<size_t>{1400, 500})
    {
        const Outcome outcome = SendDatagrams(GetParam(), true, false, octets);
        EXPECT_GE(outcome.received, PACKETS - 2);
        EXPECT_EQ(outcome.tooBig, 1u);
        EXPECT_GE(outcome.farFragments, 2 * (PACKETS - 2));
        EXPECT_LE(outcome.farLargest, GetParam().farMtu);
    }
}

INSTANTIATE_TEST_SUITE_P(Links,
                         NarrowestPath,
                         ::testing::Values(Case{false, 400, 1},
                                           Case{false, 300, 2},
                                           Case{true, 1280, 3},
                                           Case{true, 1300, 4},
                                           Case{true, 1360, 5},
                                           Case{false, 400, 6, true},
                                           Case{true, 1280, 7, true},
                                           Case{true, 1340, 8, true}),
                         NameOf);

/// Between the gateways themselves: packets keep the header that their sender gave them.
class TransportOverNarrowPath : public ::testing::TestWithParam<Case>
{
};

// RFC 8200 §5: only a source makes fragments of IPv6, and here it does so after protection: what
// was cut before would be refused (RFC 4303 §3.1.1).
TEST_P(TransportOverNarrowPath, IsFragmentedByItsSource)
{
    constexpr size_t HEADERS = 48;
    // Too large with protection only, and already without.
    for (const size_t octets : {size_t{1390}, size_t{1420}})
    {
        NarrowPath path(GetParam(), true, false, true);
        const SiteToSite& sites = path.run.sites;
        testing::UdpInbox sun(sites.sun, true, PORT);
        for (size_t i = 0; i < PACKETS; ++i)
        {
            testing::SendUdpAt(Seconds(FIRST_PACKET + BETWEEN_PACKETS * static_cast<double>(i)),
                               sites.moon,
                               sites.sunOutside,
                               PORT,
                               std::string(octets - HEADERS, 'x'));
        }
        path.run.Run(FIRST_PACKET + BETWEEN_PACKETS * (PACKETS + 2));
        EXPECT_EQ(path.run.moon->List().at(0).children.size(), 1u);
        EXPECT_EQ(sun.datagrams.size(), PACKETS - 1) << "one tells the path";
        EXPECT_EQ(path.outcome.tooBig, 1u);
        EXPECT_EQ(path.outcome.farFragments, 2 * (PACKETS - 1));
        EXPECT_LE(path.outcome.farLargest, GetParam().farMtu);
        EXPECT_EQ(path.run.moon->GetCounters().discardedPackets, 0u);
    }
}

INSTANTIATE_TEST_SUITE_P(Links,
                         TransportOverNarrowPath,
                         ::testing::Values(Case{true, 1400, 1}, Case{true, 1400, 2, true}),
                         NameOf);

/// TCP whose segments do not fit.
class TcpOverNarrowPath : public ::testing::TestWithParam<Case>
{
  protected:
    static size_t
    Received(bool filtered)
    {
        Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(1360));
        NarrowPath path(GetParam(), true, filtered);
        const SiteToSite& sites = path.run.sites;
        testing::TcpInbox bob(sites.bob, true, PORT);
        testing::StreamTcpAt(
            Seconds(FIRST_PACKET), sites.alice, sites.bobAddress, PORT, std::string(10'000, 'x'));
        path.run.Run(FIRST_PACKET + 30);
        Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(536));
        return bob.octets.size();
    }
};

TEST_P(TcpOverNarrowPath, GetsThroughIfErrorsDo)
{
    EXPECT_GT(Received(false), 400'000u); // 60 times 10 000 were sent
    EXPECT_EQ(Received(true), 0u);
}

INSTANTIATE_TEST_SUITE_P(Links,
                         TcpOverNarrowPath,
                         ::testing::Values(Case{true, 1400, 1}, Case{true, 1380, 2}),
                         NameOf);

} // namespace

} // namespace ns3
