// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/instant.h"
#include "base/random_source.h"
#include "crypto/context.h"
#include "ike/config.h"
#include "ike/event.h"
#include "ike/policy/nat_neighbours.h"

#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ikelab::ike
{

class SaTable;

/**
 * What an exchange may use of its endpoint: configuration, cryptography, dice, the event queue and
 * the numbers that must be unique in one endpoint. The time is that of the call under way.
 */
struct Services
{
    Services(const Config& configuration,
             crypto::Context& context,
             RandomSource& source,
             const SaTable& table)
        : config(configuration),
          crypto(context),
          random(source),
          sas(table),
          neighbours(configuration.connections)
    {
    }

    const Config& config;
    crypto::Context& crypto;
    RandomSource& random;
    const SaTable& sas; ///< to look around; to change is the endpoint's
    Instant now{};
    std::deque<Event> events{};

    template <typename E>
    void
    Emit(E&& event)
    {
        events.emplace_back(std::in_place_type<std::decay_t<E>>, std::forward<E>(event));
    }

    /// A random inbound SPI that no Child SA of this endpoint uses; 0 to 255 are reserved (RFC 4303
    /// §2.1).
    EspSpi ReserveEspSpi();
    void ReleaseEspSpi(EspSpi spi);
    ChildSaId NewChildSaId();
    Buffer NewNonce();

    /// The IKE SA of each Child SA.
    std::unordered_map<ChildSaId, IkeSaId> owners{};
    NatNeighbours neighbours;

  private:
    std::unordered_set<EspSpi> m_usedSpis{};
    uint32_t m_lastChild{0};
};

/// An inbound SPI that goes back unless a Child SA keeps it.
class EspSpiReservation
{
  public:
    explicit EspSpiReservation(Services& services)
        : m_services(&services),
          m_spi(services.ReserveEspSpi())
    {
    }

    EspSpiReservation(EspSpiReservation&& other) noexcept
        : m_services(std::exchange(other.m_services, nullptr)),
          m_spi(other.m_spi)
    {
    }

    EspSpiReservation(const EspSpiReservation&) = delete;
    EspSpiReservation& operator=(const EspSpiReservation&) = delete;
    EspSpiReservation& operator=(EspSpiReservation&&) = delete;

    ~EspSpiReservation()
    {
        if (m_services)
        {
            m_services->ReleaseEspSpi(m_spi);
        }
    }

    EspSpi
    Spi() const
    {
        return m_spi;
    }

    /// The caller releases it from now on.
    EspSpi
    Keep()
    {
        m_services = nullptr;
        return m_spi;
    }

  private:
    Services* m_services;
    EspSpi m_spi;
};

} // namespace ikelab::ike
