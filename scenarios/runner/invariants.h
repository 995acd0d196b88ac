// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "esp/selector_set.h"
#include "runner/frame_view.h"
#include "runner/number_set.h"
#include "runner/results.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ikelab::runner
{

/// What the data of every packet of a flow shows near its front.
inline constexpr std::string_view FLOW_MARKER = "ikelab-clear";

/**
 * What must hold in every run, whatever the scenario claims: nothing that policy protects leaves a
 * gateway in clear, no sequence number or IV is used twice under a key, no SPI belongs to two live
 * SAs, both ends of an SA agree when all is quiet.
 */
class Invariants
{
  public:
    explicit Invariants(const Scenario& scenario);

    void OnEvent(NodeIndex node, const gateway::Event& event);
    /// A frame left a node.
    void OnSent(Instant at, LinkIndex link, size_t end, Bytes frame);
    /// True if a frame shows what some gateway protects.
    bool ShowsProtected(Bytes frame) const;

    /// @param result its gateways' open SAs are there
    std::vector<Invariant> Finish(const RunResult& result);

  private:
    /// What a gateway protects, seen from it, and what it lets pass before.
    struct Policy
    {
        bool isGateway{false};
        std::vector<esp::TrafficSelectors> bypassed;
        std::vector<esp::TrafficSelectors> protectedTraffic;
    };

    /// Destination and SPI: what names an SA on the wire (RFC 4301 §4.1).
    using SaName = std::pair<IpAddress, uint32_t>;

    struct SaTrace
    {
        uint32_t lastSequence{0};
        NumberSet ivs;
    };

    static bool MustProtect(const Policy& policy, const esp::PacketInfo& packet);
    /// By the peer, which may be out of our sight.
    static bool MustHaveBeenProtected(const Policy& policy, const esp::PacketInfo& packet);
    bool Owns(NodeIndex node, const IpAddress& address) const;
    void CheckEsp(Instant at, NodeIndex node, const FrameView& view);
    void CheckSpis(const RunResult& result);
    void CheckAgreement(const RunResult& result);
    void CheckPair(NodeIndex node, const ike::IkeSaInfo& sa, const RunResult& result);
    static void Violate(Invariant& invariant,
                        std::string detail,
                        std::optional<Moment> moment = {});

    const Scenario& m_scenario;
    std::vector<Policy> m_policies;                              ///< by node
    std::map<IpAddress, NodeIndex> m_owners;                     ///< of addresses
    std::map<std::pair<IpAddress, uint32_t>, size_t> m_ivOctets; ///< of AEAD SAs
    std::map<SaName, SaTrace> m_traces;
    Invariant m_leaks;
    Invariant m_sequences;
    Invariant m_ivs;
    Invariant m_spis;
    Invariant m_agreement;
};

} // namespace ikelab::runner
