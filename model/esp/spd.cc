// SPDX-License-Identifier: MIT
#include "esp/spd.h"

namespace ikelab::esp
{

void
Spd::Assign(std::vector<Policy> rules)
{
    m_rules = std::move(rules);
    m_cache.fill({});
}

size_t
Spd::Flow::Hash() const
{
    // Multiplication by an odd constant and the high bits of the product: enough to spread flows
    // over a cache; a peer that makes them collide only loses the cache.
    constexpr uint64_t ODD = 0x9e3779b97f4a7c15u;
    uint64_t mixed = source.high;
    mixed = (mixed ^ source.low) * ODD;
    mixed = (mixed ^ destination.high) * ODD;
    mixed = (mixed ^ destination.low) * ODD;
    mixed ^= uint64_t{sourcePort} << 32 | uint64_t{destinationPort} << 16 |
             uint64_t{protocol} << 2 | uint64_t{portsKnown} << 1 | uint64_t{outbound};
    return static_cast<size_t>((mixed * ODD) >> 32);
}

const Policy*
Spd::Match(const PacketInfo& packet, bool outbound) const
{
    if (m_rules.empty())
    {
        return nullptr;
    }
    const Flow flow{packet.source,
                    packet.destination,
                    packet.sourcePort,
                    packet.destinationPort,
                    packet.protocol,
                    packet.portsKnown,
                    outbound};
    Remembered& entry = m_cache[flow.Hash() % CACHE_SIZE];
    if (entry.valid && entry.flow == flow)
    {
        return entry.policy;
    }
    entry = {true, flow, nullptr};
    for (const Policy& rule : m_rules)
    {
        if (outbound ? rule.selectors.MatchesOutbound(packet)
                     : rule.selectors.MatchesInbound(packet))
        {
            entry.policy = &rule;
            break;
        }
    }
    return entry.policy;
}

} // namespace ikelab::esp
