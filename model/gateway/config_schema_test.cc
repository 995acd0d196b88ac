// SPDX-License-Identifier: MIT
#include "gateway/config.h"
#include "gateway/config_schema.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace ikelab::gateway
{

namespace
{

using testing::HasSubstr;

/// Every object that the configuration may hold, each once.
void
ForEachObject(const ObjectRule& object,
              const std::function<void(const ObjectRule&)>& visit,
              std::set<const ObjectRule*>& seen)
{
    if (!seen.insert(&object).second)
    {
        return;
    }
    visit(object);
    for (const KeyRule& rule : object.keys)
    {
        if (rule.object != nullptr)
        {
            ForEachObject(*rule.object, visit, seen);
        }
    }
}

void
ForEachObject(const std::function<void(const ObjectRule&)>& visit)
{
    std::set<const ObjectRule*> seen;
    ForEachObject(ConfigRule(), visit, seen);
}

/// As short as it can be: whatever may be left out is.
Json
ShortDocument()
{
    return Json::parse(R"({
        "connections": {"sw": {
            "local_addrs": "192.0.2.1", "remote_addrs": "192.0.2.2",
            "local": {"auth": "psk"}, "remote": {"auth": "psk"},
            "children": {"net": {}}}},
        "secrets": {"ike": {"secret": "top"}},
        "charon": {},
        "policies": [{"action": "bypass"}],
        "icmp": {}
    })");
}

/// Where the short document has an object of this kind; empty pointer for the document itself.
std::string
PlaceOf(const ObjectRule& object)
{
    const std::map<std::string_view, std::string> places = {
        {"configuration", ""},
        {"connection", "/connections/sw"},
        {"child", "/connections/sw/children/net"},
        {"authentication", "/connections/sw/local"},
        {"secrets", "/secrets"},
        {"secret", "/secrets/ike"},
        {"charon", "/charon"},
        {"policy", "/policies/0"},
        {"icmp", "/icmp"}};
    EXPECT_TRUE(places.contains(object.name)) << object.name << ": add its place";
    return places.contains(object.name) ? places.at(object.name) : "";
}

std::string
Dump(const Selectors& selectors)
{
    std::string text;
    for (const Selector& selector : selectors)
    {
        text += fmt::format("{} {} {}-{}, ",
                            selector.addresses.ToString(),
                            selector.protocol,
                            selector.startPort,
                            selector.endPort);
    }
    return text;
}

/// Everything that a default may stand in.
std::string
Dump(const Config& config)
{
    const ike::RetransmitConfig& again = config.ike.retransmit;
    std::string text = fmt::format("{} {} {} {} {} | {} {} {} {} | {} {}\n",
                                   again.timeout.count(),
                                   again.base,
                                   again.tries,
                                   again.jitterPercent,
                                   again.limit.count(),
                                   config.ike.halfOpenTimeout.count(),
                                   config.ike.cookieThreshold,
                                   config.ike.blockThreshold,
                                   config.ike.keepAlive.count(),
                                   static_cast<int>(config.defaultAction),
                                   config.policies.size());
    text += fmt::format("{} {} {} {}\n",
                        config.icmp.fragmentationNeeded,
                        config.icmp.packetTooBig,
                        config.icmp.pathMtuLifetime.count(),
                        config.icmp.leastPathMtu);
    for (const auto& connection : config.ike.connections)
    {
        text += fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}\n",
                            connection->localAddrs.size(),
                            connection->remoteAddrs.size(),
                            connection->localPort,
                            connection->remotePort,
                            connection->proposals.size(),
                            connection->dpdDelay.count(),
                            connection->rekeyTime.count(),
                            connection->overTime.count(),
                            connection->randTime.count(),
                            connection->encap,
                            connection->keyingTries,
                            connection->localId ? "id" : "no id");
        for (const ike::ChildConfig& child : connection->children)
        {
            text += fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {}\n",
                                child.espProposals.size(),
                                Dump(child.localTs),
                                Dump(child.remoteTs),
                                static_cast<int>(child.mode),
                                static_cast<int>(child.startAction),
                                static_cast<int>(child.dpdAction),
                                child.rekeyTime.count(),
                                child.lifeTime.count(),
                                child.randTime.count(),
                                child.rekeyBytes,
                                child.lifeBytes,
                                child.rekeyPackets,
                                child.lifePackets,
                                child.replayWindow);
        }
    }
    return text;
}

TEST(ConfigSchema, DescribesEveryKeyThatIsRead)
{
    ForEachObject(
        [](const ObjectRule& object)
        {
            EXPECT_FALSE(object.help.empty()) << object.name;
            std::set<std::string_view> names;
            for (const KeyRule& rule : object.keys)
            {
                EXPECT_TRUE(names.insert(rule.name).second) << object.name << " has it twice";
                EXPECT_NE(rule.unsupported, rule.shape != nullptr) << object.name << rule.name;
                EXPECT_NE(rule.unsupported, !rule.help.empty()) << object.name << rule.name;
                EXPECT_FALSE(rule.required && !rule.otherwise.empty()) << rule.name;
            }
        });
}

TEST(ConfigSchema, TellsTheDefaultsThatTheReaderHas)
{
    size_t defaults = 0;
    ForEachObject(
        [&defaults](const ObjectRule& object)
        {
            for (const KeyRule& rule : object.keys)
            {
                if (rule.otherwise.empty())
                {
                    continue;
                }
                SCOPED_TRACE(fmt::format("{} {}", object.name, rule.name));
                Json without = ShortDocument();
                without.at(Json::json_pointer(PlaceOf(object))).erase(std::string(rule.name));
                Json with = without;
                with.at(Json::json_pointer(PlaceOf(object)))[std::string(rule.name)] =
                    rule.otherwise;
                // "dynamic" needs an address, so no child where that is what was taken out.
                if (object.name == "connection" && rule.name.ends_with("_addrs"))
                {
                    without["connections"]["sw"].erase("children");
                    with["connections"]["sw"].erase("children");
                }
                const auto plain = ReadConfig(without);
                const auto written = ReadConfig(with);
                ASSERT_TRUE(plain) << plain.error().pointer << plain.error().problem;
                ASSERT_TRUE(written) << written.error().pointer << written.error().problem;
                EXPECT_EQ(Dump(*plain), Dump(*written));
                ++defaults;
            }
        });
    EXPECT_GT(defaults, 25u);
}

TEST(ConfigSchema, HasEachKindOfObjectOnce)
{
    const Json schema = ConfigSchema();
    EXPECT_EQ(schema.at("$schema"), SCHEMA_DIALECT);
    EXPECT_EQ(schema.at("additionalProperties"), false);
    for (const char* name :
         {"connection", "child", "authentication", "secrets", "secret", "charon", "policy"})
    {
        ASSERT_TRUE(schema.at("$defs").contains(name)) << name;
        EXPECT_EQ(schema.at("$defs").at(name).at("additionalProperties"), false) << name;
    }
    const Json& connection = schema.at("$defs").at("connection");
    EXPECT_EQ(connection.at("required"), Json({"local", "remote"}));
    EXPECT_EQ(connection.at("properties").at("local_port").at("default"), 500);
    EXPECT_EQ(connection.at("properties").at("rekey_time").at("default"), "4h");
    EXPECT_EQ(connection.at("properties").at("mobike").at("deprecated"), true);
    EXPECT_EQ(connection.at("properties").at("children").at("additionalProperties").at("$ref"),
              "#/$defs/child");
}

TEST(ConfigSchema, AKeyOfAnotherLevelIsToldWhereItBelongs)
{
    struct Misplaced
    {
        const char* place;
        const char* key;
        const char* owner;
    };

    for (const Misplaced& row :
         {Misplaced{"/connections/sw", "local_ts", "connections.NAME.children.NAME"},
          Misplaced{"", "proposals", "connections.NAME"},
          Misplaced{"/connections/sw/children/net", "dpd_delay", "connections.NAME"},
          Misplaced{"/connections/sw", "retransmit_tries", "charon"},
          Misplaced{"/connections/sw", "auth", "connections.NAME.local and .remote"}})
    {
        Json document = ShortDocument();
        document.at(Json::json_pointer(row.place))[row.key] = "x";
        const auto config = ReadConfig(document);
        ASSERT_FALSE(config) << row.key;
        EXPECT_EQ(config.error().problem,
                  fmt::format("unknown key '{}' here: it belongs to {}", row.key, row.owner));
        EXPECT_EQ(config.error().nearest, "");
        EXPECT_THAT(config.error().expected, HasSubstr("one of "));
    }
}

} // namespace

} // namespace ikelab::gateway
