// SPDX-License-Identifier: MIT
#include "wire/iana.h"

#include <gtest/gtest.h>

#include <set>

namespace ikelab::wire
{
namespace
{

TEST(Iana, PrintsTheRegistrysNames)
{
    EXPECT_EQ(ToString(ExchangeType::CREATE_CHILD_SA), "CREATE_CHILD_SA");
    EXPECT_EQ(ToString(PayloadType::IDI), "IDi");
    EXPECT_EQ(ToString(PayloadType::SKF), "SKF");
    EXPECT_EQ(ToString(ProtocolId::ESP), "ESP");
    EXPECT_EQ(ToString(TransformType::ADDKE7), "ADDKE7");
    EXPECT_EQ(ToString(Encr::ENCR_CHACHA20_POLY1305), "ENCR_CHACHA20_POLY1305");
    EXPECT_EQ(ToString(Prf::PRF_HMAC_SHA2_384), "PRF_HMAC_SHA2_384");
    EXPECT_EQ(ToString(Integ::AUTH_HMAC_SHA2_512_256), "AUTH_HMAC_SHA2_512_256");
    EXPECT_EQ(ToString(KeMethod::MODP_2048), "2048-bit MODP Group");
    EXPECT_EQ(ToString(KeMethod::ML_KEM_768), "ml-kem-768");
    EXPECT_EQ(ToString(Esn::NO_ESN), "32-bit Sequential Numbers");
    EXPECT_EQ(ToString(NotifyType::INVALID_KE_PAYLOAD), "INVALID_KE_PAYLOAD");
    EXPECT_EQ(ToString(IdType::ID_DER_ASN1_DN), "ID_DER_ASN1_DN");
    EXPECT_EQ(ToString(AuthMethod::DIGITAL_SIGNATURE), "Digital Signature");
    EXPECT_EQ(ToString(TsType::TS_IPV6_ADDR_RANGE), "TS_IPV6_ADDR_RANGE");
}

TEST(Iana, PrintsUnknownValuesAsNumbers)
{
    EXPECT_EQ(ToString(ExchangeType{240}), "240");
    EXPECT_EQ(ToString(PayloadType{32}), "32");
    EXPECT_EQ(ToString(Encr{1024}), "1024");
    EXPECT_EQ(ToString(NotifyType{40960}), "40960");
    EXPECT_EQ(ShortName(NotifyType{65535}), "65535");
    EXPECT_EQ(ShortName(PayloadType{255}), "255");
}

TEST(Iana, ShortNamesAreThoseOfCharonsLog)
{
    EXPECT_EQ(ShortName(PayloadType::NONCE), "No");
    EXPECT_EQ(ShortName(PayloadType::VENDOR_ID), "V");
    EXPECT_EQ(ShortName(PayloadType::SKF), "EF");
    EXPECT_EQ(ShortName(NotifyType::NAT_DETECTION_SOURCE_IP), "NATD_S_IP");
    EXPECT_EQ(ShortName(NotifyType::NAT_DETECTION_DESTINATION_IP), "NATD_D_IP");
    EXPECT_EQ(ShortName(NotifyType::IKEV2_FRAGMENTATION_SUPPORTED), "FRAG_SUP");
    EXPECT_EQ(ShortName(NotifyType::SIGNATURE_HASH_ALGORITHMS), "HASH_ALG");
    EXPECT_EQ(ShortName(NotifyType::REDIRECT_SUPPORTED), "REDIR_SUP");
    EXPECT_EQ(ShortName(NotifyType::CHILDLESS_IKEV2_SUPPORTED), "CHDLESS_SUP");
    EXPECT_EQ(ShortName(NotifyType::MULTIPLE_AUTH_SUPPORTED), "MULT_AUTH");
    EXPECT_EQ(ShortName(NotifyType::NO_PROPOSAL_CHOSEN), "NO_PROP");
    EXPECT_EQ(ShortName(NotifyType::CHILD_SA_NOT_FOUND), "NO_CHILD_SA");
    EXPECT_EQ(ShortName(NotifyType::TS_UNACCEPTABLE), "TS_UNACCEPT");
}

TEST(Iana, GivesEveryNotifyTypeItsOwnTwoNames)
{
    std::set<std::string> names;
    std::set<std::string> shortNames;
    for (unsigned value = 0; value <= 0xffff; ++value)
    {
        names.insert(ToString(NotifyType{static_cast<uint16_t>(value)}));
        shortNames.insert(ShortName(NotifyType{static_cast<uint16_t>(value)}));
    }
    EXPECT_EQ(names.size(), 65536u);
    EXPECT_EQ(shortNames.size(), 65536u);
}

} // namespace
} // namespace ikelab::wire
