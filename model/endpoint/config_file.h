// SPDX-License-Identifier: MIT
#pragma once

#include "gateway/config.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace ikelab::endpoint
{

/**
 * Read a node's configuration from a JSON file (comments allowed).
 * @return the configuration, or what is wrong in one line for people: "moon.json:12:9:
 *         /connections/net/childs: unknown key ...; expected ...; did you mean ...?"
 */
tl::expected<gateway::Config, std::string> ReadConfigFile(const std::string& path);

/// The same from a text; `fileName` is for the message.
tl::expected<gateway::Config, std::string> ReadConfigText(std::string_view text,
                                                          std::string_view fileName);

} // namespace ikelab::endpoint
