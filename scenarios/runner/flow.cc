// SPDX-License-Identifier: GPL-2.0-only
#include "runner/flow.h"

#include "runner/flow_kinds.h"

namespace ikelab::runner
{

namespace
{

constexpr size_t SOURCE_PORTS_FROM = 20'000;
constexpr size_t DESTINATION_PORTS_FROM = 40'000;
constexpr size_t PORTS = 20'000;

} // namespace

uint16_t
SourcePort(size_t index)
{
    return static_cast<uint16_t>(SOURCE_PORTS_FROM + index % PORTS);
}

uint16_t
DestinationPort(size_t index)
{
    return static_cast<uint16_t>(DESTINATION_PORTS_FROM + index % PORTS);
}

std::unique_ptr<FlowDriver>
FlowDriver::Make(const Flow& flow, size_t index, ns3::Ptr<ns3::Node> from, ns3::Ptr<ns3::Node> to)
{
    switch (flow.kind)
    {
    case FlowKind::PING:
        return MakePingFlow(flow, index, from);
    case FlowKind::UDP:
        return MakeUdpFlow(flow, index, from, to);
    case FlowKind::TCP:
        break;
    }
    return MakeTcpFlow(flow, index, from, to);
}

} // namespace ikelab::runner
