// SPDX-License-Identifier: MIT
#include "base/ip_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <bit>
#include <charconv>

namespace ikelab
{

std::optional<IpAddress>
IpAddress::Parse(std::string_view text)
{
    const std::string terminated(text);
    std::array<uint8_t, 16> octets;
    if (inet_pton(AF_INET, terminated.c_str(), octets.data()) == 1)
    {
        return FromOctets(Bytes(octets).first(4));
    }
    if (inet_pton(AF_INET6, terminated.c_str(), octets.data()) == 1)
    {
        return FromOctets(octets);
    }
    return std::nullopt;
}

std::string
IpAddress::ToString() const
{
    char text[INET6_ADDRSTRLEN];
    inet_ntop(IsV4() ? AF_INET : AF_INET6, m_octets.data(), text, sizeof(text));
    return text;
}

std::optional<IpRange>
IpRange::Parse(std::string_view text)
{
    if (const size_t slash = text.find('/'); slash != std::string_view::npos)
    {
        const auto address = IpAddress::Parse(text.substr(0, slash));
        const std::string_view digits = text.substr(slash + 1);
        unsigned prefix = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
        if (!address || error != std::errc() || end != digits.data() + digits.size() ||
            prefix > address->Octets().size() * 8)
        {
            return std::nullopt;
        }
        return Block(*address, prefix);
    }
    if (const size_t dash = text.find('-'); dash != std::string_view::npos)
    {
        const auto first = IpAddress::Parse(text.substr(0, dash));
        const auto last = IpAddress::Parse(text.substr(dash + 1));
        if (!first || !last || first->IsV4() != last->IsV4() || *last < *first)
        {
            return std::nullopt;
        }
        return IpRange{*first, *last};
    }
    const auto address = IpAddress::Parse(text);
    if (!address)
    {
        return std::nullopt;
    }
    return IpRange{*address, *address};
}

IpRange
IpRange::Block(const IpAddress& address, unsigned prefix)
{
    constexpr unsigned WORD = 64;
    const unsigned family = address.IsV4() ? 32 : 128;
    IKELAB_ASSERT(prefix <= family);
    // The words hold the address from their highest bit on; behind an IPv4 address are zeros.
    const auto free = [](unsigned from, unsigned to)
    {
        const auto below = [](unsigned bit)
        {
            return bit >= WORD ? 0 : ~uint64_t{0} >> bit;
        };
        return below(from) & ~below(to);
    };
    const uint64_t high = free(prefix, family);
    const uint64_t low = family <= WORD ? 0 : free(prefix <= WORD ? 0 : prefix - WORD, WORD);
    const uint8_t octets = address.m_octetCount;
    return {IpAddress(octets, address.High() & ~high, address.Low() & ~low),
            IpAddress(octets, address.High() | high, address.Low() | low)};
}

IpRange
IpRange::AnyV4()
{
    return Block(IpAddress(), 0);
}

IpRange
IpRange::AnyV6()
{
    return Block(IpAddress::FromOctets(Buffer(16)), 0);
}

bool
IpRange::Contains(const IpAddress& address) const
{
    return address.IsV4() == first.IsV4() && first <= address && address <= last;
}

bool
IpRange::Contains(const IpRange& range) const
{
    return Contains(range.first) && Contains(range.last);
}

std::optional<IpRange>
IpRange::Intersect(const IpRange& range) const
{
    if (first.IsV4() != range.first.IsV4())
    {
        return std::nullopt;
    }
    const IpRange both{std::max(first, range.first), std::min(last, range.last)};
    if (both.last < both.first)
    {
        return std::nullopt;
    }
    return both;
}

unsigned
IpRange::SharedBits() const
{
    const unsigned high = std::countl_zero(first.High() ^ last.High());
    const unsigned bits = high != 64 ? high : high + std::countl_zero(first.Low() ^ last.Low());
    return std::min(bits, first.IsV4() ? 32u : 128u);
}

std::optional<unsigned>
IpRange::PrefixLength() const
{
    const unsigned shared = SharedBits();
    return *this == Block(first, shared) ? std::optional(shared) : std::nullopt;
}

std::string
IpRange::ToString() const
{
    if (const auto prefix = PrefixLength())
    {
        return fmt::format("{}/{}", first.ToString(), *prefix);
    }
    return fmt::format("{}-{}", first.ToString(), last.ToString());
}

std::string
SocketAddress::ToString() const
{
    return fmt::format("{}[{}]", address.ToString(), port);
}

} // namespace ikelab
