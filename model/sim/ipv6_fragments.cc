// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ipv6_fragments.h"

#include "base/byte_writer.h"
#include "esp/transport_header.h"
#include "sim/flat_packet.h"

#include <algorithm>

namespace ns3::flat
{

using ikelab::Buffer;
using ikelab::Bytes;

namespace
{

constexpr size_t FIXED_OCTETS = 40;
constexpr size_t FRAGMENT_OCTETS = 8;

/**
 * What every part begins with: the headers that routers read, less a fragment header among them.
 * @param place of the fragment header to be, afterwards in what comes back
 */
Buffer
HeadersOfParts(Bytes packet, ikelab::esp::TransportPlace& place)
{
    Buffer headers = ikelab::ToBuffer(packet.first(FIXED_OCTETS));
    size_t nameAt = place.nextHeaderAt = 6;
    for (size_t at = FIXED_OCTETS; at < place.headerOctets;)
    {
        const uint8_t kind = packet[nameAt];
        const bool fragment = kind == ikelab::esp::PROTOCOL_FRAGMENT;
        const size_t octets = fragment ? FRAGMENT_OCTETS : size_t{8} * (packet[at + 1] + 1);
        if (!fragment)
        {
            headers[place.nextHeaderAt] = kind;
            place.nextHeaderAt = headers.size();
            ikelab::Append(headers, packet.subspan(at, octets));
        }
        nameAt = at;
        at += octets;
    }
    place.headerOctets = headers.size();
    return headers;
}

} // namespace

bool
FragmentV6(Bytes packet,
           size_t mtu,
           uint32_t identification,
           const std::function<void(Bytes fragment)>& send)
{
    constexpr size_t UNIT = 8; // all parts but the last are multiples of it
    const auto info = ikelab::esp::ReadPacket(packet);
    if (!info || !info->IsV6() || info->fragment)
    {
        return false;
    }
    // Routers read what stands before it: the same headers that ESP and AH go behind.
    ikelab::esp::TransportPlace place = ikelab::esp::PlaceFor(packet, *info);
    const Bytes content = packet.first(info->totalOctets).subspan(place.headerOctets);
    const uint8_t nextHeader = packet[place.nextHeaderAt];
    const Buffer headers = HeadersOfParts(packet, place);
    const size_t around = place.headerOctets + FRAGMENT_OCTETS;
    if (mtu < around + UNIT)
    {
        return false;
    }
    const size_t room = (mtu - around) / UNIT * UNIT;
    Buffer fragment;
    for (size_t offset = 0; offset < content.size(); offset += room)
    {
        const Bytes part = content.subspan(offset, std::min(room, content.size() - offset));
        const bool more = offset + part.size() < content.size();
        ikelab::ByteWriter header;
        header.U8(nextHeader);
        header.U8(0);
        header.U16(static_cast<uint16_t>(offset | (more ? 1 : 0)));
        header.U32(identification);
        fragment.clear();
        ikelab::Append(fragment, headers);
        ikelab::Append(fragment, header.View());
        ikelab::Append(fragment, part);
        ikelab::esp::WriteWhatFollows(fragment, place, ikelab::esp::PROTOCOL_FRAGMENT);
        send(fragment);
    }
    return true;
}

} // namespace ns3::flat
