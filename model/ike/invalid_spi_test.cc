// SPDX-License-Identifier: MIT
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/**
 * ESP and AH packets with SPIs that nobody knows (RFC 7296 §1.5).
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

constexpr EspSpi STRANGE{0xdecade01};

/// Where moon's packets come from, without UDP.
SocketAddress
Moon(const Pair& pair)
{
    return {pair.ToB().remote.address, 0};
}

TEST(InvalidSpi, IsToldOverTheIkeSaOfItsSender)
{
    // b:  INFORMATIONAL { N(INVALID_SPI) } -->   a knows it for a hint
    Pair pair;
    pair.Establish();
    const EspSpi spi = pair.a.Last<ChildSaInstalled>()->outboundSpi;
    const ChildSaId child = pair.a.Last<ChildSaInstalled>()->child;
    ASSERT_TRUE(pair.b.endpoint->ReportInvalidSpi(pair.now, Moon(pair), spi));
    pair.Drain();
    pair.RunFor(seconds(1));
    ASSERT_EQ(pair.a.Count<InvalidSpiReported>(), 1u);
    const auto told = *pair.a.Last<InvalidSpiReported>();
    EXPECT_EQ(told.spi, spi);
    EXPECT_EQ(told.child, child);
    EXPECT_EQ(told.sa, pair.a.Sa().id);
    EXPECT_EQ(pair.b.Ladder().back(), "< [ ]");
    // A hint ends nothing: the response that makes the SA may still be on its way to the peer.
    EXPECT_EQ(pair.a.IkeSas(), 1u);
    EXPECT_EQ(pair.a.Count<ChildSaRemoved>(), 0u);
    EXPECT_TRUE(pair.Agree());
}

TEST(InvalidSpi, OfNoSaNamesNoChild)
{
    Pair pair;
    pair.Establish();
    ASSERT_TRUE(pair.b.endpoint->ReportInvalidSpi(pair.now, Moon(pair), STRANGE));
    pair.Drain();
    pair.RunFor(seconds(1));
    ASSERT_EQ(pair.a.Count<InvalidSpiReported>(), 1u);
    EXPECT_EQ(pair.a.Last<InvalidSpiReported>()->spi, STRANGE);
    EXPECT_EQ(pair.a.Last<InvalidSpiReported>()->child, ChildSaId{});
}

TEST(InvalidSpi, OfStrangersIsToldNobody)
{
    Pair pair;
    EXPECT_FALSE(pair.b.endpoint->ReportInvalidSpi(pair.now, Moon(pair), STRANGE));
    pair.Establish();
    const size_t datagrams = pair.wire.log.size();
    EXPECT_FALSE(
        pair.b.endpoint->ReportInvalidSpi(pair.now, {*IpAddress::Parse("192.0.2.99"), 0}, STRANGE));
    // Another port of the same address: somebody else behind the same NAT.
    EXPECT_FALSE(pair.b.endpoint->ReportInvalidSpi(pair.now, {Moon(pair).address, 1234}, STRANGE));
    pair.Drain();
    pair.RunFor(seconds(1));
    EXPECT_EQ(pair.wire.log.size(), datagrams);
}

TEST(InvalidSpi, IsNotToldForEveryPacket)
{
    Pair pair;
    pair.Establish();
    unsigned told = 0;
    for (int i = 0; i < 50; ++i)
    {
        told += pair.b.endpoint->ReportInvalidSpi(pair.now, Moon(pair), STRANGE) ? 1 : 0;
        pair.Drain();
        pair.RunFor(std::chrono::milliseconds(100));
    }
    EXPECT_EQ(told, 5u);
    EXPECT_EQ(pair.a.Count<InvalidSpiReported>(), 5u);
}

TEST(InvalidSpi, OfAnotherLengthIsNoWord)
{
    Pair pair;
    pair.Establish();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    uint32_t id = 2;
    for (const size_t octets : {0, 1, 3, 5, 8})
    {
        pair.Inject(pair.b,
                    pair.ToB(),
                    moon.Request(ExchangeType::INFORMATIONAL,
                                 id++,
                                 [&](wire::MessageBuilder& builder)
                                 { builder.Notify(NotifyType::INVALID_SPI, Buffer(octets)); }));
        EXPECT_EQ(pair.b.Ladder().back(), "> [ ]"); // §1.4: every request has its answer
    }
    EXPECT_EQ(pair.b.Count<InvalidSpiReported>(), 0u);
    EXPECT_EQ(pair.b.IkeSas(), 1u);
}

} // namespace
} // namespace ikelab::ike
