// SPDX-License-Identifier: MIT
#include "base/ip_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
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

namespace
{

/// The lowest or highest address of the block that `address` and `prefix` name.
IpAddress
EdgeOfBlock(const IpAddress& address, unsigned prefix, bool highest)
{
    Buffer octets = ToBuffer(address.Octets());
    for (size_t bit = prefix; bit < octets.size() * 8; ++bit)
    {
        const uint8_t mask = static_cast<uint8_t>(0x80u >> (bit % 8));
        octets[bit / 8] =
            static_cast<uint8_t>(highest ? octets[bit / 8] | mask : octets[bit / 8] & ~mask);
    }
    return IpAddress::FromOctets(octets);
}

} // namespace

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
        return IpRange{EdgeOfBlock(*address, prefix, false), EdgeOfBlock(*address, prefix, true)};
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
IpRange::AnyV4()
{
    return {IpAddress::V4(0), IpAddress::V4(0xffffffff)};
}

IpRange
IpRange::AnyV6()
{
    const Buffer zeros(16, 0x00);
    const Buffer ones(16, 0xff);
    return {IpAddress::FromOctets(zeros), IpAddress::FromOctets(ones)};
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

std::optional<unsigned>
IpRange::PrefixLength() const
{
    for (unsigned prefix = 0; prefix <= first.Octets().size() * 8; ++prefix)
    {
        if (EdgeOfBlock(first, prefix, false) == first && EdgeOfBlock(first, prefix, true) == last)
        {
            return prefix;
        }
    }
    return std::nullopt;
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
