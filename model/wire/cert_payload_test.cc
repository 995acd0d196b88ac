// SPDX-License-Identifier: MIT
#include "wire/cert_payload.h"
#include "wire/testing/sturdy.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

constexpr const char* HASH = "000102030405060708090a0b0c0d0e0f10111213";

Buffer
Body(uint8_t encoding, const std::string& hex)
{
    Buffer body{encoding};
    Append(body, Hex(hex));
    return body;
}

TEST(CertPayload, OfEveryEncodingKeepsItsData)
{
    for (unsigned encoding = 0; encoding <= 0xff; ++encoding)
    {
        const Buffer body =
            Body(static_cast<uint8_t>(encoding), HASH + std::string("687474703a2f2f61"));
        const auto cert = ParseCert(body);
        ASSERT_TRUE(cert.has_value()) << encoding;
        EXPECT_EQ(cert->encoding, CertEncoding{static_cast<uint8_t>(encoding)});
        EXPECT_EQ(cert->data.size(), 28u);
        ExpectSturdy(PayloadType::CERT, body);
    }
    EXPECT_EQ(FaultOf(ParseCert({})), Fault::TRUNCATED);
}

TEST(CertPayload, SplitsHashAndUrl)
{
    const Buffer body = Body(12, HASH + std::string("687474703a2f2f61"));
    const auto cert = ParseCert(body);
    ASSERT_TRUE(cert.has_value());
    const auto hashAndUrl = ParseHashAndUrl(cert->data);
    ASSERT_TRUE(hashAndUrl.has_value());
    EXPECT_EQ(ToHex(hashAndUrl->hash), HASH);
    EXPECT_EQ(hashAndUrl->url, "http://a");
}

TEST(CertPayload, RefusesAHashWithoutUrlAndUrlsWithControlCharacters)
{
    for (const uint8_t encoding : {uint8_t{12}, uint8_t{13}})
    {
        EXPECT_EQ(FaultOf(ParseCert(Body(encoding, HASH))), Fault::TRUNCATED);
        EXPECT_EQ(FaultOf(ParseCert(Body(encoding, "0001"))), Fault::TRUNCATED);
        for (const char* octet : {"00", "0a", "20", "7f", "ff"})
        {
            const auto cert = ParseCert(Body(encoding, HASH + std::string("61") + octet));
            EXPECT_EQ(FaultOf(cert), Fault::BAD_VALUE) << octet;
            EXPECT_EQ(cert.error().offset, 21u);
        }
    }
}

TEST(CertReqPayload, ListsHashesForTheEncodingsThatHaveThem)
{
    for (const uint8_t encoding : {uint8_t{4}, uint8_t{12}, uint8_t{13}, uint8_t{14}})
    {
        const Buffer body = Body(encoding, HASH + std::string(HASH));
        const auto certReq = ParseCertReq(body);
        ASSERT_TRUE(certReq.has_value());
        const auto hashes = certReq->Hashes();
        ASSERT_EQ(hashes.size(), 2u);
        EXPECT_EQ(ToHex(hashes[1]), HASH);
        ExpectSturdy(PayloadType::CERTREQ, body);
        EXPECT_TRUE(ParseCertReq(Body(encoding, ""))->Hashes().empty());
        EXPECT_EQ(FaultOf(ParseCertReq(Body(encoding, HASH + std::string("00")))),
                  Fault::BAD_VALUE);
    }
}

TEST(CertReqPayload, OfOtherEncodingsKeepsItsAuthority)
{
    const Buffer body = Body(7, "010203");
    const auto certReq = ParseCertReq(body);
    ASSERT_TRUE(certReq.has_value());
    EXPECT_EQ(ToHex(certReq->authority), "010203");
    EXPECT_TRUE(certReq->Hashes().empty());
    ExpectSturdy(PayloadType::CERTREQ, body);
    EXPECT_EQ(FaultOf(ParseCertReq({})), Fault::TRUNCATED);
}

TEST(CertReqPayload, ForRawPublicKeysNamesNoAuthority)
{
    EXPECT_TRUE(ParseCertReq(Body(15, "")).has_value());
    EXPECT_EQ(FaultOf(ParseCertReq(Body(15, HASH))), Fault::BAD_VALUE);
}

} // namespace
} // namespace ikelab::wire
