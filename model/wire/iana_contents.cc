// SPDX-License-Identifier: MIT
#include "wire/iana_contents.h"

#include "wire/name_table.h"

namespace ikelab::wire
{

namespace
{

// Names of the registry "Internet Key Exchange Version 2 (IKEv2) Parameters", table by table.

constexpr Name CERT_ENCODINGS[] = {
    {1, "PKCS #7 wrapped X.509 certificate"},
    {2, "PGP Certificate"},
    {3, "DNS Signed Key"},
    {4, "X.509 Certificate - Signature"},
    {6, "Kerberos Token"},
    {7, "Certificate Revocation List (CRL)"},
    {8, "Authority Revocation List (ARL)"},
    {9, "SPKI Certificate"},
    {10, "X.509 Certificate - Attribute"},
    {11, "Raw RSA Key (DEPRECATED)"},
    {12, "Hash and URL of X.509 certificate"},
    {13, "Hash and URL of X.509 bundle"},
    {14, "OCSP Content"},
    {15, "Raw Public Key"},
};

constexpr Name CFG_TYPES[] = {
    {1, "CFG_REQUEST"},
    {2, "CFG_REPLY"},
    {3, "CFG_SET"},
    {4, "CFG_ACK"},
};

constexpr Name CFG_ATTRIBUTES[] = {
    {1, "INTERNAL_IP4_ADDRESS"},
    {2, "INTERNAL_IP4_NETMASK"},
    {3, "INTERNAL_IP4_DNS"},
    {4, "INTERNAL_IP4_NBNS"},
    {6, "INTERNAL_IP4_DHCP"},
    {7, "APPLICATION_VERSION"},
    {8, "INTERNAL_IP6_ADDRESS"},
    {10, "INTERNAL_IP6_DNS"},
    {12, "INTERNAL_IP6_DHCP"},
    {13, "INTERNAL_IP4_SUBNET"},
    {14, "SUPPORTED_ATTRIBUTES"},
    {15, "INTERNAL_IP6_SUBNET"},
    {16, "MIP6_HOME_PREFIX"},
    {17, "INTERNAL_IP6_LINK"},
    {18, "INTERNAL_IP6_PREFIX"},
    {19, "HOME_AGENT_ADDRESS"},
    {20, "P_CSCF_IP4_ADDRESS"},
    {21, "P_CSCF_IP6_ADDRESS"},
    {22, "FTT_KAT"},
    {23, "EXTERNAL_SOURCE_IP4_NAT_INFO"},
    {24, "TIMEOUT_PERIOD_FOR_LIVENESS_CHECK"},
    {25, "INTERNAL_DNS_DOMAIN"},
    {26, "INTERNAL_DNSSEC_TA"},
    {27, "ENCDNS_IP4"},
    {28, "ENCDNS_IP6"},
    {29, "ENCDNS_DIGEST_INFO"},
};

constexpr Name IPCOMP_IDS[] = {
    {1, "IPCOMP_OUI"},
    {2, "IPCOMP_DEFLATE"},
    {3, "IPCOMP_LZS"},
    {4, "IPCOMP_LZJH"},
};

constexpr Name GATEWAY_IDENTITIES[] = {
    {1, "IPv4 address of the VPN gateway"},
    {2, "IPv6 address of the VPN gateway"},
    {3, "FQDN of the VPN gateway"},
};

// The abbreviations in parentheses.
constexpr Name ROHC_ATTRIBUTES[] = {
    {1, "MAX_CID"},
    {2, "ROHC_PROFILE"},
    {3, "ROHC_INTEG"},
    {4, "ROHC_ICV_LEN"},
    {5, "MRRU"},
};

constexpr Name PASSWORD_METHODS[] = {
    {1, "PACE"},
    {2, "AugPAKE"},
    {3, "Secure PSK Authentication"},
};

constexpr Name HASH_ALGORITHMS[] = {
    {1, "SHA1"},
    {2, "SHA2-256"},
    {3, "SHA2-384"},
    {4, "SHA2-512"},
    {5, "Identity"},
    {6, "STREEBOG_256"},
    {7, "STREEBOG_512"},
};

constexpr Name PPK_ID_TYPES[] = {
    {1, "PPK_ID_OPAQUE"},
    {2, "PPK_ID_FIXED"},
};

constexpr Name GROUP_SA_ATTRIBUTES[] = {
    {1, "GSA_KEY_LIFETIME"},
    {2, "GSA_INITIAL_MESSAGE_ID"},
    {3, "GSA_NEXT_SPI"},
};

constexpr Name GROUP_POLICY_ATTRIBUTES[] = {
    {1, "GWP_ATD"},
    {2, "GWP_DTD"},
    {3, "GWP_SENDER_ID_BITS"},
};

constexpr Name GROUP_KEY_BAG_ATTRIBUTES[] = {
    {1, "SA_KEY"},
};

constexpr Name MEMBER_KEY_BAG_ATTRIBUTES[] = {
    {1, "WRAP_KEY"},
    {2, "AUTH_KEY"},
    {3, "GM_SENDER_ID"},
};

// Names of the registry "Extensible Authentication Protocol (EAP) Registry".

constexpr Name EAP_CODES[] = {
    {1, "Request"},
    {2, "Response"},
    {3, "Success"},
    {4, "Failure"},
    {5, "Initiate"},
    {6, "Finish"},
};

constexpr Name EAP_TYPES[] = {
    {1, "Identity"},
    {2, "Notification"},
    {3, "Legacy Nak"},
    {4, "MD5-Challenge"},
    {5, "One-Time Password (OTP)"},
    {6, "Generic Token Card (GTC)"},
    {9, "RSA Public Key Authentication"},
    {10, "DSS Unilateral"},
    {11, "KEA"},
    {12, "KEA-VALIDATE"},
    {13, "EAP-TLS"},
    {14, "Defender Token (AXENT)"},
    {15, "RSA Security SecurID EAP"},
    {16, "Arcot Systems EAP"},
    {17, "EAP-Cisco Wireless"},
    {18, "GSM Subscriber Identity Modules (EAP-SIM)"},
    {19, "SRP-SHA1"},
    {21, "EAP-TTLS"},
    {22, "Remote Access Service"},
    {23, "EAP-AKA Authentication"},
    {24, "EAP-3Com Wireless"},
    {25, "PEAP"},
    {26, "MS-EAP-Authentication"},
    {27, "Mutual Authentication w/Key Exchange (MAKE)"},
    {28, "CRYPTOCard"},
    {29, "EAP-MSCHAP-V2"},
    {30, "DynamID"},
    {31, "Rob EAP"},
    {32, "Protected One-Time Password"},
    {33, "MS-Authentication-TLV"},
    {34, "SentriNET"},
    {35, "EAP-Actiontec Wireless"},
    {36, "Cogent Systems Biometrics Authentication EAP"},
    {37, "AirFortress EAP"},
    {38, "EAP-HTTP Digest"},
    {39, "SecureSuite EAP"},
    {40, "DeviceConnect EAP"},
    {41, "EAP-SPEKE"},
    {42, "EAP-MOBAC"},
    {43, "EAP-FAST"},
    {44, "ZoneLabs EAP (ZLXEAP)"},
    {45, "EAP-Link"},
    {46, "EAP-PAX"},
    {47, "EAP-PSK"},
    {48, "EAP-SAKE"},
    {49, "EAP-IKEv2"},
    {50, "EAP-AKA'"},
    {51, "EAP-GPSK"},
    {52, "EAP-pwd"},
    {53, "EAP-EKE Version 1"},
    {54, "EAP Method Type for PT-EAP"},
    {55, "TEAP"},
    {56, "EAP-NOOB"},
    {254, "Expanded Type"},
    {255, "Experimental"},
};

} // namespace

std::string
ToString(CertEncoding value)
{
    return NameOf(value, CERT_ENCODINGS);
}

std::string
ToString(CfgType value)
{
    return NameOf(value, CFG_TYPES);
}

std::string
ToString(CfgAttributeType value)
{
    return NameOf(value, CFG_ATTRIBUTES);
}

std::string
ToString(IpcompId value)
{
    return NameOf(value, IPCOMP_IDS);
}

std::string
ToString(GatewayIdentityType value)
{
    return NameOf(value, GATEWAY_IDENTITIES);
}

std::string
ToString(RohcAttributeType value)
{
    return NameOf(value, ROHC_ATTRIBUTES);
}

std::string
ToString(SecurePasswordMethod value)
{
    return NameOf(value, PASSWORD_METHODS);
}

std::string
ToString(HashAlgorithm value)
{
    return NameOf(value, HASH_ALGORITHMS);
}

std::string
ToString(PpkIdType value)
{
    return NameOf(value, PPK_ID_TYPES);
}

std::string
ToString(GroupSaAttribute value)
{
    return NameOf(value, GROUP_SA_ATTRIBUTES);
}

std::string
ToString(GroupPolicyAttribute value)
{
    return NameOf(value, GROUP_POLICY_ATTRIBUTES);
}

std::string
ToString(GroupKeyBagAttribute value)
{
    return NameOf(value, GROUP_KEY_BAG_ATTRIBUTES);
}

std::string
ToString(MemberKeyBagAttribute value)
{
    return NameOf(value, MEMBER_KEY_BAG_ATTRIBUTES);
}

std::string
ToString(EapCode value)
{
    return NameOf(value, EAP_CODES);
}

std::string
ToString(EapType value)
{
    return NameOf(value, EAP_TYPES);
}

} // namespace ikelab::wire
