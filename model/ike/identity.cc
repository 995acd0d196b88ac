// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "ike/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ikelab::ike
{

namespace
{

using wire::IdType;

/// "fqdn:moon.test" states the type; swanctl's prefixes.
struct Prefix
{
    std::string_view text;
    IdType type;
};

constexpr Prefix PREFIXES[] = {
    {"ipv4:", IdType::ID_IPV4_ADDR},
    {"ipv6:", IdType::ID_IPV6_ADDR},
    {"fqdn:", IdType::ID_FQDN},
    {"dns:", IdType::ID_FQDN},
    {"rfc822:", IdType::ID_RFC822_ADDR},
    {"email:", IdType::ID_RFC822_ADDR},
    {"userfqdn:", IdType::ID_RFC822_ADDR},
    {"keyid:", IdType::ID_KEY_ID},
    {"asn1dn:", IdType::ID_DER_ASN1_DN},
    {"asn1gn:", IdType::ID_DER_ASN1_GN},
};

/// Other spellings of "%any".
constexpr std::string_view ANYBODY[] = {"", "%any", "%any6", "*", "0.0.0.0", "::", "0::0"};

Identity
OfText(IdType type, std::string_view text)
{
    return Identity{type, Buffer(text.begin(), text.end())};
}

std::optional<Identity>
OfHex(IdType type, std::string_view digits)
{
    auto octets = FromHex(digits);
    if (!octets || octets->empty())
    {
        return std::nullopt;
    }
    return Identity{type, std::move(*octets)};
}

std::optional<Identity>
OfAddress(std::string_view text, bool v6)
{
    const auto address = IpAddress::Parse(text);
    if (!address || address->IsV6() != v6)
    {
        return std::nullopt;
    }
    return Identity{v6 ? IdType::ID_IPV6_ADDR : IdType::ID_IPV4_ADDR, ToBuffer(address->Octets())};
}

/// What stands behind a type prefix: "#hex" for any type, else the type's text form.
std::optional<Identity>
OfType(IdType type, std::string_view value)
{
    if (value.starts_with('#'))
    {
        return OfHex(type, value.substr(1));
    }
    switch (type)
    {
    case IdType::ID_IPV4_ADDR:
    case IdType::ID_IPV6_ADDR:
        return OfAddress(value, type == IdType::ID_IPV6_ADDR);
    case IdType::ID_FQDN:
    case IdType::ID_RFC822_ADDR:
    case IdType::ID_KEY_ID:
        return value.empty() ? std::nullopt : std::optional(OfText(type, value));
    default:
        return std::nullopt; // the text forms of DER names need a DER writer
    }
}

/// "{13}:#00": a type by its number.
std::optional<Identity>
OfNumberedType(std::string_view text)
{
    const size_t close = text.find("}:");
    if (!text.starts_with('{') || close == std::string_view::npos)
    {
        return std::nullopt;
    }
    uint8_t number = 0;
    const char* end = text.data() + close;
    const auto parsed = std::from_chars(text.data() + 1, end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end)
    {
        return std::nullopt;
    }
    const std::string_view value = text.substr(close + 2);
    if (value == "#")
    {
        return Identity{IdType{number}, {}};
    }
    return OfType(IdType{number}, value);
}

bool
IsPrintable(Bytes octets)
{
    return !octets.empty() &&
           std::ranges::all_of(octets, [](uint8_t octet) { return octet > 0x20 && octet < 0x7f; });
}

} // namespace

std::optional<Identity>
Identity::Parse(std::string_view text)
{
    if (std::ranges::find(ANYBODY, text) != std::end(ANYBODY))
    {
        return std::nullopt;
    }
    for (const Prefix& prefix : PREFIXES)
    {
        if (text.starts_with(prefix.text))
        {
            return OfType(prefix.type, text.substr(prefix.text.size()));
        }
    }
    if (text.starts_with('{'))
    {
        return OfNumberedType(text);
    }
    if (text.starts_with("@#"))
    {
        return OfHex(IdType::ID_KEY_ID, text.substr(2));
    }
    if (text.starts_with("@@"))
    {
        return OfType(IdType::ID_RFC822_ADDR, text.substr(2));
    }
    if (text.starts_with('@'))
    {
        return OfType(IdType::ID_FQDN, text.substr(1));
    }
    if (text.find('=') != std::string_view::npos)
    {
        return std::nullopt; // an ASN.1 distinguished name
    }
    if (text.find('@') != std::string_view::npos)
    {
        return OfText(IdType::ID_RFC822_ADDR, text);
    }
    if (text.find(':') != std::string_view::npos)
    {
        const auto address = OfAddress(text, true);
        return address ? address : OfText(IdType::ID_KEY_ID, text);
    }
    const auto address = OfAddress(text, false);
    return address ? address : OfText(IdType::ID_FQDN, text);
}

std::string
Identity::ToString() const
{
    const std::string text(data.begin(), data.end());
    switch (type)
    {
    case IdType::ID_IPV4_ADDR:
    case IdType::ID_IPV6_ADDR:
        // RFC 7296 §3.5 fixes the lengths, but a peer's octets may have any.
        if (data.size() == (type == IdType::ID_IPV4_ADDR ? 4u : 16u))
        {
            const std::string address = IpAddress::FromOctets(data).ToString();
            if (Parse(address) == *this)
            {
                return address;
            }
        }
        break;
    case IdType::ID_FQDN:
    case IdType::ID_RFC822_ADDR:
        if (IsPrintable(data))
        {
            if (Parse(text) == *this)
            {
                return text;
            }
            const std::string typed = (type == IdType::ID_FQDN ? "fqdn:" : "rfc822:") + text;
            if (Parse(typed) == *this)
            {
                return typed;
            }
        }
        break;
    case IdType::ID_KEY_ID:
        if (!data.empty())
        {
            return "@#" + ToHex(data);
        }
        break;
    default:
        break;
    }
    return fmt::format("{{{}}}:#{}", static_cast<unsigned>(type), ToHex(data));
}

} // namespace ikelab::ike
