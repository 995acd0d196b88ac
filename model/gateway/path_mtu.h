// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "base/ip_address.h"

#include <cstdint>
#include <map>
#include <utility>

namespace ikelab::gateway
{

/// What was learned of the way of outer packets.
struct PathMtu
{
    uint32_t octets{0}; ///< of whole IP packets; 0: nothing is known but the own link
    /// Somebody reported less than we take a word for: routers may then fragment (no DF).
    bool belowLeast{false};

    bool operator==(const PathMtu&) const = default;
};

/**
 * Path MTUs that unauthenticated ICMP errors told of (RFC 4301 §8.2.1), kept per pair of tunnel
 * ends, so that the successor of an SA need not learn them again. Each is forgotten after a while,
 * lest the path grew (§8.2.2, RFC 1191 §6.3).
 */
class PathMtus
{
  public:
    explicit PathMtus(Duration lifetime) : m_lifetime(lifetime)
    {
    }

    /// RFC 8201 §4: an error never raises what is known. @return true if this was news
    bool Lower(Instant now, const IpAddress& local, const IpAddress& remote, PathMtu mtu);

    PathMtu
    Find(Instant now, const IpAddress& local, const IpAddress& remote)
    {
        return m_known.empty() ? PathMtu{} : FindKnown(now, local, remote);
    }

    size_t
    Size() const
    {
        return m_known.size();
    }

  private:
    struct Known
    {
        PathMtu mtu;
        Instant until;
    };

    PathMtu FindKnown(Instant now, const IpAddress& local, const IpAddress& remote);

    Duration m_lifetime;
    std::map<std::pair<IpAddress, IpAddress>, Known> m_known;
};

} // namespace ikelab::gateway
