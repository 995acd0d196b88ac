// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/ip_address.h"
#include "base/packet_buffer.h"

#include "ns3/net-device.h"
#include "ns3/node.h"

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

namespace ns3::testing
{

/**
 * A traditional NAT for IPv4 (RFC 3022): a node without an Internet stack between point-to-point
 * links, which translates the addresses and ports of UDP and TCP and passes nothing else, no
 * fragments either. Its inside is any number of links with one host each.
 */
class NatBox
{
  public:
    /// @param outside its address there
    NatBox(const ikelab::IpAddress& outside, Ptr<NetDevice> outsideDevice);
    NatBox(const NatBox&) = delete;
    NatBox& operator=(const NatBox&) = delete;

    void AddInside(Ptr<NetDevice> device);
    /// One host inside has the outside address to itself, with its ports: it can be a server.
    void Forward(const ikelab::IpAddress& inside, Ptr<NetDevice> device);
    /// Forget who has which port, perhaps with another address from now on.
    void Reboot(const ikelab::IpAddress& outside);

    size_t translated{0};
    size_t dropped{0};

  private:
    /// A host inside and its device.
    struct Inside
    {
        ikelab::SocketAddress end;
        Ptr<NetDevice> device;
    };

    using Key = std::tuple<uint8_t, ikelab::SocketAddress>; ///< protocol, inside

    void Receive(Ptr<NetDevice> device,
                 Ptr<const Packet> packet,
                 uint16_t protocol,
                 const Address& from,
                 const Address& to,
                 NetDevice::PacketType type);
    uint16_t OutsidePort(uint8_t protocol, const Inside& host);
    std::optional<Inside> FindInside(uint8_t protocol, uint16_t port) const;

    ikelab::IpAddress m_outside;
    Ptr<NetDevice> m_outsideDevice;
    std::optional<Inside> m_forward;
    std::map<Key, uint16_t> m_ports;
    std::map<std::pair<uint8_t, uint16_t>, Inside> m_hosts;
    uint16_t m_next{20000};
};

} // namespace ns3::testing
