// SPDX-License-Identifier: MIT
#include "wire/iana.h"

#include <cstddef>

namespace ikelab::wire
{

namespace
{

struct Name
{
    uint16_t value;
    std::string_view name;
};

/// A notify type's names: the registry's, and the one in charon's log.
struct NotifyName
{
    uint16_t value;
    std::string_view name;
    std::string_view shortName;
};

// The registry "Internet Key Exchange Version 2 (IKEv2) Parameters", table by table.

constexpr Name EXCHANGE_TYPES[] = {
    {34, "IKE_SA_INIT"},
    {35, "IKE_AUTH"},
    {36, "CREATE_CHILD_SA"},
    {37, "INFORMATIONAL"},
    {38, "IKE_SESSION_RESUME"},
    {39, "GSA_AUTH"},
    {40, "GSA_REGISTRATION"},
    {41, "GSA_REKEY"},
    {42, "GSA_INBAND_REKEY"},
    {43, "IKE_INTERMEDIATE"},
    {44, "IKE_FOLLOWUP_KE"},
};

// The column "Notation"; the registry calls a nonce Ni or Nr, charon No.
constexpr Name PAYLOAD_TYPES[] = {
    {0, "NONE"},     {33, "SA"},   {34, "KE"}, {35, "IDi"}, {36, "IDr"}, {37, "CERT"},
    {38, "CERTREQ"}, {39, "AUTH"}, {40, "No"}, {41, "N"},   {42, "D"},   {43, "V"},
    {44, "TSi"},     {45, "TSr"},  {46, "SK"}, {47, "CP"},  {48, "EAP"}, {49, "GSPM"},
    {50, "IDg"},     {51, "GSA"},  {52, "KD"}, {53, "SKF"}, {54, "PS"},
};

constexpr Name PROTOCOL_IDS[] = {
    {0, "NONE"},
    {1, "IKE"},
    {2, "AH"},
    {3, "ESP"},
    {4, "FC_ESP_HEADER"},
    {5, "FC_CT_AUTHENTICATION"},
    {6, "GIKE_UPDATE"},
};

// The abbreviations in parentheses; type 5 keeps the name that it had until RFC 9827.
constexpr Name TRANSFORM_TYPES[] = {
    {1, "ENCR"},
    {2, "PRF"},
    {3, "INTEG"},
    {4, "KE"},
    {5, "ESN"},
    {6, "ADDKE1"},
    {7, "ADDKE2"},
    {8, "ADDKE3"},
    {9, "ADDKE4"},
    {10, "ADDKE5"},
    {11, "ADDKE6"},
    {12, "ADDKE7"},
    {13, "KWA"},
    {14, "GCAUTH"},
};

constexpr Name ENCR_IDS[] = {
    {1, "ENCR_DES_IV64"},
    {2, "ENCR_DES"},
    {3, "ENCR_3DES"},
    {4, "ENCR_RC5"},
    {5, "ENCR_IDEA"},
    {6, "ENCR_CAST"},
    {7, "ENCR_BLOWFISH"},
    {8, "ENCR_3IDEA"},
    {9, "ENCR_DES_IV32"},
    {11, "ENCR_NULL"},
    {12, "ENCR_AES_CBC"},
    {13, "ENCR_AES_CTR"},
    {14, "ENCR_AES_CCM_8"},
    {15, "ENCR_AES_CCM_12"},
    {16, "ENCR_AES_CCM_16"},
    {18, "ENCR_AES_GCM_8"},
    {19, "ENCR_AES_GCM_12"},
    {20, "ENCR_AES_GCM_16"},
    {21, "ENCR_NULL_AUTH_AES_GMAC"},
    {23, "ENCR_CAMELLIA_CBC"},
    {24, "ENCR_CAMELLIA_CTR"},
    {25, "ENCR_CAMELLIA_CCM_8"},
    {26, "ENCR_CAMELLIA_CCM_12"},
    {27, "ENCR_CAMELLIA_CCM_16"},
    {28, "ENCR_CHACHA20_POLY1305"},
    {29, "ENCR_AES_CCM_8_IIV"},
    {30, "ENCR_AES_GCM_16_IIV"},
    {31, "ENCR_CHACHA20_POLY1305_IIV"},
    {32, "ENCR_KUZNYECHIK_MGM_KTREE"},
    {33, "ENCR_MAGMA_MGM_KTREE"},
    {34, "ENCR_KUZNYECHIK_MGM_MAC_KTREE"},
    {35, "ENCR_MAGMA_MGM_MAC_KTREE"},
};

constexpr Name PRF_IDS[] = {
    {1, "PRF_HMAC_MD5"},
    {2, "PRF_HMAC_SHA1"},
    {3, "PRF_HMAC_TIGER"},
    {4, "PRF_AES128_XCBC"},
    {5, "PRF_HMAC_SHA2_256"},
    {6, "PRF_HMAC_SHA2_384"},
    {7, "PRF_HMAC_SHA2_512"},
    {8, "PRF_AES128_CMAC"},
    {9, "PRF_HMAC_STREEBOG_512"},
};

constexpr Name INTEG_IDS[] = {
    {0, "NONE"},
    {1, "AUTH_HMAC_MD5_96"},
    {2, "AUTH_HMAC_SHA1_96"},
    {3, "AUTH_DES_MAC"},
    {4, "AUTH_KPDK_MD5"},
    {5, "AUTH_AES_XCBC_96"},
    {6, "AUTH_HMAC_MD5_128"},
    {7, "AUTH_HMAC_SHA1_160"},
    {8, "AUTH_AES_CMAC_96"},
    {9, "AUTH_AES_128_GMAC"},
    {10, "AUTH_AES_192_GMAC"},
    {11, "AUTH_AES_256_GMAC"},
    {12, "AUTH_HMAC_SHA2_256_128"},
    {13, "AUTH_HMAC_SHA2_384_192"},
    {14, "AUTH_HMAC_SHA2_512_256"},
};

constexpr Name KE_METHODS[] = {
    {0, "NONE"},
    {1, "768-bit MODP Group"},
    {2, "1024-bit MODP Group"},
    {5, "1536-bit MODP Group"},
    {14, "2048-bit MODP Group"},
    {15, "3072-bit MODP Group"},
    {16, "4096-bit MODP Group"},
    {17, "6144-bit MODP Group"},
    {18, "8192-bit MODP Group"},
    {19, "256-bit random ECP group"},
    {20, "384-bit random ECP group"},
    {21, "521-bit random ECP group"},
    {22, "1024-bit MODP Group with 160-bit Prime"},
    {23, "2048-bit MODP Group with 224-bit Prime"},
    {24, "2048-bit MODP Group with 256-bit Prime"},
    {25, "192-bit Random ECP Group"},
    {26, "224-bit Random ECP Group"},
    {27, "brainpoolP224r1"},
    {28, "brainpoolP256r1"},
    {29, "brainpoolP384r1"},
    {30, "brainpoolP512r1"},
    {31, "Curve25519"},
    {32, "Curve448"},
    {33, "GOST3410_2012_256"},
    {34, "GOST3410_2012_512"},
    {35, "ml-kem-512"},
    {36, "ml-kem-768"},
    {37, "ml-kem-1024"},
};

constexpr Name ESN_IDS[] = {
    {0, "32-bit Sequential Numbers"},
    {1, "Partially Transmitted 64-bit Sequential Numbers"},
    {2, "32-bit Unspecified Numbers"},
};

constexpr NotifyName NOTIFY_TYPES[] = {
    {1, "UNSUPPORTED_CRITICAL_PAYLOAD", "CRIT"},
    {4, "INVALID_IKE_SPI", "INVAL_IKE_SPI"},
    {5, "INVALID_MAJOR_VERSION", "INVAL_MAJOR"},
    {7, "INVALID_SYNTAX", "INVAL_SYN"},
    {9, "INVALID_MESSAGE_ID", "INVAL_MID"},
    {11, "INVALID_SPI", "INVAL_SPI"},
    {14, "NO_PROPOSAL_CHOSEN", "NO_PROP"},
    {17, "INVALID_KE_PAYLOAD", "INVAL_KE"},
    {24, "AUTHENTICATION_FAILED", "AUTH_FAILED"},
    {34, "SINGLE_PAIR_REQUIRED", "SINGLE_PAIR"},
    {35, "NO_ADDITIONAL_SAS", "NO_ADD_SAS"},
    {36, "INTERNAL_ADDRESS_FAILURE", "INT_ADDR_FAIL"},
    {37, "FAILED_CP_REQUIRED", "FAIL_CP_REQ"},
    {38, "TS_UNACCEPTABLE", "TS_UNACCEPT"},
    {39, "INVALID_SELECTORS", "INVAL_SEL"},
    {40, "UNACCEPTABLE_ADDRESSES", "UNACCEPT_ADDR"},
    {41, "UNEXPECTED_NAT_DETECTED", "UNEXPECT_NAT"},
    {42, "USE_ASSIGNED_HoA", "USE_ASSIGNED_HoA"},
    {43, "TEMPORARY_FAILURE", "TEMP_FAIL"},
    {44, "CHILD_SA_NOT_FOUND", "NO_CHILD_SA"},
    {45, "INVALID_GROUP_ID", "INVALID_GROUP_ID"},
    {46, "AUTHORIZATION_FAILED", "AUTHORIZATION_FAILED"},
    {47, "STATE_NOT_FOUND", "STATE_NOT_FOUND"},
    {48, "TS_MAX_QUEUE", "TS_MAX_QUEUE"},
    {49, "REGISTRATION_FAILED", "REGISTRATION_FAILED"},
    {16384, "INITIAL_CONTACT", "INIT_CONTACT"},
    {16385, "SET_WINDOW_SIZE", "SET_WINSIZE"},
    {16386, "ADDITIONAL_TS_POSSIBLE", "ADD_TS_POSS"},
    {16387, "IPCOMP_SUPPORTED", "IPCOMP_SUP"},
    {16388, "NAT_DETECTION_SOURCE_IP", "NATD_S_IP"},
    {16389, "NAT_DETECTION_DESTINATION_IP", "NATD_D_IP"},
    {16390, "COOKIE", "COOKIE"},
    {16391, "USE_TRANSPORT_MODE", "USE_TRANSP"},
    {16392, "HTTP_CERT_LOOKUP_SUPPORTED", "HTTP_CERT_LOOK"},
    {16393, "REKEY_SA", "REKEY_SA"},
    {16394, "ESP_TFC_PADDING_NOT_SUPPORTED", "ESP_TFC_PAD_N"},
    {16395, "NON_FIRST_FRAGMENTS_ALSO", "NON_FIRST_FRAG"},
    {16396, "MOBIKE_SUPPORTED", "MOBIKE_SUP"},
    {16397, "ADDITIONAL_IP4_ADDRESS", "ADD_4_ADDR"},
    {16398, "ADDITIONAL_IP6_ADDRESS", "ADD_6_ADDR"},
    {16399, "NO_ADDITIONAL_ADDRESSES", "NO_ADD_ADDR"},
    {16400, "UPDATE_SA_ADDRESSES", "UPD_SA_ADDR"},
    {16401, "COOKIE2", "COOKIE2"},
    {16402, "NO_NATS_ALLOWED", "NO_NATS"},
    {16403, "AUTH_LIFETIME", "AUTH_LFT"},
    {16404, "MULTIPLE_AUTH_SUPPORTED", "MULT_AUTH"},
    {16405, "ANOTHER_AUTH_FOLLOWS", "AUTH_FOLLOWS"},
    {16406, "REDIRECT_SUPPORTED", "REDIR_SUP"},
    {16407, "REDIRECT", "REDIR"},
    {16408, "REDIRECTED_FROM", "REDIR_FROM"},
    {16409, "TICKET_LT_OPAQUE", "TKT_LT_OPAK"},
    {16410, "TICKET_REQUEST", "TKT_REQ"},
    {16411, "TICKET_ACK", "TKT_ACK"},
    {16412, "TICKET_NACK", "TKT_NACK"},
    {16413, "TICKET_OPAQUE", "TKT_OPAK"},
    {16414, "LINK_ID", "LINK_ID"},
    {16415, "USE_WESP_MODE", "WESP_MODE"},
    {16416, "ROHC_SUPPORTED", "ROHC_SUP"},
    {16417, "EAP_ONLY_AUTHENTICATION", "EAP_ONLY"},
    {16418, "CHILDLESS_IKEV2_SUPPORTED", "CHDLESS_SUP"},
    {16419, "QUICK_CRASH_DETECTION", "CRASH_DET"},
    {16420, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED", "MSG_ID_SYN_SUP"},
    {16421, "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED", "RPL_CTR_SYN_SUP"},
    {16422, "IKEV2_MESSAGE_ID_SYNC", "MSG_ID_SYN"},
    {16423, "IPSEC_REPLAY_COUNTER_SYNC", "RPL_CTR_SYN"},
    {16424, "SECURE_PASSWORD_METHODS", "SEC_PASSWD"},
    {16425, "PSK_PERSIST", "PSK_PST"},
    {16426, "PSK_CONFIRM", "PSK_CFM"},
    {16427, "ERX_SUPPORTED", "ERX_SUP"},
    {16428, "IFOM_CAPABILITY", "IFOM_CAP"},
    {16429, "GROUP_SENDER", "SENDER_REQ_ID"},
    {16430, "IKEV2_FRAGMENTATION_SUPPORTED", "FRAG_SUP"},
    {16431, "SIGNATURE_HASH_ALGORITHMS", "HASH_ALG"},
    {16432, "CLONE_IKE_SA_SUPPORTED", "CLONE_IKE_SA_SUPPORTED"},
    {16433, "CLONE_IKE_SA", "CLONE_IKE_SA"},
    {16434, "PUZZLE", "PUZZLE"},
    {16435, "USE_PPK", "USE_PPK"},
    {16436, "PPK_IDENTITY", "PPK_ID"},
    {16437, "NO_PPK_AUTH", "NO_PPK"},
    {16438, "INTERMEDIATE_EXCHANGE_SUPPORTED", "IKE_INT_SUP"},
    {16439, "IP4_ALLOWED", "IP4_ALLOWED"},
    {16440, "IP6_ALLOWED", "IP6_ALLOWED"},
    {16441, "ADDITIONAL_KEY_EXCHANGE", "ADD_KE"},
    {16442, "USE_AGGFRAG", "USE_AGGFRAG"},
    {16443, "SUPPORTED_AUTH_METHODS", "SUPPORTED_AUTH_METHODS"},
    {16444, "SA_RESOURCE_INFO", "SA_RESOURCE_INFO"},
    {16445, "USE_PPK_INT", "USE_PPK_INT"},
    {16446, "PPK_IDENTITY_KEY", "PPK_IDENTITY_KEY"},
    {16447, "IKE_SA_INIT_FULL_TRANSCRIPT_AUTH", "IKE_SA_INIT_FULL_TRANSCRIPT_AUTH"},
};

constexpr Name ID_TYPES[] = {
    {1, "ID_IPV4_ADDR"},
    {2, "ID_FQDN"},
    {3, "ID_RFC822_ADDR"},
    {5, "ID_IPV6_ADDR"},
    {9, "ID_DER_ASN1_DN"},
    {10, "ID_DER_ASN1_GN"},
    {11, "ID_KEY_ID"},
    {12, "ID_FC_NAME"},
    {13, "ID_NULL"},
};

constexpr Name AUTH_METHODS[] = {
    {1, "RSA Digital Signature"},
    {2, "Shared Key Message Integrity Code"},
    {3, "DSS Digital Signature"},
    {9, "ECDSA with SHA-256 on the P-256 curve"},
    {10, "ECDSA with SHA-384 on the P-384 curve"},
    {11, "ECDSA with SHA-512 on the P-521 curve"},
    {12, "Generic Secure Password Authentication Method"},
    {13, "NULL Authentication"},
    {14, "Digital Signature"},
};

constexpr Name TS_TYPES[] = {
    {7, "TS_IPV4_ADDR_RANGE"},
    {8, "TS_IPV6_ADDR_RANGE"},
    {9, "TS_FC_ADDR_RANGE"},
    {10, "TS_SECLABEL"},
};

template <typename Value, size_t COUNT>
std::string
NameOf(Value value, const Name (&names)[COUNT])
{
    const auto number = static_cast<uint16_t>(value);
    for (const Name& row : names)
    {
        if (row.value == number)
        {
            return std::string(row.name);
        }
    }
    return std::to_string(number);
}

std::string
NameOfNotify(NotifyType value, std::string_view NotifyName::*column)
{
    const auto number = static_cast<uint16_t>(value);
    for (const NotifyName& row : NOTIFY_TYPES)
    {
        if (row.value == number)
        {
            return std::string(row.*column);
        }
    }
    return std::to_string(number);
}

} // namespace

std::string
ToString(ExchangeType value)
{
    return NameOf(value, EXCHANGE_TYPES);
}

std::string
ToString(PayloadType value)
{
    return NameOf(value, PAYLOAD_TYPES);
}

std::string
ToString(ProtocolId value)
{
    return NameOf(value, PROTOCOL_IDS);
}

std::string
ToString(TransformType value)
{
    return NameOf(value, TRANSFORM_TYPES);
}

std::string
ToString(Encr value)
{
    return NameOf(value, ENCR_IDS);
}

std::string
ToString(Prf value)
{
    return NameOf(value, PRF_IDS);
}

std::string
ToString(Integ value)
{
    return NameOf(value, INTEG_IDS);
}

std::string
ToString(KeMethod value)
{
    return NameOf(value, KE_METHODS);
}

std::string
ToString(Esn value)
{
    return NameOf(value, ESN_IDS);
}

std::string
ToString(IdType value)
{
    return NameOf(value, ID_TYPES);
}

std::string
ToString(AuthMethod value)
{
    return NameOf(value, AUTH_METHODS);
}

std::string
ToString(TsType value)
{
    return NameOf(value, TS_TYPES);
}

std::string
ToString(NotifyType value)
{
    return NameOfNotify(value, &NotifyName::name);
}

std::string
ShortName(NotifyType value)
{
    return NameOfNotify(value, &NotifyName::shortName);
}

std::string
ShortName(PayloadType value)
{
    // charon's log differs from the registry's notation in the encrypted fragment only.
    return value == PayloadType::SKF ? "EF" : ToString(value);
}

} // namespace ikelab::wire
