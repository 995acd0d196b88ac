// SPDX-License-Identifier: MIT
#include "esp/ah_authenticated.h"

#include "base/fixed_fields.h"
#include "base/limits.h"
#include "esp/packet_info.h"

#include <algorithm>
#include <array>
#include <optional>

namespace ikelab::esp
{

namespace
{

constexpr size_t V4_HEADER_OCTETS = 20;
constexpr size_t V6_HEADER_OCTETS = 40;
constexpr size_t V6_NEXT_HEADER = 6; ///< where it stands

constexpr uint8_t HOP_BY_HOP = 0;
constexpr uint8_t ROUTING = 43;
constexpr uint8_t FRAGMENT = 44;
constexpr uint8_t DESTINATION_OPTIONS = 60;

constexpr size_t FRAGMENT_OCTETS = 8;

bool
IsV6(Bytes packet)
{
    return !packet.empty() && packet.front() >> 4 == 6;
}

/// An extension header that may stand before AH.
struct Extension
{
    uint8_t type{0};
    size_t announced{0}; ///< offset of the octet that names it
    size_t offset{0};
    size_t octets{0};
};

/**
 * The extension headers of an IPv6 packet that may stand before AH, one after the other. What is
 * read is never behind the end of the packet.
 */
class ExtensionWalk
{
  public:
    explicit ExtensionWalk(Bytes packet) : m_packet(packet)
    {
    }

    /// Nothing at the first header of another kind.
    Result<std::optional<Extension>>
    Next()
    {
        const uint8_t type = m_packet[m_announced];
        if (type != HOP_BY_HOP && type != ROUTING && type != FRAGMENT &&
            type != DESTINATION_OPTIONS)
        {
            return std::optional<Extension>();
        }
        if (++m_count > limits::EXTENSION_HEADERS)
        {
            return Fail(Fault::LIMIT, "IPv6 extension headers", m_offset);
        }
        const Bytes rest = m_packet.subspan(m_offset);
        if (rest.size() < 8)
        {
            return Fail(Fault::BAD_VALUE, "IPv6 extension header", m_offset);
        }
        const size_t octets = type == FRAGMENT ? FRAGMENT_OCTETS : size_t{8} * rest[1] + 8;
        if (octets > rest.size())
        {
            return Fail(Fault::BAD_VALUE, "IPv6 extension header", m_offset);
        }
        const Extension extension{type, m_announced, m_offset, octets};
        m_announced = m_offset;
        m_offset += octets;
        return std::optional(extension);
    }

  private:
    Bytes m_packet;
    size_t m_announced{V6_NEXT_HEADER};
    size_t m_offset{V6_HEADER_OCTETS};
    size_t m_count{0};
};

/// RFC 4302 appendix A1; what it does not name is zeroed, too (§3.3.3.1).
bool
IsImmutableV4(uint8_t option)
{
    constexpr std::array<uint8_t, 5> IMMUTABLE{130,  // Security
                                               133,  // Extended Security
                                               134,  // Commercial Security
                                               148,  // Router Alert
                                               149}; // Sender Directed Multi-Destination Delivery
    return std::ranges::find(IMMUTABLE, option) != IMMUTABLE.end();
}

/**
 * RFC 791 §3.1: a route goes on with the address that its pointer names. Until it is used up the
 * destination is the next hop, and the last address where the packet arrives in the end.
 */
Result<void>
PredictV4Destination(MutableBytes header, Bytes option, AhEnd end)
{
    constexpr size_t FIXED_OCTETS = 3;
    if (option.size() < FIXED_OCTETS || option[2] > option.size())
    {
        return {};
    }
    if (end == AhEnd::RECEIVER)
    {
        return Fail(Fault::POLICY, "source route that leads on");
    }
    if (option.size() >= FIXED_OCTETS + 4 && option[2] <= option.size() - 3)
    {
        std::ranges::copy(option.last<4>(), header.subspan<16, 4>().begin());
    }
    return {};
}

Result<void>
ZeroV4(MutableBytes header, AhEnd end)
{
    constexpr uint8_t END_OF_OPTIONS = 0;
    constexpr uint8_t NO_OPERATION = 1;
    constexpr uint8_t LOOSE_SOURCE_ROUTE = 131;
    constexpr uint8_t STRICT_SOURCE_ROUTE = 137;
    const auto fixed = header.first<V4_HEADER_OCTETS>();
    if ((LoadField<6, uint16_t>(std::span<const uint8_t, V4_HEADER_OCTETS>(fixed)) & 0x3fff) != 0)
    {
        return Fail(Fault::POLICY, "AH in a fragment");
    }
    StoreField<1, uint8_t>(fixed, 0);   // DSCP and ECN
    StoreField<6, uint16_t>(fixed, 0);  // flags and fragment offset
    StoreField<8, uint8_t>(fixed, 0);   // TTL
    StoreField<10, uint16_t>(fixed, 0); // checksum
    for (size_t offset = V4_HEADER_OCTETS; offset < header.size();)
    {
        const uint8_t type = header[offset];
        if (type == END_OF_OPTIONS)
        {
            return {};
        }
        if (type == NO_OPERATION)
        {
            ++offset;
            continue;
        }
        const size_t left = header.size() - offset;
        const size_t octets = left < 2 ? 0 : header[offset + 1];
        if (octets < 2 || octets > left)
        {
            return Fail(Fault::BAD_VALUE, "IPv4 option", offset);
        }
        const MutableBytes option = header.subspan(offset, octets);
        if (type == LOOSE_SOURCE_ROUTE || type == STRICT_SOURCE_ROUTE)
        {
            TRY(PredictV4Destination(header, option, end));
        }
        if (!IsImmutableV4(type))
        {
            std::ranges::fill(option, uint8_t{0});
        }
        offset += octets;
    }
    return {};
}

/// RFC 8200 §4.2: the third bit of its type says that an option's data may change.
Result<void>
ZeroV6Options(MutableBytes extension)
{
    constexpr uint8_t PAD1 = 0;
    constexpr uint8_t MAY_CHANGE = 0x20;
    for (size_t offset = 2; offset < extension.size();)
    {
        const uint8_t type = extension[offset];
        if (type == PAD1)
        {
            ++offset;
            continue;
        }
        const size_t left = extension.size() - offset;
        const size_t dataOctets = left < 2 ? left : extension[offset + 1];
        if (left < 2 || dataOctets > left - 2)
        {
            return Fail(Fault::BAD_VALUE, "IPv6 option", offset);
        }
        if ((type & MAY_CHANGE) != 0)
        {
            std::ranges::fill(extension.subspan(offset + 2, dataOctets), uint8_t{0});
        }
        offset += 2 + dataOctets;
    }
    return {};
}

/**
 * RFC 2460 §4.4: at each hop of a type 0 route the destination changes places with the next
 * address. Afterwards the last of them is the destination, and each of the others stands one
 * further on. Of other types a route that is used up changes no more; the rest cannot be predicted.
 * At its destination any is used up (RFC 8200 §4.4).
 */
Result<void>
PredictV6Route(MutableBytes header, MutableBytes extension, AhEnd end)
{
    constexpr size_t FIXED_OCTETS = 8;
    constexpr size_t ADDRESS_OCTETS = 16;
    constexpr uint8_t TYPE_0 = 0;
    const uint8_t left = extension[3];
    if (left == 0)
    {
        return {};
    }
    if (end == AhEnd::RECEIVER)
    {
        return Fail(Fault::POLICY, "routing header that leads on", 3, left);
    }
    if (extension[2] != TYPE_0)
    {
        return Fail(Fault::POLICY, "routing header that AH cannot cover", 2, extension[2]);
    }
    const MutableBytes addresses = extension.subspan(FIXED_OCTETS);
    const size_t octets = size_t{left} * ADDRESS_OCTETS;
    if (addresses.size() % ADDRESS_OCTETS != 0 || octets > addresses.size())
    {
        return Fail(Fault::BAD_VALUE, "IPv6 routing header");
    }
    const auto destination = header.subspan<24, ADDRESS_OCTETS>();
    for (MutableBytes ahead = addresses.last(octets); !ahead.empty();
         ahead = ahead.subspan(ADDRESS_OCTETS))
    {
        std::ranges::swap_ranges(destination, ahead.first(ADDRESS_OCTETS));
    }
    extension[3] = 0;
    return {};
}

/**
 * Appendix A2: a fragment header that the IP layer left in a whole packet is skipped. The length is
 * then that of the packet without it, as whoever reassembles writes it (RFC 8200 §4.5).
 */
void
RemoveFragment(Buffer& copy, const Extension& fragment)
{
    copy[fragment.announced] = copy[fragment.offset];
    const auto start = copy.begin() + static_cast<Buffer::difference_type>(fragment.offset);
    copy.erase(start, start + FRAGMENT_OCTETS);
    const auto fixed = MutableBytes(copy).first<V6_HEADER_OCTETS>();
    const auto length = LoadField<4, uint16_t>(std::span<const uint8_t, V6_HEADER_OCTETS>(fixed));
    StoreField<4, uint16_t>(fixed, static_cast<uint16_t>(length - FRAGMENT_OCTETS));
}

Result<void>
ZeroV6(Buffer& copy, AhEnd end)
{
    const auto fixed = MutableBytes(copy).first<V6_HEADER_OCTETS>();
    StoreField<0, uint32_t>(fixed, 0x60000000u); // traffic class and flow label
    StoreField<7, uint8_t>(fixed, 0);            // hop limit
    std::optional<Extension> fragment;
    ExtensionWalk walk(copy);
    for (;;)
    {
        TRY_ASSIGN(const std::optional<Extension> extension, walk.Next());
        if (!extension)
        {
            break;
        }
        const MutableBytes body = MutableBytes(copy).subspan(extension->offset, extension->octets);
        if (extension->type == ROUTING)
        {
            TRY(PredictV6Route(copy, body, end));
        }
        else if (extension->type != FRAGMENT)
        {
            TRY(ZeroV6Options(body));
        }
        else if (fragment)
        {
            return Fail(Fault::BAD_VALUE, "second IPv6 fragment header");
        }
        else
        {
            fragment = extension;
        }
    }
    if (fragment)
    {
        RemoveFragment(copy, *fragment);
    }
    return {};
}

} // namespace

Result<TransportPlace>
FindAh(Bytes headers)
{
    TRY_ASSIGN(const TransportPlace place, PlaceBehind(headers));
    if (headers[place.nextHeaderAt] != PROTOCOL_AH)
    {
        return Fail(Fault::BAD_VALUE, "headers that do not end at AH");
    }
    return place;
}

Result<void>
CopyAuthenticated(Bytes headers, Buffer& copy, AhEnd end)
{
    TRY(FindAh(headers));
    copy.assign(headers.begin(), headers.end());
    if (IsV6(headers))
    {
        return ZeroV6(copy, end);
    }
    return ZeroV4(copy, end);
}

} // namespace ikelab::esp
