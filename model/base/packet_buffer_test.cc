// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "base/packet_buffer.h"

#include <gtest/gtest.h>

namespace ikelab
{
namespace
{

TEST(PacketBuffer, GrowsAndShrinksAtBothEndsInPlace)
{
    PacketBuffer packet(Hex("0a0b0c"));
    const uint8_t* payload = packet.View().data();
    packet.Prepend(2)[0] = 1;
    packet.View()[1] = 2;
    std::ranges::fill(packet.Append(2), uint8_t{0xee});
    EXPECT_EQ(ToHex(packet.View()), "01020a0b0ceeee");
    packet.DropFront(2);
    packet.DropBack(3);
    EXPECT_EQ(ToHex(packet.View()), "0a0b");
    EXPECT_EQ(packet.View().data(), payload);
}

TEST(PacketBuffer, AppendsBeyondItsTailroom)
{
    PacketBuffer packet(Hex("01"));
    std::ranges::fill(packet.Append(2000), uint8_t{2});
    EXPECT_EQ(packet.Size(), 2001u);
    EXPECT_EQ(packet.View()[0], 1);
    EXPECT_EQ(packet.View()[2000], 2);
}

} // namespace
} // namespace ikelab
