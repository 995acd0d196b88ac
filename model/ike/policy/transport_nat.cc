// SPDX-License-Identifier: MIT
#include "ike/policy/transport_nat.h"

#include "ike/policy/traffic_selectors.h"

#include <algorithm>

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

} // namespace ikelab::ike
