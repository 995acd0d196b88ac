// SPDX-License-Identifier: GPL-2.0-only
#include "runner/scenario_text.h"

#include "gateway/config.h"
#include "io/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace ikelab::runner
{

namespace
{

using Failure = tl::unexpected<std::string>;

/// "a.b.c" at its dots, "/a/b/c" at its slashes (RFC 6901 escapes undone).
std::vector<std::string>
SplitPath(std::string_view path)
{
    const bool isPointer = path.starts_with('/');
    const char separator = isPointer ? '/' : '.';
    if (isPointer)
    {
        path.remove_prefix(1);
    }
    std::vector<std::string> parts(1);
    for (size_t i = 0; i < path.size(); ++i)
    {
        if (path[i] == separator)
        {
            parts.emplace_back();
        }
        else if (isPointer && path[i] == '~' && i + 1 < path.size())
        {
            parts.back() += path[++i] == '1' ? '/' : '~';
        }
        else
        {
            parts.back() += path[i];
        }
    }
    return parts;
}

/// The element of a list that a word names: by index, or by its `name`.
std::optional<size_t>
FindElement(const Json& list, std::string_view word, std::vector<std::string>& names)
{
    size_t index = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), index);
    if (error == std::errc{} && end == word.data() + word.size() && index < list.size())
    {
        return index;
    }
    for (size_t i = 0; i < list.size(); ++i)
    {
        const auto name = list[i].is_object() ? list[i].find("name") : list[i].end();
        if (list[i].is_object() && name != list[i].end() && name->is_string())
        {
            names.push_back(name->get<std::string>());
            if (names.back() == word)
            {
                return i;
            }
        }
    }
    return {};
}

bool
IsAtOrBelow(std::string_view pointer, std::string_view top)
{
    return pointer.starts_with(top) && (pointer.size() == top.size() || pointer[top.size()] == '/');
}

/// Beside the file that names it; a mere name also among the scenarios of `folders`.
std::filesystem::path
FindBase(const std::string& file, std::string name, const std::vector<std::string>& folders)
{
    namespace fs = std::filesystem;
    if (fs::path(name).extension() != ".json")
    {
        name += ".json";
    }
    const fs::path beside = fs::path(file).parent_path() / name;
    std::error_code ignored;
    if (fs::exists(beside, ignored) || fs::path(name).has_parent_path())
    {
        return beside;
    }
    for (const std::string& folder : folders)
    {
        if (fs::exists(fs::path(folder) / name, ignored))
        {
            return fs::path(folder) / name;
        }
    }
    return beside;
}

} // namespace

const gateway::ObjectRule&
FileRule()
{
    using gateway::Key;
    static const gateway::KeyRule KEYS[] = {
        Key("extends", shape::Text, "", "Name or file of the scenario that this one changes"),
        Key("set", shape::Changes, "", "What it changes: \"links.wan.loss\": \"2%\""),
    };
    static const gateway::ObjectRule RULE{
        "file", "", "What a file may say beside a scenario", KEYS};
    return RULE;
}

tl::expected<ScenarioText, std::string>
ScenarioText::Load(const std::string& path, const std::vector<std::string>& folders)
{
    return LoadAt(path, folders, 1);
}

tl::expected<ScenarioText, std::string>
ScenarioText::Parse(std::string_view text, const std::string& file)
{
    return Build(text, file, {}, 1);
}

tl::expected<ScenarioText, std::string>
ScenarioText::LoadAt(const std::string& path, const std::vector<std::string>& folders, size_t depth)
{
    const auto text = io::ReadTextFile(path);
    if (!text)
    {
        return Failure(text.error().message);
    }
    return Build(*text, path, folders, depth);
}

tl::expected<ScenarioText, std::string>
ScenarioText::Build(std::string_view text,
                    const std::string& file,
                    const std::vector<std::string>& folders,
                    size_t depth)
{
    auto parsed = io::JsonDocument::Parse(text);
    if (!parsed)
    {
        return Failure(parsed.error().ToString(file));
    }
    const auto document = std::make_shared<const io::JsonDocument>(std::move(*parsed));
    const Json& root = document->Root();
    const auto failAt = [&](const std::string& pointer, const std::string& problem)
    {
        const io::TextPosition at = document->ValuePosition(pointer);
        return Failure(fmt::format("{}:{}:{}: {}: {}", file, at.line, at.column, pointer, problem));
    };
    ScenarioText scenario;
    if (!root.is_object() || !root.contains("extends"))
    {
        scenario.m_root = root;
        scenario.m_layers.push_back({"", document, file, ""});
        if (root.is_object() && root.contains("set"))
        {
            return failAt("/set",
                          "changes nothing without \"extends\"; expected the name of a scenario "
                          "in \"extends\", or no \"set\"");
        }
        return scenario;
    }

    const Json& base = root.at("extends");
    if (!base.is_string())
    {
        return failAt("/extends", Shown(base) + "; expected the name of a scenario file");
    }
    if (depth >= DEPTH_MAX)
    {
        return failAt("/extends",
                      fmt::format("more than {0} files on one another; expected at most {0}: "
                                  "look for one that extends itself",
                                  DEPTH_MAX));
    }
    const std::filesystem::path basePath = FindBase(file, base.get<std::string>(), folders);
    auto below = LoadAt(basePath.string(), folders, depth + 1);
    if (!below)
    {
        return failAt("/extends", below.error());
    }
    scenario = std::move(*below);
    if (!scenario.m_root.is_object())
    {
        return failAt("/extends",
                      basePath.string() + " holds " + Shown(scenario.m_root) +
                          "; expected a scenario, an object");
    }
    for (const auto& [key, value] : root.items())
    {
        if (FindRule(FileRule(), key) == nullptr)
        {
            scenario.m_root[key] = value;
            const std::string pointer = io::AppendPointer("", key);
            scenario.m_layers.push_back({pointer, document, file, pointer});
        }
    }
    if (root.contains("set"))
    {
        if (!root.at("set").is_object())
        {
            return failAt("/set",
                          Shown(root.at("set")) +
                              "; expected an object of paths, such as {\"links.wan.loss\": "
                              "\"2%\"}");
        }
        for (const auto& [path, value] : root.at("set").items())
        {
            const std::string place = io::AppendPointer("/set", path);
            const auto pointer = scenario.Assign(path, value);
            if (!pointer)
            {
                return failAt(place, pointer.error());
            }
            scenario.m_layers.push_back({*pointer, document, file, place});
        }
    }
    return scenario;
}

tl::expected<void, std::string>
ScenarioText::Set(std::string_view assignment)
{
    const size_t sign = assignment.find('=');
    if (sign == std::string_view::npos || sign == 0)
    {
        return Failure(fmt::format(
            "--set {}: no path and value; expected path=value, such as links.wan.loss=2%",
            assignment));
    }
    const std::string_view text = assignment.substr(sign + 1);
    Json value = Json::parse(text, nullptr, false);
    if (value.is_discarded())
    {
        value = std::string(text);
    }
    const auto pointer = Assign(assignment.substr(0, sign), std::move(value));
    if (!pointer)
    {
        return Failure(fmt::format("--set {}: {}", assignment, pointer.error()));
    }
    m_layers.push_back({*pointer, nullptr, fmt::format("--set {}", assignment), ""});
    return {};
}

namespace
{

std::vector<std::string>
NamesOf(const nlohmann::ordered_json& object)
{
    std::vector<std::string> names;
    for (const auto& [name, value] : object.items())
    {
        names.push_back(name);
    }
    return names;
}

} // namespace

tl::expected<std::string, std::string>
ScenarioText::Assign(std::string_view path, Json value)
{
    Json* place = &m_root;
    std::string pointer;
    const std::vector<std::string> parts = SplitPath(path);
    for (size_t i = 0; i < parts.size(); ++i)
    {
        const bool last = i + 1 == parts.size();
        if (place->is_object())
        {
            if (parts[i].empty())
            {
                return Failure("the path has an empty part");
            }
            pointer = io::AppendPointer(pointer, parts[i]);
            if (last && value.is_null())
            {
                place->erase(parts[i]);
                return pointer;
            }
            if (!last && i > 0 && !place->contains(parts[i]))
            {
                if (const std::string nearest = gateway::NearestWord(parts[i], NamesOf(*place));
                    !nearest.empty())
                {
                    // Whoever wants a new one of that name can give it whole.
                    return Failure(
                        fmt::format("{} does not exist; did you mean \"{}\"?", pointer, nearest));
                }
            }
            place = &(*place)[parts[i]];
            if (!last && place->is_null())
            {
                *place = Json::object();
            }
            continue;
        }
        if (!place->is_array())
        {
            return Failure(
                fmt::format("{} is {}; it has no member \"{}\"", pointer, Shown(*place), parts[i]));
        }
        std::vector<std::string> names;
        const auto index = FindElement(*place, parts[i], names);
        if (!index)
        {
            const std::string nearest = gateway::NearestWord(parts[i], names);
            return Failure(
                fmt::format("{} has no element \"{}\"; expected a name or an index "
                            "below {}{}",
                            pointer,
                            parts[i],
                            place->size(),
                            nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
        }
        pointer = io::AppendPointer(pointer, std::to_string(*index));
        place = &(*place)[*index];
    }
    *place = std::move(value);
    return pointer;
}

std::string
ScenarioText::Where(std::string_view pointer, bool atKey) const
{
    const auto inFile = [pointer](const Layer& layer)
    {
        return layer.prefix + std::string(pointer.substr(layer.pointer.size()));
    };
    const bool isInSomeFile = std::ranges::any_of(
        m_layers,
        [&](const Layer& layer)
        {
            return layer.document && IsAtOrBelow(pointer, layer.pointer) &&
                   layer.document->Root().contains(Json::json_pointer(inFile(layer)));
        });
    for (auto layer = m_layers.rbegin(); layer != m_layers.rend(); ++layer)
    {
        // A change makes the objects that lead to its value: links.van.loss a link "van".
        const bool madeOnTheWay =
            !layer->document && !isInSomeFile && IsAtOrBelow(layer->pointer, pointer);
        if (!IsAtOrBelow(pointer, layer->pointer) && !madeOnTheWay)
        {
            continue;
        }
        if (!layer->document)
        {
            return layer->file;
        }
        const io::TextPosition at = atKey ? layer->document->KeyPosition(inFile(*layer))
                                          : layer->document->ValuePosition(inFile(*layer));
        return fmt::format("{}:{}:{}", layer->file, at.line, at.column);
    }
    return m_layers.empty() ? "scenario" : m_layers.front().file;
}

} // namespace ikelab::runner
