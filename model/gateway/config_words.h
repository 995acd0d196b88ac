// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "gateway/config.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/**
 * The small grammars inside swanctl.conf's values: sizes, yes and no, secrets, traffic selectors,
 * comma-separated lists.
 */
namespace ikelab::gateway
{

/// "yes", "true", "enabled" and "1", or their opposites.
std::optional<bool> ParseFlag(std::string_view text);

/// A number of octets or packets: "500000", "1k", "20M", "4g" (powers of 1024).
std::optional<uint64_t> ParseAmount(std::string_view text);

/// "a, b ,c" without the blanks; empty parts are dropped.
std::vector<std::string> SplitList(std::string_view text);

/// "text", "0x<hex>" or "0s<Base64>"; nothing if the encoding is broken or the secret empty.
std::optional<Buffer> ParseSecret(std::string_view text);

/// The octets of padded or unpadded Base64 (RFC 4648 §4), or nothing.
std::optional<Buffer> FromBase64(std::string_view text);

/**
 * "10.1.0.0/16", "10.1.0.0-10.1.0.9[tcp/80]", "2001:db8::/32[udp/1024-2047]", "dynamic[udp]".
 * @param dynamic what the word "dynamic" stands for; nothing if that is not known
 * @return on failure `problem` and `expected` of the error, without pointer
 */
tl::expected<Selector, ConfigError> ParseSelector(std::string_view text,
                                                  const std::optional<IpAddress>& dynamic = {});

/// The shortest text that ParseSelector reads back: "10.1.0.0/16[tcp/80]".
std::string SelectorText(const Selector& selector);

} // namespace ikelab::gateway
