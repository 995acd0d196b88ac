// SPDX-License-Identifier: MIT
#include "io/json_document.h"

#include "base/one_line.h"
#include "io/json_scanner.h"

#include <fmt/format.h>

namespace ikelab::io
{

std::string
JsonError::ToString(std::string_view fileName) const
{
    return OneLine(fmt::format("{}:{}:{}: {}{}{}",
                               fileName,
                               where.line,
                               where.column,
                               pointer,
                               pointer.empty() ? "" : ": ",
                               message));
}

tl::expected<JsonDocument, JsonError>
JsonDocument::Parse(std::string_view text)
{
    constexpr std::string_view BYTE_ORDER_MARK = "\xEF\xBB\xBF";
    if (text.starts_with(BYTE_ORDER_MARK))
    {
        text.remove_prefix(BYTE_ORDER_MARK.size());
    }
    JsonDocument document;
    if (auto error = JsonScanner(text).Scan(document.m_places))
    {
        return tl::unexpected<JsonError>(std::move(*error));
    }
    try
    {
        document.m_root = nlohmann::ordered_json::parse(text, nullptr, true, true);
    }
    catch (const nlohmann::json::parse_error& error)
    {
        // The scanner accepts nothing that the parser refuses; should they ever differ, the user
        // still gets the line.
        return tl::unexpected<JsonError>(JsonError{
            JsonScanner::PositionOf(text, error.byte > 0 ? error.byte - 1 : 0), error.what(), ""});
    }
    catch (const nlohmann::json::exception& error)
    {
        return tl::unexpected<JsonError>(JsonError{{}, error.what(), ""});
    }
    return document;
}

const JsonDocument::Place&
JsonDocument::PlaceOf(std::string_view pointer) const
{
    while (true)
    {
        const auto found = m_places.find(pointer);
        if (found != m_places.end())
        {
            return found->second;
        }
        const size_t slash = pointer.rfind('/');
        pointer = slash == std::string_view::npos ? std::string_view{} : pointer.substr(0, slash);
    }
}

TextPosition
JsonDocument::ValuePosition(std::string_view pointer) const
{
    return PlaceOf(pointer).value;
}

TextPosition
JsonDocument::KeyPosition(std::string_view pointer) const
{
    return PlaceOf(pointer).key;
}

std::string
AppendPointer(std::string_view parent, std::string_view key)
{
    std::string pointer(parent);
    pointer += '/';
    for (const char letter : key)
    {
        if (letter == '~')
        {
            pointer += "~0";
        }
        else if (letter == '/')
        {
            pointer += "~1";
        }
        else
        {
            pointer += letter;
        }
    }
    return pointer;
}

} // namespace ikelab::io
