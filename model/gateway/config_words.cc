// SPDX-License-Identifier: MIT
#include "gateway/config_words.h"

#include "base/hex.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace ikelab::gateway
{

namespace
{

char
Lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

template <typename Number>
std::optional<Number>
WholeNumber(std::string_view digits)
{
    Number number{};
    const char* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end)
    {
        return std::nullopt;
    }
    return number;
}

std::string_view
Trim(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    {
        text.remove_suffix(1);
    }
    return text;
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
size_t
EditDistance(std::string_view left, std::string_view right)
{
    std::vector<size_t> beforeLast(right.size() + 1);
    std::vector<size_t> last(right.size() + 1);
    std::vector<size_t> row(right.size() + 1);
    for (size_t j = 0; j <= right.size(); ++j)
    {
        last[j] = j;
    }
    for (size_t i = 1; i <= left.size(); ++i)
    {
        row[0] = i;
        for (size_t j = 1; j <= right.size(); ++j)
        {
            const bool same = Lower(left[i - 1]) == Lower(right[j - 1]);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && Lower(left[i - 1]) == Lower(right[j - 2]) &&
                Lower(left[i - 2]) == Lower(right[j - 1]))
            {
                row[j] = std::min(row[j], beforeLast[j - 2] + 1);
            }
        }
        std::swap(beforeLast, last);
        std::swap(last, row);
    }
    return last[right.size()];
}

struct NamedNumber
{
    std::string_view name;
    uint16_t number;
};

/// The names of protocols that selectors are written with; /etc/protocols is not ours to read.
constexpr NamedNumber PROTOCOLS[] = {
    {"icmp", 1},     {"igmp", 2},       {"ipip", 4},   {"tcp", 6},      {"udp", 17},
    {"dccp", 33},    {"ipv6", 41},      {"gre", 47},   {"esp", 50},     {"ah", 51},
    {"icmpv6", 58},  {"ipv6-icmp", 58}, {"ospf", 89},  {"ospfigp", 89}, {"pim", 103},
    {"vrrp", 112},   {"l2tp", 115},     {"sctp", 132}, {"mh", 135},     {"mobility-header", 135},
    {"udplite", 136}};

/// Services that strongSwan's documentation and tests name.
constexpr NamedNumber SERVICES[] = {{"ftp", 21},
                                    {"ssh", 22},
                                    {"telnet", 23},
                                    {"smtp", 25},
                                    {"domain", 53},
                                    {"http", 80},
                                    {"ntp", 123},
                                    {"snmp", 161},
                                    {"https", 443},
                                    {"ldap", 389},
                                    {"l2f", 1701},
                                    {"l2tp", 1701}};

/// Protocols whose packets have ports, or what RFC 4301 §4.4.1.1 puts into the port fields.
constexpr uint8_t PROTOCOLS_WITH_PORTS[] = {1, 6, 17, 33, 58, 132, 135, 136};

std::optional<uint16_t>
Named(std::span<const NamedNumber> table, std::string_view name)
{
    const auto found = std::ranges::find(table, name, &NamedNumber::name);
    return found == table.end() ? std::nullopt : std::optional(found->number);
}

std::vector<std::string>
NamesOf(std::span<const NamedNumber> table)
{
    std::vector<std::string> names;
    for (const NamedNumber& row : table)
    {
        names.emplace_back(row.name);
    }
    return names;
}

tl::unexpected<ConfigError>
Wrong(std::string problem, std::string expected, std::string nearest = "")
{
    return tl::unexpected<ConfigError>(
        ConfigError{"", std::move(problem), std::move(expected), std::move(nearest)});
}

constexpr std::string_view EXPECTED_SELECTOR =
    "addresses with protocol and ports if wanted, such as 10.1.0.0/16, 10.1.0.0/16[tcp/80] or "
    "10.1.0.1-10.1.0.9[udp/1024-2047]";

/// "tcp/80" into the protocol and ports of a selector.
std::optional<ConfigError>
ReadProtocol(std::string_view text, Selector& selector)
{
    const size_t slash = text.find('/');
    const std::string_view protocol = text.substr(0, slash);
    if (const auto named = Named(PROTOCOLS, protocol))
    {
        selector.protocol = static_cast<uint8_t>(*named);
    }
    else if (const auto number = WholeNumber<uint8_t>(protocol))
    {
        selector.protocol = *number;
    }
    else if (protocol != "any" && protocol != "%any")
    {
        return ConfigError{"",
                           fmt::format("unknown protocol '{}'", protocol),
                           "a protocol's number or name, such as tcp, udp or icmp",
                           NearestWord(protocol, NamesOf(PROTOCOLS))};
    }
    if (slash == std::string_view::npos)
    {
        return std::nullopt;
    }
    const std::string_view ports = text.substr(slash + 1);
    if (ports == "any" || ports == "%any")
    {
        return std::nullopt;
    }
    if (std::ranges::find(PROTOCOLS_WITH_PORTS, selector.protocol) ==
        std::end(PROTOCOLS_WITH_PORTS))
    {
        return ConfigError{"",
                           fmt::format("protocol '{}' has no ports", protocol),
                           "ports only with tcp, udp, sctp, dccp, udplite, icmp, icmpv6 or mh",
                           ""};
    }
    if (ports == "opaque")
    {
        selector.startPort = 65535;
        selector.endPort = 0;
        return std::nullopt;
    }
    const size_t dash = ports.find('-');
    const auto first = WholeNumber<uint16_t>(ports.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : WholeNumber<uint16_t>(ports.substr(dash + 1));
    if (first && last && *first <= *last)
    {
        selector.startPort = *first;
        selector.endPort = *last;
        return std::nullopt;
    }
    if (const auto service = Named(SERVICES, ports))
    {
        selector.startPort = selector.endPort = *service;
        return std::nullopt;
    }
    return ConfigError{"",
                       fmt::format("bad port '{}'", ports),
                       "a port from 0 to 65535, a rising range such as 1024-2047, opaque or any",
                       NearestWord(ports, NamesOf(SERVICES))};
}

} // namespace

std::string
NearestWord(std::string_view word, const std::vector<std::string>& candidates)
{
    // A third of the letters may differ: "rekey_tme" is near, "foo" is near to nothing.
    const size_t limit = std::max<size_t>(1, word.size() / 3);
    size_t best = limit + 1;
    std::string nearest;
    for (const std::string& candidate : candidates)
    {
        if (const size_t distance = EditDistance(word, candidate); distance < best)
        {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

std::optional<Duration>
ParseDuration(std::string_view text)
{
    struct Unit
    {
        std::string_view name;
        double seconds;
    };

    constexpr Unit UNITS[] = {
        {"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    const size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string_view digits = text.substr(0, end);
    const auto* unit = std::ranges::find(UNITS, text.substr(end), &Unit::name);
    if (digits.empty() || digits.front() == '.' || digits.back() == '.' || unit == std::end(UNITS))
    {
        return std::nullopt;
    }
    double number = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const double nanoseconds = number * unit->seconds * 1e9;
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() ||
        nanoseconds >= static_cast<double>(Duration::max().count()))
    {
        return std::nullopt;
    }
    return Duration(static_cast<int64_t>(std::llround(nanoseconds)));
}

std::optional<bool>
ParseFlag(std::string_view text)
{
    std::string word(text);
    std::ranges::transform(word, word.begin(), Lower);
    if (word == "yes" || word == "true" || word == "enabled" || word == "1")
    {
        return true;
    }
    if (word == "no" || word == "false" || word == "disabled" || word == "0")
    {
        return false;
    }
    return std::nullopt;
}

std::optional<uint64_t>
ParseAmount(std::string_view text)
{
    uint64_t unit = 1;
    if (!text.empty())
    {
        switch (Lower(text.back()))
        {
        case 'g':
            unit = uint64_t{1} << 30;
            break;
        case 'm':
            unit = uint64_t{1} << 20;
            break;
        case 'k':
            unit = uint64_t{1} << 10;
            break;
        default:
            break;
        }
        text.remove_suffix(unit == 1 ? 0 : 1);
    }
    const auto number = WholeNumber<uint64_t>(text);
    if (!number || *number > std::numeric_limits<uint64_t>::max() / unit)
    {
        return std::nullopt;
    }
    return *number * unit;
}

std::vector<std::string>
SplitList(std::string_view text)
{
    std::vector<std::string> parts;
    while (true)
    {
        const size_t comma = text.find(',');
        if (const std::string_view part = Trim(text.substr(0, comma)); !part.empty())
        {
            parts.emplace_back(part);
        }
        if (comma == std::string_view::npos)
        {
            return parts;
        }
        text.remove_prefix(comma + 1);
    }
}

std::optional<Buffer>
FromBase64(std::string_view text)
{
    constexpr std::string_view LETTERS =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t end = std::min(text.find('='), text.size());
    const std::string_view padding = text.substr(end);
    text = text.substr(0, end);
    if (text.size() % 4 == 1 || (!padding.empty() && padding != "=" && padding != "==") ||
        (!padding.empty() && (text.size() + padding.size()) % 4 != 0))
    {
        return std::nullopt;
    }
    Buffer octets;
    uint32_t bits = 0;
    unsigned count = 0;
    for (const char letter : text)
    {
        const size_t value = LETTERS.find(letter);
        if (value == std::string_view::npos)
        {
            return std::nullopt;
        }
        bits = (bits << 6) | static_cast<uint32_t>(value);
        count += 6;
        if (count >= 8)
        {
            count -= 8;
            octets.push_back(static_cast<uint8_t>(bits >> count));
            bits &= (1u << count) - 1;
        }
    }
    return bits == 0 ? std::optional(std::move(octets)) : std::nullopt;
}

std::optional<Buffer>
ParseSecret(std::string_view text)
{
    std::optional<Buffer> octets;
    if (text.starts_with("0x"))
    {
        octets = FromHex(text.substr(2));
    }
    else if (text.starts_with("0s"))
    {
        octets = FromBase64(text.substr(2));
    }
    else
    {
        octets = Buffer(text.begin(), text.end());
    }
    return octets && !octets->empty() ? octets : std::nullopt;
}

tl::expected<Selector, ConfigError>
ParseSelector(std::string_view text, const std::optional<IpAddress>& dynamic)
{
    Selector selector;
    std::string_view addresses = text;
    if (const size_t open = text.find('['); open != std::string_view::npos)
    {
        if (!text.ends_with(']'))
        {
            return Wrong(fmt::format("traffic selector '{}' lacks its ']'", text),
                         std::string(EXPECTED_SELECTOR));
        }
        addresses = Trim(text.substr(0, open));
        const std::string_view inside = text.substr(open + 1, text.size() - open - 2);
        if (auto error = ReadProtocol(inside, selector))
        {
            return tl::unexpected<ConfigError>(std::move(*error));
        }
    }
    if (addresses == "dynamic")
    {
        if (!dynamic)
        {
            return Wrong("'dynamic' stands for no single address here",
                         "one address in local_addrs or remote_addrs, or addresses written out");
        }
        selector.addresses = IpRange{*dynamic, *dynamic};
    }
    else if (const auto range = IpRange::Parse(addresses))
    {
        selector.addresses = *range;
    }
    else
    {
        return Wrong(fmt::format("bad traffic selector '{}'", text),
                     std::string(EXPECTED_SELECTOR),
                     NearestWord(addresses, {"dynamic"}));
    }
    const bool v4 = selector.addresses.first.IsV4();
    if (selector.protocol == (v4 ? 58 : 1))
    {
        return Wrong(fmt::format("{} does not belong to IPv{}", v4 ? "icmpv6" : "icmp", v4 ? 4 : 6),
                     v4 ? "icmp" : "icmpv6",
                     v4 ? "icmp" : "icmpv6");
    }
    return selector;
}

std::string
SelectorText(const Selector& selector)
{
    std::string text = selector.addresses.ToString();
    if (selector.protocol == Selector::ANY_PROTOCOL && selector.AnyPort())
    {
        return text;
    }
    const auto* named = std::ranges::find(PROTOCOLS, selector.protocol, &NamedNumber::number);
    const std::string protocol = named == std::end(PROTOCOLS) ? fmt::format("{}", selector.protocol)
                                                              : std::string(named->name);
    if (selector.AnyPort())
    {
        return fmt::format("{}[{}]", text, protocol);
    }
    if (selector.startPort == 65535 && selector.endPort == 0)
    {
        return fmt::format("{}[{}/opaque]", text, protocol);
    }
    return selector.startPort == selector.endPort
               ? fmt::format("{}[{}/{}]", text, protocol, selector.startPort)
               : fmt::format("{}[{}/{}-{}]", text, protocol, selector.startPort, selector.endPort);
}

} // namespace ikelab::gateway
