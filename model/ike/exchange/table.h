// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "ike/exchange/exchange.h"

#include <span>

namespace ikelab::ike
{

/// Writes the answer to a request of an established or half-open SA.
using Answer = Result<void> (*)(Services& services,
                                IkeSa& sa,
                                const Incoming& request,
                                wire::MessageBuilder& reply);

/// One kind of message: what must be in it, what may occur only once, and who answers it.
struct ExchangeRow
{
    wire::ExchangeType exchange;
    bool response;
    std::span<const wire::PayloadType> required;
    std::span<const wire::PayloadType> single; ///< at most one of each
    bool beforeAuthentication;                 ///< true: only during set-up; false: only after
    Answer answer;                             ///< requests only
};

/// The row of a message kind; nullptr if nothing here knows the exchange.
const ExchangeRow* FindExchange(wire::ExchangeType exchange, bool response);

/// MISSING_PAYLOAD or BAD_VALUE where a message lacks or doubles a payload; UNSUPPORTED_CRITICAL
/// first.
Result<void> CheckPayloads(const ExchangeRow& row, const wire::PayloadChain& chain);

} // namespace ikelab::ike
