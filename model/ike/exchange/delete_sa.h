// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "ike/exchange/exchange.h"
#include "ike/services.h"

#include <optional>
#include <utility>

namespace ikelab::ike
{

/// Close one Child SA in both directions, RFC 7296 §1.4.1.
class DeleteChildSa final : public Exchange
{
  public:
    explicit DeleteChildSa(ChildSaId child) : m_child(child)
    {
    }

    /// One that only the peer has: its answer made it, and we cannot take it.
    DeleteChildSa(EspSpiReservation spi, wire::ProtocolId protocol)
        : m_refused(std::move(spi)),
          m_protocol(protocol)
    {
    }

    wire::ExchangeType
    Type() const override
    {
        return wire::ExchangeType::INFORMATIONAL;
    }

    Result<void> BuildRequest(Services& services,
                              IkeSa& sa,
                              wire::MessageBuilder& request) override;
    Result<void> HandleResponse(Services& services, IkeSa& sa, const Incoming& response) override;

  private:
    ChildSaId m_child;
    std::optional<EspSpiReservation> m_refused;
    wire::ProtocolId m_protocol{wire::ProtocolId::ESP}; ///< of what was refused
};

/// Close the IKE SA and with it all its Child SAs, RFC 7296 §1.4.1.
class DeleteIkeSa final : public Exchange
{
  public:
    wire::ExchangeType
    Type() const override
    {
        return wire::ExchangeType::INFORMATIONAL;
    }

    Result<void> BuildRequest(Services& services,
                              IkeSa& sa,
                              wire::MessageBuilder& request) override;
    Result<void> HandleResponse(Services& services, IkeSa& sa, const Incoming& response) override;
};

/// The responder's side: the peer asks with one or several Delete payloads.
Result<void> AnswerDeletes(Services& services,
                           IkeSa& sa,
                           const Incoming& request,
                           wire::MessageBuilder& reply);

} // namespace ikelab::ike
