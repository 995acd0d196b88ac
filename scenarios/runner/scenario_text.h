// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "io/json_document.h"
#include "runner/object_reader.h"

#include <tl/expected.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ikelab::runner
{

/// The keys that files have beside those of the scenario.
const gateway::ObjectRule& FileRule();

/**
 * A scenario file as one JSON value: its base files (`extends`), what they change (`set`), and the
 * command line's `--set` laid over one another, with a memory of where each value came from.
 */
class ScenarioText
{
  public:
    /// How many files may stand on one another: more is a loop or a mistake.
    static constexpr size_t DEPTH_MAX = 4;

    /**
     * Read a file and what it extends; on failure one line for the user.
     * @param folders where a base file is looked for that is not beside the file which names it
     */
    static tl::expected<ScenarioText, std::string> Load(
        const std::string& path,
        const std::vector<std::string>& folders = {});
    /// The same for text at hand (tests); `file` is its name in messages.
    static tl::expected<ScenarioText, std::string> Parse(std::string_view text,
                                                         const std::string& file);

    /**
     * Change one value: "links.wan.loss=2%" or "/links/1/loss=2%". In a path, members of lists are
     * named by index or by their `name`; the value is JSON if it parses as JSON, else a text; null
     * removes the member.
     * @return one line for the user on failure
     */
    tl::expected<void, std::string> Set(std::string_view assignment);

    const Json&
    Root() const
    {
        return m_root;
    }

    /// "site.json:3:14", or the `--set` that made the value.
    std::string Where(std::string_view pointer, bool atKey) const;

    /// A problem as its line for the user.
    std::string
    Explain(const Problem& problem) const
    {
        return Format(problem, Where(problem.pointer, problem.atKey));
    }

  private:
    /// The value at `pointer` and all below came from here.
    struct Layer
    {
        std::string pointer;
        std::shared_ptr<const io::JsonDocument> document; ///< shared by all layers of one file
        std::string file;                                 ///< or the text of a --set
        std::string prefix;                               ///< where the value stands in the file
    };

    static tl::expected<ScenarioText, std::string> Build(std::string_view text,
                                                         const std::string& file,
                                                         const std::vector<std::string>& folders,
                                                         size_t depth);
    static tl::expected<ScenarioText, std::string> LoadAt(const std::string& path,
                                                          const std::vector<std::string>& folders,
                                                          size_t depth);
    tl::expected<std::string, std::string> Assign(std::string_view path, Json value);

    Json m_root;
    std::vector<Layer> m_layers;
};

} // namespace ikelab::runner
