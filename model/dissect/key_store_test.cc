// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "dissect/key_store.h"
#include "io/esp_key_row.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>

namespace ikelab::dissect
{

namespace
{

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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
    return read ? "none" : read.error().told.front();
}

/// The row that is tried first.
const EspTableKeys*
FindEsp(const KeyStore& store, const IpAddress& from, const IpAddress& to, EspSpi spi)
{
    const auto found = store.FindEsp({from, to, spi});
    return found.empty() ? nullptr : found.front();
}

const IkeTableKeys*
FindIke(const KeyStore& store, IkeSpi initiator, IkeSpi responder)
{
    const auto found = store.FindIke(initiator, responder);
    return found.empty() ? nullptr : found.front();
}

/// Where the rows stand that are tried on a packet, in this order.
std::vector<std::string>
Places(const KeyStore& store, const IpAddress& from, const IpAddress& to, EspSpi spi)
{
    std::vector<std::string> places;
    for (const EspTableKeys* keys : store.FindEsp({from, to, spi}))
    {
        places.push_back(keys->where);
    }
    return places;
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
    const auto* ike = FindIke(store, IkeSpi{0x0158b8fb90b7623d}, IkeSpi{0x13514610cea16160});
    ASSERT_TRUE(ike);
    EXPECT_EQ(ike->encr, crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128));
    EXPECT_EQ(ike->integ, nullptr);
    EXPECT_EQ(ToHex(ike->er.View()), "101112131415161718191a1b1c1d1e1f20212223");
    EXPECT_EQ(ike->where, "t:3");
    EXPECT_FALSE(FindIke(store, IkeSpi{0x0158b8fb90b7623d}, IkeSpi{1}));

    const auto* esp = FindEsp(store, MOON, SUN, EspSpi{0x070883c2});
    ASSERT_TRUE(esp) << "* is any destination";
    EXPECT_EQ(esp->encr, crypto::FindEncr(wire::Encr::ENCR_AES_CBC, 128));
    EXPECT_EQ(esp->integ, crypto::FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128));
    EXPECT_FALSE(FindEsp(store, SUN, MOON, EspSpi{0x070883c2})) << "another source";
    EXPECT_FALSE(FindEsp(store, MOON, SUN, EspSpi{0x070883c3})) << "another SPI";
    EXPECT_FALSE(FindEsp(store, *IpAddress::Parse("2001:db8::1"), SUN, EspSpi{0x070883c2}));
}

TEST(KeyStore, TriesRowsThatNameTheSpiAndThenTheNewest)
{
    const auto row = [](std::string_view source, std::string_view spi, int key)
    {
        return fmt::format("\"IPv4\",\"{}\",\"*\",\"{}\",\"NULL\",\"\",\"HMAC-SHA-256-128 "
                           "[RFC4868]\",\"0x{:064x}\"\n",
                           source,
                           spi,
                           key);
    };
    KeyStore store;
    ASSERT_TRUE(store.AddText(row("192.0.2.1", "0xc1", 1) + row("*", "*", 2) + row("*", "0xc1", 3) +
                                  row("*", "*", 4),
                              "t"));
    EXPECT_THAT(Places(store, MOON, SUN, EspSpi{0xc1}), ElementsAre("t:3", "t:1", "t:4", "t:2"));
    EXPECT_THAT(Places(store, SUN, MOON, EspSpi{1}), ElementsAre("t:4", "t:2"));
    // The same once more is no other candidate, and a stale row goes before a new one.
    ASSERT_TRUE(store.AddText(row("*", "*", 2) + row("192.0.2.0/24", "0xc1", 5), "u"));
    EXPECT_THAT(Places(store, MOON, SUN, EspSpi{0xc1}), ElementsAre("u:2", "t:3", "t:1", "u:1"));
    EXPECT_EQ(store.Size(), 5u);
}

TEST(KeyStore, KeepsTheNewestRowsOfAnSa)
{
    KeyStore store;
    std::string ike;
    std::string esp;
    for (int i = 10; i < 22; ++i)
    {
        ike += With(IKE_ROW, "000102", fmt::format("0001{}", i)) + "\n";
        esp += With(ESP_ROW, "0x5de1", fmt::format("0x{}e1", i)) + "\n";
    }
    ASSERT_TRUE(store.AddText(ike, "ike"));
    ASSERT_TRUE(store.AddText(esp, "esp"));
    EXPECT_THAT(Places(store, MOON, SUN, EspSpi{0x070883c2}),
                ElementsAre("esp:12", "esp:11", "esp:10", "esp:9"));
    const auto found = store.FindIke(IkeSpi{0x0158b8fb90b7623d}, IkeSpi{0x13514610cea16160});
    ASSERT_EQ(found.size(), 8u) << "the keys of IKE_SA_INIT and of seven more exchanges";
    EXPECT_EQ(found.front()->where, "ike:12");
    EXPECT_EQ(found.back()->where, "ike:5");
    EXPECT_EQ(store.Size(), 12u);
}

/// Look-up by look-up over every row it would take minutes.
TEST(KeyStore, FindsInAHostileTableAsFastAsInAnother)
{
    const auto seconds = [](const KeyStore& store)
    {
        const std::clock_t begun =
            std::clock(); // of the processor: a busy machine is no slow search
        for (uint32_t i = 0; i < 20'000; ++i)
        {
            EXPECT_FALSE(store.FindEsp({MOON, SUN, EspSpi{0x070883c2}}).empty());
        }
        return static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
    };
    std::string anySpi;
    std::string sameSpi;
    for (int i = 0; i < 20'000; ++i)
    {
        const std::string row = With(ESP_ROW, "0x5de1a4c2", fmt::format("0x{:08x}", i)) + "\n";
        anySpi += With(row, "0x070883c2", "*");
        sameSpi +=
            With(row, "192.0.2.1\",\"*", fmt::format("192.0.2.1\",\"10.0.{}.{}", i / 256, i % 256));
        sameSpi += row;
    }
    for (const std::string& table : {anySpi, sameSpi})
    {
        KeyStore store;
        ASSERT_TRUE(store.AddText(table, "t"));
        EXPECT_LT(seconds(store), 2.0);
    }
}

TEST(KeyStore, TakesAddressBlocksAndPartsOfAnSpi)
{
    const auto fits = [](std::string_view source, std::string_view spi, const char* from)
    {
        const bool v6 = std::string_view(from).find(':') != std::string_view::npos;
        KeyStore store;
        const std::string row = With(With(With(ESP_ROW, "192.0.2.1", source), "0x070883c2", spi),
                                     "IPv4",
                                     v6 ? "IPv6" : "IPv4");
        EXPECT_TRUE(store.AddText(row, "t")) << Complaint(row);
        const IpAddress address = *IpAddress::Parse(from);
        return !store.FindEsp({address, address, EspSpi{0x070883c2}}).empty();
    };
    EXPECT_TRUE(fits("10.0.0.0/24", "*", "10.0.0.255"));
    EXPECT_TRUE(fits("10.0.0.7/24", "*", "10.0.0.255"));
    EXPECT_FALSE(fits("10.0.0.0/24", "*", "10.0.1.0"));
    EXPECT_TRUE(fits("0.0.0.0/0", "*", "10.0.1.0"));
    EXPECT_TRUE(fits("2001:db8::/32", "*", "2001:db8:1::9"));
    EXPECT_FALSE(fits("2001:db8::/32", "*", "2001:db9::9"));
    // What tshark 4.0 takes besides.
    EXPECT_TRUE(fits("10.0.*.9", "*", "10.0.3.9"));
    EXPECT_FALSE(fits("10.0.*.9", "*", "10.0.3.8"));
    EXPECT_TRUE(fits("2001:db8:*::1", "*", "2001:db8:7::1"));
    EXPECT_FALSE(fits("2001:db8:*::1", "*", "2001:db8:7::2"));
    EXPECT_TRUE(fits("*", "0x070883**", "10.0.0.1"));
    EXPECT_FALSE(fits("*", "0x070882**", "10.0.0.1"));
    EXPECT_TRUE(fits("*", "117998530", "10.0.0.1")) << "decimal without 0x";
}

TEST(KeyStore, BoundsTheKindsOfAddressBlocks)
{
    KeyStore store;
    std::string rows;
    for (int prefix = 1; prefix < 32; ++prefix)
    {
        for (const char* spi : {"*", "0x070883c2", "0x0708****"})
        {
            rows += With(With(ESP_ROW, "192.0.2.1", fmt::format("10.0.0.0/{}", prefix)),
                         "0x070883c2",
                         spi) +
                    "\n";
        }
    }
    const auto read = store.AddText(rows, "t");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().told.size() + read.error().more, 31u * 3 - KeyStore::MOST_PARTIAL_MASKS);
    EXPECT_THAT(read.error().told.front(), HasSubstr("t:65: more than 64 kinds of address blocks"));
    EXPECT_TRUE(store.AddText(ESP_ROW, "mine")) << "what is no block is taken all the same";
}

TEST(KeyStore, BoundsTheRowsOfAllTables)
{
    const auto row = [](int spi)
    {
        return With(ESP_ROW, "0x070883c2", fmt::format("{}", spi)) + "\n";
    };
    KeyStore store(3);
    EXPECT_TRUE(store.AddText(row(1) + row(2), "t"));
    const auto read = store.AddText(row(3) + row(4) + row(5), "u");
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().told, ElementsAre(HasSubstr("u:2: more than 3 rows")));
    EXPECT_EQ(store.Size(), 3u);
}

TEST(KeyStore, GoesOnBehindAWrongRow)
{
    KeyStore store;
    std::string text = "nonsense\n" + std::string(ESP_ROW) + "\n";
    const auto two = store.AddText(text + "\"\n" + std::string(IKE_ROW), "t");
    ASSERT_FALSE(two);
    EXPECT_THAT(two.error().told,
                ElementsAre(HasSubstr("t:1: 1 columns, expected 8"),
                            HasSubstr("t:3: a quotation mark is missing")));
    EXPECT_EQ(store.Size(), 2u) << "the good ones";
    for (int i = 0; i < 100; ++i)
    {
        text += "nonsense\n";
    }
    const auto many = store.AddText(text, "t");
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().told.size(), TableProblems::MOST);
    EXPECT_EQ(many.error().Lines().back(), "81 more rows cannot be read");

    io::Capture capture;
    const std::string wrong = text + std::string(ESP_ROW);
    const std::string good = With(ESP_ROW, "0x070883c2", "0x070883c3");
    for (const std::string* block : {&wrong, &good})
    {
        const auto* octets = reinterpret_cast<const uint8_t*>(block->data());
        capture.secrets.push_back({io::SECRETS_ESP, Bytes(octets, block->size())});
    }
    KeyStore ofCapture;
    EXPECT_FALSE(ofCapture.AddSecrets(capture, "c"));
    EXPECT_EQ(ofCapture.Size(), 2u);
}

TEST(KeyStore, ReadsTheColumnsOfLaterWiresharks)
{
    KeyStore store;
    ASSERT_TRUE(store.AddText(std::string(ESP_ROW) + R"(,"64-bit","0x1f")", "t"));
    const auto* esp = FindEsp(store, MOON, SUN, EspSpi{0x070883c2});
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
            const auto* esp = FindEsp(store, MOON, SUN, EspSpi{0xc1});
            ASSERT_TRUE(esp);
            EXPECT_EQ(esp->encr, crypto::FindEncr(id, 128)) << row;
            EXPECT_EQ(esp->integ, nullptr);
            EXPECT_FALSE(esp->uncheckedIcvOctets) << "an AEAD is verified";
        }
    }
    KeyStore store;
    ASSERT_TRUE(store.AddText(GcmRow("AES-GCM [RFC4106]", "NULL", ""), "t"));
    EXPECT_EQ(FindEsp(store, MOON, SUN, EspSpi{0xc1})->encr,
              crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128));
    ASSERT_TRUE(store.AddText(
        With(IKE_ROW, "NONE [RFC4306]", "ANY 128-bits of Authentication [No Checking]"), "t"));
    const auto* ike = FindIke(store, IkeSpi{0x0158b8fb90b7623d}, IkeSpi{0x13514610cea16160});
    EXPECT_FALSE(ike->uncheckedIcvOctets);
}

TEST(KeyStore, RefusesAnIcvThatAnAeadDoesNotHave)
{
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
        const auto* esp = FindEsp(store, MOON, SUN, EspSpi{0x070883c2});
        EXPECT_EQ(esp->integ, nullptr);
        EXPECT_EQ(esp->uncheckedIcvOctets, bits / 8);
    }
}

TEST(KeyStore, SaysWhatIsWrongAndWhere)
{
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
                HasSubstr("is no IPv4 address, no block such as 192.0.2.0/24 and not *"));
    EXPECT_THAT(Complaint(With(ESP_ROW, "0x070883c2", "spi")), HasSubstr("is no SPI"));
    EXPECT_THAT(Complaint(With(ESP_ROW, "HMAC-SHA-256-128", "HMAC-SHA-257-128")),
                HasSubstr("unknown integrity algorithm"));
    EXPECT_THAT(Complaint(With(ESP_ROW, "192.0.2.1", "192.0.2.0/33")), HasSubstr("is no IPv4"));
    EXPECT_THAT(Complaint(With(ESP_ROW, "192.0.2.1", "192.0.2.1*")), HasSubstr("is no IPv4"));
    EXPECT_THAT(Complaint(With(ESP_ROW, "192.0.2.1", "192.0.2.1-192.0.2.9")),
                HasSubstr("is no IPv4"));
    EXPECT_THAT(Complaint(With(ESP_ROW, "0x070883c2", "0x07*")), HasSubstr("is no SPI"));
    EXPECT_THAT(Complaint(With(ESP_ROW, "0x070883c2", "070883c2")), HasSubstr("is no SPI"));
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
    EXPECT_THAT(empty.error().told.front(), HasSubstr("no key tables here"));
    EXPECT_FALSE(store.Load(folder / "nothing"));
    fs::remove_all(folder);
}

} // namespace ikelab::dissect
