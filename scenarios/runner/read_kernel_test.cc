// SPDX-License-Identifier: GPL-2.0-only
#include "runner/read_scenario.h"
#include "runner/scenario_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

namespace ikelab::runner
{

namespace
{

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// alice and sun are kernels, moon and isp are simulated.
constexpr std::string_view REAL = R"({
  "clock": "real", "duration": "10s",
  "nodes": {"alice": {"kernel": {}}, "moon": {}, "isp": {}, "sun": {"kernel": {"netns": "sun"}}},
  "links": {
    "left": {"ends": {"alice/tap0": "10.1.0.10/24", "moon/lan": "10.1.0.1/24"}},
    "wan": {"ends": {"moon/wan": "192.0.2.1/24", "isp/moon": "192.0.2.2/24"}, "loss": "2%"},
    "access": {"ends": {"isp/sun": "198.51.100.1/24", "sun/tap0": "198.51.100.2/24"}}
  },
  "connections": {
    "moon": {"site": {"local_addrs": "192.0.2.1", "remote_addrs": "198.51.100.2",
      "local": {"auth": "psk"}, "remote": {"auth": "psk"},
      "children": {"net": {"local_ts": "10.1.0.0/24", "remote_ts": "10.2.0.0/24"}}}}
  },
  "secrets": {"ike": {"secret": "top"}}
})";

ScenarioText
With(std::initializer_list<std::string_view> changes)
{
    auto text = ScenarioText::Parse(REAL, "real.json");
    EXPECT_TRUE(text) << text.error();
    for (const std::string_view change : changes)
    {
        const auto done = text->Set(change);
        EXPECT_TRUE(done) << done.error();
    }
    return std::move(*text);
}

/// What the user would see after where it stands.
std::string
Complaints(std::initializer_list<std::string_view> changes)
{
    const ScenarioText text = With(changes);
    Problems problems;
    ReadScenario(text.Root(), "real", problems);
    std::string lines;
    for (const Problem& problem : problems.List())
    {
        lines += lines.empty() ? "" : "\n";
        lines += Format(problem, "");
    }
    return lines;
}

TEST(ReadKernel, KernelNodesHaveTapDevicesForInterfaces)
{
    const ScenarioText text = With({});
    Problems problems;
    const Scenario s = ReadScenario(text.Root(), "real", problems);
    ASSERT_TRUE(problems.Empty()) << Complaints({});
    EXPECT_EQ(s.clock, Clock::REAL);
    EXPECT_TRUE(s.IsKernel(0));
    EXPECT_EQ(s.nodes[0].kernel->netns, "");
    EXPECT_EQ(s.nodes[3].kernel->netns, "sun");
    EXPECT_EQ(s.KernelEnd(0), 0u);
    EXPECT_EQ(s.KernelEnd(1), std::nullopt);
    EXPECT_EQ(s.KernelEnd(2), 1u);
    EXPECT_EQ(s.links[2].ends[1].name, "tap0");
}

TEST(ReadKernel, TheCaptureShowsTheSimulatedEnds)
{
    const ScenarioText text = With({});
    Problems problems;
    const Scenario s = ReadScenario(text.Root(), "real", problems);
    std::vector<std::string> names;
    for (const auto& [link, end] : s.recorded)
    {
        names.push_back(s.InterfaceName(link, end));
    }
    EXPECT_EQ(names, (std::vector<std::string>{"moon/lan", "moon/wan", "isp/moon", "isp/sun"}));
    EXPECT_THAT(Complaints({R"(record={"interfaces": ["sun/tap0"]})"}),
                HasSubstr("sun/tap0 is the kernel's; expected isp/sun, which sees the same"));
}

TEST(ReadKernel, VirtualTimeIsTheDefault)
{
    EXPECT_EQ(Scenario{}.clock, Clock::VIRTUAL);
    EXPECT_THAT(Complaints({"clock=virtual"}), StartsWith(": /nodes/alice/kernel: "));
    EXPECT_THAT(Complaints({"clock=virtual"}), HasSubstr("expected \"clock\": \"real\""));
    EXPECT_THAT(Complaints({"clock=wall"}), HasSubstr("/clock: unknown word \"wall\""));
}

TEST(ReadKernel, MistakesAreToldWhereTheyAre)
{
    struct Case
    {
        const char* change;
        const char* complaint;
    };

    for (const Case& bad : {
             Case{"nodes.sun.kernel.netns=5", ": /nodes/sun/kernel/netns: the number 5; expected"},
             Case{"nodes.sun.kernel.netns=",
                  ": /nodes/sun/kernel/netns: is empty; expected a name"},
             Case{"nodes.sun.kernel=true", ": /nodes/sun/kernel: true; expected an object"},
             Case{R"(nodes.sun.kernel={"net": "sun"})", ": /nodes/sun/kernel/net: unknown key"},
             Case{R"(nodes.sun.routes={"default": "198.51.100.1"})",
                  ": /nodes/sun/routes: a kernel node has its own routes; expected `ip route add`"},
             Case{"nodes.sun.default_action=discard",
                  ": /nodes/sun/default_action: sun is a kernel node; expected an IKE daemon's"},
             Case{R"(connections.sun={"site": {"children": {"net": {}}}})",
                  ": /connections/sun: sun is a kernel node"},
             Case{"links.left.delay=1ms", ": /links/left/delay: the link to alice is a TAP device"},
             Case{"links.access.loss=1%", ": /links/access/loss: the link to sun is a TAP device"},
             Case{"links.access.rate=1mbit", ": /links/access/rate: the link to sun is a TAP"},
             Case{"links.access.limit=5", ": /links/access/limit: the link to sun is a TAP device"},
             Case{R"(links.left.ends={"alice/t0": "10.1.0.10/24", "sun/t1": "10.1.0.1/24"})",
                  ": /links/left/ends: both nodes are the kernel's; expected a node of ns-3"},
             Case{R"(links.left.ends={"alice/a-name-of-16-lett": "10.1.0.10/24",)"
                  R"( "moon/lan": "10.1.0.1/24"})",
                  ": /links/left/ends/alice~1a-name-of-16-lett: \"a-name-of-16-lett\" cannot name"},
             Case{R"(traffic={"a": {"kind": "ping", "from": "alice", "to": "moon"}})",
                  ": /traffic/a/from: alice is a kernel node; expected a node of ns-3, or traffic"},
             Case{R"(traffic={"a": {"kind": "udp", "from": "moon", "to": "alice"}})",
                  ": /traffic/a/to: alice is a kernel node; expected a node of ns-3; only a"},
             Case{R"(timeline=[{"at": "1s", "do": "change_link", "link": "left", "up": false}])",
                  ": /timeline/0/link: left is a TAP device; expected a link between nodes"},
         })
    {
        const std::string complaints = Complaints({bad.change});
        EXPECT_THAT(complaints, StartsWith(bad.complaint)) << bad.change;
        EXPECT_EQ(complaints.find('\n'), std::string::npos)
            << "one mistake, one line: " << complaints;
    }
}

TEST(ReadKernel, APingMayEndAtAKernel)
{
    EXPECT_EQ(Complaints({R"(traffic={"a": {"kind": "ping", "from": "moon", "to": "alice"}})"}),
              "");
}

} // namespace

} // namespace ikelab::runner
