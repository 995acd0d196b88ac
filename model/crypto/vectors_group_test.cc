// SPDX-License-Identifier: MIT
// Key exchange: curves and MODP groups.
#include "crypto/key_exchange.h"
#include "crypto/testing/vector_support.h"

#include <algorithm>

namespace ikelab::crypto
{
namespace
{

using nlohmann::json;
using wire::KeMethod;

/// A private value and a peer's that must be refused.
void
ExpectRefusal(VectorRun& run, const KeyShare& share, Bytes value)
{
    const auto secret = share.Derive(value);
    ASSERT_FALSE(secret.has_value());
    EXPECT_EQ(secret.error().fault, Fault::INVALID_KE);
    run.Refuse();
}

void
ExpectSecret(VectorRun& run, const KeyShare& share, Bytes value, Bytes expected)
{
    const auto secret = share.Derive(value);
    ASSERT_TRUE(secret.has_value());
    EXPECT_EQ(ToHex(secret->View()), ToHex(expected));
    run.Agree(share.Row().name);
}

/// Points as octets. RFC 5903 §7: x and y, no compressed form. Those cases ("acceptable" ones too)
/// are tried as they stand, and as if the first octet had been taken off.
void
WycheproofEcdh(VectorRun& run, const std::string& file, KeMethod method)
{
    const KeRow& row = *FindKe(method);
    ForEachCase(LoadJson(file),
                [&run, &row](const json&, const json& test)
                {
                    const Buffer encoded = Octets(test, "public");
                    const auto share =
                        KeyShare::FromPrivate(run.context, row, Octets(test, "private"));
                    ASSERT_TRUE(share.has_value());
                    const bool uncompressed = !encoded.empty() && encoded[0] == 4;
                    const Bytes value = uncompressed ? Bytes(encoded).subspan(1) : Bytes(encoded);
                    if (Text(test, "result") == "valid")
                    {
                        ExpectSecret(run, *share, value, Octets(test, "shared"));
                        return;
                    }
                    ExpectRefusal(run, *share, value);
                    if (!encoded.empty())
                    {
                        EXPECT_FALSE(share->Derive(Bytes(encoded).subspan(1)).has_value());
                    }
                });
}

void
WycheproofP256(VectorRun& run)
{
    WycheproofEcdh(run, "wycheproof/ecdh_secp256r1_ecpoint_test.json", KeMethod::ECP_256);
}

void
WycheproofP384(VectorRun& run)
{
    WycheproofEcdh(run, "wycheproof/ecdh_secp384r1_ecpoint_test.json", KeMethod::ECP_384);
}

void
WycheproofP521(VectorRun& run)
{
    WycheproofEcdh(run, "wycheproof/ecdh_secp521r1_ecpoint_test.json", KeMethod::ECP_521);
}

/**
 * Points inside a SubjectPublicKeyInfo. Only what names the curve and gives an uncompressed point
 * can be said in IKE, which carries x and y alone (RFC 6954 §2.3).
 * @param prefix what stands before x and y
 */
void
WycheproofBrainpool(VectorRun& run,
                    const std::string& file,
                    KeMethod method,
                    const std::string& prefix)
{
    const KeRow& row = *FindKe(method);
    ForEachCase(LoadJson(file),
                [&](const json&, const json& test)
                {
                    const std::string encoded = Text(test, "public");
                    if (!encoded.starts_with(prefix) ||
                        encoded.size() != prefix.size() + 2 * row.publicOctets)
                    {
                        run.Skip("an ASN.1 form of the key, which IKE does not have");
                        return;
                    }
                    const auto share =
                        KeyShare::FromPrivate(run.context, row, Octets(test, "private"));
                    ASSERT_TRUE(share.has_value());
                    const Buffer value = Hex(encoded.substr(prefix.size()));
                    // "acceptable" is about the ASN.1: such a point is not on the curve.
                    Text(test, "result") == "valid"
                        ? ExpectSecret(run, *share, value, Octets(test, "shared"))
                        : ExpectRefusal(run, *share, value);
                });
}

void
WycheproofBrainpool256(VectorRun& run)
{
    WycheproofBrainpool(run,
                        "wycheproof/ecdh_brainpoolP256r1_test.json",
                        KeMethod::BRAINPOOL_256,
                        "305a301406072a8648ce3d020106092b240303020801010703420004");
}

void
WycheproofBrainpool384(VectorRun& run)
{
    WycheproofBrainpool(run,
                        "wycheproof/ecdh_brainpoolP384r1_test.json",
                        KeMethod::BRAINPOOL_384,
                        "307a301406072a8648ce3d020106092b240303020801010b03620004");
}

void
WycheproofBrainpool512(VectorRun& run)
{
    WycheproofBrainpool(run,
                        "wycheproof/ecdh_brainpoolP512r1_test.json",
                        KeMethod::BRAINPOOL_512,
                        "30819b301406072a8648ce3d020106092b240303020801010d0381820004");
}

/// RFC 6954 appendix A, both sides of each exchange.
void
Rfc6954(VectorRun& run)
{
    for (const char* file : {"made/rfc6954_p224.txt", "cavp/ecdh-brainpool.txt"})
    {
        for (const Record& record : LoadRecords(file, "COUNT"))
        {
            const std::string curve = record.at("curve");
            SCOPED_TRACE(curve);
            const auto isThis = [&curve](const KeRow& candidate)
            {
                return curve == candidate.opensslName;
            };
            const auto row = std::find_if(KeRows().begin(), KeRows().end(), isThis);
            ASSERT_NE(row, KeRows().end());
            const auto point = [&record](const char* x, const char* y)
            {
                Buffer value = Octets(record, x);
                Append(value, Octets(record, y));
                return value;
            };
            const auto a = KeyShare::FromPrivate(run.context, *row, Octets(record, "dA"));
            const auto b = KeyShare::FromPrivate(run.context, *row, Octets(record, "dB"));
            ASSERT_TRUE(a.has_value() && b.has_value());
            EXPECT_EQ(ToHex(a->PublicValue()), ToHex(point("x_qA", "y_qA")));
            EXPECT_EQ(ToHex(b->PublicValue()), ToHex(point("x_qB", "y_qB")));
            ExpectSecret(run, *a, b->PublicValue(), Octets(record, "x_Z"));
            ExpectSecret(run, *b, a->PublicValue(), Octets(record, "x_Z"));
        }
    }
}

// "acceptable" cases: RFC 7748 §5 takes public values on the twist and unreduced ones, so both must
// give the listed result; RFC 8031 §2 refuses those whose result is all zeros.
void
WycheproofXdh(VectorRun& run, const std::string& file, KeMethod method)
{
    const KeRow& row = *FindKe(method);
    ForEachCase(LoadJson(file),
                [&run, &row](const json&, const json& test)
                {
                    const auto share =
                        KeyShare::FromPrivate(run.context, row, Octets(test, "private"));
                    ASSERT_TRUE(share.has_value());
                    const bool refused =
                        HasFlag(test, "ZeroSharedSecret") || Text(test, "result") == "invalid";
                    const Buffer value = Octets(test, "public");
                    refused ? ExpectRefusal(run, *share, value)
                            : ExpectSecret(run, *share, value, Octets(test, "shared"));
                });
}

void
WycheproofX25519(VectorRun& run)
{
    WycheproofXdh(run, "wycheproof/x25519_test.json", KeMethod::CURVE25519);
}

void
WycheproofX448(VectorRun& run)
{
    WycheproofXdh(run, "wycheproof/x448_test.json", KeMethod::CURVE448);
}

void
AcvpXdh(VectorRun& run)
{
    ForEachCase(LoadJson("acvp/XECDH-SSC-RFC7748.internalProjection.json"),
                [&run](const json& group, const json& test)
                {
                    const bool small = Text(group, "curve") == "Curve25519";
                    const KeRow& row = *FindKe(small ? KeMethod::CURVE25519 : KeMethod::CURVE448);
                    const auto share =
                        KeyShare::FromPrivate(run.context, row, Octets(test, "privateIut"));
                    ASSERT_TRUE(share.has_value());
                    const auto secret = share->Derive(Octets(test, "publicServer"));
                    ASSERT_TRUE(secret.has_value());
                    const bool agrees =
                        ToHex(share->PublicValue()) == ToHex(Octets(test, "publicIut")) &&
                        ToHex(secret->View()) == ToHex(Octets(test, "z"));
                    const bool valid = test.at("testPassed").get<bool>();
                    EXPECT_EQ(agrees, valid);
                    valid ? run.Agree(row.name) : run.Refuse();
                });
}

/// RFC 7748 §5.2: single multiplications.
void
Rfc7748(VectorRun& run)
{
    for (const auto& [file, method] : {std::pair("cavp/x25519-rfc7748.txt", KeMethod::CURVE25519),
                                       {"cavp/x448-rfc7748.txt", KeMethod::CURVE448}})
    {
        for (const Record& record : LoadRecords(file, "COUNT"))
        {
            SCOPED_TRACE(std::string(file) + ", case " + record.at("COUNT"));
            const auto share =
                KeyShare::FromPrivate(run.context, *FindKe(method), Octets(record, "INPUT_SCALAR"));
            ASSERT_TRUE(share.has_value());
            ExpectSecret(run, *share, Octets(record, "INPUT_U"), Octets(record, "OUTPUT_U"));
        }
    }
}

// Pairs of exponent and public value in the group of RFC 3526 §3; some are wrong on purpose.
void
AcvpSafePrimes(VectorRun& run)
{
    ForEachCase(LoadJson("acvp/safePrimes-keyVer-1.0.internalProjection.json"),
                [&run](const json& group, const json& test)
                {
                    if (Text(group, "safePrimeGroup") != "MODP-2048")
                    {
                        run.Skip("an ffdhe group, which is TLS's");
                        return;
                    }
                    const KeRow& row = *FindKe(KeMethod::MODP_2048);
                    const bool valid = test.at("testPassed").get<bool>();
                    const auto share = KeyShare::FromPrivate(run.context, row, Octets(test, "x"));
                    const bool agrees = share.has_value() &&
                                        ToHex(share->PublicValue()) == ToHex(Octets(test, "y"));
                    EXPECT_EQ(agrees, valid);
                    valid ? run.Agree(row.name) : run.Refuse();
                });
}

/// The samples of these two are of groups that IKE has no number for.
void
AcvpSharedSecrets(VectorRun& run)
{
    for (const char* file : {"acvp/KAS-ECC-SSC-Sp800-56Ar3.internalProjection.json",
                             "acvp/KAS-FFC-SSC-Sp800-56Ar3.internalProjection.json"})
    {
        ForEachCase(LoadJson(file),
                    [&run](const json& group, const json&)
                    { run.Skip("group " + Text(group, "domainParameterGenerationMode")); });
    }
}

void
PythonModp(VectorRun& run)
{
    const json document = LoadJson("modp/rfc3526_python.json");
    for (const json& group : document.at("groups"))
    {
        const KeRow& row = RowOf(KeRows(), Text(group, "group"));
        SCOPED_TRACE(row.name);
        for (const json& test : group.at("tests"))
        {
            SCOPED_TRACE("case " + test.at("tcId").dump());
            const auto i =
                KeyShare::FromPrivate(run.context, row, Octets(test, "initiatorPrivate"));
            const auto r =
                KeyShare::FromPrivate(run.context, row, Octets(test, "responderPrivate"));
            ASSERT_TRUE(i.has_value() && r.has_value());
            EXPECT_EQ(ToHex(i->PublicValue()), Text(test, "initiatorPublic"));
            EXPECT_EQ(ToHex(r->PublicValue()), Text(test, "responderPublic"));
            const auto ri = r->Derive(i->PublicValue());
            ASSERT_TRUE(ri.has_value());
            EXPECT_EQ(ToHex(ri->View()), Text(test, "shared"));
            ExpectSecret(run, *i, r->PublicValue(), Octets(test, "shared"));
        }
        // RFC 6989 §2.1: 1 < r < p-1, so 0, 1, p-1 and p are refused and their neighbours inside
        // are not.
        const auto share = KeyShare::FromPrivate(run.context, row, Hex("03"));
        ASSERT_TRUE(share.has_value());
        const Buffer prime = Octets(group, "prime");
        const auto beside = [](Buffer value, int add)
        {
            value.back() = static_cast<uint8_t>(value.back() + add);
            return value;
        };
        const Buffer zero(prime.size());
        ExpectRefusal(run, *share, zero);
        ExpectRefusal(run, *share, beside(zero, 1));
        EXPECT_TRUE(share->Derive(beside(zero, 2)).has_value());
        EXPECT_TRUE(share->Derive(beside(prime, -2)).has_value());
        ExpectRefusal(run, *share, beside(prime, -1));
        ExpectRefusal(run, *share, prime);
    }
}

constexpr VectorSet SETS[] = {
    {"WycheproofX25519", WycheproofX25519, 487, 31, 0},
    {"WycheproofX448", WycheproofX448, 487, 23, 0},
    {"AcvpX25519AndX448", AcvpXdh, 50, 0, 0},
    {"Rfc7748X25519AndX448", Rfc7748, 6, 0, 0},
    {"WycheproofEcdhP256", WycheproofP256, 330, 25, 0},
    {"WycheproofEcdhP384", WycheproofP384, 771, 19, 0},
    {"WycheproofEcdhP521", WycheproofP521, 632, 29, 0},
    {"WycheproofBrainpoolP256", WycheproofBrainpool256, 517, 19, 268},
    {"WycheproofBrainpoolP384", WycheproofBrainpool384, 641, 19, 276},
    {"WycheproofBrainpoolP512", WycheproofBrainpool512, 511, 19, 264},
    {"Rfc6954Brainpool", Rfc6954, 8, 0, 0},
    {"AcvpSafePrimes", AcvpSafePrimes, 7, 3, 10},
    {"AcvpSharedSecrets", AcvpSharedSecrets, 0, 0, 40},
    {"PythonModpPowers", PythonModp, 28, 28, 0},
};

} // namespace

std::span<const VectorSet>
GroupSets()
{
    return SETS;
}

} // namespace ikelab::crypto
