// SPDX-License-Identifier: GPL-2.0-only
#include "esp/packet_info.h"
#include "esp/testing/packets.h"
#include "sim/ipv6_fragments.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace ns3::flat
{

namespace
{

using ikelab::Buffer;
using ikelab::Bytes;
using ikelab::esp::testing::MakePacket6;

constexpr uint8_t HOP_BY_HOP = 0;
constexpr uint8_t ROUTING = 43;
constexpr uint8_t FRAGMENT = 44;
constexpr uint8_t DESTINATION_OPTIONS = 60;
constexpr size_t FIXED_OCTETS = 40;
constexpr size_t EXTENSION_OCTETS = 8;

/// With one of each kind behind the fixed header, padded.
Buffer
WithExtensions(size_t dataOctets, const std::vector<uint8_t>& kinds)
{
    Buffer packet = MakePacket6({.dataOctets = dataOctets});
    uint8_t next = packet[6];
    for (size_t i = kinds.size(); i > 0; --i)
    {
        const Buffer extension = kinds[i - 1] == FRAGMENT ? Buffer{next, 0, 0, 0, 0, 0, 0, 9}
                                                          : Buffer{next, 0, 1, 4, 0, 0, 0, 0};
        packet.insert(packet.begin() + FIXED_OCTETS, extension.begin(), extension.end());
        next = kinds[i - 1];
    }
    packet[6] = next;
    const size_t length = packet.size() - FIXED_OCTETS;
    packet[4] = static_cast<uint8_t>(length >> 8);
    packet[5] = static_cast<uint8_t>(length);
    return packet;
}

std::vector<Buffer>
Cut(Bytes packet, size_t mtu)
{
    std::vector<Buffer> parts;
    const bool cut =
        FragmentV6(packet, mtu, 7, [&](Bytes part) { parts.push_back(ikelab::ToBuffer(part)); });
    EXPECT_EQ(cut, !parts.empty());
    return parts;
}

/// What the receiver puts together.
/// @param outside octets of the headers that every part has
Buffer
Joined(const std::vector<Buffer>& parts, size_t outside)
{
    Buffer whole;
    for (const Buffer& part : parts)
    {
        ikelab::Append(whole, Bytes(part).subspan(outside + EXTENSION_OCTETS));
    }
    return whole;
}

TEST(FragmentV6, CutsAPacketThatItsReceiverJoins)
{
    constexpr size_t MTU = 1285; // leaves room for no whole number of 8 octets
    // Hop-by-hop options are for everybody on the way, those for the destination for it alone.
    for (const std::vector<uint8_t>& kinds :
         {std::vector<uint8_t>{}, {HOP_BY_HOP}, {HOP_BY_HOP, DESTINATION_OPTIONS}})
    {
        const size_t outside = FIXED_OCTETS + (kinds.empty() ? 0 : EXTENSION_OCTETS);
        for (size_t octets = 1200; octets < 1400; ++octets)
        {
            const Buffer packet = WithExtensions(octets, kinds);
            const auto parts = Cut(packet, MTU);
            ASSERT_EQ(parts.size(),
                      packet.size() - outside <= (MTU - outside - EXTENSION_OCTETS) / 8 * 8 ? 1u
                                                                                            : 2u);
            EXPECT_EQ(Joined(parts, outside), ikelab::ToBuffer(Bytes(packet).subspan(outside)));
            size_t begin = 0;
            for (const Buffer& part : parts)
            {
                const auto info = ikelab::esp::ReadPacket(part);
                ASSERT_TRUE(info);
                EXPECT_LE(part.size(), MTU);
                EXPECT_EQ(info->totalOctets, part.size());
                EXPECT_EQ(info->identification, 7u);
                EXPECT_EQ(info->fragmentBegin, begin);
                EXPECT_EQ(info->laterFragment, begin != 0);
                EXPECT_EQ(info->fragment, parts.size() > 1);
                EXPECT_EQ(part[outside + 3] & 1, &part != &parts.back()) << "more fragments";
                EXPECT_EQ(part[outside], packet[outside == FIXED_OCTETS ? 6 : FIXED_OCTETS]);
                begin += part.size() - outside - EXTENSION_OCTETS;
            }
        }
    }
}

// RFC 6946: such a packet is whole; its parts have one fragment header each, and that is theirs.
TEST(FragmentV6, ReplacesTheHeaderOfAnAtomicFragment)
{
    for (const auto& [kinds, before] : {std::pair<std::vector<uint8_t>, size_t>{{FRAGMENT}, 0},
                                        {{HOP_BY_HOP, FRAGMENT}, 1},
                                        {{HOP_BY_HOP, FRAGMENT, DESTINATION_OPTIONS}, 1},
                                        {{FRAGMENT, FRAGMENT}, 0},
                                        {{HOP_BY_HOP, FRAGMENT, ROUTING}, 2}})
    {
        const Buffer packet = WithExtensions(1400, kinds);
        std::vector<uint8_t> others;
        std::ranges::copy_if(
            kinds, std::back_inserter(others), [](uint8_t kind) { return kind != FRAGMENT; });
        const Buffer plain = WithExtensions(1400, others);
        const size_t outside = FIXED_OCTETS + before * EXTENSION_OCTETS;
        const auto parts = Cut(packet, 1280);
        ASSERT_EQ(parts.size(), 2u);
        EXPECT_EQ(parts, Cut(plain, 1280));
        EXPECT_EQ(Joined(parts, outside), ikelab::ToBuffer(Bytes(plain).subspan(outside)));
        for (const Buffer& part : parts)
        {
            const auto info = ikelab::esp::ReadPacket(part);
            ASSERT_TRUE(info);
            EXPECT_EQ(info->identification, 7u);
            EXPECT_TRUE(info->fragment);
        }
    }
}

TEST(FragmentV6, CutsNeitherFragmentsNorWhereNothingFits)
{
    const Buffer packet = WithExtensions(1400, {});
    EXPECT_TRUE(Cut(packet, FIXED_OCTETS + EXTENSION_OCTETS + 7).empty());
    EXPECT_FALSE(Cut(packet, FIXED_OCTETS + EXTENSION_OCTETS + 8).empty());
    EXPECT_TRUE(Cut(Cut(packet, 1280).front(), 600).empty());
    EXPECT_TRUE(Cut(ikelab::esp::testing::MakePacket(), 600).empty());
    EXPECT_TRUE(Cut(Bytes(packet).first(30), 600).empty());
}

} // namespace

} // namespace ns3::flat
