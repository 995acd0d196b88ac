// SPDX-License-Identifier: MIT
#include "esp/selector_index.h"

#include "base/assert.h"

#include <climits>

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

namespace ikelab::esp
{

namespace
{

template <typename Bucket, typename Number>
Bucket
Alone(const SelectorEntry& entry)
{
    if (const auto compact = CompactEntry<Number>::Of(entry))
    {
        return *compact;
    }
    return &entry;
}

/// The upper bits of a number.
uint64_t
UpperBits(uint64_t number, unsigned bits)
{
    return bits == 0 ? 0 : number & (~uint64_t{0} << (64 - bits));
}

} // namespace

uint64_t
SelectorIndex::Key::Hash() const
{
    constexpr uint64_t ODD = 0x9e3779b97f4a7c15u;
    const uint64_t rest = uint64_t{port} << 32 | uint64_t{protocol} << 24 |
                          uint64_t{shape.portBits} << 16 | uint64_t{shape.addressBits} << 8 |
                          uint64_t{shape.byProtocol} << 1 | uint64_t{address.v6};
    uint64_t mixed = (address.high ^ rest) * ODD;
    mixed = (mixed ^ mixed >> 32 ^ address.low) * ODD;
    return mixed ^ mixed >> 32;
}

SelectorIndex::Key
SelectorIndex::KeyOf(const Shape& shape,
                     const AddressNumber& address,
                     uint8_t protocol,
                     uint16_t port)
{
    Key key;
    key.shape = shape;
    key.protocol = shape.byProtocol ? protocol : 0;
    key.port = static_cast<uint16_t>(UpperBits(uint64_t{port} << 48, shape.portBits) >> 48);
    key.address.v6 = address.v6;
    const unsigned bits = shape.addressBits;
    if (address.v6)
    {
        key.address.high = UpperBits(address.high, std::min(bits, 64u));
        key.address.low = UpperBits(address.low, bits > 64 ? bits - 64 : 0);
    }
    else
    {
        key.address.low = UpperBits(address.low << 32, bits) >> 32;
    }
    return key;
}

/// The smallest prefixes that hold all of a range.
SelectorIndex::Key
SelectorIndex::Cover(const SelectorSet::Range& range)
{
    const auto high = static_cast<unsigned>(std::bit_width(range.first.high ^ range.last.high));
    const auto low = static_cast<unsigned>(std::bit_width(range.first.low ^ range.last.low));
    const unsigned addressBits = !range.first.v6 ? 32 - low : high != 0 ? 64 - high : 128 - low;
    const NextLayer& next = range.next;
    const bool opaque = next.startPort > next.endPort;
    const auto differing = static_cast<uint16_t>(next.startPort ^ next.endPort);
    const int portBits = opaque ? 0 : 16 - std::bit_width(differing);
    return KeyOf({static_cast<uint8_t>(addressBits),
                  static_cast<uint8_t>(portBits),
                  next.protocol != Selector::ANY_PROTOCOL},
                 range.first,
                 next.protocol,
                 next.startPort);
}

template <typename Number>
void
SelectorIndex::InsertAt(Family<Number>& table, const Key& key, const Entry& entry)
{
    ++table.shapes[key.shape];
    const uint64_t hash = key.Hash();
    Bucket<Number>* bucket = table.buckets.Find(hash);
    if (!bucket)
    {
        table.buckets.Insert(hash, Alone<Bucket<Number>, Number>(entry));
        return;
    }
    if (!std::holds_alternative<std::unique_ptr<All>>(*bucket))
    {
        const Entry& other = EntryIn<Number>(*bucket);
        *bucket = std::make_unique<All>(All{{other.place, &other}});
    }
    std::get<std::unique_ptr<All>>(*bucket)->emplace(entry.place, &entry);
}

template <typename Number>
void
SelectorIndex::EraseAt(Family<Number>& table, const Key& key, const Entry& entry)
{
    const auto shape = table.shapes.find(key.shape);
    if (--shape->second == 0)
    {
        table.shapes.erase(shape);
    }
    const uint64_t hash = key.Hash();
    Bucket<Number>* bucket = table.buckets.Find(hash);
    if (!bucket)
    {
        return; // two keys of this entry had one hash
    }
    auto* all = std::get_if<std::unique_ptr<All>>(bucket);
    if (all)
    {
        (*all)->erase(entry.place);
        if ((*all)->size() == 1)
        {
            const Entry& left = *(*all)->begin()->second;
            *bucket = Alone<Bucket<Number>, Number>(left);
            return;
        }
    }
    if (all ? (*all)->empty() : &EntryIn<Number>(*bucket) == &entry)
    {
        table.buckets.Erase(hash);
    }
}

/// The entry of a bucket that has one.
template <typename Number>
const SelectorIndex::Entry&
SelectorIndex::EntryIn(const Bucket<Number>& bucket) const
{
    const auto* compact = std::get_if<CompactEntry<Number>>(&bucket);
    return compact ? m_entries.at(compact->place) : *std::get<const Entry*>(bucket);
}

/// The end by which it is found: the narrower one, for it shares its keys with fewer others.
bool
SelectorIndex::IsByLocal(const TrafficSelectors& selectors)
{
    const auto widest = [](const SelectorSet& set)
    {
        unsigned narrowness = UINT_MAX;
        for (const SelectorSet::Range& range : set.Ranges())
        {
            narrowness = std::min(narrowness, Cover(range).shape.Narrowness());
        }
        return narrowness;
    };
    return widest(selectors.local) > widest(selectors.remote);
}

/// Call work(family, key) for each place where the entry stands.
template <typename Work>
void
SelectorIndex::ForEachKey(const Entry& entry, const Work& work)
{
    const TrafficSelectors& selectors = entry.selectors;
    if (selectors.local.Ranges().empty() || selectors.remote.Ranges().empty())
    {
        return; // matches nothing
    }
    const bool byLocal = IsByLocal(selectors);
    std::set<Key> keys;
    std::set<Key> addresses;
    for (const SelectorSet::Range& range : (byLocal ? selectors.local : selectors.remote).Ranges())
    {
        const Key key = Cover(range);
        keys.insert(key);
        if (key.shape.portBits != 0 || key.shape.byProtocol)
        {
            addresses.insert(KeyOf({key.shape.addressBits}, range.first, 0, 0));
        }
    }
    const auto workIn = [&](Table& table, const Key& key)
    {
        key.address.v6 ? work(table.v6, key) : work(table.v4, key);
    };
    for (const Key& key : keys)
    {
        workIn(m_tables[byLocal ? 1 : 0], key);
    }
    for (const Key& key : addresses)
    {
        workIn(m_byAddress[byLocal ? 1 : 0], key);
    }
}

void
SelectorIndex::Insert(uint64_t place, TrafficSelectors selectors, uint32_t tag)
{
    const auto [position, inserted] =
        m_entries.emplace(place, Entry{place, tag, std::move(selectors)});
    IKELAB_ASSERT(inserted);
    const Entry& entry = position->second;
    ForEachKey(entry, [&](auto& table, const Key& key) { InsertAt(table, key, entry); });
}

std::optional<uint32_t>
SelectorIndex::Erase(uint64_t place)
{
    const auto position = m_entries.find(place);
    if (position == m_entries.end())
    {
        return std::nullopt;
    }
    const Entry& entry = position->second;
    ForEachKey(entry, [&](auto& table, const Key& key) { EraseAt(table, key, entry); });
    const uint32_t tag = entry.tag;
    m_entries.erase(position);
    return tag;
}

void
SelectorIndex::Clear()
{
    m_entries.clear();
    m_tables = {};
    m_byAddress = {};
}

} // namespace ikelab::esp
