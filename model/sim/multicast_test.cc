// SPDX-License-Identifier: GPL-2.0-only
#include "esp/packet_info.h"
#include "sim/flat_packet.h"
#include "sim/testing/gateway_sites.h"

#include "ns3/inet-socket-address.h"
#include "ns3/inet6-socket-address.h"
#include "ns3/ipv4-list-routing.h"
#include "ns3/ipv4-raw-socket-factory.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/ipv6-raw-socket-factory.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

/**
 * Multicast and broadcast under policy. RFC 4301 knows no multicast SPD (§4.4.1.1): to the SPD a
 * group is a destination like others, matched by the selectors that hold it, and what a rule
 * protects goes to the other end of a unicast SA. (Multicast SAs, which are found by SPI and
 * destination (§4.1), come from group key management, and there are none here.) So whatever has to
 * stay on a link needs a bypass rule; only what IPv6 cannot live without passes unasked, and ARP,
 * which is no IP.
 */
namespace ns3
{

namespace
{

using ikelab::gateway::Action;
using testing::GatewaySites;
using testing::SiteToSite;

constexpr uint8_t IGMP = 2;
constexpr uint8_t UDP = 17;
constexpr uint8_t ICMPV6 = 58;
constexpr uint8_t OSPF = 89;
constexpr uint16_t ETHERTYPE_ARP = 0x0806;
constexpr size_t ETHERNET_OCTETS = 14;

const std::string MARK = "GROUP SECRET";

/// Sent out of moon's WAN device: who, and what.
struct Sent
{
    const char* destination;
    uint8_t protocol;
};

// Group, directed and limited broadcast; all of them with the mark inside.
constexpr Sent SENT[] = {{"224.0.0.5", OSPF},
                         {"224.0.0.22", IGMP},
                         {"224.0.0.251", UDP},
                         {"239.1.2.3", UDP},
                         {"192.0.255.255", UDP},
                         {"255.255.255.255", UDP},
                         {"ff02::5", OSPF},
                         {"ff02::fb", UDP},
                         {"ff02::1:2", UDP}};

std::string
Name(const ikelab::IpAddress& destination, uint8_t protocol)
{
    return destination.ToString() + " " + std::to_string(protocol);
}

/// A packet of this protocol out of one device of a node.
void
SendRawAt(double at, Ptr<NetDevice> device, const Sent& what, const ikelab::Buffer& payload)
{
    Simulator::Schedule(
        Seconds(at),
        [=]()
        {
            const auto to = *ikelab::IpAddress::Parse(what.destination);
            Ptr<Socket> socket = Socket::CreateSocket(
                device->GetNode(),
                to.IsV4() ? Ipv4RawSocketFactory::GetTypeId() : Ipv6RawSocketFactory::GetTypeId());
            socket->SetAttribute("Protocol", UintegerValue(what.protocol));
            socket->BindToNetDevice(device);
            Ptr<Packet> packet = flat::ToPacket(payload);
            SocketIpv6HopLimitTag hops;
            hops.SetHopLimit(1);
            packet->AddPacketTag(hops);
            socket->SendTo(packet,
                           0,
                           to.IsV4()
                               ? ns3::Address(InetSocketAddress(flat::ToIpv4Address(to), 0))
                               : ns3::Address(Inet6SocketAddress(flat::ToIpv6Address(to), 0)));
            socket->Close();
        });
}

void
SendAllAt(double at, Ptr<NetDevice> device)
{
    for (const Sent& what : SENT)
    {
        if (what.protocol == UDP) // ns-3's raw sockets abort on a directed broadcast
        {
            testing::SendUdpBoundAt(Seconds(at),
                                    device->GetNode(),
                                    device,
                                    *ikelab::IpAddress::Parse(what.destination),
                                    40000,
                                    MARK);
            continue;
        }
        SendRawAt(at, device, what, ikelab::Buffer(MARK.begin(), MARK.end()));
    }
}

/// MLDv2, RFC 3810 §5.2: a report without records; the raw socket writes its checksum.
void
SendListenerReportAt(double at, Ptr<NetDevice> device)
{
    SendRawAt(at, device, {"ff02::16", ICMPV6}, {143, 0, 0, 0, 0, 0, 0, 0});
}

ikelab::gateway::PolicyRule
Bypass(std::string_view local, std::string_view remote, uint8_t protocol)
{
    ikelab::gateway::PolicyRule rule;
    rule.action = Action::BYPASS;
    rule.local = {ikelab::Selector{*ikelab::IpRange::Parse(local), protocol}};
    rule.remote = {ikelab::Selector{*ikelab::IpRange::Parse(remote), protocol}};
    return rule;
}

/// A rule each way: a group is never the source.
void
BypassGroup(ikelab::gateway::Config& config, std::string_view group, uint8_t protocol)
{
    const std::string_view any = group.find(':') == group.npos ? "0.0.0.0/0" : "::/0";
    config.policies.push_back(Bypass(any, group, protocol));
    config.policies.push_back(Bypass(group, any, protocol));
}

/// Both gateways protect everything between them, on a WAN that is a shared link.
class ProtectAll
{
  public:
    explicit ProtectAll(const std::function<void(ikelab::gateway::Config&)>& change = {})
        : run(Options(),
              [&](SiteToSite&, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
              {
                  for (ikelab::gateway::Config* config : {&moon, &sun})
                  {
                      testing::ChangeChild(*config,
                                           [](ikelab::ike::ChildConfig& child)
                                           {
                                               child.localTs = {
                                                   ikelab::Selector{ikelab::IpRange::AnyV4()},
                                                   ikelab::Selector{ikelab::IpRange::AnyV6()}};
                                               child.remoteTs = child.localTs;
                                           });
                      if (change)
                      {
                          change(*config);
                      }
                  }
              })
    {
        run.Watch([this](const TapFrame& frame) { See(frame); });
    }

    static SiteToSite::Options
    Options()
    {
        SiteToSite::Options options;
        options.mallory = true;
        return options;
    }

    Ptr<NetDevice>
    MoonWan() const
    {
        return run.sites.wan.Get(0);
    }

    GatewaySites run;
    std::set<std::string> clear; ///< what left moon on the WAN unprotected, IKE and ARP aside
    unsigned arp{0};
    unsigned esp{0};
    unsigned marks{0}; ///< frames of anybody that show the mark on the WAN
    std::map<std::string, unsigned> clearMarks;

  private:
    void
    See(const TapFrame& frame)
    {
        if (!frame.sent || frame.device != MoonWan())
        {
            return;
        }
        const ikelab::Bytes data = frame.data;
        ASSERT_GT(data.size(), ETHERNET_OCTETS);
        if (data[12] * 256 + data[13] == ETHERTYPE_ARP)
        {
            ++arp;
            return;
        }
        const auto info = ikelab::esp::ReadPacket(data.subspan(ETHERNET_OCTETS));
        ASSERT_TRUE(info);
        if (info->protocol == ikelab::esp::PROTOCOL_ESP)
        {
            ++esp;
        }
        else if (info->protocol != UDP || info->sourcePort != 500)
        {
            const std::string name = info->protocol == ICMPV6
                                         ? "ICMPv6 " + std::to_string(info->sourcePort >> 8)
                                         : Name(info->destination.ToAddress(), info->protocol);
            clear.insert(name);
            clearMarks[name] += testing::Holds(data, MARK) ? 1 : 0;
        }
        marks += testing::Holds(data, MARK) ? 1 : 0;
    }
};

/// ns-3's own neighbour discovery, and the listener report.
const std::set<std::string> HOUSEKEEPING{"ICMPv6 133", "ICMPv6 135", "ICMPv6 136", "ICMPv6 143"};

TEST(Multicast, LeavesNothingInClearWhereEverythingIsProtected)
{
    ProtectAll all;
    Ptr<NetDevice> device = all.MoonWan();
    // Before the SA is there, while it is, and after it was deleted.
    for (const double at : {0.5, 1.001, 3.0, 11.0})
    {
        SendAllAt(at, device);
        SendListenerReportAt(at, device);
    }
    Simulator::Schedule(Seconds(10), [&]() { all.run.moon->Shutdown(); });
    // The neighbour is asked for again, with IPv6 too: both have to work all the time.
    testing::SendUdpAt(Seconds(3), all.run.sites.mallory, all.run.sites.moonOutside, 9, "x");
    testing::PingAt(Seconds(3), all.run.sites.mallory, *ikelab::IpAddress::Parse("fd00::1"), "x");
    all.run.Run(15);
    EXPECT_EQ(all.marks, 0u) << ::testing::PrintToString(all.clearMarks);
    for (const std::string& name : all.clear)
    {
        EXPECT_TRUE(HOUSEKEEPING.contains(name)) << name;
    }
    EXPECT_TRUE(all.clear.contains("ICMPv6 143"));
    EXPECT_TRUE(all.clear.contains("ICMPv6 136")) << "mallory asked";
    EXPECT_GT(all.arp, 0u);
    // To the SPD they are packets like others: while the SA is up they go by it.
    EXPECT_GE(all.run.moon->GetCounters().protectedPackets, std::size(SENT));
    EXPECT_GE(all.run.sun->GetCounters().deliveredPackets, std::size(SENT));
}

TEST(Multicast, IsRefusedByADefaultOfDiscard)
{
    ProtectAll all(
        [](ikelab::gateway::Config& config)
        {
            config.ike.connections.clear();
            config.defaultAction = Action::DISCARD;
        });
    SendAllAt(2, all.MoonWan());
    SendListenerReportAt(2, all.MoonWan());
    all.run.Run(3);
    EXPECT_EQ(all.marks, 0u);
    EXPECT_TRUE(all.clear.contains("ICMPv6 143"));
    EXPECT_EQ(all.esp, 0u);
    EXPECT_GE(all.run.moon->GetCounters().discardedPackets, std::size(SENT));
}

TEST(Multicast, PassesByTheRulesThatNameItAndByNoOthers)
{
    ProtectAll all(
        [](ikelab::gateway::Config& config)
        {
            BypassGroup(config, "224.0.0.5/32", OSPF);
            BypassGroup(config, "224.0.0.0/24", IGMP);
            BypassGroup(config, "ff02::/16", 0);
            BypassGroup(config, "192.0.255.255/32", UDP);
        });
    Ptr<NetDevice> device = all.MoonWan();
    // A raw socket of sun's sees what its ingress gate lets in.
    std::map<uint8_t, unsigned> seen;
    std::vector<Ptr<Socket>> sockets;
    for (const uint8_t protocol : {OSPF, IGMP})
    {
        Ptr<Socket> socket =
            Socket::CreateSocket(all.run.sites.sun, Ipv4RawSocketFactory::GetTypeId());
        socket->SetAttribute("Protocol", UintegerValue(protocol));
        socket->Bind();
        socket->SetRecvCallback(Callback<void, Ptr<Socket>>(
            [&seen, protocol](Ptr<Socket> one)
            {
                while (one->Recv())
                {
                    ++seen[protocol];
                }
            }));
        sockets.push_back(socket);
    }
    SendAllAt(3, device);
    SendRawAt(3, device, {"224.0.0.5", UDP}, ikelab::Buffer(30, 'u')); // not OSPF: protected
    SendRawAt(3, device, {"224.0.0.6", OSPF}, ikelab::Buffer(30, 'o'));
    all.run.Run(5);
    std::set<std::string> clear = all.clear;
    for (const std::string& name : HOUSEKEEPING)
    {
        clear.erase(name);
    }
    EXPECT_THAT(clear,
                ::testing::UnorderedElementsAre("224.0.0.5 89",
                                                "224.0.0.22 2",
                                                "192.0.255.255 17",
                                                "ff02::5 89",
                                                "ff02::fb 17",
                                                "ff02::1:2 17"));
    EXPECT_EQ(all.marks, 6u);
    EXPECT_EQ(seen[OSPF], 2u) << "one in clear by the rule, one through the tunnel";
    EXPECT_EQ(seen[IGMP], 1u);
    for (const auto& socket : sockets)
    {
        socket->Close();
    }
}

// What a neighbour sends to a group is clear traffic as well (RFC 4301 §5.2): without a rule it
// does not come in.
TEST(Multicast, ComesInOnlyByARule)
{
    for (const bool rule : {false, true})
    {
        ProtectAll all(
            [&](ikelab::gateway::Config& config)
            {
                if (rule)
                {
                    BypassGroup(config, "224.0.0.5/32", OSPF);
                }
            });
        unsigned seen = 0;
        Ptr<Socket> socket =
            Socket::CreateSocket(all.run.sites.moon, Ipv4RawSocketFactory::GetTypeId());
        socket->SetAttribute("Protocol", UintegerValue(OSPF));
        socket->Bind();
        socket->SetRecvCallback(Callback<void, Ptr<Socket>>(
            [&seen](Ptr<Socket> one)
            {
                while (one->Recv())
                {
                    ++seen;
                }
            }));
        SendAllAt(3, all.run.sites.wan.Get(2)); // mallory, who has no IPsec
        all.run.Run(4);
        EXPECT_EQ(seen, rule ? 1u : 0u);
        socket->Close();
    }
}

// A multicast router between the sides: its policy is asked for every copy that it forwards.
TEST(Multicast, ForwardedCopiesAreJudgedToo)
{
    for (const bool rule : {false, true})
    {
        ProtectAll all(
            [&](ikelab::gateway::Config& config)
            {
                if (rule)
                {
                    BypassGroup(config, "239.1.2.3/32", UDP);
                }
            });
        const SiteToSite& sites = all.run.sites;
        // Selectors of everything hold what alice sends for both directions.
        all.run.moon->GetStack()->SetProtectedSide(sites.leftLan.Get(1));
        Ptr<Ipv4> ipv4 = sites.moon->GetObject<Ipv4>();
        Ptr<Ipv4ListRouting> list =
            DynamicCast<Ipv4ListRouting>(IpsecHelper::GetIpv4Routing(sites.moon));
        ASSERT_TRUE(list);
        int16_t priority = 0;
        for (uint32_t i = 0; i < list->GetNRoutingProtocols(); ++i)
        {
            if (auto routing =
                    DynamicCast<Ipv4StaticRouting>(list->GetRoutingProtocol(i, priority)))
            {
                routing->AddMulticastRoute(
                    flat::ToIpv4Address(sites.aliceAddress),
                    "239.1.2.3",
                    static_cast<uint32_t>(ipv4->GetInterfaceForDevice(sites.leftLan.Get(1))),
                    {static_cast<uint32_t>(ipv4->GetInterfaceForDevice(all.MoonWan()))});
            }
        }
        ikelab::Buffer payload{0x9c, 0x40, 0x9c, 0x40, 0, 20, 0, 0};
        payload.insert(payload.end(), MARK.begin(), MARK.end());
        Simulator::Schedule(Seconds(3),
                            [&]()
                            {
                                Ptr<Socket> socket = Socket::CreateSocket(
                                    sites.alice, Ipv4RawSocketFactory::GetTypeId());
                                socket->SetAttribute("Protocol", UintegerValue(UDP));
                                socket->BindToNetDevice(sites.leftLan.Get(0));
                                Ptr<Packet> packet = flat::ToPacket(payload);
                                SocketIpTtlTag ttl;
                                ttl.SetTtl(16);
                                packet->AddPacketTag(ttl);
                                socket->SendTo(packet, 0, InetSocketAddress("239.1.2.3", 0));
                                socket->Close();
                            });
        all.run.Run(5);
        EXPECT_EQ(all.marks, rule ? 1u : 0u);
        EXPECT_EQ(all.run.moon->GetCounters().protectedPackets, rule ? 0u : 1u);
    }
}

} // namespace

} // namespace ns3
