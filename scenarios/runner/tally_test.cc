// SPDX-License-Identifier: GPL-2.0-only
#include "runner/tally.h"
#include "runner/testing/story.h"

namespace ikelab::runner
{

namespace
{

using namespace std::chrono_literals;
using namespace testing;

ike::ChildSaRemoved
Removed()
{
    ike::ChildSaRemoved event;
    event.child = ChildSaId{1};
    event.sa = IkeSaId{1};
    return event;
}

ike::IkeSaClosed
Closed(bool established)
{
    ike::IkeSaClosed event;
    event.sa = IkeSaId{1};
    event.established = established;
    event.reason = ike::CloseReason::PEER_DEAD;
    return event;
}

gateway::PacketRefused
Refused(Fault fault)
{
    gateway::PacketRefused event;
    event.error = {fault, "ESP"};
    return event;
}

class TallyTest : public ::testing::Test
{
  protected:
    Scenario m_scenario = ReadStory();
    RunResult m_result = MakeResult(m_scenario);
    Tally m_tally{m_result};
};

TEST_F(TallyTest, KeepsTheLifeOfEverySa)
{
    m_tally.OnEvent(At(160), MOON, Established(MOON, 160ms));
    m_tally.OnEvent(At(160), MOON, Installed(MOON, 0xa, 0xb));
    m_tally.OnEvent(At(500), MOON, Removed());
    m_tally.OnEvent(At(500), MOON, Closed(true));
    ASSERT_EQ(m_result.sas.size(), 2u);
    const SaRecord& ike = m_result.sas[0];
    EXPECT_FALSE(ike.child);
    EXPECT_EQ(ike.node, MOON);
    EXPECT_EQ(ike.spiIn, "0000000000000011");
    EXPECT_EQ(ike.established, Duration{160ms});
    EXPECT_EQ(ike.setup, Duration{160ms});
    EXPECT_EQ(ike.closed, Duration{500ms});
    EXPECT_NE(ike.reason, "");
    const SaRecord& child = m_result.sas[1];
    EXPECT_TRUE(child.child);
    EXPECT_EQ(child.name, "net");
    EXPECT_EQ(child.spiIn, "0000000a");
    EXPECT_EQ(child.spiOut, "0000000b");
    EXPECT_EQ(child.closed, Duration{500ms});
    EXPECT_EQ(m_result.gateways[MOON].ikeSasEstablished, 1u);
    EXPECT_EQ(m_result.gateways[MOON].childSasInstalled, 1u);
    EXPECT_EQ(m_result.gateways[MOON].ikeSetupFailures, 0u);
    EXPECT_EQ(m_result.gateways[SUN].ikeSasEstablished, 0u);
}

TEST_F(TallyTest, TellsTheSasOfTwoNodesApart)
{
    m_tally.OnEvent(At(120), SUN, Established(SUN, 80ms));
    m_tally.OnEvent(At(160), MOON, Established(MOON, 160ms));
    m_tally.OnEvent(At(900), SUN, Closed(true));
    EXPECT_EQ(m_result.sas[0].closed, Duration{900ms});
    EXPECT_FALSE(m_result.sas[1].closed);
}

TEST_F(TallyTest, CountsWhatWasSentAgainAndNotWhatWasHeardAgain)
{
    m_tally.OnEvent(At(1), MOON, Message(MOON, true, false, 0));
    m_tally.OnEvent(At(2), MOON, Message(MOON, true, false, 0, 1));
    m_tally.OnEvent(At(3), MOON, Message(MOON, false, true, 0, 1));
    EXPECT_EQ(m_result.gateways[MOON].retransmissions, 1u);
    EXPECT_EQ(m_result.gateways[MOON].lastMessage, Duration{3ms});
    EXPECT_EQ(m_result.gateways[MOON].moments.at("retransmissions"),
              std::vector<Duration>{Duration{2ms}});
}

TEST_F(TallyTest, JoinsRequestAndResponseAtTheEndThatAsks)
{
    m_tally.OnEvent(At(0), MOON, Message(MOON, true, false, 2));
    m_tally.OnEvent(At(40), SUN, Message(SUN, false, false, 2));
    m_tally.OnEvent(At(40), SUN, Message(SUN, true, true, 2));
    m_tally.OnEvent(At(1000), MOON, Message(MOON, true, false, 2, 1));
    m_tally.OnEvent(At(1080), MOON, Message(MOON, false, true, 2));
    m_tally.OnEvent(At(1090), MOON, Message(MOON, false, true, 2)); // the first answer, late
    m_tally.OnEvent(At(2000), MOON, Message(MOON, true, false, 3));
    ASSERT_EQ(m_result.exchanges.size(), 2u);
    const ExchangeRecord& first = m_result.exchanges[0];
    EXPECT_EQ(first.node, MOON);
    EXPECT_EQ(first.exchange, "INFORMATIONAL");
    EXPECT_EQ(first.peer.ToString(), "192.0.2.2");
    EXPECT_EQ(first.retransmissions, 1u);
    EXPECT_EQ(first.sent, Duration{0});
    EXPECT_EQ(first.answered, Duration{1080ms});
    EXPECT_FALSE(m_result.exchanges[1].answered);
}

TEST_F(TallyTest, BothEndsMayAskWithTheSameMessageId)
{
    m_tally.OnEvent(At(0), MOON, Message(MOON, true, false, 0));
    m_tally.OnEvent(At(1), SUN, Message(SUN, true, false, 0));
    m_tally.OnEvent(At(40), MOON, Message(MOON, false, false, 0));
    m_tally.OnEvent(At(80), MOON, Message(MOON, false, true, 0));
    ASSERT_EQ(m_result.exchanges.size(), 2u);
    EXPECT_EQ(m_result.exchanges[0].answered, Duration{80ms});
    EXPECT_FALSE(m_result.exchanges[1].answered);
}

TEST_F(TallyTest, CountsFailuresOfSetUp)
{
    m_tally.OnEvent(At(1), MOON, Closed(false));
    m_tally.OnEvent(At(2), MOON, ike::ChildSaFailed{});
    m_tally.OnEvent(At(3), MOON, ike::MessageRejected{{}, PathOf(MOON), {}, {}});
    m_tally.OnEvent(At(4), MOON, ike::PeerAlive{});
    const GatewayResult& moon = m_result.gateways[MOON];
    EXPECT_EQ(moon.ikeSetupFailures, 1u);
    EXPECT_EQ(moon.childSetupFailures, 1u);
    EXPECT_EQ(moon.messagesRejected, 1u);
    EXPECT_EQ(moon.livenessReplies, 1u);
    EXPECT_TRUE(m_result.sas.empty());
}

TEST_F(TallyTest, KeepsTheLongestSetUp)
{
    m_tally.OnEvent(At(1), MOON, Established(MOON, 100ms));
    m_tally.OnEvent(At(2), MOON, Established(MOON, 300ms));
    m_tally.OnEvent(At(3), MOON, Established(MOON, 200ms));
    EXPECT_EQ(m_result.gateways[MOON].setupTime, Duration{300ms});
    EXPECT_EQ(m_result.gateways[MOON].moments.at("setup_time").back(), Duration{2ms});
}

TEST_F(TallyTest, NotesWhenPacketsWereRefused)
{
    m_tally.OnEvent(At(5), SUN, Refused(Fault::REPLAY));
    m_tally.OnEvent(At(6), SUN, Refused(Fault::POLICY));
    EXPECT_TRUE(m_result.gateways[SUN].moments.contains("replayed_packets"));
    EXPECT_TRUE(m_result.gateways[SUN].moments.contains("discarded_packets"));
    EXPECT_FALSE(m_result.gateways[SUN].moments.contains("integrity_failures"));
}

} // namespace

} // namespace ikelab::runner
