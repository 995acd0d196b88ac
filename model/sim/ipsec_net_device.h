// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"

#include "ns3/traced-callback.h"
#include "ns3/virtual-net-device.h"

namespace ns3
{

class IpsecStack;

/**
 * A tunnel interface over the gateway's SAs, like an XFRM interface: what is routed to it is
 * protected or dropped, never sent in clear, and what is opened comes out of it. Its MTU is what
 * ns-3 fragments to before protection. With an if_id it carries the children of this if_id_in and
 * if_id_out, whatever policy says of others, and its MTU follows their SAs: the path's less the
 * overhead.
 *
 * Attribute Mtu and trace sources MacTx, MacRx, MacPromiscRx, Sniffer and PromiscSniffer are its
 * parent's. It has no data rate and no queue: the links beneath have.
 */
class IpsecNetDevice : public VirtualNetDevice
{
  public:
    static TypeId GetTypeId();
    IpsecNetDevice();

    void SetStack(Ptr<IpsecStack> stack);
    /// Of the children whose packets it carries; set before the stack gets to know the device.
    uint32_t GetIfId() const;
    /// What an SA has room for in one outer packet, unless FitMtu is false.
    void FitMtu(uint16_t mtu);
    /// An opened inner packet comes out of the tunnel.
    /// @param version of IP
    void Deliver(Ptr<Packet> opened, unsigned version);

  protected:
    void DoDispose() override;

  private:
    bool Transmit(Ptr<Packet> packet,
                  const Address& source,
                  const Address& destination,
                  uint16_t protocol);

    Ptr<IpsecStack> m_stack;
    uint32_t m_ifId{0};
    bool m_fitMtu{true};
    TracedCallback<Ptr<const Packet>> m_macTxDropTrace;
    TracedCallback<Ptr<const Packet>> m_macRxDropTrace;
};

} // namespace ns3
