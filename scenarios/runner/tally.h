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

    RunResult& m_result;
    std::map<std::tuple<NodeIndex, bool, uint32_t>, size_t> m_open;
};

} // namespace ikelab::runner
