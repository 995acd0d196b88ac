// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/instant.h"
#include "base/random_source.h"
#include "crypto/context.h"
#include "ike/config.h"
#include "ike/event.h"

#include <deque>
#include <memory>
#include <unordered_set>
#include <vector>

namespace ikelab::ike
{

/**
 * What an exchange may use of its endpoint: configuration, cryptography, dice, the event queue and
 * the numbers that must be unique in one endpoint. The time is that of the call under way.
 */
struct Services
{
    const Config& config;
    crypto::Context& crypto;
    RandomSource& random;
    Instant now{};
    std::deque<Event> events{};

    void
    Emit(Event event)
    {
        events.push_back(std::move(event));
    }

    /// A random inbound SPI that no Child SA of this endpoint uses; 0 to 255 are reserved (RFC 4303
    /// §2.1).
    EspSpi ReserveEspSpi();
    void ReleaseEspSpi(EspSpi spi);
    ChildSaId NewChildSaId();
    Buffer NewNonce();

  private:
    std::unordered_set<EspSpi> m_usedSpis{};
    uint32_t m_lastChild{0};
};

} // namespace ikelab::ike
