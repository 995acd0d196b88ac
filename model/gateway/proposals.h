// SPDX-License-Identifier: MIT
#pragma once

#include "ike/config.h"

#include <vector>

namespace ikelab::gateway
{

/**
 * What "default" stands for in `proposals`: every algorithm of the table that is no legacy, AEADs
 * in a proposal of their own and first. As with strongSwan, a row added to the table is offered.
 */
std::vector<ike::IkeProposal> DefaultIkeProposals();

/// What "default" stands for in `esp_proposals`: the same without key exchange.
std::vector<ike::EspProposal> DefaultEspProposals();

/// What "default" stands for in `ah_proposals`: the integrity algorithms.
std::vector<ike::EspProposal> DefaultAhProposals();

} // namespace ikelab::gateway
