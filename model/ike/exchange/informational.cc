// SPDX-License-Identifier: MIT
#include "ike/exchange/informational.h"

#include "ike/exchange/delete_sa.h"
#include "ike/exchange/invalid_selectors.h"
#include "ike/exchange/invalid_spi.h"
#include "ike/ike_sa.h"
#include "ike/reaction.h"

namespace ikelab::ike
{

namespace
{

/// IKE_SA_INIT had Message ID 0, IKE_AUTH with a shared key 1.
constexpr MessageId FIRST_AFTER_AUTH{2};

} // namespace

Result<void>
AnswerInformational(Services& services,
                    IkeSa& sa,
                    const Incoming& request,
                    wire::MessageBuilder& reply)
{
    // RFC 7296 §2.21.2: these end the SA without a Delete payload; others are only hints. The
    // initiator's first request after IKE_AUTH may tell what was wrong with our response.
    const bool afterAuth = !sa.initiator && request.header.messageId == FIRST_AFTER_AUTH;
    const auto* error = request.chain.FindError();
    if (error && (IsFatal(error->type) ||
                  (afterAuth && error->type == wire::NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD)))
    {
        const Error refused = FromNotify(error->type);
        sa.Close(refused.fault == Fault::AUTHENTICATION_FAILED ? CloseReason::AUTHENTICATION
                                                               : CloseReason::PROTOCOL_ERROR,
                 refused);
        return {};
    }
    TellInvalidSpis(services, sa, request);
    TellInvalidSelectors(services, sa, request);
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
    sa.Close(deleting ? deleting->reason : CloseReason::AUTHENTICATION,
             deleting ? deleting->error : std::nullopt);
    return {};
}

} // namespace ikelab::ike
