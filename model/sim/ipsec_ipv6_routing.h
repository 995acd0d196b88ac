// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "sim/ns3_compat.h"

#include "ns3/ipv6-routing-protocol.h"

namespace ns3
{

class IpsecStack;

/**
 * Wraps a node's Ipv6 routing so that policy sees what is to be forwarded (RouteInput) and what
 * local senders ask a route for (RouteOutput). Everything else goes to the wrapped protocol.
 */
class IpsecIpv6Routing : public Ipv6RoutingProtocol
{
  public:
    static TypeId GetTypeId();

    void SetInner(Ptr<Ipv6RoutingProtocol> inner);
    /// The wrapped protocol: ask it for Ipv6StaticRouting and the like.
    Ptr<Ipv6RoutingProtocol> GetInner() const;
    void SetStack(IpsecStack* stack);

    Ptr<Ipv6Route> RouteOutput(Ptr<Packet> packet,
                               const Ipv6Header& header,
                               Ptr<NetDevice> device,
                               Socket::SocketErrno& error) override;
    bool RouteInput(Ptr<const Packet> packet,
                    const Ipv6Header& header,
                    Ptr<const NetDevice> device,
                    IKELAB_NS3_CALLBACK(UnicastForwardCallback) forward,
                    IKELAB_NS3_CALLBACK(MulticastForwardCallback) multicast,
                    IKELAB_NS3_CALLBACK(LocalDeliverCallback) deliver,
                    IKELAB_NS3_CALLBACK(ErrorCallback) fail) override;
    void NotifyInterfaceUp(uint32_t interface) override;
    void NotifyInterfaceDown(uint32_t interface) override;
    void NotifyAddAddress(uint32_t interface, Ipv6InterfaceAddress address) override;
    void NotifyRemoveAddress(uint32_t interface, Ipv6InterfaceAddress address) override;
    void NotifyAddRoute(Ipv6Address destination,
                        Ipv6Prefix mask,
                        Ipv6Address nextHop,
                        uint32_t interface,
                        Ipv6Address prefixToUse = Ipv6Address::GetZero()) override;
    void NotifyRemoveRoute(Ipv6Address destination,
                           Ipv6Prefix mask,
                           Ipv6Address nextHop,
                           uint32_t interface,
                           Ipv6Address prefixToUse = Ipv6Address::GetZero()) override;
    void SetIpv6(Ptr<Ipv6> ip) override;
    void PrintRoutingTable(Ptr<OutputStreamWrapper> stream,
                           Time::Unit unit = Time::S) const override;

  protected:
    void DoInitialize() override;
    void DoDispose() override;

  private:
    Ptr<Ipv6RoutingProtocol> m_inner;
    IpsecStack* m_stack{nullptr};
};

} // namespace ns3
