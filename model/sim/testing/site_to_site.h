// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"
#include "gateway/config.h"
#include "sim/link_tap.h"

#include "ns3/net-device-container.h"
#include "ns3/node.h"
#include "ns3/nstime.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/socket.h"

#include <string>
#include <vector>

namespace ns3::testing
{

/**
 * The cast of the tests:
 *
 *     alice ---- moon ==== sun ---- bob
 *       LAN 1      WAN  |     LAN 2
 *                    mallory
 *
 * The gateways route everything to each other, so without IPsec all of it crosses the WAN in clear.
 * With `farMtu` a router stands between moon
 * and sun. One of these at a time: ns-3 has one simulator. It ends with the object.
 */
class SiteToSite
{
  public:
    struct Options
    {
        bool innerV6{false};
        bool outerV6{false};
        std::string rate{"1Gbps"};
        std::string delay{"10ms"};
        uint16_t wanMtu{1500};
        uint16_t farMtu{0};           ///< not 0: a router parts the WAN, sun's side has this MTU
        bool mallory{false};          ///< the WAN is then CSMA
        bool pointToPointLans{false}; ///< instead of CSMA
        double loss{0};               ///< of each WAN direction, 0 to 1
        bool checksums{true};
        uint32_t seed{1};
        /// Another class of device for both ends of the WAN, if that is a point-to-point link.
        Ptr<PointToPointNetDevice> (*wanDevice)(){nullptr};
    };

    explicit SiteToSite(const Options& options);
    ~SiteToSite();
    SiteToSite(const SiteToSite&) = delete;
    SiteToSite& operator=(const SiteToSite&) = delete;

    Ptr<Node> alice;
    Ptr<Node> moon;
    Ptr<Node> sun;
    Ptr<Node> bob;
    Ptr<Node> mallory;
    Ptr<Node> router; ///< only with farMtu

    ikelab::IpAddress aliceAddress;
    ikelab::IpAddress moonInside;
    ikelab::IpAddress moonOutside;
    ikelab::IpAddress sunOutside;
    ikelab::IpAddress sunInside;
    ikelab::IpAddress bobAddress;
    std::string leftNet; ///< "10.1.0.0/16" or "fd01::/64"
    std::string rightNet;

    NetDeviceContainer leftLan;
    NetDeviceContainer wan;
    NetDeviceContainer rightLan;
    NetDeviceContainer routerLinks; ///< to moon and to sun

    /// A PSK connection named "net" with the child "net-net".
    ikelab::gateway::Config MoonConfig(const std::string& startAction = "start") const;
    ikelab::gateway::Config SunConfig() const;

    /// Is this device on the WAN?
    bool OnWan(const Ptr<NetDevice>& device) const;

  private:
    void Address(const Options& options);
    void AddressWan(const Options& options);
    ikelab::gateway::Config GatewayConfig(bool left, const std::string& startAction) const;
};

/// Send a UDP datagram at a time of the simulation, from whatever address the route says.
void SendUdpAt(Time at,
               Ptr<Node> from,
               const ikelab::IpAddress& to,
               uint16_t port,
               const std::string& payload);

/// As SendUdpAt, from a socket that is bound to a device.
void SendUdpBoundAt(Time at,
                    Ptr<Node> from,
                    Ptr<NetDevice> device,
                    const ikelab::IpAddress& to,
                    uint16_t port,
                    const std::string& payload);

/// Send an echo request over a raw socket that has no address, as ping does.
void PingAt(Time at, Ptr<Node> from, const ikelab::IpAddress& to, const std::string& payload);

/// Open a TCP connection and send a payload over it twice a second for as long as it lasts.
void StreamTcpAt(Time at,
                 Ptr<Node> from,
                 const ikelab::IpAddress& to,
                 uint16_t port,
                 const std::string& payload);

/// Put an IP packet on a link as it is, past the sender's IP layer, for one of its devices.
void SendFrameAt(Time at, Ptr<NetDevice> device, Ptr<NetDevice> to, const ikelab::Buffer& packet);

/// A whole IP packet with a UDP datagram in it, checksums right.
ikelab::Buffer MakeUdpPacket(const ikelab::IpAddress& source,
                             const ikelab::IpAddress& destination,
                             uint16_t port,
                             const std::string& payload,
                             uint8_t ttl = 64,
                             bool dontFragment = false);

/// Listens on a UDP port of a node and keeps what comes.
class UdpInbox
{
  public:
    UdpInbox(Ptr<Node> node, bool v6, uint16_t port);
    ~UdpInbox();
    UdpInbox(const UdpInbox&) = delete;
    UdpInbox& operator=(const UdpInbox&) = delete;

    std::vector<std::string> datagrams;

  private:
    void Receive(Ptr<Socket> socket);

    Ptr<Socket> m_socket;
};

/// Accepts TCP connections on a port of a node and keeps what comes by any of them.
class TcpInbox
{
  public:
    TcpInbox(Ptr<Node> node, bool v6, uint16_t port);
    ~TcpInbox();
    TcpInbox(const TcpInbox&) = delete;
    TcpInbox& operator=(const TcpInbox&) = delete;

    std::string octets;

  private:
    void Accept(Ptr<Socket> connection, const Address& from);
    void Receive(Ptr<Socket> connection);

    Ptr<Socket> m_socket;
    std::vector<Ptr<Socket>> m_connections;
};

/// Counts the ICMP messages of one type that a node's IP layer hands up.
class IcmpInbox
{
  public:
    IcmpInbox(Ptr<Node> node, bool v6, uint8_t type);
    ~IcmpInbox();
    IcmpInbox(const IcmpInbox&) = delete;
    IcmpInbox& operator=(const IcmpInbox&) = delete;

    std::vector<ikelab::Buffer> messages; ///< from the ICMP header on

  private:
    void Receive(Ptr<Socket> socket);

    bool m_v6;
    uint8_t m_type;
    Ptr<Socket> m_socket;
};

/// Does the frame hold these octets?
bool Holds(ikelab::Bytes frame, const std::string& octets);

} // namespace ns3::testing
