// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"
#include "gateway/config_schema.h"
#include "runner/scenario_schema.h"
#include "usage.h"

#include <iostream>
#include <memory>

namespace ikelab::tools
{

void
AddSchemaCommand(CLI::App& app, int& status)
{
    static constexpr const char* SCENARIO = "scenario";
    static constexpr const char* CONFIGURATION = "configuration";
    const auto what = std::make_shared<std::string>(SCENARIO);
    CLI::App* command =
        app.add_subcommand("schema", "Print the JSON Schema of scenarios or of configurations");
    command->footer(
        "For editors: ikelab schema scenario > scenario.schema.json, and in the scenario "
        "\"$schema\": \"./scenario.schema.json\".\nIt knows keys and the looks of values; "
        "what they mean is for ikelab run --dry-run to check.");
    command->add_option("what", *what, "scenario (ikelab run) or configuration (ikelab endpoint)")
        ->check(OneOf("schema", {SCENARIO, CONFIGURATION}))
        ->capture_default_str()
        ->type_name("WHAT");
    command->callback(
        [what, &status]
        {
            const bool scenario = *what == SCENARIO;
            std::cout << (scenario ? runner::ScenarioSchema() : gateway::ConfigSchema()).dump(2)
                      << "\n";
            status = 0;
        });
}

} // namespace ikelab::tools
