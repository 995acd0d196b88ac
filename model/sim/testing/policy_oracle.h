// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

/**
 * A second reading of packets and policies (RFC 4301 §4.4.1), as plain as it can be and on none of
 * the code that the gateways use: it looks at every rule in turn, and it knows the ports of later
 * fragments because it saw the first ones.
 */
namespace ns3::testing
{

enum class Reading
{
    PROTECT,
    BYPASS,
    DISCARD
};

/// Addresses of one block with a protocol (0: any) and a range of ports.
struct OracleSelector
{
    ikelab::IpAddress network;
    unsigned prefix{0};
    uint8_t protocol{0};
    uint16_t firstPort{0};
    uint16_t lastPort{65535};

    /// As swanctl writes it: "10.1.0.0/16[udp/9-80]".
    std::string ToText() const;
};

struct OracleRule
{
    Reading reading{Reading::BYPASS};
    std::vector<OracleSelector> local;
    std::vector<OracleSelector> remote;
};

/// What the oracle sees of an IP packet.
struct OraclePacket
{
    ikelab::IpAddress source;
    ikelab::IpAddress destination;
    uint8_t protocol{0};
    bool protocolKnown{true}; ///< false in later IPv6 fragments whose first one nobody saw
    bool portsKnown{false};
    uint16_t sourcePort{0};
    uint16_t destinationPort{0};
    uint8_t hops{0};
    uint8_t icmpType{0};
    uint16_t offset{0}; ///< of a fragment, in octets
    bool fragment{false};
    ikelab::Bytes content; ///< the next layer; borrowed

    bool
    IsIcmp() const
    {
        return protocol == 1 || protocol == 58;
    }

    /// An ICMP error, which quotes another packet.
    bool IsIcmpError() const;
    std::string ToText() const;
};

class PolicyOracle
{
  public:
    /// Nothing if these octets are no IP packet. Ports of first fragments, and in IPv6 their
    /// protocol, are remembered for the later ones.
    std::optional<OraclePacket> Read(ikelab::Bytes packet);

    /// The first rule that holds the packet decides. A packet whose ports or protocol nobody saw is
    /// held by a rule for some as well, unless that bypasses.
    static Reading Judge(const std::vector<OracleRule>& rules,
                         Reading otherwise,
                         const OraclePacket& packet,
                         bool outbound);

  private:
    using Datagram = std::tuple<ikelab::IpAddress, ikelab::IpAddress, uint32_t>;

    struct Seen
    {
        uint8_t protocol;
        bool portsKnown;
        uint16_t sourcePort;
        uint16_t destinationPort;
    };

    std::map<Datagram, Seen> m_first;
};

} // namespace ns3::testing
