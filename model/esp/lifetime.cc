// SPDX-License-Identifier: MIT
#include "esp/lifetime.h"

#include <algorithm>

namespace ikelab::esp
{

std::string_view
Lifetime::WhatOf(const Limit& limit, Instant now) const
{
    return now >= limit.time ? "time" : m_octets >= limit.octets ? "bytes" : "packets";
}

std::optional<LifetimeLimit>
Lifetime::Poll(Instant now)
{
    if (IsPassed(m_soft, now))
    {
        const std::string_view what = WhatOf(m_soft, now);
        m_soft = {};
        return LifetimeLimit{false, what};
    }
    if (!m_hardTold && IsPassed(m_hard, now))
    {
        // No use in asking for a successor of an SA that is over already.
        m_soft = {};
        m_hardTold = true;
        return LifetimeLimit{true, WhatOf(m_hard, now)};
    }
    return std::nullopt;
}

std::optional<Instant>
Lifetime::NextDeadline() const
{
    const Instant next = std::min(m_soft.time, m_hard.time);
    return m_hardTold || next == Instant::max() ? std::nullopt : std::optional(next);
}

} // namespace ikelab::esp
