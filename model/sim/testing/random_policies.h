// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "sim/testing/policy_oracle.h"
#include "sim/testing/random_network.h"
#include "wire/testing/dice.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace ns3::testing
{

/// The ports that random policies and random traffic speak of.
inline constexpr std::array<uint16_t, 6> LEAK_PORTS{9, 80, 443, 5000, 5500, 40000};

/// What one gateway is told, once for it and once for the oracle.
struct GatewayPolicy
{
    std::vector<OracleRule> rules; ///< in the order of the SPD
    Reading otherwise{Reading::BYPASS};
    nlohmann::ordered_json json;
    std::vector<std::string> children; ///< "connection/child"
    std::vector<std::string> connections;
    bool protectedSide{false}; ///< its inside links are not judged
};

/// One per gateway: rules of every kind between networks, hosts and gateways of the network, and
/// connections whose ends agree mostly, not always.
std::vector<GatewayPolicy> MakePolicies(const RandomNetwork& network, ikelab::wire::Dice& dice);

} // namespace ns3::testing
