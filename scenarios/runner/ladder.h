// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "gateway/event.h"
#include "runner/scenario.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ikelab::runner
{

/**
 * The IKE messages between gateways in the order of time, as text: one ladder for each pair of
 * nodes, with what happened at either end beside the rungs.
 *
 *     00.000000s  |-- IKE_SA_INIT request 0 [ SA KE No ] ------------->|  00.040051s
 *     00.080240s  |<------------- IKE_SA_INIT response 0 [ SA KE No ] --|  00.040188s
 */
class Ladder
{
  public:
    explicit Ladder(const Scenario& scenario);

    void OnEvent(Instant at, NodeIndex node, const gateway::Event& event);

    /// @param head first lines: scenario, seed, version
    std::string Draw(const std::string& head) const;

  private:
    struct Rung
    {
        NodeIndex from{0};
        NodeIndex to{0};
        std::optional<Instant> sent;
        std::optional<Instant> received;
        std::string key; ///< tells the same message at both ends
        std::string label;
        std::string note; ///< instead of a message, at the end that it comes from
    };

    void OnMessage(Instant at, NodeIndex node, const ike::MessageEvent& message);
    void Note(Instant at, NodeIndex node, NodeIndex peer, std::string text);
    void NoteUp(Instant at, NodeIndex node, const Path& path, std::string text);
    /// Of an SA that is gone only its number is told.
    void NoteClosed(Instant at, NodeIndex node, IkeSaId sa, std::string text);
    std::optional<NodeIndex> OwnerOf(const IpAddress& address) const;

    const Scenario& m_scenario;
    std::map<IpAddress, NodeIndex> m_owners;
    std::vector<Rung> m_rungs; ///< in the order of their first end
    std::map<std::pair<NodeIndex, uint32_t>, NodeIndex> m_peers; ///< of IKE SAs by node and id
};

} // namespace ikelab::runner
