// SPDX-License-Identifier: MIT
#include "endpoint/endpoint.h"
#include "esp/packet_info.h"

#include <fmt/format.h>

#include <utility>

/**
 * The path of packets: sockets and TUN device to the gateway, and what it made of them out again.
 */
namespace ikelab::endpoint
{

namespace
{

/// Packets from one socket before the others have their turn.
constexpr int BATCH = 64;
/// RFC 3948 §2.3
constexpr size_t UDP_HEADER_OCTETS = 8;

} // namespace

template <typename Take>
void
Endpoint::ReadFrom(io::IpSocket& socket, const Take& take)
{
    for (int i = 0; i < BATCH; ++i)
    {
        const Instant now = m_loop.Now();
        const MutableBytes room = m_packet.Reset(io::IpSocket::PACKET_OCTETS_MAX);
        const auto received = socket.Receive(room);
        if (!received)
        {
            Complain(now, "NET", received.error().message);
            return;
        }
        if (!*received)
        {
            return;
        }
        const io::ReceivedPacket& packet = **received;
        m_packet.DropBack(room.size() - packet.ipHeaderOctets - packet.payload.size());
        if (take(now, packet) == gateway::Verdict::DELIVER)
        {
            Deliver(now);
        }
        Drain(now);
    }
}

void
Endpoint::ReadUdp(io::IpSocket& socket)
{
    ReadFrom(socket,
             [&](Instant now, const io::ReceivedPacket& packet)
             {
                 m_journal.OnReceived(now,
                                      {.path = packet.path,
                                       .payload = packet.payload,
                                       .outer = {.trafficClass = packet.trafficClass}});
                 return m_gateway.HandleUdp(now, {packet.path, packet.trafficClass}, m_packet);
             });
}

void
Endpoint::ReadRaw(io::IpSocket& socket)
{
    ReadFrom(
        socket,
        [&](Instant now, const io::ReceivedPacket& packet)
        {
            const Bytes ipHeader = std::as_const(m_packet).View().first(packet.ipHeaderOctets);
            if (!ipHeader.empty())
            {
                m_journal.OnReceivedFrame(now, m_packet.View());
            }
            else
            {
                m_journal.OnReceived(now,
                                     {.path = packet.path,
                                      .udp = false,
                                      .payload = packet.payload,
                                      .outer = {.trafficClass = packet.trafficClass}});
            }
            m_packet.DropFront(ipHeader.size());
            return m_gateway.HandleEsp(now, {packet.path, packet.trafficClass, ipHeader}, m_packet);
        });
}

void
Endpoint::ReadTun()
{
    for (int i = 0; i < BATCH; ++i)
    {
        const Instant now = m_loop.Now();
        const MutableBytes room = m_packet.Reset(io::IpSocket::PACKET_OCTETS_MAX);
        const auto packet = m_tun->Read(room);
        if (!packet)
        {
            m_journal.LogError(now, "KNL", packet.error().message);
            ForgetTun();
            m_broken = true;
            return;
        }
        if (!*packet)
        {
            return;
        }
        m_packet.DropBack(room.size() - (*packet)->size());
        SendClear(now);
        Drain(now);
    }
}

void
Endpoint::SendClear(Instant now)
{
    gateway::Outgoing outgoing;
    const gateway::Origin origin = OriginOf(now, m_packet.View());
    switch (m_gateway.HandleOutbound(now, origin, m_packet, outgoing))
    {
    case gateway::Verdict::PROTECT:
        SendProtected(now, outgoing);
        break;
    case gateway::Verdict::BYPASS:
        // Its only route leads here: sent out again it would come back for ever.
        Complain(now, "KNL", "dropped a packet from the TUN device that no policy protects");
        break;
    default:
        break;
    }
}

bool
Endpoint::SendWhole(Instant now, const gateway::Outgoing& outgoing)
{
    const auto info = esp::ReadPacket(m_packet.View());
    io::IpSocket* socket = RawFor(outgoing.path.local.address);
    if (info && socket == nullptr && outgoing.udpEncapsulation)
    {
        // Without raw sockets only the system can write the header: its TTL and no options.
        m_packet.DropFront(info->headerOctets + UDP_HEADER_OCTETS);
        return false;
    }
    if (!info || socket == nullptr)
    {
        Complain(now,
                 "NET",
                 m_rawProblem ? m_rawProblem->message
                              : fmt::format("no socket for transport mode from {}",
                                            outgoing.path.local.ToString()));
        return true;
    }
    const auto sent = socket->SendWhole(info->destination.ToAddress(), m_packet.View());
    if (!sent)
    {
        Complain(now, "NET", sent.error().message);
        return true;
    }
    m_journal.OnSentFrame(now, m_packet.View());
    return true;
}

void
Endpoint::SendProtected(Instant now, const gateway::Outgoing& outgoing)
{
    if (outgoing.wholePacket && SendWhole(now, outgoing))
    {
        return;
    }
    io::IpSocket* socket = outgoing.udpEncapsulation ? UdpFor(outgoing.path.local)
                                                     : RawFor(outgoing.path.local.address);
    if (socket == nullptr)
    {
        Complain(now,
                 "NET",
                 m_rawProblem && !outgoing.udpEncapsulation
                     ? m_rawProblem->message
                     : fmt::format("no socket for ESP from {}", outgoing.path.local.ToString()));
        return;
    }
    const io::OuterFields outer{outgoing.trafficClass, outgoing.dontFragment};
    if (const auto sent = socket->Send(outgoing.path, m_packet.View(), outer); !sent)
    {
        Complain(now, "NET", sent.error().message);
        return;
    }
    m_journal.OnSent(now,
                     {.path = outgoing.path,
                      .udp = outgoing.udpEncapsulation,
                      .payload = m_packet.View(),
                      .outer = outer});
}

void
Endpoint::SendDatagram(Instant now, const ike::Datagram& datagram)
{
    io::IpSocket* socket = UdpFor(datagram.path.local);
    if (socket == nullptr)
    {
        Complain(now, "NET", fmt::format("no socket for {}", datagram.path.local.ToString()));
        return;
    }
    if (const auto sent = socket->Send(datagram.path, datagram.message); !sent)
    {
        Complain(now, "NET", sent.error().message);
        return;
    }
    m_journal.OnSent(now, {.path = datagram.path, .payload = datagram.message, .outer = {}});
}

void
Endpoint::Deliver(Instant now)
{
    if (!m_tun)
    {
        return;
    }
    if (const auto written = m_tun->Write(m_packet.View()); !written)
    {
        Complain(now, "KNL", written.error().message);
    }
}

} // namespace ikelab::endpoint
