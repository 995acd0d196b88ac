// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

/**
 * Code points of IKEv2, spelled as the IANA registry prints them. The enumerations are open: any
 * number of the underlying type is a valid value, unknown ones survive and print as numbers.
 */
namespace ikelab::wire
{

enum class ExchangeType : uint8_t
{
    IKE_SA_INIT = 34,
    IKE_AUTH = 35,
    CREATE_CHILD_SA = 36,
    INFORMATIONAL = 37,
    IKE_SESSION_RESUME = 38,
    GSA_AUTH = 39,
    GSA_REGISTRATION = 40,
    GSA_REKEY = 41,
    GSA_INBAND_REKEY = 42,
    IKE_INTERMEDIATE = 43,
    IKE_FOLLOWUP_KE = 44,
};

enum class PayloadType : uint8_t
{
    NONE = 0,
    SA = 33,
    KE = 34,
    IDI = 35,
    IDR = 36,
    CERT = 37,
    CERTREQ = 38,
    AUTH = 39,
    NONCE = 40,
    NOTIFY = 41,
    DELETE = 42,
    VENDOR_ID = 43,
    TSI = 44,
    TSR = 45,
    SK = 46,
    CP = 47,
    EAP = 48,
    GSPM = 49,
    IDG = 50,
    GSA = 51,
    KD = 52,
    SKF = 53,
    PS = 54,
};

enum class ProtocolId : uint8_t
{
    NONE = 0,
    IKE = 1,
    AH = 2,
    ESP = 3,
    FC_ESP_HEADER = 4,
    FC_CT_AUTHENTICATION = 5,
    GIKE_UPDATE = 6,
};

enum class TransformType : uint8_t
{
    ENCR = 1,
    PRF = 2,
    INTEG = 3,
    KE = 4,
    ESN = 5, ///< SN since RFC 9827
    ADDKE1 = 6,
    ADDKE2 = 7,
    ADDKE3 = 8,
    ADDKE4 = 9,
    ADDKE5 = 10,
    ADDKE6 = 11,
    ADDKE7 = 12,
    KWA = 13,
    GCAUTH = 14,
};

/// Transform Type 1
enum class Encr : uint16_t
{
    ENCR_DES_IV64 = 1,
    ENCR_DES = 2,
    ENCR_3DES = 3,
    ENCR_RC5 = 4,
    ENCR_IDEA = 5,
    ENCR_CAST = 6,
    ENCR_BLOWFISH = 7,
    ENCR_3IDEA = 8,
    ENCR_DES_IV32 = 9,
    ENCR_NULL = 11,
    ENCR_AES_CBC = 12,
    ENCR_AES_CTR = 13,
    ENCR_AES_CCM_8 = 14,
    ENCR_AES_CCM_12 = 15,
    ENCR_AES_CCM_16 = 16,
    ENCR_AES_GCM_8 = 18,
    ENCR_AES_GCM_12 = 19,
    ENCR_AES_GCM_16 = 20,
    ENCR_NULL_AUTH_AES_GMAC = 21,
    ENCR_CAMELLIA_CBC = 23,
    ENCR_CAMELLIA_CTR = 24,
    ENCR_CAMELLIA_CCM_8 = 25,
    ENCR_CAMELLIA_CCM_12 = 26,
    ENCR_CAMELLIA_CCM_16 = 27,
    ENCR_CHACHA20_POLY1305 = 28,
    ENCR_AES_CCM_8_IIV = 29,
    ENCR_AES_GCM_16_IIV = 30,
    ENCR_CHACHA20_POLY1305_IIV = 31,
    ENCR_KUZNYECHIK_MGM_KTREE = 32,
    ENCR_MAGMA_MGM_KTREE = 33,
    ENCR_KUZNYECHIK_MGM_MAC_KTREE = 34,
    ENCR_MAGMA_MGM_MAC_KTREE = 35,
};

/// Transform Type 2
enum class Prf : uint16_t
{
    PRF_HMAC_MD5 = 1,
    PRF_HMAC_SHA1 = 2,
    PRF_HMAC_TIGER = 3,
    PRF_AES128_XCBC = 4,
    PRF_HMAC_SHA2_256 = 5,
    PRF_HMAC_SHA2_384 = 6,
    PRF_HMAC_SHA2_512 = 7,
    PRF_AES128_CMAC = 8,
    PRF_HMAC_STREEBOG_512 = 9,
};

/// Transform Type 3
enum class Integ : uint16_t
{
    NONE = 0,
    AUTH_HMAC_MD5_96 = 1,
    AUTH_HMAC_SHA1_96 = 2,
    AUTH_DES_MAC = 3,
    AUTH_KPDK_MD5 = 4,
    AUTH_AES_XCBC_96 = 5,
    AUTH_HMAC_MD5_128 = 6,
    AUTH_HMAC_SHA1_160 = 7,
    AUTH_AES_CMAC_96 = 8,
    AUTH_AES_128_GMAC = 9,
    AUTH_AES_192_GMAC = 10,
    AUTH_AES_256_GMAC = 11,
    AUTH_HMAC_SHA2_256_128 = 12,
    AUTH_HMAC_SHA2_384_192 = 13,
    AUTH_HMAC_SHA2_512_256 = 14,
};

/// Transform Type 4, Key Exchange Method
enum class KeMethod : uint16_t
{
    NONE = 0,
    MODP_768 = 1,
    MODP_1024 = 2,
    MODP_1536 = 5,
    MODP_2048 = 14,
    MODP_3072 = 15,
    MODP_4096 = 16,
    MODP_6144 = 17,
    MODP_8192 = 18,
    ECP_256 = 19,
    ECP_384 = 20,
    ECP_521 = 21,
    MODP_1024_160 = 22,
    MODP_2048_224 = 23,
    MODP_2048_256 = 24,
    ECP_192 = 25,
    ECP_224 = 26,
    BRAINPOOL_224 = 27,
    BRAINPOOL_256 = 28,
    BRAINPOOL_384 = 29,
    BRAINPOOL_512 = 30,
    CURVE25519 = 31,
    CURVE448 = 32,
    GOST3410_2012_256 = 33,
    GOST3410_2012_512 = 34,
    ML_KEM_512 = 35,
    ML_KEM_768 = 36,
    ML_KEM_1024 = 37,
};

/// Transform Type 5
enum class Esn : uint16_t
{
    NO_ESN = 0,
    ESN = 1,
    UNSPECIFIED_NUMBERS = 2,
};

/// Transform Type 13
enum class KeyWrap : uint16_t
{
    KW_5649_128 = 1,
    KW_5649_192 = 2,
    KW_5649_256 = 3,
    KW_ARX = 4,
};

/// Transform Type 14
enum class GroupControllerAuth : uint16_t
{
    IMPLICIT = 1,
    DIGITAL_SIGNATURE = 2,
};

/// Attributes of a transform, RFC 7296 §3.3.5
enum class TransformAttributeType : uint16_t
{
    KEY_LENGTH = 14,
    SIGNATURE_ALGORITHM_IDENTIFIER = 18,
};

enum class NotifyType : uint16_t
{
    UNSUPPORTED_CRITICAL_PAYLOAD = 1,
    INVALID_IKE_SPI = 4,
    INVALID_MAJOR_VERSION = 5,
    INVALID_SYNTAX = 7,
    INVALID_MESSAGE_ID = 9,
    INVALID_SPI = 11,
    NO_PROPOSAL_CHOSEN = 14,
    INVALID_KE_PAYLOAD = 17,
    AUTHENTICATION_FAILED = 24,
    SINGLE_PAIR_REQUIRED = 34,
    NO_ADDITIONAL_SAS = 35,
    INTERNAL_ADDRESS_FAILURE = 36,
    FAILED_CP_REQUIRED = 37,
    TS_UNACCEPTABLE = 38,
    INVALID_SELECTORS = 39,
    UNACCEPTABLE_ADDRESSES = 40,
    UNEXPECTED_NAT_DETECTED = 41,
    USE_ASSIGNED_HOA = 42,
    TEMPORARY_FAILURE = 43,
    CHILD_SA_NOT_FOUND = 44,
    INVALID_GROUP_ID = 45,
    AUTHORIZATION_FAILED = 46,
    STATE_NOT_FOUND = 47,
    TS_MAX_QUEUE = 48,
    REGISTRATION_FAILED = 49,
    INITIAL_CONTACT = 16384,
    SET_WINDOW_SIZE = 16385,
    ADDITIONAL_TS_POSSIBLE = 16386,
    IPCOMP_SUPPORTED = 16387,
    NAT_DETECTION_SOURCE_IP = 16388,
    NAT_DETECTION_DESTINATION_IP = 16389,
    COOKIE = 16390,
    USE_TRANSPORT_MODE = 16391,
    HTTP_CERT_LOOKUP_SUPPORTED = 16392,
    REKEY_SA = 16393,
    ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
    NON_FIRST_FRAGMENTS_ALSO = 16395,
    MOBIKE_SUPPORTED = 16396,
    ADDITIONAL_IP4_ADDRESS = 16397,
    ADDITIONAL_IP6_ADDRESS = 16398,
    NO_ADDITIONAL_ADDRESSES = 16399,
    UPDATE_SA_ADDRESSES = 16400,
    COOKIE2 = 16401,
    NO_NATS_ALLOWED = 16402,
    AUTH_LIFETIME = 16403,
    MULTIPLE_AUTH_SUPPORTED = 16404,
    ANOTHER_AUTH_FOLLOWS = 16405,
    REDIRECT_SUPPORTED = 16406,
    REDIRECT = 16407,
    REDIRECTED_FROM = 16408,
    TICKET_LT_OPAQUE = 16409,
    TICKET_REQUEST = 16410,
    TICKET_ACK = 16411,
    TICKET_NACK = 16412,
    TICKET_OPAQUE = 16413,
    LINK_ID = 16414,
    USE_WESP_MODE = 16415,
    ROHC_SUPPORTED = 16416,
    EAP_ONLY_AUTHENTICATION = 16417,
    CHILDLESS_IKEV2_SUPPORTED = 16418,
    QUICK_CRASH_DETECTION = 16419,
    IKEV2_MESSAGE_ID_SYNC_SUPPORTED = 16420,
    IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED = 16421,
    IKEV2_MESSAGE_ID_SYNC = 16422,
    IPSEC_REPLAY_COUNTER_SYNC = 16423,
    SECURE_PASSWORD_METHODS = 16424,
    PSK_PERSIST = 16425,
    PSK_CONFIRM = 16426,
    ERX_SUPPORTED = 16427,
    IFOM_CAPABILITY = 16428,
    GROUP_SENDER = 16429,
    IKEV2_FRAGMENTATION_SUPPORTED = 16430,
    SIGNATURE_HASH_ALGORITHMS = 16431,
    CLONE_IKE_SA_SUPPORTED = 16432,
    CLONE_IKE_SA = 16433,
    PUZZLE = 16434,
    USE_PPK = 16435,
    PPK_IDENTITY = 16436,
    NO_PPK_AUTH = 16437,
    INTERMEDIATE_EXCHANGE_SUPPORTED = 16438,
    IP4_ALLOWED = 16439,
    IP6_ALLOWED = 16440,
    ADDITIONAL_KEY_EXCHANGE = 16441,
    USE_AGGFRAG = 16442,
    SUPPORTED_AUTH_METHODS = 16443,
    SA_RESOURCE_INFO = 16444,
    USE_PPK_INT = 16445,
    PPK_IDENTITY_KEY = 16446,
    IKE_SA_INIT_FULL_TRANSCRIPT_AUTH = 16447,
};

/// Notify types below this are errors, RFC 7296 §3.10.1.
inline constexpr uint16_t FIRST_STATUS_NOTIFY = 16384;

enum class IdType : uint8_t
{
    ID_IPV4_ADDR = 1,
    ID_FQDN = 2,
    ID_RFC822_ADDR = 3,
    ID_IPV6_ADDR = 5,
    ID_DER_ASN1_DN = 9,
    ID_DER_ASN1_GN = 10,
    ID_KEY_ID = 11,
    ID_FC_NAME = 12,
    ID_NULL = 13,
};

enum class AuthMethod : uint8_t
{
    RSA_DIGITAL_SIGNATURE = 1,
    SHARED_KEY_MESSAGE_INTEGRITY_CODE = 2,
    DSS_DIGITAL_SIGNATURE = 3,
    ECDSA_SHA256_P256 = 9,
    ECDSA_SHA384_P384 = 10,
    ECDSA_SHA512_P521 = 11,
    GENERIC_SECURE_PASSWORD = 12,
    NULL_AUTHENTICATION = 13,
    DIGITAL_SIGNATURE = 14,
};

enum class TsType : uint8_t
{
    TS_IPV4_ADDR_RANGE = 7,
    TS_IPV6_ADDR_RANGE = 8,
    TS_FC_ADDR_RANGE = 9,
    TS_SECLABEL = 10,
};

/// The registry's name, or the number in decimal digits for values that it does not hold.
std::string ToString(ExchangeType value);
std::string ToString(PayloadType value);
std::string ToString(ProtocolId value);
std::string ToString(TransformType value);
std::string ToString(Encr value);
std::string ToString(Prf value);
std::string ToString(Integ value);
std::string ToString(KeMethod value);
std::string ToString(Esn value);
std::string ToString(KeyWrap value);
std::string ToString(GroupControllerAuth value);
std::string ToString(TransformAttributeType value);
std::string ToString(NotifyType value);
std::string ToString(IdType value);
std::string ToString(AuthMethod value);
std::string ToString(TsType value);

/// The long name of a payload: "Security Association", "Key Exchange" ...; else the number.
std::string Title(PayloadType value);

/// The short name that charon's log uses: "NATD_S_IP", "FRAG_SUP", "NO_PROP" ...; else the number.
std::string ShortName(NotifyType value);
/// The short payload name that charon's log uses: "SA", "KE", "No", "IDi", "TSi", "N", "D" ...
std::string ShortName(PayloadType value);

} // namespace ikelab::wire
