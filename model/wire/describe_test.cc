// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "wire/message.h"
#include "wire/message_builder.h"
#include "wire/payload_fields.h"
#include "wire/sample_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

/// The message that `fill` builds, as text.
template <typename Fill>
std::string
TextOf(Fill fill)
{
    MessageBuilder builder(Header{});
    fill(builder);
    const Buffer octets = builder.Finish();
    const auto message = ParseMessage(octets);
    EXPECT_TRUE(message.has_value()) << ToHex(octets);
    return message ? ToText(message->chain) : "";
}

template <typename Fill>
std::string
JsonOf(Fill fill)
{
    MessageBuilder builder(Header{});
    fill(builder);
    const Buffer octets = builder.Finish();
    const auto message = ParseMessage(octets);
    EXPECT_TRUE(message.has_value()) << ToHex(octets);
    return message ? ToJson(message->chain) : "";
}

TEST(ToText, NamesEveryFieldForPeople)
{
    const Buffer octets = EveryPayload();
    const std::string text = ToText(*ParseMessage(octets));
    EXPECT_THAT(text,
                AllOf(HasSubstr("IKE 2.0 CREATE_CHILD_SA request 2 from the initiator of the IKE "
                                "SA, "),
                      HasSubstr("\n  SPIs 0102030405060708 1112131415161718\n"),
                      HasSubstr("  IDi: id type ID_FQDN, identity moon.strongswan.example, data "),
                      HasSubstr("  IDr: id type ID_IPV4_ADDR, identity 192.0.2.1, data c0000201\n"),
                      HasSubstr("    proposal: number 1, protocol ESP, spi a0a1a2a3\n"),
                      HasSubstr("      transform: type ENCR, id ENCR_AES_GCM_16, key length 256\n"),
                      HasSubstr("    selector: type TS_IPV4_ADDR_RANGE, addresses 10.1.0.0/16, "
                                "protocol 17, ports 4000-4001, ")));
    EXPECT_THAT(text,
                AllOf(HasSubstr("  D: protocol ESP\n    spis: c0ffee01, c0ffee02\n"),
                      HasSubstr("  D: protocol IKE\n    spis: none\n"),
                      HasSubstr("  N: notify type REKEY_SA, protocol ESP, spi a0a1a2a3\n"),
                      HasSubstr("  V: data 696b656c6162, text ikelab\n"),
                      HasSubstr("  201 (critical): data 0102030405\n"),
                      Not(HasSubstr("CERT (critical)"))));
    EXPECT_EQ(Describe(*ParseMessage(octets)), text);
}

TEST(ToText, ReadsPayloadsThatTheChainKeepsAsOctets)
{
    const Buffer address = Hex("c0000201");
    const Buffer hash(20, 0xab);
    EXPECT_EQ(TextOf(
                  [&address](MessageBuilder& builder)
                  {
                      builder.Cp({CfgType::CFG_REPLY,
                                  {{CfgAttributeType::INTERNAL_IP4_ADDRESS, address},
                                   {CfgAttributeType::INTERNAL_IP6_DNS, {}},
                                   {CfgAttributeType::INTERNAL_IP4_SUBNET, address}}});
                  }),
              "  CP: cfg type CFG_REPLY\n"
              "    attribute: type INTERNAL_IP4_ADDRESS, address 192.0.2.1\n"
              "    attribute: type INTERNAL_IP6_DNS\n"
              "    attribute: type INTERNAL_IP4_SUBNET, malformed BAD_VALUE: CP value length, "
              "octets c0000201\n");
    EXPECT_EQ(TextOf(
                  [](MessageBuilder& builder) {
                      builder.Eap({EapCode::RESPONSE, 7, EapType::LEGACY_NAK, Hex("0d1a")});
                  }),
              "  EAP: code Response, identifier 7, method Legacy Nak\n"
              "    wanted: EAP-TLS, MS-EAP-Authentication\n");
    EXPECT_EQ(TextOf(
                  [&hash](MessageBuilder& builder) {
                      builder.CertReq({CertEncoding::X509_CERTIFICATE_SIGNATURE, hash});
                  }),
              "  CERTREQ: encoding X.509 Certificate - Signature\n    hashes: " + ToHex(hash) +
                  "\n");
}

TEST(ToText, ReadsNotificationData)
{
    const auto text = [](NotifyType type, const NotifyData& data)
    {
        return TextOf([&](MessageBuilder& builder) { builder.NotifyWith(type, data); });
    };
    EXPECT_EQ(text(NotifyType::INVALID_KE_PAYLOAD, NotifiedKeMethod{KeMethod::ECP_384}),
              "  N: notify type INVALID_KE_PAYLOAD, wanted 384-bit random ECP group\n");
    EXPECT_EQ(text(NotifyType::SIGNATURE_HASH_ALGORITHMS,
                   NotifiedHashAlgorithms{{HashAlgorithm::SHA2_256, HashAlgorithm{4711}}}),
              "  N: notify type SIGNATURE_HASH_ALGORITHMS\n    algorithms: SHA2-256, 4711\n");
    EXPECT_EQ(text(NotifyType::COOKIE, NotifyOctets{Hex("aabb")}),
              "  N: notify type COOKIE, data aabb\n");
    EXPECT_EQ(text(NotifyType::AUTH_LIFETIME, NotifyOctets{Hex("aabb")}),
              "  N: notify type AUTH_LIFETIME, malformed BAD_VALUE: N data length, octets aabb\n");
}

TEST(ToText, CutsLongOctetStrings)
{
    const std::string text =
        TextOf([](MessageBuilder& builder) { builder.Nonce(Buffer(256, 0xab)); });
    EXPECT_THAT(text, EndsWith("abab... (256 octets)\n"));
    EXPECT_EQ(text.size(), std::string("  No: data ").size() + 64 + 17);
}

TEST(ToJson, IsCompleteAndTheSameEachTime)
{
    EXPECT_EQ(JsonOf([](MessageBuilder& builder) { builder.Nonce(Buffer(40, 0xab)); }),
              "[{\"type\":{\"number\":40,\"name\":\"No\"},\"critical\":false,\"body_octets\":40,"
              "\"data\":\"" +
                  ToHex(Buffer(40, 0xab)) + "\"}]");
    const Buffer octets = EveryPayload();
    const std::string json = ToJson(*ParseMessage(octets));
    EXPECT_EQ(json, ToJson(*ParseMessage(octets)));
    EXPECT_THAT(json,
                AllOf(HasSubstr("{\"initiator_spi\":\"0102030405060708\","),
                      HasSubstr("\"exchange\":{\"number\":36,\"name\":\"CREATE_CHILD_SA\"}"),
                      HasSubstr("\"message_id\":2,"),
                      HasSubstr("\"spis\":[\"c0ffee01\",\"c0ffee02\"]"),
                      HasSubstr("\"spis\":[]"),
                      HasSubstr("{\"type\":{\"number\":201},\"critical\":true,"),
                      EndsWith("}]}")));
}

TEST(ToJson, EscapesText)
{
    const FieldGroup group{{{"text", std::string("a\"b\\c\n")}, {"empty", FieldGroup{}}}};
    EXPECT_EQ(ToJson(group), "{\"text\":\"a\\\"b\\\\c\\u000a\",\"empty\":{}}");
}

TEST(ToJson, OfAnEncryptedFragmentSaysWhichItIs)
{
    EXPECT_THAT(JsonOf(
                    [](MessageBuilder& builder) {
                        builder.Skf({{PayloadType::IDI, 1, 3}, Hex("aabb"), 0});
                    }),
                HasSubstr("\"inner\":{\"number\":35,\"name\":\"IDi\"},\"fragment\":1,\"total\":3,"
                          "\"protected\":\"aabb\""));
}

} // namespace
} // namespace ikelab::wire
