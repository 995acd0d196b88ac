// SPDX-License-Identifier: MIT
#pragma once

#include "base/packet_buffer.h"
#include "base/random_source.h"
#include "base/result.h"
#include "crypto/packet_cipher.h"
#include "esp/outbound_half.h"
#include "esp/packet_info.h"

namespace ikelab::esp
{

/// How large a packet is to look that may be smaller, RFC 4303 §2.7.
struct TfcPadding
{
    size_t octets{0}; ///< pad an inner packet up to so many, IP header included
    size_t room{0};   ///< but what Seal leaves in the buffer up to no more than so many
};

/**
 * The sending half of a Child SA: makes an ESP packet of an IP packet, in place and without
 * allocating.
 *
 *     | SPI | sequence | IV | IP packet | TFC padding | padding | pad length | next header | ICV |
 *
 * In transport mode the packet's own IP header stays before it (§3.1.1), and only what follows is
 * inside.
 *
 * @see RFC 4303 §2 and §3.3
 */
class OutboundSa : public OutboundHalf
{
  public:
    /// @param context must outlive the SA
    OutboundSa(crypto::Context& context, const SaParameters& parameters);

    /**
     * Protect a packet that has PacketBuffer's room around it.
     * @param packet an IP packet, afterwards ESP from SPI to ICV; in transport mode the whole IP
     * packet with it
     * @param inner  what ReadPacket says of it
     * @param random for IVs of CBC ciphers
     * @return EXHAUSTED when the sequence numbers are used up (RFC 4303 §3.3.3: they never cycle);
     * POLICY for a packet that transport mode cannot carry, OVERLONG for one that would not fit an
     * IP packet with all that comes before it. The packet is then untouched, and no number spent.
     * CRYPTO if OpenSSL refuses.
     */
    Result<Sealed> Seal(PacketBuffer& packet, const PacketInfo& inner, RandomSource& random);

    /**
     * The same with TFC padding (RFC 4303 §2.7): behind a tunnel's packets, and in transport mode
     * behind those whose next layer says how long it is.
     */
    Result<Sealed> SealPadded(PacketBuffer& packet,
                              const PacketInfo& inner,
                              TfcPadding padding,
                              RandomSource& random);

    /**
     * A packet that the receiver throws away, to hide how much is really sent (RFC 4303 §2.6).
     * @param packet its contents are replaced
     * @param octets of random plaintext
     */
    Result<Sealed> SealDummy(PacketBuffer& packet, size_t octets, RandomSource& random);

    /// Octets that Seal adds to a packet of `octets`.
    size_t Overhead(size_t octets) const;
    /// The most contents that an ESP packet of so many octets has room for, 0 if for none.
    size_t LargestContents(size_t espOctets) const;

    /// Give up the cipher's contexts while the SA idles; the next packet makes them again.
    void
    DropContexts()
    {
        m_cipher.DropContexts();
    }

  private:
    size_t Padding(size_t octets) const;
    /// Does ESP with such contents fit into what it stands in?
    bool Fits(size_t contents) const;
    Result<Sealed> SealTunnel(PacketBuffer& packet, const PacketInfo& inner, RandomSource& random);
    Result<Sealed> SealTransport(PacketBuffer& packet,
                                 const PacketInfo& inner,
                                 const TfcPadding* padding,
                                 RandomSource& random);
    size_t PaddedContents(size_t headerOctets, TfcPadding padding) const;
    Result<uint64_t> Encapsulate(PacketBuffer& packet, uint8_t nextHeader, RandomSource& random);

    crypto::PacketCipher m_cipher;
    size_t m_udpOctets;
    size_t m_largest; ///< ESP of a tunnel, or packet of transport mode before UDP encapsulation
};

} // namespace ikelab::esp
