// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"
#include "base/instant.h"

#include "ns3/callback.h"
#include "ns3/net-device.h"
#include "ns3/node-container.h"
#include "ns3/packet.h"
#include "ns3/ptr.h"
#include "ns3/simple-ref-count.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace ns3
{

/// How a tapped frame begins; the numbers are libpcap's LINKTYPE_*.
enum class TapLinkType : uint16_t
{
    ETHERNET = 1, ///< CSMA, and the kernel's side of a TAP device
    RAW = 101     ///< point-to-point: an IPv4 or IPv6 header first, the PPP header is left out
};

/// One frame as it was on the link.
struct TapFrame
{
    uint32_t tap{0};       ///< what Watch returned
    Ptr<NetDevice> device; ///< where it was seen
    ikelab::Instant time;  ///< virtual
    TapLinkType linkType{};
    bool sent{false};     ///< seen from the device
    ikelab::Bytes data;   ///< borrowed for the call
    uint64_t packetId{0}; ///< the same wherever this packet is seen, counted from the tap's making
};

/**
 * Sees every frame on the links of some devices, both directions, with ARP, neighbour discovery and
 * all: for captures and for the leak test. Point-to-point and CSMA devices, and those that lead out
 * of the simulation (FdNetDevice). A frame that a link loses is seen only where it was sent.
 */
class LinkTap : public SimpleRefCount<LinkTap>
{
  public:
    using Sink = std::function<void(const TapFrame& frame)>;

    /// @param sink is called for each frame, in the order of time
    explicit LinkTap(Sink sink);
    ~LinkTap();
    LinkTap(const LinkTap&) = delete;
    LinkTap& operator=(const LinkTap&) = delete;

    /**
     * Watch one device.
     * @return its number in frames, counted from 0; nothing is watched twice
     */
    uint32_t Watch(Ptr<NetDevice> device);
    /// Watch every device of these nodes that can be watched, in their order.
    void Watch(const NodeContainer& nodes);
    /// Watch every such device of the simulation.
    void WatchAll();

    static TapLinkType LinkTypeOf(const Ptr<NetDevice>& device);
    /// False for loopback, tunnel and other devices without a link that can be tapped.
    static bool CanWatch(const Ptr<NetDevice>& device);

  private:
    struct Port
    {
        Ptr<NetDevice> device;
        TapLinkType linkType;
        Callback<void, Ptr<const Packet>> sent;
        Callback<void, Ptr<const Packet>> received;
    };

    static void Sent(LinkTap* self, uint32_t tap, Ptr<const Packet> packet);
    static void Received(LinkTap* self, uint32_t tap, Ptr<const Packet> packet);
    void See(uint32_t tap, bool sent, const Packet& packet);

    Sink m_sink;
    std::vector<Port> m_ports;
    ikelab::Buffer m_octets;
    uint64_t m_firstUid;
};

} // namespace ns3
