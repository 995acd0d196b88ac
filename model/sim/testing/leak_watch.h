// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "sim/link_tap.h"
#include "sim/testing/policy_oracle.h"
#include "sim/testing/random_network.h"
#include "sim/testing/random_policies.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace ns3::testing
{

/// What payloads are made of, so that any 24 octets of one tell whose they are: "<P000123>" or
/// "<F000123}".
std::string MarkedPayload(char kind, uint32_t number, size_t octets);

/// The kinds of MarkedPayload.
inline constexpr char FROM_INSIDE = 'P';
inline constexpr char FORGED = 'F'; ///< put on an outer link in clear by somebody

/**
 * Looks at every frame of every link for packets in clear that the oracle's reading of the policies
 * says must be protected or discarded:
 *
 * - what a gateway sends in clear, by any device that is not on its protected side;
 * - what routers carry in clear from behind a gateway;
 * - ICMP errors of a gateway that quote what came, or had to come, by a tunnel;
 * - clear payloads inside ESP and IKE;
 * - packets that came in clear against policy, and went on.
 */
class LeakWatch
{
  public:
    LeakWatch(const RandomNetwork& network, const std::vector<GatewayPolicy>& policies);

    void See(const TapFrame& frame);
    /// A gateway's own socket got this payload.
    void SeeDelivered(size_t gateway, const std::string& payload);

    std::vector<std::string> leaks;
    size_t protectedFrames{0}; ///< ESP of gateways
    size_t clearFrames{0};     ///< marked, in clear and rightly so, on outer links
    size_t refusedFrames{0};   ///< came in clear to a gateway that must not let them in
    size_t fragments{0};       ///< in clear on outer links, rightly so

  private:
    struct Place
    {
        const TapFrame& frame;
        size_t gateway; ///< whose device it is; the count of gateways if nobody's
        bool inside;
        std::string mark; ///< empty if none
    };

    Reading ReadingOf(size_t gateway, const OraclePacket& packet, bool outbound) const;
    bool IsOwnEspOrIke(const Place& place, const OraclePacket& packet) const;
    void SeeSent(const Place& place, const OraclePacket& packet);
    void SeeReceived(const Place& place, const OraclePacket& packet);
    void SeeQuoted(const Place& place, const OraclePacket& error);
    void Report(const Place& place, const OraclePacket& packet, const std::string& what);

    const RandomNetwork& m_network;
    const std::vector<GatewayPolicy>& m_policies;
    PolicyOracle m_oracle;
    std::vector<std::set<std::string>> m_refused; ///< per gateway: one part of one packet
    std::vector<std::set<std::string>> m_refusedMarks;
    /// Went out in clear by a gateway that may, perhaps after it came to that one by a tunnel.
    std::set<std::string> m_forwarded;
};

} // namespace ns3::testing
