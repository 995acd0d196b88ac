// SPDX-License-Identifier: MIT
#include "dissect/key_store.h"

#include "base/hex.h"
#include "base/one_line.h"
#include "base/result.h"
#include "io/esp_key_row.h"
#include "io/key_tables.h"
#include "io/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

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
/// A table that a person keeps; the limit only keeps a wrong file from filling memory.
constexpr size_t MOST_ROWS = 1'000'000;

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

Parsed<std::optional<IpAddress>>
ReadAddress(const std::string& text, bool v6)
{
    if (text == "*" || text.empty())
    {
        return std::optional<IpAddress>();
    }
    const auto address = IpAddress::Parse(text);
    if (!address || address->IsV6() != v6)
    {
        return Problem(
            fmt::format("\"{}\" is no {} address and not *", text, v6 ? "IPv6" : "IPv4"));
    }
    return std::optional(*address);
}

std::string_view
Trimmed(std::string_view line)
{
    const size_t begin = line.find_first_not_of(" \t\r");
    const size_t end = line.find_last_not_of(" \t\r");
    return begin == std::string_view::npos ? std::string_view()
                                           : line.substr(begin, end - begin + 1);
}

} // namespace

/// Evaluate a Parsed; on a problem return it from the enclosing function.
#define TRY_PARSED(target, expression)                                                             \
    auto IKELAB_CONCAT(parsed, __LINE__) = (expression);                                           \
    if (!IKELAB_CONCAT(parsed, __LINE__))                                                          \
    {                                                                                              \
        return Problem(std::move(IKELAB_CONCAT(parsed, __LINE__).error()));                        \
    }                                                                                              \
    target = std::move(*IKELAB_CONCAT(parsed, __LINE__))

bool
EspTableKeys::Fits(const IpAddress& from, const IpAddress& to, EspSpi wanted) const
{
    return from.IsV6() == v6 && (!source || *source == from) &&
           (!destination || *destination == to) && (!spi || *spi == wanted);
}

Parsed<void>
KeyStore::AddIke(const std::vector<std::string>& columns, std::string where)
{
    const auto initiator = HexNumber<uint64_t>(columns[0]);
    const auto responder = HexNumber<uint64_t>(columns[1]);
    if (!initiator || !responder)
    {
        return Problem("the first two columns are the SPIs: 16 hexadecimal digits each");
    }
    IkeTableKeys keys;
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
    keys.where = std::move(where);
    m_ike.insert_or_assign({IkeSpi{*initiator}, IkeSpi{*responder}}, std::move(keys));
    return {};
}

Parsed<void>
KeyStore::AddEsp(const std::vector<std::string>& columns, std::string where)
{
    EspTableKeys keys;
    keys.v6 = columns[0] == "IPv6";
    TRY_PARSED(keys.source, ReadAddress(columns[1], keys.v6));
    TRY_PARSED(keys.destination, ReadAddress(columns[2], keys.v6));
    if (columns[3] != "*")
    {
        const auto spi = HexNumber<uint32_t>(columns[3]);
        if (!spi)
        {
            return Problem(fmt::format("\"{}\" is no SPI: 0x and up to 8 hexadecimal digits, or *",
                                       columns[3]));
        }
        keys.spi = EspSpi{*spi};
    }
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
    keys.where = std::move(where);
    const size_t index = m_esp.size();
    if (keys.spi)
    {
        m_espBySpi.emplace(*keys.spi, index);
    }
    else
    {
        m_espAnySpi.push_back(index);
    }
    m_esp.push_back(std::move(keys));
    return {};
}

io::SystemResult<size_t>
KeyStore::AddText(std::string_view text, std::string_view file)
{
    size_t rows = 0;
    size_t number = 0;
    while (!text.empty())
    {
        const size_t end = text.find('\n');
        std::string_view line = Trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++number;
        if (line.starts_with(io::OWN_ROW))
        {
            line.remove_prefix(io::OWN_ROW.size());
        }
        if (line.empty() || line.front() == '#')
        {
            continue;
        }
        const std::string where = fmt::format("{}:{}", file, number);
        const auto fail = [&](std::string_view problem)
        {
            return tl::unexpected(
                io::SystemError{OneLine(fmt::format("{}: {}; a row is what Wireshark writes into "
                                                    "ikev2_decryption_table or esp_sa",
                                                    where,
                                                    problem))});
        };
        const auto columns = SplitColumns(line);
        if (!columns)
        {
            return fail("a quotation mark is missing");
        }
        if (rows >= MOST_ROWS)
        {
            return fail("more than a million rows");
        }
        const bool esp = columns->front() == "IPv4" || columns->front() == "IPv6";
        const size_t wanted = esp ? ESP_COLUMNS : IKE_COLUMNS;
        if (columns->size() < wanted)
        {
            return fail(fmt::format("{} columns, expected {}", columns->size(), wanted));
        }
        const auto added = esp ? AddEsp(*columns, where) : AddIke(*columns, where);
        if (!added)
        {
            return fail(added.error());
        }
        ++rows;
    }
    return rows;
}

std::vector<io::SystemError>
KeyStore::AddSecrets(const io::Capture& capture, std::string_view file)
{
    std::vector<io::SystemError> problems;
    for (const io::CaptureSecrets& secrets : capture.secrets)
    {
        if (secrets.type != io::SECRETS_ESP)
        {
            continue;
        }
        const std::string_view text(reinterpret_cast<const char*>(secrets.data.data()),
                                    secrets.data.size());
        if (auto rows = AddText(text, fmt::format("{} (secrets block)", file)); !rows)
        {
            problems.push_back(std::move(rows.error()));
        }
    }
    return problems;
}

io::SystemResult<size_t>
KeyStore::LoadFolder(const std::string& folder)
{
    namespace fs = std::filesystem;
    std::vector<std::string> tables;
    const auto addTablesOf = [&tables](const fs::path& place)
    {
        std::error_code ignored;
        for (const char* name : {"ikev2_decryption_table", "esp_sa"})
        {
            if (fs::is_regular_file(place / name, ignored))
            {
                tables.push_back((place / name).string());
            }
        }
    };
    addTablesOf(folder);
    for (const fs::path& profiles :
         {fs::path(folder) / "profiles", fs::path(folder) / "wireshark" / "profiles"})
    {
        std::error_code error;
        std::vector<fs::path> places;
        for (const auto& entry : fs::directory_iterator(profiles, error))
        {
            places.push_back(entry.path());
        }
        std::ranges::sort(places);
        std::ranges::for_each(places, addTablesOf);
    }
    if (tables.empty())
    {
        return tl::unexpected(io::SystemError{fmt::format(
            "{}: no key tables here; expected ikev2_decryption_table or esp_sa, in the folder "
            "itself or in a Wireshark profile below it",
            folder)});
    }
    size_t rows = 0;
    for (const std::string& table : tables)
    {
        const auto read = Load(table);
        if (!read)
        {
            return read;
        }
        rows += *read;
    }
    return rows;
}

io::SystemResult<size_t>
KeyStore::Load(const std::string& path)
{
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored))
    {
        return LoadFolder(path);
    }
    const auto text = io::ReadTextFile(path);
    if (!text)
    {
        return tl::unexpected(text.error());
    }
    return AddText(*text, path);
}

const IkeTableKeys*
KeyStore::FindIke(IkeSpi initiator, IkeSpi responder) const
{
    const auto found = m_ike.find({initiator, responder});
    return found == m_ike.end() ? nullptr : &found->second;
}

const EspTableKeys*
KeyStore::FindEsp(const IpAddress& from, const IpAddress& to, EspSpi spi) const
{
    std::optional<size_t> best;
    const auto consider = [&](size_t index)
    {
        if (m_esp[index].Fits(from, to, spi) && (!best || index > *best))
        {
            best = index;
        }
    };
    const auto [begin, end] = m_espBySpi.equal_range(spi);
    for (auto entry = begin; entry != end; ++entry)
    {
        consider(entry->second);
    }
    std::ranges::for_each(m_espAnySpi, consider);
    return best ? &m_esp[*best] : nullptr;
}

} // namespace ikelab::dissect
