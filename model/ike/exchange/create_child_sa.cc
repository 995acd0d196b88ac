// SPDX-License-Identifier: MIT
#include "ike/exchange/create_child_sa.h"

namespace ikelab::ike
{

Result<void>
AnswerCreateChildSa(Services&, IkeSa&, const Incoming&, wire::MessageBuilder& reply)
{
    reply.Notify(wire::NotifyType::NO_ADDITIONAL_SAS);
    return {};
}

} // namespace ikelab::ike
