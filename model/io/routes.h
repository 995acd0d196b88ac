// SPDX-License-Identifier: MIT
#pragma once

#include "base/ip_address.h"
#include "io/file_descriptor.h"
#include "io/system_error.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace ikelab::io
{

/// One address block and where it is routed.
struct Route
{
    IpAddress network;
    unsigned prefixLength{0};
    unsigned interfaceIndex{0};
    /// What the system uses as source of its own packets on this route.
    std::optional<IpAddress> preferredSource{};
};

/**
 * A routing table of our own that everything but our own sockets looks into first: what belongs
 * into a tunnel goes there, even if the tunnel's other end is part of it. Routes go with their
 * interface, even if it is only set down; behind each is one that says "unreachable", for the main
 * table would send the packets in clear. Those and the rules go with this object. (rtnetlink(7);
 * charon does the same with table 220.)
 */
class PolicyRoutes
{
  public:
    static constexpr uint32_t TABLE = 220;
    /// Sockets with this mark do not look into the table.
    static constexpr uint32_t MARK = 220;

    /// Needs CAP_NET_ADMIN.
    static SystemResult<PolicyRoutes> Open();

    PolicyRoutes(PolicyRoutes&&) = default;
    PolicyRoutes& operator=(PolicyRoutes&&) = delete;
    ~PolicyRoutes();

    /// Add a route, and with the first of its family the rule that leads to the table. A route that
    /// is there already is replaced. If it cannot be made, what says "unreachable" stays.
    SystemResult<void> Add(const Route& route);
    /// Remove a route that Add made, and what is behind it.
    void Remove(const Route& route);

  private:
    explicit PolicyRoutes(FileDescriptor file) : m_file(std::move(file))
    {
    }

    SystemResult<void> AddRule(int family);
    /// The route into its interface. An errno, or 0.
    int ChangeRoute(const Route& route, bool add);
    /// The route of last resort for the same network says "unreachable". An errno, or 0.
    int ChangeBarrier(const Route& route, bool add);
    /// An errno, or 0.
    int ChangeRule(int family, uint32_t priority, bool add);
    /// Send one request and read its acknowledgement; the errno that it carries, or 0.
    int Ask(Bytes request);

    FileDescriptor m_file;
    uint32_t m_sequence{0};
    std::vector<Route> m_barriers;
    std::map<int, uint32_t> m_rules; ///< priority by address family
};

/**
 * What IP packets to `remote` may have by the link that leads there now, or by its route if that
 * says less. Not what ICMP errors said: see PathMtuTo.
 * @param mark of the packets, 0 for none
 * @return 0 without a route
 */
uint32_t LinkMtuTo(const IpAddress& remote, uint32_t mark = 0);

/// The CIDR blocks that make up a range, in order: at most 254.
std::vector<IpRange> ToPrefixes(const IpRange& range);

/// All addresses of this host's interfaces, sorted.
SystemResult<std::vector<IpAddress>> LocalAddresses();

} // namespace ikelab::io
