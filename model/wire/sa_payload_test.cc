// SPDX-License-Identifier: MIT
#include "base/byte_writer.h"
#include "base/hex.h"
#include "wire/payload_writers.h"
#include "wire/payloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace ikelab::wire
{
namespace
{

/// ESP, AES-CBC-128, AUTH_HMAC_SHA1_96, No ESN: the shape of RFC 7296 §3.3's example.
const char* const ESP_OFFER = "0000 0028 01 03 04 03 052357bb"
                              "0300 000c 0100 000c 800e 0080"
                              "0300 0008 0300 0002"
                              "0000 0008 0500 0000";

Fault
FaultOf(const Buffer& body)
{
    const auto sa = ParseSa(body);
    EXPECT_FALSE(sa.has_value());
    return sa ? Fault::SYSTEM : sa.error().fault;
}

Buffer
Rewrite(const Buffer& body)
{
    const auto sa = ParseSa(body);
    EXPECT_TRUE(sa.has_value()) << (sa ? "" : ToString(sa.error()));
    ByteWriter writer;
    if (sa)
    {
        WriteSa(writer, *sa);
    }
    return writer.Release();
}

/// A proposal with one transform (KE 31), as hex.
std::string
Small(const char* more, const char* number, const char* protocolAndSpi)
{
    const std::string spi(protocolAndSpi);
    const size_t spiOctets = (spi.size() - 4) / 2;
    const char digits[] = "0123456789abcdef";
    const size_t length = 8 + spiOctets + 8;
    return std::string(more) + "0000" + digits[length / 16] + digits[length % 16] + number +
           spi.substr(0, 4) + "01" + spi.substr(4) + "000000080400001f";
}

TEST(SaPayload, ReadsEveryFieldOfAnOffer)
{
    const Buffer body = Hex(ESP_OFFER);
    const auto sa = ParseSa(body);
    ASSERT_TRUE(sa.has_value()) << ToString(sa.error());
    ASSERT_EQ(sa->proposals.size(), 1u);
    const Proposal& proposal = sa->proposals[0];
    EXPECT_EQ(proposal.number, 1);
    EXPECT_EQ(proposal.protocol, ProtocolId::ESP);
    EXPECT_EQ(ToHex(proposal.spi), "052357bb");
    ASSERT_EQ(proposal.transforms.size(), 3u);
    EXPECT_EQ(proposal.transforms[0].type, TransformType::ENCR);
    EXPECT_EQ(proposal.transforms[0].id, 12);
    EXPECT_EQ(proposal.transforms[0].keyLength, 128);
    EXPECT_EQ(proposal.transforms[1].type, TransformType::INTEG);
    EXPECT_EQ(proposal.transforms[1].id, 2);
    EXPECT_EQ(proposal.transforms[1].keyLength, std::nullopt);
    EXPECT_EQ(proposal.transforms[2].type, TransformType::ESN);
    EXPECT_EQ(Rewrite(body), body);
}

TEST(SaPayload, FailsWhenCutAnywhere)
{
    const Buffer body = Hex(ESP_OFFER);
    for (size_t octets = 0; octets < body.size(); ++octets)
    {
        EXPECT_FALSE(ParseSa(Bytes(body).first(octets)).has_value()) << octets;
    }
}

TEST(SaPayload, IgnoresReservedOctetsAndSendsThemAsZero)
{
    const Buffer body = Hex(ESP_OFFER);
    Buffer dirty = body;
    for (const size_t reserved : {1u, 13u, 17u, 25u, 29u, 33u, 37u})
    {
        ASSERT_EQ(dirty[reserved], 0) << reserved;
        dirty[reserved] = 0xff;
    }
    EXPECT_EQ(Rewrite(dirty), body);
}

TEST(SaPayload, NumbersAnOfferFromOneWithoutGaps)
{
    const Buffer good = Hex(Small("02", "01", "0100") + Small("00", "02", "0100"));
    EXPECT_EQ(Rewrite(good), good);
    EXPECT_EQ(FaultOf(Hex(Small("02", "01", "0100") + Small("00", "03", "0100"))),
              Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(Hex(Small("02", "01", "0100") + Small("00", "01", "0100"))),
              Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(Hex(Small("02", "02", "0100") + Small("00", "03", "0100"))),
              Fault::BAD_VALUE);
}

TEST(SaPayload, LetsAnAnswerRepeatTheChosenNumberButNotZero)
{
    const Buffer answer = Hex(Small("00", "07", "0100"));
    EXPECT_EQ(Rewrite(answer), answer);
    EXPECT_EQ(FaultOf(Hex(Small("00", "00", "0100"))), Fault::BAD_VALUE);
}

TEST(SaPayload, DemandsThatLastSubstrucAgreesWithTheLengths)
{
    EXPECT_EQ(FaultOf(Hex(Small("02", "01", "0100"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(Hex(Small("00", "01", "0100") + Small("00", "02", "0100"))),
              Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(Hex(Small("03", "01", "0100") + Small("00", "02", "0100"))),
              Fault::BAD_VALUE);
    Buffer transform = Hex(ESP_OFFER);
    for (const size_t more : {12u, 24u, 32u})
    {
        Buffer changed = transform;
        changed[more] ^= 3; // "more" of the last transform, or "last" of another
        EXPECT_EQ(FaultOf(changed), Fault::BAD_VALUE) << more;
        changed[more] = 2;
        EXPECT_EQ(FaultOf(changed), Fault::BAD_VALUE) << more;
    }
}

TEST(SaPayload, ChecksSpiSizesByProtocol)
{
    for (const char* good :
         {"0100", "01080102030405060708", "020401020304", "030401020304", "c9020102"})
    {
        const Buffer body = Hex(Small("00", "01", good));
        EXPECT_EQ(Rewrite(body), body) << good;
    }
    for (const char* bad : {"010401020304", "0200", "0300", "03080102030405060708"})
    {
        EXPECT_EQ(FaultOf(Hex(Small("00", "01", bad))), Fault::BAD_VALUE) << bad;
    }
}

TEST(SaPayload, RefusesASpiThatRunsPastItsProposal)
{
    EXPECT_EQ(FaultOf(Hex("0000000a 01 c9 ff 00 0102")), Fault::TRUNCATED);
}

TEST(SaPayload, DemandsThatTransformCountsAreTrueAndNotZero)
{
    const Buffer body = Hex(ESP_OFFER);
    for (const uint8_t count : {0, 1, 2, 4, 255})
    {
        Buffer changed = body;
        changed[7] = count;
        EXPECT_EQ(FaultOf(changed), Fault::BAD_VALUE) << int{count};
    }
    EXPECT_EQ(FaultOf(Hex("0000000c 01 03 04 00 01020304")), Fault::BAD_VALUE);
}

TEST(SaPayload, RefusesAnEmptyPayload)
{
    EXPECT_EQ(FaultOf({}), Fault::TRUNCATED);
}

TEST(SaPayload, RefusesLengthsThatAreTooShortOrTooLong)
{
    for (const size_t field : {3u, 15u}) // proposal, first transform
    {
        const uint8_t right = Hex(ESP_OFFER)[field];
        for (int wrong = 0; wrong < 256; ++wrong)
        {
            if (wrong != right)
            {
                Buffer changed = Hex(ESP_OFFER);
                changed[field] = static_cast<uint8_t>(wrong);
                EXPECT_FALSE(ParseSa(changed).has_value()) << field << " " << wrong;
            }
        }
    }
}

TEST(SaPayload, RefusesKeyLengthAsTlv)
{
    EXPECT_EQ(FaultOf(Hex("00000016 01010001 0000000e 0100000c 000e0002 0080")), Fault::BAD_VALUE);
}

TEST(SaPayload, RefusesTheSameAttributeTwice)
{
    EXPECT_EQ(FaultOf(Hex("00000018 01010001 00000010 0100000c 800e0080 800e0100")),
              Fault::BAD_VALUE);
}

TEST(SaPayload, RefusesAttributesThatRunPastTheirTransform)
{
    EXPECT_EQ(FaultOf(Hex("00000014 01010001 0000000c 0100000c 00120001")), Fault::TRUNCATED);
    EXPECT_EQ(FaultOf(Hex("00000012 01010001 0000000a 0100000c 800e")), Fault::TRUNCATED);
}

TEST(SaPayload, KeepsUnknownAttributesSoThatTheTransformIsSeenAsUnknown)
{
    // Key Length, then a TV and a TLV attribute that nobody defined.
    const Buffer first =
        Hex("0000001f 01010001 00000017 0100000c 800e0080 ffff0001 01000003 aabbcc");
    const auto sa = ParseSa(first);
    ASSERT_TRUE(sa.has_value()) << ToString(sa.error());
    EXPECT_EQ(sa->proposals[0].transforms[0].keyLength, 128);
    EXPECT_EQ(ToHex(sa->proposals[0].transforms[0].otherAttributes), "ffff000101000003aabbcc");
    EXPECT_EQ(Rewrite(first), first);
    const Buffer second = Hex("00000018 01010001 00000010 0100000c ffff0001 800e0080");
    const auto other = ParseSa(second);
    ASSERT_TRUE(other.has_value()) << ToString(other.error());
    EXPECT_EQ(other->proposals[0].transforms[0].keyLength, std::nullopt);
    EXPECT_EQ(ToHex(other->proposals[0].transforms[0].otherAttributes), "ffff0001800e0080");
    EXPECT_EQ(Rewrite(second), second);
}

TEST(SaPayload, LimitsAttributes)
{
    const auto withAttributes = [](int count)
    {
        ByteWriter writer;
        const size_t octets = 4 * static_cast<size_t>(count);
        writer.U16(0);
        writer.U16(static_cast<uint16_t>(16 + octets));
        writer.U32(0x01010001);
        writer.U16(0);
        writer.U16(static_cast<uint16_t>(8 + octets));
        writer.U32(0x0100000c);
        for (int i = 0; i < count; ++i)
        {
            writer.U16(static_cast<uint16_t>(0x8100 + i));
            writer.U16(0);
        }
        return writer.Release();
    };
    EXPECT_TRUE(ParseSa(withAttributes(16)).has_value());
    EXPECT_EQ(FaultOf(withAttributes(17)), Fault::LIMIT);
}

TEST(SaPayload, ReadsAsManyProposalsAndTransformsAsTheirOctetsCanCount)
{
    SaPayload sa;
    for (unsigned number = 1; number <= 255; ++number)
    {
        Proposal proposal;
        proposal.number = static_cast<uint8_t>(number);
        const size_t transforms = number == 1 ? 255 : 1;
        proposal.transforms.assign(transforms, {TransformType::KE, 31, std::nullopt, {}});
        sa.proposals.push_back(proposal);
    }
    ByteWriter writer;
    WriteSa(writer, sa);
    const auto parsed = ParseSa(writer.View());
    ASSERT_TRUE(parsed.has_value()) << ToString(parsed.error());
    EXPECT_EQ(parsed->proposals.size(), 255u);
    EXPECT_EQ(parsed->proposals[0].transforms.size(), 255u);
    // A 256th would have number 256, which no octet holds.
    Buffer more = writer.Release();
    more[more.size() - 16] = 2;
    Append(more, Hex(Small("00", "00", "0100")));
    EXPECT_EQ(FaultOf(more), Fault::BAD_VALUE);
}

TEST(SaPayload, NamesTheOctetThatIsWrong)
{
    Buffer body = Hex(ESP_OFFER);
    body[24] = 9; // "Last Substruc" of the second transform
    const auto sa = ParseSa(body);
    ASSERT_FALSE(sa.has_value());
    EXPECT_EQ(sa.error().offset, 24u);
    EXPECT_EQ(sa.error().what, "SA transform order");
}

} // namespace
} // namespace ikelab::wire
