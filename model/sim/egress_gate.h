// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/packet_buffer.h"

#include "ns3/node.h"
#include "ns3/traffic-control-layer.h"

#include <functional>
#include <set>

namespace ns3
{

/**
 * The last stop before a node's links: stands in for traffic control below all IP interfaces and
 * asks about every IP packet that carries no mark of a judgement. What evades the other hooks ends
 * up here: broadcast, multicast, sockets that are bound to a device, and whatever a later ns-3
 * adds.
 *
 * Only replies of neighbour discovery go past it, straight to the device.
 */
class EgressGate : public TrafficControlLayer
{
  public:
    static TypeId GetTypeId();

    /// True if this packet may leave as it is; may consume it otherwise.
    using Check = std::function<bool(const Ptr<NetDevice>& device, ikelab::PacketBuffer& packet)>;

    /// @param open true while everything may pass: asked first, for every packet
    void Attach(Ptr<Node> node, std::function<bool()> open, Check check);
    /// Cover the interfaces that were added since.
    void Cover();
    /// Let everything out by this device.
    void Exempt(Ptr<NetDevice> device);

    /// A packet for a device that is none of a link, and what ns-3 has of it behind its header.
    using Sink = std::function<void(ikelab::PacketBuffer& packet, const Packet& payload)>;

    /// What is sent by this device goes here, without a walk through traffic control.
    void Divert(Ptr<NetDevice> device, Sink sink);

    void Send(Ptr<NetDevice> device, Ptr<QueueDiscItem> item) override;
    void Receive(Ptr<NetDevice> device,
                 Ptr<const Packet> packet,
                 uint16_t protocol,
                 const Address& from,
                 const Address& to,
                 NetDevice::PacketType type) override;

  protected:
    void DoDispose() override;

  private:
    bool MayLeave(const Ptr<NetDevice>& device, const QueueDiscItem& item);
    /// Call work(buffer) with the whole packet. @return its answer, true for what is no IP
    template <typename Work>
    bool WithWhole(const QueueDiscItem& item, const Work& work);

    Ptr<Node> m_gated;
    Ptr<TrafficControlLayer> m_real;
    std::function<bool()> m_open;
    Check m_check;
    std::set<uint32_t> m_exempt; ///< device index
    Ptr<NetDevice> m_diverted;
    Sink m_sink;
    ikelab::PacketBuffer m_buffer;
};

} // namespace ns3
