// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "runner/results.h"
#include "runner/scenario.h"

#include "ns3/node.h"
#include "ns3/ptr.h"

#include <memory>

namespace ikelab::runner
{

/**
 * A flow at work: sockets on two nodes, nothing that an ns-3 application with a socket could not
 * do. It schedules itself; it must outlive the simulation.
 */
class FlowDriver
{
  public:
    virtual ~FlowDriver() = default;
    /// Open sockets and schedule the first packet.
    virtual void Start() = 0;
    virtual FlowResult Result() const = 0;

    /// @param index tells ports and identifiers of flows apart
    static std::unique_ptr<FlowDriver> Make(const Flow& flow,
                                            size_t index,
                                            ns3::Ptr<ns3::Node> from,
                                            ns3::Ptr<ns3::Node> to);
};

} // namespace ikelab::runner
