// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "io/pcap_reader.h"
#include "io/pcapng_writer.h"

#include <gtest/gtest.h>

#include <sstream>

namespace ikelab::io
{
namespace
{

Buffer
SamplePcapng()
{
    std::ostringstream stream;
    PcapngWriter writer(stream, {.comments = {"seed 7"}});
    writer.AddInterface("moon/eth0", "text", LinkType::RAW);
    const std::pair<IpAddress, std::string> names[] = {{IpAddress::V4(0xC0000201), "moon"},
                                                       {*IpAddress::Parse("2001:db8::1"), "moon6"}};
    writer.AddNames(names);
    EspKeyRow row;
    row.encryptionName = "NULL";
    writer.AddEspSecrets({&row, 1});
    const Buffer data{0x45, 1, 2, 3, 4};
    const std::string comments[] = {"lost", "again"};
    for (uint64_t id = 0; id < 3; ++id)
    {
        writer.AddPacket({.interface = 0,
                          .sinceEpoch = Duration(static_cast<int64_t>(id)),
                          .data = data,
                          .direction = Direction::OUT,
                          .packetId = id,
                          .comments = comments});
    }
    const std::string text = stream.str();
    return {text.begin(), text.end()};
}

// Big-endian nanosecond pcap and little-endian microsecond pcap with the same packet.
const char* const PCAP_BIG = "a1b23c4d 0002 0004 00000000 00000000 00040000 00000065"
                             "00000001 3b9ac9ff 00000003 00000040 450102";
const char* const PCAP_LITTLE = "d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000"
                                "01000000 3f420f00 03000000 40000000 450102";

TEST(PcapReader, RefusesWhatIsNoCapture)
{
    EXPECT_EQ(ParseCapture({}).error().fault, Fault::TRUNCATED);
    EXPECT_EQ(ParseCapture(Hex("0a0d0d")).error().fault, Fault::TRUNCATED);
    EXPECT_EQ(ParseCapture(Hex("504b0304 00000000 00000000")).error().fault, Fault::BAD_VALUE);
    EXPECT_EQ(ParseCapture(Hex("a1b2c3d4 0002")).error().fault, Fault::TRUNCATED);
    EXPECT_FALSE(ReadCaptureFile("/no/such/file.pcapng"));
}

TEST(PcapReader, EveryTruncationKeepsWhatWasWhole)
{
    const Buffer file = SamplePcapng();
    size_t whole = 0;
    for (size_t octets = 4; octets < file.size(); ++octets)
    {
        // A copy of its own, so that AddressSanitizer sees any step beyond.
        const Buffer part(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(octets));
        const auto capture = ParseCapture(part);
        ASSERT_TRUE(capture.has_value());
        EXPECT_LE(capture->packets.size(), 2u);
        EXPECT_GE(capture->packets.size(), whole);
        whole = capture->packets.size();
        if (octets % 4 != 0)
        {
            EXPECT_TRUE(capture->cutShort.has_value()) << octets;
        }
    }
    EXPECT_EQ(whole, 2u);
    EXPECT_FALSE(ParseCapture(file)->cutShort.has_value());
    EXPECT_EQ(ParseCapture(file)->packets.size(), 3u);
}

TEST(PcapReader, SurvivesEveryChangedOctet)
{
    for (const Buffer& file : {SamplePcapng(), Hex(PCAP_BIG), Hex(PCAP_LITTLE)})
    {
        for (size_t i = 0; i < file.size(); ++i)
        {
            for (const uint8_t octet : {0x00, 0x01, 0x7F, 0x80, 0xFF})
            {
                Buffer bad = file;
                bad[i] = octet;
                const auto capture = ParseCapture(bad);
                if (capture)
                {
                    for (const CapturePacket& packet : capture->packets)
                    {
                        EXPECT_LE(packet.data.size(), bad.size());
                        EXPECT_LT(packet.interface, capture->interfaces.size());
                    }
                }
            }
        }
    }
}

TEST(PcapReader, StopsAtALengthThatCannotBe)
{
    Buffer file = SamplePcapng();
    const size_t sectionOctets = file[4];
    file[sectionOctets + 4] = 8; // the interface block: shorter than its own frame
    const auto capture = ParseCapture(file);
    ASSERT_TRUE(capture.has_value() && capture->cutShort);
    EXPECT_EQ(capture->cutShort->fault, Fault::BAD_VALUE);
    EXPECT_EQ(capture->cutShort->offset, sectionOctets);
}

TEST(PcapReader, RefusesPacketsOfInterfacesNobodyDescribed)
{
    // A section and an enhanced packet of interface 0, but no interface block.
    const Buffer file =
        Hex("0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"
            "06000000 20000000 00000000 00000000 00000000 00000000 00000000 20000000");
    const auto capture = ParseCapture(file);
    ASSERT_TRUE(capture.has_value() && capture->cutShort);
    EXPECT_TRUE(capture->packets.empty());
}

TEST(PcapReader, ReadsPcapInBothOrdersAndResolutions)
{
    const Buffer big = Hex(PCAP_BIG);
    const Buffer little = Hex(PCAP_LITTLE);
    const auto nanoseconds = ParseCapture(big);
    const auto microseconds = ParseCapture(little);
    ASSERT_TRUE(nanoseconds && microseconds);
    EXPECT_EQ(nanoseconds->interfaces.at(0).linkType, 101);
    EXPECT_EQ(microseconds->interfaces.at(0).linkType, 1);
    EXPECT_EQ(nanoseconds->packets.at(0).sinceEpoch, Duration(1999999999));
    EXPECT_EQ(microseconds->packets.at(0).sinceEpoch, Duration(1999999000));
    EXPECT_EQ(ToHex(microseconds->packets.at(0).data), "450102");
    EXPECT_EQ(microseconds->packets.at(0).originalOctets, 64u);

    Buffer cut = big;
    cut.pop_back();
    const auto half = ParseCapture(cut);
    ASSERT_TRUE(half && half->cutShort);
    EXPECT_TRUE(half->packets.empty());
}

TEST(PcapReader, ReadsBigEndianSectionsSimplePacketsAndCoarseClocks)
{
    // Section, interface (Ethernet, if_tsresol 2^-1, if_tsoffset 10 s), simple packet, enhanced
    // packet at tick 3, an unknown block; then a second section with its own interface.
    const Buffer file =
        Hex("0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"
            "00000001 0000002c 0001 0000 00000000 0009 0001 81000000"
            "000e 0008 000000000000000a 0000 0000 0000002c"
            "00000003 00000014 00000003 aabbcc00 00000014"
            "00000006 00000024 00000000 00000000 00000003 00000001 00000001 dd000000 00000024"
            "00000bad 0000000c 0000000c"
            "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"
            "01000000 14000000 6500 0000 00000000 14000000"
            "06000000 24000000 00000000 00000000 05000000 01000000 01000000 ee000000 24000000");
    const auto capture = ParseCapture(file);
    ASSERT_TRUE(capture.has_value());
    ASSERT_FALSE(capture->cutShort.has_value()) << ToString(*capture->cutShort);
    ASSERT_EQ(capture->packets.size(), 3u);
    EXPECT_EQ(ToHex(capture->packets[0].data), "aabbcc");
    EXPECT_EQ(capture->packets[1].sinceEpoch, Duration(11500000000));
    EXPECT_EQ(capture->packets[2].interface, 1u);
    EXPECT_EQ(capture->packets[2].sinceEpoch, Duration(5000)); // microseconds unless told
    EXPECT_EQ(ToHex(capture->packets[2].data), "ee");
}

} // namespace
} // namespace ikelab::io
