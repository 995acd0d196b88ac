// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/port_set.h"
#include "base/random_source.h"
#include "crypto/context.h"
#include "gateway/gateway.h"
#include "sim/ipsec_engine.h"
#include "sim/ipsec_stack.h"
#include "sim/ns3_compat.h"

#include "ns3/application.h"
#include "ns3/event-id.h"
#include "ns3/nstime.h"
#include "ns3/random-variable-stream.h"
#include "ns3/traced-callback.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{

/**
 * One IPsec gateway as an ns-3 application: gives ikelab::gateway::Gateway virtual time, the
 * node's datagrams and packets, and seeded randomness, and tells what happens through trace
 * sources.
 *
 * Policy is in force from the moment of installation, not only between start and stop: nothing
 * leaks before the application has started, and when it stops it deletes its SAs but goes on to
 * refuse what policy protects.
 *
 * Whatever the configuration says once per gateway is an attribute too. Attributes that nobody set
 * leave the configuration alone; one that was set, or whose default Config::SetDefault changed,
 * overrides it, whichever came first. They read as what is in force. The gateway is made as the
 * simulation starts (or somebody asks it something); set later they abort.
 */
class IkeApplication : public Application, public IpsecEngine
{
  public:
    static TypeId GetTypeId();
    IkeApplication();
    ~IkeApplication() override;

    // What trace sources hand over is valid for the call only.
    /// Any event of the gateway.
    using EventCallback = void (*)(const ikelab::gateway::Event& event);
    /// An IKE message that left or came: exchange, SPIs, ID, payloads in words.
    using MessageCallback = void (*)(const ikelab::ike::MessageEvent& message);
    /// A datagram that was dropped or answered with an error, and why.
    using MessageRejectedCallback = void (*)(const ikelab::ike::MessageRejected& rejected);
    /// The keys of an IKE SA, for a key log: secret, not copyable.
    using IkeKeysDerivedCallback = void (*)(const ikelab::ike::IkeKeysDerived& keys);
    /// Who is authenticated to whom, the suite, NATs, and how long it took.
    using IkeSaEstablishedCallback = void (*)(const ikelab::ike::IkeSaEstablished& established);
    /// Which IKE SA is gone, and why.
    using IkeSaClosedCallback = void (*)(const ikelab::ike::IkeSaClosed& closed);
    /// SPIs, suite, keys, selectors and ends of a Child SA.
    using ChildSaInstalledCallback = void (*)(const ikelab::ike::ChildSaInstalled& installed);
    /// Which Child SA is gone, and why.
    using ChildSaRemovedCallback = void (*)(const ikelab::ike::ChildSaRemoved& removed);
    /// Which child could not be made, and the notification that said so.
    using ChildSaFailedCallback = void (*)(const ikelab::ike::ChildSaFailed& failed);
    /// An IKE SA and the path that it takes from now on.
    using PathChangedCallback = void (*)(const ikelab::ike::PathChanged& changed);
    /// An IKE SA and the round trip time of its liveness check.
    using InvalidSpiReportedCallback = void (*)(const ikelab::ike::InvalidSpiReported& report);
    using PeerAliveCallback = void (*)(const ikelab::ike::PeerAlive& alive);
    /// A Child SA, which of its lifetimes passed, and whether the hard one.
    using LifetimeReachedCallback = void (*)(const ikelab::gateway::LifetimeReached& reached);
    /// A packet's addresses, SPI and sequence number, and why it was refused.
    using PacketRefusedCallback = void (*)(const ikelab::gateway::PacketRefused& refused);
    using IcmpErrorReceivedCallback = void (*)(const ikelab::gateway::IcmpErrorReceived& error);

    /// What the gateway is told; before the simulation runs. Attributes that were set stay so.
    void SetConfig(ikelab::gateway::Config config);
    /// The simulation's OpenSSL, shared by all gateways; an own one if never set.
    void SetContext(std::shared_ptr<ikelab::crypto::Context> context);
    /// The hooks of its node; made by IpsecHelper.
    void SetStack(Ptr<IpsecStack> stack);
    Ptr<IpsecStack> GetStack() const;

    /**
     * Pin the dice: all of this gateway's randomness follows from this stream and from ns-3's seed
     * and run number, unless SystemRandom is set.
     * @return the number of streams used: 1
     */
    int64_t AssignStreams(int64_t stream) IKELAB_NS3_OVERRIDE_342;

    /// Set up a child by name: "connection/child", or the child's name if unique.
    ikelab::Result<void> Initiate(const std::string& child);
    /// Delete all SAs of a connection.
    ikelab::Result<void> Terminate(const std::string& connection);
    /// Delete the Child SAs of this name.
    ikelab::Result<void> TerminateChild(const std::string& child);
    ikelab::Result<void> CheckLiveness(const std::string& connection);
    /// Delete everything.
    void Shutdown();

    std::vector<ikelab::ike::IkeSaInfo> List() const;
    /// True when no SA is left.
    bool Empty() const;
    ikelab::gateway::Counters GetCounters() const;
    /// Of one Child SA of List; nothing if it is gone.
    std::optional<ikelab::gateway::ChildSaCounters> CountersOf(ikelab::ChildSaId child) const;
    /// Let a Child SA go on behind these sequence numbers, see Gateway::AdvanceSequences.
    ikelab::Result<void> AdvanceSequences(ikelab::ChildSaId child,
                                          uint64_t outbound,
                                          uint64_t inbound);

    // IpsecEngine, for the stack.
    ikelab::gateway::Verdict Outbound(ikelab::gateway::Origin origin,
                                      ikelab::PacketBuffer& packet,
                                      ikelab::gateway::Outgoing& outgoing) override;
    ikelab::gateway::Verdict Routed(uint32_t ifId,
                                    ikelab::PacketBuffer& packet,
                                    ikelab::gateway::Outgoing& outgoing) override;
    ikelab::gateway::Incoming
    Delivered() const override
    {
        return m_incoming;
    }

    void Undelivered(const ikelab::gateway::Incoming& incoming,
                     ikelab::gateway::Undeliverable why,
                     ikelab::Bytes packet) override;
    ikelab::gateway::Verdict InboundClear(ikelab::Bytes packet) override;
    bool AdmitsClear(ikelab::Bytes quoted) const override;
    std::optional<ikelab::gateway::Verdict> IcmpError(ikelab::Bytes packet) override;
    ikelab::gateway::Verdict Udp(const ikelab::gateway::Arrival& arrival,
                                 ikelab::PacketBuffer& datagram) override;
    ikelab::gateway::Verdict Esp(const ikelab::gateway::Arrival& arrival,
                                 ikelab::PacketBuffer& packet) override;
    ikelab::gateway::Verdict Ah(const ikelab::gateway::Arrival& arrival,
                                ikelab::PacketBuffer& packet) override;
    void Settle() override;
    bool TakesPort(uint16_t port) const override;
    std::optional<ikelab::IpAddress> PreferSource(
        const ikelab::IpAddress& destination,
        const std::vector<ikelab::IpAddress>& locals) const override;

  protected:
    void DoInitialize() override;
    void DoDispose() override;
    void NotifyConstructionCompleted() override;

  private:
    void StartApplication() override;
    void StopApplication() override;

    /// Made at first use, so that the streams are assigned by then.
    ikelab::gateway::Gateway& Core() const;
    static ikelab::Instant Now();
    void HandleTimeout();
    void ArmTimer();
    void Transmit(const ikelab::ike::Datagram& datagram);
    void Tell(const ikelab::gateway::Event& event);
    /// A tunnel device takes packets of the size that its newest SA has room for.
    void FitTunnelDevice(ikelab::ChildSaId child);

    // Attributes that override the configuration; Field picks the value out of it.
    template <auto Field>
    static TypeId AddKnob(TypeId tid,
                          const char* name,
                          const char* help,
                          const Ptr<const AttributeChecker>& checker);
    template <auto Field, typename Value>
    void SetKnob(Value value);
    template <auto Field, typename Value>
    Value GetKnob() const;
    static TypeId AddKnobs(TypeId tid);

    bool m_autoStart{true};
    bool m_shutdownOnStop{true};
    bool m_systemRandom{false};

    Ptr<IpsecStack> m_stack;
    Ptr<UniformRandomVariable> m_dice;
    mutable std::shared_ptr<ikelab::crypto::Context> m_context;
    mutable std::unique_ptr<ikelab::RandomSource> m_random;
    mutable std::unique_ptr<ikelab::gateway::Gateway> m_core;
    ikelab::gateway::Config m_config;
    std::vector<std::function<void(ikelab::ike::Config&)>> m_overrides; ///< in the order of setting
    ikelab::PortSet m_ports; ///< where IKE and ESP in UDP arrive, by local_port of connections
    std::map<ikelab::ChildSaId, uint32_t> m_routed; ///< SAs of tunnel devices: their if_id_out
    ikelab::gateway::Incoming m_incoming;
    bool m_settling{false};
    bool m_settleAgain{false};
    EventId m_timer;
    std::optional<ikelab::Instant> m_timerAt;
    bool m_timersMayMove{false};
    ikelab::PacketBuffer m_dummy; ///< the one that is on its way

    TracedCallback<const ikelab::gateway::Event&> m_eventTrace;
    TracedCallback<const ikelab::ike::MessageEvent&> m_messageTxTrace;
    TracedCallback<const ikelab::ike::MessageEvent&> m_messageRxTrace;
    TracedCallback<const ikelab::ike::MessageRejected&> m_messageRejectedTrace;
    TracedCallback<const ikelab::ike::IkeKeysDerived&> m_ikeKeysDerivedTrace;
    TracedCallback<const ikelab::ike::IkeSaEstablished&> m_ikeSaEstablishedTrace;
    TracedCallback<const ikelab::ike::IkeSaClosed&> m_ikeSaClosedTrace;
    TracedCallback<const ikelab::ike::ChildSaInstalled&> m_childSaInstalledTrace;
    TracedCallback<const ikelab::ike::ChildSaRemoved&> m_childSaRemovedTrace;
    TracedCallback<const ikelab::ike::ChildSaFailed&> m_childSaFailedTrace;
    TracedCallback<const ikelab::ike::PathChanged&> m_pathChangedTrace;
    TracedCallback<const ikelab::ike::InvalidSpiReported&> m_invalidSpiTrace;
    TracedCallback<const ikelab::ike::InvalidSelectorsReported&> m_invalidSelectorsTrace;
    TracedCallback<const ikelab::ike::PeerAlive&> m_peerAliveTrace;
    TracedCallback<const ikelab::gateway::LifetimeReached&> m_lifetimeReachedTrace;
    TracedCallback<const ikelab::gateway::PacketRefused&> m_packetRefusedTrace;
    TracedCallback<const ikelab::gateway::IcmpErrorReceived&> m_icmpErrorTrace;
};

} // namespace ns3
