// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "io/pcap_reader.h"
#include "io/pcapng_writer.h"
#include "io/testing/capture_fixtures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

namespace ikelab::io
{
namespace
{

using io::testing::Address;
using io::testing::HaveTshark;
using io::testing::RunCommand;
using io::testing::UdpPacket;
using ::testing::HasSubstr;

constexpr Duration EPOCH = std::chrono::seconds(1767225600); // 2026-01-01T00:00:00Z

Bytes
AsBytes(const std::string& text)
{
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// Two interfaces, names, a secrets block, three packets with all that a packet can carry.
void
WriteSample(PcapngWriter& writer)
{
    const uint32_t moon = writer.AddInterface("moon/eth0", "towards sun", LinkType::RAW);
    const uint32_t sun = writer.AddInterface("sun/eth0", "", LinkType::ETHERNET);
    const std::pair<IpAddress, std::string> names[] = {{Address("192.0.2.1"), "moon"},
                                                       {Address("192.0.2.2"), "sun"},
                                                       {Address("2001:db8::1"), "moon6"}};
    writer.AddNames(names);
    const Buffer key(20, 0xAB);
    EspKeyRow row;
    row.spi = 0xC0000001;
    row.encryptionName = "AES-GCM with 16 octet ICV [RFC4106]";
    row.encryptionKey = key;
    writer.AddEspSecrets({&row, 1});

    const Buffer octets{1, 2, 3};
    const Buffer v4 = UdpPacket({Address("192.0.2.1"), 7001}, {Address("192.0.2.2"), 7002}, octets);
    const Buffer v6 =
        UdpPacket({Address("2001:db8::1"), 7001}, {Address("2001:db8::2"), 7002}, octets);
    const std::string comments[] = {"retransmit 2/5 of IKE_AUTH request 1", "second: ümlaut"};
    writer.AddPacket({.interface = moon,
                      .sinceEpoch = EPOCH + Duration(1),
                      .data = v4,
                      .direction = Direction::OUT,
                      .packetId = 77,
                      .comments = comments});
    Buffer framed = Hex("02000000000202000000000108 00");
    Append(framed, v4);
    writer.AddPacket({.interface = sun,
                      .sinceEpoch = EPOCH + Duration(2500000),
                      .data = framed,
                      .direction = Direction::IN,
                      .packetId = 77,
                      .comments = {}});
    writer.AddPacket({.interface = moon,
                      .sinceEpoch = EPOCH + Duration(1000000000),
                      .data = v6,
                      .direction = Direction::UNKNOWN,
                      .packetId = 18446744073709551615u,
                      .comments = {}});
}

std::string
Sample()
{
    std::ostringstream stream;
    PcapngWriter writer(stream, {.comments = {"scenario ha_takeover, seed 7"}});
    WriteSample(writer);
    EXPECT_EQ(writer.PacketCount(), 3u);
    EXPECT_TRUE(writer.Close());
    return stream.str();
}

TEST(PcapngWriter, WritesTheOctetsOfTheFormat)
{
    std::ostringstream stream;
    PcapngWriter writer(stream, {.comments = {"abc"}});
    writer.AddInterface("m/e", "", LinkType::RAW);
    const Buffer data{0x45, 0, 1};
    const std::string comment[] = {"hello"};
    writer.AddPacket({.interface = 0,
                      .sinceEpoch = Duration(0x0102030405060708),
                      .data = data,
                      .direction = Direction::IN,
                      .packetId = 0x1122334455667788,
                      .comments = comment});
    // Counted by hand from draft-ietf-opsawg-pcapng §4.1, §4.2 and §4.3.
    const std::string expected = "0a0d0d0a"
                                 "38000000"
                                 "4d3c2b1a"
                                 "0100"
                                 "0000"
                                 "ffffffffffffffff"
                                 "0100"
                                 "0300"
                                 "61626300"
                                 "0400"
                                 "0c00"
                                 "696b656c616220302e312e30"
                                 "00000000"
                                 "38000000"
                                 "01000000"
                                 "28000000"
                                 "6500"
                                 "0000"
                                 "00000000"
                                 "0200"
                                 "0300"
                                 "6d2f6500"
                                 "0900"
                                 "0100"
                                 "09000000"
                                 "00000000"
                                 "28000000"
                                 "06000000"
                                 "48000000"
                                 "00000000"
                                 "04030201"
                                 "08070605"
                                 "03000000"
                                 "03000000"
                                 "45000100"
                                 "0100"
                                 "0500"
                                 "68656c6c6f000000"
                                 "0200"
                                 "0400"
                                 "01000000"
                                 "0500"
                                 "0800"
                                 "8877665544332211"
                                 "00000000"
                                 "48000000";
    EXPECT_EQ(ToHex(AsBytes(stream.str())), expected);
}

TEST(PcapngWriter, SameCallsGiveSameOctets)
{
    EXPECT_EQ(Sample(), Sample());
}

TEST(PcapngWriter, OurReaderFindsAllOfIt)
{
    const std::string file = Sample();
    const auto capture = ParseCapture(AsBytes(file));
    ASSERT_TRUE(capture.has_value());
    EXPECT_FALSE(capture->cutShort.has_value());
    EXPECT_THAT(capture->comments, ::testing::ElementsAre("scenario ha_takeover, seed 7"));
    ASSERT_EQ(capture->interfaces.size(), 2u);
    EXPECT_EQ(capture->interfaces[0].name, "moon/eth0");
    EXPECT_EQ(capture->interfaces[0].description, "towards sun");
    EXPECT_EQ(capture->interfaces[0].linkType, 101);
    EXPECT_EQ(capture->interfaces[1].linkType, 1);
    ASSERT_EQ(capture->names.size(), 3u);
    EXPECT_EQ(capture->names[2], (std::pair{Address("2001:db8::1"), std::string("moon6")}));
    ASSERT_EQ(capture->secrets.size(), 1u);
    EXPECT_EQ(capture->secrets[0].type, 0x45535053u);
    EXPECT_EQ(std::string(capture->secrets[0].data.begin(), capture->secrets[0].data.end()),
              "\"IPv4\",\"*\",\"*\",\"0xc0000001\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x" +
                  ToHex(Buffer(20, 0xAB)) + "\",\"NULL\",\"\",\"32-bit\",\"0x0\"\n");
    ASSERT_EQ(capture->packets.size(), 3u);
    const CapturePacket& first = capture->packets[0];
    EXPECT_EQ(first.sinceEpoch, EPOCH + Duration(1));
    EXPECT_EQ(first.direction, 2);
    EXPECT_EQ(first.packetId, 77u);
    EXPECT_EQ(first.data.size(), 31u);
    EXPECT_EQ(first.originalOctets, 31u);
    EXPECT_THAT(first.comments,
                ::testing::ElementsAre("retransmit 2/5 of IKE_AUTH request 1", "second: ümlaut"));
    EXPECT_EQ(capture->packets[1].interface, 1u);
    EXPECT_EQ(capture->packets[2].packetId, 18446744073709551615u);
}

TEST(PcapngWriter, CutsALongCommentBetweenCharacters)
{
    std::ostringstream stream;
    PcapngWriter writer(stream, {});
    writer.AddInterface("x", "", LinkType::RAW);
    std::string longText(65534, 'a');
    longText += "ü"; // octets 65534 and 65535: only the first would fit
    const std::string comments[] = {longText};
    writer.AddPacket({.interface = 0,
                      .sinceEpoch = {},
                      .data = {},
                      .direction = {},
                      .packetId = {},
                      .comments = comments});
    const std::string file = stream.str();
    const auto capture = ParseCapture(AsBytes(file));
    ASSERT_TRUE(capture.has_value() && capture->packets.size() == 1);
    EXPECT_EQ(capture->packets[0].comments[0], std::string(65534, 'a'));
}

TEST(PcapngWriter, ReportsAFullDiskAtClose)
{
    auto writer = PcapngWriter::Open("/dev/full", {});
    if (!writer)
    {
        GTEST_SKIP() << "no /dev/full here: " << writer.error().message;
    }
    WriteSample(*writer);
    const auto closed = writer->Close();
    ASSERT_FALSE(closed.has_value());
    EXPECT_THAT(closed.error().message, HasSubstr("/dev/full"));
    EXPECT_FALSE(PcapngWriter::Open("/no/such/place.pcapng", {}));
}

TEST(PcapngWriter, TsharkReadsBackEveryField)
{
    if (!HaveTshark())
    {
        GTEST_SKIP() << "tshark is not installed";
    }
    const std::string path = ::testing::TempDir() + "ikelab_pcapng_writer_test.pcapng";
    auto writer = PcapngWriter::Open(path, {.comments = {"scenario ha_takeover, seed 7"}});
    ASSERT_TRUE(writer.has_value());
    WriteSample(*writer);
    ASSERT_TRUE(writer->Close());

    const auto [code, text] = RunCommand(
        "tshark -N n -r " + path +
        " -o nameres.use_external_name_resolver:FALSE -o udp.check_checksum:TRUE -T fields -E "
        "separator='|' -E aggregator=';'"
        " -e frame.interface_name -e frame.packet_id -e frame.comment -e ip.src_host -e "
        "ipv6.src_host"
        " -e frame.time_epoch -e frame.packet_flags_direction -e udp.dstport -e udp.checksum.status"
        " -e ip.dst_host -e _ws.malformed");
    EXPECT_EQ(code, 0);
    EXPECT_EQ(text,
              "moon/eth0|77|retransmit 2/5 of IKE_AUTH request 1;second: ümlaut|moon||"
              "1767225600.000000001|0x00000002|7002|3|sun|\n"
              "sun/eth0|77||moon||1767225600.002500000|0x00000001|7002|3|sun|\n"
              "moon/eth0|18446744073709551615|||moon6|1767225601.000000000||7002|1||\n");

    const auto [infoCode, info] = RunCommand("capinfos " + path);
    EXPECT_EQ(infoCode, 0);
    EXPECT_THAT(info, HasSubstr("scenario ha_takeover, seed 7"));
    EXPECT_THAT(info, HasSubstr("ikelab 0.1.0"));
    EXPECT_THAT(info, HasSubstr("Number of decryption secrets in file: 1"));
    std::remove(path.c_str());
}

} // namespace
} // namespace ikelab::io
