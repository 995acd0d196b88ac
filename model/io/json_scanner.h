// SPDX-License-Identifier: MIT
#pragma once

#include "io/json_document.h"

#include <optional>

namespace ikelab::io
{

/**
 * Walks a JSON text once: says what is wrong in plain words and notes where keys and values begin.
 * The values themselves are nlohmann's work.
 */
class JsonScanner
{
  public:
    explicit JsonScanner(std::string_view text) : m_text(text)
    {
    }

    /// The first thing that is wrong, or nothing and `places` filled.
    std::optional<JsonError> Scan(std::map<std::string, JsonDocument::Place, std::less<>>& places);

    /// The position of an octet of the text.
    static TextPosition PositionOf(std::string_view text, size_t offset);

  private:
    using Places = std::map<std::string, JsonDocument::Place, std::less<>>;

    bool SkipBlanks();
    bool Value(const std::string& pointer, TextPosition key, size_t depth);
    bool Object(const std::string& pointer, size_t depth);
    bool Array(const std::string& pointer, size_t depth);
    bool String(std::string& value);
    bool Escape(std::string& value);
    bool HexUnit(uint32_t& unit);
    bool Utf8(std::string& value);
    bool Number();
    bool Literal();
    bool Digits(std::string_view after);

    bool Wrong(std::string message);
    bool WrongAt(TextPosition where, std::string message);
    std::string Found() const;
    TextPosition Here() const;
    bool AtEnd() const;
    char Peek() const;
    void Advance();

    std::string_view m_text;
    size_t m_offset{0};
    size_t m_line{1};
    size_t m_column{1};
    std::string m_pointer;
    Places* m_places{nullptr};
    std::optional<JsonError> m_error;
};

} // namespace ikelab::io
