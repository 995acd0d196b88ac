// SPDX-License-Identifier: MIT
#include "ike/policy/traffic_selectors.h"

#include "base/limits.h"

#include <algorithm>

namespace ikelab::ike
{

namespace
{

bool
IsOpaque(const Selector& selector)
{
    return selector.startPort == 65535 && selector.endPort == 0;
}

/// The common ports, if any: OPAQUE is a value of its own that "any" covers.
bool
IntersectPorts(const Selector& left, const Selector& right, Selector& both)
{
    if (IsOpaque(left) || IsOpaque(right))
    {
        const bool common =
            (IsOpaque(left) || left.AnyPort()) && (IsOpaque(right) || right.AnyPort());
        both.startPort = 65535;
        both.endPort = 0;
        return common;
    }
    both.startPort = std::max(left.startPort, right.startPort);
    both.endPort = std::min(left.endPort, right.endPort);
    return both.startPort <= both.endPort;
}

} // namespace

std::optional<Selector>
Intersect(const Selector& left, const Selector& right)
{
    const auto addresses = left.addresses.Intersect(right.addresses);
    const bool anyLeft = left.protocol == Selector::ANY_PROTOCOL;
    const bool anyRight = right.protocol == Selector::ANY_PROTOCOL;
    if (!addresses || (!anyLeft && !anyRight && left.protocol != right.protocol))
    {
        return std::nullopt;
    }
    Selector both{*addresses, anyLeft ? right.protocol : left.protocol, 0, 65535};
    if (!IntersectPorts(left, right, both))
    {
        return std::nullopt;
    }
    return both;
}

bool
Covers(const Selector& wide, const Selector& narrow)
{
    const auto both = Intersect(wide, narrow);
    return both && *both == narrow;
}

Selectors
Narrow(const Selectors& asked, const Selectors& allowed)
{
    Selectors common;
    for (const Selector& left : asked)
    {
        for (const Selector& right : allowed)
        {
            const auto both = Intersect(left, right);
            if (!both || std::ranges::any_of(
                             common, [&](const Selector& one) { return Covers(one, *both); }))
            {
                continue;
            }
            std::erase_if(common, [&](const Selector& one) { return Covers(*both, one); });
            if (common.size() < limits::TRAFFIC_SELECTORS)
            {
                common.push_back(*both);
            }
        }
    }
    return common;
}

bool
IsSubset(const Selectors& answer, const Selectors& offered)
{
    return !answer.empty() &&
           std::ranges::all_of(answer,
                               [&](const Selector& narrow)
                               {
                                   return std::ranges::any_of(offered,
                                                              [&](const Selector& wide)
                                                              { return Covers(wide, narrow); });
                               });
}

Selectors
FromWire(const wire::TsPayload& payload)
{
    Selectors selectors;
    for (const wire::TrafficSelector& ts : payload.selectors)
    {
        if (ts.type == wire::TsType::TS_IPV4_ADDR_RANGE ||
            ts.type == wire::TsType::TS_IPV6_ADDR_RANGE)
        {
            selectors.push_back({ts.addresses, ts.protocol, ts.startPort, ts.endPort});
        }
    }
    return selectors;
}

wire::TsPayload
ToWire(const Selectors& selectors)
{
    wire::TsPayload payload;
    for (const Selector& selector : selectors)
    {
        const auto type = selector.addresses.first.IsV4() ? wire::TsType::TS_IPV4_ADDR_RANGE
                                                          : wire::TsType::TS_IPV6_ADDR_RANGE;
        payload.selectors.push_back({type,
                                     selector.protocol,
                                     selector.startPort,
                                     selector.endPort,
                                     selector.addresses,
                                     {}});
    }
    return payload;
}

} // namespace ikelab::ike
