// SPDX-License-Identifier: MIT
#pragma once

#include "base/ip_address.h"
#include "base/packet_buffer.h"
#include "base/result.h"
#include "esp/packet_info.h"

#include <cstddef>
#include <cstdint>
#include <optional>

/**
 * The IP header of transport mode, where the packet keeps its own: RFC 4303 §3.1.1, RFC 4302
 * §3.1.1.
 */
namespace ikelab::esp
{

/// What an IP header says besides its ends and lengths.
struct HeaderFields
{
    uint8_t trafficClass{0};
    uint8_t ttl{64};            ///< or hop limit
    uint32_t flowLabel{0};      ///< IPv6's
    uint16_t identification{0}; ///< IPv4's
    bool dontFragment{false};   ///< IPv4's DF
};

/// Where in a packet a header that protects what follows it stands, or is to stand.
struct TransportPlace
{
    size_t headerOctets{0}; ///< before it: the IP header with options or extension headers
    size_t nextHeaderAt{0}; ///< of the octet among these that says what follows
    bool routed{false};     ///< a routing header is among them
};

/**
 * Where ESP or AH goes in a packet of ours: behind hop-by-hop, routing and fragment headers.
 * Destination options stay outside only if one of these follows: they are for the nodes that it
 * names. Those directly before the next layer are for the receiver and go inside.
 * @param packet whole, as ReadPacket accepted it
 * @see RFC 4303 §3.1.1, RFC 8200 §4.1
 */
TransportPlace PlaceFor(Bytes packet, const PacketInfo& info);

/**
 * Where the header of a packet that came ends, all of it outside.
 * @param header from the IP header on, up to what protects; extension headers in any order
 * @return BAD_VALUE if the lengths in it do not lead to its end, TRUNCATED for no whole IP header,
 * POLICY for an IPv6 fragment: whole datagrams only
 */
Result<TransportPlace> PlaceBehind(Bytes header);

/**
 * How long contents say that they are: UDP and IP do, also behind destination options. The rest of
 * transport mode (TCP, ICMP) ends where its IP packet ends.
 * @return nothing without such a length, or without room for where it stands
 * @see RFC 4303 §2.7
 */
std::optional<size_t> CarriedOctets(Bytes contents, uint8_t protocol);

/**
 * After what follows the header has changed: write what follows, the lengths, and IPv4's checksum.
 * @param packet whole, at most 65535 octets behind an IPv6 header or with an IPv4 one
 */
void WriteWhatFollows(MutableBytes packet, const TransportPlace& place, uint8_t nextHeader);

/// The same; and a datagram that was reassembled is no fragment any more.
void CompleteHeader(MutableBytes packet, const TransportPlace& place, uint8_t nextHeader);

/// Octets of an IP header with nothing behind its fixed part, and where it says what follows.
TransportPlace PlainPlace(bool v6);

/**
 * Put a plain IP header before contents; WriteWhatFollows completes it.
 * @param ends of one family, which becomes the header's
 */
TransportPlace PrependHeader(PacketBuffer& packet,
                             const AddressPair& ends,
                             const HeaderFields& fields);

/// Routers may fragment this IPv4 packet; IPv6 has no such bit.
void ClearDontFragment(MutableBytes packet);

/// Write other ends into an IP header, if they are of its family; IPv4's checksum follows.
void WriteEnds(MutableBytes packet, const AddressPair& ends);

/// Is this too long for one IP packet?
bool IsOverlong(bool v6, size_t totalOctets);

/**
 * Give back its header to what came out of it, in front of the packet.
 * @param header may be the octets that stand before the packet in its own buffer
 * @return as PlaceBehind; LIMIT for a header that has no room, OVERLONG
 */
Result<void> RestoreHeader(PacketBuffer& packet, Bytes header, uint8_t nextHeader);

/**
 * Put a UDP header between the header and what follows (RFC 3948 §3.1): its checksum is 0 over
 * IPv4 (§2.1), and right over IPv6, which has no such choice (RFC 8200 §8.1).
 * @param packet whole, with a complete header
 * @return OVERLONG; POLICY over IPv6 with a routing header, whose last address is unknown here
 */
Result<void> EncapsulateInUdp(PacketBuffer& packet,
                              const TransportPlace& place,
                              uint16_t sourcePort,
                              uint16_t destinationPort);

} // namespace ikelab::esp
