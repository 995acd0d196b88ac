// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/ip_address.h"
#include "crypto/algorithms.h"
#include "crypto/secret_bytes.h"

#include <tl/expected.hpp>

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

/// The keys of one direction of a Child SA, as a row of `esp_sa` gives them.
struct EspTableKeys
{
    bool v6{false};
    std::optional<IpAddress> source; ///< nothing is any
    std::optional<IpAddress> destination;
    std::optional<EspSpi> spi;
    const crypto::EncrRow* encr{nullptr};
    const crypto::IntegRow* integ{nullptr};
    std::optional<size_t> uncheckedIcvOctets;
    crypto::SecretBytes encrKey;
    crypto::SecretBytes integKey;
    bool extendedSequence{false};
    uint32_t sequenceHigh{0};
    std::string where;

    bool Fits(const IpAddress& from, const IpAddress& to, EspSpi wanted) const;
};

using TableRow = std::variant<IkeTableKeys, EspTableKeys>;

/**
 * Read a line of either table: the first column tells which.
 * @param where "file:line", kept with the row
 * @return nothing for an empty line or a comment; else the row, or what is wrong with it
 */
tl::expected<std::optional<TableRow>, std::string> ReadRow(std::string_view line,
                                                           std::string where);

} // namespace ikelab::dissect
