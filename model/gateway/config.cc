// SPDX-License-Identifier: MIT
#include "gateway/config.h"

#include "gateway/config_schema.h"
#include "gateway/config_sections.h"

#include <algorithm>

namespace ikelab::gateway
{

namespace
{

constexpr bool UNSUPPORTED = true;
constexpr bool SUFFIX = true;

constexpr NamedValue ACTIONS[] = {Named("bypass", Action::BYPASS),
                                  Named("discard", Action::DISCARD),
                                  Named("protect", Action::PROTECT)};

constexpr KeyRule SECRET_KEYS[] = {
    Key("secret", shape::Text, "", "The key: text, 0x and hexadecimal digits, or 0s and Base64")
        .Required(),
    Key("id", shape::List, "", "Identities that it is for, of either end; none: for all")
        .WithSuffix(),
};

constexpr ObjectRule SECRET{"secret", "secrets.ike...", "A pre-shared key", SECRET_KEYS};

constexpr KeyRule SECRETS_KEYS[] = {
    Key("ike", shape::Object, "", "A pre-shared key; any name that begins with ike")
        .WithSuffix()
        .Of(SECRET),
    {"eap", UNSUPPORTED, "", "", SUFFIX},
    {"xauth", UNSUPPORTED, "", "it belongs to IKEv1", SUFFIX},
    {"ntlm", UNSUPPORTED, "", "", SUFFIX},
    {"ppk", UNSUPPORTED, "", "", SUFFIX},
    {"private", UNSUPPORTED, "", "", SUFFIX},
    {"rsa", UNSUPPORTED, "", "", SUFFIX},
    {"ecdsa", UNSUPPORTED, "", "", SUFFIX},
    {"pkcs8", UNSUPPORTED, "", "", SUFFIX},
    {"pkcs12", UNSUPPORTED, "", "", SUFFIX},
    {"token", UNSUPPORTED, "", "", SUFFIX},
};

constexpr ObjectRule SECRETS{"secrets", "secrets", "Keys, as in swanctl.conf", SECRETS_KEYS};

/// strongswan.conf, charon
constexpr KeyRule CHARON_KEYS[] = {
    Key("retransmit_timeout", shape::Time, "4s", "Wait so long before a request is sent again"),
    Key("retransmit_base", shape::Real, "1.8", "Each wait is so many times the one before")
        .Between(1, 100),
    Key("retransmit_tries", shape::Whole, "5", "Send a request again so often, then give up")
        .Between(0, 1000),
    Key("retransmit_jitter", shape::Whole, "0", "Shorten each wait by up to so many per cent")
        .Between(0, 99),
    Key("retransmit_limit", shape::Time, "0s", "No wait is longer; 0 for no limit"),
    Key("half_open_timeout", shape::Time, "30s", "Forget a peer that does not go on for so long"),
    Key("cookie_threshold", shape::Whole, "30", "Ask for cookies above so many half-open SAs")
        .Between(0, 1'000'000),
    Key("block_threshold",
        shape::Whole,
        "0",
        "Drop requests of an address with more half-open SAs; 0 never does")
        .Between(0, 1'000'000),
    Key("keep_alive", shape::Time, "20s", "Keep a NAT's mapping alive so often; 0 never does"),
    {"cookie_threshold_ip", UNSUPPORTED, "0"},
    {"delete_rekeyed", UNSUPPORTED, "no false 0"},
    {"delete_rekeyed_delay", UNSUPPORTED},
    {"dos_protection", UNSUPPORTED, "yes true 1"},
    {"flush_auth_cfg", UNSUPPORTED, "no false 0"},
    {"follow_redirects", UNSUPPORTED, "no false 0"},
    {"fragment_size", UNSUPPORTED},
    {"ikesa_limit", UNSUPPORTED, "0"},
    {"ikesa_table_segments", UNSUPPORTED, "1"},
    {"ikesa_table_size", UNSUPPORTED, "1"},
    {"inactivity_close_ike", UNSUPPORTED, "no false 0"},
    {"init_limit_half_open", UNSUPPORTED, "0"},
    {"init_limit_job_load", UNSUPPORTED, "0"},
    {"install_routes", UNSUPPORTED, "yes true 1"},
    {"install_virtual_ip", UNSUPPORTED, "no false 0 yes true 1"},
    {"keep_alive_dpd_margin", UNSUPPORTED, "0 0s"},
    {"load", UNSUPPORTED},
    {"make_before_break", UNSUPPORTED, "no false 0 yes true 1"},
    {"max_packet", UNSUPPORTED},
    {"port", UNSUPPORTED, "500"},
    {"port_nat_t", UNSUPPORTED, "4500"},
    {"prefer_configured_proposals", UNSUPPORTED, "yes true 1"},
    {"replay_window", UNSUPPORTED, "32", "set replay_window of the child"},
    {"retry_initiate_interval", UNSUPPORTED, "0 0s"},
    {"reuse_ikesa", UNSUPPORTED, "yes true 1"},
    {"send_vendor_id", UNSUPPORTED, "no false 0"},
    {"signature_authentication", UNSUPPORTED, "no false 0 yes true 1"},
    {"plugins", UNSUPPORTED},
    {"filelog", UNSUPPORTED},
    {"syslog", UNSUPPORTED},
};

constexpr ObjectRule CHARON{"charon", "charon", "As in strongswan.conf", CHARON_KEYS};

constexpr KeyRule POLICY_KEYS[] = {
    Key("name", shape::Text, "", "What logs call it; policy- and its number without"),
    Key("action", shape::Word, "", "What happens to such packets").OneOf(ACTIONS).Required(),
    Key("local", shape::List, "", "Traffic selectors of this side; everything without"),
    Key("remote", shape::List, "", "Traffic selectors of the other side; everything without"),
};

constexpr ObjectRule POLICY{"policy", "policies", "A rule for packets", POLICY_KEYS};

constexpr KeyRule ICMP_KEYS[] = {
    Key("fragmentation_needed", shape::Flag, "yes", "Learn path MTUs from ICMP type 3 code 4"),
    Key("packet_too_big", shape::Flag, "yes", "Learn path MTUs from ICMPv6 type 2"),
    Key("path_mtu_lifetime", shape::Time, "10m", "Forget them after so long"),
    Key("least_path_mtu", shape::Whole, "576", "Believe no less of IPv4; below it fragment")
        .Between(68, 65535),
};

constexpr ObjectRule ICMP{"icmp",
                          "icmp",
                          "What to believe of ICMP errors about ESP packets, which nobody signs",
                          ICMP_KEYS};

constexpr KeyRule TOP_KEYS[] = {
    Key("connections", shape::Objects, "", "As in swanctl.conf: peers, by name").Of(CONNECTION),
    Key("secrets", shape::Object, "", "As in swanctl.conf").Of(SECRETS),
    Key("charon", shape::Object, "", "Retransmission and limits, as in strongswan.conf").Of(CHARON),
    Key("policies", shape::ObjectList, "", "Rules that are tried in order before the children's")
        .Of(POLICY),
    Key("default_action", shape::Word, "bypass", "What happens to packets of no rule")
        .OneOf(std::span(ACTIONS).first<2>()),
    Key("icmp", shape::Object, "", "What to believe of ICMP errors").Of(ICMP),
    Key("audit", shape::Flag, "yes", "Tell of refused packets; they are counted in any case"),
    Key("$schema", shape::Text, "", "For editors: a file that `ikelab schema configuration` made"),
    {"pools", UNSUPPORTED},
    {"authorities", UNSUPPORTED},
    {"include", UNSUPPORTED},
};

constexpr ObjectRule TOP{"configuration", "", "One gateway, in swanctl.conf's words", TOP_KEYS};

ike::SharedSecret
ReadSecret(const Json& json, const std::string& pointer, ErrorSlot& error)
{
    ike::SharedSecret result;
    ObjectReader reader(json, pointer, SECRET, error);
    if (error)
    {
        return result;
    }
    const auto text = reader.Text("secret");
    if (!reader.Has("secret"))
    {
        error.Set({pointer, "no 'secret'", "\"secret\": text, 0xhex or 0sBase64", ""});
    }
    else if (text)
    {
        if (auto secret = ParseSecret(*text))
        {
            result.secret = std::move(*secret);
        }
        else
        {
            // The value itself is not repeated: messages end up in logs.
            reader.Wrong("secret",
                         text->starts_with("0x")   ? "bad hexadecimal digits after 0x"
                         : text->starts_with("0s") ? "bad Base64 after 0s"
                                                   : "empty secret",
                         "text, 0xhex or 0sBase64");
        }
    }
    for (const auto& [key, value] : json.items())
    {
        if (!key.starts_with("id"))
        {
            continue;
        }
        for (const ListItem& item : reader.List(key).value_or(std::vector<ListItem>{}))
        {
            if (auto identity = ReadIdentity(item, error))
            {
                result.ids.push_back(std::move(*identity));
            }
        }
    }
    return result;
}

void
ReadSecrets(const Json& json, const std::string& pointer, ike::Config& config, ErrorSlot& error)
{
    ObjectReader reader(json, pointer, SECRETS, error);
    if (error)
    {
        return;
    }
    for (const auto& [key, value] : json.items())
    {
        if (key.starts_with("ike"))
        {
            config.secrets.push_back(ReadSecret(value, reader.PointerTo(key), error));
        }
    }
}

void
ReadCharon(const Json& json, const std::string& pointer, ike::Config& config, ErrorSlot& error)
{
    ObjectReader reader(json, pointer, CHARON, error);
    ike::RetransmitConfig& retransmit = config.retransmit;
    reader.Time("retransmit_timeout", retransmit.timeout);
    if (retransmit.timeout < std::chrono::milliseconds(1))
    {
        reader.Wrong("retransmit_timeout",
                     fmt::format("'{}' is too short", reader.Shown("retransmit_timeout")),
                     "at least 1ms");
    }
    reader.Real("retransmit_base", retransmit.base);
    reader.Number("retransmit_tries", retransmit.tries);
    reader.Number("retransmit_jitter", retransmit.jitterPercent);
    reader.Time("retransmit_limit", retransmit.limit);
    reader.Time("half_open_timeout", config.halfOpenTimeout);
    if (config.halfOpenTimeout <= Duration(0))
    {
        reader.Wrong("half_open_timeout",
                     fmt::format("'{}' is too short", reader.Shown("half_open_timeout")),
                     "more than 0s");
    }
    reader.Number("cookie_threshold", config.cookieThreshold);
    reader.Number("block_threshold", config.blockThreshold);
    reader.Time("keep_alive", config.keepAlive);
}

Selectors
ReadPolicySide(ObjectReader& reader, std::string_view key, ErrorSlot& error)
{
    const auto items = reader.List(key);
    if (items && items->empty())
    {
        reader.Wrong(key, "no traffic selector", "one such as 10.1.0.0/16, or the key left out");
    }
    if (!items)
    {
        return {Selector{IpRange::AnyV4()}, Selector{IpRange::AnyV6()}};
    }
    return ReadSelectors(*items, std::nullopt, error);
}

void
ReadPolicies(const Json& json, const std::string& pointer, Config& config, ErrorSlot& error)
{
    if (!json.is_array())
    {
        error.Set({pointer,
                   fmt::format("wrong type: {}", KindOf(json)),
                   "a list of rules: their order matters",
                   ""});
        return;
    }
    for (size_t i = 0; i < json.size(); ++i)
    {
        const std::string place = fmt::format("{}/{}", pointer, i);
        ObjectReader reader(json[i], place, POLICY, error);
        if (error)
        {
            return;
        }
        PolicyRule rule;
        rule.name = reader.Text("name").value_or(fmt::format("policy-{}", i));
        if (!reader.Has("action"))
        {
            error.Set({place, "no 'action'", "bypass, discard or protect", ""});
        }
        reader.Word("action", rule.action);
        rule.local = ReadPolicySide(reader, "local", error);
        rule.remote = ReadPolicySide(reader, "remote", error);
        config.policies.push_back(std::move(rule));
    }
}

void
ReadIcmp(const Json& json, const std::string& pointer, IcmpConfig& config, ErrorSlot& error)
{
    ObjectReader reader(json, pointer, ICMP, error);
    reader.Flag("fragmentation_needed", config.fragmentationNeeded);
    reader.Flag("packet_too_big", config.packetTooBig);
    reader.Time("path_mtu_lifetime", config.pathMtuLifetime);
    if (config.pathMtuLifetime <= Duration(0))
    {
        reader.Wrong("path_mtu_lifetime",
                     fmt::format("'{}' is too short", reader.Shown("path_mtu_lifetime")),
                     "more than 0s");
    }
    reader.Number("least_path_mtu", config.leastPathMtu);
}

/// The identity that IKE falls back on: the address (RFC 7296 §3.5).
std::vector<ike::Identity>
IdentitiesOf(const std::optional<ike::Identity>& id, const std::vector<IpAddress>& addresses)
{
    if (id)
    {
        return {*id};
    }
    std::vector<ike::Identity> identities;
    for (const IpAddress& address : addresses)
    {
        identities.push_back(*ike::Identity::Parse(address.ToString()));
    }
    return identities;
}

/// Could this secret serve the connection, as far as the identities are known beforehand?
bool
Serves(const ike::SharedSecret& secret, const ike::ConnectionConfig& connection)
{
    const auto local = IdentitiesOf(connection.localId, connection.localAddrs);
    const auto remote = IdentitiesOf(connection.remoteId, {});
    const auto has = [&secret](const std::vector<ike::Identity>& identities)
    {
        return std::ranges::any_of(
            identities,
            [&secret](const ike::Identity& identity)
            { return std::ranges::find(secret.ids, identity) != secret.ids.end(); });
    };
    return secret.ids.empty() || local.empty() || remote.empty() || has(local) || has(remote);
}

void
CheckSecrets(const Config& config, const std::string& pointer, ErrorSlot& error)
{
    for (const auto& connection : config.ike.connections)
    {
        const bool served = std::ranges::any_of(config.ike.secrets,
                                                [&connection](const ike::SharedSecret& secret)
                                                { return Serves(secret, *connection); });
        if (!served)
        {
            error.Set(
                {AppendKey(AppendKey(pointer, "connections"), connection->name),
                 fmt::format("no secret for local id {} and remote id {}",
                             connection->localId ? connection->localId->ToString() : "%any",
                             connection->remoteId ? connection->remoteId->ToString() : "%any"),
                 "an entry such as \"ike-1\" in 'secrets' with one of these ids, or with none",
                 ""});
        }
    }
}

/// IKE of a nested connection is known by where it goes.
void
CheckNested(const Config& config, const std::string& pointer, ErrorSlot& error)
{
    const auto& all = config.ike.connections;
    for (const auto& nested : all)
    {
        const auto shares = [&](const auto& other)
        {
            return other != nested &&
                   std::ranges::find_first_of(other->remoteAddrs, nested->remoteAddrs) !=
                       other->remoteAddrs.end();
        };
        const auto other = nested->nested ? std::ranges::find_if(all, shares) : all.end();
        if (other != all.end())
        {
            error.Set(
                {AppendKey(AppendKey(AppendKey(pointer, "connections"), nested->name), "nested"),
                 fmt::format("nested, and connection '{}' has the same peer", (*other)->name),
                 "remote_addrs that no other connection has",
                 ""});
        }
    }
}

} // namespace

const ObjectRule&
ConfigRule()
{
    return TOP;
}

tl::expected<Config, ConfigError>
ReadConfig(const nlohmann::ordered_json& json, const std::string& pointer)
{
    ErrorSlot error;
    Config config;
    ObjectReader top(json, pointer, TOP, error);
    top.Text("$schema");
    if (const Json* secrets = top.Find("secrets"); secrets != nullptr && !error)
    {
        ReadSecrets(*secrets, top.PointerTo("secrets"), config.ike, error);
    }
    if (const Json* charon = top.Find("charon"); charon != nullptr && !error)
    {
        ReadCharon(*charon, top.PointerTo("charon"), config.ike, error);
    }
    if (const Json* policies = top.Find("policies"); policies != nullptr && !error)
    {
        ReadPolicies(*policies, top.PointerTo("policies"), config, error);
    }
    if (const Json* icmp = top.Find("icmp"); icmp != nullptr && !error)
    {
        ReadIcmp(*icmp, top.PointerTo("icmp"), config.icmp, error);
    }
    if (!error)
    {
        top.Word("default_action", config.defaultAction);
        top.Flag("audit", config.audit);
    }
    if (!error)
    {
        top.ForEach(
            "connections",
            [&](const std::string& name, const Json& connection, const std::string& place)
            { config.ike.connections.push_back(ReadConnection(name, connection, place, error)); });
    }
    if (!error)
    {
        CheckSecrets(config, pointer, error);
    }
    if (!error)
    {
        CheckNested(config, pointer, error);
    }
    if (error)
    {
        return tl::unexpected<ConfigError>(*error);
    }
    return config;
}

} // namespace ikelab::gateway
