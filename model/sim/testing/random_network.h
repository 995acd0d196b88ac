// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/ip_address.h"
#include "wire/testing/dice.h"

#include "ns3/error-model.h"
#include "ns3/net-device-container.h"
#include "ns3/node.h"

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace ns3::testing
{

/**
 * A connected network that a seed makes: two to six gateways with hosts behind them, routers
 * between, point-to-point and shared links, IPv4 and IPv6 on all of them, several ways from one
 * place to another. Every node can reach every address; without IPsec all of it is in clear.
 * One of these at a time, as ns-3 has one simulator; it ends with the object.
 *
 * Gateway g has 10.(g+1).0.0/16 and fd01:(g+1)::/32 behind it, link k is 172.16.k.0/24 and
 * fd00:k::/64.
 */
class RandomNetwork
{
  public:
    /// Addresses of both families: 0 is IPv4, 1 is IPv6.
    using Addresses = std::array<ikelab::IpAddress, 2>;

    struct Host
    {
        Ptr<Node> node;
        Ptr<NetDevice> device;
        Ptr<NetDevice> router; ///< the gateway's end of its link
        size_t gateway{0};
        Addresses addresses;
    };

    struct Gateway
    {
        Ptr<Node> node;
        std::vector<Ptr<NetDevice>> inside;
        std::vector<Addresses> insideAddresses;
        std::vector<Addresses> insideNetworks; ///< with prefixes of 24 and 64
        std::vector<Ptr<NetDevice>> outside;
        std::vector<Addresses> outsideAddresses;
    };

    /// A router's (or gateway's) device with somebody else's at the other end.
    struct Wire
    {
        Ptr<NetDevice> from;
        Ptr<NetDevice> to;
    };

    explicit RandomNetwork(uint32_t seed);
    ~RandomNetwork();
    RandomNetwork(const RandomNetwork&) = delete;
    RandomNetwork& operator=(const RandomNetwork&) = delete;

    /// Routes to everywhere, one way of several: other ones with each call, also while it runs.
    void Route();
    /// Outer links lose so many of their packets from now on.
    void SetLoss(double rate);

    bool IsInside(const Ptr<NetDevice>& device) const;
    /// The number of a gateway by its node; the count of gateways for other nodes.
    size_t GatewayOf(const Ptr<Node>& node) const;
    /// Who has this address behind it or is it; the count of gateways for nobody.
    size_t Home(const ikelab::IpAddress& address) const;
    bool IsOwn(size_t gateway, const ikelab::IpAddress& address) const;

    std::vector<Gateway> gateways;
    std::vector<Ptr<Node>> routers;
    std::vector<Addresses> routerAddresses;
    std::vector<Host> hosts;
    std::vector<Wire> wires;

  private:
    /// A place on an outer link.
    struct Port
    {
        size_t node; ///< in Outer()
        Ptr<NetDevice> device;
        Addresses addresses;
    };

    Ptr<Node> Outer(size_t index) const;
    void MakeLans(size_t gateway);
    void MakeLink(const std::set<size_t>& ends);
    void RouteTo(const Addresses& network, std::array<unsigned, 2> prefixes, std::set<size_t> at);

    ikelab::wire::Dice m_dice;
    std::vector<std::vector<Port>> m_links;
    std::vector<Ptr<RateErrorModel>> m_losses;
    std::set<Ptr<NetDevice>> m_inside;
    int64_t m_stream{5000};
};

} // namespace ns3::testing
