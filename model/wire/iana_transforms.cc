// SPDX-License-Identifier: MIT
#include "wire/iana.h"
#include "wire/name_table.h"

namespace ikelab::wire
{

namespace
{

// Names of the registry "Internet Key Exchange Version 2 (IKEv2) Parameters", table by table.

// The abbreviations in parentheses.
constexpr Name TRANSFORM_TYPES[] = {
    {1, "ENCR"},
    {2, "PRF"},
    {3, "INTEG"},
    {4, "KE"},
    {5, "SN"},
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

constexpr Name TRANSFORM_ATTRIBUTES[] = {
    {14, "Key Length (in bits)"},
    {18, "Signature Algorithm Identifier"},
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
    {22, "1024-bit MODP Group with 160-bit Prime Order Subgroup"},
    {23, "2048-bit MODP Group with 224-bit Prime Order Subgroup"},
    {24, "2048-bit MODP Group with 256-bit Prime Order Subgroup"},
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

constexpr Name KEY_WRAP_IDS[] = {
    {1, "KW_5649_128"},
    {2, "KW_5649_192"},
    {3, "KW_5649_256"},
    {4, "KW_ARX"},
};

constexpr Name GROUP_AUTH_IDS[] = {
    {1, "Implicit"},
    {2, "Digital Signature"},
};

} // namespace

std::string
ToString(TransformType value)
{
    return NameOf(value, TRANSFORM_TYPES);
}

std::string
ToString(TransformAttributeType value)
{
    return NameOf(value, TRANSFORM_ATTRIBUTES);
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
ToString(KeyWrap value)
{
    return NameOf(value, KEY_WRAP_IDS);
}

std::string
ToString(GroupControllerAuth value)
{
    return NameOf(value, GROUP_AUTH_IDS);
}

} // namespace ikelab::wire
