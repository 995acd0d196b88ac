// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/packet_buffer.h"

#include "ns3/ipv4-interface.h"
#include "ns3/ipv4-l3-protocol.h"
#include "ns3/ipv4-route.h"
#include "ns3/ipv4-routing-protocol.h"
#include "ns3/ipv6-l3-protocol.h"
#include "ns3/ipv6-route.h"
#include "ns3/ipv6-routing-protocol.h"
#include "ns3/net-device-queue-interface.h"
#include "ns3/node.h"
#include "ns3/queue-disc.h"
#include "ns3/traffic-control-layer.h"

#include <optional>
#include <utility>
#include <vector>

namespace ns3
{

/**
 * Sends finished packets by a node's real routing, past all hooks, marked as judged; and puts
 * opened ones into its IP layers. Both IP versions behind one face.
 */
class IpOutput
{
  public:
    /// The header of an outer packet.
    struct Outer
    {
        ikelab::IpAddress source; ///< unspecified: what the route says
        ikelab::IpAddress destination;
        uint8_t protocol{0};
        uint8_t trafficClass{0};
        uint8_t ttl{64};
        bool dontFragment{false};
    };

    /**
     * @param fallback the device that packets to forward come in from
     */
    void Setup(Ptr<Node> node,
               Ptr<Ipv4RoutingProtocol> routing4,
               Ptr<Ipv6RoutingProtocol> routing6,
               Ptr<NetDevice> fallback);
    void Clear();

    /// Where packets to an address leave.
    struct Hop
    {
        Ptr<NetDevice> device;
        ikelab::IpAddress source;
    };

    std::optional<Hop> Lookup(const ikelab::IpAddress& destination) const;

    /**
     * While it lives, new packets get the tags of this one: it becomes them, and who watches it by
     * a tag, as FlowMonitor does, watches on. A byte tag then marks all octets.
     */
    class Heir
    {
      public:
        /// @param ancestor nullptr for what becomes of no packet
        Heir(IpOutput& output, const Packet* ancestor)
            : m_output(output),
              m_before(std::exchange(output.m_ancestor, ancestor))
        {
        }

        ~Heir()
        {
            m_output.m_ancestor = m_before;
        }

        Heir(const Heir&) = delete;
        Heir& operator=(const Heir&) = delete;

      private:
        IpOutput& m_output;
        const Packet* m_before;
    };

    /// Of the Heir that lives; nullptr if there is none.
    const Packet*
    Ancestor() const
    {
        return m_ancestor;
    }

    /// A packet of these octets, with its ancestor's tags.
    Ptr<Packet> MakePacket(ikelab::Bytes octets) const;

    /// A new packet of ours around a payload; fragmented if it is larger than the link's MTU.
    /// False without a route.
    /// @param payload has its header in front afterwards, or has not
    bool SendPayload(const Outer& outer, ikelab::PacketBuffer& payload);
    /// What became of a packet.
    enum class Fate
    {
        SENT,
        DROPPED, ///< too large, and it cannot be cut, or its source was told
        NO_ROUTE
    };

    /**
     * A whole IP packet, ours or forwarded, header kept. IPv6 that is too large is fragmented if it
     * is ours, else its source is told (RFC 8200 §5).
     * @param pathMtu 0: as large as the link lets by
     */
    Fate SendPacket(ikelab::Bytes packet, uint32_t pathMtu = 0);
    /// SendPacket without a walk through the IP layer. False if it must have one; see SetShort.
    bool SendStraight(ikelab::Bytes packet);
    /// The routing protocol has just chosen this device for a packet to this address: SendStraight
    /// need not ask again for it, within the same event.
    void ExpectPacket(const ikelab::IpAddress& destination, const Ptr<NetDevice>& device);
    /// What was sealed over IPv4 goes straight to devices that need no link addresses.
    void SetShort(bool on);
    bool IsShort() const;
    /// A whole IP packet has just arrived: deliver or forward it.
    void Inject(ikelab::Bytes packet);

    /// Is it an address of this node?
    bool IsLocal(const ikelab::IpAddress& address) const;
    /// The interface of this device if the address is one of its own.
    std::optional<uint32_t> InterfaceOf(const ikelab::IpAddress& address,
                                        const Ptr<const NetDevice>& device) const;
    /// Is it an address of this device, and its interface up?
    bool IsUp(const ikelab::IpAddress& address, const Ptr<const NetDevice>& device) const;
    /// Or its links' broadcast address?
    bool IsBroadcast(const ikelab::IpAddress& address) const;
    /// Is it in the net of one of this device's addresses?
    bool IsOnLink(const ikelab::IpAddress& address, const Ptr<const NetDevice>& device) const;
    /// Addresses or interfaces changed: what is remembered of them is void.
    void ForgetAddresses();
    /// True while a packet of ours goes down to its device: the egress gate lets it by.
    bool IsSending() const;
    /// All addresses of the node but loopback and link-local ones, in the order of addresses.
    std::vector<ikelab::IpAddress> LocalAddresses() const;
    Ptr<Ipv4L3Protocol> GetIpv4() const;
    Ptr<Ipv6L3Protocol> GetIpv6() const;

  private:
    /// One address of the node; asking ns-3 for them costs a walk of all interfaces each time.
    struct Local
    {
        ikelab::IpAddress address;
        Ptr<NetDevice> device;
        uint32_t interface {
            0
        };
        ikelab::IpRange net;
        bool up; ///< its interface is
    };

    const Local* FindLocal(const ikelab::IpAddress& address) const;
    const std::vector<Local>&
    Locals() const
    {
        if (!m_known)
        {
            LearnLocals();
        }
        return m_locals;
    }

    void LearnLocals() const;
    /// Mark a packet that a device may keep until it knows a link address.
    static void MarkIfQueued(const Ptr<NetDevice>& device, Packet& packet);

    /// A link that is reached by its device alone.
    struct Link
    {
        Ptr<NetDevice> device;
        Ptr<Ipv4Interface> interface;
        Ptr<NetDeviceQueueInterface> queues; ///< may be nullptr
        Address broadcast;
    };

    /// Nothing if a packet of so many octets must go by the IP layer.
    const Link* FindLink(const Ptr<NetDevice>& device,
                         const ikelab::IpAddress& destination,
                         size_t octets) const;
    void SendOn(const Link& link, ikelab::Bytes packet) const;
    /// A choice of the routing protocol, for one packet and one event.
    struct Choice
    {
        ikelab::IpAddress destination;
        Ptr<NetDevice> device;
        uint64_t event{0};
    };

    Ptr<NetDevice> TakeExpected(const ikelab::IpAddress& destination);
    Ptr<Ipv4Route> Route(Ipv4Address destination) const;
    Ptr<Ipv6Route> Route(const Ipv6Address& destination) const;
    bool Send4(const Outer& outer, ikelab::PacketBuffer& payload);
    bool Send6(const Outer& outer, Ptr<Packet> packet);
    Fate SendPacket6(ikelab::Bytes octets, uint32_t pathMtu);
    /// Past ns-3's own sender.
    void SendThrough(const Ptr<Ipv6Route>& route, ikelab::Bytes octets);

    Ptr<Ipv4L3Protocol> m_ipv4;
    Ptr<Ipv6L3Protocol> m_ipv6;
    Ptr<Ipv4RoutingProtocol> m_routing4;
    Ptr<Ipv6RoutingProtocol> m_routing6;
    Ptr<NetDevice> m_fallback;
    Ptr<TrafficControlLayer> m_trafficControl;
    bool m_short{true};
    Choice m_expected;
    const Packet* m_ancestor{nullptr};
    uint16_t m_identification{0};
    uint32_t m_fragmented{0}; ///< IPv6 packets: what their fragments have in common
    bool m_sending{false};
    mutable bool m_known{false};
    mutable std::vector<Local> m_locals;   ///< by address
    mutable const Local* m_found{nullptr}; ///< the one that FindLocal found last
    mutable std::vector<Link> m_links;     ///< those that FindLink has met
};

} // namespace ns3
