// SPDX-License-Identifier: GPL-2.0-only
#include "esp/packet_info.h"
#include "sim/flat_packet.h"
#include "sim/testing/gateway_sites.h"
#include "sim/testing/tags.h"

#include "ns3/ipv4-list-routing.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/ipv6.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

/**
 * Policy-based and route-based children on the same two gateways at once. Alice and bob are for the
 * policy-based one. The other protects anything from anywhere to anywhere, but only what is routed
 * to its device: 10.3.0.0/16 behind sun, and the tunnel's own 10.255.0.0/30.
 */
namespace ns3
{

namespace
{

using ikelab::IpAddress;
using testing::GatewaySites;
using testing::SiteToSite;

constexpr uint16_t PORT = 9;
constexpr uint32_t IF_ID = 42;
const IpAddress BEHIND_SUN = *IpAddress::Parse("10.3.0.1");
const IpAddress MOON_TUNNEL = *IpAddress::Parse("10.255.0.1");

class BothWays
{
  public:
    explicit BothWays(const SiteToSite::Options& options = {},
                      ikelab::ike::StartAction routedStarts = ikelab::ike::StartAction::START,
                      bool sunHasDevice = true)
        : run(options,
              [&](SiteToSite&, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
              {
                  AddRouted(moon, routedStarts);
                  AddRouted(sun, ikelab::ike::StartAction::NONE);
              })
    {
        moonDevice = AddDevice(run.moon, MOON_TUNNEL, "10.3.0.0");
        if (sunHasDevice)
        {
            sunDevice = AddDevice(run.sun, *IpAddress::Parse("10.255.0.2"), nullptr);
        }
        Ptr<Ipv4> sun = run.sites.sun->GetObject<Ipv4>();
        sun->AddAddress(
            static_cast<uint32_t>(sun->GetInterfaceForDevice(run.sites.rightLan.Get(0))),
            {flat::ToIpv4Address(BEHIND_SUN), Ipv4Mask("255.255.0.0")});
        run.moon->TraceConnectWithoutContext("ChildSaInstalled",
                                             Callback<void, const ikelab::ike::ChildSaInstalled&>(
                                                 [this](const ikelab::ike::ChildSaInstalled& one)
                                                 { children[one.config->name] = one.child; }));
        run.Watch([this](const TapFrame& frame) { See(frame); });
        for (const auto& [device, count] :
             {std::pair(moonDevice, &outOfMoon), std::pair(sunDevice, &outOfSun)})
        {
            if (device)
            {
                device->TraceConnectWithoutContext(
                    "MacRx",
                    Callback<void, Ptr<const Packet>>([count](Ptr<const Packet>) { ++*count; }));
            }
        }
    }

    /// A connection of its own, so that nobody takes one child for the other.
    static void
    AddRouted(ikelab::gateway::Config& config, ikelab::ike::StartAction starts)
    {
        auto connection =
            std::make_shared<ikelab::ike::ConnectionConfig>(*config.ike.connections.front());
        connection->name = "vpn";
        for (auto* id : {&connection->localId, &connection->remoteId})
        {
            *id = ikelab::ike::Identity::Parse("vpn." + (*id)->ToString());
        }
        ikelab::ike::ChildConfig& child = connection->children.front();
        child.name = "routed";
        child.localTs = child.remoteTs = {ikelab::Selector{ikelab::IpRange::AnyV4()}};
        child.ifIdIn = child.ifIdOut = IF_ID;
        child.startAction = starts;
        config.ike.connections.push_back(connection);
    }

    static Ptr<IpsecNetDevice>
    AddDevice(Ptr<IkeApplication> gateway, const IpAddress& address, const char* net)
    {
        Ptr<IpsecNetDevice> device = IpsecHelper().InstallTunnelDevice(gateway, IF_ID);
        Ptr<Node> node = gateway->GetNode();
        Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
        const uint32_t interface = ipv4->AddInterface(device);
        ipv4->AddAddress(interface, {flat::ToIpv4Address(address), Ipv4Mask("255.255.255.252")});
        ipv4->SetUp(interface);
        Ptr<Ipv4ListRouting> list = DynamicCast<Ipv4ListRouting>(IpsecHelper::GetIpv4Routing(node));
        int16_t priority = 0;
        for (uint32_t i = 0; net && i < list->GetNRoutingProtocols(); ++i)
        {
            if (auto routing =
                    DynamicCast<Ipv4StaticRouting>(list->GetRoutingProtocol(i, priority)))
            {
                routing->AddNetworkRouteTo(net, "255.255.0.0", interface);
            }
        }
        return device;
    }

    /// Packets that moon sent by one of its children.
    uint64_t
    SentBy(const std::string& child) const
    {
        const auto id = children.find(child);
        const auto counters =
            id == children.end() ? std::nullopt : run.moon->CountersOf(id->second);
        return counters ? counters->outboundPackets : 0;
    }

    GatewaySites run;
    Ptr<IpsecNetDevice> moonDevice;
    Ptr<IpsecNetDevice> sunDevice;
    std::map<std::string, ikelab::ChildSaId> children; ///< of moon, the last of each name
    unsigned outOfMoon{0};                             ///< packets that came out of the devices
    unsigned outOfSun{0};
    unsigned clear{0}; ///< packets on the WAN between anybody but moon and sun, or not protected
    size_t largest{0}; ///< packet on the WAN

  private:
    void
    See(const TapFrame& frame)
    {
        if (!frame.sent || !run.sites.OnWan(frame.device))
        {
            return;
        }
        const size_t link = frame.linkType == TapLinkType::ETHERNET ? 14 : 0;
        const auto info = ikelab::esp::ReadPacket(frame.data.subspan(link));
        if (!info || info->IsV6())
        {
            return; // ARP and neighbour discovery
        }
        largest = std::max(largest, info->totalOctets);
        const bool ike = info->protocol == 17 && info->destinationPort == 500;
        clear += ike || info->protocol == 50 || info->laterFragment ? 0 : 1;
    }
};

TEST(RouteBased, StandsBesidePolicyBasedAndEachTakesItsOwn)
{
    BothWays both;
    testing::UdpInbox bob(both.run.sites.bob, false, PORT);
    testing::UdpInbox alice(both.run.sites.alice, false, PORT);
    testing::UdpInbox sun(both.run.sites.sun, false, PORT);
    testing::UdpInbox moon(both.run.sites.moon, false, PORT);
    const SiteToSite& sites = both.run.sites;
    // By policy: three there, two back.
    for (const double at : {5.0, 5.1, 5.2})
    {
        testing::SendUdpAt(Seconds(at), sites.alice, sites.bobAddress, PORT, "policy");
    }
    for (const double at : {5.0, 5.1})
    {
        testing::SendUdpAt(Seconds(at), sites.bob, sites.aliceAddress, PORT, "policy");
    }
    // By route: of a host, of moon itself, and one back to its tunnel address.
    testing::SendUdpAt(Seconds(6), sites.alice, BEHIND_SUN, PORT, "route");
    testing::SendUdpAt(Seconds(6.1), sites.moon, BEHIND_SUN, PORT, "route");
    testing::SendUdpAt(Seconds(6.2), sites.sun, MOON_TUNNEL, PORT, "route");
    both.run.Run(8);
    EXPECT_EQ(bob.datagrams, (std::vector<std::string>(3, "policy")));
    EXPECT_EQ(alice.datagrams, (std::vector<std::string>(2, "policy")));
    EXPECT_EQ(sun.datagrams, (std::vector<std::string>(2, "route")));
    EXPECT_EQ(moon.datagrams, std::vector<std::string>{"route"});
    EXPECT_EQ(both.SentBy("net-net"), 3u);
    EXPECT_EQ(both.SentBy("routed"), 2u);
    EXPECT_EQ(both.outOfSun, 2u) << "what the other SA carried came out elsewhere";
    EXPECT_EQ(both.outOfMoon, 1u);
    EXPECT_EQ(both.clear, 0u);
}

// Selectors of everything, and yet the routed SA is no way out for what policy protects.
TEST(RouteBased, DoesNotCarryWhatThePolicyBasedSaIsMissingFor)
{
    BothWays both;
    testing::UdpInbox bob(both.run.sites.bob, false, PORT);
    Simulator::Schedule(
        Seconds(4), [&]() { EXPECT_TRUE(both.run.moon->TerminateChild("net-net").has_value()); });
    testing::SendUdpAt(Seconds(5), both.run.sites.alice, both.run.sites.bobAddress, PORT, "policy");
    both.run.Run(7);
    EXPECT_TRUE(bob.datagrams.empty());
    EXPECT_EQ(both.SentBy("routed"), 0u);
    EXPECT_EQ(both.outOfSun, 0u);
    EXPECT_EQ(both.clear, 0u);
    EXPECT_GE(both.run.moon->GetCounters().discardedPackets, 1u);
}

// And the other way round: a device without an SA sends nothing, by no other SA and not in clear.
TEST(RouteBased, SendsNothingElsewhereWhenItsOwnSaIsMissing)
{
    BothWays both({}, ikelab::ike::StartAction::NONE);
    testing::UdpInbox sun(both.run.sites.sun, false, PORT);
    testing::SendUdpAt(Seconds(5), both.run.sites.alice, BEHIND_SUN, PORT, "route");
    testing::SendUdpAt(Seconds(5), both.run.sites.moon, BEHIND_SUN, PORT, "route");
    both.run.Run(7);
    EXPECT_TRUE(sun.datagrams.empty());
    EXPECT_EQ(both.SentBy("net-net"), 0u);
    EXPECT_EQ(both.clear, 0u);
    EXPECT_GE(both.run.moon->GetCounters().discardedPackets, 2u);
}

// start_action = trap: what was held goes by the device's SA, and is not judged by policy now.
TEST(RouteBased, HoldsTheFirstPacketForItsOwnSa)
{
    BothWays both({}, ikelab::ike::StartAction::TRAP);
    testing::UdpInbox sun(both.run.sites.sun, false, PORT);
    testing::SendUdpAt(Seconds(5), both.run.sites.alice, BEHIND_SUN, PORT, "route");
    both.run.Run(7);
    EXPECT_EQ(sun.datagrams, std::vector<std::string>{"route"});
    EXPECT_EQ(both.run.moon->GetCounters().heldPackets, 1u);
    EXPECT_EQ(both.SentBy("routed"), 1u);
    EXPECT_EQ(both.outOfSun, 1u);
    EXPECT_EQ(both.clear, 0u);
}

// What follows packets by tags sees them leave, whether they waited or not.
TEST(RouteBased, KeepsTheTagsOfWhatItHolds)
{
    BothWays both({}, ikelab::ike::StartAction::TRAP);
    const testing::TagsSent sent(both.run.sites.wan.Get(0));
    for (const uint32_t number : {1U, 2U})
    {
        testing::SendTaggedAt(Seconds(5), both.run.sites.alice, BEHIND_SUN, PORT, number);
    }
    testing::SendTaggedAt(Seconds(6), both.run.sites.alice, BEHIND_SUN, PORT, 3);
    both.run.Run(7);
    EXPECT_EQ(both.run.moon->GetCounters().heldPackets, 2u);
    EXPECT_EQ(both.SentBy("routed"), 3u);
    EXPECT_EQ(sent.numbers, (std::vector<uint32_t>{1, 2, 3}));
}

// RFC 4301 §5.2: what a gateway cannot hand on it tells of as of all that it discards.
TEST(RouteBased, TellsOfWhatItsMissingDeviceCannotTake)
{
    BothWays both({}, ikelab::ike::StartAction::START, false);
    std::vector<ikelab::gateway::PacketRefused> refused;
    both.run.sun->TraceConnectWithoutContext("PacketRefused",
                                             Callback<void, const ikelab::gateway::PacketRefused&>(
                                                 [&](const ikelab::gateway::PacketRefused& event)
                                                 { refused.push_back(event); }));
    unsigned delivered = 0;
    both.run.sun->GetStack()->TraceConnectWithoutContext(
        "PacketDelivered", Callback<void, ikelab::Bytes>([&](ikelab::Bytes) { ++delivered; }));
    testing::UdpInbox sun(both.run.sites.sun, false, PORT);
    testing::SendUdpAt(Seconds(5), both.run.sites.alice, BEHIND_SUN, PORT, "route");
    both.run.Run(6);
    EXPECT_EQ(both.SentBy("routed"), 1u);
    EXPECT_TRUE(sun.datagrams.empty());
    EXPECT_EQ(delivered, 0u);
    EXPECT_EQ(both.run.sun->GetCounters().discardedPackets, 1u);
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].error.fault, ikelab::Fault::POLICY);
    EXPECT_EQ(refused[0].error.what, "no device of the interface");
    EXPECT_TRUE(refused[0].inbound);
    EXPECT_EQ(refused[0].source, both.run.sites.moonOutside);
    EXPECT_EQ(refused[0].sequence, 1u);
    ASSERT_TRUE(refused[0].packet);
    EXPECT_EQ(refused[0].packet->destination.ToAddress(), BEHIND_SUN);
    ASSERT_TRUE(refused[0].sa);
    EXPECT_EQ(both.run.sun->CountersOf(refused[0].sa->child)->refusedPackets, 1u);
}

// Whoever is routed to the tunnel cannot come beside it (RFC 4301 §5.2: clear where SAs protect).
TEST(RouteBased, RefusesInClearWhatIsRoutedToItsDevice)
{
    for (const bool inside : {false, true})
    {
        SiteToSite::Options options;
        options.mallory = true;
        BothWays both(options);
        testing::UdpInbox moon(both.run.sites.moon, false, PORT);
        const IpAddress source =
            inside ? BEHIND_SUN : *IpAddress::Parse("192.0.2.66"); // the latter is nobody's
        testing::SendFrameAt(
            Seconds(5),
            both.run.sites.wan.Get(2),
            both.run.sites.wan.Get(0),
            testing::MakeUdpPacket(source, both.run.sites.moonOutside, PORT, "forged"));
        both.run.Run(6);
        EXPECT_EQ(moon.datagrams.size(), inside ? 0u : 1u);
    }
}

// RFC 4301 §8.2: the device's MTU is what the path has less both headers, so nothing is fragmented
// outside.
TEST(RouteBased, FitsTheDevicesMtuToThePath)
{
    for (const uint16_t wan : {uint16_t{1500}, uint16_t{1400}})
    {
        SiteToSite::Options options;
        options.wanMtu = wan;
        BothWays both(options);
        testing::UdpInbox sun(both.run.sites.sun, false, PORT);
        testing::SendUdpAt(
            Seconds(5), both.run.sites.moon, BEHIND_SUN, PORT, std::string(3900, 'x'));
        both.run.Run(6);
        ASSERT_EQ(sun.datagrams.size(), 1u);
        // IPv4, ESP, IV and ICV of GCM, and a trailer of at least two octets.
        EXPECT_LE(both.moonDevice->GetMtu(), wan - 54);
        EXPECT_GE(both.moonDevice->GetMtu(), wan - 57);
        EXPECT_LE(both.largest, wan);
        EXPECT_GE(both.largest, wan - 4u);
        EXPECT_EQ(both.SentBy("routed"), 3u) << "fragments go in, none is made behind";
        EXPECT_EQ(both.clear, 0u);
    }
}

// The child carries anything, but its peer is not to pretend that it is somebody else's.
TEST(RouteBased, TakesFromADeviceWhatItLeadsTo)
{
    for (const bool theirs : {true, false})
    {
        BothWays both;
        testing::UdpInbox alice(both.run.sites.alice, false, PORT);
        const ikelab::Buffer packet =
            testing::MakeUdpPacket(theirs ? BEHIND_SUN : both.run.sites.bobAddress,
                                   both.run.sites.aliceAddress,
                                   PORT,
                                   "from the device");
        Simulator::Schedule(
            Seconds(5),
            [&]()
            { both.sunDevice->Send(flat::ToPacket(packet), Address(), compat::ETHERTYPE_IPV4); });
        both.run.Run(6);
        EXPECT_EQ(both.outOfMoon, 1u);
        EXPECT_EQ(alice.datagrams.size(), theirs ? 1u : 0u);
    }
}

// The path is that of both children, and whoever hears of it first tells for both.
TEST(RouteBased, FitsTheDevicesMtuToWhatAnotherSaLearns)
{
    SiteToSite::Options options;
    options.outerV6 = true; // whose routers tell
    options.farMtu = 1400;
    BothWays both(options);
    both.run.Run(4);
    EXPECT_GT(both.moonDevice->GetMtu(), 1400u);
    testing::SendUdpAt(
        Seconds(5), both.run.sites.alice, both.run.sites.bobAddress, PORT, std::string(1330, 'x'));
    both.run.Run(8);
    EXPECT_EQ(both.SentBy("routed"), 0u);
    EXPECT_LE(both.moonDevice->GetMtu(), 1400u - 74);
    EXPECT_GE(both.moonDevice->GetMtu(), 1400u - 77);
}

// RFC 8200 §5: no IPv6 link may have less, so what does not fit is fragmented outside.
TEST(RouteBased, LeavesIpv6ItsLeastMtu)
{
    SiteToSite::Options options;
    options.wanMtu = 1280;
    BothWays both(options);
    both.run.sites.moon->GetObject<Ipv6>()->AddInterface(both.moonDevice);
    both.run.Run(6);
    EXPECT_EQ(both.moonDevice->GetMtu(), 1280u);
    EXPECT_LT(both.sunDevice->GetMtu(), 1280u) << "which has IPv4 alone";
}

} // namespace

} // namespace ns3
