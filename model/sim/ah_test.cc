// SPDX-License-Identifier: GPL-2.0-only
#include "gateway/config.h"
#include "sim/ah_l4_protocol.h"
#include "sim/flat_packet.h"
#include "sim/ike_application.h"
#include "sim/testing/gateway_sites.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Child SAs with AH in ns-3.
namespace ns3
{

namespace
{

using testing::GatewaySites;
using testing::SiteToSite;

constexpr uint16_t PORT = 9;

void
UseAh(ikelab::gateway::Config& config, ikelab::ike::Mode mode = ikelab::ike::Mode::TUNNEL)
{
    testing::ChangeChild(config,
                         [mode](ikelab::ike::ChildConfig& child)
                         {
                             child.espProposals = {
                                 ikelab::gateway::ReadAhProposal("sha256").value()};
                             child.mode = mode;
                         });
}

/// The protocol of an IP packet, behind a fragment header.
int
ProtocolOf(ikelab::Bytes packet)
{
    constexpr uint8_t FRAGMENT = 44;
    const uint8_t next = packet[flat::Version(packet) == 4 ? 9 : 6];
    return next == FRAGMENT ? packet[flat::IPV6_HEADER_OCTETS] : next;
}

class AhInNs3 : public ::testing::TestWithParam<SiteToSite::Options>
{
};

TEST_P(AhInNs3, TunnelsSmallAndFragmentedPacketsBothWays)
{
    GatewaySites run(GetParam(),
                     [](SiteToSite&, auto& moon, auto& sun)
                     {
                         UseAh(moon);
                         UseAh(sun);
                     });
    size_t frames = 0;
    run.Watch(
        [&](const TapFrame& frame)
        {
            if (run.sites.OnWan(frame.device) && ProtocolOf(frame.data) == flat::PROTOCOL_AH)
            {
                ++frames;
            }
        });
    testing::UdpInbox bob(run.sites.bob, GetParam().innerV6, PORT);
    testing::UdpInbox alice(run.sites.alice, GetParam().innerV6, PORT);
    const std::string large(1460, 'x'); // a packet of 1500 octets at most, more with AH
    testing::SendUdpAt(Seconds(3), run.sites.alice, run.sites.bobAddress, PORT, "there");
    testing::SendUdpAt(Seconds(4), run.sites.bob, run.sites.aliceAddress, PORT, "back");
    testing::SendUdpAt(Seconds(5), run.sites.alice, run.sites.bobAddress, PORT, large);
    testing::SendUdpAt(Seconds(6), run.sites.alice, run.sites.bobAddress, PORT, large);
    run.Run(8);
    EXPECT_EQ(run.moon->List().at(0).children.at(0).suite.ToString(),
              "HMAC_SHA2_256_128/NO_EXT_SEQ");
    // Routers do not fragment IPv6: its first one is refused, and its sender told how much fits.
    const size_t largeOnes = GetParam().innerV6 ? 1 : 2;
    ASSERT_EQ(bob.datagrams.size(), 1 + largeOnes);
    EXPECT_EQ(bob.datagrams.front(), "there");
    EXPECT_TRUE(bob.datagrams.back() == large);
    EXPECT_THAT(alice.datagrams, ::testing::ElementsAre("back"));
    EXPECT_EQ(run.sun->GetCounters().integrityFailures, 0u);
    EXPECT_EQ(run.moon->GetCounters().integrityFailures, 0u);
    // Each frame is seen as it leaves and as it comes.
    EXPECT_GE(frames, 2 * (2 + 2 * largeOnes)) << "the large ones in two pieces";
}

INSTANTIATE_TEST_SUITE_P(Families,
                         AhInNs3,
                         ::testing::Values(SiteToSite::Options{},
                                           SiteToSite::Options{.outerV6 = true},
                                           SiteToSite::Options{.innerV6 = true, .outerV6 = true}),
                         [](const auto& options)
                         {
                             return std::string(options.param.innerV6 ? "V6In" : "V4In") +
                                    (options.param.outerV6 ? "V6" : "V4");
                         });

// RFC 4302 §3.4.1: whichever fragment came last, what was put together is none.
TEST(AhL4Protocol, TellsOfAWholePacket)
{
    const auto protocol = CreateObject<AhL4Protocol>();
    size_t heard = 0;
    protocol->SetSinks(
        [&](const Packet&, const Ipv4Header& header)
        {
            ++heard;
            EXPECT_EQ(header.GetFragmentOffset(), 0);
            EXPECT_TRUE(header.IsLastFragment());
        },
        nullptr);
    Ipv4Header first;
    first.SetMoreFragments();
    Ipv4Header last;
    last.SetLastFragment();
    last.SetFragmentOffset(800);
    for (const Ipv4Header& header : {first, last})
    {
        protocol->Receive(Create<Packet>(10), header, Ptr<Ipv4Interface>());
    }
    EXPECT_EQ(heard, 2u);
}

class AhTransport : public ::testing::TestWithParam<bool>
{
};

TEST_P(AhTransport, ProtectsWhatTheGatewaysSendEachOther)
{
    const bool v6 = GetParam();
    const auto narrow = [](ikelab::gateway::Config& config,
                           const ikelab::IpAddress& local,
                           const ikelab::IpAddress& remote)
    {
        UseAh(config, ikelab::ike::Mode::TRANSPORT);
        testing::ChangeChild(config,
                             [&](ikelab::ike::ChildConfig& child)
                             {
                                 child.localTs = {ikelab::Selector{{local, local}}};
                                 child.remoteTs = {ikelab::Selector{{remote, remote}}};
                             });
    };
    GatewaySites run({.outerV6 = v6},
                     [&](SiteToSite& sites, auto& moon, auto& sun)
                     {
                         narrow(moon, sites.moonOutside, sites.sunOutside);
                         narrow(sun, sites.sunOutside, sites.moonOutside);
                     });
    testing::UdpInbox inbox(run.sites.sun, v6, PORT);
    const std::string large(4000, 'x');
    testing::SendUdpAt(Seconds(3), run.sites.moon, run.sites.sunOutside, PORT, "octets");
    testing::SendUdpAt(Seconds(4), run.sites.moon, run.sites.sunOutside, PORT, large);
    run.Run(6);
    ASSERT_EQ(run.moon->List().at(0).children.size(), 1u);
    ASSERT_EQ(inbox.datagrams.size(), 2u);
    EXPECT_EQ(inbox.datagrams.front(), "octets");
    EXPECT_TRUE(inbox.datagrams.back() == large);
    EXPECT_EQ(run.moon->GetCounters().protectedPackets, 2u);
    EXPECT_EQ(run.sun->GetCounters().deliveredPackets, 2u);
}

INSTANTIATE_TEST_SUITE_P(Families,
                         AhTransport,
                         ::testing::Bool(),
                         [](const auto& v6) { return v6.param ? "V6" : "V4"; });

} // namespace

} // namespace ns3
