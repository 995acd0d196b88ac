// SPDX-License-Identifier: MIT
#pragma once

#include "ike/exchange/exchange.h"

namespace ikelab::ike
{

/**
 * The responder's side of CREATE_CHILD_SA. Further Child SAs and rekeying are refused as RFC 7296
 * §1.3 and §4 allow an implementation to: with NO_ADDITIONAL_SAS.
 */
Result<void> AnswerCreateChildSa(Services& services,
                                 IkeSa& sa,
                                 const Incoming& request,
                                 wire::MessageBuilder& reply);

} // namespace ikelab::ike
