// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "ns3/loopback-net-device.h"
#include "ns3/mac48-address.h"
#include "ns3/node.h"

#include <functional>

namespace ns3
{

/**
 * A private device of one node that hands every packet routed to it to a function, and never to a
 * link. Raw sockets write past every public hook but the route that they are given, so they are
 * given a route to this device.
 *
 * It is a LoopbackNetDevice because the stack, global routing and IPv6 autoconfiguration all know
 * to leave those alone: no ARP, no neighbour discovery, no link-state advertisement.
 */
class CaptureNetDevice : public LoopbackNetDevice
{
  public:
    static TypeId GetTypeId();

    /// Gets whole IP packets, from their header on.
    using Sink = std::function<void(Ptr<Packet> packet)>;

    void SetSink(Sink sink);

    /// Asked for with every packet; made once.
    Address GetBroadcast() const override;
    bool Send(Ptr<Packet> packet, const Address& dest, uint16_t protocolNumber) override;
    bool SendFrom(Ptr<Packet> packet,
                  const Address& source,
                  const Address& dest,
                  uint16_t protocolNumber) override;

  protected:
    void DoDispose() override;

  private:
    const Address m_broadcast{Mac48Address::GetBroadcast()};
    Sink m_sink;
};

} // namespace ns3
