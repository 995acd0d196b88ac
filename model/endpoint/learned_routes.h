// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/ip_address.h"
#include "base/selector.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace ikelab::endpoint
{

/**
 * Which prefixes lead into the TUN device, and what for. The selectors of a child whose peer may
 * come from anywhere are known with its SA only. Its prefixes stay when it is gone: what the host
 * has yet to answer would leave in clear.
 */
class LearnedRoutes
{
  public:
    /// A prefix that a child's configuration names: it has its route for ever.
    void Configure(const IpRange& prefix);
    /// An SA protects packets to these.
    /// @return the prefixes to route: those that no other SA uses. A device that was down meanwhile
    /// has lost the routes that were kept.
    std::vector<IpRange> Add(ChildSaId child, const Selectors& remoteTs);
    /// The SA is gone.
    void Remove(ChildSaId child);
    /// The prefix that no SA has used for longest, if there are more than limits::IDLE_ROUTES of
    /// them. It is forgotten here.
    std::optional<IpRange> TakeSurplus();

  private:
    struct Known
    {
        bool configured{false};
        size_t users{0};
        uint64_t idleSince{0}; ///< its place in m_idle, 0 for none
    };

    std::map<IpRange, Known> m_known;
    std::map<ChildSaId, std::vector<IpRange>> m_children;
    std::map<uint64_t, IpRange> m_idle; ///< by when their last SA went
    uint64_t m_idleCount{0};
};

} // namespace ikelab::endpoint
