// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "wire/iana.h"

#include <optional>
#include <string>
#include <vector>

/**
 * Payload bodies as values. All octets are borrowed: from the datagram after parsing, from the
 * caller when building. What parsing returns is well formed (RFC 7296 §3); unknown numbers survive.
 */
namespace ikelab::wire
{

/// RFC 7296 §3.3.2. Attributes other than Key Length stay as octets: such a transform is unknown.
struct Transform
{
    TransformType type{TransformType::ENCR};
    uint16_t id{0};
    std::optional<uint16_t> keyLength; ///< bits, attribute 14
    /// Attributes from the first that is not Key Length on, as received (a Key Length behind it
    /// stays in here, and `keyLength` is empty).
    Bytes otherAttributes;

    bool operator==(const Transform& other) const;
};

/// RFC 7296 §3.3.1. Parsing gives numbers 1, 2 ... or, for a lone proposal (an answer), any but 0.
struct Proposal
{
    uint8_t number{1};
    ProtocolId protocol{ProtocolId::IKE};
    Bytes spi;
    std::vector<Transform> transforms;
};

/// RFC 7296 §3.3
struct SaPayload
{
    std::vector<Proposal> proposals;
};

/// RFC 7296 §3.4
struct KePayload
{
    KeMethod method{KeMethod::NONE};
    Bytes data;
};

/// RFC 7296 §3.5; IDi or IDr is said by the payload type.
struct IdPayload
{
    IdType type{IdType::ID_KEY_ID};
    Bytes data;
};

/// RFC 7296 §3.8
struct AuthPayload
{
    AuthMethod method{AuthMethod::SHARED_KEY_MESSAGE_INTEGRITY_CODE};
    Bytes data;
};

/// RFC 7296 §3.9: 16 to 256 octets.
struct NoncePayload
{
    Bytes data;
};

/// RFC 7296 §3.10: without an SPI the protocol has no meaning (older peers send IKE, zero is
/// right).
struct NotifyPayload
{
    ProtocolId protocol{ProtocolId::NONE};
    Bytes spi;
    NotifyType type{NotifyType::INVALID_SYNTAX};
    Bytes data;
};

/// RFC 7296 §3.11: no SPIs for IKE, 4-octet SPIs for AH and ESP.
struct DeletePayload
{
    ProtocolId protocol{ProtocolId::IKE};
    std::vector<EspSpi> spis;
};

/// RFC 7296 §3.12
struct VendorIdPayload
{
    Bytes data;
};

/// RFC 7296 §3.13.1. For types other than the two address ranges only `protocol` (their
/// second octet) and `other` (all behind the length) are set.
struct TrafficSelector
{
    TsType type{TsType::TS_IPV4_ADDR_RANGE};
    uint8_t protocol{0}; ///< 0 is any
    uint16_t startPort{0};
    uint16_t endPort{65535};
    IpRange addresses{IpRange::AnyV4()};
    Bytes other;

    /// An address range; false for types that only `other` describes.
    bool IsRange() const;

    /// Every port, OPAQUE included, RFC 4301 §4.4.1.1.
    bool
    AnyPort() const
    {
        return startPort == 0 && endPort == 65535;
    }

    /// Only what has no ports that could be seen: later fragments, for instance.
    bool
    OpaquePort() const
    {
        return startPort == 65535 && endPort == 0;
    }

    bool operator==(const TrafficSelector& right) const;
};

/// The port fields of a selector for ICMP or ICMPv6: from the first type and code to the last.
struct IcmpRange
{
    uint8_t firstType{0};
    uint8_t firstCode{0};
    uint8_t lastType{0};
    uint8_t lastCode{0};

    bool operator==(const IcmpRange&) const = default;
};

/// The view of a range's ports as ICMP types and codes, RFC 7296 §3.13.1; nothing if the protocol
/// is another one, or if the ports are ANY or OPAQUE.
std::optional<IcmpRange> IcmpRangeOf(const TrafficSelector& selector);

/// The ports for people: "any", "OPAQUE", "500", "4000-4001", "type 8 code 0", "type 3 code 0 to
/// type 3 code 255"; for the IPv6 mobility header "type 5".
std::string PortText(const TrafficSelector& selector);

/// RFC 7296 §3.13; TSi or TSr is said by the payload type.
struct TsPayload
{
    std::vector<TrafficSelector> selectors;
};

/// RFC 7296 §3.14: IV, ciphertext and ICV, still protected. `inner` is the first payload inside.
struct SkPayload
{
    PayloadType inner{PayloadType::NONE};
    Bytes body;
    size_t bodyOffset{0}; ///< octets of the message before `body`: what integrity covers in front
};

/// A payload that is not read with the chain: CERT, CERTREQ, CP, EAP and PS, whose readers stand in
/// their own files, GSPM and the group key payloads, and unknown types.
struct RawPayload
{
    Bytes body;
};

/// Read a payload body (without the generic header); errors name the payload and the offset in the
/// body.
Result<SaPayload> ParseSa(Bytes body);
Result<KePayload> ParseKe(Bytes body);
Result<IdPayload> ParseId(Bytes body);
Result<AuthPayload> ParseAuth(Bytes body);
Result<NoncePayload> ParseNonce(Bytes body);
Result<NotifyPayload> ParseNotify(Bytes body);
Result<DeletePayload> ParseDelete(Bytes body);
Result<TsPayload> ParseTs(Bytes body);

} // namespace ikelab::wire
