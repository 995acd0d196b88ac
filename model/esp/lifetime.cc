// SPDX-License-Identifier: MIT
#include "esp/lifetime.h"

#include <algorithm>

namespace ikelab::esp
{

std::optional<std::string_view>
Lifetime::Passed(Instant now, bool hard) const
{
    const auto& moment = hard ? m_limits.hardTime : m_limits.softTime;
    const uint64_t octets = hard ? m_limits.hardOctets : m_limits.softOctets;
    const uint64_t packets = hard ? m_limits.hardPackets : m_limits.softPackets;
    if (moment && now >= *moment)
    {
        return "time";
    }
    if (octets != 0 && m_octets >= octets)
    {
        return "bytes";
    }
    if (packets != 0 && m_packets >= packets)
    {
        return "packets";
    }
    return std::nullopt;
}

bool
Lifetime::Usable(Instant now) const
{
    return !Passed(now, true);
}

std::optional<LifetimeLimit>
Lifetime::Poll(Instant now)
{
    if (!m_softTold)
    {
        if (const auto what = Passed(now, false))
        {
            m_softTold = true;
            return LifetimeLimit{false, *what};
        }
    }
    if (!m_hardTold)
    {
        if (const auto what = Passed(now, true))
        {
            // No use in asking for a successor of an SA that is over already.
            m_softTold = true;
            m_hardTold = true;
            return LifetimeLimit{true, *what};
        }
    }
    return std::nullopt;
}

std::optional<Instant>
Lifetime::NextDeadline() const
{
    if (!m_softTold && m_limits.softTime)
    {
        return m_limits.hardTime ? std::min(*m_limits.softTime, *m_limits.hardTime)
                                 : *m_limits.softTime;
    }
    if (!m_hardTold)
    {
        return m_limits.hardTime;
    }
    return std::nullopt;
}

} // namespace ikelab::esp
