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
 * Tells by its head whether a packet that comes in is IPsec's own, which policy lets by: ESP, or
 * UDP to a port of IKE. Remembers the first fragments of such datagrams, for the later ones tell no
 * port.
 */
class OwnTraffic
{
  public:
    /// Enough for an IPv4 header with all its options, or an IPv6 header with some extension
    /// headers and the ports.
    static constexpr size_t HEAD_OCTETS = 96;

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
    static std::optional<Whole> FindWholeEsp(ikelab::Bytes head);

    /// @param taken says whether datagrams to a port are IKE's
    void SetTaken(std::function<bool(uint16_t port)> taken);
    /**
     * @param head the first HEAD_OCTETS of a packet to this node, or all of it; a whole IP header
     *             at least
     */
    bool Holds(ikelab::Bytes head);

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
