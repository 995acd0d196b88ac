// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/result.h"

#include <compare>
#include <cstdint>

namespace ikelab::esp
{

inline constexpr uint8_t PROTOCOL_HOP_BY_HOP = 0;
inline constexpr uint8_t PROTOCOL_ICMP = 1;
inline constexpr uint8_t PROTOCOL_IPV4 = 4;
inline constexpr uint8_t PROTOCOL_TCP = 6;
inline constexpr uint8_t PROTOCOL_UDP = 17;
inline constexpr uint8_t PROTOCOL_DCCP = 33;
inline constexpr uint8_t PROTOCOL_IPV6 = 41;
inline constexpr uint8_t PROTOCOL_ROUTING = 43;
inline constexpr uint8_t PROTOCOL_FRAGMENT = 44;
inline constexpr uint8_t PROTOCOL_ESP = 50;
inline constexpr uint8_t PROTOCOL_AH = 51;
inline constexpr uint8_t PROTOCOL_ICMPV6 = 58;
inline constexpr uint8_t PROTOCOL_NO_NEXT_HEADER = 59;
inline constexpr uint8_t PROTOCOL_DESTINATION_OPTIONS = 60;
inline constexpr uint8_t PROTOCOL_MOBILITY = 135;
inline constexpr uint8_t PROTOCOL_UDP_LITE = 136;

/// An address as a number, so that a range check is two comparisons. All IPv4 come before all IPv6.
struct AddressNumber
{
    bool v6{false};
    uint64_t high{0}; ///< 0 for IPv4
    uint64_t low{0};

    static AddressNumber From(const IpAddress& address);
    IpAddress ToAddress() const;
    auto operator<=>(const AddressNumber&) const = default;
};

/**
 * What policy, encapsulation and the log need of an IP packet: read once, by value, nothing
 * borrowed.
 */
struct PacketInfo
{
    // Not left to the compiler, which then clears all of it first, and slowly: every packet has
    // one.
    PacketInfo()
    {
    }

    AddressNumber source;
    AddressNumber destination;
    /// The next layer: behind all IPv6 extension headers, which AH is none of (RFC 4301 §4.4.1.1).
    uint8_t protocol{0};
    /// False if they cannot be known: a later fragment, a protocol without ports, or cut off.
    bool portsKnown{false};
    /// The next layer has ports (or may have) that this packet does not show: it is a later
    /// fragment, or cut off. What depends on them cannot be decided (RFC 4301 §7).
    bool portsHidden{false};
    /// False in later IPv6 fragments: what they say of it nobody reads (RFC 8200 §4.5).
    bool protocolKnown{true};
    /// For ICMP both hold type and code, type in the high octet (RFC 7296 §3.13.1); for Mobility
    /// Headers the type in the high octet.
    uint16_t sourcePort{0};
    uint16_t destinationPort{0};
    bool fragment{false};       ///< part of a larger datagram
    bool laterFragment{false};  ///< and not its first part
    bool portsOfFirst{false};   ///< they, and IPv6's protocol, are as its first part says
    uint32_t identification{0}; ///< of fragments: what they have in common
    size_t fragmentBegin{0}; ///< of fragments: where their part begins in the datagram, in octets
    size_t fragmentEnd{0};
    bool dontFragment{false}; ///< IPv4's DF; always true for IPv6, which routers never fragment
    uint8_t trafficClass{0};  ///< IPv4's TOS: DSCP and ECN
    uint8_t ttl{0};           ///< or hop limit
    uint32_t flowLabel{0};    ///< IPv6's
    size_t headerOctets{0};   ///< up to the next layer
    size_t totalOctets{0};    ///< as the header says; what follows is no part of the packet

    bool
    IsV6() const
    {
        return source.v6;
    }
};

/**
 * Read an IPv4 packet (options are skipped) or an IPv6 packet (extension headers are walked, at
 * most limits::EXTENSION_HEADERS).
 * @return TRUNCATED if a length reaches behind the packet, BAD_VALUE for an impossible length or
 * version, LIMIT for too many extension headers
 * @see RFC 791 §3.1, RFC 8200 §3 and §4
 */
Result<PacketInfo> ReadPacket(Bytes packet);

/// The same of a packet's beginning, as an ICMP error quotes it: it may end anywhere behind the
/// headers up to the next layer, whose ports are then unknown. totalOctets is what its header says.
Result<PacketInfo> ReadQuoted(Bytes octets);

/**
 * Replace the traffic class of a packet that ReadPacket accepted; an IPv4 header checksum follows
 * incrementally (RFC 1624).
 */
void SetTrafficClass(MutableBytes packet, uint8_t trafficClass);

/// The ones' complement sum of RFC 1071 over an IPv4 header whose checksum field is 0.
uint16_t HeaderChecksum(Bytes header);

} // namespace ikelab::esp
