// SPDX-License-Identifier: GPL-2.0-only
#include "runner/object_reader.h"

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
                           std::vector<std::string> keys,
                           Problems& problems)
    : m_json(json),
      m_pointer(std::move(pointer)),
      m_problems(problems)
{
    if (!json.is_object())
    {
        m_problems.Add(m_pointer, Shown(json), "an object");
        return;
    }
    for (const auto& [key, value] : json.items())
    {
        if (std::ranges::find(keys, key) == keys.end())
        {
            m_problems.AddUnknown(PointerTo(key), "key", key, keys, true);
        }
    }
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
ObjectReader::Count(std::string_view key, uint64_t& value, uint64_t lowest, uint64_t highest)
{
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
ObjectReader::Word(std::string_view key, const std::vector<std::string>& words, size_t& index)
{
    std::string word;
    if (!Text(key, word))
    {
        return false;
    }
    const auto found = std::ranges::find(words, word);
    if (found == words.end())
    {
        m_problems.AddUnknown(PointerTo(key), "word", word, words);
        return false;
    }
    index = static_cast<size_t>(found - words.begin());
    return true;
}

bool
ObjectReader::Name(std::string_view key,
                   std::string_view what,
                   const std::vector<std::string>& names,
                   std::string& value)
{
    std::string word;
    if (!Text(key, word))
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
