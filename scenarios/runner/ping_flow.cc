// SPDX-License-Identifier: GPL-2.0-only
#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "runner/flow_kinds.h"
#include "runner/packet_flow.h"
#include "sim/flat_packet.h"

#include "ns3/boolean.h"
#include "ns3/ipv4-header.h"
#include "ns3/ipv4-raw-socket-factory.h"
#include "ns3/ipv6-header.h"
#include "ns3/ipv6-raw-socket-factory.h"
#include "ns3/uinteger.h"

#include <array>

namespace ikelab::runner
{

namespace
{

constexpr uint8_t PROTOCOL_ICMP = 1;
constexpr uint8_t PROTOCOL_ICMPV6 = 58;
constexpr uint8_t ECHO_REQUEST = 8;    ///< RFC 792
constexpr uint8_t ECHO_REPLY = 0;      ///< RFC 792
constexpr uint8_t ECHO_REQUEST6 = 128; ///< RFC 4443 §4.1
constexpr uint8_t ECHO_REPLY6 = 129;   ///< RFC 4443 §4.2
constexpr uint32_t ECHO_OCTETS = 8;
constexpr uint8_t TTL = 64;

/// Echo requests over a raw socket; the far end's stack answers.
class PingFlow final : public PacketFlow
{
  public:
    PingFlow(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from)
        : PacketFlow(flow, index),
          m_node(from)
    {
    }

    void
    Start() override
    {
        const bool v4 = m_flow.destination.IsV4();
        m_socket = ns3::Socket::CreateSocket(m_node,
                                             v4 ? ns3::Ipv4RawSocketFactory::GetTypeId()
                                                : ns3::Ipv6RawSocketFactory::GetTypeId());
        m_socket->SetAttribute("Protocol",
                               ns3::UintegerValue(v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6));
        if (v4)
        {
            // Else the socket would choose the source by the route, not by the scenario.
            m_socket->SetAttribute("IpHeaderInclude", ns3::BooleanValue(true));
        }
        m_socket->Bind(ToSocketAddress(m_flow.source, 0));
        m_socket->SetRecvCallback(ns3::MakeCallback(&PingFlow::Receive, this));
        ScheduleFirst();
    }

  private:
    uint16_t
    Identifier() const
    {
        return static_cast<uint16_t>(m_index + 1);
    }

    void
    SendPacket(uint32_t sequence) override
    {
        const bool v4 = m_flow.destination.IsV4();
        ns3::Ptr<ns3::Packet> data = MakeData(sequence);
        ByteWriter writer(ECHO_OCTETS + data->GetSize());
        writer.U8(v4 ? ECHO_REQUEST : ECHO_REQUEST6);
        writer.U8(0);
        writer.U16(0); // the checksum
        writer.U16(Identifier());
        writer.U16(static_cast<uint16_t>(sequence));
        Buffer message = writer.Release();
        message.resize(ECHO_OCTETS + data->GetSize());
        data->CopyData(message.data() + ECHO_OCTETS, data->GetSize());
        if (v4)
        {
            const auto sum = static_cast<uint16_t>(~ns3::flat::OnesComplementSum(message));
            message[2] = static_cast<uint8_t>(sum >> 8);
            message[3] = static_cast<uint8_t>(sum);
        }
        // For IPv6 the raw socket computes the checksum (RFC 3542 §3.1).
        ns3::Ptr<ns3::Packet> packet = ns3::flat::ToPacket(message);
        if (v4)
        {
            ns3::Ipv4Header ip;
            ip.SetSource(ns3::flat::ToIpv4Address(m_flow.source));
            ip.SetDestination(ns3::flat::ToIpv4Address(m_flow.destination));
            ip.SetProtocol(PROTOCOL_ICMP);
            ip.SetTtl(TTL);
            ip.SetIdentification(static_cast<uint16_t>(sequence + 1));
            ip.SetPayloadSize(static_cast<uint16_t>(packet->GetSize()));
            packet->AddHeader(ip);
        }
        m_socket->SendTo(packet, 0, ToSocketAddress(m_flow.destination, 0));
    }

    void
    Receive(ns3::Ptr<ns3::Socket> socket)
    {
        ns3::Address from;
        while (ns3::Ptr<ns3::Packet> packet = socket->RecvFrom(from))
        {
            IpAddress source;
            if (m_flow.destination.IsV4())
            {
                ns3::Ipv4Header header;
                packet->RemoveHeader(header);
                source = ns3::flat::ToIpAddress(header.GetSource());
            }
            else
            {
                ns3::Ipv6Header header;
                packet->RemoveHeader(header);
                source = ns3::flat::ToIpAddress(header.GetSource());
            }
            std::array<uint8_t, ECHO_OCTETS> octets{};
            if (packet->CopyData(octets.data(), ECHO_OCTETS) != ECHO_OCTETS)
            {
                continue;
            }
            ByteReader reader(octets);
            uint8_t type = 0;
            uint8_t code = 0;
            uint16_t checksum = 0;
            uint16_t identifier = 0;
            const bool whole = reader.U8(type) && reader.U8(code) && reader.U16(checksum) &&
                               reader.U16(identifier);
            if (whole && type == (m_flow.destination.IsV4() ? ECHO_REPLY : ECHO_REPLY6) &&
                identifier == Identifier() && source == m_flow.destination)
            {
                packet->RemoveAtStart(ECHO_OCTETS);
                NoteArrival(*packet);
            }
        }
    }

    ns3::Ptr<ns3::Node> m_node;
    ns3::Ptr<ns3::Socket> m_socket;
};

} // namespace

std::unique_ptr<FlowDriver>
MakePingFlow(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from)
{
    return std::make_unique<PingFlow>(flow, index, from);
}

} // namespace ikelab::runner
