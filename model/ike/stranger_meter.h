// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/instant.h"
#include "base/limits.h"
#include "base/result.h"

#include <chrono>
#include <map>
#include <utility>

namespace ikelab::ike
{

/**
 * Which of the messages that anybody can send (in clear, forged, or old ones again) the owner is
 * told of: each fault so often a second for one SA, and for all that belong to none together. What
 * is not told is counted.
 */
class StrangerMeter
{
  public:
    bool
    Tells(Instant now, Fault fault, IkeSaId sa)
    {
        if (now - m_began >= std::chrono::seconds(1))
        {
            m_began = now;
            m_seen.clear(); // so there are never more rows than datagrams in a second
        }
        const bool tells = ++m_seen[{fault, sa}] <= limits::REFUSAL_EVENTS_PER_SECOND;
        m_untold += tells ? 0 : 1;
        return tells;
    }

    uint64_t
    Untold() const
    {
        return m_untold;
    }

  private:
    Instant m_began{};
    std::map<std::pair<Fault, IkeSaId>, size_t> m_seen;
    uint64_t m_untold{0};
};

} // namespace ikelab::ike
