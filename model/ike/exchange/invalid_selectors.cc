// SPDX-License-Identifier: MIT
#include "ike/exchange/invalid_selectors.h"

#include "ike/ike_sa.h"

#include <algorithm>

namespace ikelab::ike
{

Result<void>
InvalidSelectorsReport::BuildRequest(Services&, IkeSa& sa, wire::MessageBuilder& request)
{
    const auto child = sa.children.find(m_child);
    if (child == sa.children.end())
    {
        return {}; // gone while this waited: an empty request is a liveness check
    }
    const auto spi = SpiOctets(child->second.inboundSpi);
    request.Notify(wire::NotifyPayload{
        child->second.suite.Protocol(), spi, wire::NotifyType::INVALID_SELECTORS, m_start});
    return {};
}

Result<void>
InvalidSelectorsReport::HandleResponse(Services&, IkeSa&, const Incoming&)
{
    return {};
}

void
TellInvalidSelectors(Services& services, const IkeSa& sa, const Incoming& request)
{
    for (const wire::Payload& payload : request.chain.payloads)
    {
        const auto* notify = std::get_if<wire::NotifyPayload>(&payload.body);
        if (!notify || notify->type != wire::NotifyType::INVALID_SELECTORS)
        {
            continue;
        }
        const auto child = std::ranges::find_if(
            sa.children,
            [&](const auto& entry)
            {
                return notify->protocol == entry.second.suite.Protocol() &&
                       SameOctets(notify->spi, SpiOctets(entry.second.outboundSpi));
            });
        if (child != sa.children.end())
        {
            services.Emit(InvalidSelectorsReported{sa.id, child->first, ToBuffer(notify->data)});
        }
    }
}

} // namespace ikelab::ike
