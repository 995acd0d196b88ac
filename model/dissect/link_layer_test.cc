// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "dissect/link_layer.h"

#include <gtest/gtest.h>

namespace ikelab::dissect
{

namespace
{

constexpr uint16_t ETHERNET = 1;

std::string
Opened(uint16_t linkType, std::string_view frame)
{
    const Buffer octets = Hex(frame);
    const auto packet = IpPacketOf(linkType, octets);
    return packet ? ToHex(*packet) : "none";
}

} // namespace

TEST(LinkLayer, FindsIpBehindEveryHeaderThatItKnows)
{
    EXPECT_EQ(Opened(ETHERNET, "010203040506 0a0b0c0d0e0f 0800 4500"), "4500");
    EXPECT_EQ(Opened(ETHERNET, "010203040506 0a0b0c0d0e0f 86dd 6000"), "6000");
    EXPECT_EQ(Opened(ETHERNET, "010203040506 0a0b0c0d0e0f 88a8 0001 8100 0002 0800 4500"), "4500");
    EXPECT_EQ(Opened(113, "0000 0001 0006 0102030405060000 0800 4500"), "4500");
    EXPECT_EQ(Opened(276, "86dd 0000 00000001 0001 00 06 0102030405060000 6000"), "6000");
    EXPECT_EQ(Opened(0, "02000000 4500"), "4500");
    EXPECT_EQ(Opened(108, "00000018 6000"), "6000");
    EXPECT_EQ(Opened(101, "4500"), "4500");
    EXPECT_EQ(Opened(229, "6000"), "6000");
}

TEST(LinkLayer, FindsNothingWhereNothingIs)
{
    EXPECT_EQ(Opened(ETHERNET, ""), "none");
    EXPECT_EQ(Opened(ETHERNET, "010203040506 0a0b0c0d0e0f 0806 0001"), "none") << "ARP";
    EXPECT_EQ(Opened(ETHERNET, "010203040506 0a0b0c0d0e0f 0800"), "none") << "an empty packet";
    EXPECT_EQ(Opened(ETHERNET, "010203040506 0a0b0c0d0e0f 0800 1500"), "none") << "IP version 1";
    EXPECT_EQ(Opened(101, "0500"), "none");
    EXPECT_EQ(Opened(9, "4500"), "none") << "a link type that is not known";
    EXPECT_FALSE(KnowsLinkType(9));
    const Buffer good = Hex("010203040506 0a0b0c0d0e0f 8100 0001 0800 45");
    for (size_t octets = 0; octets < good.size(); ++octets)
    {
        EXPECT_FALSE(IpPacketOf(ETHERNET, Bytes(good).first(octets))) << octets;
    }
}

} // namespace ikelab::dissect
