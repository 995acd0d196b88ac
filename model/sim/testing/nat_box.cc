// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/nat_box.h"

#include "base/assert.h"
#include "base/checksum.h"
#include "esp/packet_info.h"
#include "sim/flat_packet.h"
#include "sim/ns3_compat.h"

#include "ns3/callback.h"

#include <algorithm>
#include <utility>

namespace ns3::testing
{

using ikelab::IpAddress;
using ikelab::MutableBytes;
using ikelab::SocketAddress;

namespace
{

constexpr uint8_t PROTOCOL_TCP = 6;

/// Write another end into a packet: its address at `address`, its port at `port`.
void
Rewrite(MutableBytes packet,
        const ikelab::esp::PacketInfo& info,
        bool source,
        const SocketAddress& end)
{
    const MutableBytes address = packet.subspan(source ? 12 : 16, 4);
    const MutableBytes body = packet.subspan(info.headerOctets);
    const MutableBytes port = body.subspan(source ? 0 : 2, 2);
    const uint16_t addressBefore = ikelab::OnesComplementSum(address);
    const uint16_t before = ikelab::OnesComplementSum(port, addressBefore);
    std::ranges::copy(end.address.Octets(), address.begin());
    port[0] = static_cast<uint8_t>(end.port >> 8);
    port[1] = static_cast<uint8_t>(end.port);
    const uint16_t addressAfter = ikelab::OnesComplementSum(address);
    const uint16_t after = ikelab::OnesComplementSum(port, addressAfter);
    ikelab::AdjustChecksum(packet.subspan(10, 2), addressBefore, addressAfter);
    const MutableBytes checksum = body.subspan(info.protocol == PROTOCOL_TCP ? 16 : 6, 2);
    const bool none = info.protocol == flat::PROTOCOL_UDP && checksum[0] == 0 && checksum[1] == 0;
    if (!none)
    {
        ikelab::AdjustChecksum(checksum, before, after);
    }
}

} // namespace

NatBox::NatBox(const IpAddress& outside, Ptr<NetDevice> outsideDevice)
    : m_outside(outside),
      m_outsideDevice(std::move(outsideDevice))
{
    AddInside(m_outsideDevice);
}

void
NatBox::AddInside(Ptr<NetDevice> device)
{
    device->GetNode()->RegisterProtocolHandler(
        MakeCallback(&NatBox::Receive, this), compat::ETHERTYPE_IPV4, device);
}

void
NatBox::Forward(const IpAddress& inside, Ptr<NetDevice> device)
{
    AddInside(device);
    m_forward = Inside{{inside, 0}, device};
}

void
NatBox::Reboot(const IpAddress& outside)
{
    m_outside = outside;
    m_ports.clear();
    m_hosts.clear();
    m_next = static_cast<uint16_t>(m_next + 1000);
}

uint16_t
NatBox::OutsidePort(uint8_t protocol, const Inside& host)
{
    if (m_forward && m_forward->end.address == host.end.address)
    {
        return host.end.port;
    }
    const auto [port, fresh] = m_ports.try_emplace({protocol, host.end}, m_next);
    if (fresh)
    {
        m_hosts[{protocol, m_next++}] = host;
    }
    return port->second;
}

std::optional<NatBox::Inside>
NatBox::FindInside(uint8_t protocol, uint16_t port) const
{
    if (const auto host = m_hosts.find({protocol, port}); host != m_hosts.end())
    {
        return host->second;
    }
    auto forward = m_forward;
    if (forward)
    {
        forward->end.port = port;
    }
    return forward;
}

void
NatBox::Receive(Ptr<NetDevice> device,
                Ptr<const Packet> packet,
                uint16_t,
                const Address&,
                const Address&,
                NetDevice::PacketType)
{
    ikelab::PacketBuffer buffer;
    flat::Flatten(*packet, buffer);
    const auto info = ikelab::esp::ReadPacket(buffer.View());
    const size_t least = info && info->protocol == PROTOCOL_TCP ? 20 : 8;
    if (!info || info->fragment || !info->portsKnown ||
        (info->protocol != PROTOCOL_TCP && info->protocol != flat::PROTOCOL_UDP) ||
        info->totalOctets < info->headerOctets + least || !flat::DecrementTtl(buffer.View()))
    {
        ++dropped;
        return;
    }
    Ptr<NetDevice> out = m_outsideDevice;
    if (device != m_outsideDevice)
    {
        const Inside host{{info->source.ToAddress(), info->sourcePort}, device};
        Rewrite(buffer.View(), *info, true, {m_outside, OutsidePort(info->protocol, host)});
    }
    else
    {
        const auto host = info->destination.ToAddress() == m_outside
                              ? FindInside(info->protocol, info->destinationPort)
                              : std::nullopt;
        if (!host)
        {
            ++dropped;
            return;
        }
        Rewrite(buffer.View(), *info, false, host->end);
        out = host->device;
    }
    ++translated;
    out->Send(flat::ToPacket(buffer.View()), out->GetBroadcast(), compat::ETHERTYPE_IPV4);
}

} // namespace ns3::testing
