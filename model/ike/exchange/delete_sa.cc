// SPDX-License-Identifier: MIT
#include "ike/exchange/delete_sa.h"

#include "ike/ike_sa.h"

#include <algorithm>

namespace ikelab::ike
{

Result<void>
DeleteChildSa::BuildRequest(Services&, IkeSa& sa, wire::MessageBuilder& request)
{
    if (m_refused)
    {
        request.Delete({m_protocol, {m_refused->Spi()}});
        return {};
    }
    // The child may have gone while this waited for the window: then this is a liveness check.
    const auto found = sa.children.find(m_child);
    if (found != sa.children.end())
    {
        request.Delete({found->second.suite.Protocol(), {found->second.inboundSpi}});
    }
    return {};
}

Result<void>
DeleteChildSa::HandleResponse(Services& services, IkeSa& sa, const Incoming&)
{
    // The peer names its own SPI, or nothing if its Delete crossed ours: both directions go either
    // way.
    RemoveChild(services, sa, m_child, CloseReason::REQUESTED);
    return {};
}

Result<void>
DeleteIkeSa::BuildRequest(Services&, IkeSa&, wire::MessageBuilder& request)
{
    request.Delete({wire::ProtocolId::IKE, {}});
    return {};
}

Result<void>
DeleteIkeSa::HandleResponse(Services&, IkeSa& sa, const Incoming&)
{
    const auto* deleting = std::get_if<Deleting>(&sa.state);
    sa.Close(deleting ? deleting->reason : CloseReason::REQUESTED,
             deleting ? deleting->error : std::nullopt);
    return {};
}

Result<void>
AnswerDeletes(Services& services, IkeSa& sa, const Incoming& request, wire::MessageBuilder& reply)
{
    wire::DeletePayload esp{wire::ProtocolId::ESP, {}};
    wire::DeletePayload ah{wire::ProtocolId::AH, {}};
    for (const wire::Payload& payload : request.chain.payloads)
    {
        const auto* deletion = std::get_if<wire::DeletePayload>(&payload.body);
        if (!deletion)
        {
            continue;
        }
        if (deletion->protocol == wire::ProtocolId::IKE)
        {
            // RFC 7296 §1.4.1: an empty response, then nothing of this SA is left.
            sa.Close(CloseReason::PEER_DELETED);
            return {};
        }
        for (const EspSpi spi : deletion->spis)
        {
            // SPIs of ESP and AH are different spaces of the peer's.
            const auto found =
                std::ranges::find_if(sa.children,
                                     [&](const auto& entry) {
                                         return entry.second.outboundSpi == spi &&
                                                entry.second.suite.Protocol() == deletion->protocol;
                                     });
            if (found == sa.children.end())
            {
                continue; // unknown SPIs are ignored
            }
            // RFC 7296 §1.4.1: where Deletes cross, the response does not name the SA again.
            if (!found->second.closing)
            {
                auto& answer = deletion->protocol == wire::ProtocolId::AH ? ah : esp;
                answer.spis.push_back(found->second.inboundSpi);
            }
            RemoveChild(services, sa, found->first, CloseReason::PEER_DELETED);
        }
    }
    for (const wire::DeletePayload* answer : {&esp, &ah})
    {
        if (!answer->spis.empty())
        {
            reply.Delete(*answer);
        }
    }
    return {};
}

} // namespace ikelab::ike
