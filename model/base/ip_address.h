// SPDX-License-Identifier: MIT
#pragma once

#include "base/assert.h"
#include "base/bytes.h"
#include "base/fixed_fields.h"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace ikelab
{

/// An IPv4 or IPv6 address; the default is the IPv4 unspecified address 0.0.0.0.
class IpAddress
{
  public:
    IpAddress() = default;

    friend struct IpRange;

    static IpAddress
    V4(uint32_t hostOrder)
    {
        return IpAddress(4, uint64_t{hostOrder} << 32, 0);
    }

    /// From 4 or 16 octets in network order (own bug otherwise).
    static IpAddress
    FromOctets(Bytes octets)
    {
        IKELAB_ASSERT(octets.size() == 4 || octets.size() == 16);
        return octets.size() == 4 ? V4(LoadField<0, uint32_t>(octets.first<4>()))
                                  : IpAddress(16,
                                              LoadField<0, uint64_t>(octets.first<16>()),
                                              LoadField<8, uint64_t>(octets.first<16>()));
    }

    /// "192.0.2.1" or "2001:db8::1"; nothing if it is neither.
    static std::optional<IpAddress> Parse(std::string_view text);

    bool
    IsV4() const
    {
        return m_octetCount == 4;
    }

    bool
    IsV6() const
    {
        return m_octetCount == 16;
    }

    /// 0.0.0.0 or ::
    bool
    IsUnspecified() const
    {
        return High() == 0 && Low() == 0;
    }

    /// An IPv4 address as a number (own bug otherwise).
    uint32_t
    HostOrderV4() const
    {
        IKELAB_ASSERT(IsV4());
        return static_cast<uint32_t>(High() >> 32);
    }

    /// 4 or 16 octets in network order.
    Bytes
    Octets() const
    {
        return {m_octets.data(), m_octetCount};
    }

    std::string ToString() const;

    // By words and not by octets: packets are compared with many addresses.
    bool
    operator==(const IpAddress& other) const
    {
        return m_octetCount == other.m_octetCount && High() == other.High() && Low() == other.Low();
    }

    /// Orders all IPv4 before all IPv6, each as numbers.
    std::strong_ordering
    operator<=>(const IpAddress& other) const
    {
        const auto families = m_octetCount <=> other.m_octetCount;
        const auto high = High() <=> other.High();
        return families != 0 ? families : high != 0 ? high : Low() <=> other.Low();
    }

  private:
    /// Stored in one piece: what is written in several just before it is read in others has to be
    /// waited for.
    /// The octets come first, for copies take sixteen from the beginning.
    IpAddress(uint8_t octetCount, uint64_t high, uint64_t low) : m_octetCount(octetCount)
    {
        using Words [[gnu::vector_size(16)]] = uint64_t;
        const Words words{BigEndian(high), BigEndian(low)};
        std::memcpy(m_octets.data(), &words, sizeof(words));
    }

    uint64_t
    High() const
    {
        return LoadField<0, uint64_t>(std::span(m_octets));
    }

    uint64_t
    Low() const
    {
        return LoadField<8, uint64_t>(std::span(m_octets));
    }

    std::array<uint8_t, 16> m_octets{}; ///< of IPv4 the first four, the rest 0
    uint8_t m_octetCount{4};
};

/// All addresses from first to last, both included and of one family.
struct IpRange
{
    IpAddress first;
    IpAddress last;

    /// "10.1.0.0/16", "10.1.0.0-10.1.0.9" or a single address; nothing if malformed or reversed.
    static std::optional<IpRange> Parse(std::string_view text);
    /// All addresses that share their first `prefix` bits with this one (at most all of them, own
    /// bug otherwise).
    static IpRange Block(const IpAddress& address, unsigned prefix);
    /// Every address of a family.
    static IpRange AnyV4();
    static IpRange AnyV6();

    bool Contains(const IpAddress& address) const;
    bool Contains(const IpRange& range) const;
    /// The addresses in both, if any.
    std::optional<IpRange> Intersect(const IpRange& range) const;
    /// How many first bits all of them share.
    unsigned SharedBits() const;
    /// The prefix length if this is exactly one CIDR block.
    std::optional<unsigned> PrefixLength() const;
    /// CIDR where possible, else "first-last".
    std::string ToString() const;

    auto operator<=>(const IpRange&) const = default;
};

/// The ends of a packet, by its IP header.
struct AddressPair
{
    IpAddress source;
    IpAddress destination;

    auto operator<=>(const AddressPair&) const = default;
};

/// A UDP address.
struct SocketAddress
{
    IpAddress address;
    uint16_t port{0};

    /// "192.0.2.1[500]", as charon prints it.
    std::string ToString() const;
    auto operator<=>(const SocketAddress&) const = default;
};

/// The two ends of a datagram, seen from us.
struct Path
{
    SocketAddress local;
    SocketAddress remote;

    auto operator<=>(const Path&) const = default;
};

} // namespace ikelab
