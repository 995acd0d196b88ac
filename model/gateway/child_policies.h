// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "esp/sad.h"
#include "esp/spd.h"
#include "gateway/config.h"
#include "ike/event.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace ikelab::gateway
{

/// A packet that waits for an SA.
struct HeldPacket
{
    Buffer packet;
    /// The nested connection that it is of; nobody for a clear packet.
    std::shared_ptr<const ike::ConnectionConfig> of{};
    uint32_t ifId{0}; ///< not 0: it was routed there
    Buffer before{};  ///< what it was when it was held first, if it was held inside since
};

/// One configured child as policy sees it: its selectors, the SAs that serve them now and packets
/// that wait for one.
struct ChildPolicy
{
    std::shared_ptr<const ike::ConnectionConfig> connection;
    const ike::ChildConfig* child{nullptr};
    uint32_t index{0};             ///< its place among all children
    bool trapped{false};           ///< traffic without an SA asks for one
    std::set<ChildSaId> installed; ///< oldest first
    std::deque<HeldPacket> held;

    std::string
    FullName() const
    {
        return connection->name + "/" + child->name;
    }

    /// The newest SA whose selectors hold this packet and that `usable` accepts. An SA is offered
    /// from StartSending to StopSending.
    template <typename Usable>
    std::optional<ChildSaId>
    FindSending(const esp::PacketInfo& packet, const Usable& usable) const
    {
        const auto newest =
            m_sending.First(packet,
                            true,
                            [&](const esp::SelectorIndex::Found& found)
                            { return found.fit == esp::Fit::FULL && usable(IdOf(found.place)); });
        return newest ? std::optional(IdOf(newest->place)) : std::nullopt;
    }

    /// The newest of all that are offered, if it is known: mostly it is what FindSending would
    /// find.
    std::optional<ChildSaId>
    NewestSending() const
    {
        return m_newest;
    }

    void
    StartSending(ChildSaId id, esp::TrafficSelectors selectors)
    {
        if (id > m_latest)
        {
            m_latest = id;
            m_newest = id;
        }
        m_sending.Insert(PlaceOf(id), std::move(selectors));
    }

    void
    StopSending(ChildSaId id)
    {
        if (m_newest == id)
        {
            m_newest.reset(); // until there is a newer one
        }
        m_sending.Erase(PlaceOf(id));
    }

    bool
    Sends() const
    {
        return m_sending.Size() != 0;
    }

  private:
    /// The newest has the highest number and comes first: it is the successor of the others, or its
    /// selectors are other ones.
    static uint64_t
    PlaceOf(ChildSaId id)
    {
        return ~uint64_t{id.value};
    }

    static ChildSaId
    IdOf(uint64_t place)
    {
        return ChildSaId{static_cast<uint32_t>(~place)};
    }

    esp::SelectorIndex m_sending;
    ChildSaId m_latest; ///< of all that were ever offered
    std::optional<ChildSaId> m_newest;
};

/**
 * The children of all connections in their order, and the SPD that they make together with the
 * configured rules (RFC 4301 §4.4.1): those first, then one PROTECT rule per child.
 */
class ChildPolicies
{
  public:
    ChildPolicies(const ChildPolicies&) = delete;
    ChildPolicies& operator=(const ChildPolicies&) = delete;
    explicit ChildPolicies(const Config& config);

    /// By "connection/child" or the child's name alone if only one has it; NOT_FOUND or BAD_VALUE.
    Result<ChildPolicy*> FindByName(std::string_view name);
    ChildPolicy* Find(const std::string& connection, const std::string& child);
    /// The children of one connection.
    std::span<ChildPolicy* const> Of(const std::string& connection) const;

    /// What the rules decide of a packet; nothing if none matches. A configured PROTECT rule asks
    /// for a child that covers the packet; without one the answer is DISCARD.
    std::optional<esp::Decision> Match(const esp::PacketInfo& packet, bool outbound) const;

    /// The same of the children that this interface leads to; no other rule counts there.
    std::optional<esp::Decision> MatchRouted(const esp::PacketInfo& packet, uint32_t ifId) const;

    /// The same for what an SA of this connection has sealed, or its IKE sends: no child of its own
    /// can be meant (RFC 4301 appendix E).
    std::optional<esp::Decision> MatchAgain(const esp::PacketInfo& packet,
                                            const ike::ConnectionConfig& connection) const;

    /// The child that a PROTECT rule of Match stands for.
    ChildPolicy&
    Of(const esp::Decision& rule)
    {
        return m_policies[rule.tag];
    }

    /// A child without selectors of its own covers what is negotiated for it, as long as an SA
    /// does: so there are never more rules than Child SAs. A no-op for other children.
    void Adopt(const ChildPolicy& policy, const ike::ChildSaInstalled& installed);
    /// This SA went, and with the last one of its selectors their rule.
    void Release(ChildSaId id);

    std::deque<ChildPolicy>&
    All()
    {
        return m_policies;
    }

  private:
    std::deque<ChildPolicy> m_policies; ///< their addresses are stable
    std::map<std::string, std::vector<ChildPolicy*>, std::less<>> m_byConnection;
    std::map<std::string, std::vector<ChildPolicy*>, std::less<>> m_byChild;
    /// Child and selectors of a rule that came with an SA.
    using AdoptedKey = std::tuple<uint32_t, Selectors, Selectors>;

    struct Adopted
    {
        uint64_t place{0}; ///< in m_children
        size_t users{0};
    };

    std::map<AdoptedKey, Adopted> m_adopted; ///< iterators to it are stable
    std::map<ChildSaId, std::map<AdoptedKey, Adopted>::iterator> m_adoptedBy;
    /// The rules among which those of this child stand.
    esp::Spd& SpdOf(const ChildPolicy& policy);

    esp::Spd m_configured;
    esp::Spd m_children;                   ///< tags are indices of m_policies
    std::map<uint32_t, esp::Spd> m_routed; ///< children by their if_id_out
};

} // namespace ikelab::gateway
