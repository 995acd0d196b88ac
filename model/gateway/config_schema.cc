// SPDX-License-Identifier: MIT
#include "gateway/config_schema.h"

#include "gateway/config_sections.h"

#include <fmt/format.h>

namespace ikelab::gateway
{

namespace
{

/// A value as one would write it in JSON: 500, false, "4h".
Json
Written(std::string_view text)
{
    Json value = Json::parse(text, nullptr, false);
    return value.is_discarded() || value.is_object() ? Json(text) : value;
}

/// The text, and the number or flag that it could be as well.
void
AddBothSpellings(Json& list, std::string_view text)
{
    list.push_back(text);
    if (const Json value = Written(text); !value.is_string())
    {
        list.push_back(value);
    }
}

Json
HarmlessValues(const KeyRule& rule)
{
    Json values = Json::array();
    std::string_view words = rule.harmless;
    while (!words.empty())
    {
        const size_t blank = words.find(' ');
        AddBothSpellings(values, words.substr(0, blank));
        words.remove_prefix(blank == std::string_view::npos ? words.size() : blank + 1);
    }
    for (const Json& nothing : {Json(""), Json::array(), Json::object()})
    {
        values.push_back(nothing);
    }
    return values;
}

Json
KeySchema(const KeyRule& rule)
{
    if (rule.unsupported)
    {
        return {{"description",
                 rule.hint.empty() ? "Not supported yet: only what asks for nothing is taken"
                                   : fmt::format("Not supported: {}", rule.hint)},
                {"deprecated", true},
                {"enum", HarmlessValues(rule)}};
    }
    Json schema = {{"description", rule.help}};
    if (!rule.otherwise.empty())
    {
        schema["default"] = Written(rule.otherwise);
    }
    schema.update(rule.shape(rule));
    return schema;
}

} // namespace

Json
ConfigSchema()
{
    Json schema = {{"$schema", SCHEMA_DIALECT}, {"title", "Configuration of an ikelab gateway"}};
    schema.update(ObjectSchema(ConfigRule()));
    Json definitions = Json::object();
    AddDefinitions(ConfigRule(), definitions);
    definitions.erase(std::string(ConfigRule().name));
    schema["$defs"] = std::move(definitions);
    return schema;
}

Json
ObjectSchema(const ObjectRule& object)
{
    Json schema = {{"description", object.help}, {"type", "object"}};
    Json properties = Json::object();
    Json patterns = Json::object();
    Json required = Json::array();
    for (const KeyRule& rule : object.keys)
    {
        if (rule.suffix)
        {
            patterns[fmt::format("^{}", rule.name)] = KeySchema(rule);
        }
        else
        {
            properties[std::string(rule.name)] = KeySchema(rule);
        }
        if (rule.required)
        {
            required.push_back(rule.name);
        }
    }
    schema["properties"] = std::move(properties);
    if (!patterns.empty())
    {
        schema["patternProperties"] = std::move(patterns);
    }
    if (!required.empty())
    {
        schema["required"] = std::move(required);
    }
    schema["additionalProperties"] = false;
    return schema;
}

void
AddDefinitions(const ObjectRule& object, Json& definitions)
{
    const std::string name(object.name);
    if (definitions.contains(name))
    {
        return;
    }
    definitions[name] = ObjectSchema(object);
    for (const KeyRule& rule : object.keys)
    {
        if (rule.object != nullptr)
        {
            AddDefinitions(*rule.object, definitions);
        }
    }
}

Json
Reference(const ObjectRule& object)
{
    return {{"$ref", fmt::format("#/$defs/{}", object.name)}};
}

std::string
InAnyCase(std::string_view word)
{
    std::string pattern;
    for (const char letter : word)
    {
        const bool isLetter = letter >= 'a' && letter <= 'z';
        pattern += isLetter ? fmt::format("[{}{}]", letter, static_cast<char>(letter - 'a' + 'A'))
                            : std::string(1, letter);
    }
    return pattern;
}

Json
TextLike(std::string_view pattern)
{
    return {{"type", "string"}, {"pattern", pattern}};
}

namespace shape
{

Json
Text(const KeyRule& /*rule*/)
{
    return {{"type", {"string", "number"}}};
}

Json
Flag(const KeyRule& /*rule*/)
{
    std::string pattern = "^(1|0";
    for (const std::string_view word : {"yes", "no", "true", "false", "enabled", "disabled"})
    {
        pattern += "|" + InAnyCase(word);
    }
    return {{"anyOf",
             {{{"type", "boolean"}}, {{"enum", {"yes", "no", 1, 0}}}, TextLike(pattern + ")$")}}};
}

Json
Time(const KeyRule& /*rule*/)
{
    return {
        {"anyOf",
         {TextLike("^[0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d)?$"), {{"type", "number"}, {"minimum", 0}}}}};
}

Json
Amount(const KeyRule& /*rule*/)
{
    return {{"anyOf", {TextLike("^[0-9]+[kKmMgG]?$"), {{"type", "integer"}, {"minimum", 0}}}}};
}

Json
Real(const KeyRule& rule)
{
    return {{"anyOf",
             {{{"type", "number"}, {"minimum", rule.least}, {"maximum", rule.most}},
              TextLike("^[0-9]+(\\.[0-9]*)?([eE][+-]?[0-9]+)?$")}}};
}

Json
Whole(const KeyRule& rule)
{
    Json forms = {{{"type", "integer"}, {"minimum", rule.least}, {"maximum", rule.most}},
                  TextLike("^[0-9]+$")};
    if (!rule.words.empty())
    {
        forms.push_back(Word(rule));
    }
    return {{"anyOf", std::move(forms)}};
}

Json
List(const KeyRule& /*rule*/)
{
    return {
        {"anyOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "string"}}}}}}};
}

Json
Word(const KeyRule& rule)
{
    Json words = Json::array();
    for (const NamedValue& word : rule.words)
    {
        AddBothSpellings(words, word.name);
    }
    return {{"enum", std::move(words)}};
}

Json
Object(const KeyRule& rule)
{
    return Reference(*rule.object);
}

Json
Objects(const KeyRule& rule)
{
    return {{"type", "object"},
            {"propertyNames", {{"pattern", "^[^/]+$"}}},
            {"additionalProperties", Reference(*rule.object)}};
}

Json
ObjectList(const KeyRule& rule)
{
    return {{"type", "array"}, {"items", Reference(*rule.object)}};
}

} // namespace shape

} // namespace ikelab::gateway
