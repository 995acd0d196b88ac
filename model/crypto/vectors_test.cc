// SPDX-License-Identifier: MIT
// Published vector files through this room's own interface. Each test prints how many cases of its
// file ran, how many had to be refused, and how many our formats cannot express (with the reason).
#include "base/hex.h"
#include "crypto/key_exchange.h"
#include "crypto/packet_cipher.h"
#include "crypto/prf.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>

namespace ikelab::crypto
{
namespace
{

using nlohmann::json;
using wire::Encr;
using wire::Integ;
using wire::KeMethod;
using wire::Prf;
using Direction = PacketCipher::Direction;

std::string
VectorPath(const std::string& name)
{
    return std::string(IKELAB_SOURCE_DIR) + "/conformance/vectors/crypto/" + name;
}

json
LoadJson(const std::string& name)
{
    std::ifstream file(VectorPath(name));
    EXPECT_TRUE(file.good()) << name;
    return json::parse(file, nullptr, false);
}

Buffer
Octets(const json& test, const char* field)
{
    return Hex(test.at(field).get<std::string>());
}

bool
HasFlag(const json& test, const std::string& flag)
{
    const json& flags = test.at("flags");
    return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

struct Counts
{
    explicit Counts(std::string set) : name(std::move(set))
    {
    }

    ~Counts()
    {
        std::printf("[ VECTORS  ] %s: %u agreed, %u refused as they must be, %u not expressible\n",
                    name.c_str(),
                    agreed,
                    refused,
                    notExpressible);
        testing::Test::RecordProperty("agreed", static_cast<int>(agreed));
        testing::Test::RecordProperty("refused", static_cast<int>(refused));
        testing::Test::RecordProperty("not_expressible", static_cast<int>(notExpressible));
    }

    std::string name;
    unsigned agreed{0};
    unsigned refused{0};
    unsigned notExpressible{0};
};

class Vectors : public testing::Test
{
  protected:
    void
    RunAead(const std::string& file, Encr id, Counts& counts)
    {
        const json document = LoadJson(file);
        for (const json& group : document.at("testGroups"))
        {
            for (const json& test : group.at("tests"))
            {
                // RFC 4106 §4, RFC 7634 §2: salt and IV are 12 octets together, no other nonce
                // exists.
                if (group.at("ivSize") != 96)
                {
                    counts.notExpressible++;
                    continue;
                }
                RunAeadCase(id, group.at("keySize").get<uint16_t>(), test, counts);
            }
        }
    }

    void
    RunAeadCase(Encr id, uint16_t keyBits, const json& test, Counts& counts)
    {
        SCOPED_TRACE(test.at("tcId").dump());
        const EncrRow* encr = FindEncr(id, id == Encr::ENCR_CHACHA20_POLY1305 ? 0 : keyBits);
        ASSERT_NE(encr, nullptr);
        const Buffer nonce = Octets(test, "iv");
        const Buffer text = Octets(test, "msg");
        const Buffer aad = Octets(test, "aad");
        Buffer material = Octets(test, "key");
        Append(material, Bytes(nonce).first(4));
        Buffer plain = aad;
        Append(plain, Bytes(nonce).subspan(4));
        Append(plain, text);
        Buffer sealed(plain.begin(), plain.end() - static_cast<long>(text.size()));
        Append(sealed, Octets(test, "ct"));
        Append(sealed, Octets(test, "tag"));
        Buffer packet = sealed;
        PacketCipher open(m_context, Direction::OPEN, *encr, nullptr, material, {});
        const auto opened = open.Open(packet, aad.size());
        if (test.at("result") != "valid")
        {
            ASSERT_FALSE(opened.has_value());
            EXPECT_EQ(opened.error().fault, Fault::INTEGRITY);
            counts.refused++;
            return;
        }
        ASSERT_TRUE(opened.has_value());
        packet.resize(plain.size());
        EXPECT_EQ(ToHex(packet), ToHex(plain));
        packet.resize(plain.size() + encr->icvOctets);
        PacketCipher seal(m_context, Direction::SEAL, *encr, nullptr, material, {});
        ASSERT_TRUE(seal.Seal(packet, aad.size()).has_value());
        EXPECT_EQ(ToHex(packet), ToHex(sealed));
        Agreed(counts, encr->name);
    }

    /// One more known answer for a row of the table, by the name it prints.
    void
    Agreed(Counts& counts, const char* row)
    {
        counts.agreed++;
        m_answers[row]++;
    }

    /// CBC under an HMAC key of our choice: seal a text, return its ciphertext.
    std::string
    CbcEncrypt(Bytes key, Bytes iv, Bytes text)
    {
        PacketCipher seal(m_context, Direction::SEAL, CbcRow(key), &m_integ, key, m_integKey);
        Buffer packet = ToBuffer(iv);
        Append(packet, text);
        packet.resize(packet.size() + m_integ.icvOctets);
        EXPECT_TRUE(seal.Seal(packet, 0).has_value());
        return ToHex(Bytes(packet).subspan(iv.size(), text.size()));
    }

    /// The text of a ciphertext, which gets the ICV it lacks; or the fault.
    Result<Buffer>
    CbcDecrypt(Bytes key, Bytes iv, Bytes ciphertext)
    {
        Buffer packet = ToBuffer(iv);
        Append(packet, ciphertext);
        const auto mac =
            ComputePrf(m_context, *FindPrf(Prf::PRF_HMAC_SHA2_256), m_integKey, {packet});
        Append(packet, mac->View().first(m_integ.icvOctets));
        PacketCipher open(m_context, Direction::OPEN, CbcRow(key), &m_integ, key, m_integKey);
        TRY(open.Open(packet, 0));
        return ToBuffer(Bytes(packet).subspan(iv.size(), ciphertext.size()));
    }

    static const EncrRow&
    CbcRow(Bytes key)
    {
        return *FindEncr(Encr::ENCR_AES_CBC, static_cast<uint16_t>(key.size() * 8));
    }

    void
    RunHmac(const std::string& file, Prf prf, Integ integ, Counts& counts)
    {
        const json document = LoadJson(file);
        const PrfRow& prfRow = *FindPrf(prf);
        const IntegRow& integRow = *FindInteg(integ);
        for (const json& group : document.at("testGroups"))
        {
            for (const json& test : group.at("tests"))
            {
                SCOPED_TRACE(test.at("tcId").dump());
                const bool valid = test.at("result") == "valid";
                const Buffer key = Octets(test, "key");
                const Buffer message = Octets(test, "msg");
                const Buffer tag = Octets(test, "tag");
                const auto mac = ComputePrf(m_context, prfRow, key, {message});
                ASSERT_TRUE(mac.has_value());
                EXPECT_EQ(SameSecret(mac->View().first(tag.size()), tag), valid);
                // Where the key has our integrity algorithm's size, a whole packet too. A right tag
                // may be longer: RFC 2404 §2 and RFC 4868 §2.3 keep its first octets.
                if (key.size() == integRow.keyOctets &&
                    (valid ? tag.size() >= integRow.icvOctets : tag.size() == integRow.icvOctets))
                {
                    Buffer packet = message;
                    Append(packet, Bytes(tag).first(integRow.icvOctets));
                    PacketCipher open(m_context,
                                      Direction::OPEN,
                                      *FindEncr(Encr::ENCR_NULL, 0),
                                      &integRow,
                                      {},
                                      key);
                    EXPECT_EQ(open.Open(packet, message.size()).has_value(), valid);
                    m_answers[integRow.name] += valid ? 1 : 0;
                }
                if (valid)
                {
                    Agreed(counts, prfRow.name);
                }
                else
                {
                    counts.refused++;
                }
            }
        }
    }

    void
    RunEcdh(const std::string& file, KeMethod method, Counts& counts)
    {
        const json document = LoadJson(file);
        const KeRow& row = *FindKe(method);
        for (const json& test : document.at("testGroups").at(0).at("tests"))
        {
            SCOPED_TRACE(test.at("tcId").dump());
            const Buffer encoded = Octets(test, "public");
            const bool valid = test.at("result") == "valid";
            // RFC 5903 §7: x and y, no compressed form. Those cases ("acceptable" ones too) are
            // tried as they stand, and as if the first octet had been taken off.
            const bool uncompressed = !encoded.empty() && encoded[0] == 4;
            const Bytes value = uncompressed ? Bytes(encoded).subspan(1) : Bytes(encoded);
            const auto share = KeyShare::FromPrivate(m_context, row, Octets(test, "private"));
            ASSERT_TRUE(share.has_value());
            const auto secret = share->Derive(value);
            if (!valid)
            {
                ASSERT_FALSE(secret.has_value());
                EXPECT_EQ(secret.error().fault, Fault::INVALID_KE);
                if (!encoded.empty())
                {
                    EXPECT_FALSE(share->Derive(Bytes(encoded).subspan(1)).has_value());
                }
                counts.refused++;
                continue;
            }
            ASSERT_TRUE(secret.has_value());
            EXPECT_EQ(ToHex(secret->View()), ToHex(Octets(test, "shared")));
            Agreed(counts, row.name);
        }
    }

    void RunCbcMultiblock(Counts& counts);
    void RunAllHmac(Counts& counts);
    void RunX25519(Counts& counts);
    void RunModp(Counts& counts);

    Context m_context;
    std::map<std::string, unsigned> m_answers; ///< agreed cases by the name of the table's row
    const IntegRow& m_integ = *FindInteg(Integ::AUTH_HMAC_SHA2_256_128);
    const Buffer m_integKey = Buffer(32, 0x5a);
};

TEST_F(Vectors, WycheproofAesGcm)
{
    Counts counts("Wycheproof AES-GCM");
    RunAead("wycheproof/aes_gcm_test.json", Encr::ENCR_AES_GCM_16, counts);
    EXPECT_EQ(counts.agreed + counts.refused + counts.notExpressible, 316u);
    EXPECT_EQ(counts.agreed, 116u);
    EXPECT_EQ(counts.refused, 81u); // all but the six that have no IV
}

TEST_F(Vectors, WycheproofChaCha20Poly1305)
{
    Counts counts("Wycheproof ChaCha20-Poly1305");
    RunAead("wycheproof/chacha20_poly1305_test.json", Encr::ENCR_CHACHA20_POLY1305, counts);
    EXPECT_EQ(counts.agreed + counts.refused + counts.notExpressible, 325u);
    EXPECT_EQ(counts.agreed, 256u);
    EXPECT_EQ(counts.refused, 60u); // all but the nine nonces of other lengths
    EXPECT_EQ(counts.notExpressible, 9u);
}

// The padding of these cases is PKCS #5's, which no IPsec packet uses: it is added and taken off
// here, so that the cipher below it is what agrees or not.
TEST_F(Vectors, WycheproofAesCbc)
{
    Counts counts("Wycheproof AES-CBC");
    const json document = LoadJson("wycheproof/aes_cbc_pkcs5_test.json");
    for (const json& group : document.at("testGroups"))
    {
        for (const json& test : group.at("tests"))
        {
            SCOPED_TRACE(test.at("tcId").dump());
            const Buffer key = Octets(test, "key");
            const Buffer iv = Octets(test, "iv");
            const Buffer ciphertext = Octets(test, "ct");
            const auto text = CbcDecrypt(key, iv, ciphertext);
            Buffer padded = Octets(test, "msg");
            const size_t padding = 16 - padded.size() % 16;
            padded.insert(padded.end(), padding, static_cast<uint8_t>(padding));
            if (test.at("result") == "valid")
            {
                ASSERT_TRUE(text.has_value());
                EXPECT_EQ(ToHex(*text), ToHex(padded));
                EXPECT_EQ(CbcEncrypt(key, iv, padded), ToHex(ciphertext));
                counts.agreed++;
                continue;
            }
            // Refused for its padding, above the cipher: no invalid case may look like a valid one.
            EXPECT_TRUE(!text.has_value() || *text != padded);
            counts.refused++;
        }
    }
    EXPECT_EQ(counts.agreed, 72u);
    EXPECT_EQ(counts.refused, 144u);
}

void
Vectors::RunCbcMultiblock(Counts& counts)
{
    for (const char* name : {"CBCMMT128.rsp", "CBCMMT192.rsp", "CBCMMT256.rsp"})
    {
        std::ifstream file(VectorPath(std::string("cavp/") + name));
        ASSERT_TRUE(file.good()) << name;
        bool encrypts = true;
        std::string line;
        std::map<std::string, Buffer> fields;
        while (std::getline(file, line))
        {
            while (!line.empty() && line.back() == '\r')
            {
                line.pop_back();
            }
            const size_t equals = line.find(" = ");
            if (line == "[ENCRYPT]" || line == "[DECRYPT]")
            {
                encrypts = line == "[ENCRYPT]";
            }
            else if (equals != std::string::npos && line.substr(0, equals) != "COUNT")
            {
                const auto value = FromHex(line.substr(equals + 3));
                ASSERT_TRUE(value.has_value()) << line;
                fields[line.substr(0, equals)] = *value;
            }
            if (fields.size() < 4)
            {
                continue;
            }
            const Buffer& key = fields.at("KEY");
            const Buffer& iv = fields.at("IV");
            const Buffer& text = fields.at("PLAINTEXT");
            const Buffer& ciphertext = fields.at("CIPHERTEXT");
            if (encrypts)
            {
                EXPECT_EQ(CbcEncrypt(key, iv, text), ToHex(ciphertext));
            }
            else
            {
                const auto out = CbcDecrypt(key, iv, ciphertext);
                ASSERT_TRUE(out.has_value());
                EXPECT_EQ(ToHex(*out), ToHex(text));
            }
            Agreed(counts, CbcRow(key).name);
            fields.clear();
        }
    }
}

TEST_F(Vectors, CavpAesCbcMultiblockMessages)
{
    Counts counts("CAVP AES-CBC MMT");
    RunCbcMultiblock(counts);
    EXPECT_EQ(counts.agreed, 60u);
}

void
Vectors::RunAllHmac(Counts& counts)
{
    RunHmac("wycheproof/hmac_sha1_test.json", Prf::PRF_HMAC_SHA1, Integ::AUTH_HMAC_SHA1_96, counts);
    RunHmac("wycheproof/hmac_sha256_test.json",
            Prf::PRF_HMAC_SHA2_256,
            Integ::AUTH_HMAC_SHA2_256_128,
            counts);
    RunHmac("wycheproof/hmac_sha384_test.json",
            Prf::PRF_HMAC_SHA2_384,
            Integ::AUTH_HMAC_SHA2_384_192,
            counts);
    RunHmac("wycheproof/hmac_sha512_test.json",
            Prf::PRF_HMAC_SHA2_512,
            Integ::AUTH_HMAC_SHA2_512_256,
            counts);
}

TEST_F(Vectors, WycheproofHmac)
{
    Counts counts("Wycheproof HMAC");
    RunAllHmac(counts);
    EXPECT_EQ(counts.agreed, 264u);
    EXPECT_EQ(counts.agreed + counts.refused, 170u + 3 * 174u);
}

// "acceptable" cases: RFC 7748 §5 takes public values on the twist and unreduced ones, so both must
// give the listed result; RFC 8031 §2 refuses those whose result is all zeros.
void
Vectors::RunX25519(Counts& counts)
{
    const json document = LoadJson("wycheproof/x25519_test.json");
    const KeRow& row = *FindKe(KeMethod::CURVE25519);
    for (const json& test : document.at("testGroups").at(0).at("tests"))
    {
        SCOPED_TRACE(test.at("tcId").dump());
        const auto share = KeyShare::FromPrivate(m_context, row, Octets(test, "private"));
        ASSERT_TRUE(share.has_value());
        const auto secret = share->Derive(Octets(test, "public"));
        if (HasFlag(test, "ZeroSharedSecret"))
        {
            ASSERT_FALSE(secret.has_value());
            EXPECT_EQ(secret.error().fault, Fault::INVALID_KE);
            counts.refused++;
            continue;
        }
        ASSERT_TRUE(secret.has_value());
        EXPECT_EQ(ToHex(secret->View()), ToHex(Octets(test, "shared")));
        Agreed(counts, row.name);
    }
}

TEST_F(Vectors, WycheproofX25519)
{
    Counts counts("Wycheproof X25519");
    RunX25519(counts);
    EXPECT_EQ(counts.agreed + counts.refused, 518u);
    EXPECT_EQ(counts.refused, 31u);
}

TEST_F(Vectors, WycheproofEcdhP256)
{
    Counts counts("Wycheproof ECDH P-256");
    RunEcdh("wycheproof/ecdh_secp256r1_ecpoint_test.json", KeMethod::ECP_256, counts);
    EXPECT_EQ(counts.agreed, 330u);
    EXPECT_EQ(counts.refused, 25u);
}

TEST_F(Vectors, WycheproofEcdhP384)
{
    Counts counts("Wycheproof ECDH P-384");
    RunEcdh("wycheproof/ecdh_secp384r1_ecpoint_test.json", KeMethod::ECP_384, counts);
    EXPECT_EQ(counts.agreed, 771u);
    EXPECT_EQ(counts.refused, 19u);
}

TEST_F(Vectors, WycheproofEcdhP521)
{
    Counts counts("Wycheproof ECDH P-521");
    RunEcdh("wycheproof/ecdh_secp521r1_ecpoint_test.json", KeMethod::ECP_521, counts);
    EXPECT_EQ(counts.agreed, 632u);
    EXPECT_EQ(counts.refused, 29u);
}

// Pairs of exponent and public value in the group of RFC 3526 §3; some are wrong on purpose.
TEST_F(Vectors, AcvpModp2048Pairs)
{
    Counts counts("ACVP safe primes, MODP-2048");
    const json document = LoadJson("acvp/safePrimes-keyVer-1.0.internalProjection.json");
    for (const json& group : document.at("testGroups"))
    {
        for (const json& test : group.at("tests"))
        {
            if (group.at("safePrimeGroup") != "MODP-2048")
            {
                counts.notExpressible++; // the ffdhe groups are TLS's, not IKE's
                continue;
            }
            SCOPED_TRACE(test.at("tcId").dump());
            const bool valid = test.at("testPassed");
            const auto share =
                KeyShare::FromPrivate(m_context, *FindKe(KeMethod::MODP_2048), Octets(test, "x"));
            const bool agrees =
                share.has_value() && ToHex(share->PublicValue()) == ToHex(Octets(test, "y"));
            EXPECT_EQ(agrees, valid);
            (valid ? counts.agreed : counts.refused)++;
        }
    }
    EXPECT_EQ(counts.agreed, 7u);
    EXPECT_EQ(counts.refused, 3u);
}

void
Vectors::RunModp(Counts& counts)
{
    const json document = LoadJson("modp/rfc3526_python.json");
    for (const json& group : document.at("groups"))
    {
        SCOPED_TRACE(group.at("group").dump());
        const auto isThis = [&group](const KeRow& candidate)
        {
            return group.at("group") == candidate.keyword;
        };
        const auto row = std::find_if(KeRows().begin(), KeRows().end(), isThis);
        ASSERT_NE(row, KeRows().end());
        for (const json& test : group.at("tests"))
        {
            SCOPED_TRACE(test.at("tcId").dump());
            const auto i = KeyShare::FromPrivate(m_context, *row, Octets(test, "initiatorPrivate"));
            const auto r = KeyShare::FromPrivate(m_context, *row, Octets(test, "responderPrivate"));
            ASSERT_TRUE(i.has_value() && r.has_value());
            EXPECT_EQ(ToHex(i->PublicValue()), test.at("initiatorPublic").get<std::string>());
            EXPECT_EQ(ToHex(r->PublicValue()), test.at("responderPublic").get<std::string>());
            const auto ir = i->Derive(r->PublicValue());
            const auto ri = r->Derive(i->PublicValue());
            ASSERT_TRUE(ir.has_value() && ri.has_value());
            EXPECT_EQ(ToHex(ir->View()), test.at("shared").get<std::string>());
            EXPECT_EQ(ToHex(ri->View()), test.at("shared").get<std::string>());
            Agreed(counts, row->name);
        }
        // RFC 6989 §2.1: 1 < r < p-1, so 0, 1, p-1 and p are refused and their neighbours inside
        // are not.
        const auto share = KeyShare::FromPrivate(m_context, *row, Hex("03"));
        ASSERT_TRUE(share.has_value());
        const Buffer prime = Octets(group, "prime");
        const auto expect = [&](const char* what, Bytes base, int add, bool isGood)
        {
            Buffer value = ToBuffer(base);
            value.back() = static_cast<uint8_t>(value.back() + add);
            const auto secret = share->Derive(value);
            EXPECT_EQ(secret.has_value(), isGood) << what;
            counts.refused += secret.has_value() ? 0 : 1;
        };
        const Buffer zero(prime.size());
        expect("0", zero, 0, false);
        expect("1", zero, 1, false);
        expect("2", zero, 2, true);
        expect("p - 2", prime, -2, true);
        expect("p - 1", prime, -1, false);
        expect("p", prime, 0, false);
    }
}

TEST_F(Vectors, PythonAgreesOnModpPowers)
{
    Counts counts("MODP of RFC 3526 against Python's pow()");
    RunModp(counts);
    EXPECT_EQ(counts.agreed, 12u);
    EXPECT_EQ(counts.refused, 12u);
}

// A new row of the table needs its vectors here before this passes. NULL has nothing to answer.
TEST_F(Vectors, AnswerForEveryRowOfTheTable)
{
    Counts counts("all rows");
    RunAead("wycheproof/aes_gcm_test.json", Encr::ENCR_AES_GCM_16, counts);
    RunAead("wycheproof/chacha20_poly1305_test.json", Encr::ENCR_CHACHA20_POLY1305, counts);
    RunCbcMultiblock(counts);
    RunAllHmac(counts);
    RunX25519(counts);
    RunEcdh("wycheproof/ecdh_secp256r1_ecpoint_test.json", KeMethod::ECP_256, counts);
    RunEcdh("wycheproof/ecdh_secp384r1_ecpoint_test.json", KeMethod::ECP_384, counts);
    RunEcdh("wycheproof/ecdh_secp521r1_ecpoint_test.json", KeMethod::ECP_521, counts);
    RunModp(counts);
    const auto expectAnswers = [this](const auto& rows)
    {
        for (const auto& row : rows)
        {
            EXPECT_GT(m_answers[row.name], 0u) << row.name;
        }
    };
    expectAnswers(EncrRows().first(EncrRows().size() - 1));
    EXPECT_EQ(EncrRows().back().id, Encr::ENCR_NULL);
    expectAnswers(PrfRows());
    expectAnswers(IntegRows());
    expectAnswers(KeRows());
}

} // namespace
} // namespace ikelab::crypto
