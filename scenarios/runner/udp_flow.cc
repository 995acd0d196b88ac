// SPDX-License-Identifier: GPL-2.0-only
#include "runner/flow_kinds.h"
#include "runner/packet_flow.h"

#include "ns3/udp-socket-factory.h"

namespace ikelab::runner
{

namespace
{

class UdpFlow final : public PacketFlow
{
  public:
    UdpFlow(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from, ns3::Ptr<ns3::Node> to)
        : PacketFlow(flow, index),
          m_from(from),
          m_to(to)
    {
    }

    void
    Start() override
    {
        const ns3::TypeId factory = ns3::UdpSocketFactory::GetTypeId();
        m_receiver = ns3::Socket::CreateSocket(m_to, factory);
        m_receiver->Bind(ToSocketAddress(m_flow.destination, DestinationPort(m_index)));
        m_receiver->SetRecvCallback(ns3::MakeCallback(&UdpFlow::Receive, this));
        m_sender = ns3::Socket::CreateSocket(m_from, factory);
        m_sender->Bind(ToSocketAddress(m_flow.source, SourcePort(m_index)));
        ScheduleFirst();
    }

  private:
    void
    SendPacket(uint32_t sequence) override
    {
        m_sender->SendTo(
            MakeData(sequence), 0, ToSocketAddress(m_flow.destination, DestinationPort(m_index)));
    }

    void
    Receive(ns3::Ptr<ns3::Socket> socket)
    {
        while (ns3::Ptr<ns3::Packet> packet = socket->Recv())
        {
            NoteArrival(*packet);
        }
    }

    ns3::Ptr<ns3::Node> m_from;
    ns3::Ptr<ns3::Node> m_to;
    ns3::Ptr<ns3::Socket> m_sender;
    ns3::Ptr<ns3::Socket> m_receiver;
};

} // namespace

std::unique_ptr<FlowDriver>
MakeUdpFlow(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from, ns3::Ptr<ns3::Node> to)
{
    return std::make_unique<UdpFlow>(flow, index, from, to);
}

} // namespace ikelab::runner
