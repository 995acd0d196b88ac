// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "sim/ah_l4_protocol.h"
#include "sim/capture_net_device.h"
#include "sim/egress_gate.h"
#include "sim/held_ancestors.h"
#include "sim/ingress_gate.h"
#include "sim/ip_output.h"
#include "sim/ipsec_engine.h"
#include "sim/ipsec_ipv4_routing.h"
#include "sim/ipsec_ipv6_routing.h"
#include "sim/ipsec_l4_protocols.h"
#include "sim/own_traffic.h"

#include "ns3/ipv4-route.h"
#include "ns3/ipv6-route.h"
#include "ns3/node.h"
#include "ns3/object.h"
#include "ns3/traced-callback.h"

#include <map>
#include <optional>
#include <set>

namespace ns3
{

class IpsecNetDevice;

/**
 * The IPsec boundary (RFC 4301 §3.1) of one ns-3 node, around an unmodified Internet stack:
 *
 *     forwarded  --> RouteInput wrapper ----.
 *     local      --> private capture device -+--> engine --> ESP --> link
 *     the rest   --> egress gate -----------'
 *     from links --> ingress gate --> engine (may this clear packet come in?)
 *     ESP, UDP 500/4500 --> engine --> the inner packet goes into the IP layer again
 *
 * Every IP packet that leaves by a link carries the mark of a judgement or gets one in the egress
 * gate. It decides nothing itself: it asks its IpsecEngine.
 *
 * Aggregated to the node. Make it after the node's routing is complete.
 */
class IpsecStack : public Object
{
  public:
    static TypeId GetTypeId();

    /// A packet was sealed and leaves: how, and the octets from SPI to ICV.
    using ProtectedCallback = void (*)(const ikelab::gateway::Outgoing& outgoing, uint32_t octets);
    /// An inner packet was opened and goes on, from its IP header on; borrowed for the call.
    using DeliveredCallback = void (*)(ikelab::Bytes packet);
    /// A packet was dropped by policy or because it could not be processed; borrowed for the call.
    using RefusedCallback = void (*)(ikelab::Bytes packet, bool inbound);

    /// The node's stack, made and attached if there is none yet.
    static Ptr<IpsecStack> Install(Ptr<Node> node);

    /// @param engine outlives the stack or is taken away with nullptr: then nothing passes
    void SetEngine(IpsecEngine* engine);

    /**
     * This device is on the protected side of the boundary: nothing is judged that comes in or
     * leaves by it. Needed when the default policy is discard; otherwise a saving.
     */
    void SetProtectedSide(Ptr<NetDevice> device);
    /// Deliver inner packets of SAs with its if_id through this device, and protect what is routed
    /// to it by these. One without an if_id is for the SAs that have none.
    void SetTunnelDevice(Ptr<IpsecNetDevice> device);
    void SetShortOutput(bool on);
    bool GetShortOutput() const;
    /// nullptr if there is none.
    Ptr<IpsecNetDevice> GetTunnelDevice(uint32_t ifId) const;

    /// Send a UDP payload of ours (IKE), past all policy.
    void SendUdp(const ikelab::Path& path, ikelab::Bytes payload);
    /// A packet of the gateway's own, inside of an SA.
    void SendSealed(const ikelab::gateway::SealedPacket& sealed);
    /// A clear packet that waited for its SA.
    void SendReleased(ikelab::Bytes packet);
    /// What the engine made to hide that there is nothing to send (RFC 4303 §2.6).
    void SendDummy(ikelab::PacketBuffer& packet, const ikelab::gateway::Outgoing& outgoing);
    /// Of the link that leads to an address; 0 without a route.
    uint32_t LinkMtu(const ikelab::IpAddress& destination) const;
    /// What the tunnel device was given: it is protected or dropped, never sent in clear.
    /// @param packet from its IP header on
    bool SendTunnelled(const Packet& packet, uint32_t ifId);

    /// The routing protocols that the wrappers wrap; null without that IP version.
    Ptr<Ipv4RoutingProtocol> GetIpv4Routing() const;
    Ptr<Ipv6RoutingProtocol> GetIpv6Routing() const;
    /// The private device that local packets are routed to.
    Ptr<CaptureNetDevice> GetCaptureDevice() const;

    // For the wrappers.
    Ptr<Ipv4Route> CaptureRoute(const Ptr<Ipv4Route>& route, Ipv4Address destination, bool bound);
    Ptr<Ipv6Route> CaptureRoute(const Ptr<Ipv6Route>& route,
                                Ipv6Address destination,
                                bool bound) const;
    /// The interface of this device if the address is one of its own.
    std::optional<uint32_t> LocalInterface(Ipv4Address address,
                                           const Ptr<const NetDevice>& device) const;
    /// True if the packet was dealt with: protected, held or dropped.
    bool TakeForwarded(const Packet& packet, const Ipv4Header& header, Ptr<const NetDevice> device);
    bool TakeForwarded(const Packet& packet, const Ipv6Header& header, Ptr<const NetDevice> device);
    /// An interface came up: gates in front of it too.
    void CoverInterfaces();
    void ForgetAddresses();

  protected:
    void DoDispose() override;

  private:
    /// What becomes of a packet that is to be forwarded.
    struct Forwarded
    {
        bool taken{false};
        uint32_t tooBigFor{0}; ///< not 0: tell its source this MTU
    };

    void Attach(Ptr<Node> node);
    /// The source that policy wants for local senders without one; nothing: the route's will do.
    std::optional<ikelab::IpAddress> PreferSource(const ikelab::IpAddress& destination) const;
    /// True if a packet that comes in goes on to the IP layer.
    bool Admit(const Ptr<NetDevice>& device, const Packet& packet);
    /// A whole ESP packet to an address of this device needs no IP layer. True if it was one.
    /// @param octets of the packet; opened in place
    bool TakeEsp(const Ptr<NetDevice>& device, const Packet& packet, ikelab::PacketBuffer& octets);
    bool IsOurTraffic(ikelab::Bytes head);
    /// What the engine says of an ICMP error to us; nothing if it is none about our ESP.
    std::optional<bool> AdmitIcmpError(ikelab::Bytes packet);
    bool IsTunnel(const Ptr<const NetDevice>& device) const;
    /// The same device is asked for again and again.
    bool IsLoopback(const Ptr<NetDevice>& device) const;
    bool IsProtectedSide(const Ptr<const NetDevice>& device) const;
    /// @param tagged what ns-3 has of it
    void FromCapture(ikelab::PacketBuffer& packet, const Packet& tagged);
    bool Egress(const Ptr<NetDevice>& device, ikelab::PacketBuffer& packet);
    /// Neighbour discovery that ends at this device: ours or a group of its link, never forwarded.
    bool IsNeighbourDiscoveryFor(const Ptr<NetDevice>& device, ikelab::Bytes head) const;
    /// Neighbour discovery for somebody on the link of this device.
    bool IsNeighbourDiscoveryOn(const Ptr<NetDevice>& device, ikelab::Bytes packet) const;
    bool ComesByTunnel(ikelab::Bytes packet) const;
    /// Judge what this node made. True if it may go as it is.
    bool JudgeLocal(ikelab::PacketBuffer& packet);
    /// True for an ICMP error about a packet that came through a tunnel; it then has the source
    /// that leads back into it.
    bool AimsIntoTunnel(ikelab::PacketBuffer& packet);
    void FromEsp(Ptr<Packet> packet, const ikelab::gateway::Arrival& arrival);
    template <typename Header>
    void FromAh(const Packet& packet, const Header& header);
    void FromUdp(Ptr<Packet> datagram, const ikelab::gateway::Arrival& arrival);
    void Finish(ikelab::gateway::Verdict verdict, ikelab::PacketBuffer& packet);
    /// Also to be told by the engine.
    void RefuseOpened(const ikelab::gateway::Incoming& incoming,
                      ikelab::gateway::Undeliverable why,
                      ikelab::Bytes packet);
    bool ComesFromItsSide(const ikelab::IpAddress& source,
                          const Ptr<const NetDevice>& device) const;
    template <typename Header>
    Forwarded JudgeForwarded(const Packet& packet,
                             const Header& header,
                             const Ptr<const NetDevice>& device);
    /// @param packet its TTL decremented already
    Forwarded JudgeForwarded(ikelab::PacketBuffer& packet, bool mayReport);
    /// An opened packet: for us, or forwarded without another walk up and down the IP layer.
    void Deliver(ikelab::PacketBuffer& packet);
    /**
     * Send what the engine sealed.
     * @param clearOctets size of the packet before
     * @param mayReport the sender can be told to send less: a forwarded packet
     * @return 0, or the MTU that the sender must be told: then nothing was sent
     */
    uint32_t SendProtected(ikelab::PacketBuffer& packet,
                           const ikelab::gateway::Outgoing& outgoing,
                           size_t clearOctets,
                           bool innerV6,
                           bool mayReport);
    /// SendProtected for a packet that has its header already (transport mode, AH).
    uint32_t SendWhole(ikelab::PacketBuffer& packet,
                       const ikelab::gateway::Outgoing& outgoing,
                       size_t clearOctets,
                       bool innerV6,
                       bool mayReport);
    void Refuse(ikelab::Bytes packet, bool inbound);

    bool m_policy{true};
    bool m_copyDontFragment{true};
    uint8_t m_tunnelTtl{64};
    bool m_preferProtectedSource{true};
    bool m_shortInput{true};
    bool m_reversePathCheck{true};

    unsigned m_layers{0}; ///< opened packets that are being delivered, one out of the other

    bool m_checksums{false}; ///< ns-3's ChecksumEnabled as the stack was made, as in its protocols

    Ptr<Node> m_node;
    IpsecEngine* m_engine{nullptr};
    IpOutput m_output;
    Ptr<IpsecIpv4Routing> m_routing4;
    Ptr<IpsecIpv6Routing> m_routing6;
    Ptr<CaptureNetDevice> m_capture;
    Ptr<IngressGate> m_ingress;
    Ptr<EgressGate> m_egress;
    Ptr<EspL4Protocol> m_esp;
    Ptr<AhL4Protocol> m_ah;
    Ptr<UdpPortFilter> m_udp;
    std::map<uint32_t, Ptr<IpsecNetDevice>> m_tunnels; ///< by if_id
    std::set<uint32_t> m_protectedSide;                ///< device index
    OwnTraffic m_own;
    HeldAncestors m_held;
    mutable Ptr<NetDevice> m_lastLink; ///< the last device that IsLoopback found to be none
    /// What PreferSource found, by destination; forgotten when addresses change.
    mutable std::map<ikelab::IpAddress, std::optional<ikelab::IpAddress>> m_preferred;
    ikelab::PacketBuffer m_buffer; ///< reused for every packet; free again before anything is sent

    TracedCallback<const ikelab::gateway::Outgoing&, uint32_t> m_protectedTrace;
    TracedCallback<ikelab::Bytes> m_deliveredTrace;
    TracedCallback<ikelab::Bytes, bool> m_refusedTrace;
};

} // namespace ns3
