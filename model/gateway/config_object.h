// SPDX-License-Identifier: MIT
#pragma once

#include "gateway/config.h"
#include "gateway/config_rules.h"
#include "gateway/config_words.h"

#include <fmt/format.h>

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ikelab::gateway
{

/// Where the first error of a reading stays; the later ones are mostly its consequences.
class ErrorSlot
{
  public:
    void
    Set(ConfigError error)
    {
        if (!m_error)
        {
            m_error = std::move(error);
        }
    }

    explicit operator bool() const
    {
        return m_error.has_value();
    }

    const ConfigError&
    operator*() const
    {
        return *m_error;
    }

  private:
    std::optional<ConfigError> m_error;
};

/// A string of a list with its place.
struct ListItem
{
    std::string text;
    std::string pointer;
};

/**
 * Reads the members of one JSON object. Keys are checked when it is made; each reading function
 * leaves its target alone if the key is missing, and puts what is wrong into the slot. What may be
 * asked for, and in which shape, is what the object's rule says.
 */
class ObjectReader
{
  public:
    ObjectReader(const Json& json, std::string pointer, const ObjectRule& rule, ErrorSlot& error);

    bool Has(std::string_view key) const;
    /// The member, or nullptr.
    const Json* Find(std::string_view key) const;
    std::string PointerTo(std::string_view key) const;

    const std::string&
    Pointer() const
    {
        return m_pointer;
    }

    /// A string; numbers are taken as their text, as swanctl.conf has nothing else.
    std::optional<std::string> Text(std::string_view key);
    void Flag(std::string_view key, bool& target);
    void Time(std::string_view key, Duration& target);
    void Amount(std::string_view key, uint64_t& target);
    void Real(std::string_view key, double& target);
    /// What the key's rule has words for besides is their value.
    std::optional<uint64_t> Whole(std::string_view key);
    /// A list of strings, a string with commas, or one number.
    std::optional<std::vector<ListItem>> List(std::string_view key);

    /// The value of a scalar as its author wrote it, or its default, for messages.
    std::string Shown(std::string_view key) const;

    /// A member that is an object of objects; complains if it is something else.
    void ForEach(
        std::string_view key,
        const std::function<
            void(const std::string& name, const Json& json, const std::string& pointer)>& read);

    template <typename Integer>
    void
    Number(std::string_view key, Integer& target)
    {
        if (const auto number = Whole(key))
        {
            target = static_cast<Integer>(*number);
        }
    }

    /// One of the words of the key's rule.
    template <typename Enum>
    void
    Word(std::string_view key, Enum& target)
    {
        if (const auto value = WordValue(key))
        {
            target = static_cast<Enum>(*value);
        }
    }

    void Wrong(std::string_view key,
               std::string problem,
               std::string expected,
               std::string nearest = "");

  private:
    void CheckKeys();
    void ComplainOfUnknown(const std::string& key);
    /// The rule of a key; asking for one that is not in the table, or in another shape, is our bug.
    const KeyRule& RuleOf(std::string_view key, std::initializer_list<Shape> shapes) const;
    std::optional<std::string> ScalarAt(std::string_view key);
    std::optional<int> WordValue(std::string_view key);

    const Json& m_json;
    const ObjectRule& m_rule;
    std::string m_pointer;
    ErrorSlot& m_error;
};

/// `pointer` + "/" + the key with '~' and '/' escaped (RFC 6901 §3).
std::string AppendKey(std::string_view pointer, std::string_view key);

/// "a string", "an object" ...: what a JSON value is, for people.
std::string_view KindOf(const Json& json);

} // namespace ikelab::gateway
