// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "dissect/key_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace ikelab::dissect
{

namespace
{

constexpr std::string_view IKE_ROW =
    "0158b8fb90b7623d,13514610cea16160,"
    "000102030405060708090a0b0c0d0e0f10111213,101112131415161718191a1b1c1d1e1f20212223,"
    "\"AES-GCM-128 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"";
constexpr std::string_view ESP_ROW =
    R"("IPv4","192.0.2.1","*","0x070883c2","AES-CBC [RFC3602]",)"
    R"("0x5de1a4c2c72662c9fda7a7c78cd25623","HMAC-SHA-256-128 [RFC4868]",)"
    R"("0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")";

const IpAddress MOON = *IpAddress::Parse("192.0.2.1");
const IpAddress SUN = *IpAddress::Parse("192.0.2.2");

std::string
Complaint(const std::string& text)
{
    KeyStore store;
    const auto read = store.AddText(text, "t");
    return read ? "none" : read.error().message;
}

std::string
With(std::string_view row, std::string_view from, std::string_view to)
{
    std::string text(row);
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

/// Wireshark's name for integrity that it knows the bits of and no more.
std::string
Unchecked(int bits)
{
    return fmt::format("ANY {} bit authentication [no checking]", bits);
}

std::string
GcmRow(std::string_view encr, std::string_view integ, std::string_view integKey)
{
    return fmt::format(R"("IPv4","*","*","0x000000c1","{}",)"
                       R"("0x000102030405060708090a0b0c0d0e0f10111213","{}","{}")",
                       encr,
                       integ,
                       integKey);
}

} // namespace

TEST(KeyStore, ReadsBothTables)
{
    KeyStore store;
    const std::string text =
        "# a comment\n\n" + std::string(IKE_ROW) + "\r\n" + std::string(ESP_ROW);
    ASSERT_EQ(store.AddText(text, "t").value_or(0), 2u) << Complaint(text);
    const auto* ike = store.FindIke(IkeSpi{0x0158b8fb90b7623d}, IkeSpi{0x13514610cea16160});
    ASSERT_TRUE(ike);
    EXPECT_EQ(ike->encr, crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128));
    EXPECT_EQ(ike->integ, nullptr);
    EXPECT_EQ(ToHex(ike->er.View()), "101112131415161718191a1b1c1d1e1f20212223");
    EXPECT_EQ(ike->where, "t:3");
    EXPECT_FALSE(store.FindIke(IkeSpi{0x0158b8fb90b7623d}, IkeSpi{1}));

    const auto* esp = store.FindEsp(MOON, SUN, EspSpi{0x070883c2});
    ASSERT_TRUE(esp) << "* is any destination";
    EXPECT_EQ(esp->encr, crypto::FindEncr(wire::Encr::ENCR_AES_CBC, 128));
    EXPECT_EQ(esp->integ, crypto::FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128));
    EXPECT_FALSE(store.FindEsp(SUN, MOON, EspSpi{0x070883c2})) << "another source";
    EXPECT_FALSE(store.FindEsp(MOON, SUN, EspSpi{0x070883c3})) << "another SPI";
    EXPECT_FALSE(store.FindEsp(*IpAddress::Parse("2001:db8::1"), SUN, EspSpi{0x070883c2}));
}

TEST(KeyStore, TakesTheLastRowOfSeveral)
{
    KeyStore store;
    const std::string any = With(With(ESP_ROW, "\"192.0.2.1\"", "\"*\""), "0x070883c2", "*");
    ASSERT_TRUE(store.AddText(std::string(ESP_ROW) + "\n" + any, "t"));
    EXPECT_EQ(store.FindEsp(MOON, SUN, EspSpi{0x070883c2})->where, "t:2");
    EXPECT_EQ(store.FindEsp(SUN, MOON, EspSpi{1})->where, "t:2");
}

TEST(KeyStore, ReadsTheColumnsOfLaterWiresharks)
{
    KeyStore store;
    ASSERT_TRUE(store.AddText(std::string(ESP_ROW) + R"(,"64-bit","0x1f")", "t"));
    const auto* esp = store.FindEsp(MOON, SUN, EspSpi{0x070883c2});
    ASSERT_TRUE(esp);
    EXPECT_TRUE(esp->extendedSequence);
    EXPECT_EQ(esp->sequenceHigh, 0x1fu);
}

TEST(KeyStore, TakesTheIcvOfAnAeadFromIntegrityThatIsNotChecked)
{
    constexpr std::pair<int, wire::Encr> SIZES[] = {{64, wire::Encr::ENCR_AES_GCM_8},
                                                    {96, wire::Encr::ENCR_AES_GCM_12},
                                                    {128, wire::Encr::ENCR_AES_GCM_16}};
    for (const auto& [bits, id] : SIZES)
    {
        // As strongSwan's save-keys plugin writes it, and as Wireshark names the same today.
        for (const std::string& name :
             {std::string("AES-GCM [RFC4106]"),
              fmt::format("AES-GCM with {} octet ICV [RFC4106]", bits / 8)})
        {
            const std::string row = GcmRow(name, Unchecked(bits), "0x");
            KeyStore store;
            ASSERT_TRUE(store.AddText(row, "t")) << Complaint(row);
            const auto* esp = store.FindEsp(MOON, SUN, EspSpi{0xc1});
            ASSERT_TRUE(esp);
            EXPECT_EQ(esp->encr, crypto::FindEncr(id, 128)) << row;
            EXPECT_EQ(esp->integ, nullptr);
            EXPECT_FALSE(esp->uncheckedIcvOctets) << "an AEAD is verified";
        }
    }
    KeyStore store;
    ASSERT_TRUE(store.AddText(GcmRow("AES-GCM [RFC4106]", "NULL", ""), "t"));
    EXPECT_EQ(store.FindEsp(MOON, SUN, EspSpi{0xc1})->encr,
              crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128));
    ASSERT_TRUE(store.AddText(
        With(IKE_ROW, "NONE [RFC4306]", "ANY 128-bits of Authentication [No Checking]"), "t"));
    const auto* ike = store.FindIke(IkeSpi{0x0158b8fb90b7623d}, IkeSpi{0x13514610cea16160});
    EXPECT_FALSE(ike->uncheckedIcvOctets);
}

TEST(KeyStore, RefusesAnIcvThatAnAeadDoesNotHave)
{
    using ::testing::HasSubstr;
    EXPECT_THAT(Complaint(GcmRow("AES-GCM with 16 octet ICV [RFC4106]", Unchecked(96), "")),
                HasSubstr("\"AES-GCM with 16 octet ICV [RFC4106]\" has no ICV of 12 octets"));
    EXPECT_THAT(Complaint(GcmRow("AES-GCM [RFC4106]", Unchecked(256), "")),
                HasSubstr("has no ICV of 32 octets"));
}

TEST(KeyStore, KnowsEveryLengthThatIsNotChecked)
{
    for (const int bits : {64, 96, 128, 192, 256})
    {
        KeyStore store;
        const std::string row = With(ESP_ROW, "HMAC-SHA-256-128 [RFC4868]", Unchecked(bits));
        ASSERT_TRUE(store.AddText(row, "t")) << Complaint(row);
        const auto* esp = store.FindEsp(MOON, SUN, EspSpi{0x070883c2});
        EXPECT_EQ(esp->integ, nullptr);
        EXPECT_EQ(esp->uncheckedIcvOctets, bits / 8);
    }
}

TEST(KeyStore, SaysWhatIsWrongAndWhere)
{
    using ::testing::HasSubstr;
    const std::string good(IKE_ROW);
    EXPECT_THAT(Complaint("\n" + With(good, "0158b8fb90b7623d", "x")),
                HasSubstr("t:2: the first two columns are the SPIs"));
    EXPECT_THAT(Complaint(With(good, "AES-GCM-128", "AES-GCN-128")),
                HasSubstr("unknown encryption algorithm \"AES-GCN-128 with"));
    EXPECT_THAT(Complaint(With(good, "000102030405060708090a0b0c0d0e0f10111213", "0001")),
                HasSubstr("differ in length"));
    EXPECT_THAT(Complaint(With(good, "AES-GCM-128", "AES-GCM-256")),
                HasSubstr("has no keys of 20 octets"));
    EXPECT_THAT(Complaint(With(good, ",101112", ",10111")), HasSubstr("SK_er is no even number"));
    EXPECT_THAT(Complaint(With(good, "NONE [RFC4306]", "HMAC_SHA2_256_128 [RFC4868]")),
                HasSubstr("stands beside an AEAD"));
    EXPECT_THAT(Complaint(good.substr(0, 30)), HasSubstr("t:1: 2 columns, expected 8"));
    EXPECT_THAT(Complaint(good.substr(0, good.size() - 1)), HasSubstr("quotation mark"));
    EXPECT_THAT(Complaint(With(ESP_ROW, "192.0.2.1", "2001:db8::1")),
                HasSubstr("is no IPv4 address and not *"));
    EXPECT_THAT(Complaint(With(ESP_ROW, "0x070883c2", "spi")), HasSubstr("is no SPI"));
    EXPECT_THAT(Complaint(With(ESP_ROW, "HMAC-SHA-256-128", "HMAC-SHA-257-128")),
                HasSubstr("unknown integrity algorithm"));
}

TEST(KeyStore, FindsTheTablesOfAProfileAndOfARunFolder)
{
    namespace fs = std::filesystem;
    std::string pattern = (fs::temp_directory_path() / "ikelab-XXXXXX").string();
    const fs::path folder = mkdtemp(pattern.data());
    const fs::path profile = folder / "wireshark" / "profiles" / "ikelab";
    fs::create_directories(profile);
    std::ofstream(profile / "esp_sa") << ESP_ROW;
    std::ofstream(profile / "ikev2_decryption_table") << IKE_ROW;
    for (const fs::path& place : {folder, folder / "wireshark", profile})
    {
        KeyStore store;
        EXPECT_EQ(store.Load(place).value_or(0), 2u) << place;
    }
    KeyStore store;
    const auto empty = store.Load(folder / "wireshark" / "profiles");
    ASSERT_FALSE(empty);
    EXPECT_THAT(empty.error().message, ::testing::HasSubstr("no key tables here"));
    EXPECT_FALSE(store.Load(folder / "nothing"));
    fs::remove_all(folder);
}

} // namespace ikelab::dissect
