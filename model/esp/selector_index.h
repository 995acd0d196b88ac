// SPDX-License-Identifier: MIT
#pragma once

#include "esp/packet_info.h"
#include "esp/selector_set.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <tsl/robin_map.h>
#include <unordered_map>
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
        std::optional<Found> best;
        // True if what stands behind this entry needs no look any more.
        const auto consider = [&](const Entry& entry)
        {
            if (best && entry.place >= best->place)
            {
                return true;
            }
            const Found found{entry.place, entry.tag, entry.selectors.Judge(packet, outbound)};
            const bool taken = found.fit != Fit::NONE && takes(found);
            if (taken)
            {
                best = found;
            }
            return taken;
        };
        const auto walk = [&](const Table& table, const Key& key)
        {
            const auto bucket = table.buckets.find(key.Hash());
            if (bucket == table.buckets.end() || consider(*bucket->second.first) ||
                !bucket->second.all)
            {
                return;
            }
            for (const auto& [place, entry] : *bucket->second.all)
            {
                if (consider(*entry))
                {
                    break;
                }
            }
        };
        // Whose ports or protocol are hidden may fit what asks for some (RFC 4301 §7).
        const bool hides = packet.portsHidden || !packet.protocolKnown;
        for (const bool local : {true, false})
        {
            const bool source = local == outbound;
            const AddressNumber& address = source ? packet.source : packet.destination;
            const uint16_t port = source ? packet.sourcePort : packet.destinationPort;
            const Table& table = m_tables[local ? 1 : 0];
            for (const auto& [shape, users] : table.shapes[address.v6 ? 1 : 0])
            {
                const bool byPort = shape.portBits != 0;
                if (byPort ? packet.portsKnown : !(hides && shape.byProtocol))
                {
                    walk(table, KeyOf(shape, address, packet.protocol, port));
                }
            }
            if (hides)
            {
                const Table& addresses = m_byAddress[local ? 1 : 0];
                for (const auto& [shape, users] : addresses.shapes[address.v6 ? 1 : 0])
                {
                    walk(addresses, KeyOf(shape, address, 0, 0));
                }
            }
        }
        return best;
    }

  private:
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

    struct Entry
    {
        uint64_t place{0};
        uint32_t tag{0};
        TrafficSelectors selectors;
    };

    /// The entries under one key. Nearly always there is one, which then costs no further look.
    struct Bucket
    {
        using All = std::map<uint64_t, const Entry*>;

        const Entry* first{nullptr};
        std::unique_ptr<All> all; ///< by place, if there are more than one
    };

    /// The hash of a key is mixed already.
    struct Same
    {
        size_t
        operator()(uint64_t hash) const
        {
            return static_cast<size_t>(hash);
        }
    };

    struct Table
    {
        void Insert(const Key& key, const Entry& entry);
        void Erase(const Key& key, const Entry& entry);

        /// By the hash of the key alone: keys of one hash share a bucket, where all are judged.
        tsl::robin_map<uint64_t, Bucket, Same> buckets;
        /// For IPv4 and IPv6: shapes in use and by how many buckets.
        std::array<std::map<Shape, size_t>, 2> shapes;
    };

    static Key KeyOf(const Shape& shape,
                     const AddressNumber& address,
                     uint8_t protocol,
                     uint16_t port);
    static Key Cover(const SelectorSet::Range& range);
    static bool IsByLocal(const TrafficSelectors& selectors);
    template <typename Work>
    void ForEachKey(const Entry& entry, const Work& work);

    std::unordered_map<uint64_t, Entry> m_entries; ///< their addresses are stable
    std::array<Table, 2> m_tables;                 ///< by remote and by local end
    std::array<Table, 2> m_byAddress;              ///< for packets that hide ports or protocol
};

} // namespace ikelab::esp
