// SPDX-License-Identifier: MIT
#include "dissect/link_layer.h"

#include "base/byte_reader.h"

#include <algorithm>
#include <array>

namespace ikelab::dissect
{

namespace
{

constexpr uint16_t NULL_LOOPBACK = 0;
constexpr uint16_t ETHERNET = 1;
constexpr uint16_t OPEN_LOOPBACK = 108;
constexpr uint16_t LINUX_SLL = 113;
constexpr uint16_t LINUX_SLL2 = 276;
/// Raw IP has a number of its own and two that some systems wrote in its place.
constexpr std::array<uint16_t, 5> RAW_IP = {12, 14, 101, 228, 229};

constexpr uint16_t ETHERTYPE_IPV4 = 0x0800;
constexpr uint16_t ETHERTYPE_IPV6 = 0x86dd;
constexpr std::array<uint16_t, 3> ETHERTYPES_VLAN = {0x8100, 0x88a8, 0x9100};
/// Two tags stand in provider networks; more is no frame that anybody sends.
constexpr int MOST_VLAN_TAGS = 4;

template <typename Numbers>
bool
IsOneOf(uint16_t number, const Numbers& numbers)
{
    return std::ranges::find(numbers, number) != numbers.end();
}

std::optional<Bytes>
AfterEthertype(uint16_t ethertype, ByteReader& reader)
{
    for (int tags = 0; tags < MOST_VLAN_TAGS && IsOneOf(ethertype, ETHERTYPES_VLAN); ++tags)
    {
        if (!reader.Skip(2) || !reader.U16(ethertype))
        {
            return std::nullopt;
        }
    }
    if (ethertype != ETHERTYPE_IPV4 && ethertype != ETHERTYPE_IPV6)
    {
        return std::nullopt;
    }
    return reader.Rest();
}

std::optional<Bytes>
AfterFixedHeader(ByteReader& reader, size_t before, size_t after)
{
    uint16_t ethertype;
    if (!reader.Skip(before) || !reader.U16(ethertype) || !reader.Skip(after))
    {
        return std::nullopt;
    }
    return AfterEthertype(ethertype, reader);
}

} // namespace

bool
KnowsLinkType(uint16_t linkType)
{
    return linkType == NULL_LOOPBACK || linkType == ETHERNET || linkType == OPEN_LOOPBACK ||
           linkType == LINUX_SLL || linkType == LINUX_SLL2 || IsOneOf(linkType, RAW_IP);
}

std::optional<Bytes>
IpPacketOf(uint16_t linkType, Bytes frame)
{
    ByteReader reader(frame);
    std::optional<Bytes> packet;
    switch (linkType)
    {
    case ETHERNET:
        packet = AfterFixedHeader(reader, 12, 0);
        break;
    case LINUX_SLL:
        packet = AfterFixedHeader(reader, 14, 0);
        break;
    case LINUX_SLL2:
        packet = AfterFixedHeader(reader, 0, 18);
        break;
    case NULL_LOOPBACK:
    case OPEN_LOOPBACK:
        // The family has the number and octet order of whoever captured: the IP version tells more.
        packet = reader.Skip(4) ? std::optional(reader.Rest()) : std::nullopt;
        break;
    default:
        packet = IsOneOf(linkType, RAW_IP) ? std::optional(reader.Rest()) : std::nullopt;
        break;
    }
    if (!packet || packet->empty())
    {
        return std::nullopt;
    }
    const int version = packet->front() >> 4;
    return version == 4 || version == 6 ? packet : std::nullopt;
}

} // namespace ikelab::dissect
