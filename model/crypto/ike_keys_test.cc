// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "crypto/ike_keys.h"
#include "crypto/prf.h"

#include <gtest/gtest.h>

#include <string>

namespace ikelab::crypto
{
namespace
{

using wire::Encr;
using wire::Integ;
using wire::KeMethod;
using wire::Prf;

std::string
Joined(std::initializer_list<const SecretBytes*> keys)
{
    std::string all;
    for (const SecretBytes* key : keys)
    {
        all += ToHex(key->View());
    }
    return all;
}

/// One NIST CAVP case of the whole key schedule with SHA-1 and 132 octets of key material;
/// conformance/vectors/crypto/README.md says where it comes from.
class NistKeySchedule : public testing::Test
{
  protected:
    const Buffer ni = Hex("32b50d5f4a3763f3");
    const Buffer nr = Hex("9206a04b26564cb1");
    const Nonces nonces{ni, nr};
    const IkeSpis spis{IkeSpi{0x34c9e7c188868785}, IkeSpi{0x3ff77d760d2b2199}};
    const Buffer secret = Hex("4b2c1f971981a8ad8d0abeafabf38cf75fc8349c148142465ed9c8b516b8be52");
    const Buffer newSecret =
        Hex("863f3c9d06efd39d2b907b97f8699e5dd5251ef64a2a176f36ee40c87d4f9330");
    const std::string keyMaterial =
        "a14293677cc80ff8f9cc0eee30d895da9d8f405666e30ef0dfcb63c634a46002a2a63080e514a062768b7660"
        "6f9fa5e992204fc5a670bde3f10d6b027113936a5c55b648a194ae587b0088d52204b702c979fa280870d2ed"
        "41efa9c549fd11198af1670b143d384bd275c5f594cf266b05ebadca855e4249520a441a81157435a7a56cc4";
    const std::string childMaterial =
        "8059e3ee8810e6c3a91bc8bcd2a7a41151b8d0e6ae239c7b38093ad85ef4c5811a8e7b5d1cdabd9560b2d5e0"
        "92d1f24e2d4b85eccdf0ad0dc9abd94b51ee71814ca6dbc8bb51b6309f5b9545c7eb35cf5580b1e521a8fe20"
        "754a2d883ba0c2cf285f524aea6545b33106bc03e614296d319d41d4b50b3f510b1c0a22f3e664994d234cb4";
    const std::string childMaterialWithKe =
        "bb43244c1860ad65ee1e211ffe8bb3661750c8f89cb9f547df7f4fa61d37301628190e38c66232eab4b3ab14"
        "c400a5197dd3730ed4820a8a10394d51e1c0400052f63ebd36b0e7ef53aaed31eba4a5080d7d4b5666023a8b"
        "bb5ffb7857240f9a05884d1b7d2f933708450b7b3288f1fc863ab49fa901227cffc06e27899c7054d56fd74c";
    const PrfRow& sha1 = *FindPrf(Prf::PRF_HMAC_SHA1);
    const IkeSuite ikeSuite{FindEncr(Encr::ENCR_AES_CBC, 128),
                            FindInteg(Integ::AUTH_HMAC_SHA1_96),
                            &sha1,
                            FindKe(KeMethod::MODP_2048)};
    Context context;
};

TEST_F(NistKeySchedule, GivesSkeyseedAndTheSevenKeys)
{
    const auto skeyseed = DeriveSkeyseed(context, sha1, nonces, secret);
    ASSERT_TRUE(skeyseed.has_value());
    EXPECT_EQ(ToHex(skeyseed->View()), "a9a7b222b59f8f48645f28a1db5b5f5d7479cba7");
    // 20 + 2 * 20 + 2 * 16 + 2 * 20 octets are all 132 of the vector.
    const auto keys = DeriveIkeKeys(context, ikeSuite, skeyseed->View(), nonces, spis);
    ASSERT_TRUE(keys.has_value());
    EXPECT_EQ(Joined({&keys->d, &keys->ai, &keys->ar, &keys->ei, &keys->er, &keys->pi, &keys->pr}),
              keyMaterial);
    EXPECT_EQ(keys->d.Size(), 20u);
    EXPECT_EQ(keys->ai.Size(), 20u);
    EXPECT_EQ(keys->ei.Size(), 16u);
    EXPECT_EQ(keys->pr.Size(), 20u);
    const IkeKeys copy = keys->Copy();
    EXPECT_EQ(Joined({&copy.d, &copy.ai, &copy.ar, &copy.ei, &copy.er, &copy.pi, &copy.pr}),
              keyMaterial);
}

TEST_F(NistKeySchedule, GivesChildKeysWithAndWithoutKeyExchange)
{
    const Buffer skD = Hex(keyMaterial.substr(0, 40));
    const EspSuite suite{
        FindEncr(Encr::ENCR_AES_CBC, 256), FindInteg(Integ::AUTH_HMAC_SHA1_96), nullptr, false};
    const auto keys = DeriveChildKeys(context, sha1, suite, skD, {}, nonces);
    ASSERT_TRUE(keys.has_value());
    EXPECT_EQ(Joined({&keys->initiatorEncr,
                      &keys->initiatorInteg,
                      &keys->responderEncr,
                      &keys->responderInteg}),
              childMaterial.substr(0, 2 * 104));
    EXPECT_EQ(keys->initiatorEncr.Size(), 32u);
    EXPECT_EQ(keys->initiatorInteg.Size(), 20u);
    const auto again = DeriveChildKeys(context, sha1, suite, skD, newSecret, nonces);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(Joined({&again->initiatorEncr,
                      &again->initiatorInteg,
                      &again->responderEncr,
                      &again->responderInteg}),
              childMaterialWithKe.substr(0, 2 * 104));
    // The whole vector, one layer below.
    const auto all = ComputePrfPlus(context, sha1, skD, {newSecret, ni, nr}, 132);
    ASSERT_TRUE(all.has_value());
    EXPECT_EQ(ToHex(all->View()), childMaterialWithKe);
}

TEST_F(NistKeySchedule, GivesTheSkeyseedOfARekey)
{
    const Buffer skD = Hex(keyMaterial.substr(0, 40));
    const auto skeyseed = DeriveRekeySkeyseed(context, sha1, skD, newSecret, nonces);
    ASSERT_TRUE(skeyseed.has_value());
    EXPECT_EQ(ToHex(skeyseed->View()), "63e81194946ebd05df7df5ebf5d8750056bf1f1d");
}

// RFC 7296 §2.14: the PRFs of AES take eight octets of each nonce for SKEYSEED, and prf+ all of
// them.
TEST_F(NistKeySchedule, TakesEightOctetsOfEachNonceForThePrfsOfAes)
{
    const Buffer i = Hex("000102030405060708090a0b0c0d0e0f1011");
    const Buffer r = Hex("202122232425262728292a2b2c2d2e2f");
    const Buffer shared(32, 0x77);
    for (const PrfRow& prf : PrfRows())
    {
        const bool ofAes = prf.mac != MacKind::HMAC;
        const auto seed = DeriveSkeyseed(context, prf, {i, r}, shared);
        Buffer key = ToBuffer(Bytes(i).first(ofAes ? 8 : i.size()));
        Append(key, Bytes(r).first(ofAes ? 8 : r.size()));
        const auto expected = ComputePrf(context, prf, key, {shared});
        ASSERT_TRUE(seed.has_value() && expected.has_value());
        EXPECT_TRUE(SameSecret(seed->View(), expected->View())) << prf.keyword;
        EXPECT_EQ(seed->Size(), prf.outputOctets);
        // A nonce shorter than the rule wants is the peer's fault, and no reason to read beyond it.
        EXPECT_TRUE(DeriveSkeyseed(context, prf, {Bytes(i).first(3), r}, shared).has_value());
    }
}

// RFC 5282 §7: no SK_a; RFC 4106 §8.1 and RFC 7634 §2: the salt is the end of SK_e.
TEST_F(NistKeySchedule, LeavesIntegrityKeysOutForAeads)
{
    const IkeSuite suite{FindEncr(Encr::ENCR_AES_GCM_16, 256), nullptr, &sha1, nullptr};
    const auto skeyseed = DeriveSkeyseed(context, sha1, nonces, secret);
    const auto keys = DeriveIkeKeys(context, suite, skeyseed->View(), nonces, spis);
    ASSERT_TRUE(keys.has_value());
    EXPECT_TRUE(keys->ai.Empty());
    EXPECT_TRUE(keys->ar.Empty());
    EXPECT_EQ(keys->ei.Size(), 36u);
    // 20 + 2 * 36 + 2 * 20 octets of the same stream
    EXPECT_EQ(Joined({&keys->d, &keys->ei, &keys->er, &keys->pi, &keys->pr}),
              keyMaterial.substr(0, 2 * 132));
    const EspSuite esp{FindEncr(Encr::ENCR_CHACHA20_POLY1305, 0), nullptr, nullptr, false};
    const auto child = DeriveChildKeys(context, sha1, esp, keys->d.View(), {}, nonces);
    ASSERT_TRUE(child.has_value());
    EXPECT_EQ(Joined({&child->initiatorEncr, &child->responderEncr}),
              childMaterial.substr(0, 2 * 72));
    EXPECT_TRUE(child->initiatorInteg.Empty());
}

// The same schedule with SHA-256, SHA-384 and SHA-512, against values that Python's hmac module
// made from RFC 7296 §2.13, §2.14 and §2.17.
TEST_F(NistKeySchedule, AgreesWithASecondImplementationForSha2)
{
    struct Expected
    {
        Prf prf;
        const char* skeyseed;
        const char* pr;
        const char* responderEncr;
        const char* rekey;
    };

    const Expected EXPECTED[] = {
        {Prf::PRF_HMAC_SHA2_256,
         "2ce764425edae6bf459a41e4122c6b8429cc46b9ce14c76abc8b1467f5ca2159",
         "028182fd352c57dfcc28e51260bfa50e923c0224aac86478eafa3eda5010105d",
         "a182bba12f910ceb6dbfd376b8dc51ab4d5690ae",
         "7ecfbdf17fc58b2500169942954689def2cbe31b2dc479bddae77fcc0cd4ee2b"},
        {Prf::PRF_HMAC_SHA2_384,
         "7d1ffafaca6d1158c9c976d62c9b2316caf485392d71ce057eb93fcb5ceb82ba"
         "701428b49e1d3dfba4e10a4bad80519b",
         "9a3844939229db8a80b2b01bfa164634e2b3c81612072fafa12b68d0f88be85d"
         "5900bdf95bc18aa32f89de2a1ec0acd0",
         "ad660dc57566506470eda05d579828fdd94c5111",
         "7643fcfcdb06edc085a5b34d4c498f7327fe04517917e9dc8c342f29dbebb073"
         "084e735f313c44e2c684c041d31b0d8e"},
        {Prf::PRF_HMAC_SHA2_512,
         "a795716b545c4efa4e2ed98011790f17be4663080a63116ad693eb6a0e0cdf5e"
         "ad659d75d677aaf29c53e758645b49ce9b676001f03f8e8366ff4cd21bea38cd",
         "9608cddf1deede20ae1dc1ab2b718b088070bf2b9819ca1bbcf5b9b79bb6b8df"
         "3fe69f113aaaf66bdd155d7f087ff50447a1971545a6dacbc81ed650a0a62772",
         "24223f23c3d5b89d6c5d2fa38ec0ba8cfe1428ad",
         "7b0663f0766366ac855979bbd2fb0e37af02b62889e38d038445ddf230267bfb"
         "b519dd2b6a94b1e588a1d5f2372b9fb9856b264efa98df0676ce42646fb722ba"}};
    for (const Expected& expected : EXPECTED)
    {
        const PrfRow& prf = *FindPrf(expected.prf);
        const auto skeyseed = DeriveSkeyseed(context, prf, nonces, secret);
        ASSERT_TRUE(skeyseed.has_value());
        EXPECT_EQ(ToHex(skeyseed->View()), expected.skeyseed);
        const IkeSuite suite{FindEncr(Encr::ENCR_AES_CBC, 256),
                             FindInteg(Integ::AUTH_HMAC_SHA2_256_128),
                             &prf,
                             nullptr};
        const auto keys = DeriveIkeKeys(context, suite, skeyseed->View(), nonces, spis);
        ASSERT_TRUE(keys.has_value());
        EXPECT_EQ(ToHex(keys->pr.View()), expected.pr);
        const EspSuite esp{FindEncr(Encr::ENCR_AES_GCM_16, 128), nullptr, nullptr, false};
        const auto child = DeriveChildKeys(context, prf, esp, keys->d.View(), newSecret, nonces);
        ASSERT_TRUE(child.has_value());
        EXPECT_EQ(ToHex(child->responderEncr.View()), expected.responderEncr);
        const auto rekey = DeriveRekeySkeyseed(context, prf, keys->d.View(), newSecret, nonces);
        ASSERT_TRUE(rekey.has_value());
        EXPECT_EQ(ToHex(rekey->View()), expected.rekey);
    }
}

// RFC 7296 §2.15, made with Python's hmac module from its formulas.
TEST_F(NistKeySchedule, CoversMessageNonceAndIdentityWithAuth)
{
    const PrfRow& prf = *FindPrf(Prf::PRF_HMAC_SHA2_256);
    const Buffer message = Hex("000102030405060708090a0b0c0d0e0f");
    const Buffer skP = Hex("101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f");
    const Buffer idBody = Hex("020000006d6f6f6e"); // ID_FQDN, three reserved octets, "moon"
    const auto octets = SignedOctets(context, prf, message, nr, skP, idBody);
    ASSERT_TRUE(octets.has_value());
    EXPECT_EQ(ToHex(*octets),
              ToHex(message) + ToHex(nr) +
                  "1da026770e647838bd8867c3374151d32fd7ce1f97d9763bf0eb74dcd651d736");
    const Buffer psk = Hex("736563726574"); // "secret"
    const auto auth = SharedKeyAuth(context, prf, psk, *octets);
    ASSERT_TRUE(auth.has_value());
    EXPECT_EQ(ToHex(auth->View()),
              "16fa8dfddaf2b3ecebcf6b565088da5c05b216f2436eb5d8574d2dd9e75be160");
}

} // namespace
} // namespace ikelab::crypto
