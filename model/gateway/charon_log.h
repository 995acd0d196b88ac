// SPDX-License-Identifier: MIT
#pragma once

#include "gateway/event.h"

#include <string>
#include <string_view>
#include <vector>

namespace ikelab::gateway
{

/// One line of a log that people who read charon's know how to search.
struct LogLine
{
    std::string_view group; ///< charon's: "IKE", "CHD", "ENC", "NET", "CFG", "ESP"
    std::string text;
};

/// What charon would log for an event: none, one or several lines. Keys are never among them.
std::vector<LogLine> FormatCharon(const Event& event);

} // namespace ikelab::gateway
