// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "ike/child_sa.h"
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gtest/gtest.h>

/**
 * Packets that an SA may not carry (RFC 4301 §5.2, RFC 7296 §3.10.1).
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::seconds;
using testing::Insider;
using testing::Pair;
using wire::ExchangeType;
using wire::NotifyType;
using wire::ProtocolId;

/// What came out of an SA and should not have.
Buffer
Offending(size_t octets)
{
    Buffer packet(octets);
    for (size_t i = 0; i < octets; ++i)
    {
        packet[i] = static_cast<uint8_t>(i);
    }
    return packet;
}

TEST(InvalidSelectors, AreToldToWhoeverSentThem)
{
    // b:  INFORMATIONAL { N(INVALID_SELECTORS) } -->   a knows of which SA
    Pair pair;
    pair.Establish();
    const ChildSaInstalled& ours = *pair.b.Last<ChildSaInstalled>();
    ASSERT_TRUE(pair.b.endpoint->ReportInvalidSelectors(pair.now, ours.child, Offending(40)));
    pair.Drain();
    pair.RunFor(seconds(1));
    ASSERT_EQ(pair.a.Count<InvalidSelectorsReported>(), 1u);
    const auto told = *pair.a.Last<InvalidSelectorsReported>();
    EXPECT_EQ(told.sa, pair.a.Sa().id);
    EXPECT_EQ(told.child, pair.a.Last<ChildSaInstalled>()->child);
    EXPECT_EQ(told.packetStart, Offending(40));
    // Neither end gives anything up for it.
    EXPECT_TRUE(pair.Agree());
    EXPECT_EQ(pair.a.ChildSas(), 1u);
    EXPECT_EQ(pair.b.Ladder().back(), "< [ ]");
}

TEST(InvalidSelectors, ShowNoMoreThanTheStart)
{
    Pair pair;
    pair.Establish();
    const ChildSaId child = pair.b.Last<ChildSaInstalled>()->child;
    ASSERT_TRUE(pair.b.endpoint->ReportInvalidSelectors(pair.now, child, Offending(1400)));
    pair.Drain();
    pair.RunFor(seconds(1));
    ASSERT_EQ(pair.a.Count<InvalidSelectorsReported>(), 1u);
    EXPECT_EQ(pair.a.Last<InvalidSelectorsReported>()->packetStart,
              Offending(limits::REPORTED_PACKET_OCTETS));
}

TEST(InvalidSelectors, AreNotToldForEveryPacket)
{
    Pair pair;
    pair.Establish();
    const ChildSaId child = pair.b.Last<ChildSaInstalled>()->child;
    unsigned told = 0;
    for (int i = 0; i < 50; ++i)
    {
        told += pair.b.endpoint->ReportInvalidSelectors(pair.now, child, Offending(20)) ? 1 : 0;
        // The budget is not that of unknown SPIs, with which anybody could use it up.
        (void)pair.b.endpoint->ReportInvalidSpi(
            pair.now, {pair.ToB().remote.address, 0}, EspSpi{0xdecade01});
        pair.Drain();
        pair.RunFor(std::chrono::milliseconds(100));
    }
    EXPECT_EQ(told, 5u);
    EXPECT_EQ(pair.a.Count<InvalidSelectorsReported>(), 5u);
}

TEST(InvalidSelectors, OfNoSaAreToldNobody)
{
    Pair pair;
    pair.Establish();
    EXPECT_FALSE(pair.b.endpoint->ReportInvalidSelectors(pair.now, ChildSaId{99}, Offending(20)));
}

// What names no SA that we send with is no word of any.
TEST(InvalidSelectors, AreHeardOnlyOfSasThatThereAre)
{
    Pair pair;
    pair.Establish();
    const ChildSaInstalled& child = *pair.b.Last<ChildSaInstalled>();
    const auto spi = SpiOctets(child.outboundSpi);
    const auto other = SpiOctets(child.inboundSpi);
    const std::pair<ProtocolId, Bytes> names[] = {{ProtocolId::ESP, spi},
                                                  {ProtocolId::AH, spi},
                                                  {ProtocolId::ESP, other},
                                                  {ProtocolId::NONE, {}}};
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    uint32_t id = 2;
    for (const auto& [protocol, octets] : names)
    {
        pair.Inject(pair.b,
                    pair.ToB(),
                    moon.Request(ExchangeType::INFORMATIONAL,
                                 id++,
                                 [&](wire::MessageBuilder& builder) {
                                     builder.Notify(wire::NotifyPayload{
                                         protocol, octets, NotifyType::INVALID_SELECTORS, {}});
                                 }));
        EXPECT_EQ(pair.b.Ladder().back(), "> [ ]");
        EXPECT_EQ(pair.b.Count<InvalidSelectorsReported>(), 1u);
    }
    EXPECT_EQ(pair.b.IkeSas(), 1u);
}

} // namespace
} // namespace ikelab::ike
