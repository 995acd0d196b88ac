// SPDX-License-Identifier: GPL-2.0-only
#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/checksum.h"
#include "runner/flow_kinds.h"
#include "runner/packet_flow.h"
#include "sim/flat_packet.h"

#include "ns3/ipv4-header.h"
#include "ns3/ipv4-raw-socket-factory.h"
#include "ns3/ipv4-route.h"
#include "ns3/ipv4-routing-protocol.h"
#include "ns3/ipv4.h"
#include "ns3/ipv6-header.h"
#include "ns3/ipv6-raw-socket-factory.h"
#include "ns3/ipv6-route.h"
#include "ns3/ipv6-routing-protocol.h"
#include "ns3/ipv6.h"
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

/// Echo requests; the far end's stack answers, a raw socket takes the answer.
class PingFlow final : public PacketFlow
{
  public:
    PingFlow(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from)
        : PacketFlow(flow, index),
          m_node(from),
          m_v4(flow.destination.IsV4())
    {
    }

    void
    Start() override
    {
        m_socket = ns3::Socket::CreateSocket(m_node,
                                             m_v4 ? ns3::Ipv4RawSocketFactory::GetTypeId()
                                                  : ns3::Ipv6RawSocketFactory::GetTypeId());
        m_socket->SetAttribute("Protocol", ns3::UintegerValue(Protocol()));
        m_socket->Bind(ToSocketAddress(m_flow.source, 0));
        m_socket->SetRecvCallback(ns3::MakeCallback(&PingFlow::Receive, this));
        ScheduleFirst();
    }

  private:
    uint8_t
    Protocol() const
    {
        return m_v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
    }

    uint16_t
    Identifier() const
    {
        return static_cast<uint16_t>(m_index + 1);
    }

    void
    SendPacket(uint32_t sequence) override
    {
        const ns3::Ptr<ns3::Packet> data = MakeData(sequence);
        ByteWriter writer(ECHO_OCTETS + data->GetSize());
        writer.U8(m_v4 ? ECHO_REQUEST : ECHO_REQUEST6);
        writer.U8(0);
        writer.U16(0); // the checksum
        writer.U16(Identifier());
        writer.U16(static_cast<uint16_t>(sequence));
        Buffer message = writer.Release();
        message.resize(ECHO_OCTETS + data->GetSize());
        data->CopyData(message.data() + ECHO_OCTETS, data->GetSize());
        const uint16_t sum = ~OnesComplementSum(message, m_v4 ? 0 : PseudoSum(message));
        message[2] = static_cast<uint8_t>(sum >> 8);
        message[3] = static_cast<uint8_t>(sum);
        // A raw socket would look for a route on the interface that has the source address only,
        // so a gateway could not ping from its inner side; no real host is so strict.
        if (m_v4)
        {
            Send<ns3::Ipv4, ns3::Ipv4Header>(ns3::flat::ToIpv4Address(m_flow.source),
                                             ns3::flat::ToIpv4Address(m_flow.destination),
                                             ns3::flat::ToPacket(message));
        }
        else
        {
            Send<ns3::Ipv6, ns3::Ipv6Header>(ns3::flat::ToIpv6Address(m_flow.source),
                                             ns3::flat::ToIpv6Address(m_flow.destination),
                                             ns3::flat::ToPacket(message));
        }
    }

    /// What ICMPv6 sums up before the message itself (RFC 8200 §8.1).
    uint32_t
    PseudoSum(Bytes message) const
    {
        uint32_t sum = OnesComplementSum(m_flow.source.Octets());
        sum = OnesComplementSum(m_flow.destination.Octets(), sum);
        return sum + static_cast<uint32_t>(message.size()) + PROTOCOL_ICMPV6;
    }

    /// By the route that the node's table has; nothing leaves if there is none.
    template <typename Ip, typename Header, typename Address>
    void
    Send(const Address& source, const Address& destination, ns3::Ptr<ns3::Packet> packet) const
    {
        const auto ip = m_node->GetObject<Ip>();
        Header header;
        header.SetSource(source);
        header.SetDestination(destination);
        ns3::Socket::SocketErrno error{};
        if (const auto route =
                ip->GetRoutingProtocol()->RouteOutput(packet, header, nullptr, error))
        {
            ip->Send(packet, source, destination, Protocol(), route);
        }
    }

    void
    Receive(ns3::Ptr<ns3::Socket> socket)
    {
        ns3::Address from;
        while (ns3::Ptr<ns3::Packet> packet = socket->RecvFrom(from))
        {
            IpAddress source;
            if (m_v4)
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
            if (whole && type == (m_v4 ? ECHO_REPLY : ECHO_REPLY6) && identifier == Identifier() &&
                source == m_flow.destination)
            {
                packet->RemoveAtStart(ECHO_OCTETS);
                NoteArrival(*packet);
            }
        }
    }

    ns3::Ptr<ns3::Node> m_node;
    bool m_v4;
    ns3::Ptr<ns3::Socket> m_socket;
};

} // namespace

std::unique_ptr<FlowDriver>
MakePingFlow(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from)
{
    return std::make_unique<PingFlow>(flow, index, from);
}

} // namespace ikelab::runner
