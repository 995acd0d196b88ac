// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "gateway/config.h"
#include "gateway/config_words.h"
#include "gateway/proposals.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ikelab::gateway
{

namespace
{

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

/// The smallest connection that can be started.
Json
Minimal()
{
    return Json::parse(R"({
        "connections": {"sw": {
            "local_addrs": "192.0.2.1",
            "remote_addrs": "192.0.2.2",
            "local": {"auth": "psk"},
            "remote": {"auth": "psk"},
            "children": {"net": {}}}},
        "secrets": {"ike": {"secret": "top"}}
    })");
}

Config
Read(const Json& json)
{
    auto config = ReadConfig(json);
    EXPECT_TRUE(config) << (config ? "" : config.error().pointer + ": " + config.error().problem);
    return config.value_or(Config{});
}

std::vector<std::string>
Words(const ike::IkeProposal& proposal)
{
    std::vector<std::string> words;
    for (const auto* row : proposal.encr)
    {
        words.emplace_back(row->keyword);
    }
    for (const auto* row : proposal.integ)
    {
        words.emplace_back(row->keyword);
    }
    for (const auto* row : proposal.prf)
    {
        words.emplace_back(row->keyword);
    }
    for (const auto* row : proposal.ke)
    {
        words.emplace_back(row->keyword);
    }
    return words;
}

Selector
Range(std::string_view addresses, uint8_t protocol = 0, uint16_t first = 0, uint16_t last = 65535)
{
    return Selector{*IpRange::Parse(addresses), protocol, first, last};
}

} // namespace

TEST(Config, TakesTransportModeFromWhoeverComes)
{
    const auto read = [](const char* child)
    {
        auto json = nlohmann::ordered_json::parse(R"({"connections": {"net": {
            "local_addrs": "192.0.2.1", "remote_addrs": "%any",
            "local": {"auth": "psk"}, "remote": {"auth": "psk"}}},
            "secrets": {"ike": {"secret": "top"}}})");
        json["connections"]["net"]["children"]["host"] = nlohmann::ordered_json::parse(child);
        return ReadConfig(json);
    };
    for (const char* child :
         {R"({"mode": "transport"})", R"({"mode": "transport", "remote_ts": "dynamic"})"})
    {
        const auto config = read(child);
        ASSERT_TRUE(config) << config.error().problem;
        const ike::ChildConfig& made = config->ike.connections.front()->children.front();
        EXPECT_EQ(made.localTs.size(), 1u);
        EXPECT_TRUE(made.remoteTs.empty());
    }
    EXPECT_FALSE(read(R"({"mode": "tunnel"})"));
    EXPECT_FALSE(read(R"({"mode": "transport", "remote_ts": "dynamic[tcp]"})"));
    EXPECT_FALSE(read(R"({"mode": "transport", "remote_ts": ["dynamic", "10.0.0.0/8"]})"));
}

TEST(Config, HasSwanctlsDefaults)
{
    const Config config = Read(Minimal());
    const ike::ConnectionConfig& connection = *config.ike.connections.at(0);
    EXPECT_EQ(connection.name, "sw");
    EXPECT_EQ(connection.localPort, 500);
    EXPECT_EQ(connection.remotePort, 500);
    EXPECT_EQ(connection.rekeyTime, 4h);
    EXPECT_EQ(connection.overTime, 24min);
    EXPECT_EQ(connection.randTime, 24min);
    EXPECT_EQ(connection.reauthTime, 0s);
    EXPECT_EQ(connection.dpdDelay, 0s);
    EXPECT_EQ(connection.keyingTries, 1u);
    EXPECT_FALSE(connection.encap);
    EXPECT_FALSE(connection.localId);
    EXPECT_FALSE(connection.remoteId);
    const ike::ChildConfig& child = connection.children.at(0);
    EXPECT_EQ(child.name, "net");
    EXPECT_EQ(child.mode, ike::Mode::TUNNEL);
    EXPECT_EQ(child.startAction, ike::StartAction::NONE);
    EXPECT_EQ(child.dpdAction, ike::DpdAction::CLEAR);
    EXPECT_EQ(child.rekeyTime, 1h);
    EXPECT_EQ(child.lifeTime, 66min);
    EXPECT_EQ(child.randTime, 6min);
    EXPECT_EQ(child.rekeyBytes, 0u);
    EXPECT_EQ(child.lifeBytes, 0u);
    EXPECT_EQ(child.replayWindow, 32u);
    EXPECT_EQ(child.localTs, Selectors{Range("192.0.2.1")});
    EXPECT_EQ(child.remoteTs, Selectors{Range("192.0.2.2")});
    EXPECT_EQ(config.ike.retransmit.timeout, 4s);
    EXPECT_EQ(config.ike.retransmit.base, 1.8);
    EXPECT_EQ(config.ike.retransmit.tries, 5u);
    EXPECT_EQ(config.ike.keepAlive, 20s);
    EXPECT_EQ(config.defaultAction, Action::BYPASS);
    EXPECT_TRUE(config.policies.empty());
}

TEST(Config, ReadsEveryKeyOfAConnection)
{
    Json json = Minimal();
    json["connections"]["sw"].merge_patch(Json::parse(R"({
        "version": "2", "local_addrs": "192.0.2.1, 2001:db8::1", "remote_addrs": "%any",
        "local_port": 4500, "remote_port": "1500", "encap": "yes", "dpd_delay": "30s",
        "rekey_time": "200m", "reauth_time": "0s", "keyingtries": "%forever",
        "mobike": false, "fragmentation": "no", "unique": "no", "pools": [], "childless": "never",
        "local": {"auth": "psk", "id": "moon.test"},
        "remote": {"auth": "psk", "id": "%any"},
        "children": {"net": {"local_ts": "10.1.0.0/16[tcp/80],10.1.0.1-10.1.0.9",
                             "remote_ts": ["10.2.0.0/16"], "mode": "transport",
                             "start_action": "trap", "dpd_action": "restart",
                             "rekey_time": 100, "life_time": "2m", "rand_time": "10s",
                             "rekey_bytes": "1k", "life_bytes": "2K", "rekey_packets": 100,
                             "replay_window": 0, "close_action": "none", "reqid": 0}}})"));
    const Config config = Read(json);
    const ike::ConnectionConfig& connection = *config.ike.connections.at(0);
    EXPECT_EQ(connection.localAddrs.size(), 2u);
    EXPECT_TRUE(connection.localAddrs.at(1).IsV6());
    EXPECT_TRUE(connection.remoteAddrs.empty());
    EXPECT_EQ(connection.localPort, 4500);
    EXPECT_EQ(connection.remotePort, 1500);
    EXPECT_TRUE(connection.encap);
    EXPECT_EQ(connection.dpdDelay, 30s);
    EXPECT_EQ(connection.rekeyTime, 200min);
    EXPECT_EQ(connection.overTime, 20min) << "a tenth of rekey_time";
    EXPECT_EQ(connection.randTime, 20min);
    EXPECT_EQ(connection.keyingTries, 0u);
    EXPECT_EQ(connection.localId, ike::Identity::Parse("moon.test"));
    EXPECT_FALSE(connection.remoteId);
    const ike::ChildConfig& child = connection.children.at(0);
    EXPECT_EQ(child.localTs,
              (Selectors{Range("10.1.0.0/16", 6, 80, 80), Range("10.1.0.1-10.1.0.9")}));
    EXPECT_EQ(child.mode, ike::Mode::TRANSPORT);
    EXPECT_EQ(child.startAction, ike::StartAction::TRAP);
    EXPECT_EQ(child.dpdAction, ike::DpdAction::RESTART);
    EXPECT_EQ(child.rekeyTime, 100s);
    EXPECT_EQ(child.lifeTime, 2min);
    EXPECT_EQ(child.randTime, 10s);
    EXPECT_EQ(child.rekeyBytes, 1024u);
    EXPECT_EQ(child.lifeBytes, 2048u);
    EXPECT_EQ(child.rekeyPackets, 100u);
    EXPECT_EQ(child.lifePackets, 110u) << "110 % of rekey_packets";
    EXPECT_EQ(child.replayWindow, 0u);
}

TEST(Config, ReadsWhatHidesTraffic)
{
    const auto child = [](const char* patch)
    {
        Json json = Minimal();
        json["connections"].begin().value()["children"].begin().value().merge_patch(
            Json::parse(patch));
        return Read(json).ike.connections.at(0)->children.at(0);
    };
    const ike::ChildConfig none = child("{}");
    EXPECT_EQ(none.tfcPadding, 0u);
    EXPECT_EQ(none.dummyInterval, 0s);
    EXPECT_EQ(none.dummySize, std::nullopt);
    const ike::ChildConfig sized =
        child(R"({"tfc_padding": "1300", "dummy_interval": "250ms", "dummy_size": 100})");
    EXPECT_EQ(sized.tfcPadding, 1300u);
    EXPECT_EQ(sized.dummyInterval, 250ms);
    EXPECT_EQ(sized.dummySize, 100u);
    const ike::ChildConfig words =
        child(R"({"tfc_padding": "mtu", "dummy_interval": 1, "dummy_size": "random"})");
    EXPECT_EQ(words.tfcPadding, ike::ChildConfig::TFC_TO_PATH_MTU);
    EXPECT_EQ(words.dummySize, 0u);
    // In transport mode one side that says UDP is enough.
    EXPECT_EQ(child(R"({"tfc_padding": 900, "mode": "transport", "remote_ts": "dynamic[udp]"})")
                  .tfcPadding,
              900u);
    EXPECT_EQ(child(R"({"dummy_interval": "1s", "mode": "transport"})").dummyInterval, 1s);
}

TEST(Config, DerivesLifetimesFromRekeyTime)
{
    Json json = Minimal();
    Json& child = json["connections"]["sw"]["children"]["net"];
    child["rekey_time"] = "10s";
    EXPECT_EQ(Read(json).ike.connections[0]->children[0].lifeTime, 11s);
    EXPECT_EQ(Read(json).ike.connections[0]->children[0].randTime, 1s);
    child["life_time"] = "1h"; // the margin is longer than rekey_time itself
    EXPECT_EQ(Read(json).ike.connections[0]->children[0].randTime, 10s);
    child["rekey_time"] = 0;
    EXPECT_EQ(Read(json).ike.connections[0]->children[0].lifeTime, 1h);
    EXPECT_EQ(Read(json).ike.connections[0]->children[0].randTime, 0s);
    child.erase("life_time");
    EXPECT_EQ(Read(json).ike.connections[0]->children[0].lifeTime, 0s);
}

TEST(Config, ReadsCharonsOptions)
{
    Json json = Minimal();
    json["charon"] = Json::parse(R"({"retransmit_timeout": 0.5, "retransmit_base": 2,
        "retransmit_tries": 3, "retransmit_jitter": 20, "retransmit_limit": "10s",
        "half_open_timeout": 60, "cookie_threshold": 0, "block_threshold": 5, "keep_alive": "0s",
        "port": 500})");
    const ike::Config config = Read(json).ike;
    EXPECT_EQ(config.retransmit.timeout, 500ms);
    EXPECT_EQ(config.retransmit.base, 2.0);
    EXPECT_EQ(config.retransmit.tries, 3u);
    EXPECT_EQ(config.retransmit.jitterPercent, 20u);
    EXPECT_EQ(config.retransmit.limit, 10s);
    EXPECT_EQ(config.halfOpenTimeout, 60s);
    EXPECT_EQ(config.cookieThreshold, 0u);
    EXPECT_EQ(config.blockThreshold, 5u);
    EXPECT_EQ(config.keepAlive, 0s);
}

TEST(Config, ReadsSecretsInAllEncodingsAndKeepsTheirIdentities)
{
    Json json = Minimal();
    json["secrets"] = Json::parse(R"({
        "ike-1": {"id": ["moon.test", "sun.test"], "secret": "0x00ff"},
        "ike-moon": {"id-1": "192.0.2.1", "id2": "carol@test", "secret": "0sAAECAw=="},
        "ike": {"id": "%any", "secret": "a b"}})");
    const auto secrets = Read(json).ike.secrets;
    ASSERT_EQ(secrets.size(), 3u);
    EXPECT_EQ(secrets[0].secret, Hex("00ff"));
    EXPECT_EQ(secrets[0].ids.size(), 2u);
    EXPECT_EQ(secrets[1].secret, Hex("00010203"));
    EXPECT_EQ(secrets[1].ids.at(1).type, wire::IdType::ID_RFC822_ADDR);
    EXPECT_EQ(secrets[2].secret, Hex("612062"));
    EXPECT_TRUE(secrets[2].ids.empty());
}

TEST(Config, FindsASecretByAddressWhenThereIsNoIdentity)
{
    Json json = Minimal();
    json["secrets"] = Json::parse(R"({"ike": {"id": "192.0.2.1", "secret": "x"}})");
    json["connections"]["sw"]["remote"]["id"] = "sun.test";
    EXPECT_TRUE(ReadConfig(json));
    json["secrets"]["ike"]["id"] = "192.0.2.9";
    EXPECT_FALSE(ReadConfig(json));
}

TEST(Config, KeepsPoliciesInOrder)
{
    Json json = Minimal();
    json["policies"] = Json::parse(R"([
        {"name": "dns", "action": "bypass", "local": "10.0.0.0/8[udp/53]", "remote": "10.0.0.0/8"},
        {"action": "discard"}])");
    json["default_action"] = "discard";
    const Config config = Read(json);
    ASSERT_EQ(config.policies.size(), 2u);
    EXPECT_EQ(config.policies[0].name, "dns");
    EXPECT_EQ(config.policies[0].action, Action::BYPASS);
    EXPECT_EQ(config.policies[0].local, Selectors{Range("10.0.0.0/8", 17, 53, 53)});
    EXPECT_EQ(config.policies[1].action, Action::DISCARD);
    EXPECT_EQ(config.policies[1].name, "policy-1");
    EXPECT_EQ(config.policies[1].remote,
              (Selectors{Selector{IpRange::AnyV4()}, Selector{IpRange::AnyV6()}}));
    EXPECT_EQ(config.defaultAction, Action::DISCARD);
}

TEST(Config, IsEmptyForAnEmptyDocument)
{
    EXPECT_TRUE(Read(Json::object()).ike.connections.empty());
}

TEST(Proposals, KeepTheOrderOfTheirWords)
{
    const auto proposal =
        ReadIkeProposal("aes256gcm16-aes128gcm16-prfsha384-prfsha256-ecp384-x25519");
    ASSERT_TRUE(proposal);
    EXPECT_EQ(Words(*proposal),
              (std::vector<std::string>{
                  "aes256gcm16", "aes128gcm16", "prfsha384", "prfsha256", "ecp384", "x25519"}));
}

TEST(Proposals, TakeThePrfFromTheIntegrityWordAsSwanctlDoes)
{
    EXPECT_EQ(Words(*ReadIkeProposal("aes128-sha256-sha512-modp2048")),
              (std::vector<std::string>{
                  "aes128", "sha256", "sha512", "prfsha256", "prfsha512", "modp2048"}));
    EXPECT_EQ(Words(*ReadIkeProposal("aes256gcm16-sha384-ecp384")),
              (std::vector<std::string>{"aes256gcm16", "prfsha384", "ecp384"}))
        << "beside an AEAD the integrity word names the PRF only";
    EXPECT_EQ(Words(*ReadIkeProposal("aes128-sha256-prfsha384-modp2048")),
              (std::vector<std::string>{"aes128", "sha256", "prfsha384", "modp2048"}));
}

TEST(Proposals, KnowStrongSwansAliases)
{
    EXPECT_EQ(Words(*ReadIkeProposal("aes-sha2_256-curve25519")),
              (std::vector<std::string>{"aes128", "sha256", "prfsha256", "x25519"}));
    EXPECT_EQ(Words(*ReadIkeProposal("aes256gcm-prfsha256-ecp256")),
              (std::vector<std::string>{"aes256gcm16", "prfsha256", "ecp256"}));
    EXPECT_EQ(Words(*ReadIkeProposal("aes128ccm-aes256ccm96-aes192gcm64-aesxcbc-curve448")),
              (std::vector<std::string>{
                  "aes128ccm16", "aes256ccm12", "aes192gcm8", "prfaesxcbc", "x448"}));
    EXPECT_EQ(Words(*ReadIkeProposal("aes128-aes-sha256-x25519-curve25519")),
              (std::vector<std::string>{"aes128", "sha256", "prfsha256", "x25519"}));
}

TEST(Proposals, ReadEveryKeywordOfTheTable)
{
    for (const crypto::EncrRow& row : crypto::EncrRows())
    {
        const bool aead = row.kind == crypto::CipherKind::AEAD;
        const auto esp = ReadEspProposal(std::string(row.keyword) + (aead ? "" : "-sha256"));
        ASSERT_TRUE(esp) << row.keyword;
        EXPECT_EQ(esp->encr, std::vector{&row});
        EXPECT_EQ(ReadIkeProposal(std::string(row.keyword) + "-sha256-x25519").has_value(),
                  row.ForIke())
            << row.keyword;
    }
    for (const crypto::KeRow& row : crypto::KeRows())
    {
        const auto ike = ReadIkeProposal(std::string("aes128gcm16-prfsha256-") + row.keyword);
        ASSERT_TRUE(ike) << row.keyword;
        EXPECT_EQ(ike->ke, std::vector{&row});
    }
    for (const crypto::PrfRow& row : crypto::PrfRows())
    {
        EXPECT_TRUE(ReadIkeProposal(std::string("aes128gcm16-x25519-") + row.keyword));
    }
    for (const crypto::IntegRow& row : crypto::IntegRows())
    {
        EXPECT_EQ(ReadEspProposal(std::string("aes128-") + row.keyword).has_value(),
                  row.use != crypto::Use::CAPTURE)
            << row.keyword;
    }
}

TEST(Proposals, ReadExtendedSequenceNumbers)
{
    using wire::Esn;
    EXPECT_EQ(ReadEspProposal("aes128gcm16")->esn, std::vector{Esn::NO_ESN});
    EXPECT_EQ(ReadEspProposal("aes128gcm16-esn")->esn, std::vector{Esn::ESN});
    EXPECT_EQ(ReadEspProposal("aes128gcm16-esn-noesn")->esn, (std::vector{Esn::ESN, Esn::NO_ESN}));
    EXPECT_EQ(ReadEspProposal("aes128gcm16-x25519")->ke.size(), 1u);
}

TEST(Proposals, DefaultsKeepAeadsApartAndFirstAndOfferNoLegacy)
{
    Json json = Minimal();
    json["connections"]["sw"]["proposals"] = "aes256gcm16-prfsha384-ecp384, default";
    const auto connection = Read(json).ike.connections.at(0);
    ASSERT_EQ(connection->proposals.size(), 1 + DefaultIkeProposals().size());
    for (const ike::IkeProposal& proposal : DefaultIkeProposals())
    {
        EXPECT_FALSE(proposal.encr.empty());
        EXPECT_FALSE(proposal.prf.empty());
        EXPECT_STREQ(proposal.ke.at(0)->keyword, "x25519");
        const bool aead = proposal.encr[0]->kind == crypto::CipherKind::AEAD;
        EXPECT_EQ(proposal.integ.empty(), aead);
        for (const auto* encr : proposal.encr)
        {
            EXPECT_EQ(encr->kind == crypto::CipherKind::AEAD, aead);
            EXPECT_NE(encr->kind, crypto::CipherKind::NULL_CIPHER);
        }
        for (const std::string& word : Words(proposal))
        {
            EXPECT_NE(word, "sha1");
            EXPECT_NE(word, "prfsha1");
            EXPECT_NE(word, "modp1024");
        }
    }
    EXPECT_EQ(DefaultIkeProposals()[0].encr[0]->kind, crypto::CipherKind::AEAD);
    const auto child = connection->children.at(0);
    EXPECT_EQ(child.espProposals.size(), DefaultEspProposals().size());
    EXPECT_TRUE(child.espProposals.at(0).ke.empty());
    EXPECT_EQ(child.espProposals.at(0).esn, std::vector{wire::Esn::NO_ESN});
}

std::vector<wire::ProtocolId>
ProtocolsWith(const char* members)
{
    Json json = Minimal();
    json["connections"]["sw"]["children"]["net"].update(Json::parse(members));
    std::vector<wire::ProtocolId> protocols;
    const Config config = Read(json);
    for (const auto& proposal : config.ike.connections.at(0)->children.at(0).espProposals)
    {
        protocols.push_back(proposal.Protocol());
    }
    return protocols;
}

TEST(Proposals, OfAhReplaceTheDefaultOfEsp)
{
    using enum wire::ProtocolId;
    EXPECT_EQ(ProtocolsWith(R"({})"), (std::vector{ESP, ESP}));
    EXPECT_EQ(ProtocolsWith(R"({"ah_proposals": "sha256"})"), std::vector{AH});
    EXPECT_EQ(ProtocolsWith(
                  R"({"ah_proposals": ["sha256", "sha512-esn"], "esp_proposals": "aes128gcm16"})"),
              (std::vector{ESP, AH, AH}));
    EXPECT_EQ(ProtocolsWith(R"({"ah_proposals": "default", "esp_proposals": "default"})"),
              (std::vector{ESP, ESP, AH}));
}

TEST(Proposals, OfAhHaveIntegrityAlgorithms)
{
    for (const crypto::IntegRow& row : crypto::IntegRows())
    {
        const auto ah = ReadAhProposal(row.keyword);
        ASSERT_EQ(ah.has_value(), row.use != crypto::Use::CAPTURE) << row.keyword;
        EXPECT_TRUE(!ah || ah->integ == std::vector{&row});
    }
    const auto ah = ReadAhProposal("sha256-sha1-x25519-esn-noesn");
    ASSERT_TRUE(ah);
    EXPECT_EQ(ah->integ.size(), 2u);
    EXPECT_EQ(ah->ke.size(), 1u);
    EXPECT_EQ(ah->esn, (std::vector{wire::Esn::ESN, wire::Esn::NO_ESN}));
    const auto standard = DefaultAhProposals();
    for (const auto* row : standard.at(0).integ)
    {
        EXPECT_EQ(row->use, crypto::Use::DEFAULT);
    }
}

TEST(Words, ReadTimes)
{
    EXPECT_EQ(ParseDuration("500ms"), 500ms);
    EXPECT_EQ(ParseDuration("30s"), 30s);
    EXPECT_EQ(ParseDuration("5m"), 5min);
    EXPECT_EQ(ParseDuration("4h"), 4h);
    EXPECT_EQ(ParseDuration("1d"), 24h);
    EXPECT_EQ(ParseDuration("90"), 90s);
    EXPECT_EQ(ParseDuration("0.25"), 250ms);
    EXPECT_EQ(ParseDuration("1.8s"), 1800ms);
    for (const char* bad : {"",
                            "s",
                            "-1s",
                            "1S",
                            "1 s",
                            "1e3",
                            ".",
                            "1.",
                            ".5",
                            "1.2.3",
                            "0x10",
                            "nan",
                            "inf",
                            "1sec",
                            "99999999999d",
                            "9223372037s"})
    {
        EXPECT_FALSE(ParseDuration(bad)) << bad;
    }
}

TEST(Words, ReadBase64)
{
    EXPECT_EQ(FromBase64(""), Buffer{});
    EXPECT_EQ(FromBase64("Zg=="), Hex("66"));
    EXPECT_EQ(FromBase64("Zm8="), Hex("666f"));
    EXPECT_EQ(FromBase64("Zm9v"), Hex("666f6f"));
    EXPECT_EQ(FromBase64("Zm8"), Hex("666f"));
    EXPECT_EQ(FromBase64("+/+/"), Hex("fbffbf"));
    for (const char* bad : {"Z", "Zg=", "Zg===", "Zh==", "Zm9=", "Z g=", "=", "Zm9v="})
    {
        EXPECT_FALSE(FromBase64(bad)) << bad;
    }
}

TEST(Words, ReadSelectors)
{
    EXPECT_EQ(ParseSelector("10.1.0.0/16[tcp/80]"), Range("10.1.0.0/16", 6, 80, 80));
    EXPECT_EQ(ParseSelector("10.1.0.0/16[17]"), Range("10.1.0.0/16", 17));
    EXPECT_EQ(ParseSelector("10.1.0.0/16[any]"), Range("10.1.0.0/16"));
    EXPECT_EQ(ParseSelector("10.1.0.0/16[udp/any]"), Range("10.1.0.0/16", 17));
    EXPECT_EQ(ParseSelector("10.1.0.0/16[udp/opaque]"), Range("10.1.0.0/16", 17, 65535, 0));
    EXPECT_EQ(ParseSelector("2001:db8::/32[udp/1024-2047]"),
              Range("2001:db8::/32", 17, 1024, 2047));
    EXPECT_EQ(ParseSelector("10.1.0.0/16[tcp/https]"), Range("10.1.0.0/16", 6, 443, 443));
    EXPECT_EQ(ParseSelector("10.1.0.0/16[icmp/2048]"), Range("10.1.0.0/16", 1, 2048, 2048));
    EXPECT_EQ(ParseSelector("dynamic[tcp]", IpAddress::V4(0x0a000001)), Range("10.0.0.1", 6));
    EXPECT_FALSE(ParseSelector("10.1.0.0/16[any/80]"));
    EXPECT_FALSE(ParseSelector("[tcp]"));
    EXPECT_FALSE(ParseSelector(""));
}

TEST(Words, PrintSelectorsSoThatTheyReadBack)
{
    for (const char* text : {"10.1.0.0/16",
                             "10.1.0.0/16[tcp/80]",
                             "10.1.0.0/16[tcp]",
                             "10.1.0.1-10.1.0.9[udp/1024-2047]",
                             "2001:db8::/32[icmpv6]",
                             "10.1.0.0/16[udp/opaque]",
                             "10.1.0.0/16[200]",
                             "0.0.0.0/0"})
    {
        EXPECT_EQ(SelectorText(*ParseSelector(text)), text);
    }
}

TEST(Words, NearestIsNearAndNotJustShort)
{
    const std::vector<std::string> words{"rekey_time", "rand_time", "id"};
    EXPECT_EQ(NearestWord("rekey_tme", words), "rekey_time");
    EXPECT_EQ(NearestWord("erkey_time", words), "rekey_time");
    EXPECT_EQ(NearestWord("REKEY_TIME", words), "rekey_time");
    EXPECT_EQ(NearestWord("di", words), "id");
    EXPECT_EQ(NearestWord("foo", words), "");
    EXPECT_EQ(NearestWord("", words), "");
}

} // namespace ikelab::gateway
