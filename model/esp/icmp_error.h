// SPDX-License-Identifier: MIT
#pragma once

#include "esp/packet_info.h"
#include "esp/selector_set.h"

#include <optional>

namespace ikelab::esp
{

/// An ICMP or ICMPv6 error (RFC 792, RFC 4443 §2.1): somebody's word about a packet of another.
struct IcmpError
{
    bool v6{false};
    uint8_t type{0};
    uint8_t code{0};
    uint32_t parameter{0}; ///< the second word: the MTU, as far as there is one
    Bytes quoted;          ///< the beginning of the packet that it is about; borrowed
    PacketInfo about;      ///< what can be read of that; its length is what its header says
};

/// RFC 792's errors; RFC 4443 §2.1.
bool IsIcmpErrorType(bool v6, uint8_t type);

/// RFC 792 type 3 code 4, with the MTU of RFC 1191 §4; RFC 4443 §3.2.
bool IsPacketTooBig(const IcmpError& error);

/**
 * What an error quotes, readable or not: octets of another packet, which may be more secret than
 * its own addresses tell.
 * @param packet, info as for ReadIcmpError
 * @return borrowed; nothing if it is no error or a later fragment
 */
std::optional<Bytes> QuotedByIcmpError(Bytes packet, const PacketInfo& info);

/**
 * Read an error.
 * @param packet from its IP header on; the rest of it may be cut off
 * @param info   what ReadPacket or ReadQuoted says of it
 * @return nothing if it is none, a fragment, or quotes no IP header
 */
std::optional<IcmpError> ReadIcmpError(Bytes packet, const PacketInfo& info);

/**
 * RFC 4301 §6.2: is this an error to the sender of a packet that the SA of these selectors carries
 * the other way? Then it may come by that SA, whoever sent it.
 */
bool IsErrorAboutOurs(Bytes packet, const PacketInfo& info, const TrafficSelectors& selectors);

/// The packet that would answer this one: ends and ports exchanged.
PacketInfo Reversed(const PacketInfo& info);

} // namespace ikelab::esp
