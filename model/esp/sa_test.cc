// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "base/testing/test_name.h"
#include "esp/ecn.h"
#include "esp/sad.h"
#include "esp/testing/sa_pair.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

namespace ikelab::esp
{
namespace
{

using testing::AesGcm128;
using testing::AllSuites;
using testing::MakePacket;
using testing::MakePacket6;
using testing::SaOptions;
using testing::SaPair;

class EverySuite : public ::testing::TestWithParam<crypto::EspSuite>
{
};

// RFC 791 §3.1, RFC 8200 §3: a length has 16 bits, and IPv4's counts its header.
TEST_P(EverySuite, MakesNoPacketThatIpCannotHold)
{
    for (const bool outerV6 : {false, true})
    {
        for (const bool udp : {false, true})
        {
            SaPair sa({.suite = GetParam(), .outerV6 = outerV6, .udpEncapsulation = udp});
            const size_t room = 65535 - (outerV6 ? 0 : 20) - (udp ? 8 : 0);
            const size_t most = sa.out.LargestContents(room);
            const Buffer fits = MakePacket({.dataOctets = most - 28});
            const Buffer sealed = sa.Seal(fits);
            EXPECT_LE(sealed.size(), room);
            ASSERT_TRUE(sa.Open(sealed));
            EXPECT_TRUE(SameOctets(sa.Inner(), fits));
            for (const Buffer& packet : {MakePacket({.dataOctets = most - 28 + 1}),
                                         MakePacket6({.dataOctets = most - 48 + 1}),
                                         MakePacket({.dataOctets = 65535 - 28})})
            {
                for (const bool padded : {false, true})
                {
                    PacketBuffer buffer(packet);
                    const PacketInfo info = *ReadPacket(packet);
                    const auto refused =
                        padded ? sa.out.SealPadded(buffer, info, {100, 65535}, sa.random)
                               : sa.out.Seal(buffer, info, sa.random);
                    ASSERT_FALSE(refused);
                    EXPECT_EQ(refused.error().fault, Fault::OVERLONG);
                    EXPECT_TRUE(SameOctets(std::as_const(buffer).View(), packet));
                }
            }
            PacketBuffer buffer(MakePacket());
            ASSERT_TRUE(sa.out.SealPadded(buffer,
                                          *ReadPacket(std::as_const(buffer).View()),
                                          {SIZE_MAX, SIZE_MAX},
                                          sa.random));
            EXPECT_LE(buffer.Size(), room);
            ASSERT_TRUE(sa.out.SealDummy(buffer, most, sa.random));
            EXPECT_LE(buffer.Size(), room);
            EXPECT_FALSE(sa.out.SealDummy(buffer, most + 1, sa.random));
            EXPECT_EQ(sa.out.Sequence(), 3u) << "what is refused spends no number";
            EXPECT_EQ(sa.out.GetLifetime().Packets(), 3u);
        }
    }
}

TEST_P(EverySuite, OpensWhatItSealedAtEveryLength)
{
    for (const bool esn : {false, true})
    {
        crypto::EspSuite suite = GetParam();
        suite.esn = esn;
        SaPair sa({.suite = suite});
        for (size_t octets = 0; octets < 70; ++octets)
        {
            for (const Buffer& packet :
                 {MakePacket({.dataOctets = octets}), MakePacket6({.dataOctets = octets})})
            {
                const size_t overhead = sa.out.Overhead(packet.size());
                const Buffer sealed = sa.Seal(packet);
                ASSERT_EQ(sealed.size(), packet.size() + overhead);
                // RFC 4303 §2.4: what is encrypted fills blocks and ends on 4 octets.
                const size_t icv = suite.integ ? suite.integ->icvOctets : suite.encr->icvOctets;
                const size_t text = sealed.size() - 8 - suite.encr->ivOctets - icv;
                EXPECT_EQ(text % suite.encr->blockOctets, 0u);
                EXPECT_EQ(text % 4, 0u);
                const auto opened = sa.Open(sealed);
                ASSERT_TRUE(opened) << ToString(opened.error());
                EXPECT_TRUE(SameOctets(sa.Inner(), packet));
                EXPECT_EQ(opened->inner.totalOctets, packet.size());
                EXPECT_FALSE(opened->dummy);
                EXPECT_TRUE(opened->newest);
                EXPECT_EQ(opened->sequence, sa.out.Sequence());
            }
        }
    }
}

TEST_P(EverySuite, RefusesEveryFlippedBitAndTruncation)
{
    SaPair sa({.suite = GetParam()});
    const Buffer sealed = sa.Seal(MakePacket({.dataOctets = 3}));
    for (size_t bit = 0; bit < 8 * sealed.size(); ++bit)
    {
        Buffer altered = sealed;
        altered[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
        const Fault fault = sa.FaultOf(altered);
        EXPECT_TRUE(fault == Fault::INTEGRITY || (bit < 64 && fault == Fault::REPLAY)) << bit;
    }
    for (size_t octets = 0; octets < sealed.size(); ++octets)
    {
        const Fault fault = sa.FaultOf(Bytes(sealed).first(octets));
        EXPECT_TRUE(fault == Fault::TRUNCATED || fault == Fault::BAD_VALUE ||
                    fault == Fault::INTEGRITY)
            << octets;
    }
    EXPECT_TRUE(sa.Open(sealed)) << "nothing forged moved the window";
    EXPECT_EQ(sa.FaultOf(sealed), Fault::REPLAY);
}

TEST_P(EverySuite, AuthenticatesTheHighHalfOfTheSequenceNumber)
{
    crypto::EspSuite suite = GetParam();
    suite.esn = true;
    SaPair sender({.suite = suite});
    SaPair receiver({.suite = suite});
    sender.out.AdvanceSequence((uint64_t{5} << 32) + 1);
    EXPECT_EQ(receiver.FaultOf(sender.Seal(MakePacket())), Fault::INTEGRITY)
        << "the receiver is in another space";
}

TEST_P(EverySuite, GoesOnAfterItsContextsWereDropped)
{
    SaPair sa({.suite = GetParam()});
    for (int i = 0; i < 3; ++i)
    {
        EXPECT_TRUE(sa.Open(sa.Seal(MakePacket())));
        sa.out.DropContexts();
        sa.in.DropContexts();
    }
    EXPECT_EQ(sa.out.Sequence(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Algorithms,
                         EverySuite,
                         ::testing::ValuesIn(AllSuites()),
                         [](const auto& suite)
                         { return ikelab::TestName(suite.param.ToString()); });

TEST(OutboundSa, WritesTheLayoutOfTheRfc)
{
    SaPair sa({.suite = {crypto::FindEncr(wire::Encr::ENCR_NULL, 0),
                         crypto::FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128)}});
    const Buffer packet = MakePacket({.dataOctets = 1}); // 29 octets
    const Buffer sealed = sa.Seal(packet);
    ASSERT_EQ(sealed.size(), 8u + 29 + 1 + 2 + 16);
    EXPECT_TRUE(SameOctets(Bytes(sealed).first(8), Buffer{0xc0, 0xff, 0xee, 1, 0, 0, 0, 1}));
    EXPECT_TRUE(SameOctets(Bytes(sealed).subspan(8, 29), packet));
    EXPECT_TRUE(SameOctets(Bytes(sealed).subspan(37, 3), Buffer{1, 1, PROTOCOL_IPV4}));
}

TEST(OutboundSa, LeavesLinkPaddingOutside)
{
    SaPair sa;
    Buffer padded = MakePacket();
    const Buffer packet = padded;
    padded.resize(padded.size() + 10);
    EXPECT_EQ(sa.Seal(padded).size(), packet.size() + sa.out.Overhead(packet.size()));
}

TEST(OutboundSa, CopiesTrafficClassAndDontFragmentOutwards)
{
    SaPair sa;
    PacketBuffer packet(MakePacket({.trafficClass = 0xb9, .fragmentField = 0x4000}));
    const auto sealed = sa.out.Seal(packet, *ReadPacket(std::as_const(packet).View()), sa.random);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->trafficClass, 0xb9);
    EXPECT_TRUE(sealed->dontFragment);
    EXPECT_EQ(sealed->sequence, 1u);
}

// RFC 4303 §3.3.3: the last number is used, then nothing is sent any more.
TEST(OutboundSa, EndsWithItsSequenceNumbers)
{
    for (const bool esn : {false, true})
    {
        crypto::EspSuite suite = AesGcm128();
        suite.esn = esn;
        SaPair sa({.suite = suite});
        const uint64_t last = esn ? std::numeric_limits<uint64_t>::max()
                                  : uint64_t{std::numeric_limits<uint32_t>::max()};
        sa.out.AdvanceSequence(last - 1);
        EXPECT_FALSE(sa.Seal(MakePacket()).empty());
        EXPECT_EQ(sa.out.Sequence(), last);
        const Buffer packet = MakePacket();
        PacketBuffer buffer(packet);
        for (int i = 0; i < 2; ++i)
        {
            const auto sealed = sa.out.Seal(buffer, *ReadPacket(packet), sa.random);
            ASSERT_FALSE(sealed);
            EXPECT_EQ(sealed.error().fault, Fault::EXHAUSTED);
            EXPECT_TRUE(SameOctets(std::as_const(buffer).View(), packet)) << "untouched";
        }
        EXPECT_EQ(sa.out.SealDummy(buffer, 10, sa.random).error().fault, Fault::EXHAUSTED);
        EXPECT_EQ(sa.out.Sequence(), last);
    }
}

TEST(OutboundSa, NeverGoesBackInItsNumbers)
{
    SaPair sa;
    sa.out.AdvanceSequence(100);
    sa.out.AdvanceSequence(5);
    EXPECT_FALSE(sa.Seal(MakePacket()).empty());
    EXPECT_EQ(sa.out.Sequence(), 101u);
}

TEST(OutboundSa, NeverUsesAnIvTwice)
{
    for (const crypto::EspSuite& suite : AllSuites())
    {
        if (suite.encr->ivOctets == 0)
        {
            continue;
        }
        SaPair sa({.suite = suite});
        std::set<Buffer> seen;
        for (int i = 0; i < 50; ++i)
        {
            const Buffer sealed = sa.Seal(MakePacket());
            EXPECT_TRUE(
                seen.insert(ToBuffer(Bytes(sealed).subspan(8, suite.encr->ivOctets))).second);
        }
    }
}

TEST(InboundSa, KeepsToTheEdgesOfItsWindow)
{
    SaPair sa({.replayWindow = 64});
    std::vector<Buffer> packets{{}};
    for (int i = 1; i <= 200; ++i)
    {
        packets.push_back(sa.Seal(MakePacket()));
    }
    ASSERT_TRUE(sa.Open(packets[100]));
    EXPECT_EQ(sa.FaultOf(packets[36]), Fault::REPLAY) << "left of the window";
    const auto edge = sa.Open(packets[37]);
    ASSERT_TRUE(edge);
    EXPECT_FALSE(edge->newest);
    EXPECT_EQ(sa.FaultOf(packets[37]), Fault::REPLAY);
    EXPECT_TRUE(sa.Open(packets[164]));
    EXPECT_EQ(sa.FaultOf(packets[100]), Fault::REPLAY);
    EXPECT_TRUE(sa.Open(packets[101]));
    EXPECT_EQ(sa.in.Window().Highest(), 164u);
}

TEST(InboundSa, GoesOnBehindANumberThatItIsGiven)
{
    for (const bool esn : {false, true})
    {
        crypto::EspSuite suite = AesGcm128();
        suite.esn = esn;
        SaPair sa({.suite = suite});
        const uint64_t start = esn ? 0x89abcdef00000010 : 0x89abcdef;
        sa.out.AdvanceSequence(start - 3);
        const Buffer late = sa.Seal(MakePacket());
        sa.out.AdvanceSequence(start - 1);
        const Buffer given = sa.Seal(MakePacket());
        sa.in.AdvanceWindow(start);
        sa.in.AdvanceWindow(5);
        EXPECT_EQ(sa.in.Window().Highest(), start) << "never backwards";
        EXPECT_EQ(sa.FaultOf(given), Fault::REPLAY);
        EXPECT_TRUE(sa.Open(late)) << "in the window, and not seen";
        const auto next = sa.Open(sa.Seal(MakePacket()));
        ASSERT_TRUE(next);
        EXPECT_EQ(next->sequence, start + 1);
    }
}

TEST(InboundSa, TakesReplaysOnlyWithTheCheckOff)
{
    SaPair sa({.replayWindow = 0});
    const Buffer sealed = sa.Seal(MakePacket());
    EXPECT_TRUE(sa.Open(sealed));
    EXPECT_TRUE(sa.Open(sealed));
}

TEST(InboundSa, ThrowsDummiesAwayAndCountsThemApart)
{
    SaPair sa;
    PacketBuffer packet;
    for (const size_t octets : {size_t{0}, size_t{1}, size_t{100}, size_t{1400}})
    {
        ASSERT_TRUE(sa.out.SealDummy(packet, octets, sa.random));
        const auto opened = sa.Open(std::as_const(packet).View());
        ASSERT_TRUE(opened);
        EXPECT_TRUE(opened->dummy);
    }
    EXPECT_TRUE(sa.Open(sa.Seal(MakePacket())));
    for (const Lifetime* lifetime : {&sa.in.GetLifetime(), &sa.out.GetLifetime()})
    {
        EXPECT_EQ(lifetime->Packets(), 5u);
        EXPECT_EQ(lifetime->TfcPackets(), 4u);
        EXPECT_EQ(lifetime->Octets() - lifetime->TfcOctets(), 84u);
    }
}

/// The plaintext of a lying peer: a packet and what stands behind it.
Buffer
Plain(Bytes packet, std::initializer_list<uint8_t> behind)
{
    Buffer plain = ToBuffer(packet);
    plain.insert(plain.end(), behind);
    return plain;
}

TEST(InboundSa, RefusesBadTrailers)
{
    SaPair sa;
    const Buffer packet = MakePacket({.dataOctets = 8}); // 36 octets
    EXPECT_EQ(sa.FaultOf(sa.SealRaw(Plain(packet, {1, 2, 2, 4}))), Fault::NOT_FOUND) << "good";
    EXPECT_EQ(sa.FaultOf(sa.SealRaw(Plain(packet, {0, 0, 2, 4}))), Fault::BAD_VALUE) << "zeros";
    EXPECT_EQ(sa.FaultOf(sa.SealRaw(Plain(packet, {1, 3, 2, 4}))), Fault::BAD_VALUE);
    EXPECT_EQ(sa.FaultOf(sa.SealRaw(Plain(packet, {1, 2, 255, 4}))), Fault::BAD_VALUE);
    EXPECT_EQ(sa.FaultOf(sa.SealRaw({})), Fault::TRUNCATED);
    EXPECT_EQ(sa.FaultOf(sa.SealRaw(Buffer{0})), Fault::TRUNCATED);
    EXPECT_EQ(sa.FaultOf(sa.SealRaw(Buffer{0, 4})), Fault::TRUNCATED) << "nothing inside";
    EXPECT_EQ(sa.FaultOf(sa.SealRaw(Buffer{1, 4})), Fault::BAD_VALUE);
}

TEST(InboundSa, RefusesWhatIsNoPacketInside)
{
    SaPair sa;
    const Buffer packet = MakePacket();
    EXPECT_EQ(sa.FaultOf(sa.SealRaw(Plain(packet, {0, PROTOCOL_IPV6}))), Fault::BAD_VALUE)
        << "the next header names the other family";
    EXPECT_EQ(sa.FaultOf(sa.SealRaw(Plain(MakePacket6(), {0, PROTOCOL_IPV4}))), Fault::BAD_VALUE);
    EXPECT_EQ(sa.FaultOf(sa.SealRaw(Plain(packet, {0, PROTOCOL_UDP}))), Fault::POLICY)
        << "transport mode on a tunnel's SA";
    for (size_t octets = 1; octets < packet.size(); ++octets)
    {
        EXPECT_EQ(sa.FaultOf(sa.SealRaw(Plain(Bytes(packet).first(octets), {0, 4}))),
                  Fault::TRUNCATED)
            << octets;
    }
    SeededRandom random(3);
    for (int i = 0; i < 2000; ++i)
    {
        Buffer garbage(random.U32() % 120);
        random.Fill(garbage);
        (void)sa.Open(sa.SealRaw(Plain(garbage, {0, i % 2 == 0 ? PROTOCOL_IPV4 : PROTOCOL_IPV6})));
    }
    EXPECT_TRUE(sa.Open(sa.Seal(packet)));
}

// RFC 4303 §2.7
TEST(InboundSa, CutsTrafficFlowPaddingOff)
{
    SaPair sa;
    const Buffer packet = MakePacket();
    Buffer plain = packet;
    plain.resize(plain.size() + 300, 0xaa);
    ASSERT_TRUE(sa.Open(sa.SealRaw(Plain(plain, {0, PROTOCOL_IPV4}))));
    EXPECT_TRUE(SameOctets(sa.Inner(), packet));
}

// RFC 4301 §5.2 step 4
TEST(InboundSa, EnforcesItsSelectors)
{
    SaPair sa;
    sa.selectors = {SelectorSet({Selector{*IpRange::Parse("10.99.2.0/24"), 17, 7, 7}}),
                    SelectorSet({Selector{*IpRange::Parse("10.99.1.0/24")}})};
    EXPECT_EQ(sa.FaultOf(sa.Seal(MakePacket())), Fault::NOT_FOUND) << "it fits";
    EXPECT_EQ(sa.FaultOf(sa.Seal(MakePacket({.destinationPort = 8}))), Fault::POLICY);
    EXPECT_EQ(sa.FaultOf(sa.Seal(MakePacket({.source = "10.99.3.1"}))), Fault::POLICY);
    EXPECT_EQ(sa.FaultOf(sa.Seal(MakePacket({.destination = "10.99.3.1"}))), Fault::POLICY);
    EXPECT_EQ(sa.FaultOf(sa.Seal(MakePacket6())), Fault::POLICY);
    EXPECT_EQ(sa.FaultOf(sa.Seal(MakePacket({.fragmentField = 0x0010}))), Fault::POLICY)
        << "a fragment that hides its port";
    EXPECT_EQ(sa.in.GetLifetime().Packets(), 1u);
}

// RFC 4303 appendix A3: so much was lost that the high half is guessed wrong.
class Resynchronisation : public ::testing::Test
{
  protected:
    static SaOptions
    WithEsn()
    {
        SaOptions options;
        options.suite.esn = true;
        return options;
    }

    /// Packets that fail before one is accepted; nothing if none is within so many.
    std::optional<uint32_t>
    FailuresBeforeAcceptance(uint32_t most)
    {
        for (uint32_t failures = 0; failures < most; ++failures)
        {
            const auto opened = m_sa.Open(m_sa.Seal(MakePacket()));
            if (opened)
            {
                EXPECT_EQ(opened->sequence, m_sa.out.Sequence());
                return failures;
            }
            EXPECT_EQ(opened.error().fault, Fault::INTEGRITY);
        }
        return std::nullopt;
    }

    SaPair m_sa{WithEsn()};
};

TEST_F(Resynchronisation, FindsTheRoundOfTheSenderAfterARowOfFailures)
{
    ASSERT_TRUE(m_sa.Open(m_sa.Seal(MakePacket())));
    m_sa.out.AdvanceSequence((uint64_t{limits::ESN_RESYNC_TRIES} << 32) + 100);
    const Buffer late = m_sa.Seal(MakePacket());
    EXPECT_EQ(FailuresBeforeAcceptance(1000), limits::ESN_RESYNC_FAILURES);
    EXPECT_EQ(FailuresBeforeAcceptance(1), 0u) << "and all is as before";
    EXPECT_EQ(m_sa.in.Window().Highest(), m_sa.out.Sequence());
    EXPECT_EQ(m_sa.FaultOf(late), Fault::INTEGRITY)
        << "left of the window it counts as one of the next round";
}

TEST_F(Resynchronisation, LooksNoFurtherThanItsLimit)
{
    ASSERT_TRUE(m_sa.Open(m_sa.Seal(MakePacket())));
    m_sa.out.AdvanceSequence((uint64_t{limits::ESN_RESYNC_TRIES + 1} << 32) + 100);
    EXPECT_EQ(FailuresBeforeAcceptance(5 * limits::ESN_RESYNC_FAILURES), std::nullopt);
    EXPECT_EQ(m_sa.in.Window().Highest(), 1u) << "nothing that fails moves the window";
}

TEST_F(Resynchronisation, CountsFailuresInARowOnly)
{
    ASSERT_TRUE(m_sa.Open(m_sa.Seal(MakePacket())));
    Buffer spoiled = m_sa.Seal(MakePacket());
    spoiled.back() ^= 1;
    for (uint32_t i = 0; i < 3 * limits::ESN_RESYNC_FAILURES; ++i)
    {
        ASSERT_EQ(m_sa.FaultOf(spoiled), Fault::INTEGRITY);
        if (i % (limits::ESN_RESYNC_FAILURES - 1) == 0)
        {
            ASSERT_TRUE(m_sa.Open(m_sa.Seal(MakePacket())));
        }
    }
    m_sa.out.AdvanceSequence((uint64_t{2} << 32) + 100);
    const auto failures = FailuresBeforeAcceptance(1000);
    ASSERT_TRUE(failures);
    EXPECT_GT(*failures, limits::ESN_RESYNC_FAILURES / 2);
}

// RFC 6040 §4.2
TEST(InboundSa, CarriesCongestionMarksInwards)
{
    SaPair sa;
    sa.outer.trafficClass = static_cast<uint8_t>(Ecn::CE);
    EXPECT_EQ(sa.FaultOf(sa.Seal(MakePacket({.trafficClass = 0xb8}))), Fault::POLICY);
    for (const auto& make : {+[] { return MakePacket({.trafficClass = 0xba}); },
                             +[]
                             {
                                 return MakePacket6({.trafficClass = 0xba});
                             }})
    {
        const auto opened = sa.Open(sa.Seal(make()));
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->inner.trafficClass, 0xbb);
        const auto info = ReadPacket(sa.Inner());
        EXPECT_EQ(info->trafficClass, 0xbb);
        if (!info->IsV6())
        {
            EXPECT_EQ(HeaderChecksum(sa.Inner().first(20)), 0) << "the checksum followed";
        }
    }
}

std::unique_ptr<ChildSa>
MakeChild(uint32_t id, uint32_t spi)
{
    const Buffer key(20, 1);
    const SaParameters parameters{EspSpi{spi}, AesGcm128(), Mode::TUNNEL, key, {}, {}, 64};
    return std::make_unique<ChildSa>(ChildSa{ChildSaId{id},
                                             {},
                                             {},
                                             false,
                                             InboundSa(testing::SharedContext(), parameters),
                                             OutboundSa(testing::SharedContext(), parameters)});
}

TEST(Sad, FindsBySpiAndNumberAndRefusesDoubles)
{
    Sad sad;
    const ChildSa* first = sad.Install(MakeChild(1, 0x1001));
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(sad.Install(MakeChild(2, 0x1001)), nullptr) << "its SPI is taken";
    EXPECT_EQ(sad.Install(MakeChild(1, 0x1002)), nullptr) << "its number is taken";
    ASSERT_NE(sad.Install(MakeChild(2, 0x1002)), nullptr);
    EXPECT_EQ(sad.Size(), 2u);
    EXPECT_EQ(sad.FindInbound(EspSpi{0x1001}), first);
    EXPECT_EQ(sad.Find(ChildSaId{1}), first);
    EXPECT_TRUE(sad.Remove(ChildSaId{1}));
    EXPECT_FALSE(sad.Remove(ChildSaId{1}));
    EXPECT_EQ(sad.FindInbound(EspSpi{0x1001}), nullptr);
    EXPECT_EQ(sad.Find(ChildSaId{1}), nullptr);
    EXPECT_NE(sad.FindInbound(EspSpi{0x1002}), nullptr);
}

} // namespace
} // namespace ikelab::esp
