// SPDX-License-Identifier: MIT
#pragma once

#include "ike/exchange/exchange.h"

namespace ikelab::ike
{

/// An empty INFORMATIONAL request: is the peer still there? RFC 7296 §1.4, §2.4.
class Liveness final : public Exchange
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

  private:
    Instant m_sent{};
};

} // namespace ikelab::ike
