// SPDX-License-Identifier: MIT
#include "gateway/testing/gateway_pair.h"

#include <gtest/gtest.h>

/**
 * ESP with SPIs that a gateway does not have (RFC 7296 §1.5, RFC 4303 §3.4.2).
 */
namespace ikelab::gateway
{
namespace
{

using testing::ConnectionPatch;
using testing::Frame;
using testing::GatewayPair;
using testing::PairOptions;

constexpr EspSpi STRANGE{0x11111111};

PairOptions
Options(bool encapsulated)
{
    PairOptions options;
    if (encapsulated)
    {
        options.both = ConnectionPatch(R"({"encap": true})");
    }
    return options;
}

/// As if moon had sent it.
Frame
StrangeEsp(const GatewayPair& pair, bool encapsulated)
{
    Path path = pair.moon.gateway.List().front().path;
    if (!encapsulated)
    {
        path.local.port = 0;
        path.remote.port = 0;
    }
    return {encapsulated ? Frame::Kind::UDP : Frame::Kind::ESP, path, Buffer(64, 0x11)};
}

TEST(InvalidSpi, IsToldToTheSenderOverItsIkeSa)
{
    for (const bool encapsulated : {false, true})
    {
        GatewayPair pair(Options(encapsulated));
        pair.Establish();
        pair.Deliver(pair.sun, StrangeEsp(pair, encapsulated));
        pair.Settle();
        ASSERT_EQ(pair.moon.Count<ike::InvalidSpiReported>(), 1u) << encapsulated;
        EXPECT_EQ(pair.moon.All<ike::InvalidSpiReported>().front()->spi, STRANGE);
        EXPECT_EQ(pair.sun.CountRefused(Fault::UNKNOWN_SPI), 1u);
        pair.ExpectAgreement();
    }
}

TEST(InvalidSpi, OfAFloodIsToldOnceASecond)
{
    GatewayPair pair;
    pair.Establish();
    for (int i = 0; i < 300; ++i)
    {
        pair.Deliver(pair.sun, StrangeEsp(pair, false));
        pair.Run(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(pair.moon.Count<ike::InvalidSpiReported>(), 3u);
    EXPECT_EQ(pair.sun.Counts().unknownSpis, 300u);
}

// What strangers send spends nothing of what peers are told with.
TEST(InvalidSpi, OfAPeerIsToldInAFloodOfStrangers)
{
    GatewayPair pair;
    pair.Establish();
    Frame strangers = StrangeEsp(pair, false);
    for (uint32_t i = 0; i < 1000; ++i)
    {
        strangers.path.local.address = IpAddress::V4(0xc6336401u + i);
        pair.Deliver(pair.sun, strangers);
    }
    pair.Deliver(pair.sun, StrangeEsp(pair, false));
    pair.Settle();
    EXPECT_EQ(pair.moon.Count<ike::InvalidSpiReported>(), 1u);
    EXPECT_EQ(pair.sun.Counts().unknownSpis, 1001u);
}

TEST(InvalidSpi, OfStrangersSendsNothing)
{
    for (const bool encapsulated : {false, true})
    {
        GatewayPair pair(Options(encapsulated));
        pair.Establish();
        const size_t frames = pair.trace.size();
        Frame frame = StrangeEsp(pair, encapsulated);
        if (encapsulated)
        {
            frame.path.local.port = 1234; // another one behind the same NAT
        }
        else
        {
            frame.path.local.address = *IpAddress::Parse("198.51.100.66");
        }
        pair.Deliver(pair.sun, frame);
        pair.Settle();
        EXPECT_EQ(pair.trace.size(), frames);
        EXPECT_EQ(pair.sun.CountRefused(Fault::UNKNOWN_SPI), 1u);
    }
}

} // namespace
} // namespace ikelab::gateway
