// SPDX-License-Identifier: GPL-2.0-only
#include "base/checksum.h"
#include "base/hex.h"
#include "esp/packet_info.h"
#include "sim/flat_packet.h"
#include "sim/icmp_error.h"
#include "sim/testing/site_to_site.h"

#include <gtest/gtest.h>

namespace ns3::flat
{

namespace
{

using ikelab::Buffer;
using ikelab::Bytes;
using ikelab::IpAddress;
using ikelab::PacketBuffer;

const IpAddress ALICE = *IpAddress::Parse("10.1.0.10");
const IpAddress BOB = *IpAddress::Parse("10.2.0.10");
const IpAddress ALICE6 = *IpAddress::Parse("fd01::10");
const IpAddress BOB6 = *IpAddress::Parse("fd02::10");

bool
HeaderChecksumGood(Bytes packet)
{
    return ikelab::OnesComplementSum(packet.first(20)) == 0xffff;
}

TEST(FlatPacket, FlattensAsNs3Serializes)
{
    Ipv4Header header;
    header.SetSource(ToIpv4Address(ALICE));
    header.SetDestination(ToIpv4Address(BOB));
    header.SetProtocol(17);
    header.SetTtl(33);
    header.SetTos(0xb9);
    header.SetIdentification(0x1234);
    header.SetPayloadSize(100);
    header.SetMoreFragments();
    header.SetFragmentOffset(1480);
    header.EnableChecksum();
    Ptr<Packet> packet = Create<Packet>(100);
    PacketBuffer ours;
    Flatten(header, *packet, ours);
    packet->AddHeader(header);
    PacketBuffer theirs;
    Flatten(*packet, theirs);
    EXPECT_EQ(ikelab::ToHex(ours.View()), ikelab::ToHex(theirs.View()));
    EXPECT_TRUE(HeaderChecksumGood(ours.View()));
}

TEST(FlatPacket, FlattensIpv6AsNs3Serializes)
{
    Ipv6Header header;
    header.SetSource(ToIpv6Address(ALICE6));
    header.SetDestination(ToIpv6Address(BOB6));
    header.SetNextHeader(17);
    header.SetHopLimit(9);
    header.SetTrafficClass(0xb8);
    header.SetFlowLabel(0x12345);
    header.SetPayloadLength(50);
    Ptr<Packet> packet = Create<Packet>(50);
    PacketBuffer ours;
    Flatten(header, *packet, ours);
    packet->AddHeader(header);
    PacketBuffer theirs;
    Flatten(*packet, theirs);
    EXPECT_EQ(ikelab::ToHex(ours.View()), ikelab::ToHex(theirs.View()));
}

TEST(FlatPacket, KeepsTheChecksumRightForEveryTtl)
{
    for (unsigned ttl = 2; ttl < 256; ++ttl)
    {
        Buffer packet = testing::MakeUdpPacket(ALICE, BOB, 9, "x", static_cast<uint8_t>(ttl));
        ASSERT_TRUE(DecrementTtl(packet));
        EXPECT_EQ(packet[8], ttl - 1);
        EXPECT_TRUE(HeaderChecksumGood(packet)) << ttl;
    }
}

TEST(FlatPacket, RefusesTheLastHopUntouched)
{
    for (const uint8_t ttl : {0, 1})
    {
        const Buffer before = testing::MakeUdpPacket(ALICE6, BOB6, 9, "x", ttl);
        Buffer after = before;
        EXPECT_FALSE(DecrementTtl(after));
        EXPECT_EQ(after, before);
    }
}

TEST(FlatPacket, ReadsNoEndsFromATruncatedHeader)
{
    for (const Buffer& packet :
         {testing::MakeUdpPacket(ALICE, BOB, 9, ""), testing::MakeUdpPacket(ALICE6, BOB6, 9, "")})
    {
        const size_t header = Version(packet) == 4 ? 20 : 40;
        for (size_t octets = 0; octets < header; ++octets)
        {
            EXPECT_FALSE(ReadEnds(Bytes(packet).first(octets))) << octets;
        }
        EXPECT_TRUE(ReadEnds(Bytes(packet).first(header)));
    }
}

TEST(FlatPacket, SeesEveryFlippedBitOfAUdpDatagram)
{
    for (const auto& [source, destination] : {std::pair{ALICE, BOB}, std::pair{ALICE6, BOB6}})
    {
        Buffer packet = testing::MakeUdpPacket(source, destination, 4500, "some octets");
        Buffer datagram(packet.begin() + (source.IsV4() ? 20 : 40), packet.end());
        auto fields = ReadUdp(datagram, source, destination);
        ASSERT_TRUE(fields);
        EXPECT_TRUE(fields->checksumGood);
        EXPECT_EQ(fields->destinationPort, 4500);
        for (size_t bit = 0; bit < datagram.size() * 8; ++bit)
        {
            Buffer flipped = datagram;
            flipped[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
            fields = ReadUdp(flipped, source, destination);
            EXPECT_TRUE(!fields || !fields->checksumGood) << bit;
        }
        for (size_t octets = 0; octets < datagram.size(); ++octets)
        {
            EXPECT_FALSE(ReadUdp(Bytes(datagram).first(octets), source, destination)) << octets;
        }
    }
}

TEST(FlatPacket, TakesAMissingUdpChecksumOnlyOverIpv4)
{
    PacketBuffer datagram(Buffer{1, 2, 3});
    PrependUdp(datagram, {{ALICE, 4500}, {BOB, 4500}}, false);
    EXPECT_TRUE(ReadUdp(datagram.View(), ALICE, BOB)->checksumGood);
    EXPECT_FALSE(ReadUdp(datagram.View(), ALICE6, BOB6)->checksumGood);
}

/// Time exceeded in transit about a packet from bob to alice, from a router, as RFC 792 has it.
Buffer
TimeExceeded(Bytes about, size_t octets)
{
    Buffer message{11, 0, 0, 0, 0, 0, 0, 0};
    message.insert(message.end(), about.begin(), about.begin() + static_cast<ptrdiff_t>(octets));
    PacketBuffer packet;
    Ipv4Header header;
    header.SetSource(Ipv4Address("192.0.2.1"));
    header.SetDestination(ToIpv4Address(BOB));
    header.SetProtocol(1);
    header.SetTtl(64);
    Flatten(header, *ToPacket(message), packet);
    return ikelab::ToBuffer(packet.View());
}

TEST(IcmpError, KeepsChecksumsRightWithAnotherSource)
{
    const Buffer about = testing::MakeUdpPacket(BOB, ALICE, 9, "x");
    Buffer error = TimeExceeded(about, 28);
    SetIcmpSource(error, *IpAddress::Parse("10.1.0.1"));
    EXPECT_EQ(ReadEnds(error)->source, *IpAddress::Parse("10.1.0.1"));
    EXPECT_TRUE(HeaderChecksumGood(error));
}

} // namespace

} // namespace ns3::flat
