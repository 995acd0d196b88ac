// SPDX-License-Identifier: MIT
#pragma once

#include "base/port_set.h"
#include "esp/fragment_table.h"
#include "esp/icmp_error.h"
#include "gateway/child_policies.h"
#include "gateway/gateway.h"
#include "gateway/path_mtu.h"
#include "gateway/refusal_meter.h"
#include "wire/esp_header.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace ikelab::gateway
{

/// Of the header of a packet that came; nothing unless it is one of IPv6.
std::optional<uint32_t> FlowLabelOf(Bytes header);

/**
 * The node behind Gateway: `traffic.cc` is the path of packets, `traffic_flow.cc` hides how many
 * and how large they are, `icmp.cc` is what others say of them, `child_sas.cc` how Child SAs come
 * and go, `nesting.cc` SAs inside of SAs, `interfaces.cc` route-based ones,
 * `refusals.cc` what is told of refused packets, `gateway.cc` what the owner asks for and
 * what IKE tells.
 */
class Gateway::Impl
{
  public:
    Impl(Config nodeConfig, crypto::Context& context, RandomSource& source);

    // traffic.cc
    Verdict HandleOutbound(Instant now, Origin origin, PacketBuffer& packet, Outgoing& outgoing);
    Verdict HandleInboundClear(Instant now, Bytes packet);
    /// @param packet may be cut off
    bool AdmitsClear(const esp::PacketInfo& info, Bytes packet) const;
    Verdict HandleUdp(Instant now, const Arrival& arrival, PacketBuffer& datagram);
    /// @param layer SAs that the packet came out of already
    Verdict ReceiveEsp(Instant now,
                       const Arrival& arrival,
                       bool encapsulated,
                       PacketBuffer& packet,
                       unsigned layer = 0);
    Verdict ReceiveAh(Instant now,
                      const Arrival& arrival,
                      PacketBuffer& packet,
                      unsigned layer = 0);

    // traffic_flow.cc
    bool PollDummy(Instant now, PacketBuffer& packet, Outgoing& outgoing);
    // interfaces.cc
    Verdict HandleRouted(Instant now, uint32_t ifId, PacketBuffer& packet, Outgoing& outgoing);
    std::optional<uint32_t> InnerMtu(Instant now, ChildSaId id);
    /// Of the last packet that was delivered.
    const Incoming&
    LastIncoming() const
    {
        return m_incoming;
    }

    // refusals.cc
    void RefuseUndeliverable(Instant now,
                             const Incoming& incoming,
                             Undeliverable why,
                             Bytes packet);

    // icmp.cc
    std::optional<Verdict> HandleIcmpError(Instant now, Bytes packet);

    // gateway.cc
    void HandleTimeout(Instant now);
    void Start(Instant now);
    Result<void> Initiate(Instant now, std::string_view name);
    Result<void> Terminate(Instant now, std::string_view connection);
    Result<void> TerminateChild(Instant now, std::string_view name);
    Result<void> CheckLiveness(Instant now, std::string_view connection);
    void Shutdown(Instant now);
    std::optional<Instant> NextTimeout() const;
    std::optional<ChildSaCounters> CountersOf(ChildSaId child) const;
    Result<void> AdvanceSequences(ChildSaId child, uint64_t outbound, uint64_t inbound);
    /// Take in what IKE has to tell; after every call that may have changed something.
    void Pump(Instant now);

    Config config;
    ike::IkeEndpoint ike;
    std::deque<Event> events;
    std::deque<Buffer> released;
    std::function<uint32_t(const IpAddress& destination)> linkMtu;
    std::deque<SealedPacket> sealedPackets;
    bool carriesPackets{true};
    Counters counters;

    bool IsQuiet() const;

    // nesting.cc
    /// What IKE sends and no other SA carries.
    std::optional<ike::Datagram> NextDatagram();

  private:
    static constexpr Error BY_POLICY{Fault::POLICY, "policy", 0, 0};
    static constexpr Error TOO_DEEP{Fault::LIMIT, "nested SAs", 0, 0};
    static constexpr Error NO_SA{Fault::POLICY, "no SA for protected traffic", 0, 0};

    /// An ESP or AH packet on its way in.
    struct Received
    {
        const Arrival& arrival;
        wire::ProtocolId protocol;
        bool encapsulated{false}; ///< it came in UDP, and the ports of its path mean something
        EspSpi spi{};
        uint32_t sequence{0};
        unsigned layer{0}; ///< SAs that it came out of already
    };

    /// What came was authentic: the contents may yet be forbidden.
    Verdict Accept(Instant now,
                   esp::ChildSa& sa,
                   const esp::Opened& opened,
                   const Received& received,
                   PacketBuffer& packet);
    Verdict Protect(Instant now,
                    ChildPolicy& policy,
                    const esp::PacketInfo& info,
                    PacketBuffer& packet,
                    Outgoing& outgoing);
    /// @param layer 0 for a clear packet, 1 if one SA is around it ...
    Verdict SealBy(Instant now,
                   esp::ChildSa& sa,
                   const esp::PacketInfo& info,
                   PacketBuffer& packet,
                   Outgoing& outgoing,
                   unsigned layer = 0);
    bool Bypasses(const std::optional<esp::Decision>& rule) const;
    esp::ChildSa* SenderOf(Instant now, const ChildPolicy& policy, const esp::PacketInfo& info);
    /// How what was sealed leaves.
    void Describe(Instant now,
                  const esp::ChildSa& sa,
                  const esp::Sealed& sealed,
                  Outgoing& outgoing);
    /// Of an SA that hides something.
    Result<esp::Sealed> SealInFlow(Instant now,
                                   esp::ChildSa& sa,
                                   const esp::PacketInfo& info,
                                   PacketBuffer& packet);
    bool SealDummy(Instant now, esp::ChildSa& sa, PacketBuffer& packet, Outgoing& outgoing);
    Result<void> WriteDummyHeader(esp::ChildSa& sa, PacketBuffer& packet);
    /// @param layer SAs of which this one is inside already
    uint32_t PathMtuOf(Instant now, esp::ChildSa& sa, unsigned layer = 0);
    uint32_t RoomInside(Instant now, esp::ChildSa& sa, unsigned layer);
    /// What an SA hides; nullptr if nothing.
    static std::unique_ptr<esp::TrafficFlow> FlowOf(const ike::ChildSaInstalled& installed);
    void StartDummies(Instant now, esp::ChildSa& sa);
    void StopDummies(const esp::ChildSa& sa);

    // nesting.cc
    /// What an SA of a nested connection has sealed is judged as a packet of its own.
    Verdict SealAgain(Instant now,
                      ChildSaId id,
                      PacketBuffer& packet,
                      Outgoing& outgoing,
                      unsigned layer);
    /// A whole packet of this connection.
    Verdict PassAgain(Instant now,
                      const std::shared_ptr<const ike::ConnectionConfig>& connection,
                      PacketBuffer& packet,
                      Outgoing& outgoing,
                      unsigned layer,
                      ChildSaId sealedBy = {});
    /// One that waited, or IKE's. It is then in `sealedPackets`, held again or refused.
    void SealOwn(const HeldPacket& own, Buffer held);
    Verdict PassOwn(const HeldPacket& own, PacketBuffer& packet, Outgoing& outgoing);
    /// The SA that the packets of a nested one go into; nullptr if there is none.
    esp::ChildSa* SaAround(Instant now, esp::ChildSa& sa);
    /// Before the SAs go that carry what they have to say.
    void CloseNested(Instant now);
    std::optional<ike::Datagram> SealNext();
    bool MustPassAgain(const ike::Datagram& datagram, HeldPacket& own);
    /// What came out of an SA may be ESP or AH for us again; nothing if it is not.
    std::optional<Verdict> OpenAgain(Instant now,
                                     const Received& received,
                                     const esp::PacketInfo& inner,
                                     PacketBuffer& packet);
    /// @param of the nested connection that the packet is of
    Verdict Hold(Instant now,
                 ChildPolicy& policy,
                 const esp::PacketInfo& info,
                 Bytes packet,
                 const std::shared_ptr<const ike::ConnectionConfig>& of = nullptr);

    // refusals.cc
    struct Refused;
    /// Count what was refused, and tell it if there is room for another event.
    Verdict Refuse(Instant now, const Error& error, bool inbound, const Refused& refused);
    /// A clear packet, or one that this SA should have protected.
    Verdict RefusePacket(Instant now,
                         const Error& error,
                         bool inbound,
                         const esp::PacketInfo& info,
                         const esp::ChildSa* sa = nullptr);
    /// One that this SA should have sent.
    Verdict RefuseDummy(Instant now, const Error& error, const esp::ChildSa& sa);
    /// Something in which nothing can be read.
    Verdict RefuseUnread(Instant now, const Error& error, bool inbound);
    /// ESP or AH that came, or was said to.
    Verdict RefuseReceived(Instant now,
                           const Error& error,
                           const Received& received,
                           const esp::ChildSa* sa = nullptr,
                           const esp::PacketInfo* inner = nullptr);
    /// Also in the counters of the SA that refused.
    void CountRefusal(ChildSaId child, Fault fault);

    template <typename Open>
    Verdict ReceiveBy(Instant now,
                      const Received& received,
                      PacketBuffer& packet,
                      const Open& open);
    void ReportInvalidSpi(Instant now, const SocketAddress& sender, EspSpi spi);
    void DropHeld(ChildPolicy& policy);
    /// RFC 4301 §6.2, for what no rule names. Nothing if it is no ICMP error about what a rule
    /// names.
    std::optional<Verdict> ProtectIcmpError(Instant now,
                                            const esp::PacketInfo& info,
                                            PacketBuffer& packet,
                                            Outgoing& outgoing);
    bool IsErrorAboutProtected(const esp::PacketInfo& info, Bytes packet) const;
    std::string_view LearnPathMtu(Instant now,
                                  const esp::IcmpError& error,
                                  const esp::ChildSa& sa,
                                  uint32_t& learned);

    void Install(Instant now, ike::ChildSaInstalled& installed);
    void Remove(const ike::ChildSaRemoved& removed);
    /// Take in all events of IKE. @return true if there was any
    bool TakeEvents(Instant now);
    void RestartDeadPeers(Instant now);
    void MovePath(const ike::PathChanged& changed);
    /// Drop what waited for an attempt of this connection, unless another one is under way.
    void AttemptFailed(const std::string& connection);
    /// Delete a Child SA; it sends nothing any more.
    Result<void> CloseChild(Instant now, ChildSaId id);
    /// Delete an IKE SA; its Child SAs send nothing any more.
    Result<void> CloseIke(Instant now, IkeSaId id);
    void StopSending(ChildSaId id);
    /// Tell limits that were passed; a hard one closes the SA.
    void PollLifetimes(Instant now, esp::ChildSa& sa);
    bool IsOwnIke(const esp::PacketInfo& info, bool outbound) const;
    void SetDeadline(esp::ChildSa& sa);
    esp::LifetimeLimits LimitsOf(Instant now, const ike::ChildConfig& child, bool soft);

    /// Of ChildSaCounters what the SA itself does not count; as little as will do for each SA.
    struct Refusals
    {
        uint64_t replayed{0};
        uint64_t integrityFailures{0};
        uint64_t others{0};
    };

    /// What is known of an installed Child SA besides its keys.
    struct Record
    {
        ChildPolicy* policy{nullptr};
        IkeSaId ikeSa;
        std::string name;
        std::optional<Instant> deadline;
        bool aged{false}; ///< a soft limit was passed
        bool over{false}; ///< a hard limit was passed
        Refusals refusals{};
    };

    crypto::Context& m_context;
    RandomSource& m_random;
    ChildPolicies m_policies;
    esp::Sad m_sad;
    std::map<ChildSaId, Record> m_records;
    std::map<IkeSaId, std::set<ChildSaId>> m_children; ///< installed ones of each IKE SA
    PortSet m_ikePorts;
    std::set<IpAddress> m_ownAddresses; ///< as far as the configuration says
    std::set<std::pair<Instant, ChildSaId>> m_deadlines;
    std::set<std::pair<Instant, ChildSaId>> m_dummies; ///< no SA's next dummy is earlier
    std::deque<ChildPolicy*> m_restarts;               ///< dpd_action restart
    RefusalMeter m_refusals;
    RefusalMeter m_icmpErrors;
    PathMtus m_pathMtus;
    esp::FragmentTable m_fragments;
    esp::FragmentTable m_clearFragments; ///< apart: strangers can fill it
    bool m_shutDown{false};
    std::vector<std::shared_ptr<const ike::ConnectionConfig>> m_nested; ///< mostly none
    std::deque<HeldPacket> m_again;      ///< packets of these that may go on
    const Buffer* m_sealing{nullptr};    ///< what SealOwn's packet was when it was held first
    std::deque<ike::Datagram> m_waiting; ///< of IKE, looked at and not to be sealed
    Incoming m_incoming;
    uint16_t m_identification{0}; ///< of headers that are written here
    Instant m_pumped{};           ///< when IKE last had something to do
};

} // namespace ikelab::gateway
