// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "ike/exchange/exchange.h"

namespace ikelab::ike
{

/// Tell the peer that a packet of its was not what its SA may carry (RFC 7296 §3.10.1, RFC 4301
/// §5.2).
class InvalidSelectorsReport final : public Exchange
{
  public:
    /// @param start of the packet that was refused
    InvalidSelectorsReport(ChildSaId child, Bytes start) : m_child(child), m_start(ToBuffer(start))
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
    Buffer m_start;
};

/// Tell the owner which SAs of ours carried what the peer refused.
void TellInvalidSelectors(Services& services, const IkeSa& sa, const Incoming& request);

} // namespace ikelab::ike
