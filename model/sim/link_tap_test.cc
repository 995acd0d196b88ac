// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flat_packet.h"
#include "sim/link_tap.h"
#include "sim/testing/site_to_site.h"

#include "ns3/simulator.h"

#include <gtest/gtest.h>

#include <map>

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

} // namespace

} // namespace ns3
