// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "wire/ah_header.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

// RFC 4302 §2.2: an ICV of 96 bits gives a Payload Len of 4.
TEST(AhHeader, RoundTrips)
{
    Buffer packet(24, 0xaa);
    WriteAhHeader(packet, {6, 24, EspSpi{0xc0ffee01}, 7});
    EXPECT_EQ(ToHex(packet), "06040000c0ffee0100000007aaaaaaaaaaaaaaaaaaaaaaaa");
    const auto read = ParseAhHeader(packet);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->nextHeader, 6);
    EXPECT_EQ(read->octets, 24u);
    EXPECT_EQ(read->spi, EspSpi{0xc0ffee01});
    EXPECT_EQ(read->sequence, 7u);
}

TEST(AhHeader, IsRefusedWhereItEndsEarly)
{
    Buffer packet(24, 0xaa);
    WriteAhHeader(packet, {6, 24, EspSpi{0xc0ffee01}, 7});
    for (size_t octets = 0; octets < packet.size(); ++octets)
    {
        const auto read = ParseAhHeader(Bytes(packet).first(octets));
        ASSERT_FALSE(read.has_value()) << octets;
        EXPECT_EQ(read.error().fault, Fault::TRUNCATED) << octets;
    }
}

TEST(AhHeader, HasAnIcvAndAnSpi)
{
    Buffer packet(2000, 0xaa);
    WriteAhHeader(packet, {6, 24, EspSpi{0xc0ffee01}, 7});
    for (unsigned words = 0; words < 256; ++words)
    {
        packet[1] = static_cast<uint8_t>(words);
        const auto read = ParseAhHeader(packet);
        EXPECT_EQ(read.has_value(), words >= 2) << words;
        EXPECT_TRUE(!read || read->octets == 4 * words + 8) << words;
    }
    WriteAhHeader(packet, {6, 24, EspSpi{0}, 7});
    EXPECT_EQ(ParseAhHeader(packet).error().fault, Fault::BAD_VALUE);
}

TEST(AhHeader, IgnoresReserved) // RFC 4302 §2.3
{
    Buffer packet(24, 0xaa);
    WriteAhHeader(packet, {6, 24, EspSpi{0xc0ffee01}, 7});
    packet[2] = packet[3] = 0xff;
    EXPECT_TRUE(ParseAhHeader(packet).has_value());
}

} // namespace
} // namespace ikelab::wire
