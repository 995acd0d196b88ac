// SPDX-License-Identifier: GPL-2.0-only
#include "runner/packet_flow.h"

#include "base/byte_reader.h"
#include "runner/invariants.h"
#include "sim/flat_packet.h"

#include "ns3/inet-socket-address.h"
#include "ns3/inet6-socket-address.h"
#include "ns3/nstime.h"
#include "ns3/simulator.h"

#include <algorithm>

namespace ikelab::runner
{

ns3::Address
ToSocketAddress(const IpAddress& address, uint16_t port)
{
    if (address.IsV4())
    {
        return ns3::InetSocketAddress(ns3::flat::ToIpv4Address(address), port);
    }
    return ns3::Inet6SocketAddress(ns3::flat::ToIpv6Address(address), port);
}

Duration
Now()
{
    return Duration{ns3::Simulator::Now().GetNanoSeconds()};
}

PacketFlow::PacketFlow(const Flow& flow, size_t index) : m_flow(flow), m_index(index)
{
}

void
PacketFlow::ScheduleFirst()
{
    ns3::Simulator::Schedule(ns3::NanoSeconds(m_flow.start.count()), &PacketFlow::SendNext, this);
}

void
PacketFlow::SendNext()
{
    const auto sequence = static_cast<uint32_t>(m_result.trips.size());
    m_result.trips.push_back({Now(), {}});
    m_result.firstSent = m_result.firstSent.value_or(Now());
    ++m_result.sent;
    if (m_result.sent < m_flow.count)
    {
        ns3::Simulator::Schedule(
            ns3::NanoSeconds(m_flow.interval.count()), &PacketFlow::SendNext, this);
    }
    SendPacket(sequence);
}

namespace
{

// The smallest data is 16 octets: the sequence number comes first, then as much of the marker and
// of the pattern as fits.
constexpr size_t SEQUENCE_OCTETS = 4;

} // namespace

ns3::Ptr<ns3::Packet>
PacketFlow::MakeData(uint32_t sequence) const
{
    Buffer data(m_flow.size);
    for (size_t i = 0; i < data.size(); ++i)
    {
        const size_t place = i - SEQUENCE_OCTETS;
        if (i < SEQUENCE_OCTETS)
        {
            data[i] = static_cast<uint8_t>(sequence >> (8 * (SEQUENCE_OCTETS - 1 - i)));
        }
        else if (place < FLOW_MARKER.size())
        {
            data[i] = static_cast<uint8_t>(FLOW_MARKER[place]);
        }
        else
        {
            data[i] = static_cast<uint8_t>(i);
        }
    }
    return ns3::flat::ToPacket(data);
}

void
PacketFlow::NoteArrival(const ns3::Packet& data)
{
    Buffer octets(data.GetSize());
    data.CopyData(octets.data(), static_cast<uint32_t>(octets.size()));
    ByteReader reader(octets);
    uint32_t sequence = 0;
    if (octets.size() != m_flow.size || !reader.U32(sequence) || sequence >= m_result.trips.size())
    {
        return;
    }
    PacketTrip& trip = m_result.trips[sequence];
    if (trip.took)
    {
        ++m_result.duplicates;
        return;
    }
    trip.took = Now() - trip.sent;
    ++m_result.received;
    m_result.octets += octets.size();
    if (m_result.lastReceived)
    {
        m_result.longestGap = std::max(m_result.longestGap, Now() - *m_result.lastReceived);
    }
    m_result.lastReceived = Now();
}

FlowResult
PacketFlow::Result() const
{
    return m_result;
}

} // namespace ikelab::runner
