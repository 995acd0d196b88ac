// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/hex.h"
#include "esp/selector_set.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

/// What the programs have in common that answer JSON lines about an SA.
namespace ikelab::conformance
{

using Json = nlohmann::json;

inline Buffer
OctetsOf(const Json& hex)
{
    auto octets = FromHex(hex.get<std::string>());
    if (!octets)
    {
        throw std::invalid_argument("not hex: " + hex.dump());
    }
    return std::move(*octets);
}

/// The row with the keyword that `object` has under `name`; nullptr if it has none.
template <typename Row>
const Row*
RowOf(std::span<const Row> rows, const Json& object, const char* name)
{
    if (!object.contains(name))
    {
        return nullptr;
    }
    const auto keyword = object.at(name).get<std::string>();
    const auto row = std::ranges::find(rows, keyword, &Row::keyword);
    if (row == rows.end())
    {
        throw std::invalid_argument("no " + std::string(name) + " row " + keyword);
    }
    return &*row;
}

inline esp::TrafficSelectors
AnyTraffic()
{
    const Selectors any{Selector{IpRange::AnyV4()}, Selector{IpRange::AnyV6()}};
    return {esp::SelectorSet(any), esp::SelectorSet(any)};
}

/// A line answers each line, until there are no more. What is wrong with a request is
/// {"error": text}.
/// @tparam Peer has Json Answer(const Json& request), which may throw
template <typename Peer>
int
Serve()
{
    Peer peer;
    for (std::string line; std::getline(std::cin, line);)
    {
        Json answer;
        try
        {
            answer = peer.Answer(Json::parse(line));
        }
        catch (const std::exception& exception)
        {
            answer = {{"error", exception.what()}};
        }
        std::cout << answer.dump() << std::endl;
    }
    return 0;
}

} // namespace ikelab::conformance
