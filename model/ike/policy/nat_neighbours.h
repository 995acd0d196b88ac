// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/ip_address.h"
#include "base/selector.h"
#include "ike/child_sa.h"
#include "ike/config.h"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ikelab::ike
{

/**
 * Peers whose addresses mean nothing to us, for a NAT stands before them. In transport mode those
 * behind one NAT share an address, also with the NAT itself, so what we send to it must tell by its
 * protocol and ports for whom it is (RFC 3948 §5.2). In tunnel mode those behind two NATs may have
 * the same private addresses, and these may be another's who is behind none (§5.1).
 */
class NatNeighbours
{
  public:
    using Connections = std::vector<std::shared_ptr<const ConnectionConfig>>;

    /// @param connections in the order of their policies
    explicit NatNeighbours(const Connections& connections);

    /// Who asks for what we send to these selectors.
    struct Neighbour
    {
        const Identity* peer{nullptr};
        bool behindNat{false};
        const ChildConfig* child{nullptr};
        const Selectors* local{nullptr};
        const Selectors* remote{nullptr};
    };

    /// An SA came. Peer and child stay until Remove.
    void Add(const Identity& peer, bool behindNat, const ChildSa& child);
    /// @param behindNat as it was added
    void Remove(bool behindNat, const ChildSa& child);

    /// Would packets be for another peer as well? One that comes again may have both.
    bool Conflict(const Neighbour& asks) const;

  private:
    /// The longest prefix that a range is in.
    struct Prefix
    {
        IpAddress first;
        uint8_t bits{0};

        auto operator<=>(const Prefix&) const = default;
    };

    /// Those of one interface and one side of NATs stand together, ordered by their addresses, and
    /// behind each prefix those inside of it.
    struct Key
    {
        uint32_t ifId{0};
        bool behindNat{false};
        Prefix prefix;
        ChildSaId id;

        auto operator<=>(const Key&) const = default;
    };

    /// One selector of an SA. Its key is made when it is compared: there is one for each SA of a
    /// gateway.
    struct Kept
    {
        const Identity* peer{nullptr};
        const ChildSa* child{nullptr};
        uint32_t selector{0};
        bool behindNat{false};

        Neighbour AsNeighbour() const;
    };

    static Key KeyOf(const Kept& kept);

    struct InOrder
    {
        using is_transparent = void;

        bool
        operator()(const Kept& left, const Kept& right) const
        {
            return KeyOf(left) < KeyOf(right);
        }

        bool
        operator()(const Kept& left, const Key& right) const
        {
            return KeyOf(left) < right;
        }
    };

    static Prefix CoverOf(const IpRange& range);
    static Prefix Shortened(const Prefix& prefix, uint8_t bits);
    /// @param judged those that were, each once: both may have hundreds of selectors
    bool IsTaken(const Neighbour& asks,
                 bool behindNat,
                 const Prefix& prefix,
                 std::set<ChildSaId>& judged) const;
    bool Collide(const Neighbour& has, const Neighbour& asks) const;
    bool PolicyTellsApart(const Neighbour& one, const Neighbour& other) const;

    std::unordered_map<const ChildConfig*, size_t> m_places; ///< of each child's rule in policy
    std::set<Kept, InOrder> m_byPrefix;                      ///< one or more of each SA
    std::map<std::pair<bool, uint8_t>, size_t> m_lengths;    ///< in use, by IP version
};

} // namespace ikelab::ike
