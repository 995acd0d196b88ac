// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace ns3::flat
{

/**
 * Cut an IPv6 packet into fragments, as only its source may (RFC 8200 §4.5).
 * @param packet whole, and no fragment itself: else there is nothing to send
 * @param mtu octets of the largest fragment
 * @param identification of no other packet between its ends
 * @param send called with each, in order; borrowed
 */
void FragmentV6(ikelab::Bytes packet,
                size_t mtu,
                uint32_t identification,
                const std::function<void(ikelab::Bytes fragment)>& send);

} // namespace ns3::flat
