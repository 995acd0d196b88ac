// SPDX-License-Identifier: MIT
#include "wire/iana.h"

#include "wire/name_table.h"

namespace ikelab::wire
{

namespace
{

// Names of the registry "Internet Key Exchange Version 2 (IKEv2) Parameters", table by table.

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

// The column "Next Payload Type".
constexpr Name PAYLOAD_TITLES[] = {
    {0, "No Next Payload"},
    {33, "Security Association"},
    {34, "Key Exchange"},
    {35, "Identification - Initiator"},
    {36, "Identification - Responder"},
    {37, "Certificate"},
    {38, "Certificate Request"},
    {39, "Authentication"},
    {40, "Nonce"},
    {41, "Notify"},
    {42, "Delete"},
    {43, "Vendor ID"},
    {44, "Traffic Selector - Initiator"},
    {45, "Traffic Selector - Responder"},
    {46, "Encrypted and Authenticated"},
    {47, "Configuration"},
    {48, "Extensible Authentication"},
    {49, "Generic Secure Password Method"},
    {50, "Group Identification"},
    {51, "Group Security Association"},
    {52, "Key Download"},
    {53, "Encrypted and Authenticated Fragment"},
    {54, "Puzzle Solution"},
};

// Zero is reserved; the RFCs call it none.
constexpr Name PROTOCOL_IDS[] = {
    {0, "NONE"},
    {1, "IKE"},
    {2, "AH"},
    {3, "ESP"},
    {4, "FC_ESP_HEADER"},
    {5, "FC_CT_AUTHENTICATION"},
    {6, "GIKE_UPDATE"},
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
Title(PayloadType value)
{
    return NameOf(value, PAYLOAD_TITLES);
}

std::string
ShortName(PayloadType value)
{
    // charon's log differs from the registry's notation in the encrypted fragment only.
    return value == PayloadType::SKF ? "EF" : ToString(value);
}

} // namespace ikelab::wire
