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
constexpr bool ENCRYPTS = true;
constexpr bool CLEAR = false;

// The order of the rows with Use::DEFAULT is the order in which they are offered.
constexpr EncrRow ENCR_ROWS[] = {
    // id, key bits, Key Length attribute, kind, encrypts, use, keyword, OpenSSL's name,
    //     key, salt, IV, block, ICV octets, Wireshark's IKE name, Wireshark's ESP name, source, charon's name
    {Encr::ENCR_AES_GCM_16, 128, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::DEFAULT, "aes128gcm16", "AES-128-GCM",
     16, 4, 8, 1, 16, "AES-GCM-128 with 16 octet ICV [RFC5282]", "AES-GCM with 16 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_16_128"},
    {Encr::ENCR_AES_GCM_16, 192, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::DEFAULT, "aes192gcm16", "AES-192-GCM",
     24, 4, 8, 1, 16, "AES-GCM-192 with 16 octet ICV [RFC5282]", "AES-GCM with 16 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_16_192"},
    {Encr::ENCR_AES_GCM_16, 256, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::DEFAULT, "aes256gcm16", "AES-256-GCM",
     32, 4, 8, 1, 16, "AES-GCM-256 with 16 octet ICV [RFC5282]", "AES-GCM with 16 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_16_256"},
    {Encr::ENCR_CHACHA20_POLY1305, 256, NO_ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::DEFAULT, "chacha20poly1305", "ChaCha20-Poly1305",
     32, 4, 8, 1, 16, "", "",
     "RFC 7634 §2, §4", "CHACHA20_POLY1305"},
    {Encr::ENCR_AES_CBC, 128, ATTRIBUTE, CipherKind::CBC, ENCRYPTS, Use::DEFAULT, "aes128", "AES-128-CBC",
     16, 0, 16, 16, 0, "AES-CBC-128 [RFC3602]", "AES-CBC [RFC3602]",
     "RFC 3602", "AES_CBC_128"},
    {Encr::ENCR_AES_CBC, 192, ATTRIBUTE, CipherKind::CBC, ENCRYPTS, Use::DEFAULT, "aes192", "AES-192-CBC",
     24, 0, 16, 16, 0, "AES-CBC-192 [RFC3602]", "AES-CBC [RFC3602]",
     "RFC 3602", "AES_CBC_192"},
    {Encr::ENCR_AES_CBC, 256, ATTRIBUTE, CipherKind::CBC, ENCRYPTS, Use::DEFAULT, "aes256", "AES-256-CBC",
     32, 0, 16, 16, 0, "AES-CBC-256 [RFC3602]", "AES-CBC [RFC3602]",
     "RFC 3602", "AES_CBC_256"},
    {Encr::ENCR_AES_GCM_12, 128, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes128gcm12", "AES-128-GCM",
     16, 4, 8, 1, 12, "AES-GCM-128 with 12 octet ICV [RFC5282]", "AES-GCM with 12 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_12_128"},
    {Encr::ENCR_AES_GCM_12, 192, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes192gcm12", "AES-192-GCM",
     24, 4, 8, 1, 12, "AES-GCM-192 with 12 octet ICV [RFC5282]", "AES-GCM with 12 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_12_192"},
    {Encr::ENCR_AES_GCM_12, 256, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes256gcm12", "AES-256-GCM",
     32, 4, 8, 1, 12, "AES-GCM-256 with 12 octet ICV [RFC5282]", "AES-GCM with 12 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_12_256"},
    {Encr::ENCR_AES_GCM_8, 128, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes128gcm8", "AES-128-GCM",
     16, 4, 8, 1, 8, "AES-GCM-128 with 8 octet ICV [RFC5282]", "AES-GCM with 8 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_8_128"},
    {Encr::ENCR_AES_GCM_8, 192, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes192gcm8", "AES-192-GCM",
     24, 4, 8, 1, 8, "AES-GCM-192 with 8 octet ICV [RFC5282]", "AES-GCM with 8 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_8_192"},
    {Encr::ENCR_AES_GCM_8, 256, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes256gcm8", "AES-256-GCM",
     32, 4, 8, 1, 8, "AES-GCM-256 with 8 octet ICV [RFC5282]", "AES-GCM with 8 octet ICV [RFC4106]",
     "RFC 4106 §8.1, RFC 5282", "AES_GCM_8_256"},
    {Encr::ENCR_AES_CCM_16, 128, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes128ccm16", "AES-128-CCM",
     16, 3, 8, 1, 16, "AES-CCM-128 with 16 octet ICV [RFC5282]", "",
     "RFC 4309 §7.1, RFC 5282", "AES_CCM_16_128"},
    {Encr::ENCR_AES_CCM_16, 192, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes192ccm16", "AES-192-CCM",
     24, 3, 8, 1, 16, "AES-CCM-192 with 16 octet ICV [RFC5282]", "",
     "RFC 4309 §7.1, RFC 5282", "AES_CCM_16_192"},
    {Encr::ENCR_AES_CCM_16, 256, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes256ccm16", "AES-256-CCM",
     32, 3, 8, 1, 16, "AES-CCM-256 with 16 octet ICV [RFC5282]", "",
     "RFC 4309 §7.1, RFC 5282", "AES_CCM_16_256"},
    {Encr::ENCR_AES_CCM_12, 128, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes128ccm12", "AES-128-CCM",
     16, 3, 8, 1, 12, "AES-CCM-128 with 12 octet ICV [RFC5282]", "",
     "RFC 4309 §7.1, RFC 5282", "AES_CCM_12_128"},
    {Encr::ENCR_AES_CCM_12, 192, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes192ccm12", "AES-192-CCM",
     24, 3, 8, 1, 12, "AES-CCM-192 with 12 octet ICV [RFC5282]", "",
     "RFC 4309 §7.1, RFC 5282", "AES_CCM_12_192"},
    {Encr::ENCR_AES_CCM_12, 256, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes256ccm12", "AES-256-CCM",
     32, 3, 8, 1, 12, "AES-CCM-256 with 12 octet ICV [RFC5282]", "",
     "RFC 4309 §7.1, RFC 5282", "AES_CCM_12_256"},
    {Encr::ENCR_AES_CCM_8, 128, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes128ccm8", "AES-128-CCM",
     16, 3, 8, 1, 8, "AES-CCM-128 with 8 octet ICV [RFC5282]", "",
     "RFC 4309 §7.1, RFC 5282", "AES_CCM_8_128"},
    {Encr::ENCR_AES_CCM_8, 192, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes192ccm8", "AES-192-CCM",
     24, 3, 8, 1, 8, "AES-CCM-192 with 8 octet ICV [RFC5282]", "",
     "RFC 4309 §7.1, RFC 5282", "AES_CCM_8_192"},
    {Encr::ENCR_AES_CCM_8, 256, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes256ccm8", "AES-256-CCM",
     32, 3, 8, 1, 8, "AES-CCM-256 with 8 octet ICV [RFC5282]", "",
     "RFC 4309 §7.1, RFC 5282", "AES_CCM_8_256"},
    {Encr::ENCR_AES_CTR, 128, ATTRIBUTE, CipherKind::CTR, ENCRYPTS, Use::NAMED, "aes128ctr", "AES-128-CTR",
     16, 4, 8, 1, 0, "AES-CTR-128 [RFC5930]", "AES-CTR [RFC3686]",
     "RFC 3686 §5.1, RFC 5930", "AES_CTR_128"},
    {Encr::ENCR_AES_CTR, 192, ATTRIBUTE, CipherKind::CTR, ENCRYPTS, Use::NAMED, "aes192ctr", "AES-192-CTR",
     24, 4, 8, 1, 0, "AES-CTR-192 [RFC5930]", "AES-CTR [RFC3686]",
     "RFC 3686 §5.1, RFC 5930", "AES_CTR_192"},
    {Encr::ENCR_AES_CTR, 256, ATTRIBUTE, CipherKind::CTR, ENCRYPTS, Use::NAMED, "aes256ctr", "AES-256-CTR",
     32, 4, 8, 1, 0, "AES-CTR-256 [RFC5930]", "AES-CTR [RFC3686]",
     "RFC 3686 §5.1, RFC 5930", "AES_CTR_256"},
    {Encr::ENCR_3DES, 192, NO_ATTRIBUTE, CipherKind::CBC, ENCRYPTS, Use::NAMED, "3des", "DES-EDE3-CBC",
     24, 0, 8, 8, 0, "3DES [RFC2451]", "TripleDES-CBC [RFC2451]",
     "RFC 2451", "3DES_CBC"},
    {Encr::ENCR_AES_GCM_16_IIV, 128, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes128gcm16iiv", "AES-128-GCM",
     16, 4, 0, 1, 16, "", "",
     "RFC 8750, RFC 4106 §8.1", "AES_GCM_16_IIV_128"},
    {Encr::ENCR_AES_GCM_16_IIV, 192, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes192gcm16iiv", "AES-192-GCM",
     24, 4, 0, 1, 16, "", "",
     "RFC 8750, RFC 4106 §8.1", "AES_GCM_16_IIV_192"},
    {Encr::ENCR_AES_GCM_16_IIV, 256, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes256gcm16iiv", "AES-256-GCM",
     32, 4, 0, 1, 16, "", "",
     "RFC 8750, RFC 4106 §8.1", "AES_GCM_16_IIV_256"},
    {Encr::ENCR_AES_CCM_8_IIV, 128, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes128ccm8iiv", "AES-128-CCM",
     16, 3, 0, 1, 8, "", "",
     "RFC 8750, RFC 4309 §7.1", "AES_CCM_8_IIV_128"},
    {Encr::ENCR_AES_CCM_8_IIV, 192, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes192ccm8iiv", "AES-192-CCM",
     24, 3, 0, 1, 8, "", "",
     "RFC 8750, RFC 4309 §7.1", "AES_CCM_8_IIV_192"},
    {Encr::ENCR_AES_CCM_8_IIV, 256, ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "aes256ccm8iiv", "AES-256-CCM",
     32, 3, 0, 1, 8, "", "",
     "RFC 8750, RFC 4309 §7.1", "AES_CCM_8_IIV_256"},
    {Encr::ENCR_CHACHA20_POLY1305_IIV, 256, NO_ATTRIBUTE, CipherKind::AEAD, ENCRYPTS, Use::NAMED, "chacha20poly1305iiv", "ChaCha20-Poly1305",
     32, 4, 0, 1, 16, "", "",
     "RFC 8750, RFC 7634 §2", "CHACHA20_POLY1305_IIV"},
    {Encr::ENCR_NULL_AUTH_AES_GMAC, 128, ATTRIBUTE, CipherKind::AEAD, CLEAR, Use::NAMED, "aes128gmac", "AES-128-GCM",
     16, 4, 8, 1, 16, "", "",
     "RFC 4543 §5.4", "NULL_AES_GMAC_128"},
    {Encr::ENCR_NULL_AUTH_AES_GMAC, 192, ATTRIBUTE, CipherKind::AEAD, CLEAR, Use::NAMED, "aes192gmac", "AES-192-GCM",
     24, 4, 8, 1, 16, "", "",
     "RFC 4543 §5.4", "NULL_AES_GMAC_192"},
    {Encr::ENCR_NULL_AUTH_AES_GMAC, 256, ATTRIBUTE, CipherKind::AEAD, CLEAR, Use::NAMED, "aes256gmac", "AES-256-GCM",
     32, 4, 8, 1, 16, "", "",
     "RFC 4543 §5.4", "NULL_AES_GMAC_256"},
    {Encr::ENCR_NULL, 0, NO_ATTRIBUTE, CipherKind::NULL_CIPHER, CLEAR, Use::NAMED, "null", "",
     0, 0, 0, 1, 0, "NULL [RFC2410]", "NULL",
     "RFC 2410", "NULL"},
};

constexpr PrfRow PRF_ROWS[] = {
    // id, use, keyword, MAC, digest or cipher, output, key, nonce octets, source, charon's name
    {Prf::PRF_HMAC_SHA1, Use::NAMED, "prfsha1", MacKind::HMAC, "SHA1", 20, 20, 0, "RFC 2104", "PRF_HMAC_SHA1"},
    {Prf::PRF_HMAC_SHA2_256, Use::DEFAULT, "prfsha256", MacKind::HMAC, "SHA2-256", 32, 32, 0, "RFC 4868 §2.4", "PRF_HMAC_SHA2_256"},
    {Prf::PRF_HMAC_SHA2_384, Use::DEFAULT, "prfsha384", MacKind::HMAC, "SHA2-384", 48, 48, 0, "RFC 4868 §2.4", "PRF_HMAC_SHA2_384"},
    {Prf::PRF_HMAC_SHA2_512, Use::DEFAULT, "prfsha512", MacKind::HMAC, "SHA2-512", 64, 64, 0, "RFC 4868 §2.4", "PRF_HMAC_SHA2_512"},
    {Prf::PRF_AES128_XCBC, Use::NAMED, "prfaesxcbc", MacKind::XCBC, "AES-128-CBC", 16, 16, 8, "RFC 4434", "PRF_AES128_XCBC"},
    {Prf::PRF_AES128_CMAC, Use::NAMED, "prfaescmac", MacKind::CMAC, "AES-128-CBC", 16, 16, 8, "RFC 4615", "PRF_AES128_CMAC"},
};

constexpr IntegRow INTEG_ROWS[] = {
    // id, use, keyword, MAC, digest or cipher, key, ICV octets,
    //     Wireshark's IKE name, Wireshark's ESP name, source, charon's name
    // Its "ANY 96-bits of Authentication" for IKE refuses a row with SK_a keys, the one for ESP does not.
    {Integ::AUTH_HMAC_SHA1_96, Use::NAMED, "sha1", MacKind::HMAC, "SHA1", 20, 12,
     "HMAC_SHA1_96 [RFC2404]", "HMAC-SHA-1-96 [RFC2404]", "RFC 2404", "HMAC_SHA1_96"},
    {Integ::AUTH_HMAC_SHA2_256_128, Use::DEFAULT, "sha256", MacKind::HMAC, "SHA2-256", 32, 16,
     "HMAC_SHA2_256_128 [RFC4868]", "HMAC-SHA-256-128 [RFC4868]", "RFC 4868 §2.6", "HMAC_SHA2_256_128"},
    {Integ::AUTH_HMAC_SHA2_384_192, Use::DEFAULT, "sha384", MacKind::HMAC, "SHA2-384", 48, 24,
     "HMAC_SHA2_384_192 [RFC4868]", "HMAC-SHA-384-192 [RFC4868]", "RFC 4868 §2.6", "HMAC_SHA2_384_192"},
    {Integ::AUTH_HMAC_SHA2_512_256, Use::DEFAULT, "sha512", MacKind::HMAC, "SHA2-512", 64, 32,
     "HMAC_SHA2_512_256 [RFC4868]", "HMAC-SHA-512-256 [RFC4868]", "RFC 4868 §2.6", "HMAC_SHA2_512_256"},
    {Integ::AUTH_AES_XCBC_96, Use::NAMED, "aesxcbc", MacKind::XCBC, "AES-128-CBC", 16, 12,
     "", "ANY 96 bit authentication [no checking]", "RFC 3566", "AES_XCBC_96"},
    {Integ::AUTH_AES_CMAC_96, Use::NAMED, "aescmac", MacKind::CMAC, "AES-128-CBC", 16, 12,
     "", "ANY 96 bit authentication [no checking]", "RFC 4494", "AES_CMAC_96"},
    {Integ::AUTH_HMAC_SHA1_160, Use::CAPTURE, "sha1_160", MacKind::HMAC, "SHA1", 20, 20,
     "HMAC_SHA1_160 [RFC4595]", "", "RFC 4595 §2", "HMAC_SHA1_160"},
};

constexpr KeRow KE_ROWS[] = {
    // id, kind, use, keyword, OpenSSL's name, public octets, shared octets, source, charon's name
    {KeMethod::CURVE25519, KeKind::MONTGOMERY, Use::DEFAULT, "x25519", "X25519", 32, 32, "RFC 8031", "CURVE_25519"},
    {KeMethod::ECP_256, KeKind::ECP, Use::DEFAULT, "ecp256", "P-256", 64, 32, "RFC 5903", "ECP_256"},
    {KeMethod::ECP_384, KeKind::ECP, Use::DEFAULT, "ecp384", "P-384", 96, 48, "RFC 5903", "ECP_384"},
    {KeMethod::ECP_521, KeKind::ECP, Use::DEFAULT, "ecp521", "P-521", 132, 66, "RFC 5903", "ECP_521"},
    {KeMethod::MODP_2048, KeKind::MODP, Use::DEFAULT, "modp2048", "modp_2048", 256, 256, "RFC 3526 §3", "MODP_2048"},
    {KeMethod::MODP_3072, KeKind::MODP, Use::DEFAULT, "modp3072", "modp_3072", 384, 384, "RFC 3526 §4", "MODP_3072"},
    {KeMethod::MODP_4096, KeKind::MODP, Use::DEFAULT, "modp4096", "modp_4096", 512, 512, "RFC 3526 §5", "MODP_4096"},
    {KeMethod::MODP_6144, KeKind::MODP, Use::NAMED, "modp6144", "modp_6144", 768, 768, "RFC 3526 §6", "MODP_6144"},
    {KeMethod::MODP_8192, KeKind::MODP, Use::NAMED, "modp8192", "modp_8192", 1024, 1024, "RFC 3526 §7", "MODP_8192"},
    {KeMethod::CURVE448, KeKind::MONTGOMERY, Use::NAMED, "x448", "X448", 56, 56, "RFC 8031", "CURVE_448"},
    {KeMethod::BRAINPOOL_256, KeKind::ECP, Use::NAMED, "ecp256bp", "brainpoolP256r1", 64, 32, "RFC 6954", "ECP_256_BP"},
    {KeMethod::BRAINPOOL_384, KeKind::ECP, Use::NAMED, "ecp384bp", "brainpoolP384r1", 96, 48, "RFC 6954", "ECP_384_BP"},
    {KeMethod::BRAINPOOL_512, KeKind::ECP, Use::NAMED, "ecp512bp", "brainpoolP512r1", 128, 64, "RFC 6954", "ECP_512_BP"},
    {KeMethod::BRAINPOOL_224, KeKind::ECP, Use::NAMED, "ecp224bp", "brainpoolP224r1", 56, 28, "RFC 6954", "ECP_224_BP"},
    {KeMethod::MODP_1536, KeKind::MODP, Use::NAMED, "modp1536", "modp_1536", 192, 192, "RFC 3526 §2", "MODP_1536"},
    {KeMethod::MODP_1024, KeKind::MODP, Use::NAMED, "modp1024", "", 128, 128, "RFC 2409 §6.2", "MODP_1024"},
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
