// SPDX-License-Identifier: MIT
#include "esp/selector_index.h"

#include "base/assert.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace ikelab::esp
{

namespace
{

/// The upper bits of a number.
uint64_t
UpperBits(uint64_t number, unsigned bits)
{
    return bits == 0 ? 0 : number & (~uint64_t{0} << (64 - bits));
}

} // namespace

size_t
SelectorIndex::PrefixHash::operator()(const Prefix& prefix) const
{
    constexpr uint64_t ODD = 0x9e3779b97f4a7c15u;
    uint64_t mixed = (prefix.address.high ^ prefix.bits) * ODD;
    mixed = (mixed ^ mixed >> 32 ^ prefix.address.low) * ODD;
    return static_cast<size_t>(mixed ^ mixed >> 32);
}

SelectorIndex::Prefix
SelectorIndex::Cut(const AddressNumber& address, unsigned bits)
{
    Prefix prefix{address, bits};
    if (!address.v6)
    {
        prefix.address.low = UpperBits(address.low << 32, bits) >> 32;
        return prefix;
    }
    prefix.address.high = UpperBits(address.high, std::min(bits, 64u));
    prefix.address.low = UpperBits(address.low, bits > 64 ? bits - 64 : 0);
    return prefix;
}

/// The smallest prefix that holds all of a range.
SelectorIndex::Prefix
SelectorIndex::Cover(const SelectorSet::Range& range)
{
    const auto high = static_cast<unsigned>(std::bit_width(range.first.high ^ range.last.high));
    const auto low = static_cast<unsigned>(std::bit_width(range.first.low ^ range.last.low));
    if (!range.first.v6)
    {
        return Cut(range.first, 32 - low);
    }
    return Cut(range.first, high != 0 ? 64 - high : 128 - low);
}

std::set<SelectorIndex::Prefix>
SelectorIndex::CoverAll(const SelectorSet& set)
{
    std::set<Prefix> prefixes;
    for (const SelectorSet::Range& range : set.Ranges())
    {
        prefixes.insert(Cover(range));
    }
    return prefixes;
}

void
SelectorIndex::Insert(uint64_t place, TrafficSelectors selectors)
{
    auto local = CoverAll(selectors.local);
    auto remote = CoverAll(selectors.remote);
    if (local.empty() || remote.empty())
    {
        local.clear(); // matches nothing
        remote.clear();
    }
    const auto shortest = [](const std::set<Prefix>& prefixes)
    {
        unsigned bits = 128;
        for (const Prefix& prefix : prefixes)
        {
            bits = std::min(bits, prefix.bits);
        }
        return bits;
    };
    const bool byLocal = shortest(local) > shortest(remote);
    const auto [position, inserted] = m_entries.emplace(
        place, Entry{std::move(selectors), byLocal, std::move(byLocal ? local : remote)});
    IKELAB_ASSERT(inserted);
    Table& table = byLocal ? m_local : m_remote;
    for (const Prefix& prefix : position->second.prefixes)
    {
        auto& bucket = table.buckets[prefix];
        table.lengths[prefix.address.v6 ? 1 : 0][prefix.bits] += bucket.empty() ? 1 : 0;
        bucket.emplace(place, &position->second);
    }
}

bool
SelectorIndex::Erase(uint64_t place)
{
    const auto position = m_entries.find(place);
    if (position == m_entries.end())
    {
        return false;
    }
    Table& table = position->second.byLocal ? m_local : m_remote;
    for (const Prefix& prefix : position->second.prefixes)
    {
        const auto bucket = table.buckets.find(prefix);
        bucket->second.erase(place);
        if (bucket->second.empty())
        {
            table.buckets.erase(bucket);
            auto& lengths = table.lengths[prefix.address.v6 ? 1 : 0];
            const auto length = lengths.find(prefix.bits);
            if (--length->second == 0)
            {
                lengths.erase(length);
            }
        }
    }
    m_entries.erase(position);
    return true;
}

void
SelectorIndex::Clear()
{
    m_entries.clear();
    m_local = {};
    m_remote = {};
}

} // namespace ikelab::esp
