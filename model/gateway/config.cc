// SPDX-License-Identifier: MIT
#include "gateway/config.h"

#include "gateway/config_sections.h"

#include <algorithm>
#include <array>

namespace ikelab::gateway
{

namespace
{

constexpr bool UNSUPPORTED = true;
constexpr bool SUFFIX = true;

constexpr KeyRule TOP_KEYS[] = {
    {"connections"},
    {"secrets"},
    {"charon"},
    {"policies"},
    {"default_action"},
    {"$schema"},
    {"pools", UNSUPPORTED},
    {"authorities", UNSUPPORTED},
    {"include", UNSUPPORTED},
};

constexpr KeyRule SECRETS_KEYS[] = {
    {"ike", false, "", "", SUFFIX},
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

constexpr KeyRule SECRET_KEYS[] = {{"secret"}, {"id", false, "", "", SUFFIX}};

/// strongswan.conf, charon
constexpr KeyRule CHARON_KEYS[] = {
    {"retransmit_timeout"},
    {"retransmit_base"},
    {"retransmit_tries"},
    {"retransmit_jitter"},
    {"retransmit_limit"},
    {"half_open_timeout"},
    {"cookie_threshold"},
    {"block_threshold"},
    {"keep_alive"},
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

constexpr KeyRule POLICY_KEYS[] = {{"name"}, {"action"}, {"local"}, {"remote"}};

constexpr std::array<std::pair<std::string_view, Action>, 3> ACTIONS{{
    {"bypass", Action::BYPASS},
    {"discard", Action::DISCARD},
    {"protect", Action::PROTECT},
}};

ike::SharedSecret
ReadSecret(const Json& json, const std::string& pointer, ErrorSlot& error)
{
    ike::SharedSecret result;
    ObjectReader reader(json, pointer, SECRET_KEYS, error);
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
    ObjectReader reader(json, pointer, SECRETS_KEYS, error);
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
    ObjectReader reader(json, pointer, CHARON_KEYS, error);
    ike::RetransmitConfig& retransmit = config.retransmit;
    reader.Time("retransmit_timeout", retransmit.timeout);
    if (retransmit.timeout < std::chrono::milliseconds(1))
    {
        reader.Wrong("retransmit_timeout", "too short", "at least 1ms");
    }
    reader.Real("retransmit_base", retransmit.base, 1.0, 100.0);
    reader.Number("retransmit_tries", retransmit.tries, 0, 1000);
    reader.Number("retransmit_jitter", retransmit.jitterPercent, 0, 99);
    reader.Time("retransmit_limit", retransmit.limit);
    reader.Time("half_open_timeout", config.halfOpenTimeout);
    if (config.halfOpenTimeout <= Duration(0))
    {
        reader.Wrong("half_open_timeout", "too short", "more than 0s");
    }
    reader.Number("cookie_threshold", config.cookieThreshold, 0, 1'000'000);
    reader.Number("block_threshold", config.blockThreshold, 0, 1'000'000);
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
        ObjectReader reader(json[i], place, POLICY_KEYS, error);
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
        reader.Word<Action>("action", rule.action, ACTIONS);
        rule.local = ReadPolicySide(reader, "local", error);
        rule.remote = ReadPolicySide(reader, "remote", error);
        config.policies.push_back(std::move(rule));
    }
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

} // namespace

tl::expected<Config, ConfigError>
ReadConfig(const nlohmann::ordered_json& json, const std::string& pointer)
{
    ErrorSlot error;
    Config config;
    ObjectReader top(json, pointer, TOP_KEYS, error);
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
    if (!error)
    {
        top.Word<Action>("default_action", config.defaultAction, std::span(ACTIONS).first<2>());
    }
    if (const Json* connections = top.Find("connections"); connections != nullptr && !error)
    {
        const std::string place = top.PointerTo("connections");
        if (!connections->is_object())
        {
            top.Wrong(
                "connections", fmt::format("wrong type: {}", KindOf(*connections)), "an object");
        }
        else
        {
            for (const auto& [name, connection] : connections->items())
            {
                config.ike.connections.push_back(
                    ReadConnection(name, connection, AppendKey(place, name), error));
            }
        }
    }
    if (!error)
    {
        CheckSecrets(config, pointer, error);
    }
    if (error)
    {
        return tl::unexpected<ConfigError>(*error);
    }
    return config;
}

} // namespace ikelab::gateway
