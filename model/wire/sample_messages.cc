// SPDX-License-Identifier: MIT
#include "wire/sample_messages.h"

#include "wire/message_builder.h"

#include <initializer_list>
#include <numeric>
#include <string_view>

namespace ikelab::wire
{

namespace
{

Buffer
Counting(size_t octets, uint8_t first)
{
    Buffer buffer(octets);
    std::iota(buffer.begin(), buffer.end(), first);
    return buffer;
}

Bytes
Text(std::string_view text)
{
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Header
InitHeader()
{
    Header header;
    header.initiatorSpi = IkeSpi{0x0102030405060708};
    header.exchange = ExchangeType::IKE_SA_INIT;
    header.flags = FLAG_INITIATOR;
    return header;
}

template <typename Id>
void
AddTransforms(Proposal& proposal, TransformType type, std::initializer_list<Id> ids)
{
    for (const Id id : ids)
    {
        proposal.transforms.push_back({type, static_cast<uint16_t>(id), std::nullopt, {}});
    }
}

void
AddCiphers(Proposal& proposal, std::initializer_list<Encr> ids)
{
    for (const Encr id : ids)
    {
        for (const uint16_t bits : {uint16_t{128}, uint16_t{192}, uint16_t{256}})
        {
            proposal.transforms.push_back(
                {TransformType::ENCR, static_cast<uint16_t>(id), bits, {}});
        }
    }
}

void
AddInitNotifies(MessageBuilder& builder)
{
    const uint8_t hashes[] = {0, 2, 0, 3, 0, 4, 0, 5};
    builder.Notify(NotifyType::NAT_DETECTION_SOURCE_IP, Counting(20, 0x40));
    builder.Notify(NotifyType::NAT_DETECTION_DESTINATION_IP, Counting(20, 0x60));
    builder.Notify(NotifyType::IKEV2_FRAGMENTATION_SUPPORTED);
    builder.Notify(NotifyType::SIGNATURE_HASH_ALGORITHMS, hashes);
    builder.Notify(NotifyType::REDIRECT_SUPPORTED);
}

TsPayload
Selectors(const char* range)
{
    TrafficSelector selector;
    selector.addresses = *IpRange::Parse(range);
    if (selector.addresses.first.IsV6())
    {
        selector.type = TsType::TS_IPV6_ADDR_RANGE;
    }
    TrafficSelector narrow = selector;
    narrow.protocol = 17;
    narrow.startPort = 4000;
    narrow.endPort = 4001;
    return {{narrow, selector}};
}

SaPayload
EspOffer(Bytes spi)
{
    Proposal proposal{1, ProtocolId::ESP, spi, {}};
    AddCiphers(proposal, {Encr::ENCR_AES_GCM_16});
    AddTransforms(proposal, TransformType::ESN, {Esn::ESN, Esn::NO_ESN});
    return {{proposal}};
}

} // namespace

Buffer
SmallSaInit()
{
    Proposal proposal;
    proposal.transforms.push_back(
        {TransformType::ENCR, static_cast<uint16_t>(Encr::ENCR_AES_GCM_16), uint16_t{256}, {}});
    AddTransforms(proposal, TransformType::PRF, {Prf::PRF_HMAC_SHA2_256});
    AddTransforms(proposal, TransformType::KE, {KeMethod::CURVE25519});
    MessageBuilder builder(InitHeader());
    builder.Sa({{proposal}});
    builder.Ke({KeMethod::CURVE25519, Counting(32, 1)});
    builder.Nonce(Counting(32, 0x80));
    AddInitNotifies(builder);
    return builder.Finish();
}

Buffer
LargeSaInit()
{
    Proposal classic;
    AddCiphers(classic, {Encr::ENCR_AES_CBC, Encr::ENCR_AES_CTR, Encr{23}});
    AddTransforms(classic,
                  TransformType::INTEG,
                  {Integ::AUTH_HMAC_SHA2_256_128,
                   Integ::AUTH_HMAC_SHA2_384_192,
                   Integ::AUTH_HMAC_SHA2_512_256,
                   Integ::AUTH_HMAC_SHA1_96,
                   Integ::AUTH_AES_XCBC_96,
                   Integ::AUTH_AES_CMAC_96});
    Proposal combined;
    combined.number = 2;
    AddCiphers(combined, {Encr::ENCR_AES_GCM_16, Encr::ENCR_AES_CCM_16});
    AddTransforms(combined, TransformType::ENCR, {Encr::ENCR_CHACHA20_POLY1305});
    for (Proposal* proposal : {&classic, &combined})
    {
        AddTransforms(*proposal,
                      TransformType::PRF,
                      {Prf::PRF_HMAC_SHA2_256,
                       Prf::PRF_HMAC_SHA2_384,
                       Prf::PRF_HMAC_SHA2_512,
                       Prf::PRF_AES128_XCBC,
                       Prf::PRF_AES128_CMAC,
                       Prf::PRF_HMAC_SHA1});
        AddTransforms(*proposal,
                      TransformType::KE,
                      {KeMethod::MODP_2048,
                       KeMethod::MODP_3072,
                       KeMethod::MODP_4096,
                       KeMethod::ECP_256,
                       KeMethod::ECP_384,
                       KeMethod::ECP_521,
                       KeMethod::BRAINPOOL_256,
                       KeMethod::BRAINPOOL_384,
                       KeMethod::CURVE25519,
                       KeMethod::CURVE448});
    }
    AddTransforms(combined, TransformType::KE, {KeMethod::MODP_8192});
    MessageBuilder builder(InitHeader());
    builder.Sa({{classic, combined}});
    builder.Ke({KeMethod::MODP_2048, Counting(256, 1)});
    builder.Nonce(Counting(32, 0x80));
    AddInitNotifies(builder);
    return builder.Finish();
}

Buffer
EveryPayload()
{
    const Buffer spi = Counting(4, 0xa0);
    const uint8_t address[] = {192, 0, 2, 1};
    Header header = InitHeader();
    header.responderSpi = IkeSpi{0x1112131415161718};
    header.exchange = ExchangeType::CREATE_CHILD_SA;
    header.messageId = MessageId{2};
    MessageBuilder builder(header);
    builder.Id(PayloadType::IDI, {IdType::ID_FQDN, Text("moon.strongswan.example")});
    builder.Raw(PayloadType::CERT, false, Counting(9, 4));
    builder.Raw(PayloadType::CERTREQ, false, Counting(21, 4));
    builder.Id(PayloadType::IDR, {IdType::ID_IPV4_ADDR, address});
    builder.Auth({AuthMethod::DIGITAL_SIGNATURE, Counting(64, 0)});
    builder.Sa(EspOffer(spi));
    builder.Ke({KeMethod::CURVE25519, Counting(32, 1)});
    builder.Nonce(Counting(16, 7));
    builder.Ts(PayloadType::TSI, Selectors("10.1.0.0/16"));
    builder.Ts(PayloadType::TSR, Selectors("2001:db8::/32"));
    builder.Notify({ProtocolId::ESP, spi, NotifyType::REKEY_SA, {}});
    builder.Notify(NotifyType::TEMPORARY_FAILURE);
    builder.Delete({ProtocolId::ESP, {EspSpi{0xc0ffee01}, EspSpi{0xc0ffee02}}});
    builder.Delete({ProtocolId::IKE, {}});
    builder.VendorId(Text("ikelab"));
    builder.Raw(PayloadType::CP, false, Counting(8, 1));
    builder.Raw(PayloadType::EAP, false, Counting(4, 1));
    builder.Raw(PayloadType{201}, true, Counting(5, 1));
    return builder.Finish();
}

Buffer
TypedPayloads()
{
    const uint8_t address[] = {192, 0, 2, 1};
    Header header = InitHeader();
    header.responderSpi = IkeSpi{0x1112131415161718};
    header.exchange = ExchangeType::IKE_AUTH;
    header.messageId = MessageId{1};
    header.flags = FLAG_INITIATOR | FLAG_RESPONSE;
    MessageBuilder builder(header);
    // CN=moon
    const uint8_t name[] = {0x30,
                            0x0f,
                            0x31,
                            0x0d,
                            0x30,
                            0x0b,
                            0x06,
                            0x03,
                            0x55,
                            0x04,
                            0x03,
                            0x0c,
                            0x04,
                            'm',
                            'o',
                            'o',
                            'n'};
    builder.Id(PayloadType::IDR, {IdType::ID_DER_ASN1_DN, name});
    builder.Cert({CertEncoding::X509_CERTIFICATE_SIGNATURE, Counting(48, 1)});
    ByteWriter hashAndUrl;
    WriteHashAndUrl(hashAndUrl, {Counting(CERT_HASH_OCTETS, 3), "http://pki.example/moon"});
    builder.Cert({CertEncoding::HASH_AND_URL_OF_X509_CERTIFICATE, hashAndUrl.View()});
    builder.CertReq({CertEncoding::X509_CERTIFICATE_SIGNATURE, Counting(40, 9)});
    const Buffer subnet =
        CfgValueOctets(CfgSubnet4{IpAddress::V4(0x0a010000), IpAddress::V4(0xffff0000)});
    const Buffer dns = CfgValueOctets(
        CfgEncryptedDns{1, {IpAddress::V4(0x0a010001)}, "dot.example", Counting(6, 0)});
    builder.Cp({CfgType::CFG_REPLY,
                {{CfgAttributeType::INTERNAL_IP4_ADDRESS, address},
                 {CfgAttributeType::INTERNAL_IP4_SUBNET, subnet},
                 {CfgAttributeType::APPLICATION_VERSION, Text("ikelab")},
                 {CfgAttributeType::ENCDNS_IP4, dns},
                 {CfgAttributeType::INTERNAL_IP6_DNS, {}}}});
    builder.Eap({EapCode::REQUEST, 7, EapType::EAP_MSCHAP_V2, Counting(21, 1)});
    builder.Eap({EapCode::SUCCESS, 8, std::nullopt, {}});
    const Buffer key = Counting(4, 5);
    builder.PuzzleSolution({{key, key, key, key}});
    builder.NotifyWith(NotifyType::INVALID_KE_PAYLOAD, NotifiedKeMethod{KeMethod::ECP_384});
    builder.NotifyWith(NotifyType::REDIRECT,
                       NotifiedGateway{GatewayIdentityType::IPV4_ADDRESS, address, {}});
    builder.NotifyWith(NotifyType::SUPPORTED_AUTH_METHODS,
                       NotifiedAuthMethods{{{AuthMethod::NULL_AUTHENTICATION, std::nullopt, {}},
                                            {AuthMethod::DIGITAL_SIGNATURE, uint8_t{1}, address}}});
    builder.NotifyWith(NotifyType::PUZZLE, NotifiedPuzzle{Prf::PRF_HMAC_SHA2_256, 16});
    return builder.Finish();
}

Buffer
SkMessage()
{
    const Buffer spi = Counting(4, 0xa0);
    Header header = InitHeader();
    header.responderSpi = IkeSpi{0x1112131415161718};
    header.exchange = ExchangeType::IKE_AUTH;
    header.messageId = MessageId{1};
    MessageBuilder builder(header);
    builder.BeginSk(8);
    builder.Id(PayloadType::IDI, {IdType::ID_KEY_ID, Text("carol")});
    builder.Auth({AuthMethod::SHARED_KEY_MESSAGE_INTEGRITY_CODE, Counting(32, 0)});
    builder.Sa(EspOffer(spi));
    builder.Ts(PayloadType::TSI, Selectors("10.1.0.0/16"));
    builder.Ts(PayloadType::TSR, Selectors("10.2.0.0/16"));
    return builder.FinishSk(4, 16).octets;
}

} // namespace ikelab::wire
