// SPDX-License-Identifier: MIT
#include "esp/testing/packets.h"
#include "gateway/child_policies.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ikelab::gateway
{
namespace
{

using esp::testing::MakePacket;

Selectors
Range(std::string_view range)
{
    return {Selector{*IpRange::Parse(range), 0, 0, 65535}};
}

ike::ChildConfig
Child(std::string name, Selectors local, Selectors remote)
{
    ike::ChildConfig child;
    child.name = std::move(name);
    child.localTs = std::move(local);
    child.remoteTs = std::move(remote);
    return child;
}

void
AddConnection(Config& config, std::string name, std::vector<ike::ChildConfig> children)
{
    auto connection = std::make_shared<ike::ConnectionConfig>();
    connection->name = std::move(name);
    connection->children = std::move(children);
    config.ike.connections.push_back(std::move(connection));
}

esp::PacketInfo
Packet(std::string_view source, std::string_view destination)
{
    return *esp::ReadPacket(MakePacket({.source = source, .destination = destination}));
}

/// The child that a packet belongs to; its action if it belongs to none.
std::string
Which(ChildPolicies& policies, std::string_view source, std::string_view destination)
{
    const auto rule = policies.Match(Packet(source, destination), true);
    if (!rule)
    {
        return "none";
    }
    switch (rule->action)
    {
    case esp::PolicyAction::BYPASS:
        return "bypass";
    case esp::PolicyAction::DISCARD:
        return "discard";
    case esp::PolicyAction::PROTECT:
        break;
    }
    return policies.Of(*rule).FullName();
}

TEST(ChildPolicies, KeepTheOrderOfTheConfiguration)
{
    Config config;
    AddConnection(config, "a", {Child("one", Range("10.1.0.0/16"), Range("10.2.0.0/16"))});
    AddConnection(config,
                  "b",
                  {Child("one", Range("10.0.0.0/8"), Range("10.0.0.0/8")),
                   Child("two", Range("10.1.1.0/24"), Range("10.3.1.0/24"))});
    ChildPolicies policies(config);
    EXPECT_EQ(Which(policies, "10.1.1.1", "10.2.1.1"), "a/one");
    EXPECT_EQ(Which(policies, "10.1.1.1", "10.3.1.1"), "b/one") << "before the more specific one";
    EXPECT_EQ(Which(policies, "10.1.1.1", "11.0.0.1"), "none");
}

// What another SA of the connection has sealed is nothing for its own children (RFC 4301 appendix
// E).
TEST(ChildPolicies, PassOverAConnectionsOwnChildrenTheSecondTime)
{
    Config config;
    config.policies = {{"", Action::DISCARD, Range("10.1.0.9"), Range("0.0.0.0/0")},
                       {"", Action::PROTECT, Range("10.1.0.8"), Range("0.0.0.0/0")}};
    AddConnection(config, "inner", {Child("one", Range("10.1.0.0/16"), Range("10.2.0.1"))});
    AddConnection(config, "outer", {Child("one", Range("10.1.0.0/24"), Range("10.2.0.0/16"))});
    ChildPolicies policies(config);
    const auto again = [&](std::string_view source, size_t connection)
    {
        return policies.MatchAgain(Packet(source, "10.2.0.1"), *config.ike.connections[connection]);
    };
    EXPECT_EQ(Which(policies, "10.1.0.1", "10.2.0.1"), "inner/one");
    ASSERT_TRUE(again("10.1.0.1", 0));
    EXPECT_EQ(policies.Of(*again("10.1.0.1", 0)).FullName(), "outer/one");
    EXPECT_EQ(policies.Of(*again("10.1.0.1", 1)).FullName(), "inner/one");
    EXPECT_FALSE(again("10.1.1.1", 0));
    EXPECT_EQ(again("10.1.0.9", 0)->action, esp::PolicyAction::DISCARD);
    EXPECT_EQ(policies.Of(*again("10.1.0.8", 0)).FullName(), "outer/one");
    EXPECT_EQ(Which(policies, "10.1.0.1", "10.2.0.1"), "inner/one") << "nothing was remembered";
}

TEST(ChildPolicies, KeepRoutedChildrenApart)
{
    Config config;
    ike::ChildConfig routed = Child("routed", Range("0.0.0.0/0"), Range("0.0.0.0/0"));
    routed.ifIdIn = routed.ifIdOut = 7;
    ike::ChildConfig adopting = Child("adopting", {}, {});
    adopting.ifIdIn = adopting.ifIdOut = 9;
    AddConnection(config,
                  "a",
                  {routed, adopting, Child("policy", Range("10.1.0.0/16"), Range("10.2.0.0/16"))});
    ChildPolicies policies(config);
    EXPECT_EQ(Which(policies, "10.1.0.1", "10.2.0.1"), "a/policy");
    EXPECT_EQ(Which(policies, "10.1.0.1", "10.3.0.1"), "none");
    const esp::PacketInfo packet = Packet("10.1.0.1", "10.2.0.1");
    ASSERT_TRUE(policies.MatchRouted(packet, 7));
    EXPECT_EQ(policies.Of(*policies.MatchRouted(packet, 7)).FullName(), "a/routed");
    EXPECT_FALSE(policies.MatchRouted(packet, 0));
    // Selectors that come with an SA stand where its child's would.
    EXPECT_FALSE(policies.MatchRouted(packet, 9));
    ike::ChildSaInstalled installed;
    installed.child = ChildSaId{1};
    installed.localTs = Range("10.1.0.0/24");
    installed.remoteTs = Range("10.2.0.0/24");
    policies.Adopt(*policies.Find("a", "adopting"), installed);
    ASSERT_TRUE(policies.MatchRouted(packet, 9));
    EXPECT_EQ(Which(policies, "10.1.0.1", "10.2.0.1"), "a/policy");
    policies.Release(ChildSaId{1});
    EXPECT_FALSE(policies.MatchRouted(packet, 9));
}

TEST(ChildPolicies, GoByNameWhereItIsUnambiguous)
{
    Config config;
    AddConnection(config, "a", {Child("one", {}, {}), Child("x/y", {}, {})});
    AddConnection(config, "b", {Child("one", {}, {}), Child("two", {}, {})});
    ChildPolicies policies(config);
    EXPECT_EQ((*policies.FindByName("two"))->FullName(), "b/two");
    EXPECT_EQ((*policies.FindByName("a/one"))->FullName(), "a/one");
    EXPECT_EQ((*policies.FindByName("x/y"))->FullName(), "a/x/y");
    EXPECT_EQ((*policies.FindByName("a/x/y"))->FullName(), "a/x/y");
    EXPECT_EQ(policies.FindByName("one").error().fault, Fault::BAD_VALUE);
    EXPECT_EQ(policies.FindByName("a/two").error().fault, Fault::NOT_FOUND);
    EXPECT_EQ(policies.FindByName("").error().fault, Fault::NOT_FOUND);
    EXPECT_EQ(policies.Find("b", "one")->FullName(), "b/one");
    EXPECT_EQ(policies.Find("c", "one"), nullptr);
    EXPECT_EQ(policies.Of("a").size(), 2u);
    EXPECT_TRUE(policies.Of("c").empty());
}

TEST(ChildPolicies, ProtectByConfiguredRuleOnlyWithAChild)
{
    Config config;
    config.policies = {
        {"", Action::BYPASS, Range("10.1.0.1"), Range("0.0.0.0/0")},
        {"", Action::PROTECT, Range("10.1.0.0/16"), Range("0.0.0.0/0")},
        {"", Action::DISCARD, Range("10.1.0.0/16"), Range("10.2.0.0/16")},
    };
    ChildPolicies none(config);
    EXPECT_EQ(Which(none, "10.1.0.1", "10.2.0.1"), "bypass");
    EXPECT_EQ(Which(none, "10.1.0.2", "10.2.0.1"), "discard") << "nothing could protect it";
    EXPECT_EQ(Which(none, "10.9.0.2", "10.2.0.1"), "none");
    AddConnection(config, "a", {Child("wrong", Range("10.7.0.0/16"), Range("10.2.0.0/16"))});
    AddConnection(config, "b", {Child("right", Range("10.1.0.0/16"), Range("10.2.0.0/16"))});
    ChildPolicies both(config);
    EXPECT_EQ(Which(both, "10.1.0.2", "10.2.0.1"), "b/right");
    EXPECT_EQ(Which(both, "10.1.0.2", "10.3.0.1"), "discard");
}

TEST(ChildPolicies, AdoptWhatEveryPeerNegotiatedWhileItsSaLasts)
{
    Config config;
    AddConnection(config, "a", {Child("fixed", Range("10.1.0.0/16"), Range("10.2.0.0/16"))});
    AddConnection(config, "b", {Child("any", {}, {})});
    ChildPolicies policies(config);
    EXPECT_EQ(Which(policies, "10.5.0.1", "10.6.0.1"), "none");
    ike::ChildSaInstalled installed;
    for (const auto* remote : {"10.6.0.1", "10.6.0.2", "10.6.0.1"})
    {
        ++installed.child.value;
        installed.localTs = Range("10.5.0.1");
        installed.remoteTs = Range(remote);
        policies.Adopt(*policies.Find("b", "any"), installed);
    }
    EXPECT_EQ(Which(policies, "10.5.0.1", "10.6.0.1"), "b/any");
    EXPECT_EQ(Which(policies, "10.5.0.1", "10.6.0.2"), "b/any") << "the second peer too";
    EXPECT_EQ(Which(policies, "10.5.0.1", "10.6.0.3"), "none");
    policies.Release(ChildSaId{1});
    EXPECT_EQ(Which(policies, "10.5.0.1", "10.6.0.1"), "b/any") << "the third SA has it too";
    policies.Release(ChildSaId{3});
    EXPECT_EQ(Which(policies, "10.5.0.1", "10.6.0.1"), "none");
    EXPECT_EQ(Which(policies, "10.5.0.1", "10.6.0.2"), "b/any");
    policies.Release(ChildSaId{9});
    installed.child = ChildSaId{4};
    installed.remoteTs = Range("10.6.0.1");
    policies.Adopt(*policies.Find("b", "any"), installed);
    EXPECT_EQ(Which(policies, "10.5.0.1", "10.6.0.1"), "b/any") << "it came back";
    ++installed.child.value;
    policies.Adopt(*policies.Find("a", "fixed"), installed);
    ++installed.child.value;
    installed.remoteTs = Range("10.6.0.4");
    policies.Adopt(*policies.Find("a", "fixed"), installed);
    EXPECT_EQ(Which(policies, "10.5.0.1", "10.6.0.4"), "none") << "it has selectors of its own";
}

TEST(ChildPolicies, FindTheNewestSaThatFits)
{
    Config config;
    AddConnection(config, "a", {Child("one", Range("10.1.0.0/16"), Range("10.2.0.0/16"))});
    ChildPolicies policies(config);
    ChildPolicy& policy = *policies.Find("a", "one");
    const auto start = [&](uint32_t id, std::string_view remote)
    {
        policy.StartSending(
            ChildSaId{id},
            {esp::SelectorSet(Range("10.1.0.0/16")), esp::SelectorSet(Range(remote))});
    };
    const auto find = [&](std::string_view destination, uint32_t unusable = 0)
    {
        return policy
            .FindSending(Packet("10.1.0.1", destination),
                         [&](ChildSaId id) { return id.value != unusable; })
            .value_or(ChildSaId{0})
            .value;
    };
    EXPECT_FALSE(policy.Sends());
    start(1, "10.2.0.0/16");
    start(2, "10.2.0.0/16");
    start(3, "10.2.9.0/24");
    EXPECT_EQ(find("10.2.0.1"), 2u);
    EXPECT_EQ(find("10.2.9.1"), 3u);
    EXPECT_EQ(find("10.2.9.1", 3), 2u);
    EXPECT_EQ(find("10.2.0.1", 2), 1u);
    EXPECT_EQ(find("10.3.0.1"), 0u);
    policy.StopSending(ChildSaId{2});
    EXPECT_EQ(find("10.2.0.1"), 1u);
    EXPECT_TRUE(policy.Sends());
    policy.StopSending(ChildSaId{1});
    policy.StopSending(ChildSaId{3});
    EXPECT_FALSE(policy.Sends());
    policy.StartSending(ChildSaId{4},
                        {esp::SelectorSet(Range("10.1.0.0/16")),
                         esp::SelectorSet({Selector{*IpRange::Parse("10.2.0.0/16"), 17, 7, 7}})});
    EXPECT_EQ(find("10.2.0.1"), 4u);
    const auto fragment = esp::ReadPacket(
        MakePacket({.source = "10.1.0.1", .destination = "10.2.0.1", .fragmentField = 0x0010}));
    EXPECT_FALSE(policy.FindSending(*fragment, [](ChildSaId) { return true; }))
        << "its port may be another one";
}

TEST(ChildPolicies, KnowTheNewestThatSends)
{
    ChildPolicy policy;
    const auto start = [&](uint32_t id)
    {
        policy.StartSending(
            ChildSaId{id},
            {esp::SelectorSet(Range("10.1.0.0/16")), esp::SelectorSet(Range("10.2.0.0/16"))});
    };
    EXPECT_FALSE(policy.NewestSending());
    start(3);
    EXPECT_EQ(policy.NewestSending(), ChildSaId{3});
    start(5);
    start(4); // late
    EXPECT_EQ(policy.NewestSending(), ChildSaId{5});
    policy.StopSending(ChildSaId{3});
    EXPECT_EQ(policy.NewestSending(), ChildSaId{5});
    policy.StopSending(ChildSaId{5});
    EXPECT_NE(policy.NewestSending(), ChildSaId{5});
    start(6);
    EXPECT_EQ(policy.NewestSending(), ChildSaId{6});
}

/// No clock decides this test: a walk over all entries would take minutes and meet the time-out.
TEST(ChildPolicies, ServeAHundredThousandPeers)
{
    Config config;
    constexpr uint32_t PEERS = 100'000;
    const auto net = [](uint32_t peer)
    {
        const IpAddress first = IpAddress::V4(0x0b000000 + peer * 4);
        return Selectors{Selector{{first, IpAddress::V4(0x0b000000 + peer * 4 + 3)}, 0, 0, 65535}};
    };
    AddConnection(config, "hub", {Child("all", Range("10.0.0.0/8"), Range("11.0.0.0/8"))});
    for (uint32_t peer = 0; peer < PEERS; ++peer)
    {
        AddConnection(config,
                      "peer" + std::to_string(peer),
                      {Child("net" + std::to_string(peer), Range("10.0.0.0/7"), net(peer))});
    }
    std::swap(config.ike.connections.front(), config.ike.connections.back()); // "all" is last
    ChildPolicies policies(config);
    ChildPolicy& hub = *policies.Find("hub", "all");
    for (uint32_t peer = 0; peer < PEERS; ++peer)
    {
        hub.StartSending(ChildSaId{peer + 1},
                         {esp::SelectorSet(Range("10.0.0.0/8")), esp::SelectorSet(net(peer))});
    }
    esp::PacketInfo packet = Packet("10.1.0.1", "11.0.0.1");
    for (uint32_t peer = 0; peer + 1 < PEERS; ++peer)
    {
        packet.destination.low = 0x0b000000 + peer * 4 + 2;
        const auto rule = policies.Match(packet, true);
        ASSERT_TRUE(rule);
        ASSERT_EQ(policies.Of(*rule).child->name, "net" + std::to_string(peer));
        ASSERT_EQ(hub.FindSending(packet, [](ChildSaId) { return true; }), ChildSaId{peer + 1});
    }
    for (uint32_t peer = 0; peer < PEERS; ++peer)
    {
        hub.StopSending(ChildSaId{peer + 1});
    }
    EXPECT_FALSE(hub.Sends());
}

} // namespace
} // namespace ikelab::gateway
