// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "endpoint/config_file.h"
#include "endpoint/local_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ikelab::endpoint
{
namespace
{

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view GOOD = R"({
  "connections": {
    "net": {
      "remote_addrs": ["127.0.0.9"],
      "local": {"auth": "psk"}, "remote": {"auth": "psk"},
      "children": {"net": {"remote_ts": ["10.2.0.0/16"], "local_ts": ["10.1.0.0/16"]}}
    }
  },
  "secrets": {"ike": {"secret": "swordfish"}}
})";

std::string
Refusal(std::string_view text)
{
    const auto config = ReadConfigText(text, "moon.json");
    EXPECT_FALSE(config.has_value());
    return config ? std::string() : config.error();
}

std::string
Changed(std::string_view old, std::string_view fresh)
{
    std::string text(GOOD);
    text.replace(text.find(old), old.size(), fresh);
    return text;
}

TEST(ConfigFile, ReadsAGoodOne)
{
    const auto config = ReadConfigText(GOOD, "moon.json");
    ASSERT_TRUE(config.has_value()) << config.error();
    ASSERT_EQ(config->ike.connections.size(), 1U);
    EXPECT_EQ(config->ike.connections.front()->name, "net");
}

TEST(ConfigFile, TheExampleOfTheReadmeIsGood)
{
    const auto config = ReadConfigFile(IKELAB_SOURCE_DIR "/tools/ikelab/gateway.json");
    ASSERT_TRUE(config.has_value()) << config.error();
    EXPECT_EQ(config->ike.connections.front()->children.front().startAction,
              ike::StartAction::TRAP);
}

TEST(ConfigFile, AnUnknownKeyIsToldAtTheKeyAndAWrongValueAtTheValue)
{
    EXPECT_THAT(Refusal(Changed("remote_ts", "remote_t")),
                StartsWith("moon.json:6:28: /connections/net/children/net/remote_t: unknown key"));
    EXPECT_THAT(Refusal(Changed("remote_ts", "remote_t")), HasSubstr("did you mean \"remote_ts\""));
    EXPECT_THAT(Refusal(Changed("10.2.0.0/16", "10.2.0.0/160")),
                StartsWith("moon.json:6:42: /connections/net/children/net/remote_ts/0: "));
}

TEST(ConfigFile, ATextThatIsNoJsonHasAPlace)
{
    EXPECT_THAT(Refusal("{\n  \"connections\": {]\n}"), StartsWith("moon.json:2:19: "));
    EXPECT_THAT(Refusal(""), StartsWith("moon.json:1:1: "));
}

TEST(ConfigFile, AFileThatIsNotThereIsNamed)
{
    const auto config = ReadConfigFile("/nowhere/moon.json");
    ASSERT_FALSE(config.has_value());
    EXPECT_THAT(config.error(), HasSubstr("/nowhere/moon.json"));
}

ike::Config
ConfigWith(std::vector<std::vector<const char*>> locals, uint16_t port = 500)
{
    ike::Config config;
    for (const auto& addresses : locals)
    {
        ike::ConnectionConfig connection;
        connection.localPort = port;
        for (const char* address : addresses)
        {
            connection.localAddrs.push_back(*IpAddress::Parse(address));
        }
        config.connections.push_back(std::make_shared<ike::ConnectionConfig>(connection));
    }
    return config;
}

std::vector<std::string>
Bound(const ike::Config& config)
{
    std::vector<std::string> texts;
    for (const SocketAddress& address : AddressesToBind(config))
    {
        texts.push_back(address.ToString());
    }
    return texts;
}

TEST(AddressesToBind, AreTheConnectionsOwnOrAll)
{
    using Strings = std::vector<std::string>;
    const Strings all{"0.0.0.0[500]", "0.0.0.0[4500]", "::[500]", "::[4500]"};
    EXPECT_EQ(Bound(ConfigWith({})), all);
    EXPECT_EQ(Bound(ConfigWith({{}})), all);
    EXPECT_EQ(Bound(ConfigWith({{"192.0.2.1"}, {}})), all) << "one connection takes any";
    EXPECT_EQ(
        Bound(ConfigWith({{"192.0.2.1"}, {"192.0.2.1", "2001:db8::1"}})),
        (Strings{"192.0.2.1[500]", "192.0.2.1[4500]", "2001:db8::1[500]", "2001:db8::1[4500]"}));
    EXPECT_EQ(Bound(ConfigWith({{"192.0.2.1"}}, 1500)),
              (Strings{"192.0.2.1[1500]", "192.0.2.1[4500]"}));
}

TEST(FillLocalAddresses, AsksTheRoutingTableWhereAConnectionIsSilent)
{
    auto config = ReadConfigText(GOOD, "moon.json");
    ASSERT_TRUE(config.has_value());
    FillLocalAddresses(config->ike);
    EXPECT_EQ(config->ike.connections.front()->localAddrs,
              std::vector{*IpAddress::Parse("127.0.0.1")});

    ike::Config responder = ConfigWith({{}});
    FillLocalAddresses(responder);
    EXPECT_TRUE(responder.connections.front()->localAddrs.empty()) << "no peer to ask for";
    ike::Config told = ConfigWith({{"192.0.2.1"}});
    FillLocalAddresses(told);
    EXPECT_EQ(told.connections.front()->localAddrs.size(), 1U);
}

TEST(SourceOf, IsReadFromBothFamiliesAndFromNothingElse)
{
    const Buffer v4 = Hex("450000140000000040320000c0000201c0000202");
    EXPECT_EQ(SourceOf(v4), IpAddress::Parse("192.0.2.1"));
    Buffer v6 = Hex("6000000000003240");
    Append(v6, IpAddress::Parse("2001:db8::1")->Octets());
    EXPECT_EQ(SourceOf(v6), IpAddress::Parse("2001:db8::1"));
    for (size_t length = 0; length < 16; ++length)
    {
        EXPECT_FALSE(SourceOf(Bytes(v4).first(length)).has_value());
    }
    EXPECT_FALSE(SourceOf(Bytes(v6).first(23)).has_value());
    EXPECT_FALSE(SourceOf(Buffer(40, 0x55)).has_value());
}

} // namespace
} // namespace ikelab::endpoint
