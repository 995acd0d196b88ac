// SPDX-License-Identifier: MIT
#include "ike/policy/nat_neighbours.h"

#include "ike/policy/traffic_selectors.h"

#include <algorithm>

namespace ikelab::ike
{

namespace
{

bool
Overlap(const Selectors& left, const Selectors& right)
{
    return std::ranges::any_of(
        left,
        [&](const Selector& one)
        {
            return std::ranges::any_of(
                right, [&](const Selector& other) { return Intersect(one, other).has_value(); });
        });
}

/// Is each address of `part` in `whole`? Ports and protocols aside.
bool
IsInside(const Selectors& part, const Selectors& whole)
{
    return std::ranges::all_of(part,
                               [&](const Selector& one)
                               {
                                   return std::ranges::any_of(
                                       whole,
                                       [&](const Selector& other)
                                       { return other.addresses.Contains(one.addresses); });
                               });
}

} // namespace

NatNeighbours::NatNeighbours(const Connections& connections)
{
    for (const auto& connection : connections)
    {
        for (const ChildConfig& child : connection->children)
        {
            // Rules of the others come with their SAs.
            if (!child.localTs.empty() && !child.remoteTs.empty())
            {
                m_places.emplace(&child, m_places.size());
            }
        }
    }
}

NatNeighbours::Neighbour
NatNeighbours::Kept::AsNeighbour() const
{
    return {peer, behindNat, child->config.get(), &child->localTs, &child->remoteTs};
}

NatNeighbours::Key
NatNeighbours::KeyOf(const Kept& kept)
{
    return {kept.child->config->ifIdOut,
            kept.behindNat,
            CoverOf(kept.child->remoteTs[kept.selector].addresses),
            kept.child->id};
}

void
NatNeighbours::Add(const Identity& peer, bool behindNat, const ChildSa& child)
{
    for (uint32_t i = 0; i < child.remoteTs.size(); ++i)
    {
        const Prefix prefix = CoverOf(child.remoteTs[i].addresses);
        if (m_byPrefix.insert({&peer, &child, i, behindNat}).second)
        {
            ++m_lengths[{prefix.first.IsV6(), prefix.bits}];
        }
    }
}

void
NatNeighbours::Remove(bool behindNat, const ChildSa& child)
{
    for (uint32_t i = 0; i < child.remoteTs.size(); ++i)
    {
        const Prefix prefix = CoverOf(child.remoteTs[i].addresses);
        if (m_byPrefix.erase({nullptr, &child, i, behindNat}) != 0)
        {
            const auto length = m_lengths.find({prefix.first.IsV6(), prefix.bits});
            if (--length->second == 0)
            {
                m_lengths.erase(length);
            }
        }
    }
}

bool
NatNeighbours::Conflict(const Neighbour& asks) const
{
    std::set<ChildSaId> judged;
    return std::ranges::any_of(*asks.remote,
                               [&](const Selector& selector)
                               {
                                   const Prefix prefix = CoverOf(selector.addresses);
                                   // Two without NATs are not told apart here: `remote_ts` says who
                                   // may have what.
                                   return IsTaken(asks, true, prefix, judged) ||
                                          (asks.behindNat && IsTaken(asks, false, prefix, judged));
                               });
}

/// By anybody there: who has addresses of this prefix stands under one around it, or inside it.
bool
NatNeighbours::IsTaken(const Neighbour& asks,
                       bool behindNat,
                       const Prefix& prefix,
                       std::set<ChildSaId>& judged) const
{
    const uint32_t ifId = asks.child->ifIdOut;
    const auto isTaken = [&](const Prefix& from, const auto& belongs)
    {
        for (auto at = m_byPrefix.lower_bound(Key{ifId, behindNat, from, ChildSaId{}});
             at != m_byPrefix.end();
             ++at)
        {
            const Key key = KeyOf(*at);
            if (key.ifId != ifId || key.behindNat != behindNat || !belongs(key.prefix))
            {
                return false;
            }
            if (judged.insert(key.id).second && Collide(at->AsNeighbour(), asks))
            {
                return true;
            }
        }
        return false;
    };
    const bool v6 = prefix.first.IsV6();
    for (auto length = m_lengths.lower_bound({v6, 0});
         length != m_lengths.end() && length->first.first == v6 &&
         length->first.second < prefix.bits;
         ++length)
    {
        const Prefix around = Shortened(prefix, length->first.second);
        if (isTaken(around, [&](const Prefix& other) { return other == around; }))
        {
            return true;
        }
    }
    return isTaken(prefix,
                   [&](const Prefix& other) {
                       return other.first.IsV6() == v6 &&
                              Shortened(other, prefix.bits).first == prefix.first;
                   });
}

bool
NatNeighbours::Collide(const Neighbour& has, const Neighbour& asks) const
{
    return *has.peer != *asks.peer && Overlap(*has.local, *asks.local) &&
           Overlap(*has.remote, *asks.remote) && !PolicyTellsApart(has, asks);
}

/// A part of a larger network, in a child of its own before that of the larger one: what is for the
/// part goes to who has it, and the rest to the other, as the owner of the configuration wrote it.
/// The earlier child's rule decides of all that it names, whatever its SA took of that.
bool
NatNeighbours::PolicyTellsApart(const Neighbour& one, const Neighbour& other) const
{
    const auto place = m_places.find(one.child);
    const auto otherPlace = m_places.find(other.child);
    if (place == m_places.end() || otherPlace == m_places.end() || one.child == other.child)
    {
        return false;
    }
    const bool inOrder = place->second < otherPlace->second;
    const Selectors& first = *(inOrder ? one : other).remote;
    const Selectors& second = *(inOrder ? other : one).remote;
    const Selectors& rule = (inOrder ? one : other).child->remoteTs;
    return IsInside(first, second) && !IsInside(second, rule);
}

NatNeighbours::Prefix
NatNeighbours::CoverOf(const IpRange& range)
{
    const auto bits = static_cast<uint8_t>(range.SharedBits());
    return Shortened({range.first, bits}, bits);
}

/// @param bits no more than it has
NatNeighbours::Prefix
NatNeighbours::Shortened(const Prefix& prefix, uint8_t bits)
{
    return {IpRange::Block(prefix.first, bits).first, bits};
}

} // namespace ikelab::ike
