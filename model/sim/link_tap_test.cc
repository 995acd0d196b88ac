// SPDX-License-Identifier: GPL-2.0-only
#include "base/hex.h"
#include "sim/flat_packet.h"
#include "sim/link_tap.h"
#include "sim/testing/site_to_site.h"

#include "ns3/fd-net-device.h"
#include "ns3/global-value.h"
#include "ns3/mac48-address.h"
#include "ns3/simulator.h"
#include "ns3/string.h"

#include <gtest/gtest.h>

#include <map>
#include <sys/socket.h>
#include <unistd.h>

namespace ns3
{

namespace
{

struct Seen
{
    uint32_t tap;
    bool sent;
    TapLinkType linkType;
    ikelab::Instant time;
    uint64_t packetId;
    ikelab::Buffer octets;
};

std::vector<Seen>
Watch(const std::function<void()>& traffic)
{
    std::vector<Seen> seen;
    LinkTap tap(
        [&](const TapFrame& frame)
        {
            seen.push_back({frame.tap,
                            frame.sent,
                            frame.linkType,
                            frame.time,
                            frame.packetId,
                            ikelab::ToBuffer(frame.data)});
        });
    tap.WatchAll();
    traffic();
    Simulator::Stop(Seconds(3));
    Simulator::Run();
    return seen;
}

TEST(LinkTap, SeesAPacketAtBothEndsOfEveryLinkInOrder)
{
    testing::SiteToSite sites({});
    const auto seen = Watch(
        [&]() { testing::SendUdpAt(Seconds(1), sites.alice, sites.bobAddress, 9, "octets"); });
    std::vector<Seen> journey;
    for (const Seen& one : seen)
    {
        if (testing::Holds(one.octets, "octets") && journey.size() < 6)
        {
            journey.push_back(one);
        }
    }
    ASSERT_EQ(journey.size(), 6u);
    for (size_t i = 0; i < journey.size(); ++i)
    {
        EXPECT_EQ(journey[i].sent, i % 2 == 0);
        EXPECT_EQ(journey[i].packetId, journey[0].packetId);
        EXPECT_TRUE(i == 0 || journey[i].time >= journey[i - 1].time);
    }
    EXPECT_EQ(journey[0].linkType, TapLinkType::ETHERNET);
    EXPECT_EQ(journey[2].linkType, TapLinkType::RAW);
    // RAW begins with the IP header, Ethernet has 14 octets before and a checksum behind.
    EXPECT_EQ(flat::ReadEnds(journey[2].octets)->destination, sites.bobAddress);
    EXPECT_EQ(flat::ReadEnds(ikelab::Bytes(journey[0].octets).subspan(14))->source,
              sites.aliceAddress);
    EXPECT_EQ(journey[3].time - journey[2].time >= std::chrono::milliseconds(10), true);
}

TEST(LinkTap, SeesWhatALinkLosesOnlyWhereItWasSent)
{
    testing::SiteToSite::Options options;
    options.loss = 1;
    testing::SiteToSite sites(options);
    unsigned sent = 0;
    unsigned received = 0;
    for (const Seen& one : Watch(
             [&]() { testing::SendUdpAt(Seconds(1), sites.alice, sites.bobAddress, 9, "octets"); }))
    {
        if (one.linkType == TapLinkType::RAW && testing::Holds(one.octets, "octets"))
        {
            (one.sent ? sent : received) += 1;
        }
    }
    EXPECT_EQ(sent, 1u);
    EXPECT_EQ(received, 0u);
}

TEST(LinkTap, WatchesNothingTwiceAndStopsWithTheTap)
{
    testing::SiteToSite sites({});
    unsigned frames = 0;
    {
        LinkTap tap([&](const TapFrame&) { ++frames; });
        EXPECT_EQ(tap.Watch(sites.wan.Get(0)), tap.Watch(sites.wan.Get(0)));
        EXPECT_NE(tap.Watch(sites.wan.Get(0)), tap.Watch(sites.wan.Get(1)));
        testing::SendUdpAt(Seconds(0.5), sites.moon, sites.sunOutside, 9, "x");
        Simulator::Stop(Seconds(1));
        Simulator::Run();
    }
    EXPECT_GT(frames, 0u);
    const unsigned before = frames;
    testing::SendUdpAt(Seconds(0.5), sites.moon, sites.sunOutside, 9, "x");
    Simulator::Stop(Seconds(1));
    Simulator::Run();
    EXPECT_EQ(frames, before);
}

TEST(LinkTap, NumbersPacketsFromItsOwnMaking)
{
    uint64_t first[2];
    for (uint64_t& id : first)
    {
        testing::SiteToSite sites({});
        const auto seen = Watch(
            [&]() { testing::SendUdpAt(Seconds(1), sites.alice, sites.bobAddress, 9, "octets"); });
        ASSERT_FALSE(seen.empty());
        id = seen.back().packetId;
    }
    EXPECT_EQ(first[0], first[1]);
}

/// What a real clock needs, and the simulator as it was before.
class RealTime
{
  public:
    RealTime()
    {
        Bind("ns3::RealtimeSimulatorImpl");
    }

    ~RealTime()
    {
        Simulator::Destroy();
        Bind("ns3::DefaultSimulatorImpl");
    }

    RealTime(const RealTime&) = delete;
    RealTime& operator=(const RealTime&) = delete;

  private:
    static void
    Bind(const char* implementation)
    {
        GlobalValue::Bind("SimulatorImplementationType", StringValue(implementation));
    }
};

TEST(LinkTap, SeesBothDirectionsOfADeviceThatLeadsOutside)
{
    const RealTime clock;
    int ends[2]; // one end in place of a TAP device; the other is the world outside
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    auto node = CreateObject<Node>();
    auto device = CreateObject<FdNetDevice>();
    device->SetAddress(Mac48Address("02:00:00:00:00:01"));
    device->SetFileDescriptor(ends[0]); // which it closes
    node->AddDevice(device);

    std::vector<Seen> seen;
    LinkTap tap(
        [&](const TapFrame& frame)
        {
            seen.push_back({frame.tap,
                            frame.sent,
                            frame.linkType,
                            frame.time,
                            frame.packetId,
                            ikelab::ToBuffer(frame.data)});
        });
    ASSERT_TRUE(LinkTap::CanWatch(device));
    tap.WatchAll();
    const ikelab::Buffer incoming = ikelab::Hex("020000000001 020000000002 0800 0a0b0c");
    Simulator::Schedule(MilliSeconds(50),
                        [&]
                        {
                            const uint8_t octets[] = {1, 2, 3};
                            device->Send(Create<Packet>(octets, sizeof octets),
                                         Mac48Address("02:00:00:00:00:02"),
                                         0x0800);
                        });
    Simulator::Schedule(MilliSeconds(100),
                        [&] { ASSERT_EQ(::write(ends[1], incoming.data(), incoming.size()), 17); });
    Simulator::Stop(MilliSeconds(300));
    Simulator::Run();

    ikelab::Buffer outgoing(100);
    const ssize_t got = ::recv(ends[1], outgoing.data(), outgoing.size(), MSG_DONTWAIT);
    ASSERT_EQ(got, 17);
    outgoing.resize(17);
    EXPECT_EQ(outgoing, ikelab::Hex("020000000002 020000000001 0800 010203"));
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_TRUE(seen[0].sent);
    EXPECT_EQ(seen[0].octets, outgoing);
    EXPECT_FALSE(seen[1].sent);
    EXPECT_EQ(seen[1].octets, incoming);
    EXPECT_EQ(seen[0].linkType, TapLinkType::ETHERNET);
    ::close(ends[1]);
}

} // namespace

} // namespace ns3
