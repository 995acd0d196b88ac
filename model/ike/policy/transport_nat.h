// SPDX-License-Identifier: MIT
#pragma once

#include "base/ip_address.h"
#include "base/selector.h"
#include "ike/config.h"

#include <optional>

/**
 * Traffic selectors of transport mode through NATs, RFC 7296 §2.23.1. Each side writes the
 * addresses that it knows, one at each end, and the other side puts its own view in their place.
 */
namespace ikelab::ike
{

/// What an IKE SA knows of the NATs on its path.
struct NatPath
{
    Path path;
    bool local{false};  ///< we are behind a NAT
    bool remote{false}; ///< the peer is
};

/// The part of our selectors that may be proposed: of exactly the address that is this end of the
/// IKE SA. Empty if they leave it out.
Selectors OnlyOf(const Selectors& selectors, const IpAddress& end);

/// Selectors of a peer as this host sees them.
struct SubstitutedSelectors
{
    Selectors local;
    Selectors remote;
    AddressPair original; ///< the ends of the peer's packets as it writes them
};

/**
 * Put our view of the addresses into what the peer wrote: ours where we are behind a NAT, its where
 * it is. The same for the request of a client and for the response of a server.
 * @return nothing if they are not of one address at each end, or in the end not those of the IKE
 * SA: then there can be no transport mode
 */
std::optional<SubstitutedSelectors> Substitute(const NatPath& nat,
                                               const Selectors& local,
                                               const Selectors& remote);

} // namespace ikelab::ike
