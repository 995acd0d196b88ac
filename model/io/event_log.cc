// SPDX-License-Identifier: MIT
#include "io/event_log.h"

#include "base/assert.h"

#include <fmt/format.h>

#include <chrono>

namespace ikelab::io
{

namespace
{

std::string
WithoutControls(std::string_view text)
{
    std::string clean;
    for (const char letter : text)
    {
        const auto octet = static_cast<uint8_t>(letter);
        if (octet < 0x20 || octet == 0x7F)
        {
            clean += fmt::format("\\x{:02x}", octet);
        }
        else
        {
            clean += letter;
        }
    }
    return clean;
}

struct CellText
{
    std::string
    operator()(std::monostate) const
    {
        return {};
    }

    std::string
    operator()(const std::string& text) const
    {
        return ToCsvField(text);
    }

    template <typename Number>
    std::string
    operator()(Number number) const
    {
        return fmt::format("{}", number);
    }
};

} // namespace

void
JsonLinesLog::Write(Instant at, const nlohmann::ordered_json& fields)
{
    IKELAB_ASSERT(fields.is_object());
    nlohmann::ordered_json line;
    line["t_ns"] = at.time_since_epoch().count();
    for (const auto& [name, value] : fields.items())
    {
        line[name] = value;
    }
    m_stream << line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

void
TextLog::Write(Instant at, std::string_view node, std::string_view group, std::string_view text)
{
    const std::string prefix = fmt::format("{} {} [{}] ", ToLogTime(at), node, group);
    while (true)
    {
        const size_t end = text.find('\n');
        m_stream << prefix << WithoutControls(text.substr(0, end)) << '\n';
        if (end == std::string_view::npos || end + 1 == text.size())
        {
            return;
        }
        text.remove_prefix(end + 1);
    }
}

CsvWriter::CsvWriter(std::ostream& stream, std::span<const std::string> columns)
    : m_stream(stream),
      m_columns(columns.size())
{
    std::string_view separator;
    for (const std::string& column : columns)
    {
        m_stream << separator << ToCsvField(column);
        separator = ",";
    }
    m_stream << '\n';
}

void
CsvWriter::Row(std::span<const CsvCell> cells)
{
    IKELAB_ASSERT(cells.size() == m_columns);
    std::string_view separator;
    for (const CsvCell& cell : cells)
    {
        m_stream << separator << std::visit(CellText{}, cell);
        separator = ",";
    }
    m_stream << '\n';
}

std::string
ToCsvField(std::string_view text)
{
    const bool blankEdge = !text.empty() && (text.front() == ' ' || text.back() == ' ');
    if (!blankEdge && text.find_first_of(",\"\r\n") == std::string_view::npos)
    {
        return std::string(text);
    }
    std::string quoted = "\"";
    for (const char letter : text)
    {
        quoted += letter;
        if (letter == '"')
        {
            quoted += '"';
        }
    }
    return quoted + '"';
}

std::string
ToLogTime(Instant at)
{
    const int64_t microseconds = at.time_since_epoch().count() / 1000;
    const uint64_t size = microseconds < 0 ? 0 - static_cast<uint64_t>(microseconds)
                                           : static_cast<uint64_t>(microseconds);
    return fmt::format(
        "{}{:02}.{:06}s", microseconds < 0 ? "-" : "", size / 1000000, size % 1000000);
}

std::string
ToDate(Duration sinceEpoch)
{
    using namespace std::chrono;
    const sys_time<nanoseconds> at{duration_cast<nanoseconds>(sinceEpoch)};
    const auto day = floor<days>(at);
    const year_month_day date{day};
    const hh_mm_ss time{at - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
                       static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()),
                       time.hours().count(),
                       time.minutes().count(),
                       time.seconds().count(),
                       time.subseconds().count());
}

} // namespace ikelab::io
