// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace ikelab::esp
{

/// The two low bits of a traffic class, RFC 3168 §5.
enum class Ecn : uint8_t
{
    NOT_ECT = 0,
    ECT1 = 1,
    ECT0 = 2,
    CE = 3
};

/// Traffic class of the outer header: DSCP copied (RFC 4301 §5.1.2), ECN copied ("normal mode",
/// RFC 6040 §4.1).
constexpr uint8_t
OuterTrafficClass(uint8_t inner)
{
    return inner;
}

/**
 * ECN of the packet that leaves the tunnel.
 * @return nothing if the packet must be dropped: congestion was met by a transport that would not
 * understand the mark
 * @see RFC 6040 §4.2, figure 4
 */
constexpr std::optional<Ecn>
CombineEcn(Ecn inner, Ecn outer)
{
    if (inner == Ecn::NOT_ECT)
    {
        return outer == Ecn::CE ? std::nullopt : std::optional(Ecn::NOT_ECT);
    }
    if (inner == Ecn::CE || outer == Ecn::CE)
    {
        return Ecn::CE;
    }
    return inner == Ecn::ECT1 || outer == Ecn::ECT1 ? Ecn::ECT1 : Ecn::ECT0;
}

} // namespace ikelab::esp
