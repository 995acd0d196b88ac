// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "ike/event.h"

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

/// A packet was refused: an auditable event, RFC 4301 §4.4.3 and RFC 4303 §3.4.
struct PacketRefused
{
    Error error; ///< POLICY, INTEGRITY, REPLAY, UNKNOWN_SPI ...
    bool inbound{false};
    EspSpi spi;
    uint32_t sequence{0};
    IpAddress source;
    IpAddress destination;
};

/// An ICMP error about an ESP packet of ours came (RFC 4301 §6.1.1).
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
                           ike::PeerAlive,
                           LifetimeReached,
                           PacketRefused,
                           IcmpErrorReceived>;

/// Totals since the gateway was made.
struct Counters
{
    uint64_t protectedPackets{0};
    uint64_t protectedOctets{0}; ///< of inner packets
    uint64_t deliveredPackets{0};
    uint64_t deliveredOctets{0};
    /// Left in clear. Not those that came in: a forwarded packet may yet be protected.
    uint64_t bypassedPackets{0};
    uint64_t discardedPackets{0}; ///< by policy or malformed, both directions
    uint64_t heldPackets{0};
    uint64_t replayedPackets{0};
    uint64_t integrityFailures{0};
    uint64_t unknownSpis{0};
    uint64_t icmpErrors{0};     ///< about ESP packets of ours
    uint64_t pathMtuChanges{0}; ///< by such
};

} // namespace ikelab::gateway
