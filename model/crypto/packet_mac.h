// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "crypto/algorithms.h"
#include "crypto/context.h"

#include <memory>
#include <optional>
#include <span>

namespace ikelab::crypto
{

/**
 * Authenticates the packets of one direction of one SA, which stay plain: what AH needs (RFC 4302
 * §3.3.3). A packet is given in pieces, because fields that change in transit are authenticated as
 * other octets than those that are sent. The OpenSSL context is keyed once, at first use, and may
 * be dropped while the SA idles.
 */
class PacketMac
{
  public:
    /**
     * @param integ row of the integrity algorithm
     * @param key integ.keyOctets octets, copied; with another size Sign and Verify answer BAD_VALUE
     */
    PacketMac(Context& context, const IntegRow& integ, Bytes key);
    PacketMac(PacketMac&&) noexcept;
    PacketMac& operator=(PacketMac&&) noexcept;
    ~PacketMac();

    size_t IcvOctets() const;

    /**
     * @param pieces of the packet, in their order
     * @param esnHigh high half of the sequence number with ESN: behind the packet, not sent (RFC
     * 4302 §3.3.3.2.2)
     * @param icv IcvOctets() octets, written last: the pieces may hold them
     */
    Result<void> Sign(std::span<const Bytes> pieces,
                      std::optional<uint32_t> esnHigh,
                      MutableBytes icv);

    /// INTEGRITY unless `icv` is what Sign would write.
    Result<void> Verify(std::span<const Bytes> pieces, std::optional<uint32_t> esnHigh, Bytes icv);

    /// Free the OpenSSL context; the next packet makes it again.
    void DropContexts();

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace ikelab::crypto
