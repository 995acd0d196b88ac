// SPDX-License-Identifier: MIT
#include "ike/ike_endpoint.h"

#include "base/limits.h"
#include "ike/endpoint_impl.h"
#include "ike/exchange/delete_sa.h"
#include "ike/exchange/ike_sa_init.h"
#include "ike/exchange/liveness.h"
#include "wire/esp_header.h"

#include <algorithm>
#include <utility>

/**
 * What the owner of an endpoint asks for, and what time brings.
 */
namespace ikelab::ike
{

namespace
{

/// How long a closed SA answers repetitions of the peer's last request: longer than the default
/// schedule's longest wait between two tries.
constexpr Duration LINGER = std::chrono::seconds(60);

bool
Sooner(const std::optional<Instant>& left, const std::optional<Instant>& right)
{
    return left && (!right || *left < *right);
}

} // namespace

IkeEndpoint::Impl::Impl(Config config, crypto::Context& context, RandomSource& random)
    : m_config(std::move(config)),
      m_services(m_config, context, random, m_table),
      m_cookies(context, random)
{
    for (const auto& connection : m_config.connections)
    {
        m_connections.emplace(connection->name, connection);
    }
}

IkeSpi
IkeEndpoint::Impl::NewIkeSpi()
{
    while (true)
    {
        const IkeSpi spi{m_services.random.U64()};
        if (spi.value != 0 && !m_table.FindBySpi(spi))
        {
            return spi;
        }
    }
}

Result<IkeSaId>
IkeEndpoint::Impl::Initiate(Instant now,
                            std::string_view connectionName,
                            std::string_view childName,
                            const Occasion& occasion)
{
    m_services.now = now;
    if (m_farewell)
    {
        return Fail(Fault::UNEXPECTED, "everything was closed");
    }
    const auto found = m_connections.find(connectionName);
    if (found == m_connections.end())
    {
        return Fail(Fault::NOT_FOUND, "no connection of this name");
    }
    const ConnectionConfig& connection = *found->second;
    const auto child = childName.empty()
                           ? connection.children.begin()
                           : std::ranges::find(connection.children, childName, &ChildConfig::name);
    if (child == connection.children.end())
    {
        return Fail(Fault::NOT_FOUND, "no child of this name");
    }
    if (connection.remoteAddrs.empty() || connection.proposals.empty())
    {
        return Fail(Fault::BAD_VALUE, "a connection without remote address only responds");
    }
    if (!occasion.from && connection.localAddrs.empty())
    {
        return Fail(Fault::BAD_VALUE, "no local address");
    }
    for (const IkeSa* sa : m_table.OfConnection(found->second.get()))
    {
        const SetUp* setUp = sa->GetSetUp();
        const bool comes = setUp && sa->initiator && setUp->wanted.name == child->name;
        const bool there = std::ranges::any_of(sa->children,
                                               [&](const auto& entry) {
                                                   return !entry.second.closing &&
                                                          entry.second.config->name == child->name;
                                               });
        if (comes || there)
        {
            return Fail(Fault::UNEXPECTED, "this child is up or under way");
        }
    }
    const IpAddress from = occasion.from ? *occasion.from : connection.localAddrs.front();
    const Path path{{from, connection.localPort},
                    {connection.remoteAddrs.front(), connection.remotePort}};
    return StartSetUp(found->second, {child->name, occasion.trigger}, path, 1).id;
}

IkeSa&
IkeEndpoint::Impl::StartSetUp(std::shared_ptr<const ConnectionConfig> connection,
                              const WantedChild& wanted,
                              const Path& path,
                              unsigned tries)
{
    auto made = std::make_unique<IkeSa>();
    made->initiator = true;
    made->spis.initiator = NewIkeSpi();
    made->path = path;
    made->connection = std::move(connection);
    made->lastHeard = m_services.now;
    made->lastSent = m_services.now;
    made->tries = tries;
    SetUp* setUp = made->GetSetUp();
    setUp->began = m_services.now;
    setUp->wanted = wanted;
    IkeSa& sa = m_table.Add(std::move(made), std::nullopt);
    sa.Enqueue(std::make_unique<IkeSaInit>());
    // The address stays valid: an SA that cannot even start is closed at its first timer.
    StartNext(sa);
    m_table.SetTimer(sa.id, sa.closing ? std::optional(m_services.now) : NextTimer(sa));
    return sa;
}

Result<void>
IkeEndpoint::Impl::CheckLiveness(Instant now, IkeSaId id)
{
    m_services.now = now;
    IkeSa* sa = m_table.Find(id);
    if (!sa || !sa->IsEstablished())
    {
        return Fail(Fault::NOT_FOUND, "no established IKE SA of this number");
    }
    if (sa->waiting.size() >= limits::WAITING_EXCHANGES)
    {
        return Fail(Fault::LIMIT, "requests that wait");
    }
    sa->Enqueue(std::make_unique<Liveness>());
    Settle(*sa);
    return {};
}

Result<void>
IkeEndpoint::Impl::CloseChildSa(Instant now, ChildSaId id)
{
    m_services.now = now;
    const auto owner = m_services.owners.find(id);
    IkeSa* sa = owner == m_services.owners.end() ? nullptr : m_table.Find(owner->second);
    if (!sa || !sa->children.contains(id))
    {
        return Fail(Fault::NOT_FOUND, "no Child SA of this number");
    }
    ChildSa& child = sa->children.at(id);
    if (!child.closing && sa->IsEstablished())
    {
        child.closing = true;
        sa->Enqueue(std::make_unique<DeleteChildSa>(id));
        Settle(*sa);
    }
    return {};
}

Result<void>
IkeEndpoint::Impl::CloseIkeSa(Instant now, IkeSaId id)
{
    m_services.now = now;
    IkeSa* sa = m_table.Find(id);
    if (!sa || sa->IsLingering())
    {
        return Fail(Fault::NOT_FOUND, "no IKE SA of this number");
    }
    CloseSa(*sa);
    return {};
}

void
IkeEndpoint::Impl::CloseSa(IkeSa& sa)
{
    if (sa.IsEstablished())
    {
        sa.state = Deleting{};
        sa.waiting.clear();
        sa.Enqueue(std::make_unique<DeleteIkeSa>());
    }
    else if (sa.GetSetUp())
    {
        sa.Close(CloseReason::REQUESTED);
    }
    Settle(sa);
}

void
IkeEndpoint::Impl::CloseAll(Instant now)
{
    m_services.now = now;
    m_farewell = true;
    std::vector<IkeSaId> ids;
    for (const auto& [id, sa] : m_table.All())
    {
        ids.push_back(id);
    }
    for (const IkeSaId id : ids)
    {
        IkeSa* sa = m_table.Find(id);
        if (sa && !sa->IsLingering())
        {
            CloseSa(*sa);
        }
    }
}

void
IkeEndpoint::Impl::HandlePeerTraffic(Instant now, ChildSaId child, const Path* path)
{
    const auto owner = m_services.owners.find(child);
    IkeSa* sa = owner == m_services.owners.end() ? nullptr : m_table.Find(owner->second);
    if (!sa)
    {
        return;
    }
    // The timer is not moved: when it fires, it looks at this again.
    sa->lastHeard = now;
    if (path && sa->IsEstablished())
    {
        FollowPath(*sa, *path);
    }
}

std::optional<Instant>
IkeEndpoint::Impl::LivenessDue(const IkeSa& sa) const
{
    const bool idle = sa.IsEstablished() && !sa.running && sa.waiting.empty();
    if (!idle || !sa.connection || sa.connection->dpdDelay <= Duration::zero())
    {
        return std::nullopt;
    }
    return sa.lastHeard + sa.connection->dpdDelay;
}

std::optional<Instant>
IkeEndpoint::Impl::KeepAliveDue(const IkeSa& sa) const
{
    if (!sa.IsEstablished() || !sa.udpEncapsulation || !sa.natLocal ||
        m_config.keepAlive <= Duration::zero())
    {
        return std::nullopt;
    }
    return sa.lastSent + m_config.keepAlive;
}

std::optional<Instant>
IkeEndpoint::Impl::NextTimer(const IkeSa& sa) const
{
    if (const auto* lingering = std::get_if<Lingering>(&sa.state))
    {
        return lingering->until;
    }
    std::optional<Instant> next = sa.window.Deadline();
    for (const auto& candidate : {sa.giveUpAt, LivenessDue(sa), KeepAliveDue(sa)})
    {
        if (Sooner(candidate, next))
        {
            next = candidate;
        }
    }
    return next;
}

void
IkeEndpoint::Impl::HandleTimeout(Instant now)
{
    m_services.now = now;
    while (IkeSa* sa = m_table.TakeDue(now))
    {
        HandleSaTimeout(*sa);
    }
}

void
IkeEndpoint::Impl::HandleSaTimeout(IkeSa& sa)
{
    const Instant now = m_services.now;
    if (sa.IsLingering())
    {
        m_table.Erase(sa.id);
        return;
    }
    if (sa.giveUpAt && *sa.giveUpAt <= now)
    {
        const SetUp* setUp = sa.GetSetUp();
        GiveUp(sa,
               setUp && setUp->refusal ? *setUp->refusal
                                       : Error{Fault::EXHAUSTED, "set-up took too long"});
        return;
    }
    if (const auto deadline = sa.window.Deadline(); deadline && *deadline <= now)
    {
        const auto* request = sa.window.Retransmit(now, m_config.retransmit, m_services.random);
        if (!request)
        {
            GiveUp(sa, {Fault::EXHAUSTED, "no answer to any try"});
            return;
        }
        SendAgain(sa, *request);
    }
    if (const auto due = LivenessDue(sa); due && *due <= now)
    {
        sa.Enqueue(std::make_unique<Liveness>());
    }
    if (const auto due = KeepAliveDue(sa); due && *due <= now)
    {
        transmit.push_back(
            {.path = sa.path, .message = ToBuffer(wire::NAT_KEEPALIVE), .keepAlive = true});
        sa.lastSent = now;
    }
    Settle(sa);
}

void
IkeEndpoint::Impl::GiveUp(IkeSa& sa, const Error& error)
{
    sa.window.Abandon();
    sa.running.reset();
    if (const auto* deleting = std::get_if<Deleting>(&sa.state))
    {
        sa.Close(deleting->reason, deleting->error);
        Settle(sa);
        return;
    }
    const SetUp* setUp = sa.GetSetUp();
    if (!setUp)
    {
        sa.Close(CloseReason::PEER_DEAD, error);
        Settle(sa);
        return;
    }
    // swanctl's keyingtries: 0 is without end.
    const auto connection = sa.connection;
    const WantedChild wanted = setUp->wanted;
    Path path = sa.path;
    if (connection)
    {
        path.local.port = connection->localPort;
        path.remote.port = connection->remotePort;
    }
    const unsigned tries = sa.tries;
    const bool again = sa.initiator && !setUp->refusal &&
                       (connection->keyingTries == 0 || tries < connection->keyingTries);
    sa.Close(CloseReason::SETUP_FAILED, error);
    Settle(sa);
    if (again)
    {
        StartSetUp(connection, wanted, path, tries + 1);
    }
}

void
IkeEndpoint::Impl::Settle(IkeSa& sa)
{
    if (sa.IsEstablished() && sa.initialContact)
    {
        CloseOlderThan(sa, *std::exchange(sa.initialContact, std::nullopt));
    }
    if (!sa.closing && !sa.IsLingering())
    {
        StartNext(sa);
    }
    if (sa.closing && !sa.IsLingering())
    {
        const Closing closing = *sa.closing;
        Finish(sa, closing);
        return;
    }
    if (sa.IsEstablished() && !sa.running)
    {
        sa.codec->Rest();
    }
    m_table.Update(sa);
    m_table.SetTimer(sa.id, NextTimer(sa));
}

void
IkeEndpoint::Impl::Finish(IkeSa& sa, const Closing& closing)
{
    while (!sa.children.empty())
    {
        RemoveChild(m_services, sa, sa.children.begin()->first, closing.reason);
    }
    m_services.Emit(
        IkeSaClosed{sa.id, sa.ConnectionName(), sa.wasEstablished, closing.reason, closing.error});
    sa.running.reset();
    sa.waiting.clear();
    sa.window.Abandon();
    // RFC 7296 §2.1: a responder keeps its last response; the peer may not have it yet. One that
    // does not tell of the end would let the peer go on with an SA that is none: it hears
    // INVALID_IKE_SPI instead.
    if (closing.answered)
    {
        // Only what repeats the response stays.
        sa.codec->Rest();
        sa.skD = {};
        sa.localId = {};
        sa.remoteId = {};
        sa.waiting.shrink_to_fit();
        sa.state = Lingering{m_services.now + LINGER};
        m_table.Update(sa);
        m_table.SetTimer(sa.id, NextTimer(sa));
        return;
    }
    m_table.Erase(sa.id);
}

void
IkeEndpoint::Impl::CloseOlderThan(const IkeSa& sa, Instant began)
{
    // RFC 7296 §2.4: the peer lost its state; what we held for these identities before is dead.
    // What came up since is not: its request may be a repetition, older than that SA.
    for (IkeSa* other : m_table.Between(sa.localId, sa.remoteId))
    {
        if (other->id != sa.id && other->establishedAt < began)
        {
            Finish(*other, {CloseReason::REPLACED, std::nullopt, false});
        }
    }
}

std::vector<IkeSaInfo>
IkeEndpoint::Impl::List() const
{
    std::vector<IkeSaInfo> list;
    for (const auto& [id, sa] : m_table.All())
    {
        if (sa->IsLingering())
        {
            continue;
        }
        IkeSaInfo info;
        info.id = id;
        info.connection = sa->ConnectionName();
        info.state = sa->GetSetUp()        ? "CONNECTING"
                     : sa->IsEstablished() ? "ESTABLISHED"
                                           : "DELETING";
        info.initiator = sa->initiator;
        info.spis = sa->spis;
        info.suite = sa->suite;
        info.path = sa->path;
        info.localId = sa->localId;
        info.remoteId = sa->remoteId;
        info.natLocal = sa->natLocal;
        info.natRemote = sa->natRemote;
        for (const auto& [childId, child] : sa->children)
        {
            info.children.push_back({childId,
                                     child.config->name,
                                     child.inboundSpi,
                                     child.outboundSpi,
                                     child.suite,
                                     child.localTs,
                                     child.remoteTs});
        }
        list.push_back(std::move(info));
    }
    return list;
}

bool
IkeEndpoint::Impl::Empty() const
{
    return std::ranges::all_of(m_table.All(),
                               [](const auto& entry) { return entry.second->IsLingering(); });
}

IkeEndpoint::IkeEndpoint(Config config, crypto::Context& context, RandomSource& random)
    : m_impl(std::make_unique<Impl>(std::move(config), context, random))
{
}

IkeEndpoint::~IkeEndpoint() = default;
IkeEndpoint::IkeEndpoint(IkeEndpoint&&) noexcept = default;
IkeEndpoint& IkeEndpoint::operator=(IkeEndpoint&&) noexcept = default;

void
IkeEndpoint::HandleDatagram(Instant now, const Path& path, Bytes datagram)
{
    m_impl->HandleDatagram(now, path, datagram);
}

void
IkeEndpoint::HandlePeerTraffic(Instant now, ChildSaId child, const Path* path)
{
    m_impl->HandlePeerTraffic(now, child, path);
}

void
IkeEndpoint::HandleTimeout(Instant now)
{
    m_impl->HandleTimeout(now);
}

Result<IkeSaId>
IkeEndpoint::Initiate(Instant now,
                      std::string_view connection,
                      std::string_view child,
                      const Occasion& occasion)
{
    return m_impl->Initiate(now, connection, child, occasion);
}

Result<void>
IkeEndpoint::CheckLiveness(Instant now, IkeSaId sa)
{
    return m_impl->CheckLiveness(now, sa);
}

Result<void>
IkeEndpoint::CloseChildSa(Instant now, ChildSaId child)
{
    return m_impl->CloseChildSa(now, child);
}

Result<void>
IkeEndpoint::CloseIkeSa(Instant now, IkeSaId sa)
{
    return m_impl->CloseIkeSa(now, sa);
}

void
IkeEndpoint::CloseAll(Instant now)
{
    m_impl->CloseAll(now);
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

std::optional<Datagram>
IkeEndpoint::PollTransmit()
{
    return TakeFirst(m_impl->transmit);
}

std::optional<Event>
IkeEndpoint::PollEvent()
{
    return TakeFirst(m_impl->Events());
}

std::optional<Instant>
IkeEndpoint::PollTimeout() const
{
    return m_impl->NextTimeout();
}

std::vector<IkeSaInfo>
IkeEndpoint::List() const
{
    return m_impl->List();
}

bool
IkeEndpoint::Empty() const
{
    return m_impl->Empty();
}

uint64_t
IkeEndpoint::Untold() const
{
    return m_impl->Untold();
}

} // namespace ikelab::ike
