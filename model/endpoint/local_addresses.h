// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"
#include "ike/config.h"

#include <optional>
#include <vector>

namespace ikelab::endpoint
{

/**
 * Give each connection that has peers but no address of its own the address from which the system
 * would reach the first of them: NAT detection (RFC 7296 §2.23) hashes it.
 */
void FillLocalAddresses(ike::Config& config);

/**
 * What to bind: port 4500 and the connections' own ports, on their local addresses, or on all
 * addresses of both families if one of them takes any.
 */
std::vector<SocketAddress> AddressesToBind(const ike::Config& config);

/// The source of an IP packet, if it is one.
std::optional<IpAddress> SourceOf(Bytes packet);

} // namespace ikelab::endpoint
