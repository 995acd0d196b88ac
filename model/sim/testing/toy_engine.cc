// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/toy_engine.h"

#include "sim/flat_packet.h"

#include <algorithm>

namespace ns3::testing
{

using ikelab::Bytes;
using ikelab::PacketBuffer;
using ikelab::gateway::Origin;
using ikelab::gateway::Outgoing;
using ikelab::gateway::Verdict;

namespace
{

constexpr uint8_t KEY = 0xa5;
constexpr size_t HEADER_OCTETS = 8; // an SPI and a sequence number, as ESP has
constexpr uint8_t SPI_OCTET = 0xc0;

void
Cipher(ikelab::MutableBytes octets)
{
    for (uint8_t& octet : octets)
    {
        octet ^= KEY;
    }
}

} // namespace

ToyEngine::ToyEngine(const std::string& localNet,
                     const std::string& remoteNet,
                     const ikelab::Path& path)
    : m_local(*ikelab::IpRange::Parse(localNet)),
      m_remote(*ikelab::IpRange::Parse(remoteNet)),
      m_path(path)
{
}

Verdict
ToyEngine::Outbound(Origin origin, PacketBuffer& packet, Outgoing& outgoing)
{
    origins.push_back(origin);
    const auto ends = flat::ReadEnds(packet.View());
    if (!ends)
    {
        return Verdict::DISCARD;
    }
    if (!m_local.Contains(ends->source) || !m_remote.Contains(ends->destination))
    {
        return discardRest ? Verdict::DISCARD : Verdict::BYPASS;
    }
    if (!up)
    {
        held.push_back(ikelab::ToBuffer(packet.View()));
        return Verdict::HELD;
    }
    outgoing.path = m_path;
    outgoing.udpEncapsulation = udpEncapsulation;
    const Bytes inner = packet.View();
    outgoing.dontFragment = flat::Version(inner) == 6 || (inner[6] & 0x40) != 0;
    Cipher(packet.View());
    const ikelab::MutableBytes header = packet.Prepend(HEADER_OCTETS);
    std::ranges::fill(header, SPI_OCTET);
    ++protectedPackets;
    return Verdict::PROTECT;
}

Verdict
ToyEngine::InboundClear(Bytes packet)
{
    const auto ends = flat::ReadEnds(packet);
    if (!ends || (m_remote.Contains(ends->source) && m_local.Contains(ends->destination)))
    {
        ++refusedClear;
        return Verdict::DISCARD;
    }
    return discardRest ? Verdict::DISCARD : Verdict::BYPASS;
}

bool
ToyEngine::AdmitsClear(Bytes quoted) const
{
    const auto ends = flat::ReadEnds(quoted);
    return !discardRest && ends &&
           !(m_remote.Contains(ends->source) && m_local.Contains(ends->destination));
}

Verdict
ToyEngine::Udp(const ikelab::gateway::Arrival& arrival, PacketBuffer& datagram)
{
    return datagram.Size() > HEADER_OCTETS ? Esp(arrival, datagram) : Verdict::CONSUMED;
}

Verdict
ToyEngine::Esp(const ikelab::gateway::Arrival& arrival, PacketBuffer& packet)
{
    if (packet.Size() < HEADER_OCTETS || packet.View()[0] != SPI_OCTET ||
        arrival.path.remote.address != m_path.remote.address)
    {
        return Verdict::DISCARD;
    }
    packet.DropFront(HEADER_OCTETS);
    Cipher(packet.View());
    ++openedPackets;
    return Verdict::DELIVER;
}

Verdict
ToyEngine::Ah(const ikelab::gateway::Arrival&, PacketBuffer&)
{
    return Verdict::DISCARD; // it makes none
}

void
ToyEngine::Settle()
{
    ++settled;
}

bool
ToyEngine::TakesPort(uint16_t port) const
{
    return port == 500 || port == 4500;
}

std::optional<ikelab::IpAddress>
ToyEngine::PreferSource(const ikelab::IpAddress& destination,
                        const std::vector<ikelab::IpAddress>& locals) const
{
    for (const auto& local : locals)
    {
        if (m_remote.Contains(destination) && m_local.Contains(local))
        {
            return local;
        }
    }
    return std::nullopt;
}

} // namespace ns3::testing
