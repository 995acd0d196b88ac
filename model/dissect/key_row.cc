// SPDX-License-Identifier: MIT
#include "dissect/key_row.h"

#include "base/assert.h"
#include "base/hex.h"
#include "base/result.h"
#include "io/key_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace ikelab::dissect
{

namespace
{

using Problem = tl::unexpected<std::string>;
template <typename T>
using Parsed = tl::expected<T, std::string>;

constexpr size_t IKE_COLUMNS = 8;
constexpr size_t ESP_COLUMNS = 8;
/// Wireshark 4.2 and later, and the secrets block: sequence number length and high half.
constexpr size_t ESP_COLUMNS_WITH_ESN = 10;

/// Comma-separated columns, each bare or in double quotes; nothing if a quote does not end.
std::optional<std::vector<std::string>>
SplitColumns(std::string_view line)
{
    std::vector<std::string> columns(1);
    bool quoted = false;
    for (const char c : line)
    {
        if (c == '"')
        {
            quoted = !quoted;
        }
        else if (c == ',' && !quoted)
        {
            columns.emplace_back();
        }
        else
        {
            columns.back() += c;
        }
    }
    if (quoted)
    {
        return std::nullopt;
    }
    return columns;
}

template <typename Number>
std::optional<Number>
HexNumber(std::string_view text)
{
    if (text.starts_with("0x") || text.starts_with("0X"))
    {
        text.remove_prefix(2);
    }
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    {
        return std::nullopt;
    }
    return number;
}

Parsed<crypto::SecretBytes>
ReadKey(std::string_view text, std::string_view what)
{
    if (text.starts_with("0x") || text.starts_with("0X"))
    {
        text.remove_prefix(2);
    }
    const auto octets = FromHex(text);
    if (!octets)
    {
        return Problem(fmt::format("{} is no even number of hexadecimal digits", what));
    }
    return crypto::SecretBytes(Bytes(*octets));
}

/// Wireshark's names for integrity that it does not check, by the bits of the ICV.
std::optional<size_t>
UncheckedOctets(std::string_view name)
{
    constexpr std::pair<std::string_view, size_t> NAMES[] = {
        {"ANY 64 bit authentication [no checking]", 8},
        {"ANY 64-bits of Authentication [No Checking]", 8},
        {"ANY 96 bit authentication [no checking]", 12},
        {"ANY 96-bits of Authentication [No Checking]", 12},
        {"ANY 128 bit authentication [no checking]", 16},
        {"ANY 128-bits of Authentication [No Checking]", 16},
        {"ANY 160-bits of Authentication [No Checking]", 20},
        {"ANY 192 bit authentication [no checking]", 24},
        {"ANY 192-bits of Authentication [No Checking]", 24},
        {"ANY 256 bit authentication [no checking]", 32},
        {"ANY 256-bits of Authentication [No Checking]", 32}};
    for (const auto& [known, octets] : NAMES)
    {
        if (known == name)
        {
            return octets;
        }
    }
    return std::nullopt;
}

bool
IsNoIntegrity(std::string_view name)
{
    return name.empty() || name == "NULL" || name.starts_with("NONE");
}

/// Wireshark's older name in `esp_sa` for three algorithms: the integrity column beside it says how
/// long the ICV is. strongSwan's save-keys plugin writes such rows.
constexpr std::string_view GCM_OF_ANY_ICV = "AES-GCM [RFC4106]";

bool
IsGcm(wire::Encr id)
{
    return id == wire::Encr::ENCR_AES_GCM_8 || id == wire::Encr::ENCR_AES_GCM_12 ||
           id == wire::Encr::ENCR_AES_GCM_16;
}

/// What both tables say of algorithms, looked up in the algorithm table.
struct Algorithms
{
    const crypto::EncrRow* encr{nullptr};
    const crypto::IntegRow* integ{nullptr};
    std::optional<size_t> uncheckedIcvOctets;
};

template <typename Row, typename Named, typename Fits>
const Row*
FindRow(std::span<const Row> rows, Named named, Fits fits)
{
    const auto found =
        std::ranges::find_if(rows, [&](const Row& row) { return named(row) && fits(row); });
    return found == rows.end() ? nullptr : &*found;
}

Parsed<Algorithms>
FindAlgorithms(std::string_view encr,
               size_t encrOctets,
               std::string_view integ,
               size_t integOctets,
               bool ike)
{
    Algorithms found;
    const auto encrNamed = [&](const crypto::EncrRow& row)
    {
        return encr == (ike ? row.wiresharkIke : row.wiresharkEsp) || encr == row.name ||
               (!ike && encr == GCM_OF_ANY_ICV && IsGcm(row.id));
    };
    const auto integNamed = [&](const crypto::IntegRow& row)
    {
        return integ == (ike ? row.wiresharkIke : row.wiresharkEsp) || integ == row.name;
    };
    const auto keyFits = [&](const crypto::EncrRow& row)
    {
        return row.MaterialOctets() == encrOctets;
    };
    const auto icvOctets = UncheckedOctets(integ);
    // Beside an AEAD it says no more than how long the ICV is. Without it the longest, which the
    // algorithm table has first, is the one that everybody uses.
    const auto icvFits = [&](const crypto::EncrRow& row)
    {
        return row.kind != crypto::CipherKind::AEAD || !icvOctets || row.icvOctets == *icvOctets;
    };
    found.encr = FindRow(crypto::EncrRows(),
                         encrNamed,
                         [&](const crypto::EncrRow& row) { return keyFits(row) && icvFits(row); });
    if (!found.encr)
    {
        if (FindRow(crypto::EncrRows(), encrNamed, keyFits))
        {
            return Problem(fmt::format("\"{}\" has no ICV of {} octets", encr, *icvOctets));
        }
        const bool known =
            FindRow(crypto::EncrRows(), encrNamed, [](const crypto::EncrRow&) { return true; });
        return Problem(known ? fmt::format("\"{}\" has no keys of {} octets", encr, encrOctets)
                             : fmt::format("unknown encryption algorithm \"{}\"", encr));
    }
    if (found.encr->kind == crypto::CipherKind::AEAD)
    {
        if (!IsNoIntegrity(integ) && !icvOctets)
        {
            return Problem(fmt::format("\"{}\" stands beside an AEAD; expected no integrity "
                                       "algorithm",
                                       integ));
        }
        return found;
    }
    if (IsNoIntegrity(integ))
    {
        found.uncheckedIcvOctets = 0;
        return found;
    }
    found.uncheckedIcvOctets = icvOctets;
    if (found.uncheckedIcvOctets)
    {
        return found;
    }
    found.integ =
        FindRow(crypto::IntegRows(),
                integNamed,
                [&](const crypto::IntegRow& row) { return row.keyOctets == integOctets; });
    if (!found.integ)
    {
        const bool known =
            FindRow(crypto::IntegRows(), integNamed, [](const crypto::IntegRow&) { return true; });
        return Problem(known ? fmt::format("\"{}\" has no keys of {} octets", integ, integOctets)
                             : fmt::format("unknown integrity algorithm \"{}\"", integ));
    }
    return found;
}

/// An address with all bits set or none: of a family.
IpAddress
AllBits(bool v6, bool set)
{
    const IpRange any = v6 ? IpRange::AnyV6() : IpRange::AnyV4();
    return set ? any.last : any.first;
}

std::string
WithStarsAs(std::string_view text, std::string_view digits)
{
    std::string replaced;
    for (const char c : text)
    {
        if (c == '*')
        {
            replaced += digits;
        }
        else
        {
            replaced += c;
        }
    }
    return replaced;
}

/// The bits in which the ends of a range agree: for a CIDR block those of its prefix.
IpAddress
AgreedBits(const IpAddress& first, const IpAddress& last)
{
    Buffer agreed = ToBuffer(first.Octets());
    for (size_t i = 0; i < agreed.size(); ++i)
    {
        agreed[i] = static_cast<uint8_t>(~(agreed[i] ^ last.Octets()[i]));
    }
    return IpAddress::FromOctets(agreed);
}

struct AddressPattern
{
    IpAddress value;
    IpAddress mask;
};

/// "*", an address, a CIDR block, or an address with * for octets ("192.0.2.*") or groups.
Parsed<AddressPattern>
ReadAddress(std::string_view text, bool v6)
{
    if (text == "*" || text.empty())
    {
        return AddressPattern{AllBits(v6, false), AllBits(v6, false)};
    }
    const auto block = [v6](const std::string& written) -> std::optional<IpRange>
    {
        const auto range = IpRange::Parse(written);
        const bool fits =
            range && range->first.IsV6() == v6 && written.find('-') == std::string::npos;
        return fits ? range : std::nullopt;
    };
    // A star stands for every value of its octet or group, so for the least and the greatest.
    const auto least = block(WithStarsAs(text, "0"));
    const auto greatest = block(WithStarsAs(text, v6 ? "ffff" : "255"));
    if (!least || !greatest)
    {
        return Problem(fmt::format("\"{}\" is no {} address, no block such as {} and not *",
                                   text,
                                   v6 ? "IPv6" : "IPv4",
                                   v6 ? "2001:db8::/32" : "192.0.2.0/24"));
    }
    const IpAddress mask = AgreedBits(least->first, greatest->last);
    return AddressPattern{least->first & mask, mask};
}

struct SpiPattern
{
    EspSpi value;
    uint32_t mask{0};
};

/// "*", "0x000000c1", "0x000000**", or a decimal number.
Parsed<SpiPattern>
ReadSpi(std::string_view text)
{
    if (text == "*")
    {
        return SpiPattern{};
    }
    constexpr size_t WHOLE = std::string_view("0x00000000").size();
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const bool stars = text.find('*') != std::string_view::npos;
    if (hex && (!stars || text.size() == WHOLE))
    {
        const auto least = HexNumber<uint32_t>(WithStarsAs(text, "0"));
        const auto greatest = HexNumber<uint32_t>(WithStarsAs(text, "f"));
        if (least && greatest)
        {
            return SpiPattern{EspSpi{*least}, ~(*least ^ *greatest)};
        }
    }
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (hex || error != std::errc{} || end != text.data() + text.size())
    {
        return Problem(
            fmt::format("\"{}\" is no SPI: 0x and up to 8 hexadecimal digits, a decimal number, "
                        "or *",
                        text));
    }
    return SpiPattern{EspSpi{number}, UINT32_MAX};
}

std::string_view
Trimmed(std::string_view line)
{
    const size_t begin = line.find_first_not_of(" \t\r");
    const size_t end = line.find_last_not_of(" \t\r");
    return begin == std::string_view::npos ? std::string_view()
                                           : line.substr(begin, end - begin + 1);
}

/// Evaluate a Parsed; on a problem return it from the enclosing function.
#define TRY_PARSED(target, expression)                                                             \
    auto IKELAB_CONCAT(parsed, __LINE__) = (expression);                                           \
    if (!IKELAB_CONCAT(parsed, __LINE__))                                                          \
    {                                                                                              \
        return Problem(std::move(IKELAB_CONCAT(parsed, __LINE__).error()));                        \
    }                                                                                              \
    target = std::move(*IKELAB_CONCAT(parsed, __LINE__))

Parsed<IkeTableKeys>
ReadIke(const std::vector<std::string>& columns)
{
    const auto initiator = HexNumber<uint64_t>(columns[0]);
    const auto responder = HexNumber<uint64_t>(columns[1]);
    if (!initiator || !responder)
    {
        return Problem("the first two columns are the SPIs: 16 hexadecimal digits each");
    }
    IkeTableKeys keys;
    keys.initiator = IkeSpi{*initiator};
    keys.responder = IkeSpi{*responder};
    TRY_PARSED(keys.ei, ReadKey(columns[2], "SK_ei"));
    TRY_PARSED(keys.er, ReadKey(columns[3], "SK_er"));
    TRY_PARSED(keys.ai, ReadKey(columns[5], "SK_ai"));
    TRY_PARSED(keys.ar, ReadKey(columns[6], "SK_ar"));
    if (keys.ei.Size() != keys.er.Size() || keys.ai.Size() != keys.ar.Size())
    {
        return Problem("the keys of the two directions differ in length");
    }
    TRY_PARSED(const Algorithms algorithms,
               FindAlgorithms(columns[4], keys.ei.Size(), columns[7], keys.ai.Size(), true));
    keys.encr = algorithms.encr;
    keys.integ = algorithms.integ;
    keys.uncheckedIcvOctets = algorithms.uncheckedIcvOctets;
    return keys;
}

Parsed<EspTableKeys>
ReadEsp(const std::vector<std::string>& columns)
{
    EspTableKeys keys;
    const bool v6 = columns[0] == "IPv6";
    TRY_PARSED(const AddressPattern source, ReadAddress(columns[1], v6));
    TRY_PARSED(const AddressPattern destination, ReadAddress(columns[2], v6));
    TRY_PARSED(const SpiPattern spi, ReadSpi(columns[3]));
    keys.selectors = {{source.mask, destination.mask, spi.mask},
                      {source.value, destination.value, spi.value}};
    TRY_PARSED(keys.encrKey, ReadKey(columns[5], "the encryption key"));
    TRY_PARSED(keys.integKey, ReadKey(columns[7], "the authentication key"));
    TRY_PARSED(
        const Algorithms algorithms,
        FindAlgorithms(columns[4], keys.encrKey.Size(), columns[6], keys.integKey.Size(), false));
    keys.encr = algorithms.encr;
    keys.integ = algorithms.integ;
    keys.uncheckedIcvOctets = algorithms.uncheckedIcvOctets;
    if (columns.size() >= ESP_COLUMNS_WITH_ESN)
    {
        keys.extendedSequence = columns[8] == "64-bit";
        keys.sequenceHigh = HexNumber<uint32_t>(columns[9]).value_or(0);
    }
    return keys;
}

} // namespace

IpAddress
operator&(const IpAddress& address, const IpAddress& mask)
{
    IKELAB_ASSERT(address.IsV6() == mask.IsV6());
    std::array<uint8_t, 16> octets{};
    std::ranges::transform(address.Octets(), mask.Octets(), octets.begin(), std::bit_and{});
    return IpAddress::FromOctets(Bytes(octets).first(address.Octets().size()));
}

EspAddress
EspAddress::Masked(const EspMask& mask) const
{
    return {source & mask.source, destination & mask.destination, EspSpi{spi.value & mask.spi}};
}

bool
EspSelectors::Fit(const EspAddress& packet) const
{
    return packet.source.IsV6() == mask.source.IsV6() && packet.Masked(mask) == value;
}

bool
HaveSameKeys(const IkeTableKeys& a, const IkeTableKeys& b)
{
    return a.encr == b.encr && a.integ == b.integ && a.uncheckedIcvOctets == b.uncheckedIcvOctets &&
           SameOctets(a.ei.View(), b.ei.View()) && SameOctets(a.er.View(), b.er.View()) &&
           SameOctets(a.ai.View(), b.ai.View()) && SameOctets(a.ar.View(), b.ar.View());
}

bool
HaveSameKeys(const EspTableKeys& a, const EspTableKeys& b)
{
    return a.encr == b.encr && a.integ == b.integ && a.uncheckedIcvOctets == b.uncheckedIcvOctets &&
           a.extendedSequence == b.extendedSequence && a.sequenceHigh == b.sequenceHigh &&
           SameOctets(a.encrKey.View(), b.encrKey.View()) &&
           SameOctets(a.integKey.View(), b.integKey.View());
}

Parsed<std::optional<TableRow>>
ReadRow(std::string_view line, std::string where)
{
    line = Trimmed(line);
    if (line.starts_with(io::OWN_ROW))
    {
        line.remove_prefix(io::OWN_ROW.size());
    }
    if (line.empty() || line.front() == '#')
    {
        return std::nullopt;
    }
    const auto columns = SplitColumns(line);
    if (!columns)
    {
        return Problem("a quotation mark is missing");
    }
    const bool esp = columns->front() == "IPv4" || columns->front() == "IPv6";
    const size_t wanted = esp ? ESP_COLUMNS : IKE_COLUMNS;
    if (columns->size() < wanted)
    {
        return Problem(fmt::format("{} columns, expected {}", columns->size(), wanted));
    }
    if (esp)
    {
        TRY_PARSED(EspTableKeys keys, ReadEsp(*columns));
        keys.where = std::move(where);
        return TableRow(std::move(keys));
    }
    TRY_PARSED(IkeTableKeys keys, ReadIke(*columns));
    keys.where = std::move(where);
    return TableRow(std::move(keys));
}

} // namespace ikelab::dissect
