// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flat_packet.h"
#include "sim/testing/gateway_sites.h"

#include "ns3/boolean.h"
#include "ns3/simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

/**
 * Watches every link while protected traffic of every kind is sent before the SAs are there, while
 * they are up and after they were deleted, and looks for any of it in clear on the WAN: the
 * payloads' mark, the protected pairs of addresses as a header would hold them, and the mark cut
 * off as an ICMP error would cut it.
 */
namespace ns3
{

namespace
{

using testing::GatewaySites;
using testing::SiteToSite;

const std::string MARK = "PROTECTED";
constexpr uint16_t PORT = 9;

struct Case
{
    uint32_t seed;
    bool innerV6;
    bool outerV6;
    double loss;
    bool encap{false};   ///< ESP in UDP
    bool mallory{false}; ///< the WAN is a shared link, with ARP and neighbour discovery
};

std::ostream&
operator<<(std::ostream& stream, const Case& c)
{
    return stream << "seed " << c.seed << ", IPv" << (c.innerV6 ? 6 : 4) << " in IPv"
                  << (c.outerV6 ? 6 : 4) << ", loss " << c.loss << (c.encap ? ", UDP" : "")
                  << (c.mallory ? ", shared WAN" : "");
}

std::string
AsText(ikelab::Bytes octets)
{
    return std::string(octets.begin(), octets.end());
}

class LeakRun
{
  public:
    LeakRun(const Case& c, bool policy)
        : m_sites(Options(c),
                  [&](SiteToSite&, ikelab::gateway::Config& moon, ikelab::gateway::Config&)
                  {
                      auto connection = std::make_shared<ikelab::ike::ConnectionConfig>(
                          *moon.ike.connections.front());
                      connection->encap = c.encap;
                      moon.ike.connections.front() = connection;
                  })
    {
        SiteToSite& sites = m_sites.sites;
        for (const auto& gateway : {m_sites.moon, m_sites.sun})
        {
            gateway->GetStack()->SetAttribute("Policy", BooleanValue(policy));
        }
        // Source and destination stand side by side in both versions' headers.
        const std::vector<ikelab::IpAddress> left{sites.aliceAddress, sites.moonInside};
        const std::vector<ikelab::IpAddress> right{sites.bobAddress, sites.sunInside};
        for (const auto& l : left)
        {
            for (const auto& r : right)
            {
                m_patterns.push_back(AsText(l.Octets()) + AsText(r.Octets()));
                m_patterns.push_back(AsText(r.Octets()) + AsText(l.Octets()));
            }
        }
        m_patterns.push_back(MARK);
        m_sites.Watch([this](const TapFrame& frame) { See(frame); });
        m_sites.moon->TraceConnectWithoutContext(
            "ChildSaInstalled",
            Callback<void, const ikelab::ike::ChildSaInstalled&>(
                [this](const ikelab::ike::ChildSaInstalled&) { ++installed; }));
        const bool v6 = c.innerV6;
        m_bob = std::make_unique<testing::UdpInbox>(sites.bob, v6, PORT);
        m_alice = std::make_unique<testing::UdpInbox>(sites.alice, v6, PORT);
        m_replies = std::make_unique<testing::IcmpInbox>(sites.moon, v6, v6 ? 129 : 0);
        m_tcp = std::make_unique<testing::TcpInbox>(sites.bob, v6, PORT);
        // Streams that begin before the SAs are there and go on when they are gone, one from a
        // host, one from the gateway itself.
        for (const auto& from : {sites.alice, sites.moon})
        {
            testing::StreamTcpAt(Seconds(0.2), from, sites.bobAddress, PORT, MARK);
        }
        // Before: 0 to 1 s. During the handshake and while it is up: 1 to 60 s. The Delete: 60 s.
        for (const double at : {0.1,
                                0.5,
                                0.9,
                                1.001,
                                1.01,
                                1.02,
                                1.05,
                                30.0,
                                31.0,
                                32.0,
                                45.0,
                                60.0001,
                                60.01,
                                60.03,
                                61.0,
                                65.0})
        {
            Burst(at, v6);
        }
        Simulator::Schedule(Seconds(60), [this]() { m_sites.moon->Shutdown(); });
    }

    void
    Run()
    {
        m_sites.Run(70);
        delivered = m_bob->datagrams.size() + m_alice->datagrams.size();
        pings = m_replies->messages.size();
        streamed = m_tcp->octets.size();
        m_tcp.reset();
        m_bob.reset();
        m_alice.reset();
        m_replies.reset();
    }

    std::vector<std::string> leaks; ///< what was found and where
    unsigned wanFrames{0};
    unsigned lanMarks{0};
    unsigned installed{0};
    size_t delivered{0};
    size_t pings{0};
    size_t streamed{0}; ///< octets of both TCP streams

  private:
    static SiteToSite::Options
    Options(const Case& c)
    {
        SiteToSite::Options options;
        options.seed = c.seed;
        options.innerV6 = c.innerV6;
        options.outerV6 = c.outerV6;
        options.loss = c.loss;
        options.mallory = c.mallory;
        return options;
    }

    /// Every kind of traffic that policy protects, both ways.
    void
    Burst(double at, bool v6)
    {
        SiteToSite& s = m_sites.sites;
        const Time time = Seconds(at);
        const std::string large = MARK + std::string(2000, 'x') + MARK;
        // Hosts, through the gateways; large ones in fragments.
        testing::SendUdpAt(time, s.alice, s.bobAddress, PORT, MARK);
        testing::SendUdpAt(time, s.bob, s.aliceAddress, PORT, MARK);
        testing::SendUdpAt(time, s.alice, s.bobAddress, PORT, large);
        testing::PingAt(time, s.alice, s.bobAddress, MARK);
        testing::PingAt(time, s.bob, s.moonInside, MARK);
        // The gateways themselves: raw sockets, UDP, and UDP bound to the WAN.
        testing::PingAt(time, s.moon, s.bobAddress, MARK);
        testing::PingAt(time, s.sun, s.aliceAddress, MARK);
        testing::PingAt(time, s.moon, s.sunInside, MARK);
        testing::SendUdpAt(time, s.moon, s.bobAddress, PORT, large);
        // Nobody listens there: an ICMP error with the packet inside comes back.
        testing::SendUdpAt(time, s.alice, s.bobAddress, PORT + 1, MARK);
        testing::SendUdpAt(time, s.bob, s.moonInside, PORT + 1, MARK);
        // No hop left behind the tunnel: the gateway itself tells.
        for (const uint8_t ttl : {1, 2, 3})
        {
            testing::SendFrameAt(
                time,
                s.leftLan.Get(0),
                s.leftLan.Get(1),
                testing::MakeUdpPacket(s.aliceAddress, s.bobAddress, PORT, MARK, ttl));
            testing::SendFrameAt(
                time,
                s.rightLan.Get(1),
                s.rightLan.Get(0),
                testing::MakeUdpPacket(s.bobAddress, s.aliceAddress, PORT, MARK, ttl));
        }
        // Nobody lives there: neighbour discovery or ARP fails behind the tunnel.
        testing::SendUdpAt(
            time, s.alice, *ikelab::IpAddress::Parse(v6 ? "fd02::99" : "10.2.0.99"), PORT, MARK);
    }

    void
    See(const TapFrame& frame)
    {
        const bool wan = m_sites.sites.OnWan(frame.device);
        wanFrames += wan ? 1 : 0;
        if (!wan)
        {
            lanMarks += testing::Holds(frame.data, MARK) ? 1 : 0;
            return;
        }
        for (const std::string& pattern : m_patterns)
        {
            if (testing::Holds(frame.data, pattern))
            {
                leaks.push_back("at " + std::to_string(frame.time.time_since_epoch().count()) +
                                " ns, " + std::to_string(frame.data.size()) + " octets");
                return;
            }
        }
    }

    GatewaySites m_sites;
    std::vector<std::string> m_patterns;
    std::unique_ptr<testing::UdpInbox> m_bob;
    std::unique_ptr<testing::UdpInbox> m_alice;
    std::unique_ptr<testing::IcmpInbox> m_replies;
    std::unique_ptr<testing::TcpInbox> m_tcp;
};

class Leak : public ::testing::TestWithParam<Case>
{
};

TEST_P(Leak, NoProtectedOctetIsOnTheWanInClear)
{
    LeakRun run(GetParam(), true);
    run.Run();
    EXPECT_THAT(run.leaks, ::testing::IsEmpty()) << "seed " << GetParam().seed;
    // The traffic was there, and it was carried while the SAs were.
    EXPECT_GE(run.installed, 1u);
    EXPECT_GT(run.lanMarks, 100u);
    EXPECT_GT(run.wanFrames, 100u);
    EXPECT_GT(run.delivered, 10u);
    EXPECT_GT(run.pings, 1u);
    EXPECT_GT(run.streamed, 10 * MARK.size());
}

TEST_P(Leak, TheSameRunWithoutPolicyIsFoundLeaking)
{
    LeakRun run(GetParam(), false);
    run.Run();
    EXPECT_GT(run.leaks.size(), 100u);
}

INSTANTIATE_TEST_SUITE_P(Seeds,
                         Leak,
                         ::testing::Values(Case{1, false, false, 0},
                                           Case{2, false, false, 0.1},
                                           Case{3, true, true, 0},
                                           Case{4, true, true, 0.1},
                                           Case{5, true, false, 0},
                                           Case{6, false, true, 0},
                                           Case{7, false, false, 0.3},
                                           Case{8, false, false, 0.1, true},
                                           Case{9, true, true, 0.1, true, true},
                                           Case{10, false, false, 0, false, true}),
                         [](const auto& run) { return "Seed" + std::to_string(run.param.seed); });

} // namespace

} // namespace ns3
