// SPDX-License-Identifier: GPL-2.0-only
#include "sim/held_ancestors.h"

#include <algorithm>

namespace ns3
{

void
HeldAncestors::Keep(ikelab::Bytes packet, const Packet* ancestor)
{
    constexpr size_t MOST = 256; // packets; an engine holds a few per child
    if (!ancestor ||
        (!ancestor->GetPacketTagIterator().HasNext() && !ancestor->GetByteTagIterator().HasNext()))
    {
        return;
    }
    if (m_held.size() >= MOST)
    {
        m_held.pop_front();
    }
    m_held.push_back({ikelab::ToBuffer(packet), ancestor->Copy()});
}

Ptr<const Packet>
HeldAncestors::Take(ikelab::Bytes packet)
{
    const auto found = std::ranges::find_if(
        m_held, [&](const Held& held) { return ikelab::SameOctets(held.octets, packet); });
    if (found == m_held.end())
    {
        return nullptr;
    }
    Ptr<const Packet> ancestor = found->ancestor;
    m_held.erase(found);
    return ancestor;
}

} // namespace ns3
