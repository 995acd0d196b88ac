// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/packet_buffer.h"
#include "gateway/gateway.h"

#include <optional>
#include <vector>

namespace ns3
{

/**
 * Who decides for an IpsecStack: the data half of ikelab::gateway::Gateway with the clock left out.
 * IkeApplication is one; tests of the hooks bring their own.
 */
class IpsecEngine
{
  public:
    virtual ~IpsecEngine() = default;

    virtual ikelab::gateway::Verdict Outbound(ikelab::gateway::Origin origin,
                                              ikelab::PacketBuffer& packet,
                                              ikelab::gateway::Outgoing& outgoing) = 0;
    /// What was routed to the tunnel device of this if_id; that of no id takes all that there is.
    virtual ikelab::gateway::Verdict
    Routed([[maybe_unused]] uint32_t ifId,
           ikelab::PacketBuffer& packet,
           ikelab::gateway::Outgoing& outgoing)
    {
        return Outbound(ikelab::gateway::Origin::FORWARDED, packet, outgoing);
    }

    /// Where the packet belongs that was opened last.
    virtual ikelab::gateway::Incoming
    Delivered() const
    {
        return {};
    }

    /// Such a packet is dropped all the same. Settle afterwards.
    virtual void
    Undelivered([[maybe_unused]] const ikelab::gateway::Incoming& incoming,
                [[maybe_unused]] ikelab::gateway::Undeliverable why,
                [[maybe_unused]] ikelab::Bytes packet)
    {
    }

    virtual ikelab::gateway::Verdict InboundClear(ikelab::Bytes packet) = 0;
    /// Would InboundClear let in the packet that begins so? A question, and no packet that came.
    virtual bool AdmitsClear(ikelab::Bytes quoted) const = 0;
    /// An ICMP error came to an address of ours; nothing unless it is about ESP or AH that we sent.
    virtual std::optional<ikelab::gateway::Verdict>
    IcmpError([[maybe_unused]] ikelab::Bytes packet)
    {
        return std::nullopt;
    }

    virtual ikelab::gateway::Verdict Udp(const ikelab::gateway::Arrival& arrival,
                                         ikelab::PacketBuffer& datagram) = 0;
    virtual ikelab::gateway::Verdict Esp(const ikelab::gateway::Arrival& arrival,
                                         ikelab::PacketBuffer& packet) = 0;
    /// What the arrival's header announced as AH.
    virtual ikelab::gateway::Verdict Ah(const ikelab::gateway::Arrival& arrival,
                                        ikelab::PacketBuffer& packet) = 0;
    /// The stack is done with the verdict: send, tell and arm timers, as the core's contract asks.
    virtual void Settle() = 0;
    /// Is a UDP datagram to this port of ours IKE or encapsulated ESP?
    virtual bool TakesPort(uint16_t port) const = 0;

    /**
     * The address of ours that a local sender without one should take, so that policy protects what
     * it sends (charon's install_routes does the same with a source route).
     * @param destination where it sends to
     * @param locals      this node's addresses
     * @return nothing if policy has no wish
     */
    virtual std::optional<ikelab::IpAddress>
    PreferSource([[maybe_unused]] const ikelab::IpAddress& destination,
                 [[maybe_unused]] const std::vector<ikelab::IpAddress>& locals) const
    {
        return std::nullopt;
    }
};

} // namespace ns3
