// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/**
 * A decoded message as a tree of named values: made once, printed as text and as JSON, so that both
 * say the same.
 */
namespace ikelab::wire
{

struct Field;

/// A number with its registry's name.
struct FieldCode
{
    uint64_t number{0};
    std::string name; ///< empty if the registry has none
};

/// Named values that belong together.
struct FieldGroup
{
    std::vector<Field> fields;
};

/// Values of one kind, in order; each is a Field that repeats `item` as its name.
struct FieldList
{
    std::vector<Field> items;
};

/// One named value. Names are literals of lower-case words joined by underscores.
struct Field
{
    using Value =
        std::variant<std::string, bool, uint64_t, FieldCode, Buffer, FieldGroup, FieldList>;

    std::string_view name;
    Value value;
};

/// The code of an enumerator: its number, and its name if ToString knows one.
template <typename Enumeration>
FieldCode
CodeOf(Enumeration value)
{
    const auto number = static_cast<uint64_t>(value);
    std::string name = ToString(value);
    if (name == std::to_string(number))
    {
        name.clear();
    }
    return {number, std::move(name)};
}

/// The fields as one JSON object (RFC 8259), in their order, without blanks; octets in full.
std::string ToJson(const FieldGroup& group);
/// The same for a list: a JSON array.
std::string ToJson(const FieldList& list);

/**
 * Lines of text, for people: plain values on the line of their group, groups and lists below it.
 * Octet strings are cut after 32 octets, with their length said.
 * @param label  what the first line begins with
 * @param indent blanks before it
 */
void AppendText(std::string& text,
                std::string_view label,
                const FieldGroup& group,
                unsigned indent);

} // namespace ikelab::wire
