// SPDX-License-Identifier: MIT
#pragma once

#include "base/ip_address.h"
#include "base/packet_buffer.h"
#include "esp/ah_icv.h"
#include "esp/outbound_half.h"
#include "esp/packet_info.h"

namespace ikelab::esp
{

/**
 * The sending half of a Child SA with AH: authenticates an IP packet in place and, once its buffers
 * have grown, without allocating. AH covers the header before it, so what comes out is a whole IP
 * packet, to be sent as it is.
 *
 *     | IP header | next header, length | SPI | sequence | ICV | padding | what AH was put before |
 *
 * @see RFC 4302 §2 and §3.3
 */
class AhOutbound : public OutboundHalf
{
  public:
    /// @param context must outlive the SA
    AhOutbound(crypto::Context& context, const SaParameters& parameters);

    /**
     * Authenticate a packet that has PacketBuffer's room around it.
     * @param packet an IP packet, afterwards the one to send
     * @param inner  what ReadPacket says of it
     * @param path   ends of a tunnel's outer header
     * @return EXHAUSTED when the sequence numbers are used up (RFC 4302 §3.3.2: they never cycle);
     * POLICY or BAD_VALUE for a packet that transport mode cannot carry; OVERLONG if no IP packet
     * holds the result. Then no number is spent, and the packet is untouched. CRYPTO if OpenSSL
     * refuses.
     */
    Result<Sealed> Seal(PacketBuffer& packet, const PacketInfo& inner, const Path& path);

    /// Octets that Seal adds to a packet, besides a tunnel's header.
    size_t
    Overhead(bool v6) const
    {
        return m_icv.HeaderOctets(v6);
    }

    /// Give up the context while the SA idles; the next packet makes it again.
    void
    DropContexts()
    {
        m_icv.DropContexts();
    }

  private:
    Result<void> CheckHeaders(Bytes packet, const TransportPlace& place);
    void Announce(MutableBytes packet, const TransportPlace& place) const;
    uint16_t Identification() const;

    AhIcv m_icv;
    Buffer m_headers; ///< of the packet in hand
};

} // namespace ikelab::esp
