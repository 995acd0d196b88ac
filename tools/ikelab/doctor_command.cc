// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"
#include "doctor/findings.h"
#include "usage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <memory>

namespace ikelab::tools
{

namespace
{

constexpr int EXIT_UNFIT = 1;

struct Words
{
    std::vector<std::string> purposes;
    bool json{false};
};

std::vector<std::string>
NamesOf(const std::vector<Purpose>& purposes)
{
    std::vector<std::string> names;
    for (const Purpose purpose : purposes)
    {
        names.push_back(PurposeNames()[static_cast<size_t>(purpose)]);
    }
    return names;
}

void
PrintJson(const std::vector<Finding>& findings, const std::vector<Purpose>& purposes, bool fit)
{
    nlohmann::ordered_json json = {{"version", IKELAB_VERSION},
                                   {"for", NamesOf(purposes)},
                                   {"fit", fit},
                                   {"findings", nlohmann::ordered_json::array()}};
    for (const Finding& finding : findings)
    {
        json["findings"].push_back({{"id", finding.id},
                                    {"health", ToString(finding.health)},
                                    {"found", finding.found},
                                    {"needed_for", NamesOf(finding.neededFor)},
                                    {"why", finding.why},
                                    {"remedy", finding.remedy}});
    }
    std::cout << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

void
PrintLines(const std::vector<Finding>& findings, const std::vector<Purpose>& purposes, bool fit)
{
    for (const Finding& finding : findings)
    {
        const std::vector<std::string> names = NamesOf(finding.neededFor);
        fmt::print("{:<8} {:<11} {}\n{:20} needed for {}\n",
                   ToString(finding.health),
                   finding.id,
                   finding.found,
                   "",
                   names.empty() ? finding.why
                                 : fmt::format("{}: {}", fmt::join(names, ", "), finding.why));
        if (!finding.remedy.empty())
        {
            fmt::print("{:20} remedy: {}\n", "", finding.remedy);
        }
    }
    fmt::print("{} for {}\n",
               fit ? "everything is there" : "something is missing",
               fmt::join(NamesOf(purposes), ", "));
}

int
Examine(const Words& words)
{
    std::vector<Purpose> purposes;
    for (const std::string& word : words.purposes)
    {
        const auto found = std::ranges::find(PurposeNames(), word);
        purposes.push_back(static_cast<Purpose>(found - PurposeNames().begin()));
    }
    if (purposes.empty())
    {
        purposes = {Purpose::RUN};
    }
    const std::vector<Finding> findings = Examine(GatherFacts());
    const bool fit = IsFit(findings, purposes);
    (words.json ? PrintJson : PrintLines)(findings, purposes, fit);
    return fit ? 0 : EXIT_UNFIT;
}

} // namespace

void
AddDoctorCommand(CLI::App& app, int& status)
{
    const auto words = std::make_shared<Words>();
    CLI::App* command = app.add_subcommand(
        "doctor", "Tell what this machine can do with ikelab, and how to mend what it cannot");
    command->footer("Exit status: 0 nothing is missing for what --for names, 1 something is.\n"
                    "run: simulate; endpoint: be a gateway; interop: test against daemons; judge: "
                    "have tshark judge captures.");
    command
        ->add_option("--for",
                     words->purposes,
                     "What must work: run (the default), endpoint, interop or judge; may be "
                     "repeated")
        ->check(OneOf("purpose", PurposeNames()))
        ->type_name("PURPOSE")
        ->expected(1)
        ->take_all();
    command->add_flag("--json", words->json, "Print the findings as JSON");
    command->callback([words, &status] { status = Examine(*words); });
}

} // namespace ikelab::tools
