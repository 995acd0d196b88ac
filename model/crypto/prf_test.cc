// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "crypto/prf.h"

#include <gtest/gtest.h>

#include <string>

namespace ikelab::crypto
{
namespace
{

using wire::Prf;

struct PrfVector
{
    std::string key;
    std::string data;
    const char* sha256;
    const char* sha384;
    const char* sha512;
};

std::string
Repeat(const std::string& octet, size_t count)
{
    std::string all;
    for (size_t i = 0; i < count; i++)
    {
        all += octet;
    }
    return all;
}

// RFC 4868 §2.7.1, PRF-1 to PRF-6.
TEST(Prf, AgreesWithRfc4868)
{
    const PrfVector VECTORS[] = {
        {Repeat("0b", 20),
         "4869205468657265",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
         "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
         "faea9ea9076ede7f4af152e8b2fa9cb6",
         "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
         "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
        {"4a656665",
         "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
         "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
         "8e2240ca5e69e2c78b3239ecfab21649",
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
         "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
        {Repeat("aa", 20),
         Repeat("dd", 50),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
         "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
         "2a5ab39dc13814b94e3ab6e101a34f27",
         "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
         "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"},
        {"0102030405060708090a0b0c0d0e0f10111213141516171819",
         Repeat("cd", 50),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
         "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e"
         "6801dd23c4a7d679ccf8a386c674cffb",
         "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
         "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"},
        {Repeat("aa", 131),
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20"
         "48617368204b6579204669727374",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
         "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
         "0c2ef6ab4030fe8296248df163f44952",
         "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
         "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
        {Repeat("aa", 131),
         "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b"
         "2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a652064"
         "6174612e20546865206b6579206e6565647320746f20626520686173686564206265666f72652062"
         "65696e6720757365642062792074686520484d414320616c676f726974686d2e",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
         "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5"
         "a678cc31e799176d3860e6110c46523e",
         "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
         "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"}};
    Context context;
    for (const PrfVector& vector : VECTORS)
    {
        const Buffer key = Hex(vector.key);
        const Buffer data = Hex(vector.data);
        const auto expect = [&](Prf id, const char* expected)
        {
            const auto out = ComputePrf(context, *FindPrf(id), key, {data});
            ASSERT_TRUE(out.has_value());
            EXPECT_EQ(ToHex(out->View()), expected);
            // In three parts it is the same.
            const Bytes whole = data;
            const auto parts =
                ComputePrf(context,
                           *FindPrf(id),
                           key,
                           {whole.first(1), {}, whole.subspan(1, 3), whole.subspan(4)});
            ASSERT_TRUE(parts.has_value());
            EXPECT_EQ(ToHex(parts->View()), expected);
        };
        expect(Prf::PRF_HMAC_SHA2_256, vector.sha256);
        expect(Prf::PRF_HMAC_SHA2_384, vector.sha384);
        expect(Prf::PRF_HMAC_SHA2_512, vector.sha512);
    }
}

// An empty key must not fall back to the key of the call before.
TEST(Prf, ForgetsTheKeyOfTheCallBefore)
{
    Context context;
    const PrfRow& row = *FindPrf(Prf::PRF_HMAC_SHA2_256);
    ASSERT_TRUE(ComputePrf(context, row, Hex("0102"), {Hex("03")}).has_value());
    const auto empty = ComputePrf(context, row, {}, {});
    ASSERT_TRUE(empty.has_value());
    // HMAC-SHA-256 of nothing under the empty key; made with Python's hmac module.
    EXPECT_EQ(ToHex(empty->View()),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// However a message is cut, it is the same message: XCBC holds octets back, CMAC does so inside.
TEST(Prf, JoinsItsPartsWhereverTheyAreCut)
{
    Context context;
    Buffer message(1500);
    SeededRandom(4).Fill(message);
    for (const PrfRow& row : PrfRows())
    {
        for (const size_t octets : {size_t{0}, size_t{1}, size_t{16}, size_t{33}, message.size()})
        {
            const Bytes whole = Bytes(message).first(octets);
            const auto expected = ComputePrf(context, row, Hex("aabb"), {whole});
            ASSERT_TRUE(expected.has_value());
            for (const size_t cut : {0, 1, 15, 16, 17, 31, 32, 33, 512, 528, 529, 1488, 1499})
            {
                if (cut <= octets)
                {
                    const auto joined = ComputePrf(context,
                                                   row,
                                                   Hex("aabb"),
                                                   {whole.first(cut),
                                                    {},
                                                    whole.subspan(cut, (octets - cut) / 2),
                                                    whole.subspan(cut + (octets - cut) / 2)});
                    ASSERT_TRUE(joined.has_value());
                    EXPECT_TRUE(SameSecret(joined->View(), expected->View()))
                        << row.keyword << " " << octets << " " << cut;
                }
            }
        }
    }
}

// RFC 7296 §2.13, spelled out: T1 = prf(K, S | 1), Tn = prf(K, Tn-1 | S | n).
TEST(PrfPlus, ChainsItsBlocks)
{
    Context context;
    const Buffer key = Hex("00112233");
    const Buffer seed = Hex("445566");
    for (const PrfRow& row : PrfRows())
    {
        const auto t1 = ComputePrf(context, row, key, {seed, Hex("01")});
        const auto t2 = ComputePrf(context, row, key, {t1->View(), seed, Hex("02")});
        const auto t3 = ComputePrf(context, row, key, {t2->View(), seed, Hex("03")});
        std::string all = ToHex(t1->View()) + ToHex(t2->View()) + ToHex(t3->View());
        for (size_t octets = 0; octets <= size_t{3} * row.outputOctets; octets++)
        {
            const auto out = ComputePrfPlus(
                context, row, key, {Bytes(seed).first(2), Bytes(seed).last(1)}, octets);
            ASSERT_TRUE(out.has_value());
            ASSERT_EQ(ToHex(out->View()), all.substr(0, 2 * octets)) << row.keyword;
        }
    }
}

TEST(PrfPlus, EndsAfter255Blocks)
{
    Context context;
    const PrfRow& row = *FindPrf(Prf::PRF_HMAC_SHA2_256);
    EXPECT_TRUE(ComputePrfPlus(context, row, Hex("00"), {}, 255 * 32).has_value());
    const auto more = ComputePrfPlus(context, row, Hex("00"), {}, 255 * 32 + 1);
    ASSERT_FALSE(more.has_value());
    EXPECT_EQ(more.error().fault, Fault::LIMIT);
}

} // namespace
} // namespace ikelab::crypto
