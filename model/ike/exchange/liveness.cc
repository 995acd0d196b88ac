// SPDX-License-Identifier: MIT
#include "ike/exchange/liveness.h"

#include "ike/ike_sa.h"

namespace ikelab::ike
{

Result<void>
Liveness::BuildRequest(Services& services, IkeSa&, wire::MessageBuilder&)
{
    m_sent = services.now;
    return {};
}

Result<void>
Liveness::HandleResponse(Services& services, IkeSa& sa, const Incoming&)
{
    services.Emit(PeerAlive{sa.id, services.now - m_sent});
    return {};
}

} // namespace ikelab::ike
