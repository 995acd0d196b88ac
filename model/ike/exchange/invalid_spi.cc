// SPDX-License-Identifier: MIT
#include "ike/exchange/invalid_spi.h"

#include "ike/ike_sa.h"
#include "wire/notify_data.h"

#include <algorithm>

namespace ikelab::ike
{

Result<void>
InvalidSpiReport::BuildRequest(Services&, IkeSa&, wire::MessageBuilder& request)
{
    request.Notify(wire::NotifyType::INVALID_SPI, wire::NotifyDataOctets(wire::NotifiedSpi{m_spi}));
    return {};
}

Result<void>
InvalidSpiReport::HandleResponse(Services&, IkeSa&, const Incoming&)
{
    return {};
}

void
TellInvalidSpis(Services& services, const IkeSa& sa, const Incoming& request)
{
    for (const wire::Payload& payload : request.chain.payloads)
    {
        const auto* notify = std::get_if<wire::NotifyPayload>(&payload.body);
        if (!notify || notify->type != wire::NotifyType::INVALID_SPI)
        {
            continue;
        }
        const auto data = wire::ParseNotifyData(*notify);
        const auto* named = data ? std::get_if<wire::NotifiedSpi>(&*data) : nullptr;
        if (!named)
        {
            continue; // too short or long: no word of any SA
        }
        const auto child = std::ranges::find_if(
            sa.children, [&](const auto& entry) { return entry.second.outboundSpi == named->spi; });
        services.Emit(InvalidSpiReported{
            sa.id, named->spi, child == sa.children.end() ? ChildSaId{} : child->first});
    }
}

} // namespace ikelab::ike
