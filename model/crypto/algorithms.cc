// SPDX-License-Identifier: MIT
#include "crypto/algorithms.h"

#include <fmt/format.h>

namespace ikelab::crypto
{

namespace
{

using wire::Encr;
using wire::Integ;
using wire::KeMethod;
using wire::Prf;

// clang-format off

constexpr bool ATTRIBUTE = true;
constexpr bool NO_ATTRIBUTE = false;

constexpr EncrRow ENCR_ROWS[] = {
    // id, key bits, Key Length attribute, kind, keyword, OpenSSL's name,
    //     key, salt, IV, block, ICV octets, Wireshark's IKE name, Wireshark's ESP name, source, charon's name
    {Encr::ENCR_AES_GCM_16, 128, ATTRIBUTE, CipherKind::AEAD, "aes128gcm16", "AES-128-GCM",
     16, 4, 8, 1, 16, "AES-GCM-128 with 16 octet ICV [RFC5282]", "AES-GCM with 16 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_16_128"},
    {Encr::ENCR_AES_GCM_16, 192, ATTRIBUTE, CipherKind::AEAD, "aes192gcm16", "AES-192-GCM",
     24, 4, 8, 1, 16, "AES-GCM-192 with 16 octet ICV [RFC5282]", "AES-GCM with 16 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_16_192"},
    {Encr::ENCR_AES_GCM_16, 256, ATTRIBUTE, CipherKind::AEAD, "aes256gcm16", "AES-256-GCM",
     32, 4, 8, 1, 16, "AES-GCM-256 with 16 octet ICV [RFC5282]", "AES-GCM with 16 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_16_256"},
    {Encr::ENCR_CHACHA20_POLY1305, 256, NO_ATTRIBUTE, CipherKind::AEAD, "chacha20poly1305", "ChaCha20-Poly1305",
     32, 4, 8, 1, 16, "", "",
     "RFC 7634 §2, §4", "CHACHA20_POLY1305"},
    {Encr::ENCR_AES_CBC, 128, ATTRIBUTE, CipherKind::CBC, "aes128", "AES-128-CBC",
     16, 0, 16, 16, 0, "AES-CBC-128 [RFC3602]", "AES-CBC [RFC3602]",
     "RFC 3602", "AES_CBC_128"},
    {Encr::ENCR_AES_CBC, 192, ATTRIBUTE, CipherKind::CBC, "aes192", "AES-192-CBC",
     24, 0, 16, 16, 0, "AES-CBC-192 [RFC3602]", "AES-CBC [RFC3602]",
     "RFC 3602", "AES_CBC_192"},
    {Encr::ENCR_AES_CBC, 256, ATTRIBUTE, CipherKind::CBC, "aes256", "AES-256-CBC",
     32, 0, 16, 16, 0, "AES-CBC-256 [RFC3602]", "AES-CBC [RFC3602]",
     "RFC 3602", "AES_CBC_256"},
    {Encr::ENCR_NULL, 0, NO_ATTRIBUTE, CipherKind::NULL_CIPHER, "null", "",
     0, 0, 0, 1, 0, "NULL [RFC2410]", "NULL",
     "RFC 2410", "NULL"},
};

constexpr PrfRow PRF_ROWS[] = {
    // id, keyword, digest, output octets, key octets, source, charon's name
    {Prf::PRF_HMAC_SHA1, "prfsha1", "SHA1", 20, 20, "RFC 2104", "PRF_HMAC_SHA1"},
    {Prf::PRF_HMAC_SHA2_256, "prfsha256", "SHA2-256", 32, 32, "RFC 4868 §2.4", "PRF_HMAC_SHA2_256"},
    {Prf::PRF_HMAC_SHA2_384, "prfsha384", "SHA2-384", 48, 48, "RFC 4868 §2.4", "PRF_HMAC_SHA2_384"},
    {Prf::PRF_HMAC_SHA2_512, "prfsha512", "SHA2-512", 64, 64, "RFC 4868 §2.4", "PRF_HMAC_SHA2_512"},
};

constexpr IntegRow INTEG_ROWS[] = {
    // id, keyword, digest, key octets, ICV octets, Wireshark's IKE name, Wireshark's ESP name, source, charon's name
    {Integ::AUTH_HMAC_SHA1_96, "sha1", "SHA1", 20, 12,
     "HMAC_SHA1_96 [RFC2404]", "HMAC-SHA-1-96 [RFC2404]", "RFC 2404", "HMAC_SHA1_96"},
    {Integ::AUTH_HMAC_SHA2_256_128, "sha256", "SHA2-256", 32, 16,
     "HMAC_SHA2_256_128 [RFC4868]", "HMAC-SHA-256-128 [RFC4868]", "RFC 4868 §2.6", "HMAC_SHA2_256_128"},
    {Integ::AUTH_HMAC_SHA2_384_192, "sha384", "SHA2-384", 48, 24,
     "HMAC_SHA2_384_192 [RFC4868]", "HMAC-SHA-384-192 [RFC4868]", "RFC 4868 §2.6", "HMAC_SHA2_384_192"},
    {Integ::AUTH_HMAC_SHA2_512_256, "sha512", "SHA2-512", 64, 32,
     "HMAC_SHA2_512_256 [RFC4868]", "HMAC-SHA-512-256 [RFC4868]", "RFC 4868 §2.6", "HMAC_SHA2_512_256"},
};

constexpr KeRow KE_ROWS[] = {
    // id, kind, keyword, OpenSSL's name, public octets, shared octets, source, charon's name
    {KeMethod::CURVE25519, KeKind::MONTGOMERY, "x25519", "X25519", 32, 32, "RFC 8031", "CURVE_25519"},
    {KeMethod::ECP_256, KeKind::ECP, "ecp256", "P-256", 64, 32, "RFC 5903", "ECP_256"},
    {KeMethod::ECP_384, KeKind::ECP, "ecp384", "P-384", 96, 48, "RFC 5903", "ECP_384"},
    {KeMethod::ECP_521, KeKind::ECP, "ecp521", "P-521", 132, 66, "RFC 5903", "ECP_521"},
    {KeMethod::MODP_2048, KeKind::MODP, "modp2048", "modp_2048", 256, 256, "RFC 3526 §3", "MODP_2048"},
    {KeMethod::MODP_3072, KeKind::MODP, "modp3072", "modp_3072", 384, 384, "RFC 3526 §4", "MODP_3072"},
    {KeMethod::MODP_4096, KeKind::MODP, "modp4096", "modp_4096", 512, 512, "RFC 3526 §5", "MODP_4096"},
};

// clang-format on

template <typename Row, typename Id>
const Row*
Find(std::span<const Row> rows, Id id)
{
    for (const Row& row : rows)
    {
        if (row.id == id)
        {
            return &row;
        }
    }
    return nullptr;
}

/// Transform types in the order that charon prints them: ENCR, INTEG, PRF, KE, ESN.
template <typename Row>
void
AppendName(std::string& text, const Row* row)
{
    if (row != nullptr)
    {
        fmt::format_to(std::back_inserter(text), "{}{}", text.empty() ? "" : "/", row->name);
    }
}

} // namespace

std::span<const EncrRow>
EncrRows()
{
    return ENCR_ROWS;
}

std::span<const PrfRow>
PrfRows()
{
    return PRF_ROWS;
}

std::span<const IntegRow>
IntegRows()
{
    return INTEG_ROWS;
}

std::span<const KeRow>
KeRows()
{
    return KE_ROWS;
}

const EncrRow*
FindEncr(wire::Encr id, uint16_t keyBits)
{
    for (const EncrRow& row : ENCR_ROWS)
    {
        // RFC 7296 §3.3.5: ciphers of one key size must come without Key Length, the others with
        // it.
        if (row.id == id && keyBits == (row.keyLengthAttribute ? row.keyBits : 0))
        {
            return &row;
        }
    }
    return nullptr;
}

const PrfRow*
FindPrf(wire::Prf id)
{
    return Find(PrfRows(), id);
}

const IntegRow*
FindInteg(wire::Integ id)
{
    return Find(IntegRows(), id);
}

const KeRow*
FindKe(wire::KeMethod id)
{
    return Find(KeRows(), id);
}

std::string
IkeSuite::ToString() const
{
    std::string text;
    AppendName(text, encr);
    AppendName(text, integ);
    AppendName(text, prf);
    AppendName(text, ke);
    return text;
}

std::string
EspSuite::ToString() const
{
    std::string text;
    AppendName(text, encr);
    AppendName(text, integ);
    AppendName(text, ke);
    text += esn ? "/EXT_SEQ" : "/NO_EXT_SEQ";
    return text;
}

} // namespace ikelab::crypto
