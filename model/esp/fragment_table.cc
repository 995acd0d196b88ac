// SPDX-License-Identifier: MIT
#include "esp/fragment_table.h"

#include "base/limits.h"

#include <algorithm>
#include <span>

namespace ikelab::esp
{

namespace
{

/// RFC 1858 §3.2.2: a first fragment of TCP that holds the ports but not the flags lets a second
/// one say what they are.
constexpr size_t TCP_LEAST_OCTETS = 16;

bool
ShowsEnough(const PacketInfo& info)
{
    return !info.portsHidden && (info.protocol != PROTOCOL_TCP ||
                                 info.totalOctets - info.headerOctets >= TCP_LEAST_OCTETS);
}

} // namespace

size_t
FragmentTable::Key::Hash() const
{
    // As the cache of flows in spd.cc.
    constexpr uint64_t ODD = 0x9e3779b97f4a7c15u;
    uint64_t mixed = way * ODD;
    for (const uint64_t word :
         {source.high, source.low, destination.high, destination.low, uint64_t{protocol}})
    {
        mixed = (mixed ^ word) * ODD;
    }
    mixed = (mixed ^ identification) * ODD;
    return static_cast<size_t>(mixed >> 32);
}

void
FragmentTable::FollowFragment(Instant now, uint64_t way, PacketInfo& info)
{
    const Key key{way,
                  info.source,
                  info.destination,
                  info.identification,
                  info.IsV6() ? uint8_t{0} : info.protocol};
    if (!info.IsV6() && !info.portsKnown && !info.portsHidden)
    {
        return; // it says all that there is
    }
    if (!info.laterFragment)
    {
        Remember(now, key, info);
        return;
    }
    if (m_firsts.empty())
    {
        return;
    }
    const size_t bucket = key.Hash() % (m_firsts.size() / PLACES);
    const auto places = std::span(m_firsts).subspan(bucket * PLACES, PLACES);
    const auto first =
        std::ranges::find_if(places, [&](const First& one) { return one.used && one.key == key; });
    if (first != places.end() && now < first->until && info.fragmentBegin >= first->end)
    {
        info.protocol = first->protocol;
        info.protocolKnown = true;
        info.sourcePort = first->sourcePort;
        info.destinationPort = first->destinationPort;
        info.portsKnown = first->portsKnown;
        info.portsHidden = false;
        info.portsOfFirst = true;
    }
}

void
FragmentTable::Remember(Instant now, const Key& key, const PacketInfo& info)
{
    if (m_firsts.empty())
    {
        m_firsts.resize(limits::FRAGMENTED_PACKETS);
    }
    const size_t bucket = key.Hash() % (m_firsts.size() / PLACES);
    const auto places = std::span(m_firsts).subspan(bucket * PLACES, PLACES);
    auto place =
        std::ranges::find_if(places, [&](const First& one) { return one.used && one.key == key; });
    if (place == places.end())
    {
        // A free one has the earliest end of all.
        place = std::ranges::min_element(
            places, {}, [](const First& one) { return one.used ? one.until : Instant::min(); });
    }
    if (!ShowsEnough(info))
    {
        // The same packet anew, without them: nothing is sure any more.
        place->used = place->used && place->key != key;
        return;
    }
    *place = {true,
              key,
              now + limits::FRAGMENT_LIFETIME,
              info.fragmentEnd,
              info.sourcePort,
              info.destinationPort,
              info.protocol,
              info.portsKnown};
}

PacketInfo
WithoutPortsOfFirst(const PacketInfo& info)
{
    PacketInfo without = info;
    if (info.portsOfFirst && info.portsKnown)
    {
        without.portsKnown = false;
        without.portsHidden = true;
    }
    return without;
}

} // namespace ikelab::esp
