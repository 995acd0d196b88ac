// SPDX-License-Identifier: MIT
#pragma once

#include "gateway/config.h"
#include "gateway/config_words.h"

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ikelab::gateway
{

using Json = nlohmann::ordered_json;

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
};

/// A string of a list with its place.
struct ListItem
{
    std::string text;
    std::string pointer;
};

/**
 * Reads the members of one JSON object. Keys are checked when it is made; each reading function
 * leaves its target alone if the key is missing, and puts what is wrong into the slot.
 */
class ObjectReader
{
  public:
    ObjectReader(const Json& json,
                 std::string pointer,
                 std::span<const KeyRule> rules,
                 ErrorSlot& error);

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
    void Real(std::string_view key, double& target, double least, double most);
    std::optional<uint64_t> Whole(std::string_view key, uint64_t least, uint64_t most);
    /// A list of strings, a string with commas, or one number.
    std::optional<std::vector<ListItem>> List(std::string_view key);

    template <typename Integer>
    void
    Number(std::string_view key, Integer& target, uint64_t least, uint64_t most)
    {
        if (const auto number = Whole(key, least, most))
        {
            target = static_cast<Integer>(*number);
        }
    }

    /// One of several words.
    template <typename Value>
    void
    Word(std::string_view key,
         Value& target,
         std::span<const std::pair<std::string_view, Value>> words)
    {
        const auto text = Text(key);
        if (!text)
        {
            return;
        }
        std::vector<std::string> names;
        for (const auto& [name, value] : words)
        {
            if (name == *text)
            {
                target = value;
                return;
            }
            names.emplace_back(name);
        }
        std::string nearest = NearestWord(*text, names);
        Wrong(key,
              fmt::format("unknown word '{}'", *text),
              fmt::format("one of {}", fmt::join(names, ", ")),
              std::move(nearest));
    }

    void Wrong(std::string_view key,
               std::string problem,
               std::string expected,
               std::string nearest = "");

  private:
    void CheckKeys(std::span<const KeyRule> rules);

    const Json& m_json;
    std::string m_pointer;
    ErrorSlot& m_error;
};

/// `pointer` + "/" + the key with '~' and '/' escaped (RFC 6901 §3).
std::string AppendKey(std::string_view pointer, std::string_view key);

/// "a string", "an object" ...: what a JSON value is, for people.
std::string_view KindOf(const Json& json);

} // namespace ikelab::gateway
