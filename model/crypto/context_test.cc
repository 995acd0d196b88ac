// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "crypto/context.h"
#include "crypto/context_internal.h"
#include "crypto/hash.h"
#include "crypto/key_exchange.h"

#include <gtest/gtest.h>
#include <openssl/rand.h>

#include <array>

namespace ikelab::crypto
{
namespace
{

Buffer
PublicOf(Context& context, const KeRow& row, RandomSource& random)
{
    const auto share = KeyShare::Generate(context, row, random);
    EXPECT_TRUE(share.has_value()) << row.keyword;
    return share ? ToBuffer(share->PublicValue()) : Buffer{};
}

TEST(Context, RepeatsEveryGroupsPublicValueFromTheSameSeed)
{
    for (const KeRow& row : KeRows())
    {
        Context first;
        Context second;
        SeededRandom one(7);
        SeededRandom two(7);
        SeededRandom other(8);
        const Buffer value = PublicOf(first, row, one);
        EXPECT_EQ(value.size(), row.publicOctets) << row.keyword;
        EXPECT_EQ(value, PublicOf(second, row, two)) << row.keyword;
        EXPECT_NE(value, PublicOf(second, row, other)) << row.keyword;
        // The stream goes on: the next key of the same source is another one, and repeats too.
        const Buffer next = PublicOf(first, row, one);
        EXPECT_NE(value, next) << row.keyword;
        EXPECT_EQ(next, PublicOf(second, row, two)) << row.keyword;
    }
}

TEST(Context, LeavesAnotherWorldsRandomnessAlone)
{
    const KeRow& row = *FindKe(wire::KeMethod::ECP_256);
    Context alone;
    SeededRandom random(3);
    const Buffer first = PublicOf(alone, row, random);
    const Buffer second = PublicOf(alone, row, random);

    Context left;
    Context right;
    SeededRandom leftRandom(3);
    SeededRandom rightRandom(4);
    EXPECT_EQ(PublicOf(left, row, leftRandom), first);
    PublicOf(right, row, rightRandom);
    {
        Context shortLived;
        PublicOf(shortLived, row, rightRandom);
    }
    EXPECT_EQ(PublicOf(left, row, leftRandom), second);
}

TEST(Context, RefusesRandomnessOutsideOfAnOperation)
{
    Context context;
    Context::Internals& internals = context.Get();
    std::array<uint8_t, 16> octets{};
    EXPECT_NE(RAND_bytes_ex(internals.library.get(), octets.data(), octets.size(), 0), 1);
    EXPECT_NE(RAND_priv_bytes_ex(internals.library.get(), octets.data(), octets.size(), 0), 1);
    for (const KeRow& row : KeRows())
    {
        EVP_PKEY* key = nullptr;
        EXPECT_NE(EVP_PKEY_keygen(internals.Keygen(row), &key), 1) << row.keyword;
        EVP_PKEY_free(key);
    }
    // And it recovers: a refusal must not leave the generator in an error state.
    SeededRandom random(1);
    PublicOf(context, *FindKe(wire::KeMethod::CURVE25519), random);
}

TEST(Context, DrawsPublicAndPrivateOctetsFromTheSource)
{
    Context context;
    std::array<uint8_t, 24> expected{};
    SeededRandom(11).Fill(expected);
    std::array<uint8_t, 24> octets{};
    for (const auto draw : {RAND_bytes_ex, RAND_priv_bytes_ex})
    {
        SeededRandom random(11);
        const RandomScope scope(*context.Get().random, random);
        ASSERT_EQ(draw(context.Get().library.get(), octets.data(), octets.size(), 0), 1);
        EXPECT_EQ(octets, expected);
    }
}

TEST(Context, RestoresTheSourceOfTheOuterScope)
{
    Context context;
    SeededRandom outer(1);
    SeededRandom inner(2);
    RandomSlot& slot = *context.Get().random;
    {
        const RandomScope outerScope(slot, outer);
        {
            const RandomScope innerScope(slot, inner);
            EXPECT_EQ(slot.source, &inner);
        }
        EXPECT_EQ(slot.source, &outer);
    }
    EXPECT_EQ(slot.source, nullptr);
}

TEST(SystemRandom, FillsWithOctetsThatDoNotRepeat)
{
    SystemRandom random;
    std::array<uint8_t, 32> one{};
    std::array<uint8_t, 32> two{};
    random.Fill(one);
    random.Fill(two);
    EXPECT_NE(one, two);
    random.Fill({});
}

// FIPS 180-4's "abc" examples.
TEST(Hash, JoinsItsParts)
{
    Context context;
    const Buffer a = Hex("61");
    const Buffer bc = Hex("6263");
    const auto sha1 = Sha1(context, {a, bc});
    ASSERT_TRUE(sha1.has_value());
    EXPECT_EQ(ToHex(*sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
    const auto sha256 = Sha256(context, {a, {}, bc});
    ASSERT_TRUE(sha256.has_value());
    EXPECT_EQ(ToHex(*sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(ToHex(*Sha1(context, {})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

} // namespace
} // namespace ikelab::crypto
