// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace ikelab::io
{

/// A place in a text, both from 1; columns count characters, as editors do.
struct TextPosition
{
    size_t line{1};
    size_t column{1};

    auto operator<=>(const TextPosition&) const = default;
};

/// Why a text is not a JSON document.
struct JsonError
{
    TextPosition where;
    /// "expected ',' or '}' after a member, found ']'"
    std::string message;
    /// The value being read, "" for the whole document.
    std::string pointer;

    /// "moon.json:3:14: /nodes/0: expected ..."
    std::string ToString(std::string_view fileName) const;
};

/**
 * A JSON text that remembers where everything stood, so that whoever reads a scenario or a
 * configuration can say file, line and JSON pointer. Line (//) and block comments are allowed;
 * duplicate keys, trailing commas and nesting beyond DEPTH_MAX are errors.
 */
class JsonDocument
{
  public:
    /// Far above any scenario, far below what recursion can take.
    static constexpr size_t DEPTH_MAX = 64;

    static tl::expected<JsonDocument, JsonError> Parse(std::string_view text);

    /// The document; objects keep the order of the text.
    const nlohmann::ordered_json&
    Root() const
    {
        return m_root;
    }

    /**
     * Where the value of a JSON pointer (RFC 6901) begins. A pointer that leads to nothing gives
     * its nearest ancestor: "key missing" is then told at the object that lacks it.
     */
    TextPosition ValuePosition(std::string_view pointer) const;

    /// Where the key of a member begins; for what is no member, the position of its value.
    TextPosition KeyPosition(std::string_view pointer) const;

  private:
    friend class JsonScanner;

    struct Place
    {
        TextPosition key;
        TextPosition value;
    };

    const Place& PlaceOf(std::string_view pointer) const;

    nlohmann::ordered_json m_root;
    std::map<std::string, Place, std::less<>> m_places;
};

/// `parent` + "/" + the key with '~' and '/' escaped, RFC 6901 §3.
std::string AppendPointer(std::string_view parent, std::string_view key);

} // namespace ikelab::io
