// SPDX-License-Identifier: GPL-2.0-only
#include "runner/object_reader.h"

#include "base/assert.h"
#include "io/json_document.h"
#include "runner/units.h"

#include <fmt/format.h>

#include <algorithm>

namespace ikelab::runner
{

std::string
Shown(const Json& json)
{
    switch (json.type())
    {
    case Json::value_t::object:
        return "an object";
    case Json::value_t::array:
        return "a list";
    case Json::value_t::string:
        return "the text " + json.dump(-1, ' ', false, Json::error_handler_t::replace);
    case Json::value_t::null:
        return "null";
    case Json::value_t::boolean:
        return json.get<bool>() ? "true" : "false";
    default:
        return "the number " + json.dump();
    }
}

ObjectReader::ObjectReader(const Json& json,
                           std::string pointer,
                           const gateway::ObjectRule& rule,
                           Problems& problems)
    : m_json(json),
      m_rule(rule),
      m_pointer(std::move(pointer)),
      m_problems(problems)
{
    if (!json.is_object())
    {
        m_problems.Add(m_pointer, Shown(json), "an object");
        return;
    }
    std::vector<std::string> keys;
    for (const gateway::KeyRule& known : rule.keys)
    {
        keys.emplace_back(known.name);
    }
    for (const auto& [key, value] : json.items())
    {
        if (FindRule(rule, key) == nullptr)
        {
            m_problems.AddUnknown(PointerTo(key), "key", key, keys, true);
        }
    }
}

const gateway::KeyRule&
ObjectReader::RuleOf(std::string_view key, std::initializer_list<gateway::Shape> shapes) const
{
    const gateway::KeyRule* rule = FindRule(m_rule, key);
    IKELAB_ASSERT(rule != nullptr && std::ranges::find(shapes, rule->shape) != shapes.end());
    return *rule;
}

const Json*
ObjectReader::Find(std::string_view key) const
{
    if (!m_json.is_object())
    {
        return nullptr;
    }
    const auto found = m_json.find(std::string(key));
    return found == m_json.end() ? nullptr : &*found;
}

bool
ObjectReader::Require(std::string_view key, std::string_view expected)
{
    if (m_json.is_object() && !Has(key))
    {
        m_problems.Add(m_pointer, fmt::format("\"{}\" is missing", key), std::string(expected));
        return false;
    }
    return m_json.is_object();
}

std::string
ObjectReader::PointerTo(std::string_view key) const
{
    return io::AppendPointer(m_pointer, key);
}

void
ObjectReader::Complain(std::string_view key, std::string problem, std::string expected)
{
    m_problems.Add(PointerTo(key), std::move(problem), std::move(expected));
}

bool
ObjectReader::Text(std::string_view key, std::string& value)
{
    RuleOf(key, {shape::Text, shape::Moment});
    return TextOf(key, value);
}

bool
ObjectReader::TextOf(std::string_view key, std::string& value)
{
    const Json* member = Find(key);
    if (!member)
    {
        return false;
    }
    if (!member->is_string())
    {
        Complain(key, Shown(*member), "a text");
        return false;
    }
    value = member->get<std::string>();
    return true;
}

bool
ObjectReader::Flag(std::string_view key, bool& value)
{
    RuleOf(key, {shape::Flag});
    const Json* member = Find(key);
    if (!member)
    {
        return false;
    }
    if (!member->is_boolean())
    {
        Complain(key, Shown(*member), "true or false");
        return false;
    }
    value = member->get<bool>();
    return true;
}

bool
ObjectReader::Count(std::string_view key, uint64_t& value, uint64_t least)
{
    const gateway::KeyRule& rule = RuleOf(key, {shape::Count});
    const uint64_t lowest = std::max(least, rule.least);
    const uint64_t highest = rule.most;
    const Json* member = Find(key);
    if (!member)
    {
        return false;
    }
    const bool good = member->is_number_unsigned() && member->get<uint64_t>() >= lowest &&
                      member->get<uint64_t>() <= highest;
    if (!good)
    {
        Complain(key,
                 Shown(*member),
                 highest == UINT64_MAX
                     ? fmt::format("a whole number, {} or more", lowest)
                     : fmt::format("a whole number from {} to {}", lowest, highest));
        return false;
    }
    value = member->get<uint64_t>();
    return true;
}

bool
ObjectReader::Time(std::string_view key, Duration& value)
{
    RuleOf(key, {shape::Time});
    const Json* member = Find(key);
    if (!member)
    {
        return false;
    }
    const auto time = member->is_string() ? ParseTime(member->get<std::string>()) : std::nullopt;
    if (!time)
    {
        Complain(key, Shown(*member), "a time with its unit, such as \"40ms\", \"30s\" or \"4h\"");
        return false;
    }
    value = *time;
    return true;
}

bool
ObjectReader::Percent(std::string_view key, double& value)
{
    RuleOf(key, {shape::Percent});
    const Json* member = Find(key);
    if (!member)
    {
        return false;
    }
    const auto share =
        member->is_string() ? ParsePercent(member->get<std::string>()) : std::nullopt;
    if (!share)
    {
        Complain(key, Shown(*member), "a percentage, such as \"1%\" or \"0.5%\"");
        return false;
    }
    value = *share;
    return true;
}

bool
ObjectReader::Rate(std::string_view key, uint64_t& value)
{
    RuleOf(key, {shape::Rate});
    const Json* member = Find(key);
    if (!member)
    {
        return false;
    }
    const auto rate = member->is_string() ? ParseRate(member->get<std::string>()) : std::nullopt;
    if (!rate)
    {
        Complain(key, Shown(*member), "a rate in bit, kbit, mbit or gbit, such as \"100mbit\"");
        return false;
    }
    value = *rate;
    return true;
}

bool
ObjectReader::Word(std::string_view key, int& value)
{
    const gateway::KeyRule& rule = RuleOf(key, {shape::Word});
    std::string word;
    if (!TextOf(key, word))
    {
        return false;
    }
    const auto found = std::ranges::find(rule.words, word, &gateway::NamedValue::name);
    if (found == rule.words.end())
    {
        std::vector<std::string> names;
        for (const gateway::NamedValue& known : rule.words)
        {
            names.emplace_back(known.name);
        }
        m_problems.AddUnknown(PointerTo(key), "word", word, names);
        return false;
    }
    value = found->value;
    return true;
}

bool
ObjectReader::AnyName(std::string_view key, std::string& value)
{
    RuleOf(key, {shape::Name});
    return TextOf(key, value);
}

bool
ObjectReader::Name(std::string_view key,
                   std::string_view what,
                   const std::vector<std::string>& names,
                   std::string& value)
{
    std::string word;
    if (!AnyName(key, word))
    {
        return false;
    }
    if (std::ranges::find(names, word) == names.end())
    {
        m_problems.AddUnknown(PointerTo(key), what, word, names);
        return false;
    }
    value = word;
    return true;
}

} // namespace ikelab::runner
