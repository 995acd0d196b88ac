// SPDX-License-Identifier: GPL-2.0-only
#include "runner/flow.h"
#include "runner/network.h"
#include "runner/testing/story.h"

#include "ns3/nstime.h"
#include "ns3/simulator.h"

namespace ikelab::runner
{

namespace
{

using namespace std::chrono_literals;
using namespace testing;

/// A network without IPsec: hosts, routers and the flows between them.
class FlowTest : public ::testing::Test
{
  protected:
    ~FlowTest() override
    {
        m_drivers.clear();
        m_network.reset();
        ns3::Simulator::Destroy();
    }

    void
    Build(std::initializer_list<std::string_view> changes)
    {
        m_scenario = ReadStory(changes);
        m_network = std::make_unique<Network>(m_scenario, m_scenario.seed);
        m_network->AddRoutes();
        for (size_t i = 0; i < m_scenario.flows.size(); ++i)
        {
            const Flow& flow = m_scenario.flows[i];
            m_drivers.push_back(FlowDriver::Make(
                flow, i, m_network->GetNode(flow.from), m_network->GetNode(flow.to)));
            m_drivers.back()->Start();
        }
    }

    void
    Switch(bool up)
    {
        LinkChange change;
        change.link = WAN;
        change.up = up;
        m_network->Apply(change);
    }

    FlowResult
    Run(size_t flow = 0)
    {
        ns3::Simulator::Stop(ns3::NanoSeconds(m_scenario.duration.count()));
        ns3::Simulator::Run();
        return m_drivers[flow]->Result();
    }

    Scenario m_scenario;
    std::unique_ptr<Network> m_network;
    std::vector<std::unique_ptr<FlowDriver>> m_drivers;
};

/// The story's line without loss, and one flow.
constexpr std::string_view NO_LOSS = "links.wan.loss=0%";
constexpr std::string_view NO_GATEWAYS = "connections=null";

TEST_F(FlowTest, APingCountsWhatCameBackAndHowLongItTook)
{
    Build({NO_GATEWAYS,
           NO_LOSS,
           "traffic={\"ping\": {\"kind\": \"ping\", \"from\": \"alice\", \"to\": \"bob\", "
           "\"start\": \"1s\", \"count\": 3, \"interval\": \"500ms\", \"size\": 100}}"});
    const FlowResult result = Run();
    EXPECT_EQ(result.sent, 3u);
    EXPECT_EQ(result.received, 3u);
    EXPECT_EQ(result.octets, 300u);
    EXPECT_EQ(result.firstSent, Duration{1s});
    EXPECT_EQ(result.trips.at(2).sent, Duration{2s});
    EXPECT_GE(result.trips.at(0).took, Duration{80ms});
    EXPECT_LT(result.trips.at(0).took, Duration{81ms});
    EXPECT_GE(result.longestGap, Duration{500ms});
    EXPECT_LT(result.longestGap, Duration{501ms});
}

TEST_F(FlowTest, ARouterPingsFromItsFarSide)
{
    for (const char* family : {"ipv4", "ipv6"})
    {
        SCOPED_TRACE(family);
        const std::string flow = "traffic={\"ping\": {\"kind\": \"ping\", \"from\": \"moon/lan\", "
                                 "\"to\": \"bob\", \"count\": 2, \"family\": \"" +
                                 std::string(family) + "\"}}";
        Build({NO_GATEWAYS,
               NO_LOSS,
               "/links/wan/ends={\"moon/wan\": [\"192.0.2.1/24\", \"fd00::1/64\"], \"sun/wan\": "
               "[\"192.0.2.2/24\", \"fd00::2/64\"]}",
               flow});
        EXPECT_EQ(Run().received, 2u);
        m_drivers.clear();
        m_network.reset();
        ns3::Simulator::Destroy();
    }
}

TEST_F(FlowTest, APingThatIsNotAnsweredIsLost)
{
    Build({NO_GATEWAYS,
           "links.wan.loss=100%",
           "traffic={\"ping\": {\"kind\": \"ping\", \"from\": \"alice\", \"to\": \"bob\", "
           "\"count\": 3}}"});
    const FlowResult result = Run();
    EXPECT_EQ(result.sent, 3u);
    EXPECT_EQ(result.received, 0u);
    EXPECT_FALSE(result.lastReceived);
    EXPECT_FALSE(result.trips.at(0).took);
}

TEST_F(FlowTest, TwoPingsOfOneHostDoNotTakeEachOthersAnswers)
{
    Build({NO_GATEWAYS,
           NO_LOSS,
           "traffic={\"a\": {\"kind\": \"ping\", \"from\": \"alice\", \"to\": \"bob\", \"count\": "
           "2}, \"b\": {\"kind\": \"ping\", \"from\": \"alice\", \"to\": \"bob\", \"count\": 4}}"});
    EXPECT_EQ(Run(0).received, 2u);
    EXPECT_EQ(m_drivers[1]->Result().received, 4u);
    EXPECT_EQ(m_drivers[1]->Result().duplicates, 0u);
}

TEST_F(FlowTest, UdpGoesOneWay)
{
    Build({NO_GATEWAYS,
           NO_LOSS,
           "traffic={\"voice\": {\"kind\": \"udp\", \"from\": \"bob\", \"to\": \"alice\", "
           "\"count\": 50, \"interval\": \"20ms\", \"size\": 160, \"family\": \"ipv4\"}}"});
    const FlowResult result = Run();
    EXPECT_EQ(result.sent, 50u);
    EXPECT_EQ(result.received, 50u);
    EXPECT_EQ(result.octets, 50u * 160);
    EXPECT_GE(result.trips.at(0).took, Duration{40ms});
    EXPECT_LT(result.trips.at(0).took, Duration{41ms});
}

TEST_F(FlowTest, TcpDeliversAllOverALineThatLoses)
{
    Build({NO_GATEWAYS,
           "traffic={\"file\": {\"kind\": \"tcp\", \"from\": \"alice\", \"to\": \"bob\", "
           "\"bytes\": 100000}}"});
    const FlowResult result = Run();
    EXPECT_EQ(result.sent, 100'000u);
    EXPECT_EQ(result.octets, 100'000u);
    ASSERT_TRUE(result.lastReceived);
    EXPECT_GT(*result.lastReceived, Duration{1120ms}) << "three ways at least";
}

TEST_F(FlowTest, TcpOverALineThatIsDownDeliversNothing)
{
    Build({NO_GATEWAYS,
           "links.wan.loss=100%",
           "traffic={\"file\": {\"kind\": \"tcp\", \"from\": \"alice\", \"to\": \"bob\"}}"});
    const FlowResult result = Run();
    EXPECT_EQ(result.octets, 0u);
    EXPECT_FALSE(result.lastReceived);
    EXPECT_TRUE(result.firstSent);
}

TEST_F(FlowTest, ALinkThatGoesDownTakesItsPacketsWithIt)
{
    Build({NO_GATEWAYS,
           NO_LOSS,
           "traffic={\"ping\": {\"kind\": \"ping\", \"from\": \"alice\", \"to\": \"bob\", "
           "\"start\": \"1s\", \"count\": 6}}"});
    ns3::Simulator::Schedule(ns3::MilliSeconds(2500), [this] { Switch(false); });
    ns3::Simulator::Schedule(ns3::MilliSeconds(4500), [this] { Switch(true); });
    const FlowResult result = Run();
    EXPECT_EQ(result.received, 4u);
    EXPECT_FALSE(result.trips.at(2).took);
    EXPECT_FALSE(result.trips.at(3).took);
    EXPECT_GT(result.longestGap, Duration{2900ms});
}

TEST_F(FlowTest, ALongerLinkTakesLonger)
{
    Build({NO_GATEWAYS,
           NO_LOSS,
           "traffic={\"ping\": {\"kind\": \"ping\", \"from\": \"alice\", \"to\": \"bob\", "
           "\"start\": \"1s\", \"count\": 2}}"});
    ns3::Simulator::Schedule(ns3::MilliSeconds(1500),
                             [this]
                             {
                                 LinkChange change;
                                 change.link = WAN;
                                 change.delay = 200ms;
                                 m_network->Apply(change);
                             });
    const FlowResult result = Run();
    EXPECT_LT(result.trips.at(0).took, Duration{81ms});
    EXPECT_GT(result.trips.at(1).took, Duration{400ms});
}

} // namespace

} // namespace ikelab::runner
