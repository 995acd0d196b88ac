// SPDX-License-Identifier: MIT
#pragma once

#include "esp/sa_parameters.h"

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

inline constexpr uint8_t ECN_BITS = 0x03;
inline constexpr uint8_t DSCP_BITS = 0xfc;

/// Traffic class of the outer header: of DSCP (RFC 4301 §5.1.2) and ECN (RFC 6040 §4.1: "normal
/// mode" if copied, "compatibility mode" if not) what is copied, else 0.
constexpr uint8_t
OuterTrafficClass(uint8_t inner, const HeaderCopying& copying)
{
    return static_cast<uint8_t>(inner &
                                ((copying.ecn ? ECN_BITS : 0) | (copying.dscpOut ? DSCP_BITS : 0)));
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

/**
 * Traffic class of the packet that leaves the tunnel: its own, and of the outer one what is copied.
 * @return nothing if the packet must be dropped, see CombineEcn
 */
constexpr std::optional<uint8_t>
InnerTrafficClass(uint8_t inner, uint8_t outer, const HeaderCopying& copying)
{
    auto ecn = std::optional(static_cast<Ecn>(inner & ECN_BITS));
    if (copying.ecn)
    {
        ecn = CombineEcn(*ecn, static_cast<Ecn>(outer & ECN_BITS));
    }
    if (!ecn)
    {
        return std::nullopt;
    }
    const int dscp = (copying.dscpIn ? outer : inner) & DSCP_BITS;
    return static_cast<uint8_t>(dscp | static_cast<int>(*ecn));
}

} // namespace ikelab::esp
