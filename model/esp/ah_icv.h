// SPDX-License-Identifier: MIT
#pragma once

#include "crypto/packet_mac.h"
#include "esp/ah_authenticated.h"
#include "esp/sa_parameters.h"
#include "wire/ah_header.h"

#include <array>
#include <optional>

namespace ikelab::esp
{

/**
 * What both halves of an AH SA compute: the ICV over a whole IP packet (RFC 4302 §3.3.3). Nothing
 * of the packet is changed: fields that count as other octets are given from elsewhere.
 */
class AhIcv
{
  public:
    /// @param context must outlive it
    AhIcv(crypto::Context& context, const SaParameters& parameters);

    /// Octets of AH: its length is a multiple of 4 in IPv4, of 8 in IPv6 (RFC 4302 §3.3.3.2.1).
    size_t HeaderOctets(bool v6) const;

    /// Take the headers before AH for what follows; errors are CopyAuthenticated's.
    Result<void> Begin(Bytes headers, AhEnd end);
    /// The ICV goes into `packet`, which begins with AH and has its padding.
    Result<void> Sign(MutableBytes packet, uint64_t sequence);
    Result<void> Verify(Bytes packet, uint64_t sequence);

    void
    DropContexts()
    {
        m_mac.DropContexts();
    }

  private:
    std::array<Bytes, 4> Pieces(Bytes packet) const;
    std::optional<uint32_t> HighHalf(uint64_t sequence) const;

    crypto::PacketMac m_mac;
    size_t m_icvOctets;
    bool m_esn;
    Buffer m_headers; ///< as they are authenticated
};

} // namespace ikelab::esp
