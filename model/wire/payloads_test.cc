// SPDX-License-Identifier: MIT
#include "base/byte_writer.h"
#include "base/hex.h"
#include "base/limits.h"
#include "wire/payload_writers.h"
#include "wire/payloads.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

/// Parse and write again; the test fails if the octets do not parse.
template <typename Parse, typename Write>
Buffer
Rewrite(const Buffer& body, Parse parse, Write write)
{
    const auto value = parse(body);
    EXPECT_TRUE(value.has_value()) << ToHex(body) << ": " << (value ? "" : ToString(value.error()));
    ByteWriter writer;
    if (value)
    {
        write(writer, *value);
    }
    return writer.Release();
}

template <typename Value>
Fault
FaultOf(const Result<Value>& result)
{
    EXPECT_FALSE(result.has_value());
    return result ? Fault::SYSTEM : result.error().fault;
}

template <typename Parse>
void
ExpectTruncatedBefore(size_t octets, const Buffer& body, Parse parse)
{
    for (size_t cut = 0; cut < octets; ++cut)
    {
        EXPECT_EQ(FaultOf(parse(Bytes(body).first(cut))), Fault::TRUNCATED) << cut;
    }
}

TEST(KePayload, ReadsMethodAndShareAndIgnoresReserved)
{
    const Buffer body = Hex("001f ffff 01020304");
    const auto ke = ParseKe(body);
    ASSERT_TRUE(ke.has_value());
    EXPECT_EQ(ke->method, KeMethod::CURVE25519);
    EXPECT_EQ(ToHex(ke->data), "01020304");
    EXPECT_EQ(ToHex(Rewrite(body, ParseKe, WriteKe)), "001f000001020304");
    ExpectTruncatedBefore(4, body, ParseKe);
}

TEST(IdPayload, ReadsTypeAndDataAndIgnoresReserved)
{
    const Buffer body = Hex("02 ffffff 6d6f6f6e");
    const auto id = ParseId(body);
    ASSERT_TRUE(id.has_value());
    EXPECT_EQ(id->type, IdType::ID_FQDN);
    EXPECT_EQ(ToHex(id->data), "6d6f6f6e");
    EXPECT_EQ(ToHex(Rewrite(body, ParseId, WriteId)), "020000006d6f6f6e");
    ExpectTruncatedBefore(4, body, ParseId);
}

TEST(IdPayload, DemandsTheLengthOfAddresses)
{
    EXPECT_TRUE(ParseId(Hex("01000000 c0000201")).has_value());
    EXPECT_TRUE(ParseId(Hex("05000000 20010db8000000000000000000000001")).has_value());
    EXPECT_EQ(FaultOf(ParseId(Hex("01000000 c00002"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseId(Hex("01000000 c000020101"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseId(Hex("05000000 c0000201"))), Fault::BAD_VALUE);
}

TEST(IdPayload, RefusesTerminatorsInNamesOnly)
{
    for (const char* terminator : {"00", "0d", "0a"})
    {
        const std::string name = std::string("6d6f") + terminator + "6e";
        EXPECT_EQ(FaultOf(ParseId(Hex("02000000" + name))), Fault::BAD_VALUE) << terminator;
        EXPECT_EQ(FaultOf(ParseId(Hex("03000000" + name))), Fault::BAD_VALUE) << terminator;
        EXPECT_TRUE(ParseId(Hex("0b000000" + name)).has_value()) << terminator;
        EXPECT_TRUE(ParseId(Hex("09000000" + name)).has_value()) << terminator;
    }
}

TEST(IdPayload, KeepsUnknownTypesAndLimitsTheLength)
{
    EXPECT_EQ(ToHex(Rewrite(Hex("ee000000 01"), ParseId, WriteId)), "ee00000001");
    EXPECT_EQ(ToHex(Rewrite(Hex("0d000000"), ParseId, WriteId)), "0d000000");
    Buffer body = Hex("0b000000");
    body.resize(4 + limits::ID_OCTETS, 'x');
    EXPECT_TRUE(ParseId(body).has_value());
    body.push_back('x');
    EXPECT_EQ(FaultOf(ParseId(body)), Fault::LIMIT);
}

TEST(AuthPayload, ReadsMethodAndDataAndIgnoresReserved)
{
    const Buffer body = Hex("0e ffffff 0102");
    const auto auth = ParseAuth(body);
    ASSERT_TRUE(auth.has_value());
    EXPECT_EQ(auth->method, AuthMethod::DIGITAL_SIGNATURE);
    EXPECT_EQ(ToHex(auth->data), "0102");
    EXPECT_EQ(ToHex(Rewrite(body, ParseAuth, WriteAuth)), "0e0000000102");
    ExpectTruncatedBefore(4, body, ParseAuth);
}

TEST(NoncePayload, Has16To256Octets)
{
    EXPECT_EQ(FaultOf(ParseNonce(Buffer(15))), Fault::BAD_VALUE);
    EXPECT_TRUE(ParseNonce(Buffer(16)).has_value());
    EXPECT_TRUE(ParseNonce(Buffer(256)).has_value());
    EXPECT_EQ(FaultOf(ParseNonce(Buffer(257))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseNonce({})), Fault::BAD_VALUE);
}

TEST(NotifyPayload, ReadsProtocolSpiTypeAndData)
{
    const Buffer body = Hex("03 04 4009 c0ffee01 aabb");
    const auto notify = ParseNotify(body);
    ASSERT_TRUE(notify.has_value());
    EXPECT_EQ(notify->protocol, ProtocolId::ESP);
    EXPECT_EQ(notify->type, NotifyType::REKEY_SA);
    EXPECT_EQ(ToHex(notify->spi), "c0ffee01");
    EXPECT_EQ(ToHex(notify->data), "aabb");
    EXPECT_EQ(Rewrite(body, ParseNotify, WriteNotify), body);
    ExpectTruncatedBefore(8, body, ParseNotify);
}

TEST(NotifyPayload, TakesAnyProtocolWithoutSpiBecauseItMeansNothing)
{
    for (const char* body : {"00004004", "0100 0018", "0300000e", "ff00 ffff 01"})
    {
        const Buffer octets = Hex(body);
        EXPECT_EQ(Rewrite(octets, ParseNotify, WriteNotify), octets);
    }
}

TEST(NotifyPayload, RefusesSpisThatTheirProtocolDoesNotHave)
{
    EXPECT_EQ(FaultOf(ParseNotify(Hex("01 08 4009 0102030405060708"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseNotify(Hex("03 08 4009 0102030405060708"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseNotify(Hex("02 03 4009 010203"))), Fault::BAD_VALUE);
    EXPECT_TRUE(ParseNotify(Hex("02 04 4009 01020304")).has_value());
    EXPECT_TRUE(ParseNotify(Hex("c9 03 4009 010203")).has_value());
}

TEST(DeletePayload, ReadsSpisOfChildSas)
{
    const Buffer body = Hex("03 04 0002 c0ffee01 c0ffee02");
    const auto payload = ParseDelete(body);
    ASSERT_TRUE(payload.has_value());
    EXPECT_EQ(payload->protocol, ProtocolId::ESP);
    EXPECT_EQ(payload->spis, (std::vector<EspSpi>{EspSpi{0xc0ffee01}, EspSpi{0xc0ffee02}}));
    EXPECT_EQ(Rewrite(body, ParseDelete, WriteDelete), body);
    ExpectTruncatedBefore(body.size(), body, ParseDelete);
}

TEST(DeletePayload, OfTheIkeSaNamesNoSpi)
{
    const Buffer body = Hex("01 00 0000");
    EXPECT_EQ(Rewrite(body, ParseDelete, WriteDelete), body);
    EXPECT_EQ(FaultOf(ParseDelete(Hex("01 08 0001 0102030405060708"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseDelete(Hex("01 00 0001"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseDelete(Hex("01 04 0000"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseDelete(Hex("01 00 0000 00"))), Fault::OVERLONG);
}

TEST(DeletePayload, RefusesOtherProtocolsSpiSizesAndTails)
{
    EXPECT_EQ(FaultOf(ParseDelete(Hex("00 00 0000"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseDelete(Hex("04 04 0001 01020304"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseDelete(Hex("02 00 0000"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseDelete(Hex("03 08 0001 0102030405060708"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseDelete(Hex("03 04 0001 01020304 05"))), Fault::OVERLONG);
}

TEST(DeletePayload, LimitsSpis)
{
    const auto withSpis = [](size_t count)
    {
        ByteWriter writer;
        writer.U16(0x0304);
        writer.U16(static_cast<uint16_t>(count));
        writer.Zeros(4 * count);
        return writer.Release();
    };
    EXPECT_TRUE(ParseDelete(withSpis(limits::DELETE_SPIS)).has_value());
    EXPECT_EQ(FaultOf(ParseDelete(withSpis(limits::DELETE_SPIS + 1))), Fault::LIMIT);
}

const char* const TWO_SELECTORS =
    "02 000000"
    "07 11 0010 0fa0 0fa1 0a010000 0a01ffff"
    "08 00 0028 0000 ffff 20010db8000000000000000000000000 20010db8ffffffffffffffffffffffff";

/// One IPv4 selector with these ports and addresses, as hex.
Buffer
Selector(const std::string& portsAndAddresses)
{
    return Hex("01000000 07000010" + portsAndAddresses);
}

TEST(TsPayload, ReadsRangesOfBothFamilies)
{
    const Buffer body = Hex(TWO_SELECTORS);
    const auto ts = ParseTs(body);
    ASSERT_TRUE(ts.has_value()) << ToString(ts.error());
    ASSERT_EQ(ts->selectors.size(), 2u);
    EXPECT_EQ(ts->selectors[0].addresses.ToString(), "10.1.0.0/16");
    EXPECT_EQ(ts->selectors[0].protocol, 17);
    EXPECT_EQ(ts->selectors[0].startPort, 4000);
    EXPECT_EQ(ts->selectors[0].endPort, 4001);
    EXPECT_EQ(ts->selectors[1].addresses.ToString(), "2001:db8::/32");
    EXPECT_EQ(Rewrite(body, ParseTs, WriteTs), body);
}

TEST(TsPayload, FailsWhenCutAnywhere)
{
    const Buffer body = Hex(TWO_SELECTORS);
    for (size_t octets = 0; octets < body.size(); ++octets)
    {
        EXPECT_FALSE(ParseTs(Bytes(body).first(octets)).has_value()) << octets;
    }
}

TEST(TsPayload, IgnoresReserved)
{
    Buffer dirty = Hex(TWO_SELECTORS);
    dirty[1] = dirty[2] = dirty[3] = 0xff;
    EXPECT_EQ(Rewrite(dirty, ParseTs, WriteTs), Hex(TWO_SELECTORS));
}

TEST(TsPayload, DemandsATrueCountOfOneOrMore)
{
    for (const uint8_t count : {0, 1, 3, 255})
    {
        Buffer body = Hex(TWO_SELECTORS);
        body[0] = count;
        EXPECT_EQ(FaultOf(ParseTs(body)), Fault::BAD_VALUE) << int{count};
    }
    EXPECT_EQ(FaultOf(ParseTs(Hex("00000000"))), Fault::BAD_VALUE);
}

TEST(TsPayload, DemandsTheSelectorLengthOfItsType)
{
    EXPECT_EQ(FaultOf(ParseTs(Hex("01000000 07000010 0000ffff 0a010000 0a01ff"))),
              Fault::TRUNCATED);
    EXPECT_EQ(FaultOf(ParseTs(Hex("01000000 0700000f 0000ffff 0a010000 0a01ff"))),
              Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseTs(Hex("01000000 07000011 0000ffff 0a010000 0a01ffff00"))),
              Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseTs(Hex("01000000 08000010 0000ffff 0a010000 0a01ffff"))),
              Fault::BAD_VALUE);
    for (const char* length : {"0000", "0003"})
    {
        EXPECT_EQ(FaultOf(ParseTs(Hex(std::string("01000000 0a00") + length))), Fault::BAD_VALUE);
    }
}

TEST(TsPayload, TakesOpaqueAndNoOtherReversedPorts)
{
    EXPECT_TRUE(ParseTs(Selector("ffff0000 0a010000 0a01ffff")).has_value());
    EXPECT_TRUE(ParseTs(Selector("0050 0050 0a010000 0a01ffff")).has_value());
    EXPECT_EQ(FaultOf(ParseTs(Selector("ffff0001 0a010000 0a01ffff"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseTs(Selector("fffe0000 0a010000 0a01ffff"))), Fault::BAD_VALUE);
}

TEST(TsPayload, ShowsPortsAsTheirProtocolHasThem)
{
    TrafficSelector selector;
    EXPECT_EQ(PortText(selector), "any");
    selector.startPort = 65535;
    selector.endPort = 0;
    EXPECT_TRUE(selector.OpaquePort());
    EXPECT_EQ(PortText(selector), "OPAQUE");
    selector.startPort = selector.endPort = 0x0800;
    EXPECT_EQ(PortText(selector), "2048");
    EXPECT_FALSE(IcmpRangeOf(selector).has_value());
    for (const uint8_t protocol : {uint8_t{1}, uint8_t{58}})
    {
        selector.protocol = protocol;
        EXPECT_EQ(IcmpRangeOf(selector), (IcmpRange{8, 0, 8, 0}));
        EXPECT_EQ(PortText(selector), "type 8 code 0");
    }
    selector.endPort = 0x08ff;
    EXPECT_EQ(PortText(selector), "type 8 code 0 to type 8 code 255");
    selector.protocol = 135;
    EXPECT_EQ(PortText(selector), "type 8");
    selector.protocol = 17;
    EXPECT_EQ(PortText(selector), "2048-2303");
    EXPECT_TRUE(selector.IsRange());
    selector.type = TsType::TS_SECLABEL;
    EXPECT_FALSE(selector.IsRange());
}

TEST(TsPayload, RefusesReversedAddresses)
{
    EXPECT_TRUE(ParseTs(Selector("0000ffff 0a010001 0a010001")).has_value());
    EXPECT_EQ(FaultOf(ParseTs(Selector("0000ffff 0a010001 0a010000"))), Fault::BAD_VALUE);
}

TEST(TsPayload, KeepsTypesThatAreNoAddressRanges)
{
    const Buffer body = Hex("02000000 0a000008 61626364 ee050004");
    const auto ts = ParseTs(body);
    ASSERT_TRUE(ts.has_value()) << ToString(ts.error());
    EXPECT_EQ(ts->selectors[0].type, TsType::TS_SECLABEL);
    EXPECT_EQ(ToHex(ts->selectors[0].other), "61626364");
    EXPECT_EQ(Rewrite(body, ParseTs, WriteTs), body);
}

} // namespace
} // namespace ikelab::wire
