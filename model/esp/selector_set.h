// SPDX-License-Identifier: MIT
#pragma once

#include "base/selector.h"
#include "esp/packet_info.h"

#include <algorithm>
#include <span>
#include <vector>

namespace ikelab::esp
{

/// How selectors and a packet go together; in this order.
enum class Fit
{
    NONE,
    UNCERTAIN, ///< only a port that the packet hides could tell (RFC 4301 §7)
    FULL
};

/// What a selector asks of the layer behind IP.
struct NextLayer
{
    uint16_t startPort{0};
    uint16_t endPort{65535};
    uint8_t protocol{Selector::ANY_PROTOCOL};

    Fit
    Judge(uint16_t port, const PacketInfo& packet) const
    {
        return std::min(JudgeProtocol(packet), JudgePort(port, packet));
    }

  private:
    Fit
    JudgePort(uint16_t port, const PacketInfo& packet) const
    {
        const bool anyPort = startPort == 0 && endPort == 65535;
        if (anyPort)
        {
            return Fit::FULL;
        }
        if (packet.portsKnown)
        {
            return startPort <= port && port <= endPort ? Fit::FULL : Fit::NONE;
        }
        const bool opaque = startPort == 65535 && endPort == 0;
        if (opaque)
        {
            return Fit::FULL;
        }
        return packet.portsHidden ? Fit::UNCERTAIN : Fit::NONE;
    }

    Fit
    JudgeProtocol(const PacketInfo& packet) const
    {
        if (protocol == Selector::ANY_PROTOCOL)
        {
            return Fit::FULL;
        }
        if (!packet.protocolKnown)
        {
            return Fit::UNCERTAIN;
        }
        return protocol == packet.protocol ? Fit::FULL : Fit::NONE;
    }
};

/// Traffic selectors of one end, prepared for matching packets.
class SelectorSet
{
  public:
    struct Range
    {
        AddressNumber first;
        AddressNumber last;
        NextLayer next;
    };

    SelectorSet() = default;
    explicit SelectorSet(const Selectors& selectors);

    /**
     * Does one of the selectors hold this end of a packet?
     * A port that cannot be known (a later fragment, for instance) is matched by selectors that
     * take any port and by OPAQUE ones (RFC 4301 §4.4.1.1); with a port range it is UNCERTAIN if
     * the packet hides it, and no match if its protocol has none.
     */
    Fit Judge(const AddressNumber& address, uint16_t port, const PacketInfo& packet) const;

    std::span<const Range>
    Ranges() const
    {
        return m_many.empty() ? std::span(&m_one, m_size) : std::span<const Range>(m_many);
    }

  private:
    // Nearly all sets have one range: beside the others, not one more cache line away.
    Range m_one{};
    size_t m_size{0};
    std::vector<Range> m_many; ///< all, if there are more than one
};

/// Both ends of a rule or an SA, seen from us.
struct TrafficSelectors
{
    SelectorSet local;
    SelectorSet remote;

    /// A packet that leaves has a local source, one that comes in a local destination.
    Fit
    Judge(const PacketInfo& packet, bool outbound) const
    {
        const SelectorSet& source = outbound ? local : remote;
        const SelectorSet& destination = outbound ? remote : local;
        const Fit first = source.Judge(packet.source, packet.sourcePort, packet);
        return first == Fit::NONE
                   ? first
                   : std::min(
                         first,
                         destination.Judge(packet.destination, packet.destinationPort, packet));
    }

    bool
    MatchesOutbound(const PacketInfo& packet) const
    {
        return Judge(packet, true) == Fit::FULL;
    }

    bool
    MatchesInbound(const PacketInfo& packet) const
    {
        return Judge(packet, false) == Fit::FULL;
    }
};

} // namespace ikelab::esp
