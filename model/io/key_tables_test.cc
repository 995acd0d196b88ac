// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "io/key_tables.h"
#include "io/pcapng_writer.h"
#include "io/testing/capture_fixtures.h"
#include "io/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace ikelab::io
{
namespace
{

using io::testing::Address;
using io::testing::HaveTshark;
using io::testing::RunCommand;
using io::testing::UdpPacket;
using ::testing::HasSubstr;

const Buffer KEY_A(36, 0xA1);
const Buffer KEY_B(36, 0xB2);
const Buffer INTEG(32, 0xC3);

IkeKeyRow
IkeRow()
{
    IkeKeyRow row;
    row.spiI = 0x0158b8fb90b7623d;
    row.spiR = 0x13514610cea16160;
    row.skEi = KEY_A;
    row.skEr = KEY_B;
    row.encryptionName = "AES-GCM-256 with 16 octet ICV [RFC5282]";
    return row;
}

EspKeyRow
EspRow()
{
    EspKeyRow row;
    row.source = "10.0.0.1";
    row.destination = "10.0.0.2";
    row.spi = 0xC1;
    row.encryptionName = "AES-CBC [RFC3602]";
    row.encryptionKey = INTEG;
    row.integrityName = "HMAC-SHA-256-128 [RFC4868]";
    row.integrityKey = INTEG;
    return row;
}

TEST(KeyTables, WritesTheColumnsOfTheIkeTable)
{
    EXPECT_EQ(ToTableLine(IkeRow()),
              "0158b8fb90b7623d,13514610cea16160," + ToHex(KEY_A) + "," + ToHex(KEY_B) +
                  ",\"AES-GCM-256 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"");
    IkeKeyRow small = IkeRow();
    small.spiI = 0xF;
    small.skAi = INTEG;
    small.skAr = KEY_A;
    small.encryptionName = "AES-CBC-256 [RFC3602]";
    small.integrityName = "HMAC_SHA2_256_128 [RFC4868]";
    EXPECT_EQ(ToTableLine(small),
              "000000000000000f,13514610cea16160," + ToHex(KEY_A) + "," + ToHex(KEY_B) +
                  ",\"AES-CBC-256 [RFC3602]\"," + ToHex(INTEG) + "," + ToHex(KEY_A) +
                  ",\"HMAC_SHA2_256_128 [RFC4868]\"");
}

TEST(KeyTables, WritesTheColumnsOfTheEspTable)
{
    EXPECT_EQ(ToTableLine(EspRow()),
              "\"IPv4\",\"10.0.0.1\",\"10.0.0.2\",\"0x000000c1\",\"AES-CBC [RFC3602]\",\"0x" +
                  ToHex(INTEG) + "\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x" + ToHex(INTEG) + "\"");
    EspKeyRow wild;
    wild.v6 = true;
    wild.spi = 0xC0000001;
    wild.encryptionName = "NULL";
    EXPECT_EQ(ToTableLine(wild), "\"IPv6\",\"*\",\"*\",\"0xc0000001\",\"NULL\",\"\",\"NULL\",\"\"");
    wild.extendedSequence = true;
    wild.sequenceHigh = 0x1F;
    const std::string eight = "\"IPv6\",\"*\",\"*\",\"0xc0000001\",\"NULL\",\"\",\"NULL\",\"\"";
    EXPECT_EQ(ToSecretsCsv(wild), eight + ",\"64-bit\",\"0x1f\"");
    EXPECT_EQ(ToTableLine(wild), eight + "\n#ikelab " + ToSecretsCsv(wild));
}

TEST(KeyTables, KeepsWhatWiresharkCannotDoAsAComment)
{
    IkeKeyRow ike = IkeRow();
    ike.encryptionName.clear();
    ike.ownEncryptionName = "CHACHA20_POLY1305";
    EXPECT_EQ(ToTableLine(ike),
              "#ikelab 0158b8fb90b7623d,13514610cea16160," + ToHex(KEY_A) + "," + ToHex(KEY_B) +
                  ",\"CHACHA20_POLY1305\",,,\"NONE [RFC4306]\"");
    EspKeyRow esp = EspRow();
    esp.integrityName.clear();
    esp.ownIntegrityName = "AES_XCBC_96";
    EXPECT_EQ(
        ToTableLine(esp),
        "#ikelab \"IPv4\",\"10.0.0.1\",\"10.0.0.2\",\"0x000000c1\",\"AES-CBC [RFC3602]\",\"0x" +
            ToHex(INTEG) + "\",\"AES_XCBC_96\",\"0x" + ToHex(INTEG) + "\"");
}

TEST(KeyTables, KeepsALineOnceThatBothEndsReport)
{
    KeyTables tables;
    tables.Add(IkeRow());
    tables.Add(EspRow());
    tables.Add(IkeRow());
    tables.Add(EspRow());
    EspKeyRow other = EspRow();
    other.spi = 2;
    tables.Add(other);
    EXPECT_EQ(tables.IkeTable(),
              "# Written by ikelab: secret keys.\n" + ToTableLine(IkeRow()) + "\n");
    EXPECT_EQ(tables.EspTable(),
              "# Written by ikelab: secret keys.\n" + ToTableLine(EspRow()) + "\n" +
                  ToTableLine(other) + "\n");
}

TEST(KeyTables, TsharkTakesTheWholeProfileWithoutAWord)
{
    if (!HaveTshark())
    {
        GTEST_SKIP() << "tshark is not installed";
    }
    const std::string directory = ::testing::TempDir() + "ikelab_key_tables_test";
    std::filesystem::remove_all(directory);
    KeyTables tables;
    tables.Add(IkeRow());
    tables.Add(EspRow());
    IkeKeyRow unknown = IkeRow();
    unknown.encryptionName.clear();
    tables.Add(unknown);
    EspKeyRow unknownEsp = EspRow();
    unknownEsp.encryptionName.clear();
    tables.Add(unknownEsp);
    ASSERT_TRUE(tables.WriteProfile(directory, {.udpEncapsulationPorts = {4501}}));

    auto writer = PcapngWriter::Open(directory + "/run.pcapng", {});
    ASSERT_TRUE(writer.has_value());
    writer->AddInterface("moon/eth0", "", LinkType::RAW);
    const Buffer keepalive{0xFF};
    const Buffer packet =
        UdpPacket({Address("10.0.0.1"), 4501}, {Address("10.0.0.2"), 61000}, keepalive);
    writer->AddPacket({.interface = 0,
                       .sinceEpoch = {},
                       .data = packet,
                       .direction = {},
                       .packetId = 5,
                       .comments = {}});
    ASSERT_TRUE(writer->Close());

    const auto [code, text] = RunCommand("WIRESHARK_CONFIG_DIR=" + directory +
                                         " tshark -C ikelab -r " + directory + "/run.pcapng");
    EXPECT_EQ(code, 0);
    // One line, no warning about any of the files; columns and decode-as from the profile.
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
    EXPECT_THAT(text, HasSubstr("NAT-keepalive"));
    EXPECT_THAT(text, HasSubstr("moon/eth0"));

    // The names and the key lengths are right: the tables load without complaint when they are
    // used.
    const auto [filterCode, filtered] =
        RunCommand("WIRESHARK_CONFIG_DIR=" + directory + " tshark -C ikelab -n -r " + directory +
                   "/run.pcapng -Y 'isakmp || esp'");
    EXPECT_EQ(filterCode, 0);
    EXPECT_EQ(filtered, "");
    std::filesystem::remove_all(directory);
}

} // namespace
} // namespace ikelab::io
