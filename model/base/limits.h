// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"

#include <cstddef>
#include <cstdint>

/**
 * Every bound on what a peer may make us keep or do, in one place, each beside its reason.
 */
namespace ikelab::limits
{

/// Largest IKE message read: the largest UDP payload. RFC 7296 §2 asks for 1280 at least, 3000
/// wanted.
inline constexpr size_t MESSAGE_OCTETS = 65507;
/// Payloads in one message: real ones have below 30; certificates and vendor IDs may double that.
inline constexpr size_t PAYLOADS = 128;
/// Proposals in one SA payload: a byte counts them, real offers have below 20.
inline constexpr size_t PROPOSALS = 255;
/// Transforms in one proposal: the same reasoning; a byte counts them.
inline constexpr size_t TRANSFORMS = 255;
/// Attributes of one transform: only Key Length exists (RFC 7296 §3.3.5).
inline constexpr size_t ATTRIBUTES = 16;
/// Traffic selectors in one TS payload: a byte counts them, RFC 7296 §3.13.
inline constexpr size_t TRAFFIC_SELECTORS = 255;
/// SPIs in one Delete payload: each answer names as many; the peer cannot have more Child SAs with
/// us.
inline constexpr size_t DELETE_SPIS = 1024;
/// IKE SAs whose peer is not authenticated yet; each costs a key exchange and a few kilobytes.
inline constexpr size_t HALF_OPEN_SAS = 1000;
/// The same from one address (swanctl's block_threshold is 5 and hurts peers behind one NAT).
inline constexpr size_t HALF_OPEN_SAS_PER_ADDRESS = 100;
/// How often an initiator follows COOKIE or INVALID_KE_PAYLOAD before it gives up: a peer that
/// always answers with either would keep us in a loop (RFC 7296 §2.6.1 needs at most a few).
inline constexpr unsigned SA_INIT_RETRIES = 5;
/// Answers per second to messages that belong to no SA (RFC 7296 §2.21.4: limited, so that forged
/// messages cannot make us a source of floods).
inline constexpr unsigned UNPROTECTED_ANSWERS_PER_SECOND = 10;
/// An IKE SA's peer is told of packets with unknown SPIs or wrong selectors once in this time:
/// anybody can write the peer's address on a packet, and each report is an exchange.
inline constexpr unsigned PACKET_REPORT_INTERVAL_SECONDS = 1;
/// Of a packet that is reported: both IP headers that a tunnel may put before the ports.
inline constexpr size_t REPORTED_PACKET_OCTETS = 128;
/// IKE SAs of one address that are asked whether they would: behind a NAT many may live, and such
/// packets come in floods.
inline constexpr size_t INVALID_SPI_CANDIDATES = 16;
/// Requests of ours that wait for the window of one IKE SA.
inline constexpr size_t WAITING_EXCHANGES = 2048;
/// A cookie's length as RFC 7296 §2.6 and §3.10.1 allow it.
inline constexpr size_t COOKIE_OCTETS = 64;
/// Nonce lengths, RFC 7296 §3.9.
inline constexpr size_t NONCE_OCTETS_MIN = 16;
inline constexpr size_t NONCE_OCTETS_MAX = 256;
/// Child SAs of one IKE SA.
inline constexpr size_t CHILD_SAS = 1024;
/// IPv6 extension headers of one packet: RFC 8200 §4.1 knows seven kinds, one of them twice.
inline constexpr size_t EXTENSION_HEADERS = 16;
/// Refused packets reported per second, direction and reason; all are counted. A flood of garbage
/// must not become a flood of events (RFC 4301 §4.4.3 asks for auditing, not for that).
inline constexpr size_t REFUSAL_EVENTS_PER_SECOND = 20;
/// Packets in fragments whose ports are remembered, of all directions and SAs: 1024 that have not
/// arrived in whole are more than a path keeps; they take 150 KiB once the first came.
inline constexpr size_t FRAGMENTED_PACKETS = 1024;
/// And for so long. Receivers wait up to 60 s (RFC 8200 §4.5), but the later parts follow on the
/// heels of the first, and IPv4's 65 536 identifications soon mean other packets.
inline constexpr Duration FRAGMENT_LIFETIME = std::chrono::seconds(30);
/// Pairs of tunnel ends with a path MTU that ICMP errors told of; each needs an SA between them.
inline constexpr size_t PATH_MTUS = 4096;
/// An ICMP error is believed about the last so many packets of an SA: more than are under way on a
/// path of 100 Gbit/s and a second, and who has not seen them hits one by chance in 4096 guesses,
/// once the SPI is known (RFC 4301 §6.1.1).
inline constexpr uint32_t ICMP_SEQUENCE_AGE = 1U << 20;
/// SAs around one another that a packet is put into or taken out of: two are a host's SA inside of
/// the tunnel to its gateway, and each more is a tunnel through a tunnel. Policy may send a packet
/// round in a circle, and a peer may pack ESP into ESP as often as a packet has room for.
inline constexpr unsigned NESTED_SAS = 4;
/// Packets held for one policy while its SA is negotiated.
inline constexpr size_t HELD_PACKETS = 64;
/// Packets of an SA with extended sequence numbers that fail to verify in a row before one is tried
/// as one of later rounds, and then one of as many. Forgers cost us a few per cent more at most
/// (RFC 4303 appendix A3.1 leaves the number open).
inline constexpr uint32_t ESN_RESYNC_FAILURES = 128;
/// Rounds of 2^32 tried ahead; at a million packets a second one takes more than an hour.
inline constexpr unsigned ESN_RESYNC_TRIES = 4;
/// Routes kept for addresses of peers whose SAs are gone: as many as hosts that come and go.
inline constexpr size_t IDLE_ROUTES = 1024;
/// Largest identification a peer may send: DER names are far below.
inline constexpr size_t ID_OCTETS = 2048;

} // namespace ikelab::limits
