// SPDX-License-Identifier: MIT
#include "dissect/key_store.h"

#include "base/one_line.h"
#include "io/esp_key_row.h"
#include "io/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <ranges>
#include <variant>

namespace ikelab::dissect
{

namespace
{

using Loaded = tl::expected<size_t, TableProblems>;

/// What becomes of tables that are read one after the other.
struct Reading
{
    size_t rows{0};
    TableProblems problems;

    void
    Add(Loaded loaded)
    {
        if (loaded)
        {
            rows += *loaded;
        }
        else
        {
            problems.Add(std::move(loaded.error()));
        }
    }

    Loaded
    Result() &&
    {
        if (problems.Empty())
        {
            return rows;
        }
        return tl::unexpected(std::move(problems));
    }
};

Loaded
Unreadable(std::string why)
{
    TableProblems problems;
    problems.Add(std::move(why));
    return tl::unexpected(std::move(problems));
}

/**
 * Put a row behind the older ones for the same packets, in place of one with the same keys or, if
 * they are too many, of the oldest.
 * @return by how many rows there are more
 */
template <typename Row>
size_t
Keep(std::vector<Row>& rows, Row row, size_t most)
{
    const size_t before = rows.size();
    std::erase_if(rows, [&row](const Row& known) { return HaveSameKeys(known, row); });
    if (rows.size() >= most)
    {
        rows.erase(rows.begin());
    }
    rows.push_back(std::move(row));
    return rows.size() - std::min(before, rows.size());
}

/// All bits of an address or none.
bool
IsWhole(const IpAddress& mask)
{
    return std::ranges::all_of(mask.Octets(), [](uint8_t octet) { return octet == 0xff; }) ||
           mask.IsUnspecified();
}

bool
IsPartial(const EspMask& mask)
{
    return !IsWhole(mask.source) || !IsWhole(mask.destination) ||
           (mask.spi != 0 && mask.spi != UINT32_MAX);
}

} // namespace

void
TableProblems::Add(std::string problem)
{
    if (told.size() < MOST)
    {
        told.push_back(std::move(problem));
    }
    else
    {
        ++more;
    }
}

void
TableProblems::Add(TableProblems problems)
{
    std::ranges::for_each(problems.told, [this](std::string& problem) { Add(std::move(problem)); });
    more += problems.more;
}

std::vector<std::string>
TableProblems::Lines() const
{
    std::vector<std::string> lines = told;
    if (more > 0)
    {
        lines.push_back(fmt::format("{} more rows cannot be read", more));
    }
    return lines;
}

KeyStore::KeyStore(size_t mostRows) : m_mostRows(mostRows)
{
}

tl::expected<void, std::string>
KeyStore::Add(IkeTableKeys keys)
{
    auto& rows = m_ike[{keys.initiator, keys.responder}];
    m_size += Keep(rows, std::move(keys), MOST_OF_AN_IKE_SA);
    return {};
}

tl::expected<void, std::string>
KeyStore::Add(EspTableKeys keys)
{
    const EspSelectors selectors = keys.selectors;
    if (!m_esp.contains(selectors.mask) && IsPartial(selectors.mask))
    {
        if (m_partialMasks >= MOST_PARTIAL_MASKS)
        {
            return tl::unexpected(fmt::format(
                "more than {} kinds of address blocks and partial SPIs", MOST_PARTIAL_MASKS));
        }
        ++m_partialMasks;
    }
    keys.number = m_read++;
    auto& rows = m_esp[selectors.mask][selectors.value];
    m_size += Keep(rows, std::move(keys), MOST_OF_AN_ESP_SA);
    return {};
}

Loaded
KeyStore::AddText(std::string_view text, std::string_view file)
{
    Reading reading;
    size_t number = 0;
    while (!text.empty())
    {
        const size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++number;
        const std::string where = fmt::format("{}:{}", file, number);
        const auto tell = [&](std::string_view problem)
        {
            reading.problems.Add(OneLine(fmt::format("{}: {}; a row is what Wireshark writes into "
                                                     "ikev2_decryption_table or esp_sa",
                                                     where,
                                                     problem)));
        };
        auto row = ReadRow(line, where);
        if (!row)
        {
            tell(row.error());
            continue;
        }
        if (!*row)
        {
            continue;
        }
        if (m_size >= m_mostRows)
        {
            tell(fmt::format("more than {} rows", m_mostRows));
            break;
        }
        const auto added = std::visit([this](auto& keys) { return Add(std::move(keys)); }, **row);
        if (!added)
        {
            tell(added.error());
            continue;
        }
        ++reading.rows;
    }
    return std::move(reading).Result();
}

Loaded
KeyStore::AddSecrets(const io::Capture& capture, std::string_view file)
{
    Reading reading;
    for (const io::CaptureSecrets& secrets : capture.secrets)
    {
        if (secrets.type == io::SECRETS_ESP)
        {
            const std::string_view text(reinterpret_cast<const char*>(secrets.data.data()),
                                        secrets.data.size());
            reading.Add(AddText(text, fmt::format("{} (secrets block)", file)));
        }
    }
    return std::move(reading).Result();
}

Loaded
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
        return Unreadable(fmt::format(
            "{}: no key tables here; expected ikev2_decryption_table or esp_sa, in the folder "
            "itself or in a Wireshark profile below it",
            folder));
    }
    Reading reading;
    for (const std::string& table : tables)
    {
        reading.Add(Load(table));
    }
    return std::move(reading).Result();
}

Loaded
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
        return Unreadable(text.error().message);
    }
    return AddText(*text, path);
}

std::vector<const IkeTableKeys*>
KeyStore::FindIke(IkeSpi initiator, IkeSpi responder) const
{
    std::vector<const IkeTableKeys*> found;
    if (const auto rows = m_ike.find({initiator, responder}); rows != m_ike.end())
    {
        for (const IkeTableKeys& keys : rows->second | std::views::reverse)
        {
            found.push_back(&keys);
        }
    }
    return found;
}

std::vector<const EspTableKeys*>
KeyStore::FindEsp(const EspAddress& packet) const
{
    std::vector<const EspTableKeys*> found;
    for (const auto& [mask, addresses] : m_esp)
    {
        if (mask.source.IsV6() != packet.source.IsV6())
        {
            continue;
        }
        if (const auto rows = addresses.find(packet.Masked(mask)); rows != addresses.end())
        {
            for (const EspTableKeys& keys : rows->second)
            {
                found.push_back(&keys);
            }
        }
    }
    std::ranges::sort(found,
                      std::greater{},
                      [](const EspTableKeys* keys)
                      { return std::pair(keys->selectors.NameTheSpi(), keys->number); });
    found.resize(std::min(found.size(), MOST_OF_AN_ESP_SA));
    return found;
}

} // namespace ikelab::dissect
