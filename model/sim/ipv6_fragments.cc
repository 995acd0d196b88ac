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

void
FragmentV6(Bytes packet,
           size_t mtu,
           uint32_t identification,
           const std::function<void(Bytes fragment)>& send)
{
    constexpr size_t FRAGMENT_OCTETS = 8;
    constexpr size_t UNIT = 8; // all parts but the last are multiples of it
    const auto info = ikelab::esp::ReadPacket(packet);
    if (!info || !info->IsV6() || info->fragment)
    {
        return;
    }
    // Routers read what stands before it: the same headers that ESP and AH go behind.
    const ikelab::esp::TransportPlace place = ikelab::esp::PlaceFor(packet, *info);
    const size_t around = place.headerOctets + FRAGMENT_OCTETS;
    if (mtu < around + UNIT)
    {
        return;
    }
    const size_t room = (mtu - around) / UNIT * UNIT;
    const Bytes content = packet.first(info->totalOctets).subspan(place.headerOctets);
    Buffer fragment;
    for (size_t offset = 0; offset < content.size(); offset += room)
    {
        const Bytes part = content.subspan(offset, std::min(room, content.size() - offset));
        const bool more = offset + part.size() < content.size();
        ikelab::ByteWriter header;
        header.U8(packet[place.nextHeaderAt]);
        header.U8(0);
        header.U16(static_cast<uint16_t>(offset | (more ? 1 : 0)));
        header.U32(identification);
        fragment.clear();
        ikelab::Append(fragment, packet.first(place.headerOctets));
        ikelab::Append(fragment, header.View());
        ikelab::Append(fragment, part);
        ikelab::esp::WriteWhatFollows(fragment, place, ikelab::esp::PROTOCOL_FRAGMENT);
        send(fragment);
    }
}

} // namespace ns3::flat
