// SPDX-License-Identifier: MIT
// HMAC, CMAC and XCBC, each as PRF and as integrity algorithm.
#include "crypto/prf.h"
#include "crypto/testing/vector_support.h"

#include <cstring>

namespace ikelab::crypto
{
namespace
{

using nlohmann::json;
using wire::Integ;
using wire::Prf;
using Direction = PacketCipher::Direction;

/// Open a packet of a message and an ICV under NULL encryption.
Result<void>
OpenPacket(VectorRun& run, const IntegRow& row, Bytes key, Bytes message, Bytes icv)
{
    Buffer packet = ToBuffer(message);
    Append(packet, icv);
    PacketCipher open(
        run.context, Direction::OPEN, *FindEncr(wire::Encr::ENCR_NULL, 0), &row, {}, key);
    return open.Open(packet, message.size());
}

/**
 * One MAC as PRF output and, where the key has the size of an integrity algorithm of the same MAC,
 * as a whole packet. A right tag may be longer than the ICV: RFC 2404 §2 and RFC 4868 §2.3 keep its
 * first octets.
 */
void
TryMac(VectorRun& run, const PrfRow& prf, Bytes key, Bytes message, Bytes tag, bool valid)
{
    const auto mac = ComputePrf(run.context, prf, key, {message});
    ASSERT_TRUE(mac.has_value());
    ASSERT_LE(tag.size(), mac->Size());
    EXPECT_EQ(SameSecret(mac->View().first(tag.size()), tag), valid);
    for (const IntegRow& row : IntegRows())
    {
        const bool same = row.mac == prf.mac && std::strcmp(row.opensslName, prf.opensslName) == 0;
        const bool fits = valid ? tag.size() >= row.icvOctets : tag.size() == row.icvOctets;
        if (same && fits && key.size() == row.keyOctets)
        {
            const auto opened = OpenPacket(run, row, key, message, tag.first(row.icvOctets));
            EXPECT_EQ(opened.has_value(), valid);
            if (valid)
            {
                run.AgreeToo(row.name);
            }
        }
    }
    valid ? run.Agree(prf.name) : run.Refuse();
}

void
WycheproofHmac(VectorRun& run)
{
    for (const auto& [file, prf] : {std::pair("wycheproof/hmac_sha1_test.json", Prf::PRF_HMAC_SHA1),
                                    {"wycheproof/hmac_sha256_test.json", Prf::PRF_HMAC_SHA2_256},
                                    {"wycheproof/hmac_sha384_test.json", Prf::PRF_HMAC_SHA2_384},
                                    {"wycheproof/hmac_sha512_test.json", Prf::PRF_HMAC_SHA2_512}})
    {
        const PrfRow& row = *FindPrf(prf);
        ForEachCase(LoadJson(file),
                    [&run, &row](const json&, const json& test)
                    {
                        TryMac(run,
                               row,
                               Octets(test, "key"),
                               Octets(test, "msg"),
                               Octets(test, "tag"),
                               Text(test, "result") == "valid");
                    });
    }
}

void
AcvpHmac(VectorRun& run)
{
    for (const auto& [bits, prf] : {std::pair("256", Prf::PRF_HMAC_SHA2_256),
                                    {"384", Prf::PRF_HMAC_SHA2_384},
                                    {"512", Prf::PRF_HMAC_SHA2_512}})
    {
        const PrfRow& row = *FindPrf(prf);
        ForEachCase(
            LoadJson(std::string("acvp/HMAC-SHA2-") + bits + "-1.0.internalProjection.json"),
            [&run, &row](const json&, const json& test) {
                TryMac(
                    run, row, Octets(test, "key"), Octets(test, "msg"), Octets(test, "mac"), true);
            });
    }
}

/// RFC 2202 §3 and RFC 4231 §4.
void
RfcHmac(VectorRun& run)
{
    for (const auto& [file, prf] : {std::pair("cavp/rfc-2202-sha1.txt", Prf::PRF_HMAC_SHA1),
                                    {"cavp/rfc-4231-sha256.txt", Prf::PRF_HMAC_SHA2_256},
                                    {"cavp/rfc-4231-sha384.txt", Prf::PRF_HMAC_SHA2_384},
                                    {"cavp/rfc-4231-sha512.txt", Prf::PRF_HMAC_SHA2_512}})
    {
        for (const Record& record : LoadRecords(file, "Len"))
        {
            SCOPED_TRACE(std::string(file) + ", message " + record.at("Msg"));
            TryMac(run,
                   *FindPrf(prf),
                   Octets(record, "Key"),
                   Octets(record, "Msg"),
                   Octets(record, "MD"),
                   true);
        }
    }
}

constexpr const char* NOT_AES_128 = "CMAC with AES-192 or AES-256: both transforms are of AES-128";

void
WycheproofCmac(VectorRun& run)
{
    const PrfRow& prf = *FindPrf(Prf::PRF_AES128_CMAC);
    const IntegRow& integ = *FindInteg(Integ::AUTH_AES_CMAC_96);
    ForEachCase(LoadJson("wycheproof/aes_cmac_test.json"),
                [&](const json& group, const json& test)
                {
                    const auto keyBits = group.at("keySize").get<int>();
                    const Buffer key = Octets(test, "key");
                    const Buffer message = Octets(test, "msg");
                    const Buffer tag = Octets(test, "tag");
                    if (keyBits == 192 || keyBits == 256)
                    {
                        run.Skip(NOT_AES_128);
                    }
                    else if (keyBits != 128)
                    {
                        // The PRF takes any key (RFC 4615 §3), the integrity algorithm one of 16.
                        const auto opened =
                            OpenPacket(run, integ, key, message, Buffer(integ.icvOctets));
                        ASSERT_FALSE(opened.has_value());
                        EXPECT_EQ(opened.error().fault, Fault::BAD_VALUE);
                        run.Refuse();
                    }
                    else
                    {
                        TryMac(run, prf, key, message, tag, Text(test, "result") == "valid");
                    }
                });
}

void
CavpCmac(VectorRun& run)
{
    for (const char* keyBits : {"128", "192", "256"})
    {
        const std::string file = std::string("cavp/nist-800-38b-aes") + keyBits + ".txt";
        for (const Record& record : LoadRecords(file, "COUNT"))
        {
            SCOPED_TRACE(file + ", case " + record.at("COUNT"));
            const Buffer key = Octets(record, "KEY");
            if (key.size() != 16)
            {
                run.Skip(NOT_AES_128);
                continue;
            }
            TryMac(run,
                   *FindPrf(Prf::PRF_AES128_CMAC),
                   key,
                   Octets(record, "MESSAGE"),
                   Octets(record, "OUTPUT"),
                   true);
        }
    }
}

/// RFC 3566 §4.6, RFC 4493 §4, RFC 4434 §2.1, RFC 4615 §4.
void
RfcAesMacs(VectorRun& run)
{
    const json document = LoadJson("made/rfc_macs.json");
    for (const json& test : document.at("macs"))
    {
        SCOPED_TRACE("case " + test.at("tcId").dump());
        Buffer message = Octets(test, "msg");
        message.resize(message.size() + test.value("zeros", 0u));
        TryMac(run,
               RowOf(PrfRows(), "prf" + Text(test, "integ")),
               Octets(test, "key"),
               message,
               Octets(test, "mac"),
               true);
    }
    for (const json& test : document.at("prfs"))
    {
        SCOPED_TRACE("case " + test.at("tcId").dump());
        TryMac(run,
               RowOf(PrfRows(), Text(test, "prf")),
               Octets(test, "key"),
               Octets(test, "msg"),
               Octets(test, "mac"),
               true);
    }
}

constexpr VectorSet SETS[] = {
    {"WycheproofHmac", WycheproofHmac, 264, 428, 0},
    {"AcvpHmac", AcvpHmac, 2925, 0, 0},
    {"RfcHmac", RfcHmac, 25, 0, 0},
    {"WycheproofAesCmac", WycheproofCmac, 21, 86, 204},
    {"CavpAesCmac", CavpCmac, 4, 0, 8},
    {"RfcAesXcbcAndCmac", RfcAesMacs, 17, 0, 0},
};

} // namespace

std::span<const VectorSet>
MacSets()
{
    return SETS;
}

} // namespace ikelab::crypto
