// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <iterator>
#include <random>
#include <string>

namespace ikelab::wire
{

/// Generated values for tests; the same seed gives the same ones. Octets live as long as the dice.
class Dice
{
  public:
    explicit Dice(uint64_t seed) : m_engine(seed)
    {
    }

    /// From 0 to most.
    uint64_t
    UpTo(uint64_t most)
    {
        return most == UINT64_MAX ? m_engine() : m_engine() % (most + 1);
    }

    template <typename Number>
    Number
    Any()
    {
        return static_cast<Number>(m_engine());
    }

    bool
    Coin()
    {
        return UpTo(1) == 1;
    }

    Bytes
    Octets(size_t least, size_t most)
    {
        Buffer& octets = m_kept.emplace_back(least + UpTo(most - least));
        std::ranges::generate(octets, [this] { return Any<uint8_t>(); });
        return octets;
    }

    /// Lower-case letters and dots.
    std::string
    Name(size_t least, size_t most)
    {
        constexpr std::string_view LETTERS = "abcdefghijklmnopqrstuvwxyz.";
        std::string name(least + UpTo(most - least), '\0');
        std::ranges::generate(name, [&] { return LETTERS[UpTo(LETTERS.size() - 1)]; });
        return name;
    }

    Bytes
    NameOctets(size_t least, size_t most)
    {
        const std::string name = Name(least, most);
        return m_kept.emplace_back(name.begin(), name.end());
    }

    IpAddress
    V4()
    {
        return IpAddress::FromOctets(Octets(4, 4));
    }

    IpAddress
    V6()
    {
        return IpAddress::FromOctets(Octets(16, 16));
    }

    template <typename Value>
    Value
    OneOf(std::initializer_list<Value> values)
    {
        return *std::next(values.begin(), static_cast<ptrdiff_t>(UpTo(values.size() - 1)));
    }

    Bytes
    Keep(Buffer octets)
    {
        return m_kept.emplace_back(std::move(octets));
    }

  private:
    std::mt19937_64 m_engine;
    std::deque<Buffer> m_kept;
};

} // namespace ikelab::wire
