// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"

#include <deque>
#include <functional>
#include <optional>

namespace ns3
{

/**
 * Tells by its headers whether a packet that comes in is IPsec's own, which policy lets by: ESP, or
 * UDP to a port of IKE. Remembers the first fragments of such datagrams, for the later ones tell no
 * port.
 */
class OwnTraffic
{
  public:
    /// Where ESP is in a packet.
    struct Whole
    {
        size_t headerOctets{0};
        size_t totalOctets{0}; ///< as the IP header says; a link may have padded it
    };

    /**
     * Nothing unless ESP follows the IP header, whole and no fragment. IPv4 options may stand
     * before it, and IPv6 extension headers that ask nothing of a node that does not know them:
     * in transport mode they are read when the packet comes out.
     */
    static std::optional<Whole> FindWholeEsp(ikelab::Bytes packet);

    /// @param taken says whether datagrams to a port are IKE's
    void SetTaken(std::function<bool(uint16_t port)> taken);
    /// @param packet to this node
    bool Holds(ikelab::Bytes packet);

  private:
    /// A datagram in fragments.
    struct Datagram
    {
        ikelab::IpAddress source;
        uint32_t identification{0};
        auto operator<=>(const Datagram&) const = default;
    };

    std::function<bool(uint16_t)> m_taken;
    std::deque<Datagram> m_fragmented;
};

} // namespace ns3
