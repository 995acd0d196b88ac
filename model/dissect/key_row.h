// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/ip_address.h"
#include "crypto/algorithms.h"
#include "crypto/secret_bytes.h"

#include <tl/expected.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace ikelab::dissect
{

/// The keys of one IKE SA, as a row of Wireshark's `ikev2_decryption_table` gives them.
struct IkeTableKeys
{
    IkeSpi initiator;
    IkeSpi responder;
    const crypto::EncrRow* encr{nullptr};
    const crypto::IntegRow* integ{nullptr}; ///< nullptr with an AEAD, or when unchecked
    /// "ANY 96-bits of Authentication [No Checking]": so many octets, of an unknown algorithm.
    std::optional<size_t> uncheckedIcvOctets;
    crypto::SecretBytes ei;
    crypto::SecretBytes er;
    crypto::SecretBytes ai;
    crypto::SecretBytes ar;
    std::string where; ///< "file:line"
};

/// The bits that are set in both; one family (own bug otherwise).
IpAddress operator&(const IpAddress& address, const IpAddress& mask);

/// Which bits of a packet's addresses and SPI a row asks for.
struct EspMask
{
    IpAddress source;
    IpAddress destination;
    uint32_t spi{0};

    auto operator<=>(const EspMask&) const = default;
};

/// Addresses and SPI: of a packet, or what the bits that a row asks for must be.
struct EspAddress
{
    IpAddress source;
    IpAddress destination;
    EspSpi spi;

    EspAddress Masked(const EspMask& mask) const;
    auto operator<=>(const EspAddress&) const = default;
};

/// The packets that a row of `esp_sa` is for.
struct EspSelectors
{
    EspMask mask;
    EspAddress value; ///< no bits besides those of the mask

    bool
    NameTheSpi() const
    {
        return mask.spi == UINT32_MAX;
    }

    bool Fit(const EspAddress& packet) const;
};

/// The keys of one direction of a Child SA, as a row of `esp_sa` gives them.
struct EspTableKeys
{
    EspSelectors selectors;
    size_t number{0}; ///< of the rows of a store, as they came
    const crypto::EncrRow* encr{nullptr};
    const crypto::IntegRow* integ{nullptr};
    std::optional<size_t> uncheckedIcvOctets;
    crypto::SecretBytes encrKey;
    crypto::SecretBytes integKey;
    bool extendedSequence{false};
    uint32_t sequenceHigh{0};
    std::string where;
};

bool HaveSameKeys(const IkeTableKeys& a, const IkeTableKeys& b);
bool HaveSameKeys(const EspTableKeys& a, const EspTableKeys& b);

using TableRow = std::variant<IkeTableKeys, EspTableKeys>;

/**
 * Read a line of either table: the first column tells which.
 * @param where "file:line", kept with the row
 * @return nothing for an empty line or a comment; else the row, or what is wrong with it
 */
tl::expected<std::optional<TableRow>, std::string> ReadRow(std::string_view line,
                                                           std::string where);

} // namespace ikelab::dissect
