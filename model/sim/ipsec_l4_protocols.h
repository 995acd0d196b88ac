// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "gateway/gateway.h"

#include "ns3/ip-l4-protocol.h"
#include "ns3/ipv4-interface.h"
#include "ns3/ipv6-interface.h"
#include "ns3/packet.h"

#include <functional>

namespace ns3
{

/**
 * Protocol 50 above IPv4 and IPv6 (RFC 4303): hands what arrives, reassembled, to a function.
 */
class EspL4Protocol : public IpL4Protocol
{
  public:
    static TypeId GetTypeId();

    /// Ports are 0; the header of the arrival is borrowed for the call.
    using Sink = std::function<void(Ptr<Packet> packet, const ikelab::gateway::Arrival& arrival)>;

    void SetSink(Sink sink);

    int GetProtocolNumber() const override;
    RxStatus Receive(Ptr<Packet> packet,
                     const Ipv4Header& header,
                     Ptr<Ipv4Interface> interface) override;
    RxStatus Receive(Ptr<Packet> packet,
                     const Ipv6Header& header,
                     Ptr<Ipv6Interface> interface) override;
    void SetDownTarget(DownTargetCallback callback) override;
    void SetDownTarget6(DownTargetCallback6 callback) override;
    DownTargetCallback GetDownTarget() const override;
    DownTargetCallback6 GetDownTarget6() const override;

  protected:
    void DoDispose() override;

  private:
    Sink m_sink;
    DownTargetCallback m_downTarget;
    DownTargetCallback6 m_downTarget6;
};

/**
 * Stands in for UDP above IPv4 and IPv6 and takes the datagrams of some ports out of it; the rest
 * goes on to the node's UDP.
 *
 * ESP in UDP over IPv4 has no checksum (RFC 3948 §2.1), and ns-3's UDP takes a checksum of 0 for a
 * wrong one as soon as ChecksumEnabled is set. Besides, a whole datagram with its header tells the
 * local address, which an unbound socket would have to look up in a tag.
 */
class UdpPortFilter : public IpL4Protocol
{
  public:
    static TypeId GetTypeId();

    /// A datagram, UDP header included; the ports of its arrival are 0, its header is borrowed for
    /// the call.
    using Sink = std::function<void(Ptr<Packet> datagram, const ikelab::gateway::Arrival& arrival)>;

    /// @param real gets what the filter leaves
    void SetReal(Ptr<IpL4Protocol> real);
    void SetSink(Sink sink);
    /// @param taken says whether datagrams to a port are taken out
    void SetTaken(std::function<bool(uint16_t port)> taken);

    int GetProtocolNumber() const override;
    RxStatus Receive(Ptr<Packet> packet,
                     const Ipv4Header& header,
                     Ptr<Ipv4Interface> interface) override;
    RxStatus Receive(Ptr<Packet> packet,
                     const Ipv6Header& header,
                     Ptr<Ipv6Interface> interface) override;
    void ReceiveIcmp(Ipv4Address icmpSource,
                     uint8_t icmpTtl,
                     uint8_t icmpType,
                     uint8_t icmpCode,
                     uint32_t icmpInfo,
                     Ipv4Address payloadSource,
                     Ipv4Address payloadDestination,
                     const uint8_t payload[8]) override;
    void ReceiveIcmp(Ipv6Address icmpSource,
                     uint8_t icmpTtl,
                     uint8_t icmpType,
                     uint8_t icmpCode,
                     uint32_t icmpInfo,
                     Ipv6Address payloadSource,
                     Ipv6Address payloadDestination,
                     const uint8_t payload[8]) override;
    void SetDownTarget(DownTargetCallback callback) override;
    void SetDownTarget6(DownTargetCallback6 callback) override;
    DownTargetCallback GetDownTarget() const override;
    DownTargetCallback6 GetDownTarget6() const override;

  protected:
    void DoDispose() override;

  private:
    bool Takes(const Packet& packet) const;

    Ptr<IpL4Protocol> m_real;
    Sink m_sink;
    std::function<bool(uint16_t)> m_taken;
};

} // namespace ns3
