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
