// SPDX-License-Identifier: MIT
#include "gateway/gateway.h"

#include "base/assert.h"
#include "gateway/gateway_impl.h"

#include <algorithm>
#include <type_traits>
#include <utility>

/**
 * What the owner of a gateway asks for, and what IKE tells it.
 */
namespace ikelab::gateway
{

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
        m_ikePorts.Insert(connection->localPort);
        m_ownAddresses.insert(connection->localAddrs.begin(), connection->localAddrs.end());
        if (connection->nested)
        {
            m_nested.push_back(connection);
        }
    }
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
    m_pumped = now;
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
        StopDummies(*m_sad.Find(id));
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
    CloseNested(now);
    for (ChildPolicy& policy : m_policies.All())
    {
        DropHeld(policy);
        for (const ChildSaId id : policy.installed)
        {
            StopSending(id);
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
    if (!m_dummies.empty() && (!next || m_dummies.begin()->first < *next))
    {
        next = m_dummies.begin()->first;
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

bool
Gateway::AdmitsClear(Bytes quoted) const
{
    const auto info = esp::ReadQuoted(quoted);
    return info && std::as_const(*m_impl).AdmitsClear(*info, quoted);
}

Verdict
Gateway::HandleRouted(Instant now, uint32_t ifId, PacketBuffer& packet, Outgoing& outgoing)
{
    return m_impl->HandleRouted(now, ifId, packet, outgoing);
}

std::optional<uint32_t>
Gateway::InnerMtu(Instant now, ChildSaId child) const
{
    return m_impl->InnerMtu(now, child);
}

std::optional<Verdict>
Gateway::HandleIcmpError(Instant now, Bytes packet)
{
    return m_impl->HandleIcmpError(now, packet);
}

Verdict
Gateway::HandleUdp(Instant now, const Arrival& arrival, PacketBuffer& datagram, Incoming* incoming)
{
    const Verdict verdict = m_impl->HandleUdp(now, arrival, datagram);
    if (incoming)
    {
        *incoming = m_impl->LastIncoming();
    }
    return verdict;
}

Verdict
Gateway::HandleEsp(Instant now, const Arrival& arrival, PacketBuffer& packet, Incoming* incoming)
{
    const Verdict verdict = m_impl->ReceiveEsp(now, arrival, false, packet);
    if (incoming)
    {
        *incoming = m_impl->LastIncoming();
    }
    return verdict;
}

Verdict
Gateway::HandleAh(Instant now, const Arrival& arrival, PacketBuffer& packet, Incoming* incoming)
{
    const Verdict verdict = m_impl->ReceiveAh(now, arrival, packet);
    if (incoming)
    {
        *incoming = m_impl->LastIncoming();
    }
    return verdict;
}

void
Gateway::HandleUndeliverable(Instant now, const Incoming& incoming, Undeliverable why, Bytes packet)
{
    m_impl->RefuseUndeliverable(now, incoming, why, packet);
}

void
Gateway::HandleTimeout(Instant now)
{
    m_impl->HandleTimeout(now);
}

void
Gateway::SetLinkMtu(std::function<uint32_t(const IpAddress& destination)> linkMtu)
{
    m_impl->linkMtu = std::move(linkMtu);
}

void
Gateway::SetCarriesPackets(bool carries)
{
    m_impl->carriesPackets = carries;
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

bool
Gateway::Impl::IsQuiet() const
{
    return ike.IsQuiet() && events.empty() && released.empty() && sealedPackets.empty() &&
           m_again.empty() && m_waiting.empty() && m_dummies.empty();
}

bool
Gateway::IsQuiet() const
{
    return m_impl->IsQuiet();
}

std::optional<ike::Datagram>
Gateway::PollTransmit()
{
    auto datagram = m_impl->NextDatagram();
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

std::optional<SealedPacket>
Gateway::PollSealed()
{
    return TakeFirst(m_impl->sealedPackets);
}

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

bool
Gateway::PollDummy(Instant now, PacketBuffer& packet, Outgoing& outgoing)
{
    return m_impl->PollDummy(now, packet, outgoing);
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
