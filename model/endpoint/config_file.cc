// SPDX-License-Identifier: MIT
#include "endpoint/config_file.h"

#include "base/one_line.h"
#include "io/json_document.h"
#include "io/text_file.h"

#include <fmt/format.h>

namespace ikelab::endpoint
{

namespace
{

/// Where the user must look: at the key if the key is what is wrong.
io::TextPosition
PlaceOf(const io::JsonDocument& document, const gateway::ConfigError& error)
{
    return error.problem.starts_with("unknown key") ? document.KeyPosition(error.pointer)
                                                    : document.ValuePosition(error.pointer);
}

std::string
Describe(const io::JsonDocument& document,
         const gateway::ConfigError& error,
         std::string_view fileName)
{
    const io::TextPosition place = PlaceOf(document, error);
    std::string text = fmt::format("{}:{}:{}: {}{}{}",
                                   fileName,
                                   place.line,
                                   place.column,
                                   error.pointer,
                                   error.pointer.empty() ? "" : ": ",
                                   error.problem);
    if (!error.expected.empty())
    {
        text += "; expected " + error.expected;
    }
    if (!error.nearest.empty())
    {
        text += fmt::format("; did you mean \"{}\"?", error.nearest);
    }
    return OneLine(text);
}

} // namespace

tl::expected<gateway::Config, std::string>
ReadConfigFile(const std::string& path)
{
    const auto text = io::ReadTextFile(path);
    if (!text)
    {
        return tl::unexpected<std::string>(text.error().message);
    }
    return ReadConfigText(*text, path);
}

tl::expected<gateway::Config, std::string>
ReadConfigText(std::string_view text, std::string_view fileName)
{
    const auto document = io::JsonDocument::Parse(text);
    if (!document)
    {
        return tl::unexpected<std::string>(document.error().ToString(fileName));
    }
    auto config = gateway::ReadConfig(document->Root());
    if (!config)
    {
        return tl::unexpected<std::string>(Describe(*document, config.error(), fileName));
    }
    return std::move(*config);
}

} // namespace ikelab::endpoint
