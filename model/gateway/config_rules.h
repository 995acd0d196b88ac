// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <span>
#include <string_view>

/**
 * What the objects of a configuration may hold, as tables. Whoever reads an object and whoever
 * describes it (the JSON Schema, config_schema.h) go by the same rows.
 */
namespace ikelab::gateway
{

using Json = nlohmann::ordered_json;

struct KeyRule;
struct ObjectRule;

/// What values look like: a function that says it in JSON Schema. It stands for the kind of value,
/// too: each reading function of a reader reads one shape and insists on it.
using Shape = Json (*)(const KeyRule& rule);

/// A word that a value may be, and what it means to the reader.
struct NamedValue
{
    std::string_view name;
    int value{0};
};

template <typename Enum>
constexpr NamedValue
Named(std::string_view name, Enum value)
{
    return {name, static_cast<int>(value)};
}

/**
 * One key that an object may have. A key that swanctl knows and we do not have yet carries the
 * values that ask for nothing ("no false 0"), and why any other is refused.
 */
struct KeyRule
{
    std::string_view name;
    bool unsupported{false};
    std::string_view harmless{};
    std::string_view hint{};
    /// More keys that begin with the name belong to the rule: "local-1", "ike-moon".
    bool suffix{false};

    // Of keys that are read.
    Shape shape{nullptr};
    std::string_view otherwise{}; ///< what it is when left out; empty if `help` must say it
    std::string_view help{};
    bool required{false};
    uint64_t least{0}; ///< of numbers
    uint64_t most{UINT64_MAX};
    std::span<const NamedValue> words{};
    const ObjectRule* object{nullptr}; ///< what the value, or each of its members, is

    constexpr KeyRule
    Between(uint64_t lowest, uint64_t highest) const
    {
        KeyRule rule = *this;
        rule.least = lowest;
        rule.most = highest;
        return rule;
    }

    constexpr KeyRule
    OneOf(std::span<const NamedValue> values) const
    {
        KeyRule rule = *this;
        rule.words = values;
        return rule;
    }

    constexpr KeyRule
    Of(const ObjectRule& what) const
    {
        KeyRule rule = *this;
        rule.object = &what;
        return rule;
    }

    constexpr KeyRule
    Required() const
    {
        KeyRule rule = *this;
        rule.required = true;
        return rule;
    }

    constexpr KeyRule
    WithSuffix() const
    {
        KeyRule rule = *this;
        rule.suffix = true;
        return rule;
    }
};

/// A row of a key that is read.
constexpr KeyRule
Key(std::string_view name, Shape shape, std::string_view otherwise, std::string_view help)
{
    KeyRule rule{name};
    rule.shape = shape;
    rule.otherwise = otherwise;
    rule.help = help;
    return rule;
}

/// A kind of object: its keys, and what people call it.
struct ObjectRule
{
    std::string_view name;  ///< in `$defs` of a schema
    std::string_view place; ///< "connections.NAME.children.NAME"; empty for the document itself
    std::string_view help;
    std::span<const KeyRule> keys;
};

/// The rule of a key, or nullptr; the first in the table that fits.
const KeyRule* FindRule(const ObjectRule& object, std::string_view key);

/// The values of swanctl.conf. Numbers and flags may be texts, as it has nothing else.
namespace shape
{

Json Text(const KeyRule& rule);
Json Flag(const KeyRule& rule);
Json Time(const KeyRule& rule);   ///< seconds, or with a unit
Json Amount(const KeyRule& rule); ///< octets or packets, also with k, m or g
Json Real(const KeyRule& rule);
Json Whole(const KeyRule& rule);
Json List(const KeyRule& rule); ///< of texts, or one text with commas
Json Word(const KeyRule& rule);
Json Object(const KeyRule& rule);
Json Objects(const KeyRule& rule);    ///< an object of objects with names of their own
Json ObjectList(const KeyRule& rule); ///< a list of objects

} // namespace shape

} // namespace ikelab::gateway
