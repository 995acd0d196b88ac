// SPDX-License-Identifier: MIT
#pragma once

#include "esp/packet_info.h"
#include "esp/selector_set.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace ikelab::esp
{

/// Selectors in an order, with the word of their owner.
struct SelectorEntry
{
    uint64_t place{0};
    uint32_t tag{0};
    TrafficSelectors selectors;

    Fit
    Judge(const PacketInfo& packet, bool outbound) const
    {
        return selectors.Judge(packet, outbound);
    }
};

/// An IPv4 address as a number.
struct V4Number
{
    uint32_t value{0};

    static std::optional<V4Number>
    Of(const AddressNumber& address)
    {
        return address.v6 ? std::nullopt
                          : std::optional(V4Number{static_cast<uint32_t>(address.low)});
    }

    auto operator<=>(const V4Number&) const = default;
};

/// An IPv6 address as a number.
struct V6Number
{
    uint64_t high{0};
    uint64_t low{0};

    static std::optional<V6Number>
    Of(const AddressNumber& address)
    {
        return address.v6 ? std::optional(V6Number{address.high, address.low}) : std::nullopt;
    }

    auto operator<=>(const V6Number&) const = default;
};

/// An entry with one range at each end, as most are, in as few octets as will do: among many rules
/// a look-up costs as many cache lines as it touches.
template <typename Number>
struct CompactEntry
{
    uint64_t place{0};
    std::array<Number, 2> first{}; ///< all by remote and by local end
    std::array<Number, 2> last{};
    std::array<NextLayer, 2> next{};
    uint32_t tag{0};

    /// Nothing if an end has several ranges, or its addresses are of the other family.
    static std::optional<CompactEntry>
    Of(const SelectorEntry& entry)
    {
        CompactEntry compact;
        compact.place = entry.place;
        compact.tag = entry.tag;
        for (const bool local : {false, true})
        {
            const auto ranges = (local ? entry.selectors.local : entry.selectors.remote).Ranges();
            const auto first = ranges.size() == 1 ? Number::Of(ranges.front().first) : std::nullopt;
            const auto last = first ? Number::Of(ranges.front().last) : std::nullopt;
            if (!last)
            {
                return std::nullopt;
            }
            const size_t end = local ? 1 : 0;
            compact.first[end] = *first;
            compact.last[end] = *last;
            compact.next[end] = ranges.front().next;
        }
        return compact;
    }

    Fit
    Judge(const PacketInfo& packet, bool outbound) const
    {
        return std::min(
            JudgeEnd(outbound ? 1 : 0, packet.source, packet.sourcePort, packet),
            JudgeEnd(outbound ? 0 : 1, packet.destination, packet.destinationPort, packet));
    }

  private:
    Fit
    JudgeEnd(size_t end,
             const AddressNumber& address,
             uint16_t port,
             const PacketInfo& packet) const
    {
        const auto number = Number::Of(address);
        const bool holds = number && first[end] <= *number && *number <= last[end];
        return holds ? next[end].Judge(port, packet) : Fit::NONE;
    }
};

} // namespace ikelab::esp
