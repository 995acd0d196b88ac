// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "base/limits.h"
#include "base/result.h"

#include <map>
#include <utility>

namespace ikelab::gateway
{

/// Says which refused packets become events, so that a flood of garbage is not a flood of events.
class RefusalMeter
{
  public:
    bool
    Allows(Instant now, Fault fault, bool inbound)
    {
        Second& second = m_seconds[{fault, inbound}];
        if (second.reported == 0 || now - second.began >= std::chrono::seconds(1))
        {
            second = {now, 0};
        }
        return ++second.reported <= limits::REFUSAL_EVENTS_PER_SECOND;
    }

  private:
    struct Second
    {
        Instant began{};
        size_t reported{0};
    };

    std::map<std::pair<Fault, bool>, Second> m_seconds;
};

} // namespace ikelab::gateway
