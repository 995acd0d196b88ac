// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/instant.h"
#include "base/ip_address.h"
#include "gateway/config_rules.h"
#include "runner/problems.h"
#include "runner/shapes.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ikelab::runner
{

/**
 * Reads the members of one JSON object and complains about those that are unknown, missing or
 * wrong. Every Get leaves its target alone when the member is absent or wrong, so defaults are
 * initial values. What may be asked for, and in which shape, is what the object's rule says.
 */
class ObjectReader
{
  public:
    /// Complains at once if `json` is no object or has keys that its rule has not. All are
    /// borrowed.
    ObjectReader(const Json& json,
                 std::string pointer,
                 const gateway::ObjectRule& rule,
                 Problems& problems);

    /// The member, or nullptr.
    const Json* Find(std::string_view key) const;

    bool
    Has(std::string_view key) const
    {
        return Find(key) != nullptr;
    }

    /// Complain if the member is absent; true if it is there.
    bool Require(std::string_view key, std::string_view expected);

    bool Text(std::string_view key, std::string& value);
    bool Flag(std::string_view key, bool& value);
    /// @param least when more than the rule's is needed
    bool Count(std::string_view key, uint64_t& value, uint64_t least = 0);
    bool Time(std::string_view key, Duration& value);
    bool Percent(std::string_view key, double& value);
    bool Rate(std::string_view key, uint64_t& value);
    /// One of the words of its rule; what it means goes to `value`.
    bool Word(std::string_view key, int& value);
    /// The name of something in the scenario that the caller looks up.
    bool AnyName(std::string_view key, std::string& value);
    /// The key of a map, such as a node's name.
    bool Name(std::string_view key,
              std::string_view what,
              const std::vector<std::string>& names,
              std::string& value);

    /// The pointer of a member.
    std::string PointerTo(std::string_view key) const;
    void Complain(std::string_view key, std::string problem, std::string expected = "");

    const std::string&
    Pointer() const
    {
        return m_pointer;
    }

  private:
    /// The rule of a key; asking for one that is not in the table, or in another shape, is our bug.
    const gateway::KeyRule& RuleOf(std::string_view key,
                                   std::initializer_list<gateway::Shape> shapes) const;
    bool TextOf(std::string_view key, std::string& value);

    const Json& m_json;
    const gateway::ObjectRule& m_rule;
    std::string m_pointer;
    Problems& m_problems;
};

/// How a JSON value looks to people: "the number 5", "the text \"abc\"", "a list".
std::string Shown(const Json& json);

} // namespace ikelab::runner
