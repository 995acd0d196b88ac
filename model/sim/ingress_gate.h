// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "ns3/net-device.h"
#include "ns3/node.h"
#include "ns3/traffic-control-layer.h"

#include <functional>
#include <set>
#include <utility>

namespace ns3
{

/**
 * Stands between a node's devices and its IP layers and asks for every IP packet that comes in
 * whether it may (RFC 4301 §5.2, the inbound half of the policy check).
 *
 * The routing protocol's RouteInput is too late a place for it: IPv4 hands packets to raw sockets
 * before, and IPv6 delivers what is addressed to the receiving interface without asking it at all.
 * Decapsulated packets enter the IP layer directly, so they never meet the gate.
 */
class IngressGate : public Object
{
  public:
    static TypeId GetTypeId();

    /// True if this packet, from its IP header on, may come in; may consume it otherwise.
    using Check = std::function<bool(const Ptr<NetDevice>& device, const Packet& packet)>;

    /// Take the place of the node's handlers for IPv4, ARP and IPv6 on all devices.
    void Attach(Ptr<Node> node, Check check);
    /// Cover the interfaces that were added since.
    void Cover();
    /// Let everything in from this device: a tunnel's packets were checked when they were opened.
    void Exempt(Ptr<NetDevice> device);

  protected:
    void DoDispose() override;

  private:
    void Receive(Ptr<NetDevice> device,
                 Ptr<const Packet> packet,
                 uint16_t protocol,
                 const Address& from,
                 const Address& to,
                 NetDevice::PacketType type);

    Ptr<Node> m_node;
    Ptr<TrafficControlLayer> m_trafficControl;
    Check m_check;
    std::set<std::pair<uint32_t, uint16_t>> m_covered; ///< device index, ethernet type
    std::set<uint32_t> m_exempt;                       ///< device index
};

} // namespace ns3
