// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "sim/ike_application.h"
#include "sim/ipsec_net_device.h"
#include "sim/ipsec_stack.h"

#include "ns3/application-container.h"
#include "ns3/attribute.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ns3
{

/**
 * Makes IPsec gateways of nodes. A node must have its Internet stack, its devices, its addresses
 * and its routing protocols before; routes may be added later, see GetIpv4Routing.
 */
class IpsecHelper
{
  public:
    /// An attribute of every IkeApplication made from now on; overrides the configuration.
    void SetAttribute(const std::string& name, const AttributeValue& value);
    /// An attribute of the IpsecStack of every node that gets one from now on.
    void SetStackAttribute(const std::string& name, const AttributeValue& value);
    /// One OpenSSL for all gateways of the simulation; made by the helper if never set.
    void SetContext(std::shared_ptr<ikelab::crypto::Context> context);

    /// One gateway per node (own bug otherwise).
    Ptr<IkeApplication> Install(Ptr<Node> node, ikelab::gateway::Config config) const;
    /// By ns3::Names.
    Ptr<IkeApplication> Install(const std::string& nodeName, ikelab::gateway::Config config) const;

    /**
     * Make a gateway route-based: a device to route to instead of policy that catches what
     * matches. What it is given is protected or dropped. Switches IpsecStack::Policy off.
     */
    Ptr<IpsecNetDevice> InstallTunnelDevice(Ptr<IkeApplication> application) const;
    /// A device for the children of this if_id; policy goes on to judge all that is routed
    /// elsewhere.
    Ptr<IpsecNetDevice> InstallTunnelDevice(Ptr<IkeApplication> application, uint32_t ifId) const;

    /// Pin the dice of several gateways. @return the number of streams used
    static int64_t AssignStreams(const ApplicationContainer& applications, int64_t stream);

    /// Real checksums in all headers. Before any node is made: protocols read it as they start.
    static void EnableChecksums();

    /// The routing protocol of a node, gateway or not: ask it for Ipv4StaticRouting and the like.
    static Ptr<Ipv4RoutingProtocol> GetIpv4Routing(Ptr<Node> node);
    static Ptr<Ipv6RoutingProtocol> GetIpv6Routing(Ptr<Node> node);

  private:
    std::vector<std::pair<std::string, Ptr<AttributeValue>>> m_attributes;
    std::vector<std::pair<std::string, Ptr<AttributeValue>>> m_stackAttributes;
    mutable std::shared_ptr<ikelab::crypto::Context> m_context;
};

} // namespace ns3
