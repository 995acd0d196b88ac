// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "wire/esp_header.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

TEST(EspHeader, ReadsAndWritesSpiAndSequenceNumber)
{
    const Buffer packet = Hex("c0ffee01 80000002 aabb");
    const auto header = ParseEspHeader(packet);
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(header->spi, EspSpi{0xc0ffee01});
    EXPECT_EQ(header->sequence, 0x80000002u);
    Buffer written(9, 0x55);
    WriteEspHeader(written, *header);
    EXPECT_EQ(ToHex(written), "c0ffee018000000255");
}

TEST(EspHeader, NeedsEightOctets)
{
    const Buffer packet = Hex("c0ffee01 00000002");
    for (size_t octets = 0; octets < packet.size(); ++octets)
    {
        const auto header = ParseEspHeader(Bytes(packet).first(octets));
        ASSERT_FALSE(header.has_value()) << octets;
        EXPECT_EQ(header.error().fault, Fault::TRUNCATED);
    }
}

TEST(EspHeader, RefusesSpiZero)
{
    const auto header = ParseEspHeader(Hex("00000000 00000001"));
    ASSERT_FALSE(header.has_value());
    EXPECT_EQ(header.error().fault, Fault::BAD_VALUE);
}

TEST(UdpEncapsulation, TakesOneOctetFfAsKeepaliveAndNothingElse)
{
    const auto keepalive = ParseUdpEncapsulated(Hex("ff"));
    ASSERT_TRUE(keepalive.has_value());
    EXPECT_TRUE(std::holds_alternative<NatKeepalive>(*keepalive));
    for (const char* junk : {"", "00", "fe", "ffff", "0000", "ffffff", "000000"})
    {
        const auto result = ParseUdpEncapsulated(Hex(junk));
        ASSERT_FALSE(result.has_value()) << junk;
        EXPECT_EQ(result.error().fault, Fault::TRUNCATED) << junk;
    }
}

TEST(UdpEncapsulation, HasAMarkerBeforeIkeUnlessAPortIs500)
{
    EXPECT_FALSE(UsesNonEspMarker(500, 500));
    EXPECT_FALSE(UsesNonEspMarker(500, 20000)); // through a NAT, before the move to 4500
    EXPECT_FALSE(UsesNonEspMarker(20000, 500));
    EXPECT_TRUE(UsesNonEspMarker(4500, 4500));
    EXPECT_TRUE(UsesNonEspMarker(4500, 20000));
    EXPECT_TRUE(UsesNonEspMarker(20000, 4500));
    EXPECT_TRUE(UsesNonEspMarker(4500, 500));
    EXPECT_TRUE(UsesNonEspMarker(500, 4500));
    EXPECT_TRUE(UsesNonEspMarker(4501, 4501));
    EXPECT_TRUE(UsesNonEspMarker(4501, 20000));
}

TEST(UdpEncapsulation, GivesIkeBehindTheMarker)
{
    const Buffer datagram = Hex("00000000 0102");
    const auto result = ParseUdpEncapsulated(datagram);
    ASSERT_TRUE(result.has_value());
    const auto* ike = std::get_if<IkeInUdp>(&*result);
    ASSERT_NE(ike, nullptr);
    EXPECT_EQ(ToHex(ike->message), "0102");
}

TEST(UdpEncapsulation, GivesEspWithItsSpi)
{
    for (const char* text : {"00000001 00000001", "01000000", "ffffffff 00"})
    {
        const Buffer datagram = Hex(text);
        const auto result = ParseUdpEncapsulated(datagram);
        ASSERT_TRUE(result.has_value());
        const auto* esp = std::get_if<EspInUdp>(&*result);
        ASSERT_NE(esp, nullptr) << text;
        EXPECT_EQ(ToHex(esp->packet), ToHex(datagram));
    }
}

} // namespace
} // namespace ikelab::wire
