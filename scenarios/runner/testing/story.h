// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "gateway/event.h"
#include "runner/read_scenario.h"
#include "runner/results.h"
#include "runner/scenario_text.h"

#include <gtest/gtest.h>

#include <memory>
#include <string_view>

/// alice -- moon == sun -- bob, and what its gateways would tell, for tests of whatever looks at
/// it.
namespace ikelab::runner::testing
{

inline constexpr NodeIndex ALICE = 0;
inline constexpr NodeIndex MOON = 1;
inline constexpr NodeIndex SUN = 2;
inline constexpr NodeIndex BOB = 3;
inline constexpr LinkIndex LEFT = 0;
inline constexpr LinkIndex WAN = 1;
inline constexpr LinkIndex RIGHT = 2;

inline constexpr std::string_view STORY = R"({
  "duration": "10s", "seed": 7, "title": "A story",
  "nodes": {"alice": {}, "moon": {}, "sun": {}, "bob": {}},
  "links": {
    "left": {"ends": {"alice/eth0": ["10.1.0.10/24", "fd01::10/64"], "moon/lan": ["10.1.0.1/24", "fd01::1/64"]}},
    "wan": {"ends": {"moon/wan": "192.0.2.1/24", "sun/wan": "192.0.2.2/24"}, "delay": "40ms", "loss": "1%"},
    "right": {"ends": {"sun/lan": ["10.2.0.1/24", "fd02::1/64"], "bob/eth0": ["10.2.0.10/24", "fd02::10/64"]}}
  },
  "connections": {
    "moon": {"site": {"local_addrs": "192.0.2.1", "remote_addrs": "192.0.2.2",
      "local": {"auth": "psk"}, "remote": {"auth": "psk"},
      "children": {"net": {"local_ts": "10.1.0.0/16", "remote_ts": "10.2.0.0/16"}}}},
    "sun": {"site": {"local_addrs": "192.0.2.2", "remote_addrs": "192.0.2.1",
      "local": {"auth": "psk"}, "remote": {"auth": "psk"},
      "children": {"net": {"local_ts": "10.2.0.0/16", "remote_ts": "10.1.0.0/16"}}}}
  },
  "secrets": {"ike": {"secret": "top"}},
  "traffic": {
    "ping": {"kind": "ping", "from": "alice", "to": "bob"},
    "file": {"kind": "tcp", "from": "alice", "to": "bob", "bytes": 1000}
  }
})";

/// The story with some values changed: {"expect.links.wan.clear_packets=0"}.
inline Scenario
ReadStory(std::initializer_list<std::string_view> changes = {})
{
    auto text = ScenarioText::Parse(STORY, "story.json");
    EXPECT_TRUE(text) << text.error();
    for (const std::string_view change : changes)
    {
        const auto done = text->Set(change);
        EXPECT_TRUE(done) << done.error();
    }
    Problems problems;
    Scenario scenario = ReadScenario(text->Root(), "story", problems);
    for (const Problem& problem : problems.List())
    {
        ADD_FAILURE() << text->Explain(problem);
    }
    return scenario;
}

/// Room for what happens to all parts of the story.
inline RunResult
MakeResult(const Scenario& scenario)
{
    RunResult result;
    result.gateways.resize(scenario.nodes.size());
    result.flows.resize(scenario.flows.size());
    result.links.resize(scenario.links.size());
    return result;
}

inline Instant
At(int64_t milliseconds)
{
    return Instant{std::chrono::milliseconds(milliseconds)};
}

inline Path
PathOf(NodeIndex node)
{
    const SocketAddress moon{*IpAddress::Parse("192.0.2.1"), 500};
    const SocketAddress sun{*IpAddress::Parse("192.0.2.2"), 500};
    return node == MOON ? Path{moon, sun} : Path{sun, moon};
}

/// A message as one end tells of it.
inline ike::MessageEvent
Message(NodeIndex node, bool sent, bool response, uint32_t id, unsigned retransmission = 0)
{
    ike::MessageEvent event;
    event.sent = sent;
    event.sa = IkeSaId{1};
    event.path = PathOf(node);
    event.spis = {IkeSpi{0x11}, IkeSpi{0x22}};
    event.exchange = wire::ExchangeType::INFORMATIONAL;
    event.response = response;
    event.id = MessageId{id};
    event.retransmission = retransmission;
    event.octets = 57;
    event.summary = "[ ]";
    return event;
}

inline ike::IkeSaEstablished
Established(NodeIndex node, Duration setupTime)
{
    ike::IkeSaEstablished event;
    event.sa = IkeSaId{1};
    event.connection = "site";
    event.initiator = node == MOON;
    event.path = PathOf(node);
    event.spis = {IkeSpi{0x11}, IkeSpi{0x22}};
    event.setupTime = setupTime;
    return event;
}

inline ike::ChildSaInstalled
Installed(NodeIndex node, uint32_t inbound, uint32_t outbound)
{
    ike::ChildSaInstalled event;
    event.child = ChildSaId{1};
    event.sa = IkeSaId{1};
    event.connection = "site";
    auto config = std::make_shared<ike::ChildConfig>();
    config->name = "net";
    event.config = config;
    event.initiator = node == MOON;
    event.suite.encr = crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128);
    event.inboundSpi = EspSpi{inbound};
    event.outboundSpi = EspSpi{outbound};
    event.path = PathOf(node);
    return event;
}

} // namespace ikelab::runner::testing
