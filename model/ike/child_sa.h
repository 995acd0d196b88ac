// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/selector.h"
#include "crypto/algorithms.h"
#include "ike/config.h"

#include <memory>

namespace ikelab::ike
{

/// One Child SA: a pair of SAs of ESP or AH, RFC 7296 §1. Its keys are with whoever protects
/// traffic.
struct ChildSa
{
    ChildSaId id;
    std::shared_ptr<const ChildConfig> config;
    crypto::EspSuite suite;
    EspSpi inboundSpi;
    EspSpi outboundSpi;
    Mode mode{Mode::TUNNEL};
    Selectors localTs;
    Selectors remoteTs;
    bool closing{false}; ///< our Delete is on its way
};

} // namespace ikelab::ike
