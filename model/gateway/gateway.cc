// SPDX-License-Identifier: MIT
#include "gateway/gateway.h"

#include "base/assert.h"
#include "gateway/gateway_impl.h"

#include <algorithm>
#include <type_traits>
#include <utility>

/**
 * What the owner of a gateway asks for, what IKE tells it, and lifetimes.
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

template <typename Half, typename EspSa, typename AhSa>
Half
NewHalf(crypto::Context& context, const esp::SaParameters& parameters)
{
    return parameters.suite.Protocol() == wire::ProtocolId::AH ? Half(AhSa(context, parameters))
                                                               : Half(EspSa(context, parameters));
}

} // namespace

Gateway::Impl::Impl(Config nodeConfig, crypto::Context& context, RandomSource& source)
    : config(std::move(nodeConfig)),
      ike(config.ike, context, source),
      m_context(context),
      m_random(source),
      m_policies(config),
      m_ikePorts{wire::IKE_PORT, wire::NATT_PORT},
      m_pathMtus(config.icmp.pathMtuLifetime)
{
    for (const auto& connection : config.ike.connections)
    {
        m_ikePorts.insert(connection->localPort);
        m_ownAddresses.insert(connection->localAddrs.begin(), connection->localAddrs.end());
    }
}

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
                                    CopyingOf(*installed.config)};
    const esp::SaParameters outbound{installed.outboundSpi,
                                     installed.suite,
                                     mode,
                                     installed.outboundEncr.View(),
                                     installed.outboundInteg.View(),
                                     LimitsOf(now, *installed.config, true),
                                     0,
                                     CopyingOf(*installed.config)};
    esp::ChildSa* sa = m_sad.Install(std::make_unique<esp::ChildSa>(esp::ChildSa{
        installed.child,
        {esp::SelectorSet(installed.localTs), esp::SelectorSet(installed.remoteTs)},
        installed.path,
        installed.udpEncapsulation,
        NewHalf<decltype(esp::ChildSa::inbound), esp::InboundSa, esp::AhInbound>(m_context,
                                                                                 inbound),
        NewHalf<decltype(esp::ChildSa::outbound), esp::OutboundSa, esp::AhOutbound>(m_context,
                                                                                    outbound),
        installed.nonFirstFragments}));
    IKELAB_ASSERT(sa); // IKE gives each Child SA a number and an SPI of its own
    m_records[installed.child] = {policy, installed.sa, installed.config->name, std::nullopt};
    m_children[installed.sa].insert(installed.child);
    m_policies.Adopt(*policy, installed);
    policy->installed.insert(installed.child);
    policy->StartSending(installed.child, sa->selectors);
    SetDeadline(*sa);
    for (Buffer& packet : policy->held)
    {
        released.push_back(std::move(packet));
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
Gateway::Impl::MovePath(const ike::PathChanged& changed)
{
    for (const ChildSaId id : m_children[changed.sa])
    {
        m_sad.Find(id)->path = changed.path;
    }
}

void
Gateway::Impl::AttemptFailed(const std::string& connection)
{
    std::optional<bool> underWay;
    for (ChildPolicy* policy : m_policies.Of(connection))
    {
        if (policy->held.empty())
        {
            continue;
        }
        if (!underWay) // the list is long: made only where packets depend on it
        {
            underWay = std::ranges::any_of(ike.List(),
                                           [&](const ike::IkeSaInfo& sa) {
                                               return sa.initiator && sa.state == "CONNECTING" &&
                                                      sa.connection == connection;
                                           });
        }
        if (!*underWay)
        {
            DropHeld(*policy);
        }
    }
}

bool
Gateway::Impl::TakeEvents(Instant now)
{
    bool any = false;
    while (auto event = ike.PollEvent())
    {
        any = true;
        if (auto* installed = std::get_if<ike::ChildSaInstalled>(&*event))
        {
            Install(now, *installed);
        }
        else if (const auto* removed = std::get_if<ike::ChildSaRemoved>(&*event))
        {
            Remove(*removed);
        }
        else if (const auto* changed = std::get_if<ike::PathChanged>(&*event))
        {
            MovePath(*changed);
        }
        else if (const auto* closed = std::get_if<ike::IkeSaClosed>(&*event))
        {
            m_children.erase(closed->sa);
            AttemptFailed(closed->connection);
        }
        else if (const auto* failed = std::get_if<ike::ChildSaFailed>(&*event))
        {
            ChildPolicy* policy = m_policies.Find(failed->connection, failed->name);
            if (policy && failed->initiator) // nothing waits for an attempt of the peer's
            {
                DropHeld(*policy);
            }
        }
        std::visit([&](auto& body) { events.emplace_back(std::move(body)); }, *event);
    }
    return any;
}

void
Gateway::Impl::RestartDeadPeers(Instant now)
{
    while (!m_restarts.empty())
    {
        ChildPolicy& policy = *m_restarts.front();
        m_restarts.pop_front();
        if (!m_shutDown)
        {
            // A child that is under way already needs no second start.
            (void)ike.Initiate(now, policy.connection->name, policy.child->name);
        }
    }
}

void
Gateway::Impl::Pump(Instant now)
{
    while (TakeEvents(now))
    {
        RestartDeadPeers(now); // which has something to tell again
    }
}

void
Gateway::Impl::StopSending(ChildSaId id)
{
    const auto record = m_records.find(id);
    if (record != m_records.end())
    {
        record->second.policy->StopSending(id);
    }
}

Result<void>
Gateway::Impl::CloseChild(Instant now, ChildSaId id)
{
    // The peer forgets the SA when our Delete arrives: what is sent after it would be lost.
    StopSending(id);
    auto closed = ike.CloseChildSa(now, id);
    Pump(now);
    return closed;
}

Result<void>
Gateway::Impl::CloseIke(Instant now, IkeSaId id)
{
    if (const auto children = m_children.find(id); children != m_children.end())
    {
        for (const ChildSaId child : children->second)
        {
            StopSending(child);
        }
    }
    auto closed = ike.CloseIkeSa(now, id);
    Pump(now);
    return closed;
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

void
Gateway::Impl::HandleTimeout(Instant now)
{
    ike.HandleTimeout(now);
    Pump(now);
    while (!m_deadlines.empty() && m_deadlines.begin()->first <= now)
    {
        const ChildSaId id = m_deadlines.begin()->second;
        m_records.at(id).deadline.reset();
        m_deadlines.erase(m_deadlines.begin());
        esp::ChildSa* sa = m_sad.Find(id);
        PollLifetimes(now, *sa);
        if (m_records.contains(id))
        {
            SetDeadline(*sa);
        }
    }
}

void
Gateway::Impl::Start(Instant now)
{
    for (const ChildPolicy& policy : m_policies.All())
    {
        if (policy.child->startAction == ike::StartAction::START)
        {
            // The reader refuses start actions without a remote address.
            (void)ike.Initiate(now, policy.connection->name, policy.child->name);
        }
    }
    Pump(now);
}

Result<void>
Gateway::Impl::Initiate(Instant now, std::string_view name)
{
    TRY_ASSIGN(const ChildPolicy* policy, m_policies.FindByName(name));
    const auto started = ike.Initiate(now, policy->connection->name, policy->child->name);
    Pump(now);
    TRY(started);
    return {};
}

Result<void>
Gateway::Impl::Terminate(Instant now, std::string_view connection)
{
    Result<void> result = Fail(Fault::NOT_FOUND, "no IKE SA of this connection");
    for (const ike::IkeSaInfo& sa : ike.List())
    {
        if (sa.connection == connection)
        {
            result = {};
            (void)CloseIke(now, sa.id); // one that just went needs no closing
        }
    }
    return result;
}

Result<void>
Gateway::Impl::TerminateChild(Instant now, std::string_view name)
{
    TRY_ASSIGN(const ChildPolicy* policy, m_policies.FindByName(name));
    if (policy->installed.empty())
    {
        return Fail(Fault::NOT_FOUND, "no Child SA of this name");
    }
    for (const ChildSaId id : std::set(policy->installed))
    {
        (void)CloseChild(now, id); // one that just went needs no closing
    }
    return {};
}

Result<void>
Gateway::Impl::CheckLiveness(Instant now, std::string_view connection)
{
    Result<void> result = Fail(Fault::NOT_FOUND, "no established IKE SA of this connection");
    for (const ike::IkeSaInfo& sa : ike.List())
    {
        if (sa.connection == connection && sa.state == "ESTABLISHED")
        {
            result = ike.CheckLiveness(now, sa.id);
            if (!result)
            {
                break;
            }
        }
    }
    Pump(now);
    return result;
}

void
Gateway::Impl::Shutdown(Instant now)
{
    m_shutDown = true;
    for (ChildPolicy& policy : m_policies.All())
    {
        DropHeld(policy);
        for (const ChildSaId id : policy.installed)
        {
            policy.StopSending(id);
        }
    }
    ike.CloseAll(now);
    Pump(now);
}

std::optional<Instant>
Gateway::Impl::NextTimeout() const
{
    auto next = ike.PollTimeout();
    if (!m_deadlines.empty() && (!next || m_deadlines.begin()->first < *next))
    {
        next = m_deadlines.begin()->first;
    }
    return next;
}

Gateway::Gateway(Config config, crypto::Context& context, RandomSource& random)
    : m_impl(std::make_unique<Impl>(std::move(config), context, random))
{
}

Gateway::~Gateway() = default;

Verdict
Gateway::HandleOutbound(Instant now, Origin origin, PacketBuffer& packet, Outgoing& outgoing)
{
    return m_impl->HandleOutbound(now, origin, packet, outgoing);
}

Verdict
Gateway::HandleInboundClear(Instant now, Bytes packet)
{
    return m_impl->HandleInboundClear(now, packet);
}

std::optional<Verdict>
Gateway::HandleIcmpError(Instant now, Bytes packet)
{
    return m_impl->HandleIcmpError(now, packet);
}

Verdict
Gateway::HandleUdp(Instant now, const Arrival& arrival, PacketBuffer& datagram)
{
    return m_impl->HandleUdp(now, arrival, datagram);
}

Verdict
Gateway::HandleEsp(Instant now, const Arrival& arrival, PacketBuffer& packet)
{
    return m_impl->HandleEsp(now, arrival, packet);
}

Verdict
Gateway::HandleAh(Instant now, const Arrival& arrival, PacketBuffer& packet)
{
    return m_impl->HandleAh(now, arrival, packet);
}

void
Gateway::HandleTimeout(Instant now)
{
    m_impl->HandleTimeout(now);
}

void
Gateway::Start(Instant now)
{
    m_impl->Start(now);
}

Result<void>
Gateway::Initiate(Instant now, std::string_view child)
{
    return m_impl->Initiate(now, child);
}

Result<void>
Gateway::Terminate(Instant now, std::string_view connection)
{
    return m_impl->Terminate(now, connection);
}

Result<void>
Gateway::TerminateChild(Instant now, std::string_view child)
{
    return m_impl->TerminateChild(now, child);
}

Result<void>
Gateway::CheckLiveness(Instant now, std::string_view connection)
{
    return m_impl->CheckLiveness(now, connection);
}

void
Gateway::Shutdown(Instant now)
{
    m_impl->Shutdown(now);
}

std::optional<ike::Datagram>
Gateway::PollTransmit()
{
    auto datagram = m_impl->ike.PollTransmit();
    if (datagram && std::exchange(datagram->nonEspMarker, false))
    {
        // RFC 3948 §2.2: zeros where ESP has its SPI.
        Buffer& message = datagram->message;
        message.insert(message.begin(), wire::NON_ESP_MARKER_OCTETS, 0);
    }
    return datagram;
}

namespace
{

template <typename T>
std::optional<T>
TakeFirst(std::deque<T>& queue)
{
    if (queue.empty())
    {
        return std::nullopt;
    }
    std::optional<T> first(std::move(queue.front()));
    queue.pop_front();
    return first;
}

} // namespace

std::optional<Buffer>
Gateway::PollReleased()
{
    return TakeFirst(m_impl->released);
}

std::optional<Event>
Gateway::PollEvent()
{
    return TakeFirst(m_impl->events);
}

std::optional<Instant>
Gateway::PollTimeout() const
{
    return m_impl->NextTimeout();
}

std::vector<ike::IkeSaInfo>
Gateway::List() const
{
    return m_impl->ike.List();
}

bool
Gateway::Empty() const
{
    return m_impl->ike.Empty();
}

const Counters&
Gateway::GetCounters() const
{
    return m_impl->counters;
}

std::optional<ChildSaCounters>
Gateway::CountersOf(ChildSaId child) const
{
    return m_impl->CountersOf(child);
}

Result<void>
Gateway::AdvanceSequences(ChildSaId child, uint64_t outbound, uint64_t inbound)
{
    return m_impl->AdvanceSequences(child, outbound, inbound);
}

} // namespace ikelab::gateway
