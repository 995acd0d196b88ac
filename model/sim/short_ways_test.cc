// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flat_packet.h"
#include "sim/ipsec_stack.h"
#include "sim/testing/gateway_sites.h"
#include "sim/testing/site_to_site.h"

#include "ns3/boolean.h"
#include "ns3/drop-tail-queue.h"
#include "ns3/ipv4-l3-protocol.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/traffic-control-helper.h"
#include "ns3/traffic-control-layer.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

/**
 * What does not walk through ns-3's IP layer a second time is still seen by all that must see it.
 */
namespace ns3
{

namespace
{

using testing::GatewaySites;
using testing::SendUdpAt;
using testing::SiteToSite;
using testing::UdpInbox;

constexpr uint16_t PORT = 4711;
constexpr size_t DATAGRAMS = 20;
const Time FIRST = Seconds(3);
const std::string TEXT(900, 'T');

void
SendAll(GatewaySites& run)
{
    for (size_t i = 0; i < DATAGRAMS; ++i)
    {
        SendUdpAt(FIRST, run.sites.moon, run.sites.sunInside, PORT, TEXT);
    }
}

/// Packets of ESP that the trace of a node's IP layer shows.
class EspTrace
{
  public:
    EspTrace(const Ptr<Node>& node, const std::string& trace)
    {
        node->GetObject<Ipv4L3Protocol>()->TraceConnectWithoutContext(
            trace,
            Callback<void, Ptr<const Packet>, Ptr<Ipv4>, uint32_t>(
                [this](Ptr<const Packet> packet, Ptr<Ipv4>, uint32_t)
                {
                    Ipv4Header header;
                    packet->PeekHeader(header);
                    packets += header.GetProtocol() == flat::PROTOCOL_ESP ? 1 : 0;
                }));
    }

    size_t packets{0};
};

class ShortWays : public ::testing::TestWithParam<bool>
{
};

TEST_P(ShortWays, DecideWhatTheTracesOfTheIpLayerShow)
{
    const bool isShort = GetParam();
    GatewaySites run({});
    for (const Ptr<Node>& node : {run.sites.moon, run.sites.sun})
    {
        node->GetObject<IpsecStack>()->SetAttribute("ShortInput", BooleanValue(isShort));
        node->GetObject<IpsecStack>()->SetAttribute("ShortOutput", BooleanValue(isShort));
    }
    const EspTrace left(run.sites.moon, "Tx");
    const EspTrace came(run.sites.sun, "Rx");
    const UdpInbox inbox(run.sites.sun, false, PORT);
    SendAll(run);
    run.Run(5);
    EXPECT_EQ(inbox.datagrams.size(), DATAGRAMS);
    EXPECT_EQ(left.packets, isShort ? 0 : DATAGRAMS);
    EXPECT_EQ(came.packets, isShort ? 0 : DATAGRAMS);
}

INSTANTIATE_TEST_SUITE_P(OnAndOff,
                         ShortWays,
                         ::testing::Bool(),
                         [](const auto& way) { return way.param ? "On" : "Off"; });

TEST(ShortOutput, AQueueingDisciplineSeesSealedPackets)
{
    GatewaySites run({});
    Ptr<NetDevice> device = run.sites.wan.Get(0);
    TrafficControlHelper helper;
    helper.SetRootQueueDisc("ns3::PfifoFastQueueDisc");
    const QueueDiscContainer disciplines = helper.Install(device);
    const UdpInbox inbox(run.sites.sun, false, PORT);
    SendAll(run);
    run.Run(2.9);
    const uint32_t before = disciplines.Get(0)->GetStats().nTotalReceivedPackets;
    EXPECT_GT(before, 0u); // IKE
    run.Run(2);
    EXPECT_EQ(inbox.datagrams.size(), DATAGRAMS);
    EXPECT_EQ(disciplines.Get(0)->GetStats().nTotalReceivedPackets - before, DATAGRAMS);
}

TEST(ShortOutput, WhatAStoppedDeviceCannotTakeIsDroppedBeforeIt)
{
    SiteToSite::Options options;
    options.rate = "1Mbps";
    GatewaySites run(options);
    auto device = DynamicCast<PointToPointNetDevice>(run.sites.wan.Get(0));
    device->GetQueue()->SetMaxSize(QueueSize("3p"));
    size_t before = 0;
    size_t inDevice = 0;
    run.sites.moon->GetObject<TrafficControlLayer>()->TraceConnectWithoutContext(
        "TcDrop", Callback<void, Ptr<const Packet>>([&](Ptr<const Packet>) { ++before; }));
    device->TraceConnectWithoutContext(
        "MacTxDrop", Callback<void, Ptr<const Packet>>([&](Ptr<const Packet>) { ++inDevice; }));
    const UdpInbox inbox(run.sites.sun, false, PORT);
    SendAll(run);
    run.Run(5);
    EXPECT_GT(before, 0u);
    EXPECT_EQ(inDevice, 0u);
    EXPECT_EQ(inbox.datagrams.size() + before, DATAGRAMS);
}

} // namespace

} // namespace ns3
