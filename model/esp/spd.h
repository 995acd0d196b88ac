// SPDX-License-Identifier: MIT
#pragma once

#include "esp/packet_info.h"
#include "esp/selector_index.h"
#include "esp/selector_set.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ikelab::esp
{

/// What policy says of a packet, RFC 4301 §4.4.1.
enum class PolicyAction
{
    PROTECT,
    BYPASS,
    DISCARD
};

/// What a rule decides.
struct Decision
{
    PolicyAction action{PolicyAction::BYPASS};
    uint32_t tag{0}; ///< the owner's word for what the rule stands for, at most LARGEST_TAG

    static constexpr uint32_t LARGEST_TAG = (1u << 30) - 1;

    bool operator==(const Decision&) const = default;
};

/// One entry of the SPD for both directions.
struct Policy
{
    PolicyAction action{PolicyAction::BYPASS};
    uint32_t tag{0};
    TrafficSelectors selectors;
};

/**
 * The SPD: ordered rules, the first that matches decides. Rules are found by an index over
 * addresses, and the answer is remembered per flow in a small cache of fixed size.
 *
 * A packet that hides its ports passes rules that ask for ports only if they bypass: where such a
 * rule would protect or discard, the packet is discarded, for nobody can tell whether it belongs to
 * what must not leave in clear (RFC 4301 §7).
 */
class Spd
{
  public:
    Spd() = default;
    Spd(const Spd&) = delete;
    Spd& operator=(const Spd&) = delete;

    /// Replace all rules.
    void Assign(std::vector<Policy> rules);

    /// Put one more rule behind all others. @return its place, for Erase
    uint64_t Append(Policy rule);
    /// False if there is no rule at this place.
    bool Erase(uint64_t place);

    /// What the rule of a packet that leaves or comes in decides; nothing if none matches.
    std::optional<Decision>
    MatchOutbound(const PacketInfo& packet) const
    {
        return Match(packet, true);
    }

    std::optional<Decision>
    MatchInbound(const PacketInfo& packet) const
    {
        return Match(packet, false);
    }

    /// MatchOutbound past the rules whose decision `passedOver` names. Nothing is remembered of it.
    std::optional<Decision> MatchOutboundPast(
        const PacketInfo& packet,
        const std::function<bool(const Decision& decision)>& passedOver) const;

    size_t
    Size() const
    {
        return m_index.Size();
    }

    bool
    Empty() const
    {
        return Size() == 0;
    }

  private:
    /// All that a rule looks at.
    struct Flow
    {
        AddressNumber source;
        AddressNumber destination;
        uint16_t sourcePort{0};
        uint16_t destinationPort{0};
        uint8_t protocol{0};
        bool portsKnown{false};
        bool portsHidden{false};
        bool protocolKnown{true};
        bool outbound{false};

        bool Is(const PacketInfo& packet, bool leaves) const;
    };

    static size_t HashOf(const PacketInfo& packet, bool outbound);

    struct Remembered
    {
        bool valid{false};
        Flow flow;
        std::optional<Decision> decision;
    };

    static constexpr size_t CACHE_SIZE = 64;

    std::optional<Decision> Match(const PacketInfo& packet, bool outbound) const;

    uint64_t m_nextPlace{0}; ///< none is taken twice
    SelectorIndex m_index;   ///< its tags are decisions
    mutable std::array<Remembered, CACHE_SIZE> m_cache{};
};

} // namespace ikelab::esp
