// SPDX-License-Identifier: GPL-2.0-only
#include "runner/scenario_schema.h"

#include "gateway/config_schema.h"
#include "runner/read_parts.h"
#include "runner/scenario_text.h"

namespace ikelab::runner
{

gateway::Json
ScenarioSchema()
{
    Json schema = {{"$schema", gateway::SCHEMA_DIALECT}, {"title", "ikelab scenario"}};
    schema.update(ObjectSchema(ScenarioRule()));
    schema["properties"].update(ObjectSchema(FileRule()).at("properties"));
    // What a file extends may have all that is needed; without one there is nothing to change.
    schema["if"] = {{"required", {"extends"}}};
    schema["else"] = {{"required", schema.at("required")}, {"properties", {{"set", false}}}};
    schema.erase("required");

    Json definitions = Json::object();
    AddDefinitions(ScenarioRule(), definitions);
    definitions.erase(std::string(ScenarioRule().name));
    for (const auto* rules : {&FlowRules(), &StepRules()})
    {
        for (const gateway::ObjectRule* rule : *rules)
        {
            AddDefinitions(*rule, definitions);
        }
    }
    const auto needs = [](const char* key)
    {
        return Json{{"required", {key}}};
    };
    definitions["terminate"]["oneOf"] = {needs("connection"), needs("child")};
    definitions["change_link"]["anyOf"] = {needs("up"), needs("delay"), needs("loss")};
    schema["$defs"] = std::move(definitions);
    return schema;
}

} // namespace ikelab::runner
