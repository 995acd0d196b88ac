// SPDX-License-Identifier: MIT
#include "io/json_scanner.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace ikelab::io
{

namespace
{

bool
IsDigit(char letter)
{
    return letter >= '0' && letter <= '9';
}

bool
IsWordLetter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           IsDigit(letter) || letter == '_';
}

void
AppendUtf8(std::string& text, uint32_t codePoint)
{
    if (codePoint < 0x80)
    {
        text += static_cast<char>(codePoint);
        return;
    }
    if (codePoint < 0x800)
    {
        text += static_cast<char>(0xC0 | (codePoint >> 6));
    }
    else
    {
        if (codePoint < 0x10000)
        {
            text += static_cast<char>(0xE0 | (codePoint >> 12));
        }
        else
        {
            text += static_cast<char>(0xF0 | (codePoint >> 18));
            text += static_cast<char>(0x80 | ((codePoint >> 12) & 0x3F));
        }
        text += static_cast<char>(0x80 | ((codePoint >> 6) & 0x3F));
    }
    text += static_cast<char>(0x80 | (codePoint & 0x3F));
}

} // namespace

std::optional<JsonError>
JsonScanner::Scan(Places& places)
{
    m_places = &places;
    bool fine = SkipBlanks();
    if (fine && AtEnd())
    {
        fine = Wrong("the file holds no value");
    }
    fine = fine && Value("", Here(), 0) && SkipBlanks();
    if (fine && !AtEnd())
    {
        m_pointer.clear();
        Wrong(fmt::format("expected the end of the file, found {}", Found()));
    }
    return m_error;
}

TextPosition
JsonScanner::PositionOf(std::string_view text, size_t offset)
{
    JsonScanner scanner(text);
    while (!scanner.AtEnd() && scanner.m_offset < offset)
    {
        scanner.Advance();
    }
    return scanner.Here();
}

bool
JsonScanner::SkipBlanks()
{
    while (!AtEnd())
    {
        const char letter = Peek();
        if (letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r')
        {
            Advance();
            continue;
        }
        if (letter != '/')
        {
            break;
        }
        const TextPosition begin = Here();
        Advance();
        if (!AtEnd() && Peek() == '/')
        {
            while (!AtEnd() && Peek() != '\n')
            {
                Advance();
            }
            continue;
        }
        if (AtEnd() || Peek() != '*')
        {
            return WrongAt(begin, "a lone '/' (comments are // or /* */)");
        }
        Advance();
        while (!m_text.substr(m_offset).starts_with("*/"))
        {
            if (AtEnd())
            {
                return WrongAt(begin, "this comment is never closed");
            }
            Advance();
        }
        Advance();
        Advance();
    }
    return true;
}

bool
JsonScanner::Value(const std::string& pointer, TextPosition key, size_t depth)
{
    m_pointer = pointer;
    (*m_places)[pointer] = {key, Here()};
    if (AtEnd())
    {
        return Wrong("expected a value, found the end of the file");
    }
    const char first = Peek();
    if (first == '{' || first == '[')
    {
        if (depth == JsonDocument::DEPTH_MAX)
        {
            return Wrong(fmt::format("nested deeper than {} levels", JsonDocument::DEPTH_MAX));
        }
        return first == '{' ? Object(pointer, depth + 1) : Array(pointer, depth + 1);
    }
    if (first == '"')
    {
        std::string ignored;
        return String(ignored);
    }
    if (first == '-' || IsDigit(first))
    {
        return Number();
    }
    return Literal();
}

bool
JsonScanner::Object(const std::string& pointer, size_t depth)
{
    Advance(); // {
    if (!SkipBlanks())
    {
        return false;
    }
    if (!AtEnd() && Peek() == '}')
    {
        Advance();
        return true;
    }
    while (true)
    {
        m_pointer = pointer;
        const TextPosition keyPosition = Here();
        if (AtEnd() || Peek() != '"')
        {
            return Wrong(fmt::format("expected a key in double quotes, found {}", Found()));
        }
        std::string key;
        if (!String(key) || !SkipBlanks())
        {
            return false;
        }
        std::string child = AppendPointer(pointer, key);
        if (const auto other = m_places->find(child); other != m_places->end())
        {
            return WrongAt(
                keyPosition,
                fmt::format("duplicate key \"{}\", first at line {}; expected each key once",
                            key,
                            other->second.key.line));
        }
        if (AtEnd() || Peek() != ':')
        {
            return Wrong(fmt::format("expected ':' after key \"{}\", found {}", key, Found()));
        }
        Advance();
        if (!SkipBlanks() || !Value(child, keyPosition, depth) || !SkipBlanks())
        {
            return false;
        }
        m_pointer = pointer;
        if (!AtEnd() && Peek() == '}')
        {
            Advance();
            return true;
        }
        if (AtEnd() || Peek() != ',')
        {
            return Wrong(fmt::format("expected ',' or '}}' after a member, found {}", Found()));
        }
        const TextPosition comma = Here();
        Advance();
        if (!SkipBlanks())
        {
            return false;
        }
        if (!AtEnd() && Peek() == '}')
        {
            return WrongAt(comma, "a comma before '}'");
        }
    }
}

bool
JsonScanner::Array(const std::string& pointer, size_t depth)
{
    Advance(); // [
    if (!SkipBlanks())
    {
        return false;
    }
    if (!AtEnd() && Peek() == ']')
    {
        Advance();
        return true;
    }
    for (size_t index = 0;; ++index)
    {
        if (!Value(fmt::format("{}/{}", pointer, index), Here(), depth) || !SkipBlanks())
        {
            return false;
        }
        m_pointer = pointer;
        if (!AtEnd() && Peek() == ']')
        {
            Advance();
            return true;
        }
        if (AtEnd() || Peek() != ',')
        {
            return Wrong(fmt::format("expected ',' or ']' after an element, found {}", Found()));
        }
        const TextPosition comma = Here();
        Advance();
        if (!SkipBlanks())
        {
            return false;
        }
        if (!AtEnd() && Peek() == ']')
        {
            return WrongAt(comma, "a comma before ']'");
        }
    }
}

bool
JsonScanner::String(std::string& value)
{
    const TextPosition begin = Here();
    Advance(); // opening quote
    while (true)
    {
        if (AtEnd() || Peek() == '\n')
        {
            return WrongAt(begin, "this string is never closed");
        }
        const char letter = Peek();
        if (letter == '"')
        {
            Advance();
            return true;
        }
        if (letter == '\\')
        {
            if (!Escape(value))
            {
                return false;
            }
        }
        else if (static_cast<uint8_t>(letter) < 0x20)
        {
            return Wrong("a control character in a string (write it as \\u00XX)");
        }
        else if (!Utf8(value))
        {
            return false;
        }
    }
}

bool
JsonScanner::Escape(std::string& value)
{
    const TextPosition begin = Here();
    Advance(); // backslash
    if (AtEnd())
    {
        return WrongAt(begin, "this escape ends with the file");
    }
    const char letter = Peek();
    constexpr std::string_view NAMES = "\"\\/bfnrt";
    constexpr std::string_view MEANINGS = "\"\\/\b\f\n\r\t";
    if (const size_t which = NAMES.find(letter); which != std::string_view::npos)
    {
        Advance();
        value += MEANINGS[which];
        return true;
    }
    if (letter != 'u')
    {
        return WrongAt(begin, "unknown escape (known: \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX)");
    }
    Advance();
    uint32_t codePoint = 0;
    if (!HexUnit(codePoint))
    {
        return WrongAt(begin, "\\u needs four hex digits");
    }
    if (codePoint >= 0xD800 && codePoint <= 0xDFFF)
    {
        // Characters beyond 16 bits come as a pair, high half first.
        uint32_t low = 0;
        if (codePoint >= 0xDC00 || !m_text.substr(m_offset).starts_with("\\u"))
        {
            return WrongAt(begin, "half of a surrogate pair");
        }
        Advance();
        Advance();
        if (!HexUnit(low) || low < 0xDC00 || low > 0xDFFF)
        {
            return WrongAt(begin, "half of a surrogate pair");
        }
        codePoint = 0x10000 + ((codePoint - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(value, codePoint);
    return true;
}

bool
JsonScanner::HexUnit(uint32_t& unit)
{
    unit = 0;
    for (int i = 0; i < 4; ++i)
    {
        if (AtEnd())
        {
            return false;
        }
        const char letter = Peek();
        uint32_t digit = 0;
        if (IsDigit(letter))
        {
            digit = static_cast<uint32_t>(letter - '0');
        }
        else if (letter >= 'a' && letter <= 'f')
        {
            digit = static_cast<uint32_t>(letter - 'a') + 10;
        }
        else if (letter >= 'A' && letter <= 'F')
        {
            digit = static_cast<uint32_t>(letter - 'A') + 10;
        }
        else
        {
            return false;
        }
        unit = unit * 16 + digit;
        Advance();
    }
    return true;
}

bool
JsonScanner::Utf8(std::string& value)
{
    // RFC 3629 §4: length by the first octet, with the overlong and surrogate ranges left out.
    const auto octetAt = [this](size_t index) -> uint32_t
    {
        return index < m_text.size() ? static_cast<uint8_t>(m_text[index]) : 0;
    };
    const uint32_t first = octetAt(m_offset);
    size_t length = 1;
    uint32_t secondMin = 0x80;
    uint32_t secondMax = 0xBF;
    if (first >= 0x80)
    {
        if (first >= 0xC2 && first <= 0xDF)
        {
            length = 2;
        }
        else if (first >= 0xE0 && first <= 0xEF)
        {
            length = 3;
            secondMin = first == 0xE0 ? 0xA0 : secondMin;
            secondMax = first == 0xED ? 0x9F : secondMax;
        }
        else if (first >= 0xF0 && first <= 0xF4)
        {
            length = 4;
            secondMin = first == 0xF0 ? 0x90 : secondMin;
            secondMax = first == 0xF4 ? 0x8F : secondMax;
        }
        else
        {
            return Wrong("this is not UTF-8");
        }
        for (size_t i = 1; i < length; ++i)
        {
            const uint32_t octet = octetAt(m_offset + i);
            if (octet < (i == 1 ? secondMin : 0x80) || octet > (i == 1 ? secondMax : 0xBF))
            {
                return Wrong("this is not UTF-8");
            }
        }
    }
    for (size_t i = 0; i < length; ++i)
    {
        value += Peek();
        Advance();
    }
    return true;
}

bool
JsonScanner::Digits(std::string_view after)
{
    if (AtEnd() || !IsDigit(Peek()))
    {
        return Wrong(fmt::format("expected a digit after {}, found {}", after, Found()));
    }
    while (!AtEnd() && IsDigit(Peek()))
    {
        Advance();
    }
    return true;
}

bool
JsonScanner::Number()
{
    const size_t begin = m_offset;
    const TextPosition where = Here();
    if (Peek() == '-')
    {
        Advance();
    }
    if (!AtEnd() && Peek() == '0')
    {
        Advance();
        if (!AtEnd() && IsDigit(Peek()))
        {
            return WrongAt(where, "a number must not begin with 0");
        }
    }
    else if (!Digits("'-'"))
    {
        return false;
    }
    if (!AtEnd() && Peek() == '.')
    {
        Advance();
        if (!Digits("'.'"))
        {
            return false;
        }
    }
    if (!AtEnd() && (Peek() == 'e' || Peek() == 'E'))
    {
        Advance();
        if (!AtEnd() && (Peek() == '+' || Peek() == '-'))
        {
            Advance();
        }
        if (!Digits("the exponent"))
        {
            return false;
        }
    }
    if (!AtEnd() && IsWordLetter(Peek()))
    {
        return WrongAt(where, "a number with letters (a value with a unit goes in double quotes)");
    }
    const std::string digits(m_text.substr(begin, m_offset - begin));
    if (!std::isfinite(std::strtod(digits.c_str(), nullptr)))
    {
        return WrongAt(where, "this number is too large");
    }
    return true;
}

bool
JsonScanner::Literal()
{
    const TextPosition where = Here();
    const size_t begin = m_offset;
    while (!AtEnd() && IsWordLetter(Peek()))
    {
        Advance();
    }
    const std::string_view word = m_text.substr(begin, m_offset - begin);
    if (word == "true" || word == "false" || word == "null")
    {
        return true;
    }
    if (word.empty())
    {
        return Wrong(fmt::format("expected a value, found {}", Found()));
    }
    return WrongAt(where, fmt::format("'{}' is no value (text goes in double quotes)", word));
}

bool
JsonScanner::Wrong(std::string message)
{
    return WrongAt(Here(), std::move(message));
}

bool
JsonScanner::WrongAt(TextPosition where, std::string message)
{
    m_error = JsonError{where, std::move(message), m_pointer};
    return false;
}

std::string
JsonScanner::Found() const
{
    if (AtEnd())
    {
        return "the end of the file";
    }
    const auto octet = static_cast<uint8_t>(Peek());
    if (octet < 0x20 || octet >= 0x7F)
    {
        return fmt::format("octet 0x{:02x}", octet);
    }
    return fmt::format("'{}'", Peek());
}

TextPosition
JsonScanner::Here() const
{
    return {m_line, m_column};
}

bool
JsonScanner::AtEnd() const
{
    return m_offset == m_text.size();
}

char
JsonScanner::Peek() const
{
    return m_text[m_offset];
}

void
JsonScanner::Advance()
{
    const char letter = m_text[m_offset++];
    if (letter == '\n')
    {
        ++m_line;
        m_column = 1;
        return;
    }
    // Continuation octets of UTF-8 stand in their character's column.
    const bool nextContinues =
        m_offset < m_text.size() && (static_cast<uint8_t>(m_text[m_offset]) & 0xC0) == 0x80;
    if (!nextContinues)
    {
        ++m_column;
    }
}

} // namespace ikelab::io
