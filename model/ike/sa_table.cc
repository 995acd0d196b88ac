// SPDX-License-Identifier: MIT
#include "ike/sa_table.h"

#include <string_view>

namespace ikelab::ike
{

IkeSa&
SaTable::Add(std::unique_ptr<IkeSa> sa, std::optional<InitKey> init)
{
    sa->id = IkeSaId{++m_last};
    IkeSa& added = *sa;
    m_bySpi.emplace(added.OurSpi(), added.id);
    if (init)
    {
        m_byInit.insert_or_assign(*init, added.id);
    }
    m_entries[added.id].init = std::move(init);
    m_sas.emplace(added.id, std::move(sa));
    Update(added);
    return added;
}

void
SaTable::Erase(IkeSaId id)
{
    const auto found = m_sas.find(id);
    if (found == m_sas.end())
    {
        return;
    }
    SetTimer(id, std::nullopt);
    Entry& entry = m_entries.at(id);
    LeaveHalfOpen(entry);
    Index(entry, id, nullptr, std::nullopt);
    IndexAddress(entry, id, std::nullopt);
    if (entry.init)
    {
        m_byInit.erase(*entry.init);
    }
    m_bySpi.erase(found->second->OurSpi());
    m_entries.erase(id);
    m_sas.erase(found);
}

IkeSa*
SaTable::Find(IkeSaId id)
{
    const auto found = m_sas.find(id);
    return found == m_sas.end() ? nullptr : found->second.get();
}

IkeSa*
SaTable::FindBySpi(IkeSpi ours)
{
    const auto found = m_bySpi.find(ours);
    return found == m_bySpi.end() ? nullptr : Find(found->second);
}

IkeSa*
SaTable::FindByInit(const InitKey& key)
{
    const auto found = m_byInit.find(key);
    return found == m_byInit.end() ? nullptr : Find(found->second);
}

void
SaTable::SetTimer(IkeSaId id, std::optional<Instant> at)
{
    Entry& entry = m_entries.at(id);
    if (entry.timer == at)
    {
        return;
    }
    if (entry.timer)
    {
        m_timers.erase({*entry.timer, id});
    }
    entry.timer = at;
    if (at)
    {
        m_timers.emplace(*at, id);
    }
}

std::optional<Instant>
SaTable::NextTimer() const
{
    if (m_timers.empty())
    {
        return std::nullopt;
    }
    return m_timers.begin()->first;
}

IkeSa*
SaTable::TakeDue(Instant now)
{
    if (m_timers.empty() || m_timers.begin()->first > now)
    {
        return nullptr;
    }
    const IkeSaId id = m_timers.begin()->second;
    SetTimer(id, std::nullopt);
    return Find(id);
}

namespace
{

size_t
HashOf(const Identity& local, const Identity& remote)
{
    size_t hash = 0;
    for (const Identity* identity : {&local, &remote})
    {
        const std::string_view octets(reinterpret_cast<const char*>(identity->data.data()),
                                      identity->data.size());
        hash = 31 * hash + static_cast<size_t>(identity->type);
        hash = 31 * hash + std::hash<std::string_view>{}(octets);
    }
    return hash;
}

/// Both identities count, and the peer may have an SA with them: it is authenticated, or our
/// IKE_AUTH request went out.
bool
PeerMayKnow(const IkeSa& sa)
{
    return !sa.IsLingering() && (!sa.GetSetUp() || (sa.initiator && sa.codec));
}

void
CountDown(std::map<IpAddress, size_t>& counts, const IpAddress& address)
{
    const auto found = counts.find(address);
    if (--found->second == 0)
    {
        counts.erase(found);
    }
}

} // namespace

void
SaTable::Index(Entry& entry,
               IkeSaId id,
               const ConnectionConfig* connection,
               std::optional<size_t> peer)
{
    if (entry.connection != connection)
    {
        m_byConnection.erase({entry.connection, id});
        if (connection)
        {
            m_byConnection.emplace(connection, id);
        }
        entry.connection = connection;
    }
    if (entry.peer != peer)
    {
        if (entry.peer)
        {
            m_byPeer.erase({*entry.peer, id});
        }
        if (peer)
        {
            m_byPeer.emplace(*peer, id);
        }
        entry.peer = peer;
    }
}

std::vector<IkeSa*>
SaTable::OfConnection(const ConnectionConfig* connection)
{
    std::vector<IkeSa*> found;
    for (auto at = m_byConnection.lower_bound({connection, IkeSaId{}});
         at != m_byConnection.end() && at->first == connection;
         ++at)
    {
        found.push_back(Find(at->second));
    }
    return found;
}

std::vector<IkeSa*>
SaTable::Between(const Identity& local, const Identity& remote)
{
    std::vector<IkeSa*> found;
    const size_t hash = HashOf(local, remote);
    for (auto at = m_byPeer.lower_bound({hash, IkeSaId{}});
         at != m_byPeer.end() && at->first == hash;
         ++at)
    {
        IkeSa* sa = Find(at->second);
        if (sa->IsEstablished() && sa->localId == local && sa->remoteId == remote)
        {
            found.push_back(sa);
        }
    }
    return found;
}

bool
SaTable::HasOtherBetween(const IkeSa& sa, const Identity& local, const Identity& remote) const
{
    // Equal hashes of other identities are rare enough, and cost only the notify.
    const size_t hash = HashOf(local, remote);
    auto at = m_byPeer.lower_bound({hash, IkeSaId{}});
    if (at != m_byPeer.end() && *at == std::pair(hash, sa.id))
    {
        ++at;
    }
    return at != m_byPeer.end() && at->first == hash;
}

bool
SaTable::HasOtherWithPeerOf(const IkeSa& sa) const
{
    const IpAddress& address = sa.path.remote.address;
    for (auto at = m_byAddress.lower_bound({{address, 0}, IkeSaId{}});
         at != m_byAddress.end() && at->first.address == address;
         ++at)
    {
        if (at->second != sa.id)
        {
            return true;
        }
    }
    const ConnectionConfig* connection = sa.connection.get();
    auto at = m_byConnection.lower_bound({connection, IkeSaId{}});
    if (at != m_byConnection.end() && at->first == connection && at->second == sa.id)
    {
        ++at;
    }
    return at != m_byConnection.end() && at->first == connection;
}

void
SaTable::Update(const IkeSa& sa)
{
    Entry& entry = m_entries.at(sa.id);
    Index(entry,
          sa.id,
          sa.IsLingering() ? nullptr : sa.connection.get(),
          PeerMayKnow(sa) ? std::optional(HashOf(sa.localId, sa.remoteId)) : std::nullopt);
    IndexAddress(entry, sa.id, sa.IsLingering() ? std::nullopt : std::optional(sa.path.remote));
    if (sa.IsLingering() && !sa.wasEstablished)
    {
        // What a refused peer leaves behind counts on: it costs memory as before.
        return;
    }
    const bool halfOpen = !sa.initiator && std::holds_alternative<SetUp>(sa.state);
    if (halfOpen && !entry.halfOpen)
    {
        entry.halfOpen = sa.path.remote.address;
        ++m_halfOpen;
        ++m_halfOpenFrom[*entry.halfOpen];
    }
    else if (!halfOpen)
    {
        LeaveHalfOpen(entry);
    }
}

size_t
SaTable::HalfOpenFrom(const IpAddress& address) const
{
    const auto found = m_halfOpenFrom.find(address);
    return found == m_halfOpenFrom.end() ? 0 : found->second;
}

void
SaTable::LeaveHalfOpen(Entry& entry)
{
    if (!entry.halfOpen)
    {
        return;
    }
    --m_halfOpen;
    CountDown(m_halfOpenFrom, *entry.halfOpen);
    entry.halfOpen.reset();
}

void
SaTable::IndexAddress(Entry& entry, IkeSaId id, std::optional<SocketAddress> address)
{
    if (entry.address == address)
    {
        return;
    }
    if (entry.address)
    {
        m_byAddress.erase({*entry.address, id});
    }
    if (address)
    {
        m_byAddress.emplace(*address, id);
    }
    entry.address = address;
}

} // namespace ikelab::ike
