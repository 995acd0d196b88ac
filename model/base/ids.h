// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace ikelab
{

/// A number that cannot be taken for another number of the same size.
template <typename Tag, typename Number>
struct StrongNumber
{
    Number value{0};

    constexpr StrongNumber() = default;

    constexpr explicit StrongNumber(Number number) : value(number)
    {
    }

    auto operator<=>(const StrongNumber&) const = default;
};

/// One side's SPI of an IKE SA, RFC 7296 §2.6; 0 is "not yet known".
using IkeSpi = StrongNumber<struct IkeSpiTag, uint64_t>;
/// The SPI of one direction of a Child SA (ESP or AH), RFC 4303 §2.1; 0 is never sent.
using EspSpi = StrongNumber<struct EspSpiTag, uint32_t>;
/// The Message ID of an IKE message, RFC 7296 §2.2.
using MessageId = StrongNumber<struct MessageIdTag, uint32_t>;
/// Our own number of an IKE SA: unique in one endpoint for all its life.
using IkeSaId = StrongNumber<struct IkeSaIdTag, uint32_t>;
/// Our own number of a Child SA (both directions): unique in one endpoint for all its life.
using ChildSaId = StrongNumber<struct ChildSaIdTag, uint32_t>;

} // namespace ikelab

template <typename Tag, typename Number>
struct std::hash<ikelab::StrongNumber<Tag, Number>>
{
    size_t
    operator()(const ikelab::StrongNumber<Tag, Number>& number) const noexcept
    {
        return std::hash<Number>{}(number.value);
    }
};
