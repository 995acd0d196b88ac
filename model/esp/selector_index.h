// SPDX-License-Identifier: MIT
#pragma once

#include "esp/packet_info.h"
#include "esp/selector_set.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace ikelab::esp
{

/**
 * Ordered selectors, and the first of them that fits a packet, without walking all: each entry
 * stands under the address prefixes that cover its more specific end, and a lookup asks one hash
 * table per prefix length in use. Cost grows with the lengths in use and with entries that share a
 * prefix, not with the entries.
 */
class SelectorIndex
{
  public:
    SelectorIndex() = default;
    SelectorIndex(const SelectorIndex&) = delete;
    SelectorIndex& operator=(const SelectorIndex&) = delete;

    /// @param place its place in the order: lowest first, not yet taken
    void Insert(uint64_t place, TrafficSelectors selectors);
    /// False if there was none at this place.
    bool Erase(uint64_t place);
    void Clear();

    size_t
    Size() const
    {
        return m_entries.size();
    }

    /**
     * The first entry that fits and that the caller takes.
     * @param takes called as takes(place, fit) with FULL or UNCERTAIN, for some entries that fit;
     * always for the one that is returned
     */
    template <typename Takes>
    std::optional<uint64_t>
    First(const PacketInfo& packet, bool outbound, const Takes& takes) const
    {
        std::optional<uint64_t> best;
        const auto& local = outbound ? packet.source : packet.destination;
        const auto& remote = outbound ? packet.destination : packet.source;
        for (const auto& [table, address] : {std::pair{&m_local, &local}, {&m_remote, &remote}})
        {
            for (const auto& [bits, users] : table->lengths[address->v6 ? 1 : 0])
            {
                const auto bucket = table->buckets.find(Cut(*address, bits));
                if (bucket == table->buckets.end())
                {
                    continue;
                }
                for (const auto& [place, entry] : bucket->second)
                {
                    if (best && place >= *best)
                    {
                        break;
                    }
                    const Fit fit = entry->selectors.Judge(packet, outbound);
                    if (fit != Fit::NONE && takes(place, fit))
                    {
                        best = place;
                        break;
                    }
                }
            }
        }
        return best;
    }

  private:
    struct Prefix
    {
        AddressNumber address; ///< bits behind the prefix are 0
        unsigned bits{0};

        auto operator<=>(const Prefix&) const = default;
    };

    struct PrefixHash
    {
        size_t operator()(const Prefix& prefix) const;
    };

    struct Entry
    {
        TrafficSelectors selectors;
        bool byLocal{false};
        std::set<Prefix> prefixes;
    };

    struct Table
    {
        std::unordered_map<Prefix, std::map<uint64_t, const Entry*>, PrefixHash> buckets;
        /// For IPv4 and IPv6: prefix lengths in use and by how many buckets.
        std::array<std::map<unsigned, size_t>, 2> lengths;
    };

    static Prefix Cut(const AddressNumber& address, unsigned bits);
    static Prefix Cover(const SelectorSet::Range& range);
    static std::set<Prefix> CoverAll(const SelectorSet& set);

    std::unordered_map<uint64_t, Entry> m_entries; ///< their addresses are stable
    Table m_local;
    Table m_remote;
};

} // namespace ikelab::esp
