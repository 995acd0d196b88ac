// SPDX-License-Identifier: MIT
#include "esp/selector_set.h"

#include <algorithm>
#include <iterator>

namespace ikelab::esp
{

namespace
{

Fit
JudgePort(const SelectorSet::Range& range, uint16_t port, const PacketInfo& packet)
{
    const bool anyPort = range.startPort == 0 && range.endPort == 65535;
    if (anyPort)
    {
        return Fit::FULL;
    }
    if (packet.portsKnown)
    {
        return range.startPort <= port && port <= range.endPort ? Fit::FULL : Fit::NONE;
    }
    const bool opaque = range.startPort == 65535 && range.endPort == 0;
    if (opaque)
    {
        return Fit::FULL;
    }
    return packet.portsHidden ? Fit::UNCERTAIN : Fit::NONE;
}

Fit
JudgeProtocol(const SelectorSet::Range& range, const PacketInfo& packet)
{
    if (range.protocol == Selector::ANY_PROTOCOL)
    {
        return Fit::FULL;
    }
    if (!packet.protocolKnown)
    {
        return Fit::UNCERTAIN;
    }
    return range.protocol == packet.protocol ? Fit::FULL : Fit::NONE;
}

} // namespace

SelectorSet::SelectorSet(const Selectors& selectors)
{
    const auto rangeOf = [](const Selector& selector)
    {
        return Range{AddressNumber::From(selector.addresses.first),
                     AddressNumber::From(selector.addresses.last),
                     selector.startPort,
                     selector.endPort,
                     selector.protocol};
    };
    m_size = selectors.size();
    if (m_size == 1)
    {
        m_one = rangeOf(selectors.front());
    }
    else
    {
        std::ranges::transform(selectors, std::back_inserter(m_many), rangeOf);
    }
}

Fit
SelectorSet::Judge(const AddressNumber& address, uint16_t port, const PacketInfo& packet) const
{
    Fit best = Fit::NONE;
    for (const Range& range : Ranges())
    {
        if (address < range.first || range.last < address)
        {
            continue;
        }
        best =
            std::max(best, std::min(JudgeProtocol(range, packet), JudgePort(range, port, packet)));
        if (best == Fit::FULL)
        {
            break;
        }
    }
    return best;
}

} // namespace ikelab::esp
