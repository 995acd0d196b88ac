// SPDX-License-Identifier: MIT
#include "gateway/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ikelab::gateway
{

namespace
{

using testing::HasSubstr;
using Json = nlohmann::ordered_json;

/// A good document that each row of the table spoils in one place.
Json
GoodDocument()
{
    return Json::parse(R"({
        "connections": {"sw": {
            "version": 2,
            "local_addrs": ["192.0.2.1"],
            "remote_addrs": ["192.0.2.2"],
            "proposals": ["aes128gcm16-prfsha256-x25519"],
            "local": {"auth": "psk", "id": "moon.test"},
            "remote": {"auth": "psk", "id": "sun.test"},
            "children": {"net": {
                "local_ts": ["10.1.0.0/16"],
                "remote_ts": ["10.2.0.0/16"],
                "esp_proposals": ["aes128gcm16"]}}}},
        "secrets": {"ike-1": {"id": ["moon.test", "sun.test"], "secret": "top"}},
        "charon": {"retransmit_tries": 5},
        "policies": [{"name": "dns", "action": "bypass", "local": ["10.0.0.0/8[udp/53]"]}]
    })");
}

struct BadInput
{
    const char* patch;    ///< merge patch (RFC 7396) onto the good document
    const char* pointer;  ///< exactly
    const char* problem;  ///< contained
    const char* expected; ///< contained
    const char* nearest;  ///< exactly
};

/// Shorthands for the places that most rows spoil.
#define SW(members) R"({"connections": {"sw": {)" members "}}}"
#define NET(members) SW(R"("children": {"net": {)" members "}}")
#define SW_AT "/connections/sw"
#define NET_AT SW_AT "/children/net"

// clang-format off
const BadInput BAD_INPUTS[] = {
    // Keys that nobody knows
    {R"({"conections": {}})", "/conections", "unknown key 'conections'", "connections", "connections"},
    {R"({"foo": {}})", "/foo", "unknown key 'foo'", "one of connections", ""},
    {SW(R"("rekey_tme": "4h")"), SW_AT "/rekey_tme", "unknown key", "rekey_time", "rekey_time"},
    {SW(R"("porposals": [])"), SW_AT "/porposals", "unknown key", "", "proposals"},
    {SW(R"("Proposals": [])"), SW_AT "/Proposals", "unknown key", "", "proposals"},
    {SW(R"("local": {"ath": "psk"})"), SW_AT "/local/ath", "unknown key", "auth", "auth"},
    {NET(R"("locl_ts": [])"), NET_AT "/locl_ts", "unknown key", "", "local_ts"},
    {NET(R"("a/b~c": 1)"), NET_AT "/a~1b~0c", "unknown key 'a/b~c'", "", ""},
    {R"({"charon": {"retransmit_try": 3}})", "/charon/retransmit_try", "unknown key", "", "retransmit_tries"},
    {R"({"secrets": {"ikke": {}}})", "/secrets/ikke", "unknown key", "", "ike"},
    {R"({"secrets": {"ike-1": {"sceret": "x"}}})", "/secrets/ike-1/sceret", "unknown key", "", "secret"},
    {R"({"policies": [{"action": "bypass", "remotes": []}]})", "/policies/0/remotes", "unknown key", "", "remote"},

    // swanctl's words that are not done: never "unknown"
    {SW(R"("mobike": true)"), SW_AT "/mobike", "not supported yet", "left out or 'no'", ""},
    {SW(R"("fragmentation": "yes")"), SW_AT "/fragmentation", "not supported yet", "'no'", ""},
    {SW(R"("childless": "force")"), SW_AT "/childless", "not supported yet", "'never'", ""},
    {SW(R"("vips": ["0.0.0.0"])"), SW_AT "/vips", "not supported yet", "left out", ""},
    {SW(R"("pools": ["rw"])"), SW_AT "/pools", "not supported yet", "left out", ""},
    {SW(R"("version": 1)"), SW_AT "/version", "IKEv1 is not supported", "2", ""},
    {SW(R"("aggressive": "yes")"), SW_AT "/aggressive", "IKEv1", "", ""},
    {SW(R"("dpd_timeout": "5s")"), SW_AT "/dpd_timeout", "retransmit_", "'0'", ""},
    {SW(R"("local-2": {"auth": "psk"})"), SW_AT "/local-2", "one authentication round", "left out", ""},
    {SW(R"("local": {"auth": "pubkey"})"), SW_AT "/local/auth", "'pubkey' is not supported yet", "psk", ""},
    {SW(R"("remote": {"auth": "eap-tls"})"), SW_AT "/remote/auth", "'eap-tls' is not supported yet", "psk", ""},
    {SW(R"("local": {"certs": ["moon.pem"]})"), SW_AT "/local/certs", "not supported yet", "", ""},
    {SW(R"("local": {"id": "C=CH, CN=moon.test"})"), SW_AT "/local/id", "distinguished name", "", ""},
    {SW(R"("remote": {"id": "*.test"})"), SW_AT "/remote/id", "wildcards", "", ""},
    {NET(R"("mode": "beet")"), NET_AT "/mode", "not supported yet", "tunnel or transport", ""},
    {NET(R"("mode": "pass")"), NET_AT "/mode", "'policies'", "tunnel or transport", ""},
    {NET(R"("close_action": "start")"), NET_AT "/close_action", "not supported yet", "'none'", ""},
    {R"({"secrets": {"eap-carol": {"secret": "x"}}})", "/secrets/eap-carol", "not supported yet", "", ""},
    {R"({"secrets": {"ppk-1": {"secret": "x"}}})", "/secrets/ppk-1", "not supported yet", "", ""},
    {R"({"charon": {"fragment_size": 600}})", "/charon/fragment_size", "not supported yet", "", ""},
    {R"({"pools": {"rw": {}}})", "/pools", "not supported yet", "", ""},

    // Traffic flow confidentiality
    {NET(R"("tfc_padding": "mut")"), NET_AT "/tfc_padding", "'mut' is not a whole number", "from 0 to 65535 or mtu", ""},
    {NET(R"("tfc_padding": 65536)"), NET_AT "/tfc_padding", "65536 is out of range", "from 0 to 65535 or mtu", ""},
    {NET(R"("tfc_padding": 500, "ah_proposals": "sha256")"), NET_AT "/tfc_padding", "AH has neither", "esp_proposals alone", ""},
    {NET(R"("tfc_padding": 500, "ah_proposals": "sha256", "esp_proposals": "aes128gcm16")"), NET_AT "/tfc_padding", "AH has neither", "", ""},
    {NET(R"("dummy_interval": "1s", "ah_proposals": "sha256")"), NET_AT "/dummy_interval", "AH has neither", "", ""},
    {NET(R"("tfc_padding": 500, "mode": "transport")"), NET_AT "/tfc_padding", "only UDP and IP in IP", "[udp]", ""},
    {NET(R"("tfc_padding": "mtu", "mode": "transport", "local_ts": "10.1.0.0/16[tcp]")"), NET_AT "/tfc_padding", "only UDP and IP in IP", "", ""},
    {NET(R"("tfc_padding": "mtu", "mode": "transport", "local_ts": ["10.1.0.0/16[udp]", "10.2.0.0/16"])"), NET_AT "/tfc_padding", "only UDP", "", ""},
    {NET(R"("dummy_interval": "99us")"), NET_AT "/dummy_interval", "'99us' is too short", "at least 100us", ""},
    {NET(R"("dummy_size": 100)"), NET_AT "/dummy_size", "no dummies are sent", "dummy_interval too", ""},
    {NET(R"("dummy_size": "random", "dummy_interval": 0)"), NET_AT "/dummy_size", "no dummies are sent", "", ""},
    {NET(R"("dummy_size": 100, "ah_proposals": "sha256")"), NET_AT "/dummy_size", "no dummies are sent", "", ""},
    {NET(R"("dummy_size": 0)"), NET_AT "/dummy_size", "0 is out of range", "from 1 to 65535 or random", ""},
    {NET(R"("dummy_size": "rnadom")"), NET_AT "/dummy_size", "'rnadom'", "or random", ""},

    // AH
    {NET(R"("ah_proposals": [])"), NET_AT "/ah_proposals", "no proposal", "sha256", ""},
    {NET(R"("ah_proposals": ["aes128-sha256"])"), NET_AT "/ah_proposals/0", "encryption algorithm 'aes128'", "esp_proposals", ""},
    {NET(R"("ah_proposals": ["sha256", "sha256-prfsha256"])"), NET_AT "/ah_proposals/1", "'prfsha256'", "AH has none", ""},
    {NET(R"("ah_proposals": ["x25519"])"), NET_AT "/ah_proposals/0", "no integrity algorithm", "sha256", ""},
    {NET(R"("ah_proposals": ["sha265"])"), NET_AT "/ah_proposals/0", "unknown", "", "sha256"},

    // Missing parts and wrong words
    {SW(R"("local": null)"), SW_AT, "no 'local' section", "psk", ""},
    {SW(R"("remote": {"auth": null})"), SW_AT "/remote", "no 'auth'", "psk", ""},
    {SW(R"("local": {"auth": "pks"})"), SW_AT "/local/auth", "unknown authentication 'pks'", "psk", "psk"},
    {SW(R"("local": {"id": "@#0g"})"), SW_AT "/local/id", "bad identity", "@#hex", ""},
    {NET(R"("mode": "tunel")"), NET_AT "/mode", "unknown word 'tunel'", "", "tunnel"},
    {NET(R"("start_action": "strat")"), NET_AT "/start_action", "unknown word 'strat'", "none, start", "start"},
    {NET(R"("dpd_action": "hold")"), NET_AT "/dpd_action", "unknown word 'hold'", "clear", ""},
    {R"({"default_action": "protect"})", "/default_action", "unknown word", "bypass, discard", ""},
    {R"({"default_action": "bypas"})", "/default_action", "unknown word", "", "bypass"},
    {R"({"icmp": {"path_mtu_lifetime": 0}})", "/icmp/path_mtu_lifetime", "'0' is too short", "more than 0s", ""},
    {R"({"icmp": {"least_path_mtu": 67}})", "/icmp/least_path_mtu", "", "68", ""},
    {R"({"icmp": {"packet_to_big": "no"}})", "/icmp/packet_to_big", "unknown key", "", "packet_too_big"},
    {R"({"policies": [{"name": "x"}]})", "/policies/0", "no 'action'", "bypass, discard or protect", ""},
    {R"({"policies": [{"action": "drop"}]})", "/policies/0/action", "unknown word 'drop'", "discard", ""},

    // Types
    {R"({"connections": []})", "/connections", "wrong type: a list", "an object", ""},
    {R"({"connections": {"sw": 1}})", SW_AT, "wrong type: a number", "an object", ""},
    {SW(R"("proposals": 5)"), SW_AT "/proposals", "wrong type: a number", "a string or a list", ""},
    {SW(R"("proposals": ["default", 5])"), SW_AT "/proposals/1", "wrong type: a number", "a string", ""},
    {SW(R"("local": "psk")"), SW_AT "/local", "wrong type: a string", "an object", ""},
    {SW(R"("local": {"id": true})"), SW_AT "/local/id", "wrong type: true or false", "a string", ""},
    {SW(R"("encap": "maybe")"), SW_AT "/encap", "'maybe' is neither yes nor no", "yes or no", ""},
    {SW(R"("encap": [])"), SW_AT "/encap", "wrong type: a list", "yes or no", ""},
    {SW(R"("children": [])"), SW_AT "/children", "wrong type: a list", "an object", ""},
    {R"({"policies": {}})", "/policies", "wrong type: an object", "a list of rules", ""},
    {R"({"policies": ["bypass"]})", "/policies/0", "wrong type: a string", "an object", ""},

    // Units and ranges
    {SW(R"("rekey_time": "4 hours")"), SW_AT "/rekey_time", "bad time '4 hours'", "30s, 5m, 4h", ""},
    {SW(R"("rekey_time": -1)"), SW_AT "/rekey_time", "bad time '-1'", "", ""},
    {SW(R"("rekey_time": "")"), SW_AT "/rekey_time", "bad time ''", "", ""},
    {SW(R"("rekey_time": "10w")"), SW_AT "/rekey_time", "bad time '10w'", "", ""},
    {SW(R"("rekey_time": "200000d")"), SW_AT "/rekey_time", "bad time", "", ""},
    {SW(R"("dpd_delay": true)"), SW_AT "/dpd_delay", "wrong type: true or false", "a time", ""},
    {SW(R"("rekey_time": "1h", "rand_time": "2h")"), SW_AT "/rand_time", "longer", "at most rekey_time", ""},
    {SW(R"("reauth_time": "1h")"), SW_AT "/reauth_time", "not supported yet", "left out or '0'", ""},
    {SW(R"("reauth_time": 1)"), SW_AT "/reauth_time", "not supported yet", "0", ""},
    {SW(R"("local_port": 0)"), SW_AT "/local_port", "0 is out of range", "from 1 to 65535", ""},
    {SW(R"("remote_port": 65536)"), SW_AT "/remote_port", "65536 is out of range", "", ""},
    {SW(R"("remote_port": "5oo")"), SW_AT "/remote_port", "'5oo'", "a whole number", ""},
    {SW(R"("remote_port": 500.5)"), SW_AT "/remote_port", "'500.5'", "a whole number", ""},
    {SW(R"("keyingtries": -1)"), SW_AT "/keyingtries", "'-1'", "from 0", ""},
    {NET(R"("replay_window": 65537)"), NET_AT "/replay_window", "out of range", "from 0 to 65536", ""},
    {NET(R"("if_id_in": 7)"), NET_AT "/if_id_in", "without if_id_out", "both", ""},
    {SW(R"("if_id_out": 7)"), NET_AT "/if_id_out", "without if_id_in", "both", ""},
    {NET(R"("if_id_in": "%unique", "if_id_out": 7)"), NET_AT "/if_id_in", "'%unique'", "a whole number", ""},
    {NET(R"("if_id_in": 4294967296, "if_id_out": 7)"), NET_AT "/if_id_in", "out of range", "4294967295", ""},
    {SW(R"("nested": "yes", "remote_addrs": null)"), SW_AT "/nested", "unknown addresses", "remote_addrs", ""},
    {SW(R"("nested": "yes", "local_addrs": null)"), SW_AT "/nested", "unknown addresses", "local_addrs", ""},
    {R"({"connections": {"sw": {"nested": "yes"}, "plain": {"local_addrs": "192.0.2.1", "remote_addrs": ["192.0.2.9", "192.0.2.2"],
        "proposals": "aes128gcm16-prfsha256-x25519", "local": {"auth": "psk", "id": "moon.test"}, "remote": {"auth": "psk"},
        "children": {}}}})", SW_AT "/nested", "connection 'plain' has the same peer", "remote_addrs", ""},
    {NET(R"("copy_dscp": "both")"), NET_AT "/copy_dscp", "'both'", "out, in, yes, no", ""},
    {NET(R"("copy_ecn": "perhaps")"), NET_AT "/copy_ecn", "'perhaps'", "yes or no", ""},
    {NET(R"("rekey_bytes": "1t")"), NET_AT "/rekey_bytes", "bad amount '1t'", "k, m or g", ""},
    {NET(R"("rekey_bytes": "17179869184g")"), NET_AT "/rekey_bytes", "bad amount", "", ""},
    {NET(R"("life_time": "10m")"), NET_AT "/life_time", "life_time is less than rekey_time", "", ""},
    {NET(R"("rekey_packets": 10, "life_packets": 9)"), NET_AT "/life_packets", "less than rekey_packets", "", ""},
    {NET(R"("rekey_bytes": 10, "life_bytes": 9)"), NET_AT "/life_bytes", "less than rekey_bytes", "", ""},
    {NET(R"("rand_time": "61m")"), NET_AT "/rand_time", "longer", "at most rekey_time", ""},
    {R"({"charon": {"retransmit_base": 0.5}})", "/charon/retransmit_base", "not a number in range", "from 1", ""},
    {R"({"charon": {"retransmit_timeout": 0}})", "/charon/retransmit_timeout", "too short", "1ms", ""},
    {R"({"charon": {"retransmit_tries": 1001}})", "/charon/retransmit_tries", "out of range", "1000", ""},
    {R"({"charon": {"retransmit_jitter": 100}})", "/charon/retransmit_jitter", "out of range", "99", ""},
    {R"({"charon": {"half_open_timeout": "0s"}})", "/charon/half_open_timeout", "too short", "", ""},

    // Addresses
    {SW(R"("local_addrs": "moon.test")"), SW_AT "/local_addrs", "no IP address", "192.0.2.1", ""},
    {SW(R"("remote_addrs": ["192.0.2.2", "192.0.2.0/24"])"), SW_AT "/remote_addrs/1", "range", "", ""},
    {SW(R"("remote_addrs": ["%any", "192.0.2.2"])"), SW_AT "/remote_addrs/0", "beside other", "", ""},
    {SW(R"("remote_addrs": "192.0.2.2,192.0.2.2")"), SW_AT "/remote_addrs", "twice", "", ""},
    {SW(R"("remote_addrs": "%ani")"), SW_AT "/remote_addrs", "no IP address", "", "%any"},

    // Proposals
    {SW(R"("proposals": [])"), SW_AT "/proposals", "no proposal", "aes128gcm16", ""},
    {SW(R"("proposals": ["aes128gcm61-prfsha256-x25519"])"), SW_AT "/proposals/0", "unknown algorithm 'aes128gcm61'", "", "aes128gcm16"},
    {SW(R"("proposals": ["aes128gcm16-prfsha256-x22519"])"), SW_AT "/proposals/0", "unknown algorithm 'x22519'", "", "x25519"},
    {SW(R"("proposals": ["aes128gcm16--x25519"])"), SW_AT "/proposals/0", "unknown algorithm ''", "", ""},
    {SW(R"("proposals": ["camellia128-sha256-modp2048"])"), SW_AT "/proposals/0", "'camellia128' is not supported", "", ""},
    {SW(R"("proposals": ["aes128-sha1_160-modp2048"])"), SW_AT "/proposals/0", "'sha1_160' is not supported", "", ""},
    {SW(R"("proposals": ["aes128gmac-prfsha256-x25519"])"), SW_AT "/proposals/0", "'aes128gmac' encryption of IKE", "aes128gcm16", ""},
    {SW(R"("proposals": ["aes128-sha256-x25519-ke1_mlkem768"])"), SW_AT "/proposals/0", "'ke1_mlkem768' is not supported", "", ""},
    {SW(R"("proposals": ["aes128gcm16-sha256-prfsha256-x25519"])"), SW_AT "/proposals/0", "beside an AEAD", "", ""},
    {SW(R"("proposals": ["aes128gcm16-aes128-sha256-x25519"])"), SW_AT "/proposals/0", "AEAD and other ciphers", "two proposals", ""},
    {SW(R"("proposals": ["aes128-prfsha256-x25519"])"), SW_AT "/proposals/0", "no integrity algorithm", "sha256", ""},
    {SW(R"("proposals": ["aes128gcm16-x25519"])"), SW_AT "/proposals/0", "no pseudo-random function", "prfsha256", ""},
    {SW(R"("proposals": ["aes128gcm16-prfsha256"])"), SW_AT "/proposals/0", "no key exchange method", "x25519", ""},
    {SW(R"("proposals": ["prfsha256-x25519"])"), SW_AT "/proposals/0", "no encryption algorithm", "", ""},
    {SW(R"("proposals": ["aes128gcm16-prfsha256-x25519-esn"])"), SW_AT "/proposals/0", "esn", "esp_proposals", ""},
    {SW(R"("proposals": "default,aes128-sha265-x25519")"), SW_AT "/proposals", "'sha265'", "", "sha256"},
    {NET(R"("esp_proposals": [])"), NET_AT "/esp_proposals", "no proposal", "", ""},
    {NET(R"("esp_proposals": ["aes128"])"), NET_AT "/esp_proposals/0", "no integrity algorithm beside 'aes128'", "", ""},
    {NET(R"("esp_proposals": ["aes128gcm16-sha256"])"), NET_AT "/esp_proposals/0", "beside an AEAD", "", ""},
    {NET(R"("esp_proposals": ["aes128gcm16-prfsha256"])"), NET_AT "/esp_proposals/0", "pseudo-random function 'prfsha256'", "", ""},
    {NET(R"("esp_proposals": ["sha256"])"), NET_AT "/esp_proposals/0", "no encryption algorithm", "", ""},
    {NET(R"("esp_proposals": ["aes128gcm16-essn"])"), NET_AT "/esp_proposals/0", "unknown algorithm 'essn'", "", "esn"},

    // Traffic selectors
    {NET(R"("local_ts": [])"), NET_AT "/local_ts", "no traffic selector", "", ""},
    {NET(R"("local_ts": ["10.1.0.0/33"])"), NET_AT "/local_ts/0", "bad traffic selector '10.1.0.0/33'", "10.1.0.0/16", ""},
    {NET(R"("local_ts": ["10.1.0.9-10.1.0.1"])"), NET_AT "/local_ts/0", "bad traffic selector", "", ""},
    {NET(R"("local_ts": ["dynamc"])"), NET_AT "/local_ts/0", "bad traffic selector", "", "dynamic"},
    {NET(R"("local_ts": ["10.1.0.0/16[tcp/80"])"), NET_AT "/local_ts/0", "lacks its ']'", "", ""},
    {NET(R"("local_ts": ["10.1.0.0/16[tpc/80]"])"), NET_AT "/local_ts/0", "unknown protocol 'tpc'", "", "tcp"},
    {NET(R"("local_ts": ["10.1.0.0/16[tcp/65536]"])"), NET_AT "/local_ts/0", "bad port '65536'", "65535", ""},
    {NET(R"("local_ts": ["10.1.0.0/16[tcp/90-80]"])"), NET_AT "/local_ts/0", "bad port '90-80'", "rising", ""},
    {NET(R"("local_ts": ["10.1.0.0/16[tcp/htpp]"])"), NET_AT "/local_ts/0", "bad port 'htpp'", "", "http"},
    {NET(R"("local_ts": ["10.1.0.0/16[gre/80]"])"), NET_AT "/local_ts/0", "protocol 'gre' has no ports", "", ""},
    {NET(R"("local_ts": ["10.1.0.0/16[256]"])"), NET_AT "/local_ts/0", "unknown protocol '256'", "", ""},
    {NET(R"("local_ts": ["10.1.0.0/16[icmpv6]"])"), NET_AT "/local_ts/0", "icmpv6 does not belong to IPv4", "", "icmp"},
    {NET(R"("local_ts": ["10.1.0.0/16", "2001:db8::/32"])"), NET_AT "/local_ts", "remote_ts has none", "same address families", ""},
    {NET(R"("remote_ts": ["2001:db8::/32"])"), NET_AT "/local_ts", "local_ts has IPv4 addresses", "", ""},
    {SW(R"("remote_addrs": "%any", "children": {"net": {"remote_ts": "dynamic"}})"), NET_AT "/remote_ts", "'dynamic' stands for no single address", "", ""},
    {SW(R"("remote_addrs": "%any", "children": {"net": {"start_action": "start"}})"), NET_AT "/start_action", "nothing to start", "remote_addrs", ""},
    {R"({"policies": [{"action": "bypass", "local": ["dynamic"]}]})", "/policies/0/local/0", "'dynamic'", "", ""},
    {R"({"connections": {"a/b": {}}})", "/connections/a~1b", "bad name 'a/b'", "without '/'", ""},

    // Secrets
    {R"({"secrets": {"ike-1": {"secret": null}}})", "/secrets/ike-1", "no 'secret'", "0xhex", ""},
    {R"({"secrets": {"ike-1": {"secret": ""}}})", "/secrets/ike-1/secret", "empty secret", "", ""},
    {R"({"secrets": {"ike-1": {"secret": "0x123"}}})", "/secrets/ike-1/secret", "hexadecimal", "", ""},
    {R"({"secrets": {"ike-1": {"secret": "0s!!!!"}}})", "/secrets/ike-1/secret", "Base64", "", ""},
    {R"({"secrets": {"ike-1": {"id": "@#1"}}})", "/secrets/ike-1/id", "bad identity", "", ""},
    {R"({"secrets": {"ike-1": {"id": ["moon.test", "@#1"]}}})", "/secrets/ike-1/id/1", "bad identity", "", ""},
    {R"({"secrets": null})", SW_AT, "no secret for local id moon.test and remote id sun.test", "'secrets'", ""},
    {R"({"secrets": {"ike-1": {"id": ["carol.test"]}}})", SW_AT, "no secret for", "", ""},
};

// clang-format on

} // namespace

TEST(BadConfig, NamesPlaceProblemExpectationAndNearestWord)
{
    for (const BadInput& row : BAD_INPUTS)
    {
        SCOPED_TRACE(row.patch);
        Json document = GoodDocument();
        document.merge_patch(Json::parse(row.patch));
        const auto config = ReadConfig(document);
        ASSERT_FALSE(config);
        const ConfigError& error = config.error();
        EXPECT_EQ(error.pointer, row.pointer) << error.problem;
        EXPECT_THAT(error.problem, HasSubstr(row.problem));
        EXPECT_THAT(error.expected, HasSubstr(row.expected));
        EXPECT_EQ(error.nearest, row.nearest);
        EXPECT_FALSE(error.problem.empty());
        EXPECT_FALSE(error.expected.empty());
    }
}

TEST(BadConfig, PutsTheCallersPointerInFront)
{
    Json document = GoodDocument();
    ASSERT_TRUE(ReadConfig(document, "/nodes/0"));
    document["connections"]["sw"]["rekey_tme"] = "4h";
    EXPECT_EQ(ReadConfig(document, "/nodes/0").error().pointer,
              "/nodes/0/connections/sw/rekey_tme");
    EXPECT_EQ(ReadConfig(Json::array(), "/nodes/0").error().pointer, "/nodes/0");
    EXPECT_EQ(ReadConfig(nullptr).error().problem, "wrong type: null");
}

TEST(BadConfig, NeverRepeatsASecret)
{
    for (const char* secret : {"0xdeadbeefq", "0s*deadbeefq"})
    {
        Json document = GoodDocument();
        document["secrets"]["ike-1"]["secret"] = secret;
        const auto config = ReadConfig(document);
        ASSERT_FALSE(config);
        EXPECT_EQ(config.error().problem.find("deadbeef"), std::string::npos);
        EXPECT_EQ(config.error().expected.find("deadbeef"), std::string::npos);
    }
}

/// Put each kind of value into each place of the good document: an error or a configuration, never
/// an exception or a crash.
TEST(BadConfig, SurvivesEveryTypeInEveryPlace)
{
    const Json flat = GoodDocument().flatten();
    const Json values[] = {nullptr,
                           true,
                           -1,
                           18446744073709551615u,
                           1e308,
                           "",
                           "\xff\xfe",
                           Json::array(),
                           Json::object(),
                           Json::array({nullptr}),
                           Json::object({{"", ""}})};
    size_t refused = 0;
    for (const auto& [leaf, ignored] : flat.items())
    {
        std::string pointer = leaf;
        while (!pointer.empty())
        {
            for (const Json& value : values)
            {
                Json document = GoodDocument();
                document[Json::json_pointer(pointer)] = value;
                refused += ReadConfig(document) ? 0 : 1;
            }
            pointer.resize(pointer.rfind('/'));
        }
    }
    EXPECT_GT(refused, 300u);
}

} // namespace ikelab::gateway
