// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/instant.h"
#include "esp/packet_info.h"

#include <cstdint>
#include <vector>

namespace ikelab::esp
{

/// The way that a packet takes past policy. Fragments never follow one of another way.
struct FragmentWay
{
    static constexpr uint64_t OUTBOUND = 0;
    static constexpr uint64_t CLEAR = 1; ///< in from the unprotected side

    /// In by this SA.
    static constexpr uint64_t
    Of(EspSpi spi)
    {
        return (uint64_t{1} << 32) | spi.value;
    }
};

/**
 * Stateful fragment checking (RFC 4301 §7.3, §7.4): remembers the ports of first fragments, so that
 * the later ones, which show none, are judged as these were; and in IPv6 the protocol, which the
 * later ones may lie about (RFC 8200 §4.5). What comes before its first fragment,
 * or could overwrite the ports of it (RFC 1858), keeps them hidden: policy then discards it where
 * they matter.
 *
 * A cache of fixed size. Who floods it with first fragments makes others' later fragments
 * be lost, and no more.
 */
class FragmentTable
{
  public:
    /// Remember a first fragment, or complete what is known of a later one.
    void
    Follow(Instant now, uint64_t way, PacketInfo& info)
    {
        if (info.fragment)
        {
            FollowFragment(now, way, info);
        }
    }

  private:
    struct Key
    {
        uint64_t way{0};
        AddressNumber source;
        AddressNumber destination;
        uint32_t identification{0};
        /// IPv4 reassembles by it (RFC 791 §3.2); in IPv6 that of the first fragment counts alone
        /// (RFC 8200 §4.5).
        uint8_t protocol{0};

        bool operator==(const Key&) const = default;
        size_t Hash() const;
    };

    struct First
    {
        bool used{false};
        Key key;
        Instant until;
        size_t end{0}; ///< of its part of the packet, in octets
        uint16_t sourcePort{0};
        uint16_t destinationPort{0};
        uint8_t protocol{0};
        bool portsKnown{false}; ///< else its protocol has none
    };

    static constexpr size_t PLACES = 4; ///< where one packet may be

    void FollowFragment(Instant now, uint64_t way, PacketInfo& info);
    void Remember(Instant now, const Key& key, const PacketInfo& info);

    std::vector<First> m_firsts; ///< made with the first fragment; PLACES of one hash in a row
};

/// A later fragment whose first one told no more than the protocol: what an SA of a protocol
/// carries without any agreement (RFC 4301 §7.1).
PacketInfo WithoutPortsOfFirst(const PacketInfo& info);

/// The table for one packet that comes by an SA.
struct FragmentFollower
{
    FragmentTable& table;
    Instant now;
    uint64_t way{0};
    bool agreed{false}; ///< on later fragments where the SA's selectors ask for ports

    void
    Follow(PacketInfo& info) const
    {
        table.Follow(now, way, info);
        if (!agreed)
        {
            info = WithoutPortsOfFirst(info);
        }
    }
};

} // namespace ikelab::esp
