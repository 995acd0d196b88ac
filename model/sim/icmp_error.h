// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"

#include <optional>

namespace ns3::flat
{

/// The packet that an ICMP or ICMPv6 error tells of.
struct Reported
{
    ikelab::Buffer packet; ///< as long as its header says, zeros where the error left it out
    ikelab::IpAddress source;
    ikelab::IpAddress destination;
};

/**
 * Read an ICMP error (RFC 792, RFC 4443). It carries octets of another packet, which may be more
 * secret than the error's own addresses tell.
 * @return nothing if the packet is no error
 */
std::optional<Reported> ReadIcmpError(ikelab::Bytes packet);

/// Does ICMP or ICMPv6 follow the fixed IP header?
bool IsIcmp(ikelab::Bytes head);

/// RFC 792, RFC 4443 §2.3.
bool HasGoodIcmpChecksum(ikelab::Bytes packet);

/// Give an ICMP error another source; its checksums follow. The families must be the same.
void SetIcmpSource(ikelab::MutableBytes packet, const ikelab::IpAddress& source);

} // namespace ns3::flat
