// SPDX-License-Identifier: MIT
#include "esp/selector_set.h"

namespace ikelab::esp
{

SelectorSet::SelectorSet(const Selectors& selectors)
{
    m_ranges.reserve(selectors.size());
    for (const Selector& selector : selectors)
    {
        m_ranges.push_back({AddressNumber::From(selector.addresses.first),
                            AddressNumber::From(selector.addresses.last),
                            selector.startPort,
                            selector.endPort,
                            selector.protocol});
    }
}

bool
SelectorSet::Matches(const AddressNumber& address,
                     uint8_t protocol,
                     bool portKnown,
                     uint16_t port) const
{
    for (const Range& range : m_ranges)
    {
        if (address < range.first || range.last < address)
        {
            continue;
        }
        if (range.protocol != Selector::ANY_PROTOCOL && range.protocol != protocol)
        {
            continue;
        }
        const bool anyPort = range.startPort == 0 && range.endPort == 65535;
        const bool opaque = range.startPort == 65535 && range.endPort == 0;
        if (anyPort || (portKnown ? range.startPort <= port && port <= range.endPort : opaque))
        {
            return true;
        }
    }
    return false;
}

} // namespace ikelab::esp
