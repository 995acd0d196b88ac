// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/packet_buffer.h"

#include "ns3/ipv4-address.h"
#include "ns3/ipv4-header.h"
#include "ns3/ipv6-address.h"
#include "ns3/ipv6-header.h"
#include "ns3/packet.h"

#include <optional>

/**
 * Between ns-3's packets (a header object, a payload) and the flat octets that a gateway works on.
 */
namespace ns3::flat
{

inline constexpr uint8_t PROTOCOL_UDP = 17;
inline constexpr uint8_t PROTOCOL_ESP = 50;
inline constexpr uint8_t PROTOCOL_AH = 51;
inline constexpr size_t IPV4_HEADER_OCTETS = 20; ///< ns-3 reads and writes no options
inline constexpr size_t IPV6_HEADER_OCTETS = 40;
inline constexpr size_t UDP_HEADER_OCTETS = 8;

ikelab::IpAddress ToIpAddress(Ipv4Address address);
ikelab::IpAddress ToIpAddress(const Ipv6Address& address);
/// The address must be IPv4 (own bug otherwise).
Ipv4Address ToIpv4Address(const ikelab::IpAddress& address);
/// The address must be IPv6 (own bug otherwise).
Ipv6Address ToIpv6Address(const ikelab::IpAddress& address);

/// Copy a packet whose IP header is already part of it. The buffer's allocation is kept.
void Flatten(const Packet& packet, ikelab::PacketBuffer& buffer);
/// Write header and payload as they would be on the wire: the length is the payload's, the header
/// checksum is right whatever ns-3's ChecksumEnabled says.
void Flatten(const Ipv4Header& header, const Packet& payload, ikelab::PacketBuffer& buffer);
void Flatten(const Ipv6Header& header, const Packet& payload, ikelab::PacketBuffer& buffer);

/// The header alone of a packet with so much payload.
void WriteHeader(const Ipv4Header& header,
                 size_t payloadOctets,
                 std::span<uint8_t, IPV4_HEADER_OCTETS> octets);
void WriteHeader(const Ipv6Header& header,
                 size_t payloadOctets,
                 std::span<uint8_t, IPV6_HEADER_OCTETS> octets);

/// A packet of these octets.
Ptr<Packet> ToPacket(ikelab::Bytes octets);

/// 4, 6, or 0 for neither or nothing.
unsigned Version(ikelab::Bytes packet);

/// Of a flat IP packet; nothing if it is too short for its fixed header.
std::optional<ikelab::AddressPair> ReadEnds(ikelab::Bytes packet);

/// IPv4's type of service or IPv6's traffic class; 0 of what is neither.
uint8_t TrafficClass(ikelab::Bytes packet);

/// Neighbour discovery (RFC 4861 §4) by type and by the hop limit of 255, which says that no router
/// passed it on. Anybody on the link can send one to anywhere: look at the destination as well.
bool IsNeighbourDiscovery(ikelab::Bytes head);

/// ns-3 leaves the IPv4 header's checksum 0 unless ChecksumEnabled is set; inside a tunnel it is
/// ours to fill.
void FillHeaderChecksum(ikelab::MutableBytes packet);

/**
 * What a router does: one less hop to go, the IPv4 checksum adjusted (RFC 1624).
 * @return false if none is left; the packet is then unchanged
 */
bool DecrementTtl(ikelab::MutableBytes packet);

/**
 * Put a UDP header in front of a payload.
 * @param withChecksum compute it (RFC 768, RFC 8200 §8.1), else 0. RFC 3948 §2.1 wants 0 for ESP
 * over IPv4; IPv6 has no such choice.
 */
void PrependUdp(ikelab::PacketBuffer& payload, const ikelab::Path& path, bool withChecksum);

/// A UDP header, read.
struct UdpFields
{
    uint16_t sourcePort{0};
    uint16_t destinationPort{0};
    bool checksumGood{false}; ///< or absent over IPv4
};

/// Read the header of a whole UDP datagram; nothing if lengths disagree.
std::optional<UdpFields> ReadUdp(ikelab::Bytes datagram,
                                 const ikelab::IpAddress& source,
                                 const ikelab::IpAddress& destination);

} // namespace ns3::flat
