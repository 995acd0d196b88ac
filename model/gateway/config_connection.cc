// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "gateway/config_sections.h"
#include "gateway/proposals.h"

#include <algorithm>

namespace ikelab::gateway
{

namespace
{

constexpr bool UNSUPPORTED = true;
constexpr bool SUFFIX = true;
constexpr std::string_view IKEV1 = "it belongs to IKEv1";

constexpr NamedValue VERSIONS[] = {{"2", 2}, {"0", 0}};
constexpr NamedValue FOREVER[] = {{"%forever", 0}};
constexpr NamedValue AUTHENTICATIONS[] = {{"psk", 0}};

/// connections.<conn>.local and .remote
constexpr KeyRule AUTHENTICATION_KEYS[] = {
    Key("auth", shape::Word, "", "How; psk is all that there is yet")
        .OneOf(AUTHENTICATIONS)
        .Required(),
    Key("id", shape::Text, "", "An address, a name, user@host, @#hex or %any; the address without"),
    {"round", UNSUPPORTED, "0"},
    {"certs", UNSUPPORTED},
    {"cert", UNSUPPORTED, "", "", SUFFIX},
    {"cacerts", UNSUPPORTED},
    {"cacert", UNSUPPORTED, "", "", SUFFIX},
    {"ca_id", UNSUPPORTED},
    {"pubkeys", UNSUPPORTED},
    {"revocation", UNSUPPORTED, "relaxed"},
    {"groups", UNSUPPORTED},
    {"cert_policy", UNSUPPORTED},
    {"eap_id", UNSUPPORTED},
    {"aaa_id", UNSUPPORTED},
    {"xauth_id", UNSUPPORTED, "", IKEV1},
};

constexpr ObjectRule AUTHENTICATION{"authentication",
                                    "connections.NAME.local and .remote",
                                    "How one end proves who it is",
                                    AUTHENTICATION_KEYS};

/// swanctl.conf, connections.<conn>
constexpr KeyRule CONNECTION_KEYS[] = {
    Key("version", shape::Word, "2", "Of IKE; 0 is either, which is 2 here").OneOf(VERSIONS),
    Key("local_addrs", shape::List, "%any", "Addresses of this end"),
    Key("remote_addrs", shape::List, "%any", "Addresses of the peer; %any waits for it"),
    Key("local_port", shape::Whole, "500", "UDP port of this end").Between(1, 65535),
    Key("remote_port", shape::Whole, "500", "UDP port of the peer").Between(1, 65535),
    Key("proposals", shape::List, "default", "For IKE, such as aes128gcm16-prfsha256-x25519"),
    Key("encap", shape::Flag, "no", "Pretend a NAT, so that ESP goes in UDP (RFC 3948)"),
    Key("nested",
        shape::Flag,
        "no",
        "Its IKE and protected packets pass through policy again, into another connection's SA"),
    Key("dpd_delay", shape::Time, "0s", "Ask for a sign of life after so long; 0 never does"),
    Key("rekey_time", shape::Time, "4h", "Lifetime of the IKE SA; 0 for no end"),
    Key("over_time", shape::Time, "", "So much later it ends; 10 % of rekey_time without"),
    Key("rand_time", shape::Time, "", "Rekey up to so much earlier; over_time without"),
    {"reauth_time", UNSUPPORTED, "0 0s 0m 0h 0d"},
    Key("keyingtries", shape::Whole, "1", "Try so often to set it up; 0 or %forever has no end")
        .Between(0, 1'000'000)
        .OneOf(FOREVER),
    Key("children", shape::Objects, "", "What is protected, by name").Of(CHILD),
    {"dpd_timeout",
     UNSUPPORTED,
     "0 0s",
     "it belongs to IKEv1; with IKEv2 charon.retransmit_* say when a peer is dead"},
    {"mobike", UNSUPPORTED, "no false 0"},
    {"fragmentation", UNSUPPORTED, "no false 0"},
    {"childless", UNSUPPORTED, "never"},
    {"unique", UNSUPPORTED, "no"},
    {"vips", UNSUPPORTED},
    {"pools", UNSUPPORTED},
    {"aggressive", UNSUPPORTED, "no false 0", IKEV1},
    {"pull", UNSUPPORTED, "yes true 1", IKEV1},
    {"dscp", UNSUPPORTED, "000000 0"},
    {"send_certreq", UNSUPPORTED, "no false 0"},
    {"send_cert", UNSUPPORTED, "never ifasked"},
    {"ocsp", UNSUPPORTED, "never reply"},
    {"ppk_id", UNSUPPORTED},
    {"ppk_required", UNSUPPORTED, "no false 0"},
    Key("if_id_in", shape::Whole, "0", "Of children that have none of their own")
        .Between(0, UINT32_MAX),
    Key("if_id_out", shape::Whole, "0", "Of children that have none of their own")
        .Between(0, UINT32_MAX),
    {"mediation", UNSUPPORTED, "no false 0"},
    {"mediated_by", UNSUPPORTED},
    {"mediation_peer", UNSUPPORTED},
    Key("local", shape::Object, "", "How this end proves who it is").Of(AUTHENTICATION).Required(),
    Key("remote", shape::Object, "", "How the peer does").Of(AUTHENTICATION).Required(),
    {"local-", UNSUPPORTED, "", "only one authentication round is done", SUFFIX},
    {"remote-", UNSUPPORTED, "", "only one authentication round is done", SUFFIX},
};

/// Words of `auth` that swanctl takes; round brackets of parameters follow some.
constexpr std::string_view OTHER_AUTHENTICATIONS[] =
    {"pubkey", "rsa", "ecdsa", "bliss", "ed25519", "ed448", "eap", "xauth", "ike:", "any"};

const ListItem*
FirstDuplicate(const std::vector<ListItem>& items)
{
    for (size_t i = 0; i < items.size(); ++i)
    {
        for (size_t j = 0; j < i; ++j)
        {
            if (items[i].text == items[j].text)
            {
                return &items[i];
            }
        }
    }
    return nullptr;
}

/// Addresses, or none for "%any".
std::vector<IpAddress>
ReadAddresses(ObjectReader& reader, std::string_view key, ErrorSlot& error)
{
    std::vector<IpAddress> addresses;
    const auto items = reader.List(key);
    if (!items)
    {
        return addresses;
    }
    for (const ListItem& item : *items)
    {
        const auto address = IpAddress::Parse(item.text);
        if (item.text == "%any" || (address && address->IsUnspecified()))
        {
            if (items->size() > 1)
            {
                error.Set({item.pointer,
                           fmt::format("'{}' beside other addresses", item.text),
                           "either %any or addresses",
                           ""});
            }
            continue;
        }
        if (!address)
        {
            const bool range = IpRange::Parse(item.text).has_value() || item.text == "%any4" ||
                               item.text == "%any6";
            error.Set(
                {item.pointer,
                 range ? fmt::format("address range '{}' is not supported yet", item.text)
                       : fmt::format("'{}' is no IP address (names are not resolved)", item.text),
                 "an address such as 192.0.2.1 or 2001:db8::1, or %any",
                 NearestWord(item.text, {"%any"})});
            continue;
        }
        addresses.push_back(*address);
    }
    if (const ListItem* twice = FirstDuplicate(*items))
    {
        error.Set({twice->pointer,
                   fmt::format("'{}' twice", twice->text),
                   "each address once: leave one of them out",
                   ""});
    }
    return addresses;
}

void
ReadVersion(ObjectReader& reader)
{
    if (const auto version = reader.Text("version"); version == "1")
    {
        reader.Wrong("version", "IKEv1 is not supported", "2");
    }
    int version = 0;
    reader.Word("version", version);
}

void
ReadProposals(ObjectReader& reader, ike::ConnectionConfig& connection, ErrorSlot& error)
{
    const auto items = reader.List("proposals");
    if (items && items->empty())
    {
        reader.Wrong("proposals", "no proposal", "one such as aes128gcm16-prfsha256-x25519");
    }
    for (const ListItem& item : items.value_or(std::vector<ListItem>{{"default", ""}}))
    {
        if (item.text == "default")
        {
            std::ranges::move(DefaultIkeProposals(), std::back_inserter(connection.proposals));
            continue;
        }
        auto proposal = ReadIkeProposal(item.text, item.pointer);
        if (!proposal)
        {
            error.Set(std::move(proposal.error()));
            return;
        }
        connection.proposals.push_back(std::move(*proposal));
    }
    if (connection.proposals.size() > limits::PROPOSALS)
    {
        reader.Wrong("proposals",
                     fmt::format("{} proposals", connection.proposals.size()),
                     fmt::format("at most {}", limits::PROPOSALS));
    }
}

/// The local or remote side's authentication. Both are PSK, so only the identity remains.
std::optional<ike::Identity>
ReadAuthentication(ObjectReader& connection, std::string_view side, ErrorSlot& error)
{
    const Json* json = connection.Find(side);
    if (json == nullptr)
    {
        error.Set({connection.Pointer(),
                   fmt::format("no '{}' section, and swanctl's default authentication, pubkey, is "
                               "not supported yet",
                               side),
                   fmt::format("\"{}\": {{\"auth\": \"psk\"}}", side),
                   ""});
        return std::nullopt;
    }
    ObjectReader reader(*json, connection.PointerTo(side), AUTHENTICATION, error);
    const auto auth = reader.Text("auth");
    if (!reader.Has("auth"))
    {
        error.Set({reader.Pointer(),
                   "no 'auth', and swanctl's default, pubkey, is not supported yet",
                   "\"auth\": \"psk\"",
                   ""});
    }
    else if (auth && *auth != "psk")
    {
        const bool known =
            std::ranges::any_of(OTHER_AUTHENTICATIONS,
                                [&auth](std::string_view word) { return auth->starts_with(word); });
        reader.Wrong("auth",
                     known ? fmt::format("authentication '{}' is not supported yet", *auth)
                           : fmt::format("unknown authentication '{}'", *auth),
                     "psk",
                     known ? "" : NearestWord(*auth, {"psk", "pubkey", "eap"}));
    }
    if (const auto id = reader.Text("id"))
    {
        return ReadIdentity({*id, reader.PointerTo("id")}, error);
    }
    return std::nullopt;
}

/// Checked, not acted upon: nothing rekeys an IKE SA yet.
void
ReadTimes(ObjectReader& reader, ike::ConnectionConfig& connection)
{
    reader.Time("dpd_delay", connection.dpdDelay);
    reader.Time("rekey_time", connection.rekeyTime);
    connection.overTime = connection.rekeyTime / 10;
    reader.Time("over_time", connection.overTime);
    connection.randTime = connection.overTime;
    reader.Time("rand_time", connection.randTime);
    if (connection.rekeyTime != Duration(0) && connection.randTime > connection.rekeyTime)
    {
        reader.Wrong(reader.Has("rand_time") ? "rand_time" : "over_time",
                     fmt::format("rand_time '{}' is longer than the time that it shortens",
                                 reader.Shown(reader.Has("rand_time") ? "rand_time" : "over_time")),
                     "at most rekey_time (default: over_time)");
    }
}

} // namespace

constexpr ObjectRule CONNECTION{"connection",
                                "connections.NAME",
                                "A peer, as in swanctl.conf",
                                CONNECTION_KEYS};

std::optional<ike::Identity>
ReadIdentity(const ListItem& item, ErrorSlot& error)
{
    constexpr std::string_view EXPECTED =
        "an address, a name such as moon.test or @moon, user@host, @#hex or %any";
    if (item.text == "%any" || item.text == "*" || item.text.empty())
    {
        return std::nullopt;
    }
    auto identity = ike::Identity::Parse(item.text);
    const bool written = item.text.starts_with('@') || item.text.find(':') != std::string::npos;
    if (!identity)
    {
        if (const auto address = IpAddress::Parse(item.text);
            (address && address->IsUnspecified()) || item.text == "%any6")
        {
            return std::nullopt;
        }
        const bool name = !written && item.text.find('=') != std::string::npos;
        error.Set({item.pointer,
                   name ? fmt::format("distinguished name '{}' is not supported yet", item.text)
                        : fmt::format("bad identity '{}'", item.text),
                   std::string(EXPECTED),
                   ""});
        return std::nullopt;
    }
    if (!written && item.text.find('*') != std::string::npos)
    {
        error.Set({item.pointer,
                   fmt::format("wildcards, as in '{}', are not supported yet", item.text),
                   std::string(EXPECTED),
                   ""});
    }
    if (identity->data.size() > limits::ID_OCTETS)
    {
        error.Set({item.pointer,
                   fmt::format("identity of {} octets", identity->data.size()),
                   fmt::format("at most {}", limits::ID_OCTETS),
                   ""});
    }
    return identity;
}

std::shared_ptr<const ike::ConnectionConfig>
ReadConnection(const std::string& name,
               const Json& json,
               const std::string& pointer,
               ErrorSlot& error)
{
    auto connection = std::make_shared<ike::ConnectionConfig>();
    connection->name = name;
    if (name.empty() || name.find('/') != std::string::npos)
    {
        error.Set({pointer, fmt::format("bad name '{}'", name), "a name without '/'", ""});
    }
    ObjectReader reader(json, pointer, CONNECTION, error);
    ReadVersion(reader);
    connection->localAddrs = ReadAddresses(reader, "local_addrs", error);
    connection->remoteAddrs = ReadAddresses(reader, "remote_addrs", error);
    reader.Number("local_port", connection->localPort);
    reader.Number("remote_port", connection->remotePort);
    reader.Number("if_id_in", connection->ifIdIn);
    reader.Number("if_id_out", connection->ifIdOut);
    ReadProposals(reader, *connection, error);
    reader.Flag("encap", connection->encap);
    reader.Flag("nested", connection->nested);
    if (connection->nested && (connection->localAddrs.empty() || connection->remoteAddrs.empty()))
    {
        reader.Wrong("nested",
                     "policy cannot judge packets of unknown addresses",
                     "addresses in local_addrs and remote_addrs, or nested = no");
    }
    ReadTimes(reader, *connection);
    reader.Number("keyingtries", connection->keyingTries);
    if (error)
    {
        return connection;
    }
    connection->localId = ReadAuthentication(reader, "local", error);
    connection->remoteId = ReadAuthentication(reader, "remote", error);
    if (!error)
    {
        reader.ForEach("children",
                       [&](const std::string& child, const Json& members, const std::string& place)
                       {
                           connection->children.push_back(
                               ReadChild(child, members, place, *connection, error));
                       });
    }
    return connection;
}

} // namespace ikelab::gateway
