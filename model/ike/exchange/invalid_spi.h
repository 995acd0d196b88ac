// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "ike/exchange/exchange.h"

namespace ikelab::ike
{

/// Tell the peer that an ESP or AH packet of its address had an SPI that is none of ours. RFC 7296
/// §1.5
class InvalidSpiReport final : public Exchange
{
  public:
    explicit InvalidSpiReport(EspSpi spi) : m_spi(spi)
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
    EspSpi m_spi;
};

/// Tell the owner which SPIs the peer does not know. A hint, and no more: the peer may only be
/// behind us, with a response of ours on its way that makes the SA, or ahead, with a Delete.
void TellInvalidSpis(Services& services, const IkeSa& sa, const Incoming& request);

} // namespace ikelab::ike
