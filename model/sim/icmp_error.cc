// SPDX-License-Identifier: GPL-2.0-only
#include "sim/icmp_error.h"

#include "base/checksum.h"
#include "esp/packet_info.h"
#include "sim/flat_packet.h"

#include <algorithm>

namespace ns3::flat
{

using ikelab::AdjustChecksum;
using ikelab::Bytes;
using ikelab::IpAddress;
using ikelab::MutableBytes;
using ikelab::OnesComplementSum;

namespace
{

constexpr size_t V4_PROTOCOL = 9;
constexpr size_t V6_NEXT_HEADER = 6;

} // namespace

bool
IsIcmp(Bytes head)
{
    const bool v4 = Version(head) == 4;
    const size_t place = v4 ? V4_PROTOCOL : V6_NEXT_HEADER;
    return head.size() > place &&
           head[place] == (v4 ? ikelab::esp::PROTOCOL_ICMP : ikelab::esp::PROTOCOL_ICMPV6);
}

bool
MayBeIcmp(Bytes head)
{
    if (Version(head) == 4)
    {
        return IsIcmp(head);
    }
    return head.size() > V6_NEXT_HEADER && head[V6_NEXT_HEADER] != ikelab::esp::PROTOCOL_TCP &&
           head[V6_NEXT_HEADER] != ikelab::esp::PROTOCOL_UDP;
}

bool
HasGoodIcmpChecksum(Bytes packet)
{
    const auto info = ikelab::esp::ReadPacket(packet);
    if (!info)
    {
        return false;
    }
    const Bytes message = packet.first(info->totalOctets).subspan(info->headerOctets);
    uint32_t start = 0;
    if (info->IsV6())
    {
        start = OnesComplementSum(packet.subspan(8, 32)); // both addresses
        start += ikelab::esp::PROTOCOL_ICMPV6 + static_cast<uint32_t>(message.size());
    }
    return OnesComplementSum(message, start) == 0xffff;
}

void
SetIcmpSource(MutableBytes packet, const IpAddress& source)
{
    const bool v6 = Version(packet) == 6;
    const MutableBytes place = v6 ? packet.subspan(8, 16) : packet.subspan(12, 4);
    const uint16_t before = OnesComplementSum(place);
    std::ranges::copy(source.Octets(), place.begin());
    const uint16_t after = OnesComplementSum(place);
    if (v6)
    {
        // ICMPv6 sums the addresses too (RFC 4443 §2.3); errors of ours have no extension headers.
        // Without ChecksumEnabled the field is 0.
        const MutableBytes checksum = packet.subspan(IPV6_HEADER_OCTETS + 2, 2);
        if (checksum[0] != 0 || checksum[1] != 0)
        {
            AdjustChecksum(checksum, before, after);
        }
    }
    else
    {
        AdjustChecksum(packet.subspan(10, 2), before, after);
    }
}

} // namespace ns3::flat
