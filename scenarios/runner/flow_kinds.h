// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "runner/flow.h"

namespace ikelab::runner
{

std::unique_ptr<FlowDriver> MakePingFlow(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from);

std::unique_ptr<FlowDriver> MakeUdpFlow(const Flow& flow,
                                        size_t index,
                                        ns3::Ptr<ns3::Node> from,
                                        ns3::Ptr<ns3::Node> to);

std::unique_ptr<FlowDriver> MakeTcpFlow(const Flow& flow,
                                        size_t index,
                                        ns3::Ptr<ns3::Node> from,
                                        ns3::Ptr<ns3::Node> to);

/// Ports of a flow; wrapped, so that flows beyond the range share them.
uint16_t SourcePort(size_t index);
uint16_t DestinationPort(size_t index);

} // namespace ikelab::runner
