// SPDX-License-Identifier: GPL-2.0-only
#include "runner/units.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>

namespace ikelab::runner
{

namespace
{

/// A decimal number without sign or exponent, and what follows it without blanks between.
struct Quantity
{
    double number{0};
    std::string unit; ///< in lower case
};

std::optional<Quantity>
ParseQuantity(std::string_view text)
{
    Quantity quantity;
    const char* const end = text.data() + text.size();
    if (text.empty() || text.front() < '0' || text.front() > '9')
    {
        return {};
    }
    const auto [rest, error] =
        std::from_chars(text.data(), end, quantity.number, std::chars_format::fixed);
    if (error != std::errc{})
    {
        return {};
    }
    for (const char* letter = rest; letter != end; ++letter)
    {
        const bool upper = *letter >= 'A' && *letter <= 'Z';
        quantity.unit += upper ? static_cast<char>(*letter - 'A' + 'a') : *letter;
    }
    return quantity;
}

template <typename Number>
bool
ParseDigits(std::string_view text, Number& number)
{
    for (const char letter : text)
    {
        if (letter < '0' || letter > '9')
        {
            return false;
        }
    }
    return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{};
}

} // namespace

std::optional<Duration>
ParseTime(std::string_view text)
{
    struct Unit
    {
        std::string_view name;
        double nanoseconds;
    };
    static constexpr Unit UNITS[] = {{"ns", 1},
                                     {"us", 1e3},
                                     {"ms", 1e6},
                                     {"s", 1e9},
                                     {"m", 60e9},
                                     {"min", 60e9},
                                     {"h", 3600e9},
                                     {"d", 86400e9}};
    // A century in nanoseconds fits 63 bits; nothing longer makes sense here.
    constexpr double LONGEST = 100 * 365.25 * 86400e9;
    const auto quantity = ParseQuantity(text);
    if (!quantity)
    {
        return {};
    }
    for (const Unit& unit : UNITS)
    {
        const double nanoseconds = quantity->number * unit.nanoseconds;
        if (unit.name == quantity->unit && nanoseconds <= LONGEST)
        {
            return Duration{std::llround(nanoseconds)};
        }
    }
    return {};
}

std::optional<double>
ParsePercent(std::string_view text)
{
    const auto quantity = ParseQuantity(text);
    if (!quantity || quantity->unit != "%" || quantity->number > 100)
    {
        return {};
    }
    return quantity->number / 100;
}

std::optional<uint64_t>
ParseRate(std::string_view text)
{
    const auto quantity = ParseQuantity(text);
    if (!quantity)
    {
        return {};
    }
    double factor = 0;
    factor = quantity->unit == "bit" ? 1 : factor;
    factor = quantity->unit == "kbit" ? 1e3 : factor;
    factor = quantity->unit == "mbit" ? 1e6 : factor;
    factor = quantity->unit == "gbit" ? 1e9 : factor;
    const double bits = quantity->number * factor;
    if (bits < 1 || bits > 1e15)
    {
        return {};
    }
    return static_cast<uint64_t>(std::llround(bits));
}

std::optional<Duration>
ParseEpoch(std::string_view text)
{
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (text.size() != 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || text[19] != 'Z' ||
        !ParseDigits(text.substr(0, 4), year) || !ParseDigits(text.substr(5, 2), month) ||
        !ParseDigits(text.substr(8, 2), day) || !ParseDigits(text.substr(11, 2), hour) ||
        !ParseDigits(text.substr(14, 2), minute) || !ParseDigits(text.substr(17, 2), second))
    {
        return {};
    }
    const std::chrono::year_month_day date{
        std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
    // 2200 keeps nanoseconds with any run behind it inside 63 bits.
    if (!date.ok() || year < 1970 || year > 2200 || hour > 23 || minute > 59 || second > 59)
    {
        return {};
    }
    return std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{hour} +
           std::chrono::minutes{minute} + std::chrono::seconds{second};
}

std::string
FormatTime(Duration time)
{
    const int64_t count = time.count();
    const int64_t size = count < 0 ? -count : count;
    if (size == 0)
    {
        return "0 s";
    }
    if (size < 1'000)
    {
        return fmt::format("{} ns", count);
    }
    if (size < 1'000'000)
    {
        return fmt::format("{:.3f} us", static_cast<double>(count) / 1e3);
    }
    if (size < 1'000'000'000)
    {
        return fmt::format("{:.3f} ms", static_cast<double>(count) / 1e6);
    }
    return fmt::format("{:.3f} s", static_cast<double>(count) / 1e9);
}

std::string
FormatPercent(double share)
{
    return fmt::format("{:.3g} %", share * 100);
}

std::string
FormatRate(double bitsPerSecond)
{
    if (bitsPerSecond >= 1e9)
    {
        return fmt::format("{:.2f} Gbit/s", bitsPerSecond / 1e9);
    }
    if (bitsPerSecond >= 1e6)
    {
        return fmt::format("{:.2f} Mbit/s", bitsPerSecond / 1e6);
    }
    if (bitsPerSecond >= 1e3)
    {
        return fmt::format("{:.2f} kbit/s", bitsPerSecond / 1e3);
    }
    return fmt::format("{:.0f} bit/s", bitsPerSecond);
}

} // namespace ikelab::runner
