// SPDX-License-Identifier: MIT
#include "gateway/fuzz_config.h"

#include "base/assert.h"

#include <utility>

namespace ikelab::gateway
{

namespace
{

Config
Make(bool victim)
{
    using Json = nlohmann::ordered_json;
    Json json = Json::parse(R"({
        "connections": {"net": {
            "encap": "yes", "dpd_delay": "30s", "proposals": "aes128gcm16-prfsha256-x25519",
            "local": {"auth": "psk"}, "remote": {"auth": "psk"},
            "children": {"net": {
                "start_action": "trap", "dpd_action": "restart",
                "esp_proposals": "aes128gcm16", "rekey_time": "5m", "life_time": "6m",
                "tfc_padding": 300, "dummy_interval": "7s"}}},
          "vpn": {
            "encap": "yes", "proposals": "aes128gcm16-prfsha256-x25519",
            "local": {"auth": "psk"}, "remote": {"auth": "psk"},
            "children": {"routed": {
                "start_action": "trap", "esp_proposals": "aes128gcm16",
                "if_id_in": 42, "if_id_out": 42,
                "local_ts": "0.0.0.0/0", "remote_ts": "0.0.0.0/0"}}},
          "far": {
            "nested": "yes", "proposals": "aes128gcm16-prfsha256-x25519",
            "local": {"auth": "psk"}, "remote": {"auth": "psk"},
            "children": {"inner": {
                "start_action": "trap", "esp_proposals": "aes128gcm16"}}}},
        "policies": [{"action": "discard", "local": ["10.1.66.0/24[udp/1-1000]"],
                      "remote": ["10.2.0.0/16"]}],
        "secrets": {"ike": {"secret": "top"}}})");
    Json& connection = json["connections"]["net"];
    const char* const addresses[] = {"192.0.2.1", "192.0.2.2"};
    const Json nets[] = {{"10.1.0.0/16", "2001:db8:1::/48", "192.0.2.3"},
                         {"10.2.0.0/16", "2001:db8:2::/48"}};
    const char* const names[] = {"victim.example", "peer.example"};
    const char* const ends[] = {FUZZ_INNER_VICTIM, FUZZ_INNER_PEER};
    const char* const innerNets[] = {"10.3.0.0/16", "10.4.0.0/16"};
    const size_t mine = victim ? 0 : 1;
    for (const char* name : {"net", "vpn", "far"})
    {
        json["connections"][name]["local_addrs"] = addresses[mine];
        json["connections"][name]["remote_addrs"] = addresses[1 - mine];
    }
    Json& routed = json["connections"]["vpn"];
    routed["local"]["id"] = names[mine];
    routed["remote"]["id"] = names[1 - mine];
    Json& far = json["connections"]["far"];
    far["local_addrs"] = ends[mine];
    far["remote_addrs"] = ends[1 - mine];
    far["children"]["inner"]["local_ts"] = innerNets[mine];
    far["children"]["inner"]["remote_ts"] = innerNets[1 - mine];
    connection["children"]["net"]["local_ts"] = nets[mine];
    connection["children"]["net"]["remote_ts"] = nets[1 - mine];
    auto config = ReadConfig(json);
    IKELAB_ASSERT(config.has_value());
    return std::move(*config);
}

} // namespace

const Config&
FuzzConfig(bool victim)
{
    static const Config ours = Make(true); // reading it costs more than a key exchange
    static const Config theirs = Make(false);
    return victim ? ours : theirs;
}

} // namespace ikelab::gateway
