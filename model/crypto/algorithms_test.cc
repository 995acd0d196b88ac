// SPDX-License-Identifier: MIT
#include "crypto/algorithms.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ikelab::crypto
{
namespace
{

using wire::Encr;
using wire::Integ;
using wire::KeMethod;
using wire::Prf;

TEST(Algorithms, AreFoundByIdAndKeyLength)
{
    for (const EncrRow& row : EncrRows())
    {
        EXPECT_EQ(FindEncr(row.id, row.keyLengthAttribute ? row.keyBits : 0), &row) << row.keyword;
    }
    for (const PrfRow& row : PrfRows())
    {
        EXPECT_EQ(FindPrf(row.id), &row);
    }
    for (const IntegRow& row : IntegRows())
    {
        EXPECT_EQ(FindInteg(row.id), &row);
    }
    for (const KeRow& row : KeRows())
    {
        EXPECT_EQ(FindKe(row.id), &row);
    }
}

// RFC 7296 §3.3.5: AES must say its key length; RFC 7634 §4: ChaCha20 must not.
TEST(Algorithms, RefuseAMissingOrSuperfluousKeyLength)
{
    EXPECT_EQ(FindEncr(Encr::ENCR_AES_CBC, 0), nullptr);
    EXPECT_EQ(FindEncr(Encr::ENCR_AES_GCM_16, 0), nullptr);
    EXPECT_EQ(FindEncr(Encr::ENCR_AES_GCM_16, 512), nullptr);
    EXPECT_EQ(FindEncr(Encr::ENCR_CHACHA20_POLY1305, 256), nullptr);
    EXPECT_EQ(FindEncr(Encr::ENCR_3DES, 192), nullptr);
    EXPECT_EQ(FindEncr(Encr::ENCR_AES_CTR, 0), nullptr);
    EXPECT_EQ(FindEncr(Encr::ENCR_NULL_AUTH_AES_GMAC, 0), nullptr);
    EXPECT_EQ(FindPrf(Prf::PRF_HMAC_MD5), nullptr);
    EXPECT_EQ(FindInteg(Integ::NONE), nullptr);
    EXPECT_EQ(FindKe(KeMethod::MODP_768), nullptr);
}

TEST(Algorithms, HaveKeywordsOfTheirOwn)
{
    std::set<std::string> keywords;
    for (const EncrRow& row : EncrRows())
    {
        EXPECT_TRUE(keywords.insert(row.keyword).second) << row.keyword;
    }
    for (const PrfRow& row : PrfRows())
    {
        EXPECT_TRUE(keywords.insert(row.keyword).second) << row.keyword;
    }
    for (const IntegRow& row : IntegRows())
    {
        EXPECT_TRUE(keywords.insert(row.keyword).second) << row.keyword;
    }
    for (const KeRow& row : KeRows())
    {
        EXPECT_TRUE(keywords.insert(row.keyword).second) << row.keyword;
    }
}

// A new row must not change what a user without a proposal offers: these, in this order.
TEST(Algorithms, OfferTheSameDefaultsInTheSameOrder)
{
    const auto defaults = [](const auto& rows)
    {
        std::string words;
        for (const auto& row : rows)
        {
            words += row.use == Use::DEFAULT ? std::string(row.keyword) + " " : "";
        }
        return words;
    };
    EXPECT_EQ(defaults(EncrRows()),
              "aes128gcm16 aes192gcm16 aes256gcm16 chacha20poly1305 aes128 aes192 aes256 ");
    EXPECT_EQ(defaults(IntegRows()), "sha256 sha384 sha512 ");
    EXPECT_EQ(defaults(PrfRows()), "prfsha256 prfsha384 prfsha512 ");
    EXPECT_EQ(defaults(KeRows()), "x25519 ecp256 ecp384 ecp521 modp2048 modp3072 modp4096 ");
}

TEST(Algorithms, KeepWhatIsBrokenOutOfTheDefaults)
{
    for (const KeMethod id : {KeMethod::MODP_1024, KeMethod::MODP_1536, KeMethod::BRAINPOOL_224})
    {
        EXPECT_EQ(FindKe(id)->use, Use::NAMED);
    }
    EXPECT_EQ(FindEncr(Encr::ENCR_3DES, 0)->use, Use::NAMED);
    EXPECT_EQ(FindInteg(Integ::AUTH_HMAC_SHA1_96)->use, Use::NAMED);
    EXPECT_EQ(FindInteg(Integ::AUTH_HMAC_SHA1_160)->use, Use::CAPTURE);
}

// RFC 7296 §5, RFC 4543 §1: an IKE SA is encrypted; RFC 8750 §8: and its IVs are sent.
TEST(Algorithms, SayWhichCiphersAreForEspAlone)
{
    for (const EncrRow& row : EncrRows())
    {
        const bool implicit = row.id == Encr::ENCR_AES_GCM_16_IIV ||
                              row.id == Encr::ENCR_AES_CCM_8_IIV ||
                              row.id == Encr::ENCR_CHACHA20_POLY1305_IIV;
        EXPECT_EQ(row.ImplicitIv(), implicit) << row.keyword;
        EXPECT_EQ(row.ForIke(), row.encrypts && !implicit) << row.keyword;
    }
}

// RFC 2410, RFC 4543 §1.
TEST(Algorithms, SayWhichCiphersEncryptNothing)
{
    for (const EncrRow& row : EncrRows())
    {
        EXPECT_EQ(row.encrypts,
                  row.id != Encr::ENCR_NULL && row.id != Encr::ENCR_NULL_AUTH_AES_GMAC)
            << row.keyword;
    }
}

// Key material: RFC 4106 §8.1 (salt of 4), RFC 7634 §2 (36 octets), RFC 4868 §2.3 (key = output).
TEST(Algorithms, SizeTheirKeysAsTheirRfcsSay)
{
    EXPECT_EQ(FindEncr(Encr::ENCR_AES_GCM_16, 128)->MaterialOctets(), 20u);
    EXPECT_EQ(FindEncr(Encr::ENCR_AES_GCM_16, 256)->MaterialOctets(), 36u);
    EXPECT_EQ(FindEncr(Encr::ENCR_CHACHA20_POLY1305, 0)->MaterialOctets(), 36u);
    EXPECT_EQ(FindEncr(Encr::ENCR_AES_CBC, 192)->MaterialOctets(), 24u);
    EXPECT_EQ(FindEncr(Encr::ENCR_NULL, 0)->MaterialOctets(), 0u);
    // RFC 3686 §5.1 (nonce of 4), RFC 4309 §7.1 (salt of 3), RFC 4543 §5.4 (salt of 4), RFC 2451.
    EXPECT_EQ(FindEncr(Encr::ENCR_AES_CTR, 256)->MaterialOctets(), 36u);
    EXPECT_EQ(FindEncr(Encr::ENCR_AES_CCM_8, 192)->MaterialOctets(), 27u);
    EXPECT_EQ(FindEncr(Encr::ENCR_NULL_AUTH_AES_GMAC, 128)->MaterialOctets(), 20u);
    EXPECT_EQ(FindEncr(Encr::ENCR_3DES, 0)->MaterialOctets(), 24u);
    EXPECT_EQ(FindInteg(Integ::AUTH_HMAC_SHA2_384_192)->keyOctets, 48);
    EXPECT_EQ(FindInteg(Integ::AUTH_HMAC_SHA2_384_192)->icvOctets, 24);
}

TEST(Suites, PrintAsCharonDoes)
{
    const IkeSuite gcm{FindEncr(Encr::ENCR_AES_GCM_16, 128),
                       nullptr,
                       FindPrf(Prf::PRF_HMAC_SHA2_256),
                       FindKe(KeMethod::CURVE25519)};
    EXPECT_EQ(gcm.ToString(), "AES_GCM_16_128/PRF_HMAC_SHA2_256/CURVE_25519");
    const IkeSuite cbc{FindEncr(Encr::ENCR_AES_CBC, 256),
                       FindInteg(Integ::AUTH_HMAC_SHA2_256_128),
                       FindPrf(Prf::PRF_HMAC_SHA2_256),
                       FindKe(KeMethod::MODP_2048)};
    EXPECT_EQ(cbc.ToString(), "AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048");
    EspSuite esp{FindEncr(Encr::ENCR_AES_GCM_16, 128), nullptr, nullptr, false};
    EXPECT_EQ(esp.ToString(), "AES_GCM_16_128/NO_EXT_SEQ");
    esp.ke = FindKe(KeMethod::ECP_384);
    esp.esn = true;
    EXPECT_EQ(esp.ToString(), "AES_GCM_16_128/ECP_384/EXT_SEQ");
    EXPECT_NE(gcm, cbc);
}

} // namespace
} // namespace ikelab::crypto
