// SPDX-License-Identifier: MIT
#include "dissect/key_store.h"

#include "base/one_line.h"
#include "io/esp_key_row.h"
#include "io/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <variant>

namespace ikelab::dissect
{

namespace
{

/// A table that a person keeps; the limit only keeps a wrong file from filling memory.
constexpr size_t MOST_ROWS = 1'000'000;

} // namespace

void
KeyStore::Add(IkeTableKeys keys)
{
    m_ike.insert_or_assign({keys.initiator, keys.responder}, std::move(keys));
}

void
KeyStore::Add(EspTableKeys keys)
{
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
}

io::SystemResult<size_t>
KeyStore::AddText(std::string_view text, std::string_view file)
{
    size_t rows = 0;
    size_t number = 0;
    while (!text.empty())
    {
        const size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++number;
        const std::string where = fmt::format("{}:{}", file, number);
        const auto fail = [&](std::string_view problem)
        {
            return tl::unexpected(
                io::SystemError{OneLine(fmt::format("{}: {}; a row is what Wireshark writes into "
                                                    "ikev2_decryption_table or esp_sa",
                                                    where,
                                                    problem))});
        };
        auto row = ReadRow(line, where);
        if (!row)
        {
            return fail(row.error());
        }
        if (!*row)
        {
            continue;
        }
        if (rows >= MOST_ROWS)
        {
            return fail("more than a million rows");
        }
        std::visit([this](auto& keys) { Add(std::move(keys)); }, **row);
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
