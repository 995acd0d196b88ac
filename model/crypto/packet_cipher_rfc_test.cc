// SPDX-License-Identifier: MIT
// The packets and authenticators that RFCs print.
#include "base/hex.h"
#include "crypto/packet_cipher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ikelab::crypto
{
namespace
{

using wire::Encr;
using wire::Integ;
using Direction = PacketCipher::Direction;

class PacketCipherRfcTest : public testing::Test
{
  protected:
    Context m_context;
};

struct Rfc3602Packet
{
    const char* key;
    const char* head;
    const char* iv;
    const char* plain;
    const char* cipher;
};

// RFC 3602 §4, cases 1 to 8: four texts and four ESP packets.
TEST_F(PacketCipherRfcTest, AgreesWithRfc3602)
{
    const Rfc3602Packet PACKETS[] = {
        {"06a9214036b8a15b512e03d534120006",
         "",
         "3dafba429d9eb430b422da802c9fac41",
         "53696e676c6520626c6f636b206d7367",
         "e353779c1079aeb82708942dbe77181a"},
        {"c286696d887c9aa0611bbb3e2025a45a",
         "",
         "562e17996d093d28ddb3ba695a2e6f58",
         "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"},
        {"6c3ea0477630ce21a2ce334aa746c2cd",
         "",
         "c782dc4c098c66cbd9cd27d825682c81",
         "5468697320697320612034382d62797465206d657373616765202865786163746c79203320414553"
         "20626c6f636b7329",
         "d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5"
         "021c19216bad525c8579695d83ba2684"},
        {"56e47a38c5598974bc46903dba290349",
         "",
         "8ce82eefbea0da3c44699ed7db51b7d9",
         "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
         "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
         "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e"
         "35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55"},
        {"90d382b410eeba7ad938c46cec1a82bf",
         "0000432100000001",
         "e96e8c08ab465763fd098d45dd3ff893",
         "08000ebd a70a0000 8e9c083d b95b0700 08090a0b 0c0d0e0f 10111213 14151617"
         "18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637"
         "01020304 05060708 090a0b0c 0d0e0e01",
         "f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856"
         "a4699e52 3a55db08 0b59ec3a 8e4b7e52 775b07d1 db34ed9c 538ab50c 551b874a"
         "a269add0 47ad2d59 13ac19b7 cfbad4a6"},
        {"90d382b410eeba7ad938c46cec1a82bf",
         "0000432100000008",
         "69d08df7d203329db093fc4924e5bd80",
         "0800b5e8 a80a0500 a69c083d 0b660e00 77777777 77777777 77777777 01020201",
         "f5199588 1ec4e0c4 488987ce 742e8109 689bb379 d2d750c0 d915dca3 46a89f75"},
        {"0123456789abcdef0123456789abcdef",
         "0000876500000002",
         "f4e765244f6407adf13dc1380f673f37",
         "45000054 09040000 4001f988 c0a87b03 c0a87bc8 08009f76 a90a0100 b49c083d"
         "02a20400 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 20212223"
         "24252627 28292a2b 2c2d2e2f 30313233 34353637 01020304 05060708 090a0a04",
         "773b5241 a4c44922 5e4f3ce5 ed611b0c 237ca96c f74a9301 3c1b0ea1 a0cf70f8"
         "e4ecaec7 8ac53aad 7a0f022b 859243c6 47752e94 a859352b 8a4d4d2d ecd136e5"
         "c177f132 ad3fbfb2 201ac990 4c74ee0a 109e0ca1 e4dfe9d5 a100b842 f1c22f0d"},
        {"0123456789abcdef0123456789abcdef",
         "0000876500000005",
         "85d47224b5f3dd5d2101d4ea8dffab22",
         "45000044 090c0000 4001f990 c0a87b03 c0a87bc8 0800d63c aa0a0200 c69c083d"
         "a3de0300 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff"
         "ffffffff 01020304 05060708 090a0a04",
         "15b92683 819596a8 047232cc 00f7048f e45318e1 1f8a0f62 ede3c3fc 61203bb5"
         "0f980a08 c9843fd3 a1b06d5c 07ff9639 b7eb7dfb 3512e5de 435e7207 ed971ef3"
         "d2726d9b 5ef6affc 6d17a0de cbb13892"}};
    const IntegRow& integ = *FindInteg(Integ::AUTH_HMAC_SHA2_256_128);
    const Buffer integKey(integ.keyOctets, 0x5a); // the RFC's packets have no ICV
    for (const Rfc3602Packet& vector : PACKETS)
    {
        const EncrRow& encr = *FindEncr(Encr::ENCR_AES_CBC, 128);
        PacketCipher seal(m_context, Direction::SEAL, encr, &integ, Hex(vector.key), integKey);
        PacketCipher open(m_context, Direction::OPEN, encr, &integ, Hex(vector.key), integKey);
        const Buffer head = Hex(vector.head);
        const Buffer plain = Hex(vector.plain);
        Buffer packet = head;
        Append(packet, Hex(vector.iv));
        Append(packet, plain);
        packet.resize(packet.size() + integ.icvOctets);
        ASSERT_TRUE(seal.Seal(packet, head.size()).has_value());
        const size_t text = head.size() + 16;
        EXPECT_EQ(ToHex(Bytes(packet).subspan(text, plain.size())), ToHex(Hex(vector.cipher)));
        ASSERT_TRUE(open.Open(packet, head.size()).has_value());
        EXPECT_EQ(ToHex(Bytes(packet).subspan(text, plain.size())), ToHex(plain));
    }
}

// RFC 7634 appendices A (an ESP packet) and B (an IKE message, the head being IKE header and
// generic payload header).
TEST_F(PacketCipherRfcTest, AgreesWithRfc7634)
{
    const EncrRow& encr = *FindEncr(Encr::ENCR_CHACHA20_POLY1305, 0);
    const Buffer key = Hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
                           "a0a1a2a3");
    struct Example
    {
        const char* head;
        const char* plain;
        const char* sealed; ///< ciphertext and ICV
    };

    const Example EXAMPLES[] = {{"0102030400000005",
                                 "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
                                 "0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
                                 "2425262728292a2b2c2d2e2f303132333435363701020204",
                                 "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
                                 "14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
                                 "cbec163fac469b502773f6fb94e664da9165b82829f641e0"
                                 "76aaa8266b7fb0f7b11b369907e1ad43"},
                                {"c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029",
                                 "0000000c000040010000000a00",
                                 "610394701f8d017f7c12924889"
                                 "6b71bfe25236efd7cdc67066906315b2"}};
    for (const Example& example : EXAMPLES)
    {
        PacketCipher seal(m_context, Direction::SEAL, encr, nullptr, key, {});
        PacketCipher open(m_context, Direction::OPEN, encr, nullptr, key, {});
        const Buffer head = Hex(example.head);
        Buffer packet = head;
        Append(packet, Hex("1011121314151617"));
        Append(packet, Hex(example.plain));
        packet.resize(packet.size() + 16);
        const Buffer plain = packet;
        ASSERT_TRUE(seal.Seal(packet, head.size()).has_value());
        EXPECT_EQ(ToHex(Bytes(packet).subspan(head.size() + 8)), example.sealed);
        ASSERT_TRUE(open.Open(packet, head.size()).has_value());
        EXPECT_EQ(ToHex(Bytes(packet).first(packet.size() - 16)),
                  ToHex(Bytes(plain).first(plain.size() - 16)));
    }
}

// RFC 4868 §2.7.2: each truncated authenticator, over a head without anything behind it.
TEST_F(PacketCipherRfcTest, AgreesWithRfc4868sAuthenticators)
{
    const std::string repeatedDd(100, 'd');
    std::string cd;
    std::string count = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
    for (int i = 0; i < 50; i++)
    {
        cd += "cd";
    }
    const auto repeat = [](const std::string& text, size_t octets)
    {
        std::string all;
        while (all.size() < octets * 2)
        {
            all += text;
        }
        return all;
    };
    const std::string hiThere = "4869205468657265";
    const std::string jefeAsks = "7768617420646f2079612077616e7420666f72206e6f7468696e673f";

    struct Authenticator
    {
        Integ id;
        std::string key;
        std::string data;
        const char* icv;
    };

    const Authenticator AUTHENTICATORS[] = {
        {Integ::AUTH_HMAC_SHA2_256_128,
         repeat("0b", 32),
         hiThere,
         "198a607eb44bfbc69903a0f1cf2bbdc5"},
        {Integ::AUTH_HMAC_SHA2_256_128,
         repeat("4a656665", 32),
         jefeAsks,
         "167f928588c5cc2eef8e3093caa0e87c"},
        {Integ::AUTH_HMAC_SHA2_256_128,
         repeat("aa", 32),
         repeatedDd,
         "cdcb1220d1ecccea91e53aba3092f962"},
        {Integ::AUTH_HMAC_SHA2_256_128, count, cd, "372efcf9b40b35c2115b1346903d2ef4"},
        {Integ::AUTH_HMAC_SHA2_384_192,
         repeat("0b", 48),
         hiThere,
         "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"},
        {Integ::AUTH_HMAC_SHA2_384_192,
         repeat("4a656665", 48),
         jefeAsks,
         "2c7353974f1842fd66d53c452ca42122b28c0b594cfb184d"},
        {Integ::AUTH_HMAC_SHA2_384_192,
         repeat("aa", 48),
         repeatedDd,
         "809f439be00274321d4a538652164b53554a508184a0c316"},
        {Integ::AUTH_HMAC_SHA2_384_192,
         count + "0a0b0c0d0e0f10111213141516171819",
         cd,
         "5b540085c6e6358096532b2493609ed1cb298f774f87bb5c"},
        {Integ::AUTH_HMAC_SHA2_512_256,
         repeat("0b", 64),
         hiThere,
         "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"},
        {Integ::AUTH_HMAC_SHA2_512_256,
         repeat("4a656665", 64),
         jefeAsks,
         "cb370917ae8a7ce28cfd1d8f4705d6141c173b2a9362c15df235dfb251b15454"},
        {Integ::AUTH_HMAC_SHA2_512_256,
         repeat("aa", 64),
         repeatedDd,
         "2ee7acd783624ca9398710f3ee05ae41b9f9b0510c87e49e586cc9bf961733d8"},
        // The RFC prints this key 16 octets too long; these 64 give its value.
        {Integ::AUTH_HMAC_SHA2_512_256,
         count + "2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40",
         cd,
         "5e6688e5a3daec826ca32eaea224eff5e700628947470e13ad01302561bab108"}};
    const EncrRow& null = *FindEncr(Encr::ENCR_NULL, 0);
    for (const Authenticator& vector : AUTHENTICATORS)
    {
        const IntegRow& integ = *FindInteg(vector.id);
        PacketCipher seal(m_context, Direction::SEAL, null, &integ, {}, Hex(vector.key));
        Buffer packet = Hex(vector.data);
        const size_t head = packet.size();
        packet.resize(head + integ.icvOctets);
        ASSERT_TRUE(seal.Seal(packet, head).has_value());
        EXPECT_EQ(ToHex(Bytes(packet).subspan(head)), vector.icv);
    }
}

} // namespace
} // namespace ikelab::crypto
