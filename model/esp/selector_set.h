// SPDX-License-Identifier: MIT
#pragma once

#include "base/selector.h"
#include "esp/packet_info.h"

#include <vector>

namespace ikelab::esp
{

/// Traffic selectors of one end, prepared for matching packets.
class SelectorSet
{
  public:
    SelectorSet() = default;
    explicit SelectorSet(const Selectors& selectors);

    /**
     * Does one of the selectors hold this end of a packet?
     * A port that cannot be known (a later fragment, for instance) is matched by selectors that
     * take any port and by OPAQUE ones (RFC 4301 §4.4.1.1), never by a port range.
     */
    bool Matches(const AddressNumber& address,
                 uint8_t protocol,
                 bool portKnown,
                 uint16_t port) const;

  private:
    struct Range
    {
        AddressNumber first;
        AddressNumber last;
        uint16_t startPort;
        uint16_t endPort;
        uint8_t protocol;
    };

    std::vector<Range> m_ranges;
};

/// Both ends of a rule or an SA, seen from us.
struct TrafficSelectors
{
    SelectorSet local;
    SelectorSet remote;

    /// A packet that leaves: its source is local.
    bool
    MatchesOutbound(const PacketInfo& packet) const
    {
        return local.Matches(
                   packet.source, packet.protocol, packet.portsKnown, packet.sourcePort) &&
               remote.Matches(
                   packet.destination, packet.protocol, packet.portsKnown, packet.destinationPort);
    }

    /// A packet that comes in: its destination is local.
    bool
    MatchesInbound(const PacketInfo& packet) const
    {
        return local.Matches(packet.destination,
                             packet.protocol,
                             packet.portsKnown,
                             packet.destinationPort) &&
               remote.Matches(packet.source, packet.protocol, packet.portsKnown, packet.sourcePort);
    }
};

} // namespace ikelab::esp
