// SPDX-License-Identifier: MIT
#pragma once

#include "ike/exchange/exchange.h"
#include "ike/services.h"

#include <optional>

namespace ikelab::ike
{

/// IKE_AUTH from the initiator's side, RFC 7296 §1.2 and §2.15: prove identities, make the first
/// Child SA.
class IkeAuth final : public Exchange
{
  public:
    wire::ExchangeType
    Type() const override
    {
        return wire::ExchangeType::IKE_AUTH;
    }

    Result<void> BuildRequest(Services& services,
                              IkeSa& sa,
                              wire::MessageBuilder& request) override;
    Result<void> HandleResponse(Services& services, IkeSa& sa, const Incoming& response) override;

  private:
    std::shared_ptr<const ChildConfig> m_child;
    std::optional<EspSpiReservation> m_spi;
};

/// The responder's side.
Result<void> AnswerIkeAuth(Services& services,
                           IkeSa& sa,
                           const Incoming& request,
                           wire::MessageBuilder& reply);

} // namespace ikelab::ike
