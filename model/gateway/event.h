// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "base/selector.h"
#include "esp/packet_info.h"
#include "ike/event.h"

#include <optional>
#include <string>
#include <variant>

namespace ikelab::gateway
{

/// A lifetime of a Child SA passed (RFC 4301 §4.4.2.1): soft asks for a new one, hard ends it.
struct LifetimeReached
{
    ChildSaId child;
    std::string name;
    bool hard{false};
    std::string_view what; ///< "time", "bytes" or "packets"
};

/// The SA that refused a packet, as an audit log shows it (RFC 4301 §4.4.2.1 and §5.2 step 5).
struct RefusingSa
{
    ChildSaId child;
    Path path;
    Selectors localTs;
    Selectors remoteTs;
};

/**
 * A packet was refused: an auditable event of RFC 4301 §5, RFC 4303 §4 or RFC 4302 §4, with what
 * these want of it. The moment is that of the call that told it: logs write it in front.
 */
struct PacketRefused
{
    Error error; ///< POLICY, INTEGRITY, REPLAY, UNKNOWN_SPI, EXHAUSTED ...
    bool inbound{false};
    EspSpi spi;           ///< of ESP or AH
    uint64_t sequence{0}; ///< that came; outbound the last one sent
    IpAddress source;     ///< of ESP and AH that came, the outer header's
    IpAddress destination;
    wire::ProtocolId protocol{wire::ProtocolId::NONE}; ///< ESP or AH, where it came to that
    /// Of the same header as the addresses; with IPv6 only, and if the shell knows the header.
    std::optional<uint32_t> flowLabel{};
    /// The selectors of the clear packet: to be protected, or what came out of ESP or AH.
    std::optional<esp::PacketInfo> packet{};
    std::optional<RefusingSa> sa{};
};

/// An ICMP error about a packet of ours in ESP or AH came (RFC 4301 §6.1.1).
struct IcmpErrorReceived
{
    bool v6{false};
    uint8_t type{0};
    uint8_t code{0};
    IpAddress reporter;
    IpAddress destination; ///< of the ESP packet
    EspSpi spi;            ///< 0 if the error cut it off
    ChildSaId child;
    uint32_t pathMtu{0};      ///< of outer packets, if that became less
    std::string_view ignored; ///< why it was not believed; empty if it was
};

using Event = std::variant<ike::MessageEvent,
                           ike::MessageRejected,
                           ike::IkeKeysDerived,
                           ike::IkeSaEstablished,
                           ike::IkeSaClosed,
                           ike::ChildSaInstalled, ///< forwarded after esp has its keys; key
                                                  ///< material is copied for the key log
                           ike::ChildSaRemoved,
                           ike::ChildSaFailed,
                           ike::PathChanged,
                           ike::InvalidSpiReported,
                           ike::InvalidSelectorsReported,
                           ike::PeerAlive,
                           LifetimeReached,
                           PacketRefused,
                           IcmpErrorReceived>;

/// Totals since the gateway was made.
struct Counters
{
    uint64_t protectedPackets{0};
    uint64_t protectedOctets{0};  ///< of inner packets
    uint64_t deliveredPackets{0}; ///< handed to the shell, which may yet have to drop some
    uint64_t deliveredOctets{0};
    /// Left in clear. Not those that came in: a forwarded packet may yet be protected.
    uint64_t bypassedPackets{0};
    uint64_t discardedPackets{0}; ///< by policy or malformed, both directions
    uint64_t heldPackets{0};
    uint64_t replayedPackets{0};
    uint64_t integrityFailures{0};
    uint64_t unknownSpis{0};
    uint64_t icmpErrors{0};     ///< about packets of ours in ESP or AH
    uint64_t pathMtuChanges{0}; ///< by such
    uint64_t sentDummies{0};    ///< not among the packets, as those that came
    uint64_t receivedDummies{0};
};

} // namespace ikelab::gateway
