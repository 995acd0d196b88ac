// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace ikelab::esp
{

/// What an SA may be used for, RFC 4301 §4.4.2.1; 0, or no moment, is no limit.
struct LifetimeLimits
{
    std::optional<Instant> softTime{};
    std::optional<Instant> hardTime{};
    uint64_t softOctets{0}; ///< of ESP packets' inner packets, and what hides their sizes
    uint64_t hardOctets{0};
    uint64_t softPackets{0};
    uint64_t hardPackets{0};
};

/// A limit that was passed.
struct LifetimeLimit
{
    bool hard{false};
    std::string_view what; ///< "time", "bytes" or "packets"
};

/**
 * Counts the use of one SA in one direction and tells each of the two limits, soft and hard, once:
 * whichever of time, octets and packets comes first.
 */
class Lifetime
{
  public:
    Lifetime() = default;

    explicit Lifetime(const LifetimeLimits& limits)
        : m_soft(limits.softTime, limits.softOctets, limits.softPackets),
          m_hard(limits.hardTime, limits.hardOctets, limits.hardPackets)
    {
    }

    /// A packet of so many octets was protected or accepted.
    void
    Count(size_t octets)
    {
        m_octets += octets;
        m_packets += 1;
    }

    /// What hides traffic (RFC 4303 §2.6, §2.7) wears a key as traffic does: RFC 4301 §4.4.2.1 (a)
    /// counts whatever is encrypted.
    void
    CountTfc(size_t packets, size_t octets)
    {
        m_octets += octets;
        m_packets += packets;
        m_tfcOctets += octets;
        m_tfcPackets += packets;
    }

    /// False once a hard limit was reached: the SA must not be used any more.
    bool
    Usable(Instant now) const
    {
        return !IsPassed(m_hard, now);
    }

    /// False if Poll has surely nothing to tell.
    bool
    MayBeDue(Instant now) const
    {
        return IsPassed(m_soft, now) || IsPassed(m_hard, now);
    }

    /// A limit that was passed and not told before; ask again until there is none.
    std::optional<LifetimeLimit> Poll(Instant now);

    /// When the next limit in time passes.
    std::optional<Instant> NextDeadline() const;

    uint64_t
    Octets() const
    {
        return m_octets;
    }

    uint64_t
    Packets() const
    {
        return m_packets;
    }

    /// So many of these were dummies and padding.
    uint64_t
    TfcOctets() const
    {
        return m_tfcOctets;
    }

    uint64_t
    TfcPackets() const
    {
        return m_tfcPackets;
    }

  private:
    /// What is not limited is never reached: every packet asks.
    struct Limit
    {
        Limit() = default;

        Limit(std::optional<Instant> moment, uint64_t octetLimit, uint64_t packetLimit)
            : time(moment.value_or(Instant::max())),
              octets(octetLimit == 0 ? NEVER : octetLimit),
              packets(packetLimit == 0 ? NEVER : packetLimit)
        {
        }

        static constexpr uint64_t NEVER = std::numeric_limits<uint64_t>::max();

        Instant time{Instant::max()};
        uint64_t octets{NEVER};
        uint64_t packets{NEVER};
    };

    bool
    IsPassed(const Limit& limit, Instant now) const
    {
        return now >= limit.time || m_octets >= limit.octets || m_packets >= limit.packets;
    }

    /// "time", "bytes" or "packets" of a limit that is passed.
    std::string_view WhatOf(const Limit& limit, Instant now) const;

    Limit m_soft; ///< none any more once it was told
    Limit m_hard;
    uint64_t m_octets{0};
    uint64_t m_packets{0};
    uint64_t m_tfcOctets{0};
    uint64_t m_tfcPackets{0};
    bool m_hardTold{false};
};

} // namespace ikelab::esp
