// SPDX-License-Identifier: MIT
#include "wire/fields.h"

#include "base/hex.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ikelab::wire
{

namespace
{

/// Longer octet strings are cut in text.
constexpr size_t SHOWN_OCTETS = 32;
constexpr unsigned INDENT = 2;

void
AppendJsonText(std::string& json, std::string_view text)
{
    json += '"';
    for (const char character : text)
    {
        if (character == '"' || character == '\\')
        {
            json += '\\';
            json += character;
        }
        else if (static_cast<unsigned char>(character) < 0x20)
        {
            fmt::format_to(std::back_inserter(json),
                           "\\u{:04x}",
                           static_cast<unsigned>(static_cast<unsigned char>(character)));
        }
        else
        {
            json += character;
        }
    }
    json += '"';
}

/// Appends any value as JSON.
struct JsonWriter
{
    std::string& json;

    void
    operator()(const std::string& text) const
    {
        AppendJsonText(json, text);
    }

    void
    operator()(bool flag) const
    {
        json += flag ? "true" : "false";
    }

    void
    operator()(uint64_t number) const
    {
        json += std::to_string(number);
    }

    void
    operator()(const FieldCode& code) const
    {
        json += "{\"number\":";
        json += std::to_string(code.number);
        if (!code.name.empty())
        {
            json += ",\"name\":";
            AppendJsonText(json, code.name);
        }
        json += '}';
    }

    void
    operator()(const Buffer& octets) const
    {
        json += '"';
        json += ToHex(octets);
        json += '"';
    }

    void
    operator()(const FieldGroup& group) const
    {
        char separator = '{';
        for (const Field& field : group.fields)
        {
            json += separator;
            AppendJsonText(json, field.name);
            json += ':';
            std::visit(*this, field.value);
            separator = ',';
        }
        json += group.fields.empty() ? "{}" : "}";
    }

    void
    operator()(const FieldList& list) const
    {
        char separator = '[';
        for (const Field& item : list.items)
        {
            json += separator;
            std::visit(*this, item.value);
            separator = ',';
        }
        json += list.items.empty() ? "[]" : "]";
    }
};

/// A plain value as text; empty for groups and lists.
struct PlainText
{
    std::string
    operator()(const std::string& text) const
    {
        return text;
    }

    std::string
    operator()(bool flag) const
    {
        return flag ? "yes" : "no";
    }

    std::string
    operator()(uint64_t number) const
    {
        return std::to_string(number);
    }

    std::string
    operator()(const FieldCode& code) const
    {
        return code.name.empty() ? std::to_string(code.number) : code.name;
    }

    std::string
    operator()(const Buffer& octets) const
    {
        if (octets.empty())
        {
            return "empty";
        }
        if (octets.size() <= SHOWN_OCTETS)
        {
            return ToHex(octets);
        }
        return fmt::format(
            "{}... ({} octets)", ToHex(Bytes(octets).first(SHOWN_OCTETS)), octets.size());
    }

    std::string
    operator()(const FieldGroup&) const
    {
        return {};
    }

    std::string
    operator()(const FieldList&) const
    {
        return {};
    }
};

bool
IsPlain(const Field& field)
{
    return !std::holds_alternative<FieldGroup>(field.value) &&
           !std::holds_alternative<FieldList>(field.value);
}

/// "key_length" becomes "key length".
std::string
Words(std::string_view name)
{
    std::string words(name);
    std::ranges::replace(words, '_', ' ');
    return words;
}

void
AppendList(std::string& text, std::string_view name, const FieldList& list, unsigned indent)
{
    const bool isPlain = std::ranges::all_of(list.items, IsPlain);
    if (isPlain)
    {
        text.append(indent, ' ');
        text += Words(name);
        std::string_view separator = ": ";
        for (const Field& item : list.items)
        {
            text += separator;
            text += std::visit(PlainText{}, item.value);
            separator = ", ";
        }
        text += list.items.empty() ? ": none\n" : "\n";
        return;
    }
    for (const Field& item : list.items)
    {
        if (const auto* group = std::get_if<FieldGroup>(&item.value))
        {
            AppendText(text, Words(item.name), *group, indent);
        }
    }
}

} // namespace

std::string
ToJson(const FieldGroup& group)
{
    std::string json;
    JsonWriter{json}(group);
    return json;
}

std::string
ToJson(const FieldList& list)
{
    std::string json;
    JsonWriter{json}(list);
    return json;
}

void
AppendText(std::string& text, std::string_view label, const FieldGroup& group, unsigned indent)
{
    text.append(indent, ' ');
    text += label;
    std::string_view separator = ": ";
    for (const Field& field : group.fields)
    {
        if (IsPlain(field))
        {
            text += separator;
            text += Words(field.name);
            text += ' ';
            text += std::visit(PlainText{}, field.value);
            separator = ", ";
        }
    }
    text += '\n';
    for (const Field& field : group.fields)
    {
        if (const auto* inner = std::get_if<FieldGroup>(&field.value))
        {
            AppendText(text, Words(field.name), *inner, indent + INDENT);
        }
        else if (const auto* list = std::get_if<FieldList>(&field.value))
        {
            AppendList(text, field.name, *list, indent + INDENT);
        }
    }
}

} // namespace ikelab::wire
