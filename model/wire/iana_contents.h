// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

/**
 * Code points inside payloads: certificates, configuration, notification data, EAP. As in iana.h,
 * any number of the underlying type is a valid value.
 */
namespace ikelab::wire
{

/// RFC 7296 §3.6, RFC 4806, RFC 7670
enum class CertEncoding : uint8_t
{
    PKCS7_WRAPPED_X509_CERTIFICATE = 1,
    PGP_CERTIFICATE = 2,
    DNS_SIGNED_KEY = 3,
    X509_CERTIFICATE_SIGNATURE = 4,
    KERBEROS_TOKEN = 6,
    CERTIFICATE_REVOCATION_LIST = 7,
    AUTHORITY_REVOCATION_LIST = 8,
    SPKI_CERTIFICATE = 9,
    X509_CERTIFICATE_ATTRIBUTE = 10,
    RAW_RSA_KEY = 11,
    HASH_AND_URL_OF_X509_CERTIFICATE = 12,
    HASH_AND_URL_OF_X509_BUNDLE = 13,
    OCSP_CONTENT = 14,
    RAW_PUBLIC_KEY = 15,
};

/// RFC 7296 §3.15
enum class CfgType : uint8_t
{
    CFG_REQUEST = 1,
    CFG_REPLY = 2,
    CFG_SET = 3,
    CFG_ACK = 4,
};

/// RFC 7296 §3.15.1 and its companions; 15 bits
enum class CfgAttributeType : uint16_t
{
    INTERNAL_IP4_ADDRESS = 1,
    INTERNAL_IP4_NETMASK = 2,
    INTERNAL_IP4_DNS = 3,
    INTERNAL_IP4_NBNS = 4,
    INTERNAL_IP4_DHCP = 6,
    APPLICATION_VERSION = 7,
    INTERNAL_IP6_ADDRESS = 8,
    INTERNAL_IP6_DNS = 10,
    INTERNAL_IP6_DHCP = 12,
    INTERNAL_IP4_SUBNET = 13,
    SUPPORTED_ATTRIBUTES = 14,
    INTERNAL_IP6_SUBNET = 15,
    MIP6_HOME_PREFIX = 16,
    INTERNAL_IP6_LINK = 17,
    INTERNAL_IP6_PREFIX = 18,
    HOME_AGENT_ADDRESS = 19,
    P_CSCF_IP4_ADDRESS = 20,
    P_CSCF_IP6_ADDRESS = 21,
    FTT_KAT = 22,
    EXTERNAL_SOURCE_IP4_NAT_INFO = 23,
    TIMEOUT_PERIOD_FOR_LIVENESS_CHECK = 24,
    INTERNAL_DNS_DOMAIN = 25,
    INTERNAL_DNSSEC_TA = 26,
    ENCDNS_IP4 = 27,
    ENCDNS_IP6 = 28,
    ENCDNS_DIGEST_INFO = 29,
};

/// RFC 7296 §2.22
enum class IpcompId : uint8_t
{
    IPCOMP_OUI = 1,
    IPCOMP_DEFLATE = 2,
    IPCOMP_LZS = 3,
    IPCOMP_LZJH = 4,
};

/// RFC 5685 §9
enum class GatewayIdentityType : uint8_t
{
    IPV4_ADDRESS = 1,
    IPV6_ADDRESS = 2,
    FQDN = 3,
};

/// RFC 5857; 15 bits
enum class RohcAttributeType : uint16_t
{
    MAX_CID = 1,
    ROHC_PROFILE = 2,
    ROHC_INTEG = 3,
    ROHC_ICV_LEN = 4,
    MRRU = 5,
};

/// RFC 6467
enum class SecurePasswordMethod : uint16_t
{
    PACE = 1,
    AUGPAKE = 2,
    SECURE_PSK_AUTHENTICATION = 3,
};

/// RFC 7427 §7
enum class HashAlgorithm : uint16_t
{
    SHA1 = 1,
    SHA2_256 = 2,
    SHA2_384 = 3,
    SHA2_512 = 4,
    IDENTITY = 5,
    STREEBOG_256 = 6,
    STREEBOG_512 = 7,
};

/// RFC 8784 §5.1
enum class PpkIdType : uint8_t
{
    PPK_ID_OPAQUE = 1,
    PPK_ID_FIXED = 2,
};

/// RFC 9838; 15 bits, as those of the three enumerations that follow
enum class GroupSaAttribute : uint16_t
{
    GSA_KEY_LIFETIME = 1,
    GSA_INITIAL_MESSAGE_ID = 2,
    GSA_NEXT_SPI = 3,
};

/// RFC 9838
enum class GroupPolicyAttribute : uint16_t
{
    GWP_ATD = 1,
    GWP_DTD = 2,
    GWP_SENDER_ID_BITS = 3,
};

/// RFC 9838
enum class GroupKeyBagAttribute : uint16_t
{
    SA_KEY = 1,
};

/// RFC 9838
enum class MemberKeyBagAttribute : uint16_t
{
    WRAP_KEY = 1,
    AUTH_KEY = 2,
    GM_SENDER_ID = 3,
};

/// RFC 3748 §4
enum class EapCode : uint8_t
{
    REQUEST = 1,
    RESPONSE = 2,
    SUCCESS = 3,
    FAILURE = 4,
    INITIATE = 5,
    FINISH = 6,
};

/// RFC 3748 §5: the methods that occur inside IKEv2; the table of names is complete
enum class EapType : uint8_t
{
    IDENTITY = 1,
    NOTIFICATION = 2,
    LEGACY_NAK = 3,
    MD5_CHALLENGE = 4,
    ONE_TIME_PASSWORD = 5,
    GENERIC_TOKEN_CARD = 6,
    EAP_TLS = 13,
    EAP_SIM = 18,
    EAP_TTLS = 21,
    EAP_AKA = 23,
    PEAP = 25,
    EAP_MSCHAP_V2 = 29,
    EAP_FAST = 43,
    EAP_PSK = 47,
    EAP_IKEV2 = 49,
    EAP_AKA_PRIME = 50,
    EAP_GPSK = 51,
    EAP_PWD = 52,
    TEAP = 55,
    EXPANDED_TYPE = 254,
    EXPERIMENTAL = 255,
};

/// The registry's name, or the number in decimal digits for values that it does not hold.
std::string ToString(CertEncoding value);
std::string ToString(CfgType value);
std::string ToString(CfgAttributeType value);
std::string ToString(IpcompId value);
std::string ToString(GatewayIdentityType value);
std::string ToString(RohcAttributeType value);
std::string ToString(SecurePasswordMethod value);
std::string ToString(HashAlgorithm value);
std::string ToString(PpkIdType value);
std::string ToString(GroupSaAttribute value);
std::string ToString(GroupPolicyAttribute value);
std::string ToString(GroupKeyBagAttribute value);
std::string ToString(MemberKeyBagAttribute value);
std::string ToString(EapCode value);
std::string ToString(EapType value);

} // namespace ikelab::wire
