// SPDX-License-Identifier: MIT
#include "wire/cp_payload.h"
#include "wire/testing/sturdy.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

using Type = CfgAttributeType;

/// A CFG_REPLY with one attribute.
Buffer
Reply(Type type, Bytes value)
{
    ByteWriter writer;
    WriteCp(writer, {CfgType::CFG_REPLY, {{type, value}}});
    return writer.Release();
}

CfgValue
Value(Type type, const std::string& hex)
{
    const Buffer octets = Hex(hex);
    const auto value = ParseCfgValue({type, octets});
    EXPECT_TRUE(value.has_value()) << ToString(type) << ' ' << hex;
    ExpectSturdy(PayloadType::CP, Reply(type, octets));
    return value.value_or(CfgNoValue{});
}

Fault
Refused(Type type, const std::string& hex)
{
    const Buffer octets = Hex(hex);
    return FaultOf(ParseCfgValue({type, octets}));
}

const IpAddress V4 = *IpAddress::Parse("192.0.2.1");
const IpAddress V6 = *IpAddress::Parse("2001:db8::1");
constexpr const char* V4_HEX = "c0000201";
constexpr const char* V6_HEX = "20010db8000000000000000000000001";

TEST(CpPayload, ReadsTypeAndAttributesAndIgnoresReserved)
{
    const Buffer body = Hex("02 ffffff 8001 0004 c0000201 0003 0000");
    const auto cp = ParseCp(body);
    ASSERT_TRUE(cp.has_value()) << ToString(cp.error());
    EXPECT_EQ(cp->type, CfgType::CFG_REPLY);
    ASSERT_EQ(cp->attributes.size(), 2u);
    EXPECT_EQ(cp->attributes[0].type, Type::INTERNAL_IP4_ADDRESS);
    EXPECT_EQ(ToHex(cp->attributes[0].value), V4_HEX);
    EXPECT_TRUE(cp->attributes[1].value.empty());
    EXPECT_NE(cp->Find(Type::INTERNAL_IP4_DNS), nullptr);
    EXPECT_EQ(cp->Find(Type::INTERNAL_IP6_DNS), nullptr);
    ByteWriter writer;
    WriteCp(writer, *cp);
    EXPECT_EQ(ToHex(writer.View()), "0200000000010004c000020100030000");
    ExpectSturdy(PayloadType::CP, body);
    EXPECT_TRUE(ParseCp(Hex("04000000"))->attributes.empty());
}

TEST(CpPayload, RefusesAttributesPastItsEnd)
{
    EXPECT_EQ(FaultOf(ParseCp(Hex("020000"))), Fault::TRUNCATED);
    EXPECT_EQ(FaultOf(ParseCp(Hex("02000000 0001 00"))), Fault::TRUNCATED);
    EXPECT_EQ(FaultOf(ParseCp(Hex("02000000 0001 0004 c00002"))), Fault::TRUNCATED);
}

TEST(CfgValue, MayAlwaysBeEmpty)
{
    for (uint16_t type = 0; type < 40; ++type)
    {
        const auto value = ParseCfgValue({Type{type}, {}});
        ASSERT_TRUE(value.has_value());
        EXPECT_EQ(*value, CfgValue(CfgNoValue{}));
        ExpectSturdy(PayloadType::CP, Reply(Type{type}, {}));
    }
}

TEST(CfgValue, OfAddresses)
{
    for (const Type type : {Type::INTERNAL_IP4_ADDRESS,
                            Type::INTERNAL_IP4_NETMASK,
                            Type::INTERNAL_IP4_DNS,
                            Type::INTERNAL_IP4_NBNS,
                            Type::INTERNAL_IP4_DHCP,
                            Type::P_CSCF_IP4_ADDRESS})
    {
        EXPECT_EQ(Value(type, V4_HEX), CfgValue(V4));
        EXPECT_EQ(Refused(type, "c00002"), Fault::BAD_VALUE);
        EXPECT_EQ(Refused(type, V6_HEX), Fault::BAD_VALUE);
    }
    for (const Type type :
         {Type::INTERNAL_IP6_DNS, Type::INTERNAL_IP6_DHCP, Type::P_CSCF_IP6_ADDRESS})
    {
        EXPECT_EQ(Value(type, V6_HEX), CfgValue(V6));
        EXPECT_EQ(Refused(type, V4_HEX), Fault::BAD_VALUE);
    }
}

TEST(CfgValue, OfSubnetsAndPrefixes)
{
    EXPECT_EQ(Value(Type::INTERNAL_IP4_SUBNET, V4_HEX + std::string("ffffff00")),
              CfgValue(CfgSubnet4{V4, *IpAddress::Parse("255.255.255.0")}));
    EXPECT_EQ(Refused(Type::INTERNAL_IP4_SUBNET, V4_HEX), Fault::BAD_VALUE);
    for (const Type type :
         {Type::INTERNAL_IP6_ADDRESS, Type::INTERNAL_IP6_SUBNET, Type::INTERNAL_IP6_PREFIX})
    {
        EXPECT_EQ(Value(type, V6_HEX + std::string("40")), CfgValue(CfgPrefix6{V6, 64}));
        EXPECT_EQ(Refused(type, V6_HEX), Fault::BAD_VALUE);
        EXPECT_EQ(Refused(type, V6_HEX + std::string("81")), Fault::BAD_VALUE);
    }
    EXPECT_EQ(Value(Type::MIP6_HOME_PREFIX, "00000e10" + std::string(V6_HEX) + "40"),
              CfgValue(CfgHomePrefix{3600, {V6, 64}}));
    EXPECT_EQ(Refused(Type::MIP6_HOME_PREFIX, "00000e10" + std::string(V6_HEX)), Fault::BAD_VALUE);
}

TEST(CfgValue, OfTexts)
{
    EXPECT_EQ(Value(Type::APPLICATION_VERSION, "696b656c6162"), CfgValue(CfgText{"ikelab"}));
    EXPECT_EQ(Refused(Type::APPLICATION_VERSION, "696b6500"), Fault::BAD_VALUE);
    EXPECT_EQ(Value(Type::INTERNAL_DNS_DOMAIN, "612e6578616d706c65"),
              CfgValue(CfgText{"a.example"}));
    EXPECT_EQ(Refused(Type::INTERNAL_DNS_DOMAIN, "612e6500"), Fault::BAD_VALUE);
}

TEST(CfgValue, OfSupportedAttributes)
{
    EXPECT_EQ(Value(Type::SUPPORTED_ATTRIBUTES, "00010003"),
              CfgValue(CfgAttributeList{{Type::INTERNAL_IP4_ADDRESS, Type::INTERNAL_IP4_DNS}}));
    EXPECT_EQ(Refused(Type::SUPPORTED_ATTRIBUTES, "000100"), Fault::BAD_VALUE);
}

TEST(CfgValue, OfVirtualLinks)
{
    EXPECT_EQ(Value(Type::INTERNAL_IP6_LINK, "0102030405060708aabb"),
              CfgValue(CfgLink6{0x0102030405060708, Hex("aabb")}));
    EXPECT_EQ(Refused(Type::INTERNAL_IP6_LINK, "01020304050607"), Fault::BAD_VALUE);
}

TEST(CfgValue, OfThirdGenerationPartners)
{
    EXPECT_EQ(Value(Type::HOME_AGENT_ADDRESS, V6_HEX), CfgValue(CfgHomeAgent{V6, {}}));
    EXPECT_EQ(Value(Type::HOME_AGENT_ADDRESS, V6_HEX + std::string(V4_HEX)),
              CfgValue(CfgHomeAgent{V6, V4}));
    EXPECT_EQ(Refused(Type::HOME_AGENT_ADDRESS, V4_HEX), Fault::BAD_VALUE);
    EXPECT_EQ(Value(Type::FTT_KAT, "001e"), CfgValue(CfgTime{30, true}));
    EXPECT_EQ(Refused(Type::FTT_KAT, "0000001e"), Fault::BAD_VALUE);
    EXPECT_EQ(Value(Type::TIMEOUT_PERIOD_FOR_LIVENESS_CHECK, "0000001e"),
              CfgValue(CfgTime{30, false}));
    EXPECT_EQ(Refused(Type::TIMEOUT_PERIOD_FOR_LIVENESS_CHECK, "001e"), Fault::BAD_VALUE);
    EXPECT_EQ(Value(Type::EXTERNAL_SOURCE_IP4_NAT_INFO, V4_HEX + std::string("1194")),
              CfgValue(SocketAddress{V4, 4500}));
    EXPECT_EQ(Refused(Type::EXTERNAL_SOURCE_IP4_NAT_INFO, V4_HEX), Fault::BAD_VALUE);
}

TEST(CfgValue, OfTrustAnchors)
{
    EXPECT_EQ(Value(Type::INTERNAL_DNSSEC_TA, "a8d1 08 02 6162"),
              CfgValue(CfgTrustAnchor{43217, 8, 2, Hex("6162")}));
    EXPECT_EQ(Refused(Type::INTERNAL_DNSSEC_TA, "a8d10802"), Fault::BAD_VALUE);
}

TEST(CfgValue, OfEncryptedDns)
{
    const std::string name = "646f74"; // "dot"
    EXPECT_EQ(Value(Type::ENCDNS_IP4, "0001 01 03" + std::string(V4_HEX) + name + "0001"),
              CfgValue(CfgEncryptedDns{1, {V4}, "dot", Hex("0001")}));
    EXPECT_EQ(Value(Type::ENCDNS_IP6, "0002 02 00" + std::string(V6_HEX) + V6_HEX),
              CfgValue(CfgEncryptedDns{2, {V6, V6}, "", {}}));
    EXPECT_EQ(Value(Type::ENCDNS_IP4, "0001 00 00"), CfgValue(CfgEncryptedDns{1, {}, "", {}}));
    EXPECT_EQ(Refused(Type::ENCDNS_IP4, "0000 00 00"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(Type::ENCDNS_IP4, "0001 02 00" + std::string(V4_HEX)), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(Type::ENCDNS_IP4, "0001 00 03 646f"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(Type::ENCDNS_IP4, "0001 00 03 646f00"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(Type::ENCDNS_IP4, "000100"), Fault::BAD_VALUE);
}

TEST(CfgValue, OfDigestInfo)
{
    EXPECT_EQ(Value(Type::ENCDNS_DIGEST_INFO, "02 00 0002 0003"),
              CfgValue(CfgDigestInfo{"", {HashAlgorithm::SHA2_256, HashAlgorithm::SHA2_384}, {}}));
    EXPECT_EQ(Value(Type::ENCDNS_DIGEST_INFO, "01 03 646f74 0002 aabb"),
              CfgValue(CfgDigestInfo{"dot", {HashAlgorithm::SHA2_256}, Hex("aabb")}));
    EXPECT_EQ(Refused(Type::ENCDNS_DIGEST_INFO, "02 00 0002 0003 aa"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(Type::ENCDNS_DIGEST_INFO, "02 00 0002 00"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(Type::ENCDNS_DIGEST_INFO, "01 01 0a 0002"), Fault::BAD_VALUE);
}

TEST(CfgValue, OfUnknownAttributesStaysOctets)
{
    EXPECT_EQ(Value(Type{16384}, "aabb"), CfgValue(CfgOctets{Hex("aabb")}));
}

} // namespace
} // namespace ikelab::wire
