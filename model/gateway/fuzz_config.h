// SPDX-License-Identifier: MIT
#pragma once

#include "gateway/config.h"

#include <cstdint>

namespace ikelab::gateway
{

constexpr uint32_t FUZZ_IF_ID = 42; ///< of the tunnel device
/// The ends of the inner SA; the first SA's selectors hold them.
constexpr const char* FUZZ_INNER_VICTIM = "192.0.2.3";
constexpr const char* FUZZ_INNER_PEER = "10.2.0.9";

/**
 * What FuzzGateway's two gateways are told. Three connections between them: "net" by policy, "vpn"
 * behind a tunnel device, "far" inside of "net" (RFC 4301 appendix E).
 */
const Config& FuzzConfig(bool victim);

} // namespace ikelab::gateway
