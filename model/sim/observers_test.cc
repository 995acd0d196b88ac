// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/gateway_sites.h"
#include "sim/testing/site_to_site.h"

#include "ns3/config.h"
#include "ns3/csma-helper.h"
#include "ns3/flow-monitor-helper.h"
#include "ns3/flow-monitor.h"
#include "ns3/ipv4-flow-classifier.h"
#include "ns3/pcap-file.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

/**
 * What people watch ns-3 with works on nodes with our stack: FlowMonitor and the helpers' pcap
 * files.
 */
namespace ns3
{

namespace
{

using testing::GatewaySites;
using testing::SendUdpAt;
using testing::SiteToSite;

constexpr uint16_t PORT = 4711;
constexpr size_t DATAGRAMS = 50;
const std::string TEXT(200, 'T');

void
SendAll(Ptr<Node> from, const ikelab::IpAddress& to)
{
    for (size_t i = 0; i < DATAGRAMS; ++i)
    {
        SendUdpAt(Seconds(2) + MilliSeconds(10 * static_cast<int64_t>(i)), from, to, PORT, TEXT);
    }
}

/// All datagrams of hosts and gateways, from end to end.
void
ExpectWholeFlows(GatewaySites& run)
{
    FlowMonitorHelper helper;
    Ptr<FlowMonitor> monitor = helper.InstallAll();
    SendAll(run.sites.alice, run.sites.bobAddress); // three hops, and
    SendAll(run.sites.moon, run.sites.sunInside);   // from gateway to gateway
    run.Run(4);
    monitor->CheckForLostPackets();
    const auto classifier = DynamicCast<Ipv4FlowClassifier>(helper.GetClassifier());
    size_t flows = 0;
    size_t sent = 0;
    for (const auto& [id, stats] : monitor->GetFlowStats())
    {
        const auto tuple = classifier->FindFlow(id);
        if (tuple.destinationPort != PORT)
        {
            continue; // IKE, which is a flow as well
        }
        ++flows; // each datagram has a socket of its own
        sent += stats.txPackets;
        EXPECT_EQ(stats.rxPackets, stats.txPackets);
        EXPECT_EQ(stats.lostPackets, 0u);
        EXPECT_EQ(stats.txBytes, stats.txPackets * (TEXT.size() + 28));
        EXPECT_EQ(stats.rxBytes, stats.txBytes);
        EXPECT_GT(stats.delaySum, MilliSeconds(10)); // the WAN's
    }
    EXPECT_EQ(flows, 2 * DATAGRAMS);
    EXPECT_EQ(sent, 2 * DATAGRAMS);
}

TEST(Observers, FlowMonitorSeesTheFlowsInsideFromEndToEnd)
{
    GatewaySites run({});
    ExpectWholeFlows(run);
}

TEST(Observers, FlowMonitorSeesPacketsThatWaitedForTheirSa)
{
    // They come at once, and ns-3 keeps three while it looks for a neighbour.
    Config::SetDefault("ns3::ArpCache::PendingQueueSize", UintegerValue(DATAGRAMS));
    GatewaySites run({},
                     [](SiteToSite& sites, ikelab::gateway::Config& moon, ikelab::gateway::Config&)
                     { moon = sites.MoonConfig("trap"); });
    ExpectWholeFlows(run);
    EXPECT_GT(run.moon->GetCounters().heldPackets, 2u) << "of both flows";
    Config::SetDefault("ns3::ArpCache::PendingQueueSize", UintegerValue(3));
}

/// How many frames of a file hold this text, and how many ESP.
struct Contents
{
    size_t withText{0};
    size_t esp{0};
};

/// @param linkOctets before the IPv4 header
Contents
ReadFile(const std::filesystem::path& path, size_t linkOctets)
{
    Contents contents;
    PcapFile file;
    file.Open(path.string(), std::ios::in);
    EXPECT_FALSE(file.Fail()) << path;
    std::vector<uint8_t> frame(65536);
    for (;;)
    {
        uint32_t seconds = 0;
        uint32_t fraction = 0;
        uint32_t captured = 0;
        uint32_t original = 0;
        uint32_t read = 0;
        file.Read(frame.data(),
                  static_cast<uint32_t>(frame.size()),
                  seconds,
                  fraction,
                  captured,
                  original,
                  read);
        if (file.Eof() || file.Fail())
        {
            return contents;
        }
        const std::string octets(frame.begin(), frame.begin() + read);
        contents.withText += octets.find(TEXT) != std::string::npos ? 1 : 0;
        contents.esp += read > linkOctets + 9 && frame[linkOctets + 9] == 50 ? 1 : 0;
    }
}

TEST(Observers, PcapFilesShowClearTextInsideAndEspOutside)
{
    const std::filesystem::path folder =
        std::filesystem::path(::testing::TempDir()) / "ikelab-observers";
    std::filesystem::create_directories(folder);
    {
        GatewaySites run({});
        PointToPointHelper().EnablePcap((folder / "wan").string(), run.sites.wan, true);
        const testing::UdpInbox inbox(run.sites.bob, false, PORT); // no errors come back
        CsmaHelper().EnablePcap((folder / "lan").string(), run.sites.rightLan, true);
        SendAll(run.sites.alice, run.sites.bobAddress);
        run.Run(4);
    } // ns-3 writes the files to their ends
    constexpr size_t PPP = 2;
    constexpr size_t ETHERNET = 14;
    size_t files = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder))
    {
        ++files;
        const bool wan = file.path().filename().string().rfind("wan", 0) == 0;
        const Contents contents = ReadFile(file.path(), wan ? PPP : ETHERNET);
        EXPECT_EQ(contents.withText, wan ? 0 : DATAGRAMS) << file.path();
        EXPECT_EQ(contents.esp, wan ? DATAGRAMS : 0) << file.path();
    }
    EXPECT_EQ(files, 4u); // both ends of both links
    std::filesystem::remove_all(folder);
}

} // namespace

} // namespace ns3
