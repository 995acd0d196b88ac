// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "runner/results.h"

#include <map>
#include <tuple>

namespace ikelab::runner
{

/// Counts what gateways tell and keeps the life of each SA.
class Tally
{
  public:
    /// @param result outlives the tally and has a gateway for each node
    explicit Tally(RunResult& result) : m_result(result)
    {
    }

    void OnEvent(Instant at, NodeIndex node, const gateway::Event& event);

  private:
    struct Counter;

    /// The open record of an SA, or nullptr.
    SaRecord* Find(NodeIndex node, bool child, uint32_t id);

    void KeepExchange(Duration at, NodeIndex node, const ike::MessageEvent& message);

    RunResult& m_result;
    std::map<std::tuple<NodeIndex, bool, uint32_t>, size_t> m_open;
    /// By node, IKE SA and message id: the exchange that was begun last.
    std::map<std::tuple<NodeIndex, uint32_t, uint32_t>, size_t> m_asked;
};

} // namespace ikelab::runner
