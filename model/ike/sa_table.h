// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "base/ip_address.h"
#include "ike/ike_sa.h"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ikelab::ike
{

/// What tells one IKE_SA_INIT request from another: RFC 7296 §2.1 has its repetitions recognised by
/// SPI, address and content.
struct InitKey
{
    SocketAddress from;
    std::array<uint8_t, 32> digest{}; ///< SHA-256 of the whole message

    auto operator<=>(const InitKey&) const = default;
};

/// All IKE SAs of an endpoint and the ways to find one: by number, SPI, first message and next
/// timer.
class SaTable
{
  public:
    /// Gives the SA its number.
    IkeSa& Add(std::unique_ptr<IkeSa> sa, std::optional<InitKey> init);
    void Erase(IkeSaId id);

    IkeSa* Find(IkeSaId id);
    IkeSa* FindBySpi(IkeSpi ours);
    IkeSa* FindByInit(const InitKey& key);

    /// When this SA wants to be looked at next.
    void SetTimer(IkeSaId id, std::optional<Instant> at);
    std::optional<Instant> NextTimer() const;
    /// Take one SA whose time has come.
    IkeSa* TakeDue(Instant now);

    /// To be told when an SA changed its state, connection, identities or path: keeps the counts of
    /// SAs whose peer is not authenticated and the ways to find SAs by connection and by peer.
    void Update(const IkeSa& sa);
    /// The SAs of a connection that are not closed, in the order of their numbers.
    std::vector<IkeSa*> OfConnection(const ConnectionConfig* connection);
    /// Established SAs between these identities, in the order of their numbers.
    std::vector<IkeSa*> Between(const Identity& local, const Identity& remote);
    /**
     * Is there, beside this one, an SA between these identities that the peer may hold for
     * established: up, ending, or with our IKE_AUTH request on its way?
     */
    bool HasOtherBetween(const IkeSa& sa, const Identity& local, const Identity& remote) const;
    /// Is there, beside this one, any SA of its connection or with its peer's address?
    bool HasOtherWithPeerOf(const IkeSa& sa) const;
    /**
     * Of the SAs that are not closed and whose peer is there, one that the caller wants.
     * @param peer port 0: at any port
     * @param most so many are looked at
     * @param wants called as wants(sa)
     * @return nullptr if there is none
     */
    template <typename Wants>
    IkeSa*
    FirstAt(const SocketAddress& peer, size_t most, const Wants& wants)
    {
        const auto there = [&](const SocketAddress& place)
        {
            return place.address == peer.address && (peer.port == 0 || place.port == peer.port);
        };
        for (auto at = m_byAddress.lower_bound({peer, IkeSaId{}});
             most != 0 && at != m_byAddress.end() && there(at->first);
             ++at, --most)
        {
            IkeSa* const sa = Find(at->second);
            if (wants(std::as_const(*sa)))
            {
                return sa;
            }
        }
        return nullptr;
    }

    size_t
    HalfOpen() const
    {
        return m_halfOpen;
    }

    size_t HalfOpenFrom(const IpAddress& address) const;

    const std::map<IkeSaId, std::unique_ptr<IkeSa>>&
    All() const
    {
        return m_sas;
    }

  private:
    struct Entry
    {
        std::optional<InitKey> init;
        std::optional<Instant> timer;
        std::optional<IpAddress> halfOpen;
        const ConnectionConfig* connection{nullptr};
        std::optional<size_t> peer; ///< hash of both identities, once the peer may know us by them
        std::optional<SocketAddress> address; ///< the peer's, until closed
    };

    void Index(Entry& entry,
               IkeSaId id,
               const ConnectionConfig* connection,
               std::optional<size_t> peer);
    void IndexAddress(Entry& entry, IkeSaId id, std::optional<SocketAddress> address);

    /// Numbers of one connection stand together; between connections the order means nothing.
    struct ByConnection
    {
        using Key = std::pair<const ConnectionConfig*, IkeSaId>;

        bool
        operator()(const Key& left, const Key& right) const
        {
            return left.first == right.first ? left.second < right.second
                                             : std::less<>{}(left.first, right.first);
        }
    };

    void LeaveHalfOpen(Entry& entry);

    std::map<IkeSaId, std::unique_ptr<IkeSa>> m_sas;
    std::unordered_map<IkeSaId, Entry> m_entries;
    std::unordered_map<IkeSpi, IkeSaId> m_bySpi;
    std::map<InitKey, IkeSaId> m_byInit;
    std::set<std::pair<Instant, IkeSaId>> m_timers;
    std::set<std::pair<const ConnectionConfig*, IkeSaId>, ByConnection> m_byConnection;
    std::set<std::pair<size_t, IkeSaId>> m_byPeer;
    std::map<IpAddress, size_t> m_halfOpenFrom;
    std::set<std::pair<SocketAddress, IkeSaId>> m_byAddress; ///< the peer's; SAs not closed
    size_t m_halfOpen{0};
    uint32_t m_last{0};
};

} // namespace ikelab::ike
