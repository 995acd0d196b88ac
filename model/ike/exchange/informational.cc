// SPDX-License-Identifier: MIT
#include "ike/exchange/informational.h"

#include "ike/exchange/delete_sa.h"
#include "ike/ike_sa.h"

namespace ikelab::ike
{

Result<void>
AnswerInformational(Services& services,
                    IkeSa& sa,
                    const Incoming& request,
                    wire::MessageBuilder& reply)
{
    // RFC 7296 §2.21.2: these end the SA without a Delete payload; others are only hints.
    for (const auto type :
         {wire::NotifyType::AUTHENTICATION_FAILED, wire::NotifyType::INVALID_SYNTAX})
    {
        if (request.chain.FindNotify(type))
        {
            sa.Close(CloseReason::AUTHENTICATION,
                     Error{Fault::AUTHENTICATION_FAILED, "refused by the peer"});
            return {};
        }
    }
    return AnswerDeletes(services, sa, request, reply);
}

Result<void>
RefusePeer::BuildRequest(Services&, IkeSa&, wire::MessageBuilder& request)
{
    request.Notify(m_notify);
    return {};
}

Result<void>
RefusePeer::HandleResponse(Services&, IkeSa& sa, const Incoming&)
{
    const auto* deleting = std::get_if<Deleting>(&sa.state);
    sa.Close(CloseReason::AUTHENTICATION, deleting ? deleting->error : std::nullopt);
    return {};
}

} // namespace ikelab::ike
