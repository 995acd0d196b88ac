// SPDX-License-Identifier: MIT
#include "esp/selector_set.h"

#include <algorithm>
#include <iterator>

namespace ikelab::esp
{

SelectorSet::SelectorSet(const Selectors& selectors)
{
    const auto rangeOf = [](const Selector& selector)
    {
        return Range{AddressNumber::From(selector.addresses.first),
                     AddressNumber::From(selector.addresses.last),
                     {selector.startPort, selector.endPort, selector.protocol}};
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
        best = std::max(best, range.next.Judge(port, packet));
        if (best == Fit::FULL)
        {
            break;
        }
    }
    return best;
}

} // namespace ikelab::esp
