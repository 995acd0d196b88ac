// SPDX-License-Identifier: MIT
#include "gateway/path_mtu.h"

#include "base/limits.h"

#include <algorithm>

namespace ikelab::gateway
{

bool
PathMtus::Lower(Instant now, const IpAddress& local, const IpAddress& remote, PathMtu mtu)
{
    const PathMtu before = FindKnown(now, local, remote);
    if (before.octets != 0 && mtu.octets >= before.octets && mtu.belowLeast <= before.belowLeast)
    {
        return false;
    }
    if (before.octets == 0 && m_known.size() >= limits::PATH_MTUS)
    {
        m_known.erase(std::ranges::min_element(
            m_known, {}, [](const auto& entry) { return entry.second.until; }));
    }
    m_known[{local, remote}] = {mtu, now + m_lifetime};
    return true;
}

PathMtu
PathMtus::FindKnown(Instant now, const IpAddress& local, const IpAddress& remote)
{
    const auto found = m_known.find({local, remote});
    if (found == m_known.end())
    {
        return {};
    }
    if (found->second.until <= now)
    {
        m_known.erase(found);
        return {};
    }
    return found->second.mtu;
}

} // namespace ikelab::gateway
