// SPDX-License-Identifier: MIT
#include "wire/eap_payload.h"
#include "wire/testing/sturdy.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

TEST(EapPayload, ReadsARequestWithItsType)
{
    const Buffer body = Hex("01 07 0009 1a 01020304");
    const auto eap = ParseEap(body);
    ASSERT_TRUE(eap.has_value()) << ToString(eap.error());
    EXPECT_EQ(eap->code, EapCode::REQUEST);
    EXPECT_EQ(eap->identifier, 7);
    EXPECT_EQ(eap->type, EapType{26});
    EXPECT_EQ(ToHex(eap->data), "01020304");
    ExpectSturdy(PayloadType::EAP, body);
}

TEST(EapPayload, OfSuccessAndFailureHasNothingBehindTheLength)
{
    for (const char* code : {"03", "04", "09", "ff"})
    {
        const Buffer body = Hex(code + std::string("070004"));
        const auto eap = ParseEap(body);
        ASSERT_TRUE(eap.has_value()) << code;
        EXPECT_FALSE(eap->type.has_value());
        ExpectSturdy(PayloadType::EAP, body);
        EXPECT_EQ(FaultOf(ParseEap(Hex(code + std::string("07000501")))), Fault::BAD_VALUE);
    }
}

TEST(EapPayload, FillsThePayload)
{
    EXPECT_EQ(FaultOf(ParseEap(Hex("01 07 000a 1a 01020304"))), Fault::TRUNCATED);
    EXPECT_EQ(FaultOf(ParseEap(Hex("01 07 0008 1a 01020304"))), Fault::OVERLONG);
    EXPECT_EQ(FaultOf(ParseEap(Hex("01 07 0004"))), Fault::TRUNCATED);
    EXPECT_EQ(FaultOf(ParseEap(Hex("01 07 00"))), Fault::TRUNCATED);
}

TEST(EapPayload, KeepsWhatReauthenticationSends)
{
    const Buffer body = Hex("05 07 0006 0180");
    const auto eap = ParseEap(body);
    ASSERT_TRUE(eap.has_value());
    EXPECT_FALSE(eap->type.has_value());
    EXPECT_EQ(ToHex(eap->data), "0180");
    ExpectSturdy(PayloadType::EAP, body);
}

TEST(EapPayload, SplitsAnExpandedType)
{
    const Buffer body = Hex("02 07 000d fe 000137 00000001 aa");
    const auto eap = ParseEap(body);
    ASSERT_TRUE(eap.has_value());
    ASSERT_EQ(eap->type, EapType::EXPANDED_TYPE);
    const auto expanded = ParseEapExpandedType(eap->data);
    ASSERT_TRUE(expanded.has_value());
    EXPECT_EQ(expanded->vendorId, 311u);
    EXPECT_EQ(expanded->vendorType, 1u);
    EXPECT_EQ(ToHex(expanded->data), "aa");
    ExpectSturdy(PayloadType::EAP, body);
    EXPECT_EQ(FaultOf(ParseEapExpandedType(Hex("000137000000"))), Fault::TRUNCATED);
}

} // namespace
} // namespace ikelab::wire
