// SPDX-License-Identifier: GPL-2.0-only
#include "runner/frame_view.h"

#include "base/byte_reader.h"

#include <algorithm>

namespace ikelab::runner
{

namespace
{

constexpr size_t UDP_HEADER_OCTETS = 8;

void
ReadEsp(Bytes packet, FrameView& view)
{
    if (const auto header = wire::ParseEspHeader(packet))
    {
        view.esp = *header;
        view.espBody = packet.subspan(wire::ESP_HEADER_OCTETS);
    }
}

void
ReadIke(Bytes message, FrameView& view)
{
    if (const auto header = wire::ParseHeader(message))
    {
        view.ike = *header;
    }
}

/// The first fragment of one does not hold all that its header counts.
void
ReadAh(Bytes packet, FrameView& view)
{
    ByteReader reader(packet);
    wire::EspHeader header;
    if (reader.Skip(4) && reader.U32(header.spi.value) && reader.U32(header.sequence))
    {
        view.esp = header;
    }
}

} // namespace

std::optional<FrameView>
ViewFrame(Bytes frame)
{
    const auto packet = esp::ReadPacket(frame);
    if (!packet)
    {
        return {};
    }
    FrameView view;
    view.packet = *packet;
    const Bytes whole = frame.first(std::min(packet->totalOctets, frame.size()));
    const Bytes body = whole.subspan(std::min(packet->headerOctets, whole.size()));
    view.ah = packet->protocol == esp::PROTOCOL_AH;
    if (packet->laterFragment)
    {
        return view;
    }
    if (view.ah)
    {
        ReadAh(body, view);
        return view;
    }
    if (packet->protocol == esp::PROTOCOL_ESP)
    {
        ReadEsp(body, view);
        return view;
    }
    const auto isPort = [&packet](uint16_t port)
    {
        return packet->sourcePort == port || packet->destinationPort == port;
    };
    if (packet->protocol != esp::PROTOCOL_UDP || body.size() < UDP_HEADER_OCTETS)
    {
        return view;
    }
    const Bytes datagram = body.subspan(UDP_HEADER_OCTETS);
    if (isPort(wire::IKE_PORT))
    {
        ReadIke(datagram, view);
    }
    else if (isPort(wire::NATT_PORT))
    {
        const auto inside = wire::ParseUdpEncapsulated(datagram);
        if (!inside)
        {
            return view;
        }
        if (const auto* ike = std::get_if<wire::IkeInUdp>(&*inside))
        {
            ReadIke(ike->message, view);
        }
        else if (const auto* esp = std::get_if<wire::EspInUdp>(&*inside))
        {
            ReadEsp(esp->packet, view);
        }
        else
        {
            view.keepAlive = true;
        }
    }
    return view;
}

} // namespace ikelab::runner
