// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/random_source.h"
#include "crypto/context.h"
#include "gateway/gateway.h"
#include "sim/ipsec_engine.h"
#include "sim/ipsec_stack.h"
#include "sim/ns3_compat.h"

#include "ns3/application.h"
#include "ns3/event-id.h"
#include "ns3/random-variable-stream.h"
#include "ns3/traced-callback.h"

#include <memory>
#include <optional>
#include <set>
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
 */
class IkeApplication : public Application, public IpsecEngine
{
  public:
    static TypeId GetTypeId();
    IkeApplication();
    ~IkeApplication() override;

    using EventCallback = void (*)(const ikelab::gateway::Event& event);
    using MessageCallback = void (*)(const ikelab::ike::MessageEvent& message);
    using MessageRejectedCallback = void (*)(const ikelab::ike::MessageRejected& rejected);
    using IkeSaEstablishedCallback = void (*)(const ikelab::ike::IkeSaEstablished& established);
    using IkeSaClosedCallback = void (*)(const ikelab::ike::IkeSaClosed& closed);
    using ChildSaInstalledCallback = void (*)(const ikelab::ike::ChildSaInstalled& installed);
    using ChildSaRemovedCallback = void (*)(const ikelab::ike::ChildSaRemoved& removed);
    using ChildSaFailedCallback = void (*)(const ikelab::ike::ChildSaFailed& failed);
    using PacketRefusedCallback = void (*)(const ikelab::gateway::PacketRefused& refused);

    /// What the gateway is told; before the simulation runs.
    void SetConfig(ikelab::gateway::Config config);
    /// The simulation's OpenSSL, shared by all gateways; an own one if never set.
    void SetContext(std::shared_ptr<ikelab::crypto::Context> context);
    /// The hooks of its node; made by IpsecHelper.
    void SetStack(Ptr<IpsecStack> stack);
    Ptr<IpsecStack> GetStack() const;

    /**
     * Pin the dice: all of this gateway's randomness follows from this stream and from ns-3's seed
     * and run number.
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

    // IpsecEngine, for the stack.
    ikelab::gateway::Verdict Outbound(ikelab::gateway::Origin origin,
                                      ikelab::PacketBuffer& packet,
                                      ikelab::gateway::Outgoing& outgoing) override;
    ikelab::gateway::Verdict InboundClear(ikelab::Bytes packet) override;
    ikelab::gateway::Verdict Udp(const ikelab::Path& path, ikelab::PacketBuffer& datagram) override;
    ikelab::gateway::Verdict Esp(const ikelab::Path& path, ikelab::PacketBuffer& packet) override;
    void Settle() override;
    bool TakesPort(uint16_t port) const override;
    std::optional<ikelab::IpAddress> PreferSource(
        const ikelab::IpAddress& destination,
        const std::vector<ikelab::IpAddress>& locals) const override;

  protected:
    void DoInitialize() override;
    void DoDispose() override;

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

    bool m_autoStart{true};
    bool m_shutdownOnStop{true};

    Ptr<IpsecStack> m_stack;
    Ptr<UniformRandomVariable> m_dice;
    mutable std::shared_ptr<ikelab::crypto::Context> m_context;
    mutable std::unique_ptr<ikelab::SeededRandom> m_random;
    mutable std::unique_ptr<ikelab::gateway::Gateway> m_core;
    ikelab::gateway::Config m_config;
    std::set<uint16_t> m_ports; ///< where IKE and ESP in UDP arrive, by local_port of connections
    bool m_settling{false};
    bool m_settleAgain{false};
    EventId m_timer;
    std::optional<ikelab::Instant> m_timerAt;
    ikelab::Buffer m_payload;

    TracedCallback<const ikelab::gateway::Event&> m_eventTrace;
    TracedCallback<const ikelab::ike::MessageEvent&> m_messageTxTrace;
    TracedCallback<const ikelab::ike::MessageEvent&> m_messageRxTrace;
    TracedCallback<const ikelab::ike::MessageRejected&> m_messageRejectedTrace;
    TracedCallback<const ikelab::ike::IkeSaEstablished&> m_ikeSaEstablishedTrace;
    TracedCallback<const ikelab::ike::IkeSaClosed&> m_ikeSaClosedTrace;
    TracedCallback<const ikelab::ike::ChildSaInstalled&> m_childSaInstalledTrace;
    TracedCallback<const ikelab::ike::ChildSaRemoved&> m_childSaRemovedTrace;
    TracedCallback<const ikelab::ike::ChildSaFailed&> m_childSaFailedTrace;
    TracedCallback<const ikelab::gateway::PacketRefused&> m_packetRefusedTrace;
};

} // namespace ns3
