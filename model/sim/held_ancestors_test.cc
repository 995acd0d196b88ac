// SPDX-License-Identifier: GPL-2.0-only
#include "sim/held_ancestors.h"

#include "ns3/socket.h"

#include <gtest/gtest.h>

#include <optional>

namespace ns3
{

namespace
{

/// A packet that can be told from others by its tag.
Ptr<Packet>
Tagged(uint8_t number)
{
    Ptr<Packet> packet = Create<Packet>(10);
    SocketIpTosTag tag;
    tag.SetTos(number);
    packet->AddPacketTag(tag);
    return packet;
}

std::optional<int>
TakeNumber(HeldAncestors& held, const ikelab::Buffer& octets)
{
    const Ptr<const Packet> packet = held.Take(octets);
    SocketIpTosTag tag;
    return packet && packet->PeekPacketTag(tag) ? std::optional<int>(tag.GetTos()) : std::nullopt;
}

const ikelab::Buffer ONE{1, 2, 3};
const ikelab::Buffer OTHER{1, 2, 4};

TEST(HeldAncestors, AreFoundByTheirOctetsTheOldestFirstAndOnce)
{
    HeldAncestors held;
    held.Keep(ONE, PeekPointer(Tagged(1)));
    held.Keep(OTHER, PeekPointer(Tagged(2)));
    held.Keep(ONE, PeekPointer(Tagged(3)));
    EXPECT_EQ(TakeNumber(held, OTHER), 2);
    EXPECT_EQ(TakeNumber(held, ONE), 1);
    EXPECT_EQ(TakeNumber(held, ONE), 3);
    EXPECT_EQ(held.Take(ONE), nullptr);
    EXPECT_EQ(held.Take(OTHER), nullptr);
}

TEST(HeldAncestors, WithoutTagsAreNotKept)
{
    HeldAncestors held;
    held.Keep(ONE, nullptr);
    held.Keep(ONE, PeekPointer(Create<Packet>(10)));
    EXPECT_EQ(held.Take(ONE), nullptr);
}

TEST(HeldAncestors, AreBoundedAndTheOldestGoes)
{
    HeldAncestors held;
    held.Keep(ONE, PeekPointer(Tagged(1)));
    for (int i = 0; i < 1000; ++i)
    {
        held.Keep(OTHER, PeekPointer(Tagged(2)));
    }
    EXPECT_EQ(held.Take(ONE), nullptr);
    size_t left = 0;
    while (held.Take(OTHER))
    {
        ++left;
    }
    EXPECT_EQ(left, 256u);
}

} // namespace

} // namespace ns3
