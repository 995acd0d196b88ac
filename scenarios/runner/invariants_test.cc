// SPDX-License-Identifier: GPL-2.0-only
#include "base/byte_writer.h"
#include "esp/testing/ah_pair.h"
#include "esp/testing/packets.h"
#include "runner/invariants.h"
#include "runner/testing/story.h"

namespace ikelab::runner
{

namespace
{

using namespace testing;
using esp::testing::MakePacket;

constexpr size_t MOON_END = 0; ///< of the line
constexpr size_t SUN_END = 1;

/// alice to bob, UDP.
Buffer
InnerPacket()
{
    return MakePacket({.source = "10.1.0.10", .destination = "10.2.0.10"});
}

/// ESP from moon to sun with an IV like AES-GCM's.
Buffer
EspPacket(uint32_t spi, uint32_t sequence, uint64_t iv)
{
    ByteWriter writer;
    writer.U32(spi);
    writer.U32(sequence);
    writer.U64(iv);
    writer.Zeros(32);
    const Buffer body = writer.Release();
    Buffer packet = MakePacket({.source = "192.0.2.1",
                                .destination = "192.0.2.2",
                                .protocol = esp::PROTOCOL_ESP,
                                .dataOctets = body.size() - 8});
    std::ranges::copy(body, packet.begin() + 20);
    return packet;
}

class InvariantsTest : public ::testing::Test
{
  protected:
    void
    Sent(int64_t milliseconds, LinkIndex link, size_t end, const Buffer& frame)
    {
        m_invariants.OnSent(At(milliseconds), link, end, frame);
    }

    /// What does not hold at the end: "no_leak", or nothing.
    std::vector<std::string>
    Broken()
    {
        std::vector<std::string> names;
        for (const Invariant& invariant : m_invariants.Finish(m_result))
        {
            m_last[invariant.name] = invariant;
            if (!invariant.holds)
            {
                names.push_back(invariant.name);
            }
        }
        return names;
    }

    /// An SA at the end of the run.
    ike::IkeSaInfo&
    Open(NodeIndex node, const char* state = "ESTABLISHED")
    {
        ike::IkeSaInfo sa;
        sa.state = state;
        sa.connection = "site";
        sa.initiator = node == MOON;
        sa.spis = {IkeSpi{0x11}, IkeSpi{0x22}};
        sa.path = PathOf(node);
        m_result.gateways[node].open.push_back(std::move(sa));
        return m_result.gateways[node].open.back();
    }

    static void
    AddChild(ike::IkeSaInfo& sa, uint32_t inbound, uint32_t outbound)
    {
        auto& child = sa.children.emplace_back();
        child.name = "net";
        child.inboundSpi = EspSpi{inbound};
        child.outboundSpi = EspSpi{outbound};
    }

    using Names = std::vector<std::string>;

    Scenario m_scenario = ReadStory();
    RunResult m_result = MakeResult(m_scenario);
    Invariants m_invariants{m_scenario};
    std::map<std::string, Invariant> m_last;
};

TEST_F(InvariantsTest, HoldIfNothingHappened)
{
    EXPECT_EQ(Broken(), Names{});
    EXPECT_EQ(m_last.size(), 5u);
}

TEST_F(InvariantsTest, AProtectedPacketInClearIsALeak)
{
    Sent(5, WAN, MOON_END, MakePacket({.source = "203.0.113.1", .destination = "203.0.113.2"}));
    EXPECT_EQ(Broken(), Names{});
    Sent(70, WAN, MOON_END, InnerPacket());
    Sent(80, WAN, MOON_END, InnerPacket());
    EXPECT_EQ(Broken(), Names{"no_leak"});
    EXPECT_NE(m_last["no_leak"].detail.find("10.1.0.10 -> 10.2.0.10"), std::string::npos);
    ASSERT_TRUE(m_last["no_leak"].moment);
    EXPECT_EQ(m_last["no_leak"].moment->place, "moon/wan");
    EXPECT_EQ(m_last["no_leak"].moment->at, Duration{std::chrono::milliseconds(70)});
}

TEST_F(InvariantsTest, AHostMaySendInClear)
{
    Sent(0, LEFT, 0, InnerPacket());
    EXPECT_EQ(Broken(), Names{});
}

TEST_F(InvariantsTest, WhatAPolicyLetsPassIsNoLeak)
{
    m_scenario.nodes[MOON].ipsec->policies.push_back(
        {"open",
         gateway::Action::BYPASS,
         {Selector{*IpRange::Parse("10.1.0.10/32"), 0, 0, 65535}},
         {Selector{*IpRange::Parse("10.2.0.0/16"), 0, 0, 65535}}});
    Invariants invariants(m_scenario);
    invariants.OnSent(At(0), WAN, MOON_END, InnerPacket());
    EXPECT_TRUE(invariants.Finish(m_result).front().holds);
}

TEST_F(InvariantsTest, SequenceNumbersOnlyGrow)
{
    Sent(0, WAN, MOON_END, EspPacket(0xb, 1, 1));
    Sent(1, WAN, MOON_END, EspPacket(0xb, 2, 2));
    Sent(2, WAN, MOON_END, EspPacket(0xc, 1, 1)); // another SA
    EXPECT_EQ(Broken(), Names{});
    Sent(3, WAN, MOON_END, EspPacket(0xb, 2, 3));
    EXPECT_EQ(Broken(), Names{"sequence_once"});
}

TEST_F(InvariantsTest, OnlyWhoMadeAPacketIsHeldToIt)
{
    Sent(0, WAN, MOON_END, EspPacket(0xb, 2, 2));
    Sent(1, WAN, SUN_END, EspPacket(0xb, 2, 2)); // sun sends moon's packet on
    EXPECT_EQ(Broken(), Names{});
}

TEST_F(InvariantsTest, AnIvIsUsedOnce)
{
    m_invariants.OnEvent(MOON, Installed(MOON, 0xa, 0xb));
    Sent(0, WAN, MOON_END, EspPacket(0xb, 1, 9));
    Sent(1, WAN, MOON_END, EspPacket(0xb, 2, 10));
    EXPECT_EQ(Broken(), Names{});
    Sent(2, WAN, MOON_END, EspPacket(0xb, 3, 9));
    EXPECT_EQ(Broken(), Names{"iv_once"});
}

TEST_F(InvariantsTest, AnSpiThatComesAgainBeginsAgain)
{
    m_invariants.OnEvent(MOON, Installed(MOON, 0xa, 0xb));
    Sent(0, WAN, MOON_END, EspPacket(0xb, 1, 1));
    m_invariants.OnEvent(MOON, Installed(MOON, 0xa, 0xb));
    Sent(1, WAN, MOON_END, EspPacket(0xb, 1, 1));
    EXPECT_EQ(Broken(), Names{});
}

TEST_F(InvariantsTest, NoSpiBelongsToTwo)
{
    AddChild(Open(MOON), 0xa, 0xb);
    AddChild(Open(SUN), 0xb, 0xa);
    EXPECT_EQ(Broken(), Names{});
    AddChild(m_result.gateways[MOON].open.front(), 0xa, 0xb);
    EXPECT_EQ(Broken(), Names{"spi_once"});
}

TEST_F(InvariantsTest, BothEndsHaveTheSameChildren)
{
    AddChild(Open(MOON), 0xa, 0xb);
    AddChild(Open(SUN), 0xb, 0xc);
    EXPECT_EQ(Broken(), Names{"ends_agree"});
    EXPECT_NE(m_last["ends_agree"].detail.find("moon has a Child SA net"), std::string::npos);
}

TEST_F(InvariantsTest, BothEndsHaveTheSa)
{
    Open(SUN);
    EXPECT_EQ(Broken(), Names{"ends_agree"});
}

TEST_F(InvariantsTest, NothingIsSaidOfAnEndThatNeverHeardTheAnswer)
{
    Open(SUN);
    m_result.gateways[MOON].ikeSetupFailures = 1;
    EXPECT_EQ(Broken(), Names{});
    EXPECT_FALSE(m_last["ends_agree"].checked);
    EXPECT_EQ(m_last["ends_agree"].detail, "moon gave up setting up an IKE SA");
}

TEST_F(InvariantsTest, NothingIsSaidOfAnEndThatIsStillBusy)
{
    Open(MOON, "DELETING");
    EXPECT_EQ(Broken(), Names{});
    EXPECT_FALSE(m_last["ends_agree"].checked);
    EXPECT_EQ(m_last["ends_agree"].detail, "moon was still DELETING site");
}

TEST_F(InvariantsTest, AFrameThatShowsTrafficIsSeenWhateverItsAddresses)
{
    Buffer frame = MakePacket({.source = "203.0.113.1", .destination = "203.0.113.2"});
    EXPECT_FALSE(m_invariants.ShowsProtected(frame));
    EXPECT_TRUE(m_invariants.ShowsProtected(InnerPacket()));
    EXPECT_FALSE(m_invariants.ShowsProtected(EspPacket(0xb, 1, 1)));
    std::ranges::copy(FLOW_MARKER, frame.end() - 20);
    EXPECT_TRUE(m_invariants.ShowsProtected(frame));
}

// AH hides nothing: what it shows was meant to be shown. Its numbers are held to what ESP's are.
TEST_F(InvariantsTest, AhIsNoLeakAndItsNumbersOnlyGrow)
{
    Buffer inner = InnerPacket();
    std::ranges::copy(FLOW_MARKER, inner.end() - 20);
    EXPECT_TRUE(m_invariants.ShowsProtected(inner));
    for (const bool v6 : {false, true})
    {
        esp::testing::AhPair moon({.v6 = v6});
        const Buffer sealed = moon.Seal(inner);
        EXPECT_FALSE(m_invariants.ShowsProtected(sealed)) << v6;
    }
    esp::testing::AhPair moon;
    const Buffer first = moon.Seal(inner);
    Sent(0, WAN, MOON_END, first);
    Sent(1, WAN, MOON_END, moon.Seal(inner));
    EXPECT_EQ(Broken(), Names{});
    Sent(2, WAN, MOON_END, first);
    EXPECT_EQ(Broken(), Names{"sequence_once"});
}

TEST_F(InvariantsTest, APeerOutsideIsJudgedByOurPolicyAndTellsNothing)
{
    Scenario scenario = ReadStory();
    scenario.nodes[SUN].ipsec.reset();
    scenario.nodes[SUN].kernel = KernelHost{};
    Invariants invariants(scenario);
    EXPECT_TRUE(
        invariants.ShowsProtected(MakePacket({.source = "10.2.0.10", .destination = "10.1.0.10"})));
    Open(MOON);
    const std::vector<Invariant> all = invariants.Finish(m_result);
    const auto agreement = std::ranges::find(all, "ends_agree", &Invariant::name);
    ASSERT_NE(agreement, all.end());
    EXPECT_TRUE(agreement->holds);
    EXPECT_FALSE(agreement->checked);
    EXPECT_EQ(agreement->detail, "sun is a kernel node, which tells us nothing");
}

} // namespace

} // namespace ikelab::runner
