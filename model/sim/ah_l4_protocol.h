// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "sim/ipsec_l4_protocols.h"

#include <functional>

namespace ns3
{

/**
 * Protocol 51 above IPv4 and IPv6 (RFC 4302): hands what arrives, reassembled, to functions with
 * the header that it came with, because AH covers it.
 */
class AhL4Protocol : public EspL4Protocol
{
  public:
    static TypeId GetTypeId();

    using Sink4 = std::function<void(const Packet& packet, const Ipv4Header& header)>;
    using Sink6 = std::function<void(const Packet& packet, const Ipv6Header& header)>;

    void SetSinks(Sink4 sink4, Sink6 sink6);

    int GetProtocolNumber() const override;
    RxStatus Receive(Ptr<Packet> packet,
                     const Ipv4Header& header,
                     Ptr<Ipv4Interface> interface) override;
    RxStatus Receive(Ptr<Packet> packet,
                     const Ipv6Header& header,
                     Ptr<Ipv6Interface> interface) override;

  protected:
    void DoDispose() override;

  private:
    Sink4 m_sink4;
    Sink6 m_sink6;
};

} // namespace ns3
