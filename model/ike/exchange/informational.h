// SPDX-License-Identifier: MIT
#pragma once

#include "ike/exchange/exchange.h"

namespace ikelab::ike
{

/// The responder's side of INFORMATIONAL, RFC 7296 §1.4: Deletes, notifies, or nothing (liveness).
Result<void> AnswerInformational(Services& services,
                                 IkeSa& sa,
                                 const Incoming& request,
                                 wire::MessageBuilder& reply);

/// Tell an authenticated-by-itself peer that we do not accept it, RFC 7296 §2.21.2; then the SA is
/// gone.
class RefusePeer final : public Exchange
{
  public:
    explicit RefusePeer(wire::NotifyType notify) : m_notify(notify)
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
    wire::NotifyType m_notify;
};

} // namespace ikelab::ike
