// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"
#include "esp/packet_info.h"

#include <cstdint>

namespace ikelab::esp
{

/**
 * Transport mode through NATs: what the peer calls the ends of its packets and what we call them.
 * TCP, UDP, UDP-Lite, DCCP, ICMPv6 and the Mobility Header sum the addresses, and their sender
 * could not know what became of them.
 * @see RFC 3948 §3.1.2, RFC 7296 §2.23.1
 */
class TransportNat
{
  public:
    /// @param written the ends of the peer's packets as it wrote them
    /// @param known   the same ends here: those of the SA's selectors
    TransportNat(const AddressPair& written, const AddressPair& known);

    /**
     * Make of a packet that came out what the host here has to see. Its ends are those that we
     * know: a NAT that has since lost its mapping may have made others of them. The checksum behind
     * the IP header follows incrementally, so that what was wrong stays wrong; UDP without one
     * stays without. An ICMP error quotes a packet of ours with the ends that it had here.
     */
    void Translate(MutableBytes packet) const;

  private:
    void FixChecksum(MutableBytes packet, const PacketInfo& info) const;
    void FixQuoted(MutableBytes packet, const PacketInfo& info) const;

    AddressPair m_written;
    AddressPair m_known;
    uint16_t m_sumWritten;
    uint16_t m_sumKnown;
};

} // namespace ikelab::esp
