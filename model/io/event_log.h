// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace ikelab::io
{

/// Writes events as JSON Lines: one object per line, its time first. The stream outlives the log.
class JsonLinesLog
{
  public:
    explicit JsonLinesLog(std::ostream& stream) : m_stream(stream)
    {
    }

    /// One line: `{"t_ns":40000000, ...}` with the fields of an object in their order. Text that is
    /// not UTF-8 (a peer's) gets replacement characters.
    void Write(Instant at, const nlohmann::ordered_json& fields);

  private:
    std::ostream& m_stream;
};

/**
 * Writes a log as charon's, each line with simulated time and node in front:
 * `00.040000s moon [IKE] IKE_SA net[1] established`. Control characters are escaped, so that no
 * peer's text can forge a line.
 */
class TextLog
{
  public:
    explicit TextLog(std::ostream& stream) : m_stream(stream)
    {
    }

    /**
     * One line, or several if the text has line ends.
     * @param group charon's three letters: "IKE", "CHD", "NET", "ENC", "CFG", "KNL", "ESP"
     */
    void Write(Instant at, std::string_view node, std::string_view group, std::string_view text);

  private:
    std::ostream& m_stream;
};

/// One cell of a table; a monostate is an empty cell.
using CsvCell = std::variant<std::monostate, std::string, int64_t, uint64_t, double>;

/// Writes RFC 4180 tables, with '\n' as line end; numbers in their shortest exact form.
class CsvWriter
{
  public:
    /// Writes the head line at once; the stream outlives the writer.
    CsvWriter(std::ostream& stream, std::span<const std::string> columns);

    /// One row; as many cells as there are columns (own bug otherwise).
    void Row(std::span<const CsvCell> cells);

  private:
    std::ostream& m_stream;
    size_t m_columns;
};

/// Quoted if it holds a comma, quote, line end, or leading or trailing blank; quotes are doubled.
std::string ToCsvField(std::string_view text);

/// "00.040000s": whole seconds with at least two digits, microseconds.
std::string ToLogTime(Instant at);

/// "2026-01-01T00:00:10.500000000Z" of a time since 1970-01-01 UTC (RFC 3339).
std::string ToDate(Duration sinceEpoch);

} // namespace ikelab::io
