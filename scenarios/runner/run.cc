// SPDX-License-Identifier: GPL-2.0-only
#include "runner/run.h"

#include "endpoint/run_folder.h"
#include "gateway/config.h"
#include "io/text_file.h"
#include "runner/evidence.h"
#include "runner/kernel_links.h"
#include "runner/read_scenario.h"
#include "runner/report.h"
#include "runner/scenario_text.h"
#include "runner/simulation.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

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
    ScenarioText text;
};

/// False if there are any; they go to `err`.
bool
Explain(const Problems& problems, const ScenarioText& text, std::ostream& err)
{
    for (const Problem& problem : problems.List())
    {
        fmt::print(err, "{}\n", text.Explain(problem));
    }
    return problems.Empty();
}

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
    auto text = ScenarioText::Load(*file, ScenarioFolders());
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
    Scenario scenario = ReadScenario(text->Root(), name, problems);
    if (!Explain(problems, *text, err))
    {
        return {};
    }
    const RunLabel label{
        name, options.seed.value_or(scenario.seed), options.set, scenario.clock == Clock::REAL};
    return Loaded{std::move(scenario), label, std::move(*text)};
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

/**
 * The folder while the run goes on: it has the name that it shall have only when all is in it, so
 * whatever ends a run half way, nobody takes what it left for a result.
 */
class UnfinishedFolder
{
  public:
    /// What is wrong goes to `err`.
    static std::optional<UnfinishedFolder>
    Make(const std::string& folder, std::ostream& err)
    {
        std::error_code error;
        fs::path last = fs::absolute(folder, error).lexically_normal();
        if (!last.has_filename())
        {
            last = last.parent_path(); // "out/mine/"
        }
        fs::path path = last;
        path += ".unfinished";
        if (fs::exists(path, error))
        {
            fmt::print(err,
                       "{0}.unfinished exists: a run is under way, or one was killed; remove it "
                       "if no run is\n",
                       fs::path(folder).lexically_normal().string());
            return {};
        }
        return UnfinishedFolder(path.string(), last.string());
    }

    UnfinishedFolder(const UnfinishedFolder&) = delete;
    UnfinishedFolder& operator=(const UnfinishedFolder&) = delete;

    UnfinishedFolder(UnfinishedFolder&& other) noexcept
        : m_path(std::exchange(other.m_path, "")),
          m_last(std::move(other.m_last))
    {
    }

    ~UnfinishedFolder()
    {
        if (!m_path.empty())
        {
            std::error_code error;
            fs::remove_all(m_path, error);
        }
    }

    const std::string&
    Path() const
    {
        return m_path;
    }

    io::SystemResult<void>
    Finish()
    {
        std::error_code error;
        fs::rename(m_path, m_last, error);
        if (error)
        {
            return tl::unexpected<io::SystemError>(io::SystemError{
                fmt::format("cannot make {}: {}", m_last, error.message()), error.value()});
        }
        m_path.clear();
        return {};
    }

  private:
    UnfinishedFolder(std::string path, std::string last)
        : m_path(std::move(path)),
          m_last(std::move(last))
    {
    }

    std::string m_path; ///< empty once it has its last name
    std::string m_last;
};

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
    auto loaded = LoadScenario(options, err);
    if (!loaded)
    {
        return EXIT_BAD_INPUT;
    }
    Scenario& scenario = loaded->scenario;
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
    Problems problems;
    Taps taps = AttachTaps(scenario, problems);
    if (!Explain(problems, loaded->text, err))
    {
        return EXIT_BAD_INPUT;
    }
    if (scenario.clock == Clock::REAL && !loaded->text.Root().contains("epoch"))
    {
        scenario.epoch = std::chrono::system_clock::now().time_since_epoch();
    }
    endpoint::RunFolderOptions folderOptions;
    folderOptions.epoch = scenario.epoch;
    folderOptions.comments = {label.ToString()};
    if (!scenario.title.empty())
    {
        folderOptions.comments.push_back(scenario.title);
    }
    folderOptions.names = NamesOf(scenario);
    auto unfinished = UnfinishedFolder::Make(folder, err);
    if (!unfinished)
    {
        return EXIT_BAD_INPUT;
    }
    const std::string& place = unfinished->Path();
    auto files = endpoint::RunFolder::Create(place, folderOptions);
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

    auto outcome = Simulate(scenario,
                            label.seed,
                            std::move(taps),
                            label.ToString() + "\n",
                            *files,
                            options.progress ? ProgressOn(err, label.scenario) : ProgressSink{},
                            options.stop);
    if (options.progress)
    {
        err << "\r\033[K";
    }
    if (!outcome)
    {
        fmt::print(err, "stopped; no results were kept\n");
        return EXIT_STOPPED;
    }
    RunResult& result = outcome->result;
    std::vector<Finding> findings = Judge(scenario, result);
    std::string summaryText;
    const auto writeAll = [&]() -> io::SystemResult<void>
    {
        TRY_SYSTEM(files->Finish());
        TRY_SYSTEM(NameFrames(scenario, place + "/capture.pcapng", findings, result));
        summaryText = SummaryOf(scenario, label, result, findings).dump(2) + "\n";
        TRY_SYSTEM(WriteTables(place, scenario, label, result));
        TRY_SYSTEM(io::WriteFileAtomically(place + "/ladder.txt", outcome->ladder));
        TRY_SYSTEM(io::WriteFileAtomically(place + "/summary.json", summaryText));
        return unfinished->Finish();
    };
    if (const auto written = writeAll(); !written)
    {
        return FailToWrite(written.error(), err);
    }
    if (options.json)
    {
        out << summaryText;
    }
    else
    {
        PrintAnswer(out, folder, scenario, label, result, findings);
    }
    return Passed(findings, result) ? EXIT_GOOD : EXIT_CLAIM_BROKEN;
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
    folders.emplace_back("scenarios");
    // Beside the program, wherever an installation was moved to.
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (!error)
    {
        folders.push_back((program.parent_path().parent_path() / IKELAB_SCENARIO_BESIDE).string());
    }
    // A Python that has the runner loaded is not where ikelab is.
    folders.insert(folders.end(), {IKELAB_SCENARIO_SOURCE, IKELAB_SCENARIO_INSTALLED});
    return folders;
}

std::vector<ScenarioInfo>
ListScenarios(const std::vector<std::string>& folders)
{
    std::map<std::string, ScenarioInfo> found;
    const std::vector<std::string> known = ScenarioFolders();
    for (const std::string& folder : folders.empty() ? known : folders)
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
            const auto text = ScenarioText::Load(info.file, known);
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
