// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace ns3::flat
{

/**
 * Cut an IPv6 packet into fragments, as only its source may (RFC 8200 §4.5). A fragment header that
 * says "all of it" (RFC 6946) gives way to those of the parts.
 * @param packet whole, and no fragment itself
 * @param mtu octets of the largest fragment
 * @param identification of no other packet between its ends
 * @param send called with each, in order; borrowed
 * @return false if it cannot be cut: nothing was sent
 */
[[nodiscard]] bool FragmentV6(ikelab::Bytes packet,
                              size_t mtu,
                              uint32_t identification,
                              const std::function<void(ikelab::Bytes fragment)>& send);

} // namespace ns3::flat
