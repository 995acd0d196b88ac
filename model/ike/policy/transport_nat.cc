// SPDX-License-Identifier: MIT
#include "ike/policy/transport_nat.h"

#include "ike/policy/traffic_selectors.h"

#include <algorithm>
#include <utility>

namespace ikelab::ike
{

namespace
{

/// The one address that all of them are of, if there is just one.
std::optional<IpAddress>
SingleAddress(const Selectors& selectors)
{
    if (selectors.empty())
    {
        return std::nullopt;
    }
    const IpAddress& address = selectors.front().addresses.first;
    const bool single =
        std::ranges::all_of(selectors,
                            [&](const Selector& selector) {
                                return selector.addresses == IpRange{address, address};
                            });
    return single ? std::optional(address) : std::nullopt;
}

Selectors
Readdressed(Selectors selectors, const IpAddress& address)
{
    for (Selector& selector : selectors)
    {
        selector.addresses = {address, address};
    }
    return selectors;
}

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

} // namespace

Selectors
OnlyOf(const Selectors& selectors, const IpAddress& end)
{
    return Narrow(selectors, {Selector{{end, end}}});
}

std::optional<SubstitutedSelectors>
Substitute(const NatPath& nat, const Selectors& local, const Selectors& remote)
{
    const auto localAddress = SingleAddress(local);
    const auto remoteAddress = SingleAddress(remote);
    if (!localAddress || !remoteAddress)
    {
        return std::nullopt;
    }
    const IpAddress& ours = nat.path.local.address;
    const IpAddress& theirs = nat.path.remote.address;
    if ((!nat.local && *localAddress != ours) || (!nat.remote && *remoteAddress != theirs))
    {
        return std::nullopt;
    }
    return SubstitutedSelectors{
        Readdressed(local, ours), Readdressed(remote, theirs), {*remoteAddress, *localAddress}};
}

void
NatNeighbours::Add(ChildSaId child, Neighbour neighbour)
{
    if (const auto address = SingleAddress(neighbour.remote))
    {
        m_byAddress[*address].try_emplace(child, std::move(neighbour));
    }
}

void
NatNeighbours::Remove(ChildSaId child, const Selectors& remote)
{
    const auto address = SingleAddress(remote);
    const auto found = address ? m_byAddress.find(*address) : m_byAddress.end();
    if (found != m_byAddress.end() && found->second.erase(child) != 0 && found->second.empty())
    {
        m_byAddress.erase(found);
    }
}

bool
NatNeighbours::Conflict(const Neighbour& asks) const
{
    const auto address = SingleAddress(asks.remote);
    const auto found = address ? m_byAddress.find(*address) : m_byAddress.end();
    return found != m_byAddress.end() &&
           std::ranges::any_of(found->second,
                               [&](const auto& entry)
                               {
                                   const Neighbour& has = entry.second;
                                   return has.peer != asks.peer &&
                                          (has.behindNat || asks.behindNat) &&
                                          Overlap(has.local, asks.local) &&
                                          Overlap(has.remote, asks.remote);
                               });
}

} // namespace ikelab::ike
