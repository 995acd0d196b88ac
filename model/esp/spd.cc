// SPDX-License-Identifier: MIT
#include "esp/spd.h"

#include "base/assert.h"

#include <utility>

namespace ikelab::esp
{

namespace
{

/// The answer for packets that hide the ports by which they would be judged.
constexpr Decision DISCARD_UNCERTAIN{PolicyAction::DISCARD, 0};

constexpr unsigned ACTION_SHIFT = 30;

/// A decision in the word that the index keeps with a rule: so no other memory is asked for it.
uint32_t
ToWord(const Policy& rule)
{
    IKELAB_ASSERT(rule.tag <= Decision::LARGEST_TAG);
    return static_cast<uint32_t>(rule.action) << ACTION_SHIFT | rule.tag;
}

Decision
FromWord(uint32_t word)
{
    return {static_cast<PolicyAction>(word >> ACTION_SHIFT), word & Decision::LARGEST_TAG};
}

/// The first rule that counts, but for those that are skipped.
template <typename Skips>
std::optional<Decision>
FirstOf(const SelectorIndex& index, const PacketInfo& packet, bool outbound, const Skips& skips)
{
    const auto first = index.First(packet,
                                   outbound,
                                   [&](const SelectorIndex::Found& found)
                                   {
                                       const Decision rule = FromWord(found.tag);
                                       return !skips(rule) && (found.fit == Fit::FULL ||
                                                               rule.action != PolicyAction::BYPASS);
                                   });
    if (!first)
    {
        return std::nullopt;
    }
    return first->fit == Fit::FULL ? FromWord(first->tag) : DISCARD_UNCERTAIN;
}

} // namespace

void
Spd::Assign(std::vector<Policy> rules)
{
    m_index.Clear();
    for (Policy& rule : rules)
    {
        Append(std::move(rule));
    }
    m_cache.fill({}); // also where there were rules and are none
}

uint64_t
Spd::Append(Policy rule)
{
    const uint64_t place = m_nextPlace++;
    const uint32_t word = ToWord(rule);
    m_index.Insert(place, std::move(rule.selectors), word);
    m_cache.fill({}); // it may match what nothing matched
    return place;
}

bool
Spd::Erase(uint64_t place)
{
    if (!m_index.Erase(place))
    {
        return false;
    }
    m_cache.fill({});
    return true;
}

bool
Spd::Flow::Is(const PacketInfo& packet, bool leaves) const
{
    return source == packet.source && destination == packet.destination &&
           sourcePort == packet.sourcePort && destinationPort == packet.destinationPort &&
           protocol == packet.protocol && portsKnown == packet.portsKnown &&
           portsHidden == packet.portsHidden && protocolKnown == packet.protocolKnown &&
           outbound == leaves;
}

size_t
Spd::HashOf(const PacketInfo& packet, bool outbound)
{
    // Multiplication by an odd constant and the high bits of the product: enough to spread flows
    // over a cache; a peer that makes them collide only loses the cache.
    constexpr uint64_t ODD = 0x9e3779b97f4a7c15u;
    uint64_t mixed = packet.source.high;
    mixed = (mixed ^ packet.source.low) * ODD;
    mixed = (mixed ^ packet.destination.high) * ODD;
    mixed = (mixed ^ packet.destination.low) * ODD;
    mixed ^= uint64_t{packet.sourcePort} << 32 | uint64_t{packet.destinationPort} << 16 |
             uint64_t{packet.protocol} << 4 | uint64_t{packet.protocolKnown} << 3 |
             uint64_t{packet.portsHidden} << 2 | uint64_t{packet.portsKnown} << 1 |
             uint64_t{outbound};
    return static_cast<size_t>((mixed * ODD) >> 32);
}

std::optional<Decision>
Spd::Match(const PacketInfo& packet, bool outbound) const
{
    if (Empty())
    {
        return std::nullopt;
    }
    Remembered& entry = m_cache[HashOf(packet, outbound) % CACHE_SIZE];
    if (!entry.valid || !entry.flow.Is(packet, outbound))
    {
        entry = {true,
                 {packet.source,
                  packet.destination,
                  packet.sourcePort,
                  packet.destinationPort,
                  packet.protocol,
                  packet.portsKnown,
                  packet.portsHidden,
                  packet.protocolKnown,
                  outbound},
                 FirstOf(m_index, packet, outbound, [](const Decision&) { return false; })};
    }
    return entry.decision;
}

std::optional<Decision>
Spd::MatchOutboundPast(const PacketInfo& packet,
                       const std::function<bool(const Decision& decision)>& passedOver) const
{
    return FirstOf(m_index, packet, true, passedOver);
}

} // namespace ikelab::esp
