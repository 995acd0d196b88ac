// SPDX-License-Identifier: MIT
#include "esp/icmp_error.h"

#include "base/byte_reader.h"

#include <algorithm>
#include <utility>

namespace ikelab::esp
{

namespace
{

constexpr uint8_t V4_UNREACHABLE = 3;
constexpr uint8_t V4_FRAGMENTATION_NEEDED = 4;
constexpr uint8_t V6_TOO_BIG = 2;

/// All but what it is about.
std::optional<IcmpError>
ReadFixed(Bytes packet, const PacketInfo& info)
{
    if (info.laterFragment || info.protocol != (info.IsV6() ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP))
    {
        return std::nullopt;
    }
    IcmpError error;
    error.v6 = info.IsV6();
    ByteReader reader(
        packet.first(std::min(info.totalOctets, packet.size())).subspan(info.headerOctets));
    uint16_t checksum = 0; // the IP layer's business
    if (!reader.U8(error.type) || !reader.U8(error.code) || !reader.U16(checksum) ||
        !reader.U32(error.parameter) || !IsIcmpErrorType(error.v6, error.type))
    {
        return std::nullopt;
    }
    error.quoted = reader.Rest();
    return error;
}

} // namespace

bool
IsIcmpErrorType(bool v6, uint8_t type)
{
    if (v6)
    {
        return type < 128;
    }
    // Unreachable, source quench, redirect, time exceeded, parameter problem.
    return type == V4_UNREACHABLE || type == 4 || type == 5 || type == 11 || type == 12;
}

bool
IsPacketTooBig(const IcmpError& error)
{
    return error.v6 ? error.type == V6_TOO_BIG
                    : error.type == V4_UNREACHABLE && error.code == V4_FRAGMENTATION_NEEDED;
}

std::optional<Bytes>
QuotedByIcmpError(Bytes packet, const PacketInfo& info)
{
    const auto error = ReadFixed(packet, info);
    return error ? std::optional(error->quoted) : std::nullopt;
}

std::optional<IcmpError>
ReadIcmpError(Bytes packet, const PacketInfo& info)
{
    auto error = ReadFixed(packet, info);
    if (!error)
    {
        return std::nullopt;
    }
    const auto about = ReadQuoted(error->quoted);
    if (!about || about->IsV6() != error->v6)
    {
        return std::nullopt;
    }
    error->about = *about;
    return error;
}

bool
IsErrorAboutOurs(Bytes packet, const PacketInfo& info, const TrafficSelectors& selectors)
{
    const auto error = ReadIcmpError(packet, info);
    // Who gets it must be who sent the packet: else the SA would carry anything anywhere.
    return error && !info.fragment && error->about.source == info.destination &&
           selectors.MatchesOutbound(error->about);
}

PacketInfo
Reversed(const PacketInfo& info)
{
    PacketInfo reversed = info;
    std::swap(reversed.source, reversed.destination);
    std::swap(reversed.sourcePort, reversed.destinationPort);
    return reversed;
}

} // namespace ikelab::esp
