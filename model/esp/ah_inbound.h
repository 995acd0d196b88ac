// SPDX-License-Identifier: MIT
#pragma once

#include "base/packet_buffer.h"
#include "esp/ah_icv.h"
#include "esp/inbound_half.h"
#include "esp/transport_header.h"
#include "wire/ah_header.h"

namespace ikelab::esp
{

/**
 * The receiving half of a Child SA with AH: gets the IP packet out of an authenticated one, in
 * place and, once its buffers have grown, without allocating. In this order (RFC 4302 §3.4, RFC
 * 4301 §5.2): sequence number, ICV, inner packet, selectors; the replay window moves once the ICV
 * was good.
 */
class AhInbound : public InboundHalf
{
  public:
    /// @param context must outlive the SA
    AhInbound(crypto::Context& context, const SaParameters& parameters);

    /**
     * Verify and unwrap.
     * @param packet from AH to the end of the IP packet, of this SA; afterwards the inner IP
     * packet. Undefined after an error.
     * @param header what wire::ParseAhHeader says of it
     * @param headers the IP header before AH with its options and extension headers, as it came but
     * whole again if it was fragmented; may stand before the packet in its buffer
     * @param selectors, fragments, refused as for InboundSa
     * @return REPLAY, INTEGRITY, TRUNCATED or BAD_VALUE for malformed contents, POLICY if the SA
     * may not carry this packet or its congestion mark cannot be delivered
     */
    Result<Opened> Open(PacketBuffer& packet,
                        const wire::AhHeader& header,
                        Bytes headers,
                        const TrafficSelectors& selectors,
                        const FragmentFollower* fragments = nullptr,
                        std::optional<PacketInfo>* refused = nullptr);

    /// Give up the context while the SA idles; the next packet makes it again.
    void
    DropContexts()
    {
        m_icv.DropContexts();
    }

  private:
    Result<uint64_t> Verify(Bytes packet, uint64_t expected);
    Result<void> Unwrap(PacketBuffer& packet,
                        const wire::AhHeader& header,
                        const TransportPlace& place);
    void RestoreHeaders(PacketBuffer& packet, uint8_t nextHeader, const TransportPlace& place);

    AhIcv m_icv;
    Buffer m_headers; ///< of the packet in hand
};

} // namespace ikelab::esp
