// SPDX-License-Identifier: MIT
#include "gateway/config_object.h"

#include "base/assert.h"
#include "gateway/config_schema.h"

#include <algorithm>
#include <charconv>

namespace ikelab::gateway
{

namespace
{

constexpr std::string_view EXPECTED_TIME = "a time such as 500ms, 30s, 5m, 4h or 1d";

/// Text of a scalar; nothing for lists, objects and null.
std::optional<std::string>
ScalarText(const Json& json)
{
    if (json.is_string())
    {
        return json.get<std::string>();
    }
    if (json.is_number() || json.is_boolean())
    {
        return json.dump();
    }
    return std::nullopt;
}

bool
IsHarmless(const KeyRule& rule, const Json& value)
{
    if (value.is_array() || value.is_object())
    {
        return value.empty();
    }
    const auto text = ScalarText(value);
    if (!text)
    {
        return false;
    }
    std::string_view words = rule.harmless;
    while (!words.empty())
    {
        const size_t blank = words.find(' ');
        if (words.substr(0, blank) == *text)
        {
            return true;
        }
        words.remove_prefix(blank == std::string_view::npos ? words.size() : blank + 1);
    }
    return text->empty();
}

/// The object below this one that has the key, or nullptr: people forget a level.
const ObjectRule*
FindOwner(const ObjectRule& top, std::string_view key)
{
    const KeyRule* rule = FindRule(top, key);
    if (rule != nullptr && !rule->unsupported && !top.place.empty())
    {
        return &top;
    }
    for (const KeyRule& member : top.keys)
    {
        const ObjectRule* owner = member.object ? FindOwner(*member.object, key) : nullptr;
        if (owner != nullptr)
        {
            return owner;
        }
    }
    return nullptr;
}

} // namespace

const KeyRule*
FindRule(const ObjectRule& object, std::string_view key)
{
    const auto found = std::ranges::find_if(object.keys,
                                            [key](const KeyRule& rule) {
                                                return key == rule.name ||
                                                       (rule.suffix && key.starts_with(rule.name));
                                            });
    return found == object.keys.end() ? nullptr : &*found;
}

std::string
AppendKey(std::string_view pointer, std::string_view key)
{
    std::string result(pointer);
    result += '/';
    for (const char letter : key)
    {
        if (letter == '~')
        {
            result += "~0";
        }
        else if (letter == '/')
        {
            result += "~1";
        }
        else
        {
            result += letter;
        }
    }
    return result;
}

std::string_view
KindOf(const Json& json)
{
    switch (json.type())
    {
    case Json::value_t::null:
        return "null";
    case Json::value_t::object:
        return "an object";
    case Json::value_t::array:
        return "a list";
    case Json::value_t::string:
        return "a string";
    case Json::value_t::boolean:
        return "true or false";
    default:
        return "a number";
    }
}

ObjectReader::ObjectReader(const Json& json,
                           std::string pointer,
                           const ObjectRule& rule,
                           ErrorSlot& error)
    : m_json(json),
      m_rule(rule),
      m_pointer(std::move(pointer)),
      m_error(error)
{
    if (!m_json.is_object())
    {
        m_error.Set({m_pointer, fmt::format("wrong type: {}", KindOf(json)), "an object", ""});
        return;
    }
    CheckKeys();
}

void
ObjectReader::CheckKeys()
{
    for (const auto& [key, value] : m_json.items())
    {
        const KeyRule* rule = FindRule(m_rule, key);
        if (rule == nullptr)
        {
            ComplainOfUnknown(key);
        }
        else if (rule->unsupported && !IsHarmless(*rule, value))
        {
            std::string expected =
                rule->harmless.empty()
                    ? std::string("the key left out")
                    : fmt::format("the key left out or '{}'",
                                  rule->harmless.substr(0, rule->harmless.find(' ')));
            Wrong(key,
                  rule->hint.empty()
                      ? fmt::format("'{}' is swanctl's, but not supported yet", key)
                      : fmt::format("'{}' is swanctl's, but not supported: {}", key, rule->hint),
                  std::move(expected));
        }
    }
}

void
ObjectReader::ComplainOfUnknown(const std::string& key)
{
    std::vector<std::string> names;
    std::vector<std::string> done;
    for (const KeyRule& known : m_rule.keys)
    {
        names.emplace_back(known.name);
        if (!known.unsupported)
        {
            done.emplace_back(known.suffix ? fmt::format("{}...", known.name)
                                           : std::string(known.name));
        }
    }
    const ObjectRule* owner = FindOwner(ConfigRule(), key);
    Wrong(key,
          owner == nullptr
              ? fmt::format("unknown key '{}'", key)
              : fmt::format("unknown key '{}' here: it belongs to {}", key, owner->place),
          fmt::format("one of {}", fmt::join(done, ", ")),
          owner == nullptr ? NearestWord(key, names) : "");
}

const KeyRule&
ObjectReader::RuleOf(std::string_view key, std::initializer_list<Shape> shapes) const
{
    const KeyRule* rule = FindRule(m_rule, key);
    IKELAB_ASSERT(rule != nullptr && std::ranges::find(shapes, rule->shape) != shapes.end());
    return *rule;
}

bool
ObjectReader::Has(std::string_view key) const
{
    return Find(key) != nullptr;
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

std::string
ObjectReader::PointerTo(std::string_view key) const
{
    return AppendKey(m_pointer, key);
}

void
ObjectReader::Wrong(std::string_view key,
                    std::string problem,
                    std::string expected,
                    std::string nearest)
{
    m_error.Set({PointerTo(key), std::move(problem), std::move(expected), std::move(nearest)});
}

std::optional<std::string>
ObjectReader::Text(std::string_view key)
{
    // A word may be read as a text, to say more about a wrong one.
    RuleOf(key, {shape::Text, shape::Word});
    return ScalarAt(key);
}

std::optional<std::string>
ObjectReader::ScalarAt(std::string_view key)
{
    const Json* value = Find(key);
    if (value == nullptr)
    {
        return std::nullopt;
    }
    if (value->is_boolean() || !ScalarText(*value))
    {
        Wrong(key, fmt::format("wrong type: {}", KindOf(*value)), "a string");
        return std::nullopt;
    }
    return ScalarText(*value);
}

void
ObjectReader::Flag(std::string_view key, bool& target)
{
    RuleOf(key, {shape::Flag});
    const Json* value = Find(key);
    if (value == nullptr)
    {
        return;
    }
    const auto text = ScalarText(*value);
    const auto flag = text ? ParseFlag(*text) : std::nullopt;
    if (!flag)
    {
        Wrong(key,
              text ? fmt::format("'{}' is neither yes nor no", *text)
                   : fmt::format("wrong type: {}", KindOf(*value)),
              "yes or no, true or false");
        return;
    }
    target = *flag;
}

void
ObjectReader::Time(std::string_view key, Duration& target)
{
    RuleOf(key, {shape::Time});
    const Json* value = Find(key);
    if (value == nullptr)
    {
        return;
    }
    if (!value->is_string() && !value->is_number())
    {
        Wrong(key, fmt::format("wrong type: {}", KindOf(*value)), std::string(EXPECTED_TIME));
        return;
    }
    const std::string text = *ScalarText(*value);
    const auto time = ParseDuration(text);
    if (!time)
    {
        Wrong(key, fmt::format("bad time '{}'", text), std::string(EXPECTED_TIME));
        return;
    }
    target = *time;
}

void
ObjectReader::Amount(std::string_view key, uint64_t& target)
{
    RuleOf(key, {shape::Amount});
    const auto text = ScalarAt(key);
    if (!text)
    {
        return;
    }
    const auto amount = ParseAmount(*text);
    if (!amount)
    {
        Wrong(key, fmt::format("bad amount '{}'", *text), "a whole number, or one with k, m or g");
        return;
    }
    target = *amount;
}

void
ObjectReader::Real(std::string_view key, double& target)
{
    const KeyRule& rule = RuleOf(key, {shape::Real});
    const auto least = static_cast<double>(rule.least);
    const auto most = static_cast<double>(rule.most);
    const auto text = ScalarAt(key);
    if (!text)
    {
        return;
    }
    double number = 0;
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != text->data() + text->size() ||
        !(number >= least && number <= most))
    {
        Wrong(key,
              fmt::format("'{}' is not a number in range", *text),
              fmt::format("a number from {} to {}", least, most));
        return;
    }
    target = number;
}

std::optional<uint64_t>
ObjectReader::Whole(std::string_view key)
{
    const KeyRule& rule = RuleOf(key, {shape::Whole});
    const auto text = ScalarAt(key);
    if (!text)
    {
        return std::nullopt;
    }
    std::string words;
    for (const NamedValue& word : rule.words)
    {
        if (word.name == *text)
        {
            return static_cast<uint64_t>(word.value);
        }
        words += fmt::format(" or {}", word.name);
    }
    uint64_t number = 0;
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == text->data() + text->size();
    if (!whole || number < rule.least || number > rule.most)
    {
        Wrong(key,
              whole ? fmt::format("{} is out of range", number)
                    : fmt::format("'{}' is not a whole number in range", *text),
              fmt::format("a whole number from {} to {}{}", rule.least, rule.most, words));
        return std::nullopt;
    }
    return number;
}

std::string
ObjectReader::Shown(std::string_view key) const
{
    const Json* value = Find(key);
    const KeyRule* rule = FindRule(m_rule, key);
    return value != nullptr  ? ScalarText(*value).value_or("")
           : rule != nullptr ? std::string(rule->otherwise)
                             : "";
}

std::optional<int>
ObjectReader::WordValue(std::string_view key)
{
    const KeyRule& rule = RuleOf(key, {shape::Word});
    const auto text = ScalarAt(key);
    if (!text)
    {
        return std::nullopt;
    }
    std::vector<std::string> names;
    for (const NamedValue& word : rule.words)
    {
        if (word.name == *text)
        {
            return word.value;
        }
        names.emplace_back(word.name);
    }
    Wrong(key,
          fmt::format("unknown word '{}'", *text),
          fmt::format("one of {}", fmt::join(names, ", ")),
          NearestWord(*text, names));
    return std::nullopt;
}

void
ObjectReader::ForEach(
    std::string_view key,
    const std::function<
        void(const std::string& name, const Json& json, const std::string& pointer)>& read)
{
    RuleOf(key, {shape::Objects});
    const Json* value = Find(key);
    if (value == nullptr)
    {
        return;
    }
    if (!value->is_object())
    {
        Wrong(key, fmt::format("wrong type: {}", KindOf(*value)), "an object of names");
        return;
    }
    for (const auto& [name, json] : value->items())
    {
        read(name, json, AppendKey(PointerTo(key), name));
    }
}

std::optional<std::vector<ListItem>>
ObjectReader::List(std::string_view key)
{
    RuleOf(key, {shape::List});
    const Json* value = Find(key);
    if (value == nullptr)
    {
        return std::nullopt;
    }
    std::vector<ListItem> items;
    if (!value->is_array())
    {
        if (!value->is_string())
        {
            Wrong(key, fmt::format("wrong type: {}", KindOf(*value)), "a string or a list of them");
            return std::nullopt;
        }
        for (std::string& part : SplitList(value->get_ref<const std::string&>()))
        {
            items.push_back({std::move(part), PointerTo(key)});
        }
        return items;
    }
    for (size_t i = 0; i < value->size(); ++i)
    {
        const Json& item = (*value)[i];
        std::string pointer = fmt::format("{}/{}", PointerTo(key), i);
        if (!item.is_string())
        {
            m_error.Set({pointer, fmt::format("wrong type: {}", KindOf(item)), "a string", ""});
            return std::nullopt;
        }
        for (std::string& part : SplitList(item.get_ref<const std::string&>()))
        {
            items.push_back({std::move(part), pointer});
        }
    }
    return items;
}

} // namespace ikelab::gateway
