// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "sim/flat_packet.h"

#include "ns3/abort.h"
#include "ns3/callback.h"
#include "ns3/flow-id-tag.h"
#include "ns3/inet-socket-address.h"
#include "ns3/net-device.h"
#include "ns3/node.h"
#include "ns3/nstime.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/socket.h"
#include "ns3/udp-socket-factory.h"

#include <vector>

namespace ns3::testing
{

/// Send an IPv4 UDP datagram with a packet tag of this number, as tools do that follow packets.
inline void
SendTaggedAt(Time at, Ptr<Node> from, const ikelab::IpAddress& to, uint16_t port, uint32_t number)
{
    Simulator::ScheduleWithContext(
        from->GetId(),
        at,
        [=]()
        {
            Ptr<Packet> packet = Create<Packet>(10);
            packet->AddPacketTag(FlowIdTag(number));
            Ptr<Socket> socket = Socket::CreateSocket(from, UdpSocketFactory::GetTypeId());
            socket->SendTo(packet, 0, InetSocketAddress(flat::ToIpv4Address(to), port));
            socket->Close();
        });
}

/// The numbers of such tags on what a device sends, as they leave. Stays while the simulation
/// runs.
class TagsSent
{
  public:
    explicit TagsSent(const Ptr<NetDevice>& device)
    {
        const bool known =
            device->TraceConnectWithoutContext("MacTx",
                                               Callback<void, Ptr<const Packet>>(
                                                   [this](Ptr<const Packet> packet)
                                                   {
                                                       FlowIdTag tag;
                                                       if (packet->PeekPacketTag(tag))
                                                       {
                                                           numbers.push_back(tag.GetFlowId());
                                                       }
                                                   }));
        NS_ABORT_UNLESS(known);
    }

    TagsSent(const TagsSent&) = delete;
    TagsSent& operator=(const TagsSent&) = delete;

    std::vector<uint32_t> numbers;
};

} // namespace ns3::testing
