// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "wire/fuzz_payloads.h"
#include "wire/fuzz_targets.h"
#include "wire/identity.h"
#include "wire/message.h"
#include "wire/message_builder.h"
#include "wire/payload_fields.h"
#include "wire/testing/dice.h"

#include <gtest/gtest.h>

#include <functional>
#include <type_traits>

/// What is built from generated values of every payload parses to the same values.
namespace ikelab::wire
{
namespace
{

constexpr uint64_t SEEDS = 300;

/// A message in the making, and what each of its payloads must turn out to be.
struct Plan
{
    explicit Plan(uint64_t seed) : dice(seed), builder(MakeHeader(dice))
    {
    }

    static Header
    MakeHeader(Dice& dice)
    {
        Header header;
        header.initiatorSpi = IkeSpi{dice.Any<uint64_t>()};
        header.responderSpi = IkeSpi{dice.Any<uint64_t>()};
        header.exchange = ExchangeType{dice.Any<uint8_t>()};
        header.flags = dice.Any<uint8_t>();
        header.messageId = MessageId{dice.Any<uint32_t>()};
        return header;
    }

    Dice dice;
    MessageBuilder builder;
    std::vector<std::function<void(const Payload&)>> checks;
};

/// The body of a parsed payload, read on demand.
template <typename Value>
Value
Read(const Payload& payload, Result<Value> (*parse)(Bytes))
{
    const auto value = parse(std::get<RawPayload>(payload.body).body);
    EXPECT_TRUE(value.has_value()) << ToHex(payload.octets);
    return value.value_or(Value{});
}

/// For payloads that are read with the chain: the fields are those of the value that was built.
template <typename Body>
void
ExpectBody(Plan& plan, PayloadType type, const Body& body)
{
    plan.checks.push_back(
        [type, expected = ToJson(FieldsOf(Payload{type, false, body, {}}))](const Payload& payload)
        {
            EXPECT_EQ(payload.type, type);
            EXPECT_TRUE(std::holds_alternative<Body>(payload.body));
            EXPECT_EQ(ToJson(FieldsOf(payload)), expected);
        });
}

void
AddSa(Plan& plan)
{
    Dice& dice = plan.dice;
    SaPayload sa;
    const size_t proposals = 1 + dice.UpTo(4);
    for (size_t i = 1; i <= proposals; ++i)
    {
        Proposal proposal;
        proposal.number = static_cast<uint8_t>(i);
        proposal.protocol = dice.OneOf({ProtocolId::IKE, ProtocolId::AH, ProtocolId::ESP});
        proposal.spi =
            proposal.protocol == ProtocolId::IKE ? dice.Octets(0, 1).first(0) : dice.Octets(4, 4);
        const size_t transforms = 1 + dice.UpTo(9);
        for (size_t j = 0; j < transforms; ++j)
        {
            Transform transform;
            transform.type = TransformType{dice.Any<uint8_t>()};
            transform.id = dice.Any<uint16_t>();
            if (dice.Coin())
            {
                transform.keyLength = dice.Any<uint16_t>();
            }
            proposal.transforms.push_back(transform);
        }
        sa.proposals.push_back(std::move(proposal));
    }
    plan.builder.Sa(sa);
    ExpectBody(plan, PayloadType::SA, sa);
}

void
AddKeAuthAndNonce(Plan& plan)
{
    Dice& dice = plan.dice;
    const KePayload ke{KeMethod{dice.Any<uint16_t>()}, dice.Octets(0, 300)};
    plan.builder.Ke(ke);
    ExpectBody(plan, PayloadType::KE, ke);
    const AuthPayload auth{AuthMethod{dice.Any<uint8_t>()}, dice.Octets(0, 300)};
    plan.builder.Auth(auth);
    ExpectBody(plan, PayloadType::AUTH, auth);
    const NoncePayload nonce{dice.Octets(16, 256)};
    plan.builder.Nonce(nonce.data);
    ExpectBody(plan, PayloadType::NONCE, nonce);
    const VendorIdPayload vendorId{dice.Octets(0, 60)};
    plan.builder.VendorId(vendorId.data);
    ExpectBody(plan, PayloadType::VENDOR_ID, vendorId);
}

/// CN and O with generated strings.
DistinguishedName
MakeName(Dice& dice)
{
    DistinguishedName name;
    const size_t parts = dice.UpTo(4);
    for (size_t i = 0; i < parts; ++i)
    {
        const Bytes type = dice.Keep(dice.Coin() ? Hex("550403") : Hex("55040a"));
        name.parts.push_back({{type, dice.OneOf<uint8_t>({0x0c, 0x13}), dice.NameOctets(0, 200)}});
    }
    return name;
}

IdValue
MakeIdValue(Dice& dice, IdType type)
{
    switch (type)
    {
    case IdType::ID_IPV4_ADDR:
        return dice.V4();
    case IdType::ID_IPV6_ADDR:
        return dice.V6();
    case IdType::ID_FQDN:
    case IdType::ID_RFC822_ADDR:
        return IdName{dice.Name(0, 80)};
    case IdType::ID_DER_ASN1_DN:
        return MakeName(dice);
    case IdType::ID_DER_ASN1_GN:
        return GeneralName{dice.OneOf({GeneralNameKind::DNS_NAME, GeneralNameKind::RFC822_NAME}),
                           dice.NameOctets(0, 200)};
    default:
        return IdOctets{dice.Octets(0, 80)};
    }
}

void
AddIdentity(Plan& plan)
{
    Dice& dice = plan.dice;
    const auto type = IdType{static_cast<uint8_t>(dice.UpTo(15))};
    const PayloadType whose = dice.OneOf({PayloadType::IDI, PayloadType::IDR});
    const IdPayload id{type, dice.Keep(IdValueOctets(MakeIdValue(dice, type)))};
    plan.builder.Id(whose, id);
    ExpectBody(plan, whose, id);
    plan.checks.back() = [check = plan.checks.back()](const Payload& payload)
    {
        check(payload);
        EXPECT_TRUE(ParseIdValue(std::get<IdPayload>(payload.body)).has_value());
    };
}

void
AddTs(Plan& plan)
{
    Dice& dice = plan.dice;
    TsPayload ts;
    const size_t selectors = 1 + dice.UpTo(4);
    for (size_t i = 0; i < selectors; ++i)
    {
        TrafficSelector selector;
        selector.type = TsType{static_cast<uint8_t>(7 + dice.UpTo(3))};
        selector.protocol = dice.OneOf<uint8_t>({0, 1, 6, 17, 58, 135});
        if (!selector.IsRange())
        {
            selector.other = dice.Octets(0, 30);
            selector.startPort = 0;
            ts.selectors.push_back(selector);
            continue;
        }
        const bool isV4 = selector.type == TsType::TS_IPV4_ADDR_RANGE;
        const IpAddress one = isV4 ? dice.V4() : dice.V6();
        const IpAddress other = isV4 ? dice.V4() : dice.V6();
        selector.addresses = {std::min(one, other), std::max(one, other)};
        const auto port = dice.Any<uint16_t>();
        selector.startPort = std::min<uint16_t>(port, dice.Any<uint16_t>());
        selector.endPort = std::max(port, selector.startPort);
        if (dice.UpTo(3) == 0)
        {
            selector.startPort = 65535;
            selector.endPort = 0;
        }
        ts.selectors.push_back(selector);
    }
    const PayloadType whose = dice.OneOf({PayloadType::TSI, PayloadType::TSR});
    plan.builder.Ts(whose, ts);
    ExpectBody(plan, whose, ts);
}

void
AddDelete(Plan& plan)
{
    Dice& dice = plan.dice;
    DeletePayload payload;
    payload.protocol = dice.OneOf({ProtocolId::IKE, ProtocolId::AH, ProtocolId::ESP});
    const size_t spis = payload.protocol == ProtocolId::IKE ? 0 : dice.UpTo(20);
    for (size_t i = 0; i < spis; ++i)
    {
        payload.spis.push_back(EspSpi{dice.Any<uint32_t>()});
    }
    plan.builder.Delete(payload);
    ExpectBody(plan, PayloadType::DELETE, payload);
}

void
AddCerts(Plan& plan)
{
    Dice& dice = plan.dice;
    CertPayload cert{CertEncoding{dice.Any<uint8_t>()}, dice.Octets(0, 400)};
    if (IsHashAndUrl(cert.encoding) || dice.Coin())
    {
        cert.encoding = dice.OneOf({CertEncoding::HASH_AND_URL_OF_X509_CERTIFICATE,
                                    CertEncoding::HASH_AND_URL_OF_X509_BUNDLE});
        ByteWriter data;
        WriteHashAndUrl(data, {dice.Octets(20, 20), "http://" + dice.Name(1, 60)});
        cert.data = dice.Keep(data.Release());
    }
    plan.builder.Cert(cert);
    plan.checks.push_back(
        [cert](const Payload& payload)
        {
            const auto read = Read(payload, ParseCert);
            EXPECT_EQ(read.encoding, cert.encoding);
            EXPECT_EQ(ToHex(read.data), ToHex(cert.data));
        });
    CertReqPayload certReq{CertEncoding{dice.Any<uint8_t>()}, dice.Octets(0, 60)};
    if (HasAuthorityHashes(certReq.encoding) || dice.Coin())
    {
        certReq.encoding = CertEncoding::X509_CERTIFICATE_SIGNATURE;
        const size_t hashes = dice.UpTo(10);
        certReq.authority = dice.Octets(20 * hashes, 20 * hashes);
    }
    else if (certReq.encoding == CertEncoding::RAW_PUBLIC_KEY)
    {
        certReq.authority = {};
    }
    plan.builder.CertReq(certReq);
    plan.checks.push_back(
        [certReq](const Payload& payload)
        {
            const auto read = Read(payload, ParseCertReq);
            EXPECT_EQ(read.encoding, certReq.encoding);
            EXPECT_EQ(ToHex(read.authority), ToHex(certReq.authority));
            EXPECT_EQ(read.Hashes().size(), certReq.Hashes().size());
        });
}

CfgValue
MakeCfgValue(Dice& dice, CfgAttributeType type)
{
    using enum CfgAttributeType;
    const auto octets = [&dice](size_t least, size_t most)
    {
        return ToBuffer(dice.Octets(least, most));
    };
    switch (type)
    {
    case INTERNAL_IP4_SUBNET:
        return CfgSubnet4{dice.V4(), dice.V4()};
    case INTERNAL_IP6_ADDRESS:
    case INTERNAL_IP6_SUBNET:
    case INTERNAL_IP6_PREFIX:
        return CfgPrefix6{dice.V6(), static_cast<uint8_t>(dice.UpTo(128))};
    case INTERNAL_IP6_DNS:
    case INTERNAL_IP6_DHCP:
    case P_CSCF_IP6_ADDRESS:
        return dice.V6();
    case APPLICATION_VERSION:
    case INTERNAL_DNS_DOMAIN:
        return CfgText{dice.Name(1, 60)};
    case SUPPORTED_ATTRIBUTES:
        return CfgAttributeList{{CfgAttributeType{dice.Any<uint16_t>()}, INTERNAL_IP4_DNS}};
    case MIP6_HOME_PREFIX:
        return CfgHomePrefix{dice.Any<uint32_t>(), {dice.V6(), 64}};
    case INTERNAL_IP6_LINK:
        return CfgLink6{dice.Any<uint64_t>(), octets(0, 20)};
    case HOME_AGENT_ADDRESS:
        return CfgHomeAgent{dice.V6(), dice.Coin() ? std::optional(dice.V4()) : std::nullopt};
    case FTT_KAT:
        return CfgTime{dice.Any<uint16_t>(), true};
    case TIMEOUT_PERIOD_FOR_LIVENESS_CHECK:
        return CfgTime{dice.Any<uint32_t>(), false};
    case EXTERNAL_SOURCE_IP4_NAT_INFO:
        return SocketAddress{dice.V4(), dice.Any<uint16_t>()};
    case INTERNAL_DNSSEC_TA:
        return CfgTrustAnchor{
            dice.Any<uint16_t>(), dice.Any<uint8_t>(), dice.Any<uint8_t>(), octets(1, 40)};
    case ENCDNS_IP4:
        return CfgEncryptedDns{7, {dice.V4(), dice.V4()}, dice.Name(0, 40), octets(0, 30)};
    case ENCDNS_IP6:
        return CfgEncryptedDns{7, {dice.V6()}, dice.Name(0, 40), octets(0, 30)};
    case ENCDNS_DIGEST_INFO:
        return CfgDigestInfo{
            dice.Name(0, 40), {HashAlgorithm{dice.Any<uint16_t>()}}, octets(0, 32)};
    case INTERNAL_IP4_ADDRESS:
    case INTERNAL_IP4_NETMASK:
    case INTERNAL_IP4_DNS:
    case INTERNAL_IP4_NBNS:
    case INTERNAL_IP4_DHCP:
    case P_CSCF_IP4_ADDRESS:
        return dice.V4();
    }
    return CfgOctets{octets(1, 30)};
}

void
AddCp(Plan& plan)
{
    Dice& dice = plan.dice;
    CpPayload cp{CfgType{dice.Any<uint8_t>()}, {}};
    std::vector<CfgValue> values;
    const size_t attributes = dice.UpTo(12);
    for (size_t i = 0; i < attributes; ++i)
    {
        const auto type = CfgAttributeType{static_cast<uint16_t>(dice.UpTo(31))};
        values.push_back(dice.Coin() ? MakeCfgValue(dice, type) : CfgNoValue{});
        cp.attributes.push_back({type, dice.Keep(CfgValueOctets(values.back()))});
    }
    plan.builder.Cp(cp);
    plan.checks.push_back(
        [cp, values](const Payload& payload)
        {
            const auto read = Read(payload, ParseCp);
            EXPECT_EQ(read.type, cp.type);
            ASSERT_EQ(read.attributes.size(), values.size());
            for (size_t i = 0; i < values.size(); ++i)
            {
                EXPECT_EQ(read.attributes[i].type, cp.attributes[i].type);
                const auto value = ParseCfgValue(read.attributes[i]);
                ASSERT_TRUE(value.has_value()) << ToString(read.attributes[i].type);
                EXPECT_EQ(*value, values[i]) << ToString(read.attributes[i].type);
            }
        });
}

void
AddEapAndPuzzle(Plan& plan)
{
    Dice& dice = plan.dice;
    EapMessage eap{EapCode{static_cast<uint8_t>(1 + dice.UpTo(5))}, dice.Any<uint8_t>(), {}, {}};
    if (eap.code == EapCode::REQUEST || eap.code == EapCode::RESPONSE)
    {
        eap.type = EapType{dice.Any<uint8_t>()};
    }
    if (eap.code != EapCode::SUCCESS && eap.code != EapCode::FAILURE)
    {
        eap.data = dice.Octets(0, 100);
    }
    plan.builder.Eap(eap);
    plan.checks.push_back(
        [eap](const Payload& payload)
        {
            const auto read = Read(payload, ParseEap);
            EXPECT_EQ(read.code, eap.code);
            EXPECT_EQ(read.identifier, eap.identifier);
            EXPECT_EQ(read.type, eap.type);
            EXPECT_EQ(ToHex(read.data), ToHex(eap.data));
        });
    struct PuzzleSolution solution;
    const size_t keyOctets = 1 + dice.UpTo(20);
    for (Bytes& key : solution.keys)
    {
        key = dice.Octets(keyOctets, keyOctets);
    }
    plan.builder.PuzzleSolution(solution);
    plan.checks.push_back(
        [solution](const Payload& payload)
        {
            const auto read = Read(payload, ParsePuzzleSolution);
            EXPECT_TRUE(std::ranges::equal(read.keys, solution.keys, SameOctets));
        });
}

NotifyData
MakeNotifyData(Dice& dice, NotifyType type)
{
    const auto number = [&dice]
    {
        return dice.Any<uint32_t>();
    };
    switch (type)
    {
    case NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD:
        return NotifiedPayloadType{PayloadType{dice.Any<uint8_t>()}};
    case NotifyType::INVALID_MESSAGE_ID:
        return NotifiedMessageId{MessageId{number()}};
    case NotifyType::INVALID_SPI:
        return NotifiedSpi{EspSpi{number()}};
    case NotifyType::INVALID_KE_PAYLOAD:
        return NotifiedKeMethod{KeMethod{dice.Any<uint16_t>()}};
    case NotifyType::SET_WINDOW_SIZE:
        return NotifiedWindowSize{number()};
    case NotifyType::IPCOMP_SUPPORTED:
        return NotifiedIpcomp{
            dice.Any<uint16_t>(), IpcompId{dice.Any<uint8_t>()}, dice.Octets(0, 8)};
    case NotifyType::ADDITIONAL_IP4_ADDRESS:
        return NotifiedAddress{dice.V4()};
    case NotifyType::ADDITIONAL_IP6_ADDRESS:
        return NotifiedAddress{dice.V6()};
    case NotifyType::NO_NATS_ALLOWED:
        return dice.Coin() ? NotifiedPath{{dice.V4(), 500}, {dice.V4(), dice.Any<uint16_t>()}}
                           : NotifiedPath{{dice.V6(), 500}, {dice.V6(), 4500}};
    case NotifyType::AUTH_LIFETIME:
        return NotifiedLifetime{number()};
    case NotifyType::REDIRECT:
        return NotifiedGateway{
            GatewayIdentityType::FQDN, dice.NameOctets(1, 60), dice.Octets(16, 256)};
    case NotifyType::REDIRECTED_FROM:
        return NotifiedGateway{GatewayIdentityType::IPV6_ADDRESS, dice.Octets(16, 16), {}};
    case NotifyType::TICKET_LT_OPAQUE:
        return NotifiedTicket{number(), dice.Octets(0, 100)};
    case NotifyType::ROHC_SUPPORTED:
        return NotifiedRohc{{{RohcAttributeType{static_cast<uint16_t>(dice.UpTo(0x7fff))}, 1},
                             {RohcAttributeType::MRRU, dice.Any<uint16_t>()}}};
    case NotifyType::IKEV2_MESSAGE_ID_SYNC:
        return NotifiedMessageIdSync{number(), MessageId{number()}, MessageId{number()}};
    case NotifyType::IPSEC_REPLAY_COUNTER_SYNC:
        return dice.Coin() ? NotifiedReplaySync{dice.Any<uint64_t>(), true}
                           : NotifiedReplaySync{number(), false};
    case NotifyType::SECURE_PASSWORD_METHODS:
        return NotifiedPasswordMethods{{SecurePasswordMethod{dice.Any<uint16_t>()}}};
    case NotifyType::SIGNATURE_HASH_ALGORITHMS:
        return NotifiedHashAlgorithms{{HashAlgorithm{dice.Any<uint16_t>()}, HashAlgorithm::SHA1}};
    case NotifyType::PUZZLE:
        return NotifiedPuzzle{Prf{dice.Any<uint16_t>()}, dice.Any<uint8_t>()};
    case NotifyType::PPK_IDENTITY:
        return NotifiedPpkId{PpkIdType{dice.Any<uint8_t>()}, dice.Octets(0, 40)};
    case NotifyType::USE_AGGFRAG:
        return NotifiedAggfrag{dice.Coin(), dice.Coin()};
    case NotifyType::SUPPORTED_AUTH_METHODS:
        return NotifiedAuthMethods{
            {{AuthMethod{dice.Any<uint8_t>()}, std::nullopt, {}},
             {AuthMethod::DIGITAL_SIGNATURE, dice.Any<uint8_t>(), dice.Octets(0, 40)}}};
    case NotifyType::NAT_DETECTION_SOURCE_IP:
    case NotifyType::NAT_DETECTION_DESTINATION_IP:
        return NotifyOctets{dice.Octets(20, 20)};
    case NotifyType::COOKIE:
    case NotifyType::COOKIE2:
    case NotifyType::QUICK_CRASH_DETECTION:
        return NotifyOctets{dice.Octets(16, 64)};
    default:
        return NotifyOctets{dice.Octets(1, 40)};
    }
}

void
AddNotify(Plan& plan, NotifyType type)
{
    const NotifyData data = MakeNotifyData(plan.dice, type);
    plan.builder.NotifyWith(type, data);
    plan.checks.push_back(
        [type, data](const Payload& payload)
        {
            const auto& notify = std::get<NotifyPayload>(payload.body);
            EXPECT_EQ(notify.type, type);
            const auto read = ParseNotifyData(notify);
            ASSERT_TRUE(read.has_value()) << ToString(type);
            EXPECT_EQ(read->index(), data.index()) << ToString(type);
            EXPECT_EQ(ToJson(FieldsOf(*read)), ToJson(FieldsOf(data))) << ToString(type);
        });
}

/// Build, parse, and ask each payload whether it is what was planned.
void
BuildAndCheck(Plan& plan)
{
    const Buffer octets = plan.builder.Finish();
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value()) << ToString(message.error());
    ASSERT_EQ(message->chain.payloads.size(), plan.checks.size());
    EXPECT_EQ(Summary(message->chain), plan.builder.Summary());
    for (size_t i = 0; i < plan.checks.size(); ++i)
    {
        plan.checks[i](message->chain.payloads[i]);
    }
    FuzzIkeMessage(octets);
}

TEST(GeneratedMessages, ParseToTheValuesTheyWereBuiltFrom)
{
    constexpr void (*ADD[])(Plan&) = {
        AddSa, AddKeAuthAndNonce, AddIdentity, AddTs, AddDelete, AddCerts, AddCp, AddEapAndPuzzle};
    for (uint64_t seed = 0; seed < SEEDS; ++seed)
    {
        SCOPED_TRACE(seed);
        Plan plan(seed);
        for (const auto add : ADD)
        {
            add(plan);
        }
        BuildAndCheck(plan);
    }
}

TEST(GeneratedMessages, KeepNotificationDataOfEveryType)
{
    for (unsigned type = 0; type < 17000; ++type)
    {
        const NotifyType notify{static_cast<uint16_t>(type)};
        if (NotifyDataSource(notify).empty() && type % 1000 != 0)
        {
            continue;
        }
        SCOPED_TRACE(type);
        Plan plan(type);
        for (int i = 0; i < 5; ++i)
        {
            AddNotify(plan, notify);
        }
        BuildAndCheck(plan);
    }
}

TEST(GeneratedMessages, KeepFragments)
{
    for (uint64_t seed = 0; seed < SEEDS; ++seed)
    {
        Dice dice(seed);
        SkfPayload skf;
        skf.head.total = static_cast<uint16_t>(1 + dice.UpTo(0xfffe));
        skf.head.number = static_cast<uint16_t>(1 + dice.UpTo(skf.head.total - 1U));
        skf.head.inner =
            skf.head.number == 1 ? PayloadType{dice.Any<uint8_t>()} : PayloadType::NONE;
        skf.body = dice.Octets(0, 200);
        MessageBuilder builder(Header{});
        builder.Skf(skf);
        const Buffer octets = builder.Finish();
        const auto message = ParseMessage(octets);
        ASSERT_TRUE(message.has_value());
        const auto read = ParseSkf(*message->chain.Get<SkPayload>(PayloadType::SKF));
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->head.inner, skf.head.inner);
        EXPECT_EQ(read->head.number, skf.head.number);
        EXPECT_EQ(read->head.total, skf.head.total);
        EXPECT_EQ(ToHex(read->body), ToHex(skf.body));
    }
}

} // namespace
} // namespace ikelab::wire
