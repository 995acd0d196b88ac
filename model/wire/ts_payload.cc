// SPDX-License-Identifier: MIT
#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/limits.h"
#include "wire/payload_writers.h"
#include "wire/payloads.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace ikelab::wire
{

namespace
{

constexpr size_t SELECTOR_HEADER_OCTETS = 4;
/// RFC 7296 §3.13.1: this start with end 0 means OPAQUE ports.
constexpr uint16_t OPAQUE_START_PORT = 65535;
/// Protocols whose messages have types in place of ports, RFC 4301 §4.4.1.1.
constexpr uint8_t PROTOCOL_ICMP = 1;
constexpr uint8_t PROTOCOL_ICMPV6 = 58;
constexpr uint8_t PROTOCOL_MOBILITY = 135;

/// Octets of one address, or 0 for selector types that are not address ranges.
size_t
AddressOctets(TsType type)
{
    switch (type)
    {
    case TsType::TS_IPV4_ADDR_RANGE:
        return 4;
    case TsType::TS_IPV6_ADDR_RANGE:
        return 16;
    default:
        return 0;
    }
}

/// The part of an address range behind type, protocol and length; `offset` is where it starts.
Result<TrafficSelector>
ParseAddressRange(TrafficSelector selector, Bytes rest, size_t offset)
{
    ByteReader reader(rest);
    Bytes first;
    Bytes last;
    const size_t octets = AddressOctets(selector.type);
    if (!reader.U16(selector.startPort) || !reader.U16(selector.endPort) ||
        !reader.Take(octets, first) || !reader.Take(octets, last))
    {
        return Fail(Fault::BAD_VALUE, "TS selector length", offset - 2);
    }
    if (!reader.AtEnd())
    {
        return Fail(Fault::BAD_VALUE, "TS selector length", offset - 2);
    }
    const bool isOpaque = selector.startPort == OPAQUE_START_PORT && selector.endPort == 0;
    if (selector.startPort > selector.endPort && !isOpaque)
    {
        return Fail(Fault::BAD_VALUE, "TS ports", offset);
    }
    selector.addresses = {IpAddress::FromOctets(first), IpAddress::FromOctets(last)};
    if (selector.addresses.first > selector.addresses.last)
    {
        return Fail(Fault::BAD_VALUE, "TS addresses", offset + 4);
    }
    return selector;
}

} // namespace

bool
TrafficSelector::IsRange() const
{
    return AddressOctets(type) != 0;
}

bool
TrafficSelector::operator==(const TrafficSelector& right) const
{
    return type == right.type && protocol == right.protocol && startPort == right.startPort &&
           endPort == right.endPort && addresses == right.addresses &&
           SameOctets(other, right.other);
}

std::optional<IcmpRange>
IcmpRangeOf(const TrafficSelector& selector)
{
    const bool isIcmp = selector.protocol == PROTOCOL_ICMP || selector.protocol == PROTOCOL_ICMPV6;
    if (!selector.IsRange() || !isIcmp || selector.AnyPort() || selector.OpaquePort())
    {
        return std::nullopt;
    }
    return IcmpRange{static_cast<uint8_t>(selector.startPort >> 8),
                     static_cast<uint8_t>(selector.startPort),
                     static_cast<uint8_t>(selector.endPort >> 8),
                     static_cast<uint8_t>(selector.endPort)};
}

std::string
PortText(const TrafficSelector& selector)
{
    if (selector.AnyPort())
    {
        return "any";
    }
    if (selector.OpaquePort())
    {
        return "OPAQUE";
    }
    std::string first = std::to_string(selector.startPort);
    std::string last = std::to_string(selector.endPort);
    std::string_view separator = "-";
    if (const auto icmp = IcmpRangeOf(selector))
    {
        first = fmt::format("type {} code {}", icmp->firstType, icmp->firstCode);
        last = fmt::format("type {} code {}", icmp->lastType, icmp->lastCode);
        separator = " to ";
    }
    else if (selector.protocol == PROTOCOL_MOBILITY)
    {
        first = fmt::format("type {}", selector.startPort >> 8);
        last = fmt::format("type {}", selector.endPort >> 8);
        separator = " to ";
    }
    return first == last ? first : fmt::format("{}{}{}", first, separator, last);
}

Result<TsPayload>
ParseTs(Bytes body)
{
    ByteReader reader(body);
    uint8_t count;
    if (!reader.U8(count) || !reader.Skip(3)) // the three octets are RESERVED
    {
        return Fail(Fault::TRUNCATED, "TS", reader.Offset());
    }
    TsPayload ts;
    ts.selectors.reserve(std::min<size_t>(count, reader.Left() / SELECTOR_HEADER_OCTETS));
    while (!reader.AtEnd())
    {
        const size_t start = reader.Offset();
        uint8_t type;
        uint16_t length;
        TrafficSelector selector;
        if (!reader.U8(type) || !reader.U8(selector.protocol) || !reader.U16(length))
        {
            return Fail(Fault::TRUNCATED, "TS selector", start);
        }
        if (length < SELECTOR_HEADER_OCTETS)
        {
            return Fail(Fault::BAD_VALUE, "TS selector length", start + 2);
        }
        Bytes rest;
        if (!reader.Take(length - SELECTOR_HEADER_OCTETS, rest))
        {
            return Fail(Fault::TRUNCATED, "TS selector length", start + 2);
        }
        if (ts.selectors.size() == count)
        {
            return Fail(Fault::BAD_VALUE, "TS selector count", start);
        }
        selector.type = TsType{type};
        if (AddressOctets(selector.type) == 0)
        {
            selector.other = rest;
        }
        else
        {
            TRY_ASSIGN(selector, ParseAddressRange(selector, rest, start + SELECTOR_HEADER_OCTETS));
        }
        ts.selectors.push_back(std::move(selector));
    }
    // RFC 7296 §3.13: the count tells the truth, and there is one selector or more.
    if (ts.selectors.size() != count || count == 0)
    {
        return Fail(Fault::BAD_VALUE, "TS selector count");
    }
    return ts;
}

void
WriteTs(ByteWriter& writer, const TsPayload& ts)
{
    IKELAB_ASSERT(ts.selectors.size() <= limits::TRAFFIC_SELECTORS);
    writer.U8(static_cast<uint8_t>(ts.selectors.size()));
    writer.Zeros(3);
    for (const TrafficSelector& selector : ts.selectors)
    {
        const size_t start = writer.Size();
        writer.U8(static_cast<uint8_t>(selector.type));
        writer.U8(selector.protocol);
        LengthScope length(writer, start);
        if (AddressOctets(selector.type) == 0)
        {
            writer.Octets(selector.other);
            continue;
        }
        const Bytes first = selector.addresses.first.Octets();
        const Bytes last = selector.addresses.last.Octets();
        IKELAB_ASSERT(first.size() == AddressOctets(selector.type) && last.size() == first.size());
        writer.U16(selector.startPort);
        writer.U16(selector.endPort);
        writer.Octets(first);
        writer.Octets(last);
    }
}

} // namespace ikelab::wire
