// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "base/limits.h"
#include "base/random_source.h"
#include "esp/packet_info.h"
#include "esp/testing/packets.h"

#include <gtest/gtest.h>

namespace ikelab::esp
{
namespace
{

using testing::MakePacket;
using testing::MakePacket6;
using testing::PacketSpec;

/// An IPv6 packet whose fixed header says `next` and is followed by `rest`.
Buffer
V6With(uint8_t next, Bytes rest)
{
    Buffer packet = MakePacket6({.dataOctets = 0});
    packet.resize(40);
    Append(packet, rest);
    packet[4] = static_cast<uint8_t>(rest.size() >> 8);
    packet[5] = static_cast<uint8_t>(rest.size());
    packet[6] = next;
    return packet;
}

TEST(ReadPacket, ReadsEveryFieldOfAnIpv4Packet)
{
    const auto info = ReadPacket(MakePacket({.trafficClass = 0xb9, .ttl = 3, .dataOctets = 10}));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->source.ToAddress(), IpAddress::Parse("10.99.1.1"));
    EXPECT_EQ(info->destination.ToAddress(), IpAddress::Parse("10.99.2.1"));
    EXPECT_EQ(info->protocol, PROTOCOL_UDP);
    EXPECT_TRUE(info->portsKnown);
    EXPECT_EQ(info->sourcePort, 40000);
    EXPECT_EQ(info->destinationPort, 7);
    EXPECT_EQ(info->trafficClass, 0xb9);
    EXPECT_EQ(info->ttl, 3);
    EXPECT_EQ(info->headerOctets, 20u);
    EXPECT_EQ(info->totalOctets, 38u);
    EXPECT_FALSE(info->fragment);
    EXPECT_FALSE(info->dontFragment);
    EXPECT_FALSE(info->IsV6());
}

TEST(ReadPacket, ReadsEveryFieldOfAnIpv6Packet)
{
    const auto info = ReadPacket(MakePacket6({.trafficClass = 0xb9, .ttl = 3, .dataOctets = 10}));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->source.ToAddress(), IpAddress::Parse("2001:db8:1::1"));
    EXPECT_EQ(info->destination.ToAddress(), IpAddress::Parse("2001:db8:2::1"));
    EXPECT_EQ(info->protocol, PROTOCOL_UDP);
    EXPECT_EQ(info->sourcePort, 40000);
    EXPECT_EQ(info->destinationPort, 7);
    EXPECT_EQ(info->trafficClass, 0xb9);
    EXPECT_EQ(info->ttl, 3);
    EXPECT_EQ(info->headerOctets, 40u);
    EXPECT_EQ(info->totalOctets, 58u);
    EXPECT_TRUE(info->dontFragment);
    EXPECT_TRUE(info->IsV6());
}

TEST(ReadPacket, RefusesEveryTruncation)
{
    for (const Buffer& packet : {MakePacket(), MakePacket6()})
    {
        for (size_t octets = 0; octets < packet.size(); ++octets)
        {
            const auto info = ReadPacket(Bytes(packet).first(octets));
            ASSERT_FALSE(info) << octets;
            EXPECT_EQ(info.error().fault, Fault::TRUNCATED) << octets;
        }
    }
}

TEST(ReadPacket, SurvivesRandomOctetsWithoutReadingPastTheEnd)
{
    SeededRandom random(4);
    for (int round = 0; round < 20000; ++round)
    {
        Buffer packet(random.U32() % 120); // exactly as long as it says: ASan sees a read behind it
        random.Fill(packet);
        if (!packet.empty())
        {
            packet[0] = static_cast<uint8_t>(round % 2 == 0 ? 0x40 | (packet[0] & 15) : 0x60);
        }
        if (packet.size() > 6 && round % 2 == 1)
        {
            packet[4] = 0;
            packet[5] = static_cast<uint8_t>(packet.size() < 40 ? 0 : packet.size() - 40);
            packet[6] = static_cast<uint8_t>(round % 4 == 1 ? 0 : 44);
        }
        const auto info = ReadPacket(packet);
        if (info)
        {
            EXPECT_LE(info->headerOctets, info->totalOctets);
            EXPECT_LE(info->totalOctets, packet.size());
        }
    }
}

TEST(ReadPacket, RefusesImpossibleLengthsAndVersions)
{
    Buffer packet = MakePacket();
    packet[0] = 0x44; // header shorter than 20 octets
    EXPECT_EQ(ReadPacket(packet).error().fault, Fault::BAD_VALUE);
    packet = MakePacket();
    packet[2] = 0;
    packet[3] = 19; // total below header
    EXPECT_EQ(ReadPacket(packet).error().fault, Fault::BAD_VALUE);
    packet = MakePacket();
    packet[0] = 0x55;
    EXPECT_EQ(ReadPacket(packet).error().fault, Fault::BAD_VALUE);
}

TEST(ReadPacket, SkipsIpv4Options)
{
    Buffer packet = MakePacket({.dataOctets = 0});
    const Buffer options = Hex("94040000");
    packet.insert(packet.begin() + 20, options.begin(), options.end());
    packet[0] = 0x46;
    packet[3] = static_cast<uint8_t>(packet.size());
    const auto info = ReadPacket(packet);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->headerOctets, 24u);
    EXPECT_EQ(info->sourcePort, 40000);
}

TEST(ReadPacket, KnowsNoPortsOfALaterFragment)
{
    const auto first = ReadPacket(MakePacket({.fragmentField = 0x2000}));
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->fragment);
    EXPECT_FALSE(first->laterFragment);
    EXPECT_TRUE(first->portsKnown);
    const auto later = ReadPacket(MakePacket({.fragmentField = 0x0010}));
    ASSERT_TRUE(later);
    EXPECT_TRUE(later->fragment);
    EXPECT_TRUE(later->laterFragment);
    EXPECT_FALSE(later->portsKnown);
    const auto whole = ReadPacket(MakePacket({.fragmentField = 0x4000}));
    ASSERT_TRUE(whole);
    EXPECT_FALSE(whole->fragment);
    EXPECT_TRUE(whole->dontFragment);
}

TEST(ReadPacket, SaysWhenPortsAreHidden)
{
    EXPECT_FALSE(ReadPacket(MakePacket())->portsHidden);
    EXPECT_FALSE(ReadPacket(MakePacket({.fragmentField = 0x2000}))->portsHidden) << "the first";
    EXPECT_TRUE(ReadPacket(MakePacket({.fragmentField = 0x0010}))->portsHidden);
    EXPECT_FALSE(ReadPacket(MakePacket({.protocol = 47, .fragmentField = 0x0010}))->portsHidden)
        << "GRE has none";
    Buffer cut = MakePacket();
    cut.resize(23);
    cut[3] = 23; // total length
    EXPECT_TRUE(ReadPacket(cut)->portsHidden);
    // IPv6: fragment header, offset 8, next header as given
    Buffer fragment = MakePacket6({.protocol = 44});
    fragment[42] = 0;
    fragment[43] = 8;
    for (const uint8_t next : {PROTOCOL_UDP, uint8_t{47}, PROTOCOL_ICMPV6, uint8_t{60}})
    {
        fragment[40] = next;
        const auto info = ReadPacket(fragment);
        ASSERT_TRUE(info);
        EXPECT_TRUE(info->laterFragment);
        EXPECT_TRUE(info->portsHidden);
        EXPECT_FALSE(info->protocolKnown) << "RFC 8200 section 4.5: only the first one tells";
    }
}

TEST(ReadPacket, GivesIcmpTypeAndCodeAsPort)
{
    // RFC 7296 §3.13.1: type in the high octet
    const auto v4 = ReadPacket(MakePacket({.protocol = PROTOCOL_ICMP, .sourcePort = 0x0304}));
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->sourcePort, 0x0304);
    EXPECT_EQ(v4->destinationPort, 0x0304);
    const auto v6 = ReadPacket(MakePacket6({.protocol = PROTOCOL_ICMPV6, .sourcePort = 0x8000}));
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->sourcePort, 0x8000);
}

TEST(ReadPacket, WalksIpv6ExtensionHeaders)
{
    // hop-by-hop (8) | destination options (16) | routing (8) | UDP
    const Buffer rest = Hex("3c00010400000000"
                            "2b01010c000000000000000000000000"
                            "1100000000000000"
                            "9c40000700080000");
    const auto info = ReadPacket(V6With(0, rest));
    ASSERT_TRUE(info) << ToString(info.error());
    EXPECT_EQ(info->protocol, PROTOCOL_UDP);
    EXPECT_EQ(info->headerOctets, 40u + 32u);
    EXPECT_EQ(info->destinationPort, 7);
}

// RFC 4301 §4.4.1.1: AH and ESP are next layers, whatever stands behind them.
TEST(ReadPacket, StopsAtAhInBothFamilies)
{
    const Buffer ah = Hex("1104000000000007 00000001000000000000000000000000 9c40000700080000");
    Buffer v4 = MakePacket({.protocol = PROTOCOL_AH, .dataOctets = 0});
    v4.resize(20);
    Append(v4, ah);
    v4[3] = static_cast<uint8_t>(v4.size());
    const Buffer options = Hex("3300010400000000");
    Buffer behind = options;
    Append(behind, ah);
    for (const Buffer& packet : {v4, V6With(PROTOCOL_AH, ah), V6With(0, behind)})
    {
        const auto info = ReadPacket(packet);
        ASSERT_TRUE(info);
        EXPECT_EQ(info->protocol, PROTOCOL_AH);
        EXPECT_FALSE(info->portsKnown);
        EXPECT_FALSE(info->portsHidden);
        EXPECT_EQ(info->headerOctets, packet.size() - ah.size());
    }
}

TEST(ReadPacket, StopsAtALaterIpv6Fragment)
{
    const auto first = ReadPacket(V6With(44, Hex("1100000100000001 9c40000700080000")));
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->fragment);
    EXPECT_TRUE(first->portsKnown);
    EXPECT_EQ(first->headerOctets, 48u);
    const auto later = ReadPacket(V6With(44, Hex("1100010100000001 9c40000700080000")));
    ASSERT_TRUE(later);
    EXPECT_TRUE(later->laterFragment);
    EXPECT_FALSE(later->portsKnown);
    EXPECT_EQ(later->protocol, PROTOCOL_UDP);
}

TEST(ReadPacket, GivesUpAfterManyExtensionHeaders)
{
    Buffer rest;
    for (size_t i = 0; i < limits::EXTENSION_HEADERS + 1; ++i)
    {
        Append(rest, Hex("3c00010400000000"));
    }
    Append(rest, Hex("1100010400000000 9c40000700080000"));
    const auto info = ReadPacket(V6With(60, rest));
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().fault, Fault::LIMIT);
}

TEST(SetTrafficClass, KeepsTheIpv4ChecksumRight)
{
    for (unsigned before = 0; before < 256; before += 5)
    {
        for (unsigned after = 0; after < 256; ++after)
        {
            Buffer packet = MakePacket({.trafficClass = static_cast<uint8_t>(before)});
            SetTrafficClass(packet, static_cast<uint8_t>(after));
            EXPECT_EQ(packet, MakePacket({.trafficClass = static_cast<uint8_t>(after)}));
        }
    }
}

TEST(SetTrafficClass, TouchesNothingElseInIpv6)
{
    Buffer packet = MakePacket6({.trafficClass = 0x02});
    packet[1] |= 0x0a; // flow label
    Buffer expected = MakePacket6({.trafficClass = 0xff});
    expected[1] |= 0x0a;
    SetTrafficClass(packet, 0xff);
    EXPECT_EQ(packet, expected);
}

TEST(AddressNumber, IsTheAddressAndKeepsItsOrder)
{
    const char* const ordered[] = {"0.0.0.0",
                                   "10.0.0.1",
                                   "255.255.255.255",
                                   "::",
                                   "2001:db8::1",
                                   "2001:db8:0:0:1::",
                                   "ffff::"};
    for (size_t i = 0; i < std::size(ordered); ++i)
    {
        const IpAddress left = *IpAddress::Parse(ordered[i]);
        EXPECT_EQ(AddressNumber::From(left).ToAddress(), left);
        for (size_t j = 0; j < std::size(ordered); ++j)
        {
            const AddressNumber right = AddressNumber::From(*IpAddress::Parse(ordered[j]));
            EXPECT_EQ(AddressNumber::From(left) < right, i < j) << ordered[i] << ordered[j];
        }
    }
}

} // namespace
} // namespace ikelab::esp
