// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "esp/testing/sa_pair.h"
#include "esp/transport_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace ikelab::esp
{
namespace
{

using testing::MakePacket;
using testing::MakePacket6;
using testing::SaPair;

constexpr size_t UDP_OCTETS = 8;

/// MakePacket's with options: a router alert (RFC 2113) and padding.
Buffer
WithOptions()
{
    Buffer packet = MakePacket();
    const Buffer options{0x94, 4, 0, 0, 1, 1, 1, 0};
    packet.insert(packet.begin() + 20, options.begin(), options.end());
    packet[0] = 0x47;
    packet[3] = static_cast<uint8_t>(packet.size());
    packet[6] = 0x40; // DF
    packet[8] = 17;
    packet[10] = packet[11] = 0;
    const uint16_t checksum = HeaderChecksum(Bytes(packet).first(28));
    packet[10] = static_cast<uint8_t>(checksum >> 8);
    packet[11] = static_cast<uint8_t>(checksum);
    return packet;
}

/// MakePacket6's with extension headers of 8 octets each, an 8-octet one of each kind.
Buffer
WithExtensions(const std::vector<uint8_t>& kinds)
{
    Buffer packet = MakePacket6({.trafficClass = 0x12, .ttl = 9});
    packet[1] |= 0x0b; // flow label
    packet[2] = 0xee;
    packet[3] = 0xf0;
    packet[6] = kinds.empty() ? PROTOCOL_UDP : kinds.front();
    Buffer extensions;
    for (size_t i = 0; i < kinds.size(); ++i)
    {
        const uint8_t next = i + 1 < kinds.size() ? kinds[i + 1] : PROTOCOL_UDP;
        switch (kinds[i])
        {
        case PROTOCOL_ROUTING: // type 253, no segments left
            Append(extensions, Buffer{next, 0, 253, 0, 0, 0, 0, 0});
            break;
        case PROTOCOL_FRAGMENT: // an atomic one, RFC 6946
            Append(extensions, Buffer{next, 0, 0, 0, 1, 2, 3, 4});
            break;
        default: // PadN
            Append(extensions, Buffer{next, 0, 1, 4, 0, 0, 0, 0});
            break;
        }
    }
    packet.insert(packet.begin() + 40, extensions.begin(), extensions.end());
    packet[5] = static_cast<uint8_t>(packet.size() - 40);
    return packet;
}

class TransportMode : public ::testing::Test
{
  protected:
    /// A whole packet, up to `headerOctets` before ESP; empty if it cannot be sealed.
    Buffer
    Seal(Bytes packet)
    {
        return sa.Seal(packet);
    }

    /// Open as a shell does: everything in one buffer, the header before the packet.
    Result<Opened>
    Open(Bytes whole, size_t headerOctets, size_t encapsulation = 0)
    {
        buffer.Assign(whole);
        sa.outer.header = std::as_const(buffer).View().first(headerOctets);
        buffer.DropFront(headerOctets + encapsulation);
        TRY_ASSIGN(const wire::EspHeader header, wire::ParseEspHeader(buffer.View()));
        return sa.in.Open(buffer, header, sa.selectors, sa.outer);
    }

    SaPair sa{{.mode = Mode::TRANSPORT}};
    PacketBuffer buffer;
};

// RFC 4303 §3.1.1: the header is the sender's own, options included; a router's TTL stays.
TEST_F(TransportMode, KeepsTheIpv4HeaderAndItsOptions)
{
    for (const Buffer& packet : {MakePacket({.trafficClass = 0xb9, .ttl = 7}), WithOptions()})
    {
        Buffer sealed = Seal(packet);
        const size_t header = 4u * (packet[0] & 0x0f);
        ASSERT_EQ(sealed.size(), header + 8 + 8 + 64 + 2 + 2 + 16);
        const auto info = ReadPacket(sealed);
        ASSERT_TRUE(info);
        EXPECT_EQ(info->totalOctets, sealed.size());
        EXPECT_EQ(info->protocol, PROTOCOL_ESP);
        EXPECT_EQ(HeaderChecksum(Bytes(sealed).first(header)), 0);
        for (size_t at = 0; at < header; ++at)
        {
            const bool rewritten = at == 2 || at == 3 || at == 9 || at == 10 || at == 11;
            EXPECT_TRUE(rewritten || sealed[at] == packet[at]) << at;
        }
        ASSERT_TRUE(Open(sealed, header));
        EXPECT_TRUE(SameOctets(buffer.View(), packet)) << ToHex(buffer.View());
    }
    const Buffer packet = WithOptions();
    Buffer sealed = Seal(packet);
    sealed[8] -= 3;
    const auto opened = Open(sealed, 28);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->inner.ttl, 14);
    EXPECT_EQ(HeaderChecksum(buffer.View().first(28)), 0);
}

// RFC 4303 §3.1.1: what routers on the way look at stays outside; destination options directly
// before the next layer are encrypted, those before a routing header are not.
TEST_F(TransportMode, PutsEspBehindTheExtensionHeadersThatRoutersRead)
{
    struct Row
    {
        std::vector<uint8_t> kinds;
        size_t outside;
    };
    for (const Row& row : {Row{{}, 0},
                           Row{{0}, 1},
                           Row{{60}, 0},
                           Row{{0, 60}, 1},
                           Row{{0, 43}, 2},
                           Row{{60, 43}, 2},
                           Row{{60, 43, 60}, 2},
                           Row{{0, 60, 43, 44, 60}, 4},
                           Row{{44}, 1}})
    {
        SCOPED_TRACE(ToHex(row.kinds));
        const Buffer packet = WithExtensions(row.kinds);
        const Buffer sealed = Seal(packet);
        const size_t header = 40 + 8 * row.outside;
        ASSERT_GT(sealed.size(), header);
        const auto info = ReadPacket(sealed);
        ASSERT_TRUE(info);
        EXPECT_EQ(info->protocol, PROTOCOL_ESP);
        EXPECT_EQ(info->headerOctets, header);
        EXPECT_EQ(info->totalOctets, sealed.size());
        const auto opened = Open(sealed, header);
        ASSERT_TRUE(opened) << ToString(opened.error());
        EXPECT_TRUE(SameOctets(buffer.View(), packet)) << ToHex(buffer.View());
        EXPECT_EQ(opened->inner.protocol, PROTOCOL_UDP);
    }
}

// Others may keep destination options outside (§3.1.1 leaves it to them).
TEST_F(TransportMode, TakesDestinationOptionsOutside)
{
    Buffer sealed = Seal(MakePacket6());
    sealed.insert(sealed.begin() + 40, {PROTOCOL_ESP, 0, 1, 4, 0, 0, 0, 0});
    sealed[5] += 8;
    sealed[6] = PROTOCOL_DESTINATION_OPTIONS;
    ASSERT_TRUE(Open(sealed, 48));
    EXPECT_EQ(buffer.View()[40], PROTOCOL_UDP);
}

// A shell that cannot know the header.
TEST_F(TransportMode, MakesAHeaderOfTheEndsIfThereIsNone)
{
    const Buffer packet = MakePacket();
    ASSERT_TRUE(sa.Open(Bytes(Seal(packet)).subspan(20)));
    EXPECT_EQ(HeaderChecksum(sa.Inner().first(20)), 0);
    EXPECT_TRUE(SameOctets(sa.Inner().subspan(12), Bytes(packet).subspan(12)));
    sa.outer = {*IpAddress::Parse("2001:db8:1::1"), *IpAddress::Parse("2001:db8:2::1"), 0};
    const Buffer packet6 = MakePacket6();
    ASSERT_TRUE(sa.Open(Bytes(Seal(packet6)).subspan(40)));
    EXPECT_TRUE(SameOctets(sa.Inner(), packet6));
}

// RFC 4303 §3.1.1: whole datagrams only; lengths that no IP header could say are ours to refuse.
TEST_F(TransportMode, RefusesFragmentsAndWhatWouldBeTooLong)
{
    EXPECT_TRUE(Seal(MakePacket({.fragmentField = 0x2000})).empty());
    EXPECT_TRUE(Seal(MakePacket({.fragmentField = 0x0010})).empty());
    Buffer fragment = WithExtensions({PROTOCOL_FRAGMENT});
    fragment[43] = 1;
    EXPECT_TRUE(Seal(fragment).empty());
    EXPECT_TRUE(Seal(MakePacket({.dataOctets = 65535 - 28})).empty());
    EXPECT_TRUE(Seal(MakePacket6({.dataOctets = 65535 - 8})).empty());
    EXPECT_EQ(sa.out.Sequence(), 0u) << "no number was spent";
    const size_t overhead = sa.out.Overhead(8);
    EXPECT_FALSE(Seal(MakePacket({.dataOctets = (65535 - 28 - overhead) & ~size_t{3}})).empty());
}

TEST_F(TransportMode, LeavesRoomForUdp)
{
    SaPair udp({.mode = Mode::TRANSPORT, .udpEncapsulation = true});
    const size_t most4 = udp.out.LargestContents(65535 - 20 - 8);
    const size_t most6 = udp.out.LargestContents(65535 - 8);
    for (const Buffer& packet :
         {MakePacket({.dataOctets = most4 - 8}), MakePacket6({.dataOctets = most6 - 8})})
    {
        PacketBuffer used(packet);
        const auto sealed = udp.out.Seal(used, *ReadPacket(packet), udp.random);
        ASSERT_TRUE(sealed);
        EXPECT_TRUE(EncapsulateInUdp(used, sealed->place, 4500, 4500));
    }
    const uint64_t spent = udp.out.Sequence();
    for (const Buffer& packet :
         {MakePacket({.dataOctets = most4 - 7}), MakePacket6({.dataOctets = most6 - 7})})
    {
        PacketBuffer used(packet);
        const auto sealed = udp.out.Seal(used, *ReadPacket(packet), udp.random);
        ASSERT_FALSE(sealed);
        EXPECT_EQ(sealed.error().fault, Fault::OVERLONG);
        EXPECT_TRUE(SameOctets(std::as_const(used).View(), packet));
    }
    EXPECT_EQ(udp.out.Sequence(), spent);
}

TEST_F(TransportMode, RefusesHeadersThatDoNotEndWhereTheySay)
{
    const Buffer v4 = WithOptions();
    const Buffer v6 = WithExtensions({0, 43, 60});
    const auto expectFault = [&](Bytes header, Fault fault)
    {
        PacketBuffer packet(MakePacket());
        const auto restored = RestoreHeader(packet, header, PROTOCOL_UDP);
        EXPECT_TRUE(!restored && restored.error().fault == fault) << ToHex(header);
    };
    for (size_t octets = 1; octets < 28; ++octets)
    {
        expectFault(Bytes(v4).first(octets), octets < 20 ? Fault::TRUNCATED : Fault::BAD_VALUE);
    }
    for (size_t octets = 40; octets < 64; ++octets)
    {
        if (octets % 8 != 0)
        {
            expectFault(Bytes(v6).first(octets), Fault::BAD_VALUE);
        }
    }
    Buffer reaching = v6;
    reaching[57] = 200;
    expectFault(Bytes(reaching).first(64), Fault::BAD_VALUE);
    Buffer early = v6;
    early[6] = PROTOCOL_UDP;
    expectFault(Bytes(early).first(64), Fault::BAD_VALUE);
    Buffer large(40 + 8 * 200);
    std::ranges::copy(Bytes(v6).first(40), large.begin());
    large[40] = PROTOCOL_UDP;
    large[41] = 199;
    expectFault(large, Fault::LIMIT);
    PacketBuffer longest(Buffer(65535 - 20));
    EXPECT_FALSE(RestoreHeader(longest, Bytes(v4).first(28), PROTOCOL_UDP));
}

// RFC 4303 §3.4.1: what came is reassembled first; the header of a part is none of it.
TEST_F(TransportMode, GivesNoFragmentItsHeaderBack)
{
    const Buffer v6 = WithExtensions({0, PROTOCOL_FRAGMENT});
    for (const auto& [low, fault] : {std::pair<uint8_t, std::optional<Fault>>{0, std::nullopt},
                                     {0x06, std::nullopt}, // reserved
                                     {0x01, Fault::POLICY},
                                     {0x08, Fault::POLICY}})
    {
        Buffer header = ToBuffer(Bytes(v6).first(56));
        header[48 + 3] = low;
        PacketBuffer packet(MakePacket());
        const auto restored = RestoreHeader(packet, header, PROTOCOL_UDP);
        EXPECT_EQ(restored ? std::nullopt : std::optional(restored.error().fault), fault)
            << unsigned{low};
    }
}

// What a peer sends outside of ESP is not authenticated at all.
TEST_F(TransportMode, SurvivesAnyHeader)
{
    SeededRandom random(5);
    size_t restored = 0;
    for (int i = 0; i < 20000; ++i)
    {
        Buffer header = WithExtensions({0, 60, 43, 44, 60});
        header.resize(i % 3 == 0 ? 20 : 40 + 8 * (random.U32() % 6));
        header[0] = i % 3 == 0 ? 0x45 : 0x60;
        for (uint32_t changes = random.U32() % 4; changes != 0; --changes)
        {
            header[random.U32() % header.size()] = static_cast<uint8_t>(random.U32() % 64);
        }
        PacketBuffer packet(Bytes(MakePacket()).subspan(20));
        if (RestoreHeader(packet, header, PROTOCOL_UDP))
        {
            ++restored;
            const auto info = ReadPacket(std::as_const(packet).View());
            EXPECT_TRUE(!info || info->totalOctets == packet.Size()) << ToHex(header);
        }
    }
    EXPECT_GT(restored, 1000u);
}

// RFC 3948 §2.1: no checksum over IPv4; RFC 8200 §8.1: always one over IPv6.
TEST_F(TransportMode, StandsInUdpBehindTheWholeHeader)
{
    for (const Buffer& packet :
         {MakePacket(), WithOptions(), WithExtensions({}), WithExtensions({0})})
    {
        PacketBuffer whole(packet);
        const auto sealed = sa.out.Seal(whole, *ReadPacket(packet), sa.random);
        ASSERT_TRUE(sealed);
        ASSERT_TRUE(EncapsulateInUdp(whole, sealed->place, 4500, 1234));
        const auto info = ReadPacket(std::as_const(whole).View());
        ASSERT_TRUE(info);
        EXPECT_EQ(info->protocol, PROTOCOL_UDP);
        EXPECT_EQ(info->sourcePort, 4500);
        EXPECT_EQ(info->destinationPort, 1234);
        EXPECT_EQ(info->totalOctets, whole.Size());
        const Bytes view = std::as_const(whole).View();
        const Bytes datagram = view.subspan(info->headerOctets);
        EXPECT_EQ(datagram[4] << 8 | datagram[5], static_cast<int>(datagram.size()));
        if (info->IsV6())
        {
            Buffer pseudo = ToBuffer(view.subspan(8, 32));
            Append(pseudo, Buffer{0, 0, 0, 0, 0, 0, 0, PROTOCOL_UDP});
            pseudo[34] = datagram[4];
            pseudo[35] = datagram[5];
            Append(pseudo, datagram);
            EXPECT_EQ(HeaderChecksum(pseudo), 0);
        }
        else
        {
            EXPECT_EQ(HeaderChecksum(view.first(info->headerOctets)), 0);
            EXPECT_EQ(datagram[6] << 8 | datagram[7], 0);
        }
        ASSERT_TRUE(Open(ToBuffer(view), info->headerOctets, UDP_OCTETS));
        EXPECT_TRUE(SameOctets(buffer.View(), packet));
    }
    PacketBuffer routed(WithExtensions({PROTOCOL_ROUTING}));
    const auto info = ReadPacket(std::as_const(routed).View());
    EXPECT_FALSE(EncapsulateInUdp(routed, PlaceFor(routed.View(), *info), 4500, 4500));
}

TEST_F(TransportMode, SpendsTheWholeHeadroomAtMost)
{
    PacketBuffer packet(MakePacket());
    const size_t room = packet.FrontRoom();
    ASSERT_TRUE(sa.out.Seal(packet, *ReadPacket(packet.View()), sa.random));
    EXPECT_EQ(room - packet.FrontRoom(), 16u) << "SPI, number, IV; the header only moved";
}

} // namespace
} // namespace ikelab::esp
