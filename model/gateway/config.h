// SPDX-License-Identifier: MIT
#pragma once

#include "ike/config.h"

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <vector>

namespace ikelab::gateway
{

enum class Action
{
    PROTECT,
    BYPASS,
    DISCARD
};

/**
 * One rule of the SPD beside those that connections make (RFC 4301 §4.4.1). Rules are tried in
 * order; the children's PROTECT rules come after these, then everything else bypasses unless
 * `default` says discard.
 */
struct PolicyRule
{
    std::string name;
    Action action{Action::BYPASS};
    Selectors local;
    Selectors remote;
};

/// What is believed of ICMP errors about outer packets, which nobody signs (RFC 4301 §6.1.1).
/// Others are only told as events.
struct IcmpConfig
{
    bool fragmentationNeeded{true}; ///< RFC 792 type 3 code 4
    bool packetTooBig{true};        ///< RFC 4443 type 2
    Duration pathMtuLifetime{std::chrono::minutes(10)};
    uint32_t leastPathMtu{576}; ///< of IPv4
};

/// Everything that one node is told.
struct Config
{
    ike::Config ike;
    std::vector<PolicyRule> policies;
    Action defaultAction{Action::BYPASS};
    IcmpConfig icmp;
    /// Refused packets become events (RFC 4303 §4, RFC 4302 §4); they are counted in any case.
    bool audit{true};
};

/// What is wrong in a configuration, for people.
struct ConfigError
{
    std::string pointer;  ///< JSON pointer of the offending value
    std::string problem;  ///< "unknown key 'rekey_tme'"
    std::string expected; ///< "a time such as 30s, 5m or 4h"
    std::string nearest;  ///< the nearest valid key or word, empty if none is near
};

/**
 * Read a node's configuration in swanctl's words: {"connections": {...}, "secrets": {...},
 * "charon": {...}, "policies": [...]}.
 * @param pointer JSON pointer of `json` in its document, for errors
 */
tl::expected<Config, ConfigError> ReadConfig(const nlohmann::ordered_json& json,
                                             const std::string& pointer = "");

/// One proposal string, "aes128gcm16-prfsha256-x25519"; on failure the problem in words.
tl::expected<ike::IkeProposal, ConfigError> ReadIkeProposal(std::string_view text,
                                                            const std::string& pointer = "");
tl::expected<ike::EspProposal, ConfigError> ReadEspProposal(std::string_view text,
                                                            const std::string& pointer = "");
/// One of integrity algorithms, "sha256-sha384-esn".
tl::expected<ike::EspProposal, ConfigError> ReadAhProposal(std::string_view text,
                                                           const std::string& pointer = "");

/// "500ms", "30s", "5m", "4h", "1d" or a bare number of seconds.
std::optional<Duration> ParseDuration(std::string_view text);

/// The candidate within a small edit distance of `word`, or empty.
std::string NearestWord(std::string_view word, const std::vector<std::string>& candidates);

} // namespace ikelab::gateway
