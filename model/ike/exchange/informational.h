// SPDX-License-Identifier: MIT
#pragma once

#include "ike/exchange/exchange.h"

namespace ikelab::ike
{

/// The responder's side of INFORMATIONAL, RFC 7296 §1.4: Deletes, notifies, or nothing (liveness).
Result<void> AnswerInformational(Services& services, IkeSa& sa, const Incoming& request, wire::MessageBuilder& reply);

} // namespace ikelab::ike
