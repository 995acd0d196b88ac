// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/selector.h"
#include "crypto/algorithms.h"
#include "ike/config.h"

#include <array>
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

/// An SPI of ESP or AH as payloads hold it.
inline std::array<uint8_t, 4>
SpiOctets(EspSpi spi)
{
    return {static_cast<uint8_t>(spi.value >> 24),
            static_cast<uint8_t>(spi.value >> 16),
            static_cast<uint8_t>(spi.value >> 8),
            static_cast<uint8_t>(spi.value)};
}

} // namespace ikelab::ike
