// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "base/ip_address.h"
#include "ike/ike_sa.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

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

    /// Counts SAs whose peer is not authenticated; to be told when that changes.
    void UpdateHalfOpen(const IkeSa& sa);
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
    };

    void LeaveHalfOpen(Entry& entry);

    std::map<IkeSaId, std::unique_ptr<IkeSa>> m_sas;
    std::unordered_map<IkeSaId, Entry> m_entries;
    std::unordered_map<IkeSpi, IkeSaId> m_bySpi;
    std::map<InitKey, IkeSaId> m_byInit;
    std::set<std::pair<Instant, IkeSaId>> m_timers;
    std::map<IpAddress, size_t> m_halfOpenFrom;
    size_t m_halfOpen{0};
    uint32_t m_last{0};
};

} // namespace ikelab::ike
