// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "crypto/key_exchange.h"

#include <gtest/gtest.h>

#include <string>

namespace ikelab::crypto
{
namespace
{

using wire::KeMethod;

class KeyExchange : public testing::Test
{
  protected:
    KeyShare
    Make(KeMethod method)
    {
        auto share = KeyShare::Generate(m_context, *FindKe(method), m_random);
        EXPECT_TRUE(share.has_value());
        return std::move(*share);
    }

    void
    ExpectRefused(KeMethod method, Bytes value, const std::string& why)
    {
        const auto secret = Make(method).Derive(value);
        ASSERT_FALSE(secret.has_value()) << why;
        EXPECT_EQ(secret.error().fault, Fault::INVALID_KE) << why;
        EXPECT_EQ(secret.error().detail, static_cast<uint32_t>(method)) << why;
    }

    Context m_context;
    SeededRandom m_random{5};
};

TEST_F(KeyExchange, AgreesOnOneSecretInEveryGroup)
{
    for (const KeRow& row : KeRows())
    {
        for (int i = 0; i < 3; i++)
        {
            const auto a = KeyShare::Generate(m_context, row, m_random);
            const auto b = KeyShare::Generate(m_context, row, m_random);
            ASSERT_TRUE(a && b) << row.keyword;
            EXPECT_EQ(a->PublicValue().size(), row.publicOctets) << row.keyword;
            EXPECT_EQ(&a->Row(), &row);
            const auto ab = a->Derive(b->PublicValue());
            const auto ba = b->Derive(a->PublicValue());
            ASSERT_TRUE(ab && ba) << row.keyword;
            EXPECT_EQ(ab->Size(), row.sharedOctets) << row.keyword;
            EXPECT_TRUE(SameSecret(ab->View(), ba->View())) << row.keyword;
            const auto own = a->Derive(a->PublicValue());
            ASSERT_TRUE(own.has_value()) << row.keyword;
            EXPECT_FALSE(SameSecret(ab->View(), own->View())) << row.keyword;
        }
    }
}

// RFC 5903 §8.1 to §8.3: the data of both KE payloads and girx. RFC 8031 appendix A: the random
// octets before their bits are fixed.
TEST_F(KeyExchange, AgreesWithRfc5903AndRfc8031)
{
    struct Example
    {
        KeMethod method;
        const char* initiatorPrivate;
        const char* initiatorPublic;
        const char* responderPrivate;
        const char* responderPublic;
        const char* shared;
    };

    const Example EXAMPLES[] = {
        {KeMethod::ECP_256,
         "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
         "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
         "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
         "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
         "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
         "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
         "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"},
        {KeMethod::ECP_384,
         "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
         "e35b538041e649ee3faef896783ab194",
         "667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6"
         "de3ac808acb4bdb4c88732aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f"
         "65032149e0e144ada024181535a0f38eeb9fcff3c2c947dae69b4c634573a81c",
         "41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942"
         "e0308312916b8ed2960e4bd55a7448fc",
         "e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d"
         "0d1ac43a0336def96fda41d0774a3571dcfbec7aacf3196472169e838430367f"
         "66eebe3c6e70c416dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c",
         "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
         "d603135569b9e9d09cf5d4a270f59746"},
        {KeMethod::ECP_521,
         "0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a0"
         "95aa85a30fe1c2952c6771d937ba9777f5957b2639bab072462f68c27a57382d"
         "4a52",
         "0015417e84dbf28c0ad3c278713349dc7df153c897a1891bd98bab4357c9ecbe"
         "e1e3bf42e00b8e380aeae57c2d107564941885942af5a7f4601723c4195d176c"
         "ed3e017cae20b6641d2eeb695786d8c946146239d099e18e1d5a514c739d7cb4"
         "a10ad8a788015ac405d7799dc75e7b7d5b6cf2261a6a7f1507438bf01beb6ca3"
         "926f9582",
         "0145ba99a847af43793fdd0e872e7cdfa16be30fdc780f97bccc3f078380201e"
         "9c677d600b343757a3bdbf2a3163e4c2f869cca7458aa4a4effc311f5cb15168"
         "5eb9",
         "00d0b3975ac4b799f5bea16d5e13e9af971d5e9b984c9f39728b5e5739735a21"
         "9b97c356436adc6e95bb0352f6be64a6c2912d4ef2d0433ced2b6171640012d9"
         "460f015c68226383956e3bd066e797b623c27ce0eac2f551a10c2c724d985207"
         "7b87220b6536c5c408a1d2aebb8e86d678ae49cb57091f4732296579ab44fcd1"
         "7f0fc56a",
         "01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04"
         "d1427e73ca4baa240a34786859810c06b3c715a3a8cc3151f2bee417996d19f3"
         "ddea"},
        {KeMethod::CURVE25519,
         "751fb4308655b476b6789b7325f9ea8cddd16a58533ff6d9e60009464a5f9d94",
         "48d5ddd4061257ba166fa3f9bbdb74f1a4e81c089384fa77f790709f0dfbc766",
         "0a54645253290d60ddadd0e030bacd9e5501efdc220755a1e978f1b839a05688",
         "0be7c1f5aad87d7e448662673298a443478b859745179eaf564c79c0ef6eee25",
         "c74950607a12327f3204d94b6825bfb068b7f8319a9e3708ed3d43ce8130c950"}};
    for (const Example& example : EXAMPLES)
    {
        const KeRow& row = *FindKe(example.method);
        const auto i = KeyShare::FromPrivate(m_context, row, Hex(example.initiatorPrivate));
        const auto r = KeyShare::FromPrivate(m_context, row, Hex(example.responderPrivate));
        ASSERT_TRUE(i && r) << row.keyword;
        EXPECT_EQ(ToHex(i->PublicValue()), example.initiatorPublic);
        EXPECT_EQ(ToHex(r->PublicValue()), example.responderPublic);
        const auto ir = i->Derive(r->PublicValue());
        const auto ri = r->Derive(i->PublicValue());
        ASSERT_TRUE(ir && ri) << row.keyword;
        EXPECT_EQ(ToHex(ir->View()), example.shared);
        EXPECT_EQ(ToHex(ri->View()), example.shared);
    }
}

TEST_F(KeyExchange, RefusesEveryOtherLength)
{
    for (const KeRow& row : KeRows())
    {
        const auto peer = KeyShare::Generate(m_context, row, m_random);
        ASSERT_TRUE(peer.has_value());
        const Buffer good = ToBuffer(peer->PublicValue());
        for (size_t octets = 0; octets < good.size(); octets++)
        {
            const auto secret = peer->Derive(Bytes(good).first(octets));
            ASSERT_FALSE(secret.has_value()) << row.keyword << " " << octets;
            EXPECT_EQ(secret.error().fault, Fault::INVALID_KE);
        }
        Buffer longer = good;
        longer.push_back(0);
        ExpectRefused(row.id, longer, row.keyword);
        Buffer prefixed = good;
        prefixed.insert(prefixed.begin(), 4); // the SEC 1 form with its leading octet
        ExpectRefused(row.id, prefixed, row.keyword);
    }
}

// RFC 6989 §2.1: 1 < r < p-1.
TEST_F(KeyExchange, RefusesModpValuesOutOfRange)
{
    // RFC 3526 §3: the prime of group 14.
    const Buffer prime =
        Hex("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A"
            "08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9"
            "A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163"
            "BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D"
            "670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C5"
            "5DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFF"
            "FFFFFFFF");
    ASSERT_EQ(prime.size(), 256u);
    Buffer value(256);
    ExpectRefused(KeMethod::MODP_2048, value, "0");
    value.back() = 1;
    ExpectRefused(KeMethod::MODP_2048, value, "1");
    value = prime;
    ExpectRefused(KeMethod::MODP_2048, value, "p");
    value.back() -= 1;
    ExpectRefused(KeMethod::MODP_2048, value, "p - 1");
    value = Buffer(256, 0xff);
    ExpectRefused(KeMethod::MODP_2048, value, "above p");
    // The neighbours inside are fine.
    value = prime;
    value.back() -= 2;
    EXPECT_TRUE(Make(KeMethod::MODP_2048).Derive(value).has_value());
    value = Buffer(256);
    value.back() = 2;
    EXPECT_TRUE(Make(KeMethod::MODP_2048).Derive(value).has_value());
}

// RFC 7296 §2.14 and §3.4: both the value sent and g^ir keep their leading zeros.
TEST_F(KeyExchange, PadsModpToTheGroupsLength)
{
    const KeRow& row = *FindKe(KeMethod::MODP_2048);
    const auto one = KeyShare::FromPrivate(m_context, row, Hex("01"));
    ASSERT_TRUE(one.has_value());
    Buffer two(256);
    two.back() = 2;
    EXPECT_EQ(ToBuffer(one->PublicValue()), two);
    // 2^3 with the peer's exponent 3
    const auto three = KeyShare::FromPrivate(m_context, row, Hex("03"));
    ASSERT_TRUE(three.has_value());
    const auto secret = three->Derive(two);
    ASSERT_TRUE(secret.has_value());
    Buffer eight(256);
    eight.back() = 8;
    EXPECT_EQ(ToBuffer(secret->View()), eight);
}

// RFC 6989 §2.3.
TEST_F(KeyExchange, RefusesPointsThatAreNotOnTheCurve)
{
    for (const KeMethod method : {KeMethod::ECP_256, KeMethod::ECP_384, KeMethod::ECP_521})
    {
        const KeyShare peer = Make(method);
        const Buffer good = ToBuffer(peer.PublicValue());
        ExpectRefused(method, Buffer(good.size()), "the origin");
        ExpectRefused(method, Buffer(good.size(), 0xff), "coordinates above p");
        for (size_t i = 0; i < good.size(); i++)
        {
            Buffer bad = good;
            bad[i] ^= 0x10;
            ExpectRefused(method, bad, "octet " + std::to_string(i));
        }
        Buffer swapped(good.begin() + static_cast<long>(good.size() / 2), good.end());
        swapped.insert(
            swapped.end(), good.begin(), good.begin() + static_cast<long>(good.size() / 2));
        ExpectRefused(method, swapped, "x and y exchanged");
    }
}

// RFC 6989 §2.3 wants coordinates below p. x = 5 is on P-256; 5 + p still fits into 32 octets and
// is the same residue.
TEST_F(KeyExchange, RefusesUnreducedCoordinates)
{
    const Buffer y = Hex("459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc");
    Buffer reduced(32);
    reduced.back() = 5;
    Append(reduced, y);
    EXPECT_TRUE(Make(KeMethod::ECP_256).Derive(reduced).has_value());
    Buffer unreduced = Hex("ffffffff00000001000000000000000000000001000000000000000000000004");
    Append(unreduced, y);
    ExpectRefused(KeMethod::ECP_256, unreduced, "x + p");
}

// RFC 7748 §6.1, RFC 8031 §2: points of small order give zero.
TEST_F(KeyExchange, RefusesX25519PointsOfSmallOrder)
{
    const char* const POINTS[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
    for (const char* point : POINTS)
    {
        ExpectRefused(KeMethod::CURVE25519, Hex(point), point);
    }
}

TEST_F(KeyExchange, RefusesPrivateValuesThatAreNone)
{
    const KeRow& p256 = *FindKe(KeMethod::ECP_256);
    const Buffer order = Hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    EXPECT_FALSE(KeyShare::FromPrivate(m_context, p256, Hex("00")).has_value());
    EXPECT_FALSE(KeyShare::FromPrivate(m_context, p256, order).has_value());
    EXPECT_FALSE(
        KeyShare::FromPrivate(m_context, *FindKe(KeMethod::CURVE25519), Hex("01")).has_value());
    EXPECT_FALSE(
        KeyShare::FromPrivate(m_context, *FindKe(KeMethod::MODP_2048), Hex("00")).has_value());
}

TEST_F(KeyExchange, SurvivesAMove)
{
    KeyShare a = Make(KeMethod::ECP_384);
    KeyShare b = Make(KeMethod::ECP_384);
    const Buffer publicA = ToBuffer(a.PublicValue());
    const auto before = a.Derive(b.PublicValue());
    KeyShare moved(std::move(a));
    EXPECT_EQ(ToBuffer(moved.PublicValue()), publicA);
    const auto after = moved.Derive(b.PublicValue());
    ASSERT_TRUE(before && after);
    EXPECT_TRUE(SameSecret(before->View(), after->View()));
    b = std::move(moved);
    EXPECT_EQ(ToBuffer(b.PublicValue()), publicA);
}

} // namespace
} // namespace ikelab::crypto
