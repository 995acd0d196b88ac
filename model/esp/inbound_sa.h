// SPDX-License-Identifier: MIT
#pragma once

#include "base/ip_address.h"
#include "base/packet_buffer.h"
#include "base/result.h"
#include "crypto/packet_cipher.h"
#include "esp/inbound_half.h"
#include "wire/esp_header.h"

#include <optional>

namespace ikelab::esp
{

/// The unprotected header around an ESP packet.
struct OuterHeader
{
    IpAddress source;
    IpAddress destination;
    uint8_t trafficClass{0};
    /// Up to ESP, or the UDP header before it; empty if it cannot be known. It may stand in the
    /// packet's own buffer.
    Bytes header{};
};

/**
 * The receiving half of a Child SA: gets the IP packet out of an ESP packet, in place and without
 * allocating. In this order (RFC 4303 §3.4, RFC 4301 §5.2): sequence number, ICV, padding, inner
 * packet, selectors; the replay window moves once the ICV was good.
 */
class InboundSa : public InboundHalf
{
  public:
    /// @param context must outlive the SA
    InboundSa(crypto::Context& context, const SaParameters& parameters);

    /**
     * Verify and unwrap.
     * @param packet ESP from SPI to ICV, of this SA; afterwards the inner IP packet. Undefined
     * after an error.
     * @param header what wire::ParseEspHeader says of it
     * @param selectors of the SA: the inner packet must match them (RFC 4301 §5.2 step 4), or be an
     * ICMP error about one that the SA carries the other way (§6.2)
     * @param outer  its ECN mark is carried inwards (RFC 6040 §4.2); transport mode gives the
     * packet this header back, apart from lengths and protocol; or, unknown, one with its ends and
     * a TTL of 64. Through a NAT the ends are those that the SA knows, and checksums follow
     * @param fragments completes what later fragments do not show; nullptr: they stay incomplete,
     * and selectors with ports refuse them (RFC 4301 §7.3)
     * @param refused set to the authentic contents that the SA may not carry
     * @return REPLAY, INTEGRITY, TRUNCATED or BAD_VALUE for malformed contents, POLICY if the SA
     * may not carry this packet or its congestion mark cannot be delivered
     */
    Result<Opened> Open(PacketBuffer& packet,
                        const wire::EspHeader& header,
                        const TrafficSelectors& selectors,
                        const OuterHeader& outer,
                        const FragmentFollower* fragments = nullptr,
                        std::optional<PacketInfo>* refused = nullptr);

    /// Give up the cipher's contexts while the SA idles; the next packet makes them again.
    void
    DropContexts()
    {
        m_cipher.DropContexts();
    }

  private:
    Result<uint64_t> Resynchronise(PacketBuffer& packet, uint64_t expected);
    Result<uint8_t> StripTrailer(PacketBuffer& packet) const;
    void CutTfcPadding(PacketBuffer& packet, uint8_t nextHeader);
    Result<void> RestoreHeader(PacketBuffer& packet,
                               uint8_t nextHeader,
                               const OuterHeader& outer) const;

    crypto::PacketCipher m_cipher;
    std::optional<TransportNat> m_nat;
};

} // namespace ikelab::esp
