// SPDX-License-Identifier: MIT
#include "esp/testing/sa_pair.h"
#include "esp/transport_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

/// Traffic flow confidentiality: padding behind packets, and dummies (RFC 4303 §2.6, §2.7).
namespace ikelab::esp
{
namespace
{

using testing::AesGcm128;
using testing::AllSuites;
using testing::MakePacket;
using testing::MakePacket6;
using testing::SaPair;

constexpr size_t ANY_ROOM = 65535;

Buffer
SealPadded(SaPair& sa, Bytes packet, TfcPadding padding)
{
    PacketBuffer buffer(packet);
    const auto sealed = sa.out.SealPadded(buffer, *ReadPacket(packet), padding, sa.random);
    EXPECT_TRUE(sealed) << ToString(sealed.error());
    return ToBuffer(std::as_const(buffer).View());
}

/// Octets that blocks and alignment go up by.
size_t
Unit(const crypto::EspSuite& suite)
{
    return std::max<size_t>(4, suite.encr->blockOctets);
}

std::vector<Buffer>
PacketsOfManySizes()
{
    std::vector<Buffer> packets;
    for (size_t octets = 0; octets <= 500; octets += 25)
    {
        packets.push_back(MakePacket({.dataOctets = octets}));
        packets.push_back(MakePacket6({.dataOctets = octets}));
    }
    return packets;
}

TEST(TfcPadding, MakesAllPacketsOfATunnelOneSizeAndIsCutOff)
{
    for (const crypto::EspSuite& suite : AllSuites())
    {
        SaPair sa({.suite = suite});
        const size_t expected = 600 + sa.out.Overhead(600);
        for (const Buffer& packet : PacketsOfManySizes())
        {
            const Buffer sealed = SealPadded(sa, packet, {600, ANY_ROOM});
            ASSERT_EQ(sealed.size(), expected);
            const auto opened = sa.Open(sealed);
            ASSERT_TRUE(opened) << ToString(opened.error());
            ASSERT_TRUE(SameOctets(sa.Inner(), packet));
            EXPECT_EQ(opened->inner.totalOctets, packet.size());
        }
    }
}

TEST(TfcPadding, LeavesLargerPacketsAlone)
{
    SaPair sa;
    for (const size_t data : {572, 573, 1000})
    {
        const Buffer packet = MakePacket({.dataOctets = data});
        EXPECT_EQ(SealPadded(sa, packet, {600, ANY_ROOM}).size(),
                  packet.size() + sa.out.Overhead(packet.size()));
    }
}

TEST(TfcPadding, FillsTheRoomAndNeverMore)
{
    for (const crypto::EspSuite& suite : AllSuites())
    {
        SaPair sa({.suite = suite});
        const Buffer packet = MakePacket({.dataOctets = 10}); // 38 octets
        const size_t plain = packet.size() + sa.out.Overhead(packet.size());
        for (size_t room = 0; room < 400; ++room)
        {
            const Buffer sealed = SealPadded(sa, packet, {SIZE_MAX, room});
            if (room < plain)
            {
                ASSERT_EQ(sealed.size(), plain) << room;
            }
            else
            {
                ASSERT_LE(sealed.size(), room);
                ASSERT_GT(sealed.size() + Unit(suite), room);
            }
            ASSERT_TRUE(sa.Open(sealed));
            ASSERT_TRUE(SameOctets(sa.Inner(), packet));
        }
    }
}

TEST(TfcPadding, StandsBehindAnUnchangedPacketAndSaysNothing)
{
    SaPair sa({.suite = {crypto::FindEncr(wire::Encr::ENCR_NULL, 0),
                         crypto::FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128)}});
    const Buffer packet = MakePacket({.dataOctets = 8}); // 36 octets
    PacketBuffer used(Buffer(300, 0xee));                // what stood here before must not leave
    used.Assign(packet);
    ASSERT_TRUE(sa.out.SealPadded(used, *ReadPacket(packet), {102, ANY_ROOM}, sa.random));
    const Bytes sealed = std::as_const(used).View();
    ASSERT_EQ(sealed.size(), 8u + 102 + 2 + 16);
    EXPECT_TRUE(SameOctets(sealed.subspan(8, 36), packet)) << "its length too (RFC 4303 §2.7)";
    EXPECT_TRUE(SameOctets(sealed.subspan(8 + 36, 66), Buffer(66, 0)));
    EXPECT_TRUE(SameOctets(sealed.subspan(8 + 102, 2), Buffer{0, PROTOCOL_IPV4}))
        << "Pad Length does not count it (§2.5)";
}

/// RFC 4301 §4.4.2.1 (a): what is encrypted counts, at both ends.
TEST(TfcPadding, CountsForLifetimesAndApartFromPackets)
{
    for (const Mode mode : {Mode::TUNNEL, Mode::TRANSPORT})
    {
        SaPair sa({.mode = mode});
        const Buffer packet = MakePacket({.dataOctets = 72}); // 100 octets
        const Buffer sealed = SealPadded(sa, packet, {250, ANY_ROOM});
        ASSERT_TRUE(sa.Open(Bytes(sealed).subspan(mode == Mode::TRANSPORT ? 20 : 0)));
        PacketBuffer dummy;
        ASSERT_TRUE(sa.out.SealDummy(dummy, 1000, sa.random));
        const auto opened = sa.Open(std::as_const(dummy).View());
        ASSERT_TRUE(opened);
        EXPECT_TRUE(opened->dummy);
        for (const Lifetime* lifetime : {&sa.out.GetLifetime(), &sa.in.GetLifetime()})
        {
            EXPECT_EQ(lifetime->Packets(), 2u);
            EXPECT_EQ(lifetime->Octets(), 250u + 1000);
            EXPECT_EQ(lifetime->TfcPackets(), 1u);
            EXPECT_EQ(lifetime->TfcOctets(), 150u + 1000);
        }
    }
}

TEST(TfcPadding, EndsWithTheSequenceNumbers)
{
    SaPair sa;
    sa.out.AdvanceSequence(0xffffffff);
    const Buffer packet = MakePacket();
    PacketBuffer buffer(packet);
    EXPECT_EQ(
        sa.out.SealPadded(buffer, *ReadPacket(packet), {600, ANY_ROOM}, sa.random).error().fault,
        Fault::EXHAUSTED);
    EXPECT_TRUE(SameOctets(std::as_const(buffer).View(), packet)) << "untouched";
}

/// A packet that has another one, or destination options, as its contents.
Buffer
Around(uint8_t protocol, Bytes contents, bool v6)
{
    Buffer packet = v6 ? MakePacket6({.dataOctets = 0}) : MakePacket({.dataOctets = 0});
    packet.resize(packet.size() - 8);
    Append(packet, contents);
    packet[v6 ? 6 : 9] = protocol;
    packet[v6 ? 5 : 3] = static_cast<uint8_t>(v6 ? contents.size() : packet.size());
    if (!v6)
    {
        packet[10] = packet[11] = 0;
        const uint16_t checksum = HeaderChecksum(Bytes(packet).first(20));
        packet[10] = static_cast<uint8_t>(checksum >> 8);
        packet[11] = static_cast<uint8_t>(checksum);
    }
    return packet;
}

class TfcPaddingInTransportMode : public ::testing::TestWithParam<bool>
{
  protected:
    bool
    V6() const
    {
        return GetParam();
    }

    size_t
    HeaderOctets() const
    {
        return V6() ? 40 : 20;
    }

    Buffer
    Make(uint8_t protocol, size_t dataOctets) const
    {
        return V6() ? MakePacket6({.protocol = protocol, .dataOctets = dataOctets})
                    : MakePacket({.protocol = protocol, .dataOctets = dataOctets});
    }

    /// Does it come back as it was? @return the size of the whole packet on the wire
    size_t
    SentAndOpened(Bytes packet, TfcPadding padding)
    {
        const Buffer sealed = SealPadded(sa, packet, padding);
        PacketBuffer buffer(sealed);
        sa.outer.header = std::as_const(buffer).View().first(HeaderOctets());
        buffer.DropFront(HeaderOctets());
        const auto header = wire::ParseEspHeader(std::as_const(buffer).View());
        EXPECT_TRUE(header);
        const auto opened = sa.in.Open(buffer, *header, sa.selectors, sa.outer);
        EXPECT_TRUE(opened) << ToString(opened.error());
        EXPECT_TRUE(SameOctets(std::as_const(buffer).View(), packet));
        return sealed.size();
    }

    size_t
    Unpadded(size_t octets) const
    {
        return octets + sa.out.Overhead(octets - HeaderOctets());
    }

    SaPair sa{{.mode = Mode::TRANSPORT}};
};

// RFC 4303 §2.7: only if the payload says how long it is.
TEST_P(TfcPaddingInTransportMode, IsForWhatSaysItsOwnLength)
{
    const Buffer udp = Make(PROTOCOL_UDP, 30);
    const Buffer options{PROTOCOL_UDP, 0, 1, 4, 0, 0, 0, 0};
    Buffer udpBehindOptions = options;
    Append(udpBehindOptions, Bytes(udp).subspan(HeaderOctets()));
    for (const Buffer& packet : {udp,
                                 Make(PROTOCOL_UDP, 0),
                                 Make(PROTOCOL_UDP, 111),
                                 Around(PROTOCOL_IPV4, MakePacket({.dataOctets = 5}), V6()),
                                 Around(PROTOCOL_IPV6, MakePacket6({.dataOctets = 5}), V6()),
                                 Around(PROTOCOL_DESTINATION_OPTIONS, udpBehindOptions, V6())})
    {
        EXPECT_EQ(SentAndOpened(packet, {400, ANY_ROOM}), Unpadded(400));
        const size_t filled = SentAndOpened(packet, {SIZE_MAX, 399});
        EXPECT_LE(filled, 399u);
        EXPECT_GT(filled, 395u);
    }
}

TEST_P(TfcPaddingInTransportMode, IsNotForWhatEndsWithItsIpPacket)
{
    Buffer lies = Make(PROTOCOL_UDP, 30);
    lies[HeaderOctets() + 5] += 1; // would be cut short or not at all
    Buffer surplus = Make(PROTOCOL_UDP, 30);
    surplus[HeaderOctets() + 5] -= 8; // options behind it (RFC 9868)
    Buffer none = Make(PROTOCOL_UDP, 30);
    none[HeaderOctets() + 4] = none[HeaderOctets() + 5] = 0;
    for (const Buffer& packet : {Make(PROTOCOL_TCP, 30),
                                 Make(V6() ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP, 30),
                                 Make(132, 30), // SCTP
                                 lies,
                                 none})
    {
        EXPECT_EQ(SentAndOpened(packet, {400, ANY_ROOM}), Unpadded(packet.size()));
    }
    EXPECT_EQ(SealPadded(sa, surplus, {400, ANY_ROOM}).size(), Unpadded(surplus.size()));
}

TEST_P(TfcPaddingInTransportMode, IsCutOffEvenWithoutTheHeaderThatCame)
{
    const Buffer packet = Make(PROTOCOL_UDP, 30);
    const Buffer sealed = SealPadded(sa, packet, {400, ANY_ROOM});
    if (V6())
    {
        sa.outer.source = *IpAddress::Parse("2001:db8::1");
        sa.outer.destination = *IpAddress::Parse("2001:db8::2");
    }
    const auto opened = sa.Open(Bytes(sealed).subspan(HeaderOctets()));
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->inner.totalOctets, packet.size());
    EXPECT_TRUE(
        SameOctets(sa.Inner().subspan(HeaderOctets()), Bytes(packet).subspan(HeaderOctets())));
}

INSTANTIATE_TEST_SUITE_P(Versions,
                         TfcPaddingInTransportMode,
                         ::testing::Bool(),
                         [](const auto& version)
                         { return std::string(version.param ? "IPv6" : "IPv4"); });

TEST(CarriedOctets, ReadsNoFurtherThanTheContents)
{
    const Buffer udp = ToBuffer(Bytes(MakePacket({.dataOctets = 4})).subspan(20));
    const Buffer options{PROTOCOL_UDP, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    Buffer behindOptions = options;
    Append(behindOptions, udp);
    EXPECT_EQ(CarriedOctets(udp, PROTOCOL_UDP), 12u);
    EXPECT_EQ(CarriedOctets(behindOptions, PROTOCOL_DESTINATION_OPTIONS), 28u);
    EXPECT_EQ(CarriedOctets(MakePacket(), PROTOCOL_IPV4), 84u);
    EXPECT_EQ(CarriedOctets(MakePacket6(), PROTOCOL_IPV6), 104u);
    struct Row
    {
        Buffer contents;
        uint8_t protocol;
        size_t least; ///< of octets that show the length
    };
    for (const Row& row : {Row{udp, PROTOCOL_UDP, 8},
                           Row{behindOptions, PROTOCOL_DESTINATION_OPTIONS, 24},
                           Row{MakePacket(), PROTOCOL_IPV4, 20},
                           Row{MakePacket6(), PROTOCOL_IPV6, 40}})
    {
        for (size_t octets = 0; octets < row.contents.size(); ++octets)
        {
            EXPECT_EQ(CarriedOctets(Bytes(row.contents).first(octets), row.protocol).has_value(),
                      octets >= row.least)
                << int{row.protocol} << " " << octets;
        }
    }
    Buffer endless;
    for (int i = 0; i < 40; ++i)
    {
        Append(endless, Buffer{PROTOCOL_DESTINATION_OPTIONS, 0, 1, 4, 0, 0, 0, 0});
    }
    EXPECT_EQ(CarriedOctets(endless, PROTOCOL_DESTINATION_OPTIONS), std::nullopt);
    SeededRandom random(7);
    for (int i = 0; i < 5000; ++i)
    {
        Buffer garbage(random.U32() % 100);
        random.Fill(garbage);
        for (const uint8_t protocol :
             {PROTOCOL_UDP, PROTOCOL_IPV4, PROTOCOL_IPV6, PROTOCOL_DESTINATION_OPTIONS})
        {
            (void)CarriedOctets(garbage, protocol);
        }
    }
}

} // namespace
} // namespace ikelab::esp
