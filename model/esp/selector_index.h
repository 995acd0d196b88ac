// SPDX-License-Identifier: MIT
#pragma once

#include "esp/line_table.h"
#include "esp/packet_info.h"
#include "esp/selector_entry.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace ikelab::esp
{

/**
 * Ordered selectors, and the first of them that fits a packet, without walking all: each entry
 * stands under the prefixes of address and port, and the protocol, that cover its more specific
 * end; a lookup asks one hash table per shape (which prefix lengths, protocol or not) in use. Cost
 * grows with the shapes in use and with entries that agree in all of this, not with the entries.
 */
class SelectorIndex
{
  public:
    SelectorIndex() = default;
    SelectorIndex(const SelectorIndex&) = delete;
    SelectorIndex& operator=(const SelectorIndex&) = delete;

    /// An entry that fits.
    struct Found
    {
        uint64_t place{0};
        uint32_t tag{0};
        Fit fit{Fit::NONE};
    };

    /**
     * @param place its place in the order: lowest first, not yet taken
     * @param tag   the owner's word for it
     */
    void Insert(uint64_t place, TrafficSelectors selectors, uint32_t tag = 0);
    /// @return its tag; nothing if there was none at this place
    std::optional<uint32_t> Erase(uint64_t place);
    void Clear();

    size_t
    Size() const
    {
        return m_entries.size();
    }

    /**
     * The first entry that fits and that the caller takes.
     * @param takes called as takes(found) with FULL or UNCERTAIN, for some entries that fit; always
     * for the one that is returned
     */
    template <typename Takes>
    std::optional<Found>
    First(const PacketInfo& packet, bool outbound, const Takes& takes) const
    {
        return packet.IsV6() ? FirstIn(&Table::v6, packet, outbound, takes)
                             : FirstIn(&Table::v4, packet, outbound, takes);
    }

  private:
    static constexpr size_t GROUP = 16; ///< about what a processor fetches at a time

    /// What of an end is looked up.
    struct Shape
    {
        uint8_t addressBits{0};
        uint8_t portBits{0};
        bool byProtocol{false};

        auto operator<=>(const Shape&) const = default;

        /// How few packets it takes.
        unsigned
        Narrowness() const
        {
            return addressBits + portBits + (byProtocol ? 8u : 0u);
        }
    };

    struct Key
    {
        Shape shape;
        uint8_t protocol{0};
        uint16_t port{0};
        AddressNumber address; ///< bits behind the prefix are 0, those of the port too

        auto operator<=>(const Key&) const = default;
        uint64_t Hash() const;
    };

    using Entry = SelectorEntry;

    using All = std::map<uint64_t, const Entry*>;

    /// The entries under one key: nearly always one, else all by their places.
    template <typename Number>
    using Bucket = std::variant<CompactEntry<Number>, const Entry*, std::unique_ptr<All>>;

    template <typename Number>
    struct Family
    {
        /// By the hash of the key alone: keys of one hash share a bucket, where all are judged.
        LineTable<Bucket<Number>> buckets;
        /// Shapes in use and by how many keys.
        std::map<Shape, size_t> shapes;
    };

    struct Table
    {
        Family<V4Number> v4;
        Family<V6Number> v6;
    };

    static Key KeyOf(const Shape& shape,
                     const AddressNumber& address,
                     uint8_t protocol,
                     uint16_t port);
    static Key Cover(const SelectorSet::Range& range);
    static bool IsByLocal(const TrafficSelectors& selectors);
    template <typename Number>
    const Entry& EntryIn(const Bucket<Number>& bucket) const;
    template <typename Number>
    void InsertAt(Family<Number>& table, const Key& key, const Entry& entry);
    template <typename Number>
    void EraseAt(Family<Number>& table, const Key& key, const Entry& entry);
    template <typename Work>
    void ForEachKey(const Entry& entry, const Work& work);

    template <typename Number, typename Takes>
    std::optional<Found>
    FirstIn(Family<Number> Table::*family,
            const PacketInfo& packet,
            bool outbound,
            const Takes& takes) const
    {
        std::optional<Found> best;
        // True if what stands behind this entry needs no look any more.
        const auto consider = [&](const auto& entry)
        {
            if (best && entry.place >= best->place)
            {
                return true;
            }
            const Found found{entry.place, entry.tag, entry.Judge(packet, outbound)};
            const bool taken = found.fit != Fit::NONE && takes(found);
            if (taken)
            {
                best = found;
            }
            return taken;
        };
        const auto walk = [&](const Family<Number>& table, uint64_t hash)
        {
            const auto* bucket = table.buckets.Find(hash);
            if (!bucket)
            {
                return;
            }
            if (const auto* compact = std::get_if<CompactEntry<Number>>(bucket))
            {
                consider(*compact);
            }
            else if (const auto* only = std::get_if<const Entry*>(bucket))
            {
                consider(**only);
            }
            else
            {
                for (const auto& [place, entry] : *std::get<std::unique_ptr<All>>(*bucket))
                {
                    if (consider(*entry))
                    {
                        break;
                    }
                }
            }
        };
        // Asked for in groups, for then the lines of a group are on their way at once.
        std::array<std::pair<const Family<Number>*, uint64_t>, GROUP> group;
        size_t waiting = 0;
        const auto walkAll = [&]
        {
            for (const auto& [table, hash] : std::span(group).first(std::exchange(waiting, 0)))
            {
                walk(*table, hash);
            }
        };
        const auto ask = [&](const Family<Number>& table, const Key& key)
        {
            const uint64_t hash = key.Hash();
            table.buckets.Prefetch(hash);
            group[waiting] = {&table, hash};
            if (++waiting == GROUP)
            {
                walkAll();
            }
        };
        // Whose ports or protocol are hidden may fit what asks for some (RFC 4301 §7).
        const bool hides = packet.portsHidden || !packet.protocolKnown;
        for (const bool local : {true, false})
        {
            const bool source = local == outbound;
            const AddressNumber& address = source ? packet.source : packet.destination;
            const uint16_t port = source ? packet.sourcePort : packet.destinationPort;
            const Family<Number>& table = m_tables[local ? 1 : 0].*family;
            for (const auto& [shape, users] : table.shapes)
            {
                const bool byPort = shape.portBits != 0;
                if (byPort ? packet.portsKnown : !(hides && shape.byProtocol))
                {
                    ask(table, KeyOf(shape, address, packet.protocol, port));
                }
            }
            if (hides)
            {
                const Family<Number>& addresses = m_byAddress[local ? 1 : 0].*family;
                for (const auto& [shape, users] : addresses.shapes)
                {
                    ask(addresses, KeyOf(shape, address, 0, 0));
                }
            }
        }
        walkAll();
        return best;
    }

    std::unordered_map<uint64_t, Entry> m_entries; ///< their addresses are stable
    std::array<Table, 2> m_tables;                 ///< by remote and by local end
    std::array<Table, 2> m_byAddress;              ///< for packets that hide ports or protocol
};

} // namespace ikelab::esp
