// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/instant.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ikelab::runner
{

/// "40ms", "1.5s", "2m", "4h", "1d", also ns and us. The unit is asked for, because a bare number
/// means seconds to swanctl and microseconds to tc.
std::optional<Duration> ParseTime(std::string_view text);

/// "1%", "0.5%" as a share of one, 0 to 1.
std::optional<double> ParsePercent(std::string_view text);

/// "100mbit" as bits per second; bit, kbit, mbit, gbit in either case (tc's decimal units).
std::optional<uint64_t> ParseRate(std::string_view text);

/// "2026-01-01T00:00:00Z" as the time since 1970-01-01 UTC.
std::optional<Duration> ParseEpoch(std::string_view text);

/// The shortest of ns, us, ms, s that says it exactly enough for people: "164.213 ms".
std::string FormatTime(Duration time);
std::string FormatPercent(double share);
/// "1.25 Mbit/s"
std::string FormatRate(double bitsPerSecond);

} // namespace ikelab::runner
