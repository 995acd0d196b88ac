// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"

namespace ns3::flat
{

/// Does ICMP or ICMPv6 follow the fixed IP header?
bool IsIcmp(ikelab::Bytes head);

/// False of what is surely none, extension headers or not: told for little, of nearly all packets.
bool MayBeIcmp(ikelab::Bytes head);

/// RFC 792, RFC 4443 §2.3.
bool HasGoodIcmpChecksum(ikelab::Bytes packet);

/// Give an ICMP error another source; its checksums follow. The families must be the same.
void SetIcmpSource(ikelab::MutableBytes packet, const ikelab::IpAddress& source);

} // namespace ns3::flat
