// SPDX-License-Identifier: MIT
#include "base/assert.h"
#include "gateway/gateway_impl.h"

#include <algorithm>
#include <utility>

/**
 * How Child SAs come into the SAD, age, and leave it (RFC 4301 §4.4.2).
 */
namespace ikelab::gateway
{

namespace
{

esp::HeaderCopying
CopyingOf(const ike::ChildConfig& child)
{
    const auto dscp = child.copyDscp;
    return {.dontFragment = child.copyDf,
            .ecn = child.copyEcn,
            .dscpOut = dscp == ike::CopyDscp::OUT || dscp == ike::CopyDscp::BOTH,
            .dscpIn = dscp == ike::CopyDscp::IN || dscp == ike::CopyDscp::BOTH};
}

std::optional<esp::TransportNat>
NatOf(const ike::ChildSaInstalled& installed)
{
    if (!installed.original)
    {
        return std::nullopt;
    }
    return esp::TransportNat(
        *installed.original,
        {installed.remoteTs.front().addresses.first, installed.localTs.front().addresses.first});
}

template <typename Half, typename EspSa, typename AhSa>
Half
NewHalf(crypto::Context& context, const esp::SaParameters& parameters)
{
    return parameters.suite.Protocol() == wire::ProtocolId::AH ? Half(AhSa(context, parameters))
                                                               : Half(EspSa(context, parameters));
}

} // namespace

esp::LifetimeLimits
Gateway::Impl::LimitsOf(Instant now, const ike::ChildConfig& child, bool soft)
{
    esp::LifetimeLimits limits;
    limits.softOctets = child.rekeyBytes;
    limits.hardOctets = child.lifeBytes;
    limits.softPackets = child.rekeyPackets;
    limits.hardPackets = child.lifePackets;
    if (soft && child.rekeyTime > Duration::zero())
    {
        // swanctl's rand_time: up to so much earlier, so that both ends rarely act at once.
        const double share = static_cast<double>(m_random.U32()) / 4294967296.0;
        const Duration earlier = std::chrono::duration_cast<Duration>(child.randTime * share);
        limits.softTime = now + std::max(Duration::zero(), child.rekeyTime - earlier);
    }
    if (child.lifeTime > Duration::zero())
    {
        limits.hardTime = now + child.lifeTime;
    }
    return limits;
}

void
Gateway::Impl::Install(Instant now, ike::ChildSaInstalled& installed)
{
    ChildPolicy* policy = m_policies.Find(installed.connection, installed.config->name);
    IKELAB_ASSERT(policy);
    const auto mode =
        installed.mode == ike::Mode::TRANSPORT ? esp::Mode::TRANSPORT : esp::Mode::TUNNEL;
    // The soft moment is the same for both halves: one of them tells it.
    const esp::SaParameters inbound{installed.inboundSpi,
                                    installed.suite,
                                    mode,
                                    installed.inboundEncr.View(),
                                    installed.inboundInteg.View(),
                                    LimitsOf(now, *installed.config, false),
                                    installed.config->replayWindow,
                                    CopyingOf(*installed.config),
                                    NatOf(installed)};
    const esp::SaParameters outbound{installed.outboundSpi,
                                     installed.suite,
                                     mode,
                                     installed.outboundEncr.View(),
                                     installed.outboundInteg.View(),
                                     LimitsOf(now, *installed.config, true),
                                     0,
                                     CopyingOf(*installed.config),
                                     {},
                                     installed.path.local.address.IsV6(),
                                     installed.udpEncapsulation};
    esp::ChildSa* sa = m_sad.Install(std::make_unique<esp::ChildSa>(esp::ChildSa{
        installed.child,
        {esp::SelectorSet(installed.localTs), esp::SelectorSet(installed.remoteTs)},
        installed.path,
        installed.udpEncapsulation,
        NewHalf<decltype(esp::ChildSa::inbound), esp::InboundSa, esp::AhInbound>(m_context,
                                                                                 inbound),
        NewHalf<decltype(esp::ChildSa::outbound), esp::OutboundSa, esp::AhOutbound>(m_context,
                                                                                    outbound),
        installed.nonFirstFragments,
        installed.original.has_value(),
        FlowOf(installed),
        policy->connection->nested,
        policy->child->ifIdIn}));
    IKELAB_ASSERT(sa); // IKE gives each Child SA a number and an SPI of its own
    m_records[installed.child] = {policy, installed.sa, installed.config->name, std::nullopt};
    m_children[installed.sa].insert(installed.child);
    m_policies.Adopt(*policy, installed);
    policy->installed.insert(installed.child);
    policy->StartSending(installed.child, sa->selectors);
    SetDeadline(*sa);
    StartDummies(now, *sa);
    for (HeldPacket& held : policy->held)
    {
        if (held.of || held.ifId != 0)
        {
            m_again.push_back(std::move(held));
        }
        else
        {
            released.push_back(std::move(held.packet));
        }
    }
    policy->held.clear();
}

void
Gateway::Impl::Remove(const ike::ChildSaRemoved& removed)
{
    const auto record = m_records.find(removed.child);
    if (record == m_records.end())
    {
        return;
    }
    ChildPolicy& policy = *record->second.policy;
    if (record->second.deadline)
    {
        m_deadlines.erase({*record->second.deadline, removed.child});
    }
    StopDummies(*m_sad.Find(removed.child));
    policy.installed.erase(removed.child);
    policy.StopSending(removed.child);
    m_policies.Release(removed.child);
    m_children[removed.sa].erase(removed.child);
    if (removed.reason == ike::CloseReason::PEER_DEAD)
    {
        if (policy.child->dpdAction == ike::DpdAction::RESTART)
        {
            m_restarts.push_back(&policy);
        }
        policy.trapped = policy.trapped || policy.child->dpdAction == ike::DpdAction::TRAP;
    }
    m_records.erase(record);
    m_sad.Remove(removed.child);
}

void
Gateway::Impl::SetDeadline(esp::ChildSa& sa)
{
    Record& record = m_records.at(sa.id);
    const auto next = sa.outbound.GetLifetime().NextDeadline();
    if (record.deadline == next)
    {
        return;
    }
    if (record.deadline)
    {
        m_deadlines.erase({*record.deadline, sa.id});
    }
    record.deadline = next;
    if (next)
    {
        m_deadlines.emplace(*next, sa.id);
    }
}

void
Gateway::Impl::PollLifetimes(Instant now, esp::ChildSa& sa)
{
    if (!sa.outbound.GetLifetime().MayBeDue(now) && !sa.inbound.GetLifetime().MayBeDue(now))
    {
        return; // as after nearly every packet
    }
    Record& record = m_records.at(sa.id);
    const bool wasOver = record.over;
    for (esp::Lifetime* lifetime : {&sa.outbound.GetLifetime(), &sa.inbound.GetLifetime()})
    {
        while (const auto limit = lifetime->Poll(now))
        {
            bool& told = limit->hard ? record.over : record.aged;
            if (!told && !record.over) // once for both halves
            {
                events.emplace_back(LifetimeReached{sa.id, record.name, limit->hard, limit->what});
            }
            told = true;
        }
    }
    if (record.over && !wasOver)
    {
        // RFC 4301 §4.4.2.1: the SA ends, and the peer is told.
        (void)CloseChild(now, sa.id);
    }
}

} // namespace ikelab::gateway
