// SPDX-License-Identifier: GPL-2.0-only
#include "runner/flow_kinds.h"
#include "runner/invariants.h"
#include "runner/packet_flow.h"
#include "sim/flat_packet.h"

#include "ns3/nstime.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/tcp-socket-factory.h"
#include "ns3/uinteger.h"

#include <algorithm>

namespace ikelab::runner
{

namespace
{

/// Fits an IPv6 packet with IPv6 ESP around it into 1400 octets; ns-3's 536 is of 1981.
constexpr uint32_t SEGMENT_OCTETS = 1220;

/// One transfer from client to server.
class TcpFlow final : public FlowDriver
{
  public:
    TcpFlow(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from, ns3::Ptr<ns3::Node> to)
        : m_flow(flow),
          m_index(index),
          m_from(from),
          m_to(to)
    {
        while (m_pattern.size() < SEGMENT_OCTETS)
        {
            m_pattern.insert(m_pattern.end(), FLOW_MARKER.begin(), FLOW_MARKER.end());
        }
    }

    void
    Start() override
    {
        const ns3::TypeId factory = ns3::TcpSocketFactory::GetTypeId();
        m_listener = ns3::Socket::CreateSocket(m_to, factory);
        m_listener->Bind(ToSocketAddress(m_flow.destination, DestinationPort(m_index)));
        m_listener->Listen();
        m_listener->SetAcceptCallback(
            ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
            ns3::MakeCallback(&TcpFlow::Accept, this));
        m_client = ns3::Socket::CreateSocket(m_from, factory);
        m_client->SetAttribute("SegmentSize", ns3::UintegerValue(SEGMENT_OCTETS));
        m_client->Bind(ToSocketAddress(m_flow.source, SourcePort(m_index)));
        m_client->SetConnectCallback(ns3::MakeCallback(&TcpFlow::Connected, this),
                                     ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        m_client->SetSendCallback(ns3::MakeCallback(&TcpFlow::Fill, this));
        ns3::Simulator::Schedule(ns3::NanoSeconds(m_flow.start.count()), &TcpFlow::Connect, this);
    }

    FlowResult
    Result() const override
    {
        return m_result;
    }

  private:
    void
    Connect()
    {
        m_result.firstSent = Now();
        m_client->Connect(ToSocketAddress(m_flow.destination, DestinationPort(m_index)));
    }

    void
    Connected(ns3::Ptr<ns3::Socket> socket)
    {
        m_connected = true;
        Fill(socket, socket->GetTxAvailable());
    }

    /// Put into the send buffer what fits.
    void
    Fill(ns3::Ptr<ns3::Socket> socket, uint32_t)
    {
        while (m_connected && m_result.sent < m_flow.bytes)
        {
            const uint64_t left = m_flow.bytes - m_result.sent;
            const auto octets = static_cast<uint32_t>(
                std::min<uint64_t>({left, m_pattern.size(), uint64_t{socket->GetTxAvailable()}}));
            if (octets == 0)
            {
                return;
            }
            const int taken = socket->Send(ns3::flat::ToPacket(Bytes(m_pattern).first(octets)));
            if (taken <= 0)
            {
                return;
            }
            m_result.sent += static_cast<uint64_t>(taken);
        }
        if (m_connected && m_result.sent == m_flow.bytes)
        {
            m_connected = false;
            socket->Close();
        }
    }

    void
    Accept(ns3::Ptr<ns3::Socket> socket, const ns3::Address&)
    {
        socket->SetRecvCallback(ns3::MakeCallback(&TcpFlow::Receive, this));
        m_accepted = socket;
    }

    void
    Receive(ns3::Ptr<ns3::Socket> socket)
    {
        while (ns3::Ptr<ns3::Packet> packet = socket->Recv())
        {
            if (packet->GetSize() == 0)
            {
                break; // the other end has closed
            }
            m_result.received += packet->GetSize();
            m_result.octets += packet->GetSize();
            m_result.lastReceived = Now();
        }
    }

    Flow m_flow;
    size_t m_index;
    ns3::Ptr<ns3::Node> m_from;
    ns3::Ptr<ns3::Node> m_to;
    ns3::Ptr<ns3::Socket> m_listener;
    ns3::Ptr<ns3::Socket> m_accepted;
    ns3::Ptr<ns3::Socket> m_client;
    Buffer m_pattern;
    FlowResult m_result;
    bool m_connected{false};
};

} // namespace

std::unique_ptr<FlowDriver>
MakeTcpFlow(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from, ns3::Ptr<ns3::Node> to)
{
    return std::make_unique<TcpFlow>(flow, index, from, to);
}

} // namespace ikelab::runner
