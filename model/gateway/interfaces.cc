// SPDX-License-Identifier: MIT
#include "gateway/gateway_impl.h"

/**
 * Route-based SAs: those of children with an if_id. What is routed to a tunnel device is theirs or
 * nobody's, and policy leaves them out.
 */
namespace ikelab::gateway
{

Verdict
Gateway::Impl::HandleRouted(Instant now, uint32_t ifId, PacketBuffer& packet, Outgoing& outgoing)
{
    constexpr Error NO_CHILD{Fault::POLICY, "no child of the interface", 0, 0};
    auto info = esp::ReadPacket(packet.View());
    if (!info)
    {
        return RefuseUnread(now, info.error(), false);
    }
    m_fragments.Follow(now, esp::FragmentWay::OUTBOUND, *info);
    const auto rule = m_policies.MatchRouted(*info, ifId);
    if (!rule || rule->action != esp::PolicyAction::PROTECT)
    {
        return RefusePacket(now, NO_CHILD, false, *info);
    }
    return Protect(now, m_policies.Of(*rule), *info, packet, outgoing);
}

std::optional<uint32_t>
Gateway::Impl::InnerMtu(Instant now, ChildSaId id)
{
    esp::ChildSa* const sa = m_sad.Find(id);
    return sa ? std::optional(RoomInside(now, *sa, 0)) : std::nullopt;
}

} // namespace ikelab::gateway
