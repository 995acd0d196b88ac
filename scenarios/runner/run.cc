// SPDX-License-Identifier: GPL-2.0-only
#include "runner/run.h"

#include "endpoint/run_folder.h"
#include "gateway/config.h"
#include "io/text_file.h"
#include "runner/read_scenario.h"
#include "runner/report.h"
#include "runner/scenario_text.h"
#include "runner/simulation.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

namespace ikelab::runner
{

namespace
{

namespace fs = std::filesystem;

constexpr std::string_view ENDING = ".json";

bool
IsFile(const std::string& scenario)
{
    return scenario.find('/') != std::string::npos || scenario.ends_with(ENDING);
}

/// The file of a scenario, or one line for the user.
tl::expected<std::string, std::string>
FindScenario(const RunOptions& options)
{
    if (IsFile(options.scenario))
    {
        return options.scenario;
    }
    std::vector<std::string> names;
    for (const ScenarioInfo& info : ListScenarios(options.scenarioFolders))
    {
        if (info.name == options.scenario)
        {
            return info.file;
        }
        names.push_back(info.name);
    }
    const std::string nearest = gateway::NearestWord(options.scenario, names);
    return tl::unexpected<std::string>(fmt::format(
        "no scenario \"{}\"; expected {}{}",
        options.scenario,
        names.empty()
            ? "a file such as ./mine.json"
            : fmt::format("a file such as ./mine.json, or one of {}", fmt::join(names, ", ")),
        nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
}

struct Loaded
{
    Scenario scenario;
    RunLabel label;
};

/// Read and check; complaints go to `err`.
std::optional<Loaded>
LoadScenario(const RunOptions& options, std::ostream& err)
{
    const auto file = FindScenario(options);
    if (!file)
    {
        fmt::print(err, "{}\n", file.error());
        return {};
    }
    auto text = ScenarioText::Load(*file);
    if (!text)
    {
        fmt::print(err, "{}\n", text.error());
        return {};
    }
    for (const std::string& change : options.set)
    {
        if (const auto done = text->Set(change); !done)
        {
            fmt::print(err, "{}\n", done.error());
            return {};
        }
    }
    Problems problems;
    const std::string name = fs::path(*file).stem().string();
    Loaded loaded{ReadScenario(text->Root(), name, problems), {}};
    for (const Problem& problem : problems.List())
    {
        fmt::print(err, "{}\n", text->Explain(problem));
    }
    if (!problems.Empty())
    {
        return {};
    }
    loaded.label = {name, options.seed.value_or(loaded.scenario.seed), options.set};
    return loaded;
}

/// A folder of results is never written over.
bool
IsFree(const std::string& folder, std::ostream& err)
{
    std::error_code error;
    const bool isThere = fs::exists(folder, error);
    if (!isThere || (fs::is_directory(folder, error) && fs::is_empty(folder, error)))
    {
        return true;
    }
    fmt::print(err,
               "{} exists already and is not written over; choose another folder with -o, or "
               "remove it first\n",
               folder);
    return false;
}

std::vector<std::pair<IpAddress, std::string>>
NamesOf(const Scenario& scenario)
{
    std::map<IpAddress, std::string> names;
    for (const Link& link : scenario.links)
    {
        for (const Interface& end : link.ends)
        {
            for (const InterfaceAddress& address : end.addresses)
            {
                names[address.address] = scenario.nodes[end.node].name;
            }
        }
    }
    return {names.begin(), names.end()};
}

/// Draws "site_to_site  42 %" over itself.
ProgressSink
ProgressOn(std::ostream& err, const std::string& name)
{
    return [&err, name, last = -1](double share) mutable
    {
        const int percent = static_cast<int>(share * 100);
        if (percent != last)
        {
            last = percent;
            fmt::print(err, "\r{} {:>3} %", name, percent);
            err.flush();
        }
    };
}

int
FailToWrite(const io::SystemError& error, std::ostream& err)
{
    fmt::print(err, "{}\n", error.message);
    return EXIT_BAD_INPUT;
}

} // namespace

int
RunScenario(const RunOptions& options, std::ostream& out, std::ostream& err)
{
    const auto loaded = LoadScenario(options, err);
    if (!loaded)
    {
        return EXIT_BAD_INPUT;
    }
    const Scenario& scenario = loaded->scenario;
    const RunLabel& label = loaded->label;
    if (options.dryRun)
    {
        if (options.json)
        {
            out << PlanOf(scenario, label).dump(2) << "\n";
        }
        else
        {
            PrintPlan(out, scenario, label);
        }
        return EXIT_GOOD;
    }
    const std::string folder = options.folder.empty() ? "out/" + label.scenario : options.folder;
    if (!IsFree(folder, err))
    {
        return EXIT_BAD_INPUT;
    }
    endpoint::RunFolderOptions folderOptions;
    folderOptions.epoch = scenario.epoch;
    folderOptions.comments = {label.ToString()};
    if (!scenario.title.empty())
    {
        folderOptions.comments.push_back(scenario.title);
    }
    folderOptions.names = NamesOf(scenario);
    auto files = endpoint::RunFolder::Create(folder, folderOptions);
    if (!files)
    {
        return FailToWrite(files.error(), err);
    }
    files->OnRecord(Instant{},
                    "",
                    {{"event", "run"},
                     {"scenario", label.scenario},
                     {"seed", label.seed},
                     {"set", label.set},
                     {"version", IKELAB_VERSION}});
    files->Log(Instant{}, "ikelab", "DMN", label.ToString());

    const SimulationOutcome outcome =
        Simulate(scenario,
                 label.seed,
                 label.ToString() + "\n",
                 *files,
                 options.progress ? ProgressOn(err, label.scenario) : ProgressSink{});
    if (options.progress)
    {
        err << "\r\033[K";
    }
    const std::vector<Finding> findings = Judge(scenario, outcome.result);
    const auto summary = SummaryOf(scenario, label, outcome.result, findings);
    const std::string summaryText = summary.dump(2) + "\n";
    for (const auto& written : {files->Finish(),
                                WriteTables(folder, scenario, label, outcome.result),
                                io::WriteFileAtomically(folder + "/ladder.txt", outcome.ladder),
                                io::WriteFileAtomically(folder + "/summary.json", summaryText)})
    {
        if (!written)
        {
            return FailToWrite(written.error(), err);
        }
    }
    if (options.json)
    {
        out << summaryText;
    }
    else
    {
        PrintAnswer(out, folder, scenario, label, outcome.result, findings);
    }
    return Passed(findings, outcome.result) ? EXIT_GOOD : EXIT_CLAIM_BROKEN;
}

std::vector<std::string>
ScenarioFolders()
{
    std::vector<std::string> folders;
    if (const char* own = std::getenv("IKELAB_SCENARIOS"))
    {
        std::string_view rest(own);
        while (!rest.empty())
        {
            const size_t colon = std::min(rest.find(':'), rest.size());
            if (colon > 0)
            {
                folders.emplace_back(rest.substr(0, colon));
            }
            rest.remove_prefix(std::min(colon + 1, rest.size()));
        }
    }
    folders.insert(folders.end(), {"scenarios", IKELAB_SCENARIO_SOURCE, IKELAB_SCENARIO_INSTALLED});
    return folders;
}

std::vector<ScenarioInfo>
ListScenarios(const std::vector<std::string>& folders)
{
    std::map<std::string, ScenarioInfo> found;
    for (const std::string& folder : folders.empty() ? ScenarioFolders() : folders)
    {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder, error))
        {
            const std::string name = entry.path().stem().string();
            if (entry.path().extension() != ENDING || found.contains(name))
            {
                continue;
            }
            ScenarioInfo info{name, "", entry.path().string()};
            const auto text = ScenarioText::Load(info.file);
            if (text && text->Root().is_object() && text->Root().contains("title") &&
                text->Root().at("title").is_string())
            {
                info.title = text->Root().at("title").get<std::string>();
            }
            found.emplace(name, std::move(info));
        }
    }
    std::vector<ScenarioInfo> scenarios;
    for (auto& [name, info] : found)
    {
        scenarios.push_back(std::move(info));
    }
    return scenarios;
}

} // namespace ikelab::runner
