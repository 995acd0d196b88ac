// SPDX-License-Identifier: MIT
#pragma once

#include "base/ip_address.h"

#include <compare>
#include <cstdint>
#include <vector>

namespace ikelab
{

/**
 * One traffic selector as a value: addresses, protocol, ports (RFC 4301 §4.4.1.1, RFC 7296
 * §3.13.1). For ICMP the port fields hold type and code, type in the high octet.
 */
struct Selector
{
    static constexpr uint8_t ANY_PROTOCOL = 0;

    IpRange addresses{IpRange::AnyV4()};
    uint8_t protocol{ANY_PROTOCOL};
    uint16_t startPort{0};
    uint16_t endPort{65535}; ///< start 65535 and end 0 together mean OPAQUE

    bool
    AnyPort() const
    {
        return startPort == 0 && endPort == 65535;
    }

    auto operator<=>(const Selector&) const = default;
};

using Selectors = std::vector<Selector>;

} // namespace ikelab
