// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "wire/iana_contents.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The Configuration payload (RFC 7296 §3.15), read from the body of a RawPayload on demand.
namespace ikelab::wire
{

/// RFC 7296 §3.15.1. ParseCfgValue reads the value.
struct CfgAttribute
{
    CfgAttributeType type{CfgAttributeType::INTERNAL_IP4_ADDRESS}; ///< 15 bits
    Bytes value;                                                   ///< empty: "which is it?"
};

/// RFC 7296 §3.15
struct CpPayload
{
    CfgType type{CfgType::CFG_REQUEST};
    std::vector<CfgAttribute> attributes;

    /// The first attribute of a type, or nullptr.
    const CfgAttribute* Find(CfgAttributeType attribute) const;
};

/// The chain of attributes; their values are not judged here, so that one odd attribute does not
/// cost the others.
Result<CpPayload> ParseCp(Bytes body);
void WriteCp(ByteWriter& writer, const CpPayload& cp);

/// No octets: in a request any value will do, in CFG_ACK the attribute was accepted.
struct CfgNoValue
{
    bool operator==(const CfgNoValue&) const = default;
};

/// INTERNAL_IP4_SUBNET: address and netmask.
struct CfgSubnet4
{
    IpAddress address;
    IpAddress netmask;
    bool operator==(const CfgSubnet4&) const = default;
};

/// INTERNAL_IP6_ADDRESS, INTERNAL_IP6_SUBNET, INTERNAL_IP6_PREFIX (RFC 5739 §5.2).
struct CfgPrefix6
{
    IpAddress address;
    uint8_t prefixLength{128};
    bool operator==(const CfgPrefix6&) const = default;
};

/// APPLICATION_VERSION (printable ASCII) and INTERNAL_DNS_DOMAIN (RFC 8598 §4.1, no terminators).
struct CfgText
{
    std::string text;
    bool operator==(const CfgText&) const = default;
};

/// SUPPORTED_ATTRIBUTES
struct CfgAttributeList
{
    std::vector<CfgAttributeType> types;
    bool operator==(const CfgAttributeList&) const = default;
};

/// MIP6_HOME_PREFIX, RFC 5026
struct CfgHomePrefix
{
    uint32_t lifetimeSeconds{0};
    CfgPrefix6 prefix;
    bool operator==(const CfgHomePrefix&) const = default;
};

/// INTERNAL_IP6_LINK, RFC 5739 §5.1
struct CfgLink6
{
    uint64_t interfaceId{0};
    Buffer linkId; ///< may be empty
    bool operator==(const CfgLink6&) const = default;
};

/// HOME_AGENT_ADDRESS, 3GPP TS 24.302: an IPv6 address, perhaps an IPv4 address too.
struct CfgHomeAgent
{
    IpAddress v6;
    std::optional<IpAddress> v4;
    bool operator==(const CfgHomeAgent&) const = default;
};

/// FTT_KAT (two octets) and TIMEOUT_PERIOD_FOR_LIVENESS_CHECK (four), 3GPP TS 24.302: a time.
struct CfgTime
{
    uint32_t value{0};
    bool isShort{false}; ///< two octets
    bool operator==(const CfgTime&) const = default;
};

/// INTERNAL_DNSSEC_TA, RFC 8598 §4.2
struct CfgTrustAnchor
{
    uint16_t keyTag{0};
    uint8_t algorithm{0};
    uint8_t digestType{0};
    Buffer digest; ///< not empty
    bool operator==(const CfgTrustAnchor&) const = default;
};

/// ENCDNS_IP4 and ENCDNS_IP6, RFC 9464 §3.1
struct CfgEncryptedDns
{
    uint16_t priority{1}; ///< never 0
    std::vector<IpAddress> addresses;
    std::string domainName; ///< authentication domain name, may be empty
    Buffer parameters;      ///< SvcParams in their wire format
    bool operator==(const CfgEncryptedDns&) const = default;
};

/// ENCDNS_DIGEST_INFO, RFC 9464 §3.2: a request lists hash algorithms, a reply has one and a
/// digest.
struct CfgDigestInfo
{
    std::string domainName;
    std::vector<HashAlgorithm> algorithms;
    Buffer digest;
    bool operator==(const CfgDigestInfo&) const = default;
};

/// An attribute that no RFC we know describes.
struct CfgOctets
{
    Buffer octets;
    bool operator==(const CfgOctets&) const = default;
};

/// A value of any attribute. It owns its octets: configuration outlives the datagram.
using CfgValue = std::variant<CfgNoValue,
                              IpAddress,
                              CfgSubnet4,
                              CfgPrefix6,
                              CfgText,
                              CfgAttributeList,
                              CfgHomePrefix,
                              CfgLink6,
                              CfgHomeAgent,
                              CfgTime,
                              SocketAddress, // EXTERNAL_SOURCE_IP4_NAT_INFO, 3GPP TS 29.139
                              CfgTrustAnchor,
                              CfgEncryptedDns,
                              CfgDigestInfo,
                              CfgOctets>;

/// Read an attribute's value as its type says: BAD_VALUE for lengths and fields that the type's
/// definition does not allow, offsets counted in the value. Every attribute may be empty.
Result<CfgValue> ParseCfgValue(const CfgAttribute& attribute);
/// The octets of a value, for CfgAttribute::value.
Buffer CfgValueOctets(const CfgValue& value);

} // namespace ikelab::wire
