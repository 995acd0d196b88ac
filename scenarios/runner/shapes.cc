// SPDX-License-Identifier: GPL-2.0-only
#include "runner/shapes.h"

#include "gateway/config_schema.h"
#include "runner/read_parts.h"

namespace ikelab::runner
{

namespace
{

using gateway::KeyRule;
using gateway::ObjectRule;
using gateway::TextLike;

/// What read_scenario.h's CheckName takes.
constexpr std::string_view NAME = "^[A-Za-z0-9_-]{1,40}$";
constexpr std::string_view NUMBER = "^[0-9]+(\\.[0-9]*)?";

Json
OneOf(const std::vector<const ObjectRule*>& objects)
{
    Json references = Json::array();
    for (const ObjectRule* object : objects)
    {
        references.push_back(Reference(*object));
    }
    return {{"oneOf", std::move(references)}};
}

Json
ByName(Json member)
{
    return {{"type", "object"},
            {"propertyNames", {{"pattern", NAME}}},
            {"additionalProperties", std::move(member)}};
}

/// Like NUMBER with one of these units, in any case.
Json
WithUnit(std::initializer_list<std::string_view> units)
{
    std::string pattern(NUMBER);
    char separator = '(';
    for (const std::string_view unit : units)
    {
        pattern += separator + gateway::InAnyCase(unit);
        separator = '|';
    }
    return TextLike(pattern + ")$");
}

} // namespace

namespace shape
{

Json
Text(const KeyRule& /*rule*/)
{
    return {{"type", "string"}};
}

Json
Flag(const KeyRule& /*rule*/)
{
    return {{"type", "boolean"}};
}

Json
Count(const KeyRule& rule)
{
    return {{"type", "integer"}, {"minimum", rule.least}, {"maximum", rule.most}};
}

Json
Time(const KeyRule& /*rule*/)
{
    return WithUnit({"ns", "us", "ms", "s", "m", "min", "h", "d"});
}

Json
Percent(const KeyRule& /*rule*/)
{
    return TextLike("^0*(100(\\.0*)?|[0-9]{1,2}(\\.[0-9]*)?)%$");
}

Json
Rate(const KeyRule& /*rule*/)
{
    return WithUnit({"bit", "kbit", "mbit", "gbit"});
}

Json
Moment(const KeyRule& /*rule*/)
{
    return TextLike("^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$");
}

Json
Word(const KeyRule& rule)
{
    Json words = Json::array();
    for (const gateway::NamedValue& word : rule.words)
    {
        words.push_back(word.name);
    }
    return {{"enum", std::move(words)}};
}

Json
Name(const KeyRule& rule)
{
    return Text(rule);
}

Json
Names(const KeyRule& rule)
{
    return {{"type", "array"}, {"items", Name(rule)}};
}

Json
Object(const KeyRule& rule)
{
    return gateway::shape::Object(rule);
}

Json
Objects(const KeyRule& rule)
{
    return ByName(Reference(*rule.object));
}

Json
Ends(const KeyRule& /*rule*/)
{
    const Json address = TextLike("^[0-9a-fA-F:.]+/[0-9]{1,3}$");
    return {
        {"type", "object"},
        {"minProperties", 2},
        {"maxProperties", 2},
        {"propertyNames", {{"pattern", "^[A-Za-z0-9_-]{1,40}/[A-Za-z0-9_-]{1,40}$"}}},
        {"additionalProperties", {{"anyOf", {address, {{"type", "array"}, {"items", address}}}}}}};
}

Json
Routes(const KeyRule& /*rule*/)
{
    return {{"type", "object"},
            {"propertyNames", {{"pattern", "^(default|[0-9a-fA-F:.]+(/[0-9]{1,3})?)$"}}},
            {"additionalProperties", TextLike("^[0-9a-fA-F:.]+$")}};
}

Json
Connections(const KeyRule& rule)
{
    return ByName(gateway::shape::Objects(rule));
}

Json
Flows(const KeyRule& /*rule*/)
{
    return ByName(OneOf(FlowRules()));
}

Json
Steps(const KeyRule& /*rule*/)
{
    return {{"type", "array"}, {"items", OneOf(StepRules())}};
}

Json
Changes(const KeyRule& /*rule*/)
{
    return {{"type", "object"}};
}

template <Unit UNIT>
Json
Claim(const KeyRule& rule)
{
    Json bounds = ObjectSchema(BoundsRule(UNIT));
    bounds["minProperties"] = 1;
    return {{"anyOf", {ValueShape(UNIT)(rule), std::move(bounds)}}};
}

} // namespace shape

gateway::Shape
ValueShape(Unit unit)
{
    switch (unit)
    {
    case Unit::COUNT:
        return shape::Count;
    case Unit::TIME:
        return shape::Time;
    case Unit::SHARE:
        return shape::Percent;
    case Unit::RATE:
        break;
    }
    return shape::Rate;
}

gateway::Shape
ClaimShape(Unit unit)
{
    switch (unit)
    {
    case Unit::COUNT:
        return shape::Claim<Unit::COUNT>;
    case Unit::TIME:
        return shape::Claim<Unit::TIME>;
    case Unit::SHARE:
        return shape::Claim<Unit::SHARE>;
    case Unit::RATE:
        break;
    }
    return shape::Claim<Unit::RATE>;
}

} // namespace ikelab::runner
