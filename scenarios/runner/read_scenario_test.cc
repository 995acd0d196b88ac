// SPDX-License-Identifier: GPL-2.0-only
#include "runner/read_scenario.h"
#include "runner/scenario_text.h"

#include <gtest/gtest.h>

namespace ikelab::runner
{

namespace
{

using namespace std::chrono_literals;

/// Line numbers of the table below count from here.
constexpr std::string_view GOOD = R"({
  "title": "Two gateways",
  "epoch": "2026-06-01T00:00:00Z",
  "seed": 7,
  "duration": "10s",
  "nodes": {
    "alice": {},
    "moon": {"routes": {"10.2.0.0/16": "192.0.2.2"}},
    "sun": {}
  },
  "links": {
    "left": {"ends": {"alice/eth0": "10.1.0.10/24", "moon/eth1": "10.1.0.1/24"}},
    "wan": {
      "ends": {"moon/eth0": ["192.0.2.1/24", "2001:db8::1/64"],
               "sun/eth0": ["192.0.2.2/24", "2001:db8::2/64"]},
      "delay": "40ms", "loss": "1%", "rate": "100mbit", "mtu": 1500
    }
  },
  "connections": {
    "moon": {"site": {"local_addrs": "192.0.2.1", "remote_addrs": "192.0.2.2",
      "proposals": "aes256gcm16-prfsha256-x25519", "local": {"auth": "psk"},
      "remote": {"auth": "psk"},
      "children": {"net": {"local_ts": "10.1.0.0/16", "remote_ts": "10.2.0.0/16"}}}}
  },
  "secrets": {"ike": {"secret": "top"}},
  "traffic": {
    "echo": {"kind": "ping", "from": "alice", "to": "moon", "start": "2s", "count": 3},
    "file": {"kind": "tcp", "from": "moon/eth0", "to": "2001:db8::2", "bytes": 5000}
  },
  "timeline": [
    {"at": "3s", "do": "terminate", "node": "moon", "connection": "site"},
    {"at": "1s", "do": "initiate", "node": "moon", "child": "net"},
    {"at": "2s", "do": "change_link", "link": "wan", "up": false}
  ],
  "expect": {
    "nodes": {"moon": {"ike_sas_established": 1, "setup_time": {"max": "500ms"}}},
    "traffic": {"echo": {"loss": {"min": "0%", "max": "50%"}}},
    "links": {"wan": {"clear_packets": 0}}
  },
  "record": {"interfaces": ["sun/eth0"]}
})";

/// What the user would see, one problem a line.
std::string
Complaints(const std::string& json)
{
    const auto text = ScenarioText::Parse(json, "s.json");
    if (!text)
    {
        return text.error();
    }
    Problems problems;
    ReadScenario(text->Root(), "s", problems);
    std::string lines;
    for (const Problem& problem : problems.List())
    {
        lines += lines.empty() ? "" : "\n";
        lines += text->Explain(problem);
    }
    return lines;
}

/// The good scenario with one text replaced.
std::string
With(std::string_view from, std::string_view to)
{
    std::string text(GOOD);
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

struct BadCase
{
    const char* name;
    const char* from;
    const char* to;
    const char* complaint; ///< the whole line
};

void
PrintTo(const BadCase& bad, std::ostream* stream)
{
    *stream << bad.from << " -> " << bad.to;
}

const BadCase BAD_CASES[] = {
    {"UnknownTopKey",
     "\"seed\": 7",
     "\"sede\": 7",
     "s.json:4:3: /sede: unknown key \"sede\"; expected one of $schema, title, description, clock, "
     "epoch, seed, duration, nodes, links, connections, secrets, charon, traffic, timeline, "
     "expect, record; did you mean \"seed\"?"},
    {"UnknownLinkKey",
     "\"delay\": \"40ms\"",
     "\"dealy\": \"40ms\"",
     "s.json:16:7: /links/wan/dealy: unknown key \"dealy\"; expected one of ends, delay, loss, "
     "rate, mtu, limit; did you mean \"delay\"?"},
    {"WrongUnitOfTime",
     "\"40ms\"",
     "\"40mbit\"",
     "s.json:16:16: /links/wan/delay: the text \"40mbit\"; expected a time with its unit, such as "
     "\"40ms\", \"30s\" or \"4h\""},
    {"NoUnitOfTime",
     "\"40ms\"",
     "40",
     "s.json:16:16: /links/wan/delay: the number 40; expected a time with its unit, such as "
     "\"40ms\", \"30s\" or \"4h\""},
    {"WrongUnitOfLoss",
     "\"1%\"",
     "0.01",
     "s.json:16:32: /links/wan/loss: the number 0.01; expected a percentage, such as \"1%\" or "
     "\"0.5%\""},
    {"WrongUnitOfRate",
     "\"100mbit\"",
     "\"100mb\"",
     "s.json:16:46: /links/wan/rate: the text \"100mb\"; expected a rate in bit, kbit, mbit or "
     "gbit, such as \"100mbit\""},
    {"MtuTooSmallForV6",
     "\"mtu\": 1500",
     "\"mtu\": 600",
     "s.json:16:64: /links/wan/mtu: the number 600; expected a whole number from 1280 to 65535"},
    {"NegativeSeed",
     "\"seed\": 7",
     "\"seed\": -7",
     "s.json:4:11: /seed: the number -7; expected a whole number, 1 or more"},
    {"NoDuration",
     "\"duration\": \"10s\",",
     "",
     "s.json:1:1: \"duration\" is missing; expected how long to run, such as \"30s\""},
    {"ZeroDuration",
     "\"10s\"",
     "\"0s\"",
     "s.json:5:15: /duration: the text \"0s\"; expected more than 0s and at most 366d"},
    {"BadEpoch",
     "2026-06-01T",
     "2026-06-31T",
     "s.json:3:12: /epoch: the text \"2026-06-31T00:00:00Z\"; expected a moment such as "
     "\"2026-01-01T00:00:00Z\""},
    {"MissingNode",
     "\"sun/eth0\": [",
     "\"sum/eth0\": [",
     "s.json:15:16: /links/wan/ends/sum~1eth0: unknown node \"sum\"; expected one of alice, moon, "
     "sun; did you mean \"sun\"?"},
    {"NoInterface",
     "\"sun/eth0\": [",
     "\"sun\": [",
     "s.json:15:16: /links/wan/ends/sun: \"sun\" names no interface; expected node/interface, such "
     "as \"moon/eth0\""},
    {"InterfaceTwice",
     "\"moon/eth1\": \"10",
     "\"moon/eth0\": \"10",
     "s.json:14:16: /links/wan/ends/moon~1eth0: moon/eth0 is at /links/left/ends/moon~1eth0 "
     "already; expected an interface of its own for each link"},
    {"AddressTwice",
     "10.1.0.10/24",
     "10.1.0.1/24",
     "s.json:12:65: /links/left/ends/moon~1eth1: 10.1.0.1 is at /links/left/ends/alice~1eth0 "
     "already; expected an address of its own for each interface"},
    {"AddressWithoutPrefix",
     "10.1.0.10/24",
     "10.1.0.10",
     "s.json:12:37: /links/left/ends/alice~1eth0: the text \"10.1.0.10\"; expected an address with "
     "its prefix length, such as \"10.1.0.1/24\""},
    {"SubnetsDiffer",
     "10.1.0.10/24",
     "10.9.0.10/24",
     "s.json:12:22: /links/left/ends: 10.9.0.10 of alice/eth0 has no neighbour at the other end; "
     "expected an address in 10.9.0.0/24 at moon/eth1"},
    {"OneEnd",
     ", \"moon/eth1\": \"10.1.0.1/24\"",
     "",
     "s.json:12:22: /links/left/ends: 1 ends; expected an object of two: \"node/interface\": "
     "\"address/prefix\""},
    {"BadNodeName",
     "\"alice\": {}",
     "\"al ice\": {}, \"alice\": {}",
     "s.json:7:5: /nodes/al ice: \"al ice\" cannot name a node; expected 1 to 40 letters, digits, "
     "'-' or '_'"},
    {"RouteOverNoNeighbour",
     "\"192.0.2.2\"}}",
     "\"192.0.2.9\"}}",
     "s.json:8:40: /nodes/moon/routes/10.2.0.0~116: 192.0.2.9 is no neighbour of moon; expected "
     "the "
     "address at the other end of one of its links"},
    {"ImpossibleProposal",
     "aes256gcm16-prfsha256-x25519",
     "aes256gcm16-prfsha256-x25591",
     "s.json:21:20: /connections/moon/site/proposals"},
    {"UnknownConnectionKey",
     "\"local_addrs\"",
     "\"local_addr\"",
     "s.json:20:23: /connections/moon/site/local_addr: unknown key"},
    {"ConnectionsOfNobody",
     "\"moon\": {\"site\"",
     "\"mooon\": {\"site\"",
     "s.json:20:5: /connections/mooon: unknown node \"mooon\"; expected one of alice, moon, sun; "
     "did you mean \"moon\"?"},
    {"ForeignLocalAddress",
     "\"local_addrs\": \"192.0.2.1\"",
     "\"local_addrs\": \"192.0.2.2\"",
     "s.json:20:38: /connections/moon/site/local_addrs: unknown address of moon \"192.0.2.2\"; "
     "expected one of 10.1.0.1, 192.0.2.1, 2001:db8::1; did you mean \"192.0.2.1\"?"},
    {"BadSharedSecret",
     "\"secret\": \"top\"",
     "\"sekret\": \"top\"",
     "s.json:25:23: /secrets/ike/sekret: unknown key"},
    {"NoSecret",
     "\"secrets\": {\"ike\": {\"secret\": \"top\"}},",
     "",
     "s.json:20:22: /connections/moon/site: no secret for local id"},
    {"TunnelDevice",
     "\"remote_ts\": \"10.2.0.0/16\"",
     "\"remote_ts\": \"10.2.0.0/16\", \"if_id_in\": 7, \"if_id_out\": 7",
     "s.json:23:27: /connections/moon/site/children/net: if_id_out is of a tunnel device, and a "
     "scenario's nodes have none; expected no if_id_in and if_id_out"},
    {"UnknownKind",
     "\"kind\": \"ping\"",
     "\"kind\": \"pong\"",
     "s.json:27:22: /traffic/echo/kind: unknown kind \"pong\"; expected one of ping, udp, tcp; did "
     "you mean \"ping\"?"},
    {"KeyOfAnotherKind",
     "\"bytes\": 5000",
     "\"bytes\": 5000, \"count\": 3",
     "s.json:28:86: /traffic/file/count: unknown key \"count\"; expected one of kind, from, to, "
     "family, start, bytes"},
    {"TrafficFromNobody",
     "\"from\": \"alice\"",
     "\"from\": \"alise\"",
     "s.json:27:38: /traffic/echo/from: unknown node \"alise\"; expected one of alice, moon, sun; "
     "did you mean \"alice\"?"},
    {"TrafficToForeignAddress",
     "2001:db8::2\", \"bytes",
     "2001:db8::9\", \"bytes",
     "s.json:28:56: /traffic/file/to: unknown address \"2001:db8::9\"; expected one of alice, "
     "moon, "
     "sun"},
    {"TrafficWithoutFamily",
     "\"to\": \"moon\",",
     "\"to\": \"moon\", \"family\": \"ipv6\",",
     "s.json:27:13: /traffic/echo: alice and moon have no ipv6 addresses in common; expected ends "
     "of one family"},
    {"TrafficAfterTheEnd",
     "\"start\": \"2s\"",
     "\"start\": \"2m\"",
     "s.json:27:70: /traffic/echo/start: begins after the run has ended; expected a time within "
     "\"duration\""},
    {"UnknownDeed",
     "\"do\": \"initiate\"",
     "\"do\": \"initiat\"",
     "s.json:32:24: /timeline/1/do: unknown deed \"initiat\"; expected one of initiate, terminate, "
     "liveness, change_link; did you mean \"initiate\"?"},
    {"NoDeed",
     "\"do\": \"initiate\", ",
     "",
     "s.json:32:5: /timeline/1: \"do\" is missing; expected one of initiate, terminate, liveness, "
     "change_link"},
    {"UnknownChild",
     "\"child\": \"net\"",
     "\"child\": \"nets\"",
     "s.json:32:61: /timeline/1/child: unknown child \"nets\"; expected one of net; did you mean "
     "\"net\"?"},
    {"UnknownConnection",
     "\"connection\": \"site\"",
     "\"connection\": \"side\"",
     "s.json:31:67: /timeline/0/connection: unknown connection \"side\"; expected one of site; did "
     "you mean \"site\"?"},
    {"TellsAHost",
     "\"node\": \"moon\", \"child\"",
     "\"node\": \"alice\", \"child\"",
     "s.json:32:44: /timeline/1/node: unknown gateway \"alice\"; expected one of moon"},
    {"NothingChanges",
     ", \"up\": false",
     "",
     "s.json:33:47: /timeline/2/link: nothing changes; expected \"up\", \"delay\" or \"loss\" "
     "beside "
     "it"},
    {"UnknownMetric",
     "\"clear_packets\"",
     "\"clear_packet\"",
     "s.json:38:23: /expect/links/wan/clear_packet: unknown key \"clear_packet\"; expected one of "
     "frames, frames_lost, clear_packets; did you mean \"clear_packets\"?"},
    {"WrongUnitOfClaim",
     "\"max\": \"500ms\"",
     "\"max\": 500",
     "s.json:36:72: /expect/nodes/moon/setup_time/max: the number 500; expected a time such as "
     "\"500ms\""},
    {"ImpossibleClaim",
     "\"min\": \"0%\"",
     "\"min\": \"60%\"",
     "s.json:37:34: /expect/traffic/echo/loss: nothing is at least 60%, at most 50%; expected "
     "\"min\" "
     "not above \"max\""},
    {"RouteOfTwoFamilies",
     "\"192.0.2.2\"}}",
     "\"2001:db8::2\"}}",
     "s.json:8:40: /nodes/moon/routes/10.2.0.0~116: 2001:db8::2 is of another family than "
     "10.2.0.0/16; expected an IPv4 address"},
    {"SetWithoutExtends",
     "\"seed\": 7,",
     "\"seed\": 7, \"set\": {},",
     "s.json:4:21: /set: changes nothing without \"extends\"; expected the name of a scenario in "
     "\"extends\", or no \"set\""},
    {"ClaimOnAHost",
     "\"nodes\": {\"moon\": {\"ike_sas",
     "\"nodes\": {\"alice\": {\"ike_sas",
     "s.json:36:15: /expect/nodes/alice: alice is no gateway, so nothing of it is counted; "
     "expected "
     "a node with connections"},
    {"RecordsNothingKnown",
     "[\"sun/eth0\"]",
     "[\"sun/eth1\"]",
     "s.json:40:29: /record/interfaces/0: unknown interface \"sun/eth1\"; expected one of "
     "alice/eth0, moon/eth1, moon/eth0, sun/eth0; did you mean \"sun/eth0\"?"},
    {"SyntaxError", "\"seed\": 7,", "\"seed\": 7", "s.json:5:3: "},
    {"DuplicateKey", "\"seed\": 7,", "\"seed\": 7, \"seed\": 8,", "s.json:4:14: "},
};

class BadScenario : public testing::TestWithParam<BadCase>
{
};

} // namespace

TEST_P(BadScenario, IsToldWithPlaceAndRemedy)
{
    const BadCase& bad = GetParam();
    const std::string complaints = Complaints(With(bad.from, bad.to));
    EXPECT_TRUE(complaints.starts_with(bad.complaint))
        << "said:   " << complaints << "\nwanted: " << bad.complaint;
    EXPECT_EQ(complaints.find('\n'), std::string::npos) << "one mistake, one line: " << complaints;
    EXPECT_NE(complaints.find("expected "), std::string::npos) << complaints;
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         BadScenario,
                         testing::ValuesIn(BAD_CASES),
                         [](const testing::TestParamInfo<BadCase>& bad) { return bad.param.name; });

TEST(ReadScenario, ReadsTheWholeFormat)
{
    ASSERT_EQ(Complaints(std::string(GOOD)), "");
    Problems problems;
    const Scenario s = ReadScenario(ScenarioText::Parse(GOOD, "s.json")->Root(), "two", problems);
    EXPECT_EQ(s.name, "two");
    EXPECT_EQ(s.epoch, 1780272000s);
    EXPECT_EQ(s.seed, 7u);
    EXPECT_EQ(s.duration, 10s);
    ASSERT_EQ(s.nodes.size(), 3u);
    EXPECT_FALSE(s.nodes[0].ipsec);
    ASSERT_TRUE(s.nodes[1].ipsec);
    EXPECT_EQ(s.nodes[1].ipsec->ike.connections.at(0)->children.at(0).name, "net");
    ASSERT_EQ(s.nodes[1].routes.size(), 1u);
    EXPECT_EQ(s.nodes[1].routes[0].via, *IpAddress::Parse("192.0.2.2"));
    ASSERT_EQ(s.links.size(), 2u);
    const Link& wan = s.links[1];
    EXPECT_EQ(wan.name, "wan");
    EXPECT_EQ(wan.quality.delay, 40ms);
    EXPECT_EQ(wan.quality.loss, 0.01);
    EXPECT_EQ(wan.rate, 100'000'000u);
    EXPECT_EQ(wan.ends[1].addresses.at(1).address, *IpAddress::Parse("2001:db8::2"));
    EXPECT_EQ(s.InterfaceName(1, 0), "moon/eth0");
    ASSERT_EQ(s.flows.size(), 2u);
    EXPECT_EQ(s.flows[0].source, *IpAddress::Parse("10.1.0.10"));
    EXPECT_EQ(s.flows[0].destination, *IpAddress::Parse("10.1.0.1")) << "the main address of moon";
    EXPECT_EQ(s.flows[1].kind, FlowKind::TCP);
    EXPECT_EQ(s.flows[1].source, *IpAddress::Parse("2001:db8::1")) << "the family of the other end";
    EXPECT_EQ(s.flows[1].bytes, 5000u);
    ASSERT_EQ(s.timeline.size(), 3u);
    EXPECT_EQ(s.timeline[0].at, 1s) << "in the order of time";
    EXPECT_EQ(std::get<Command>(s.timeline[0].action).name, "site/net");
    EXPECT_EQ(std::get<LinkChange>(s.timeline[1].action).up, false);
    EXPECT_EQ(std::get<Command>(s.timeline[2].action).kind, Command::Kind::TERMINATE);
    ASSERT_EQ(s.claims.size(), 4u);
    EXPECT_EQ(s.claims[1].highest, 5e8);
    EXPECT_EQ(s.claims[1].wanted, "at most 500ms");
    EXPECT_EQ(s.claims[2].lowest, 0.0);
    EXPECT_EQ(s.SubjectName(s.claims[3]), "wan");
    ASSERT_EQ(s.recorded.size(), 1u);
    EXPECT_EQ(s.InterfaceName(s.recorded[0].first, s.recorded[0].second), "sun/eth0");
}

TEST(ReadScenario, TellsAllProblemsAtOnce)
{
    const std::string complaints =
        Complaints(With("\"40ms\", \"loss\": \"1%\"", "40, \"loss\": 1"));
    EXPECT_NE(complaints.find("/links/wan/delay"), std::string::npos);
    EXPECT_NE(complaints.find("/links/wan/loss"), std::string::npos);
}

TEST(ReadScenario, SurvivesAnyValueAnywhere)
{
    // Each member of the scenario in turn becomes each kind of value: no crash, and a complaint or
    // a scenario.
    const Json good = ScenarioText::Parse(GOOD, "s.json")->Root();
    const Json flat = good.flatten();
    std::vector<std::string> pointers;
    for (const auto& [pointer, value] : flat.items())
    {
        std::string part = pointer;
        while (!part.empty())
        {
            pointers.push_back(part);
            part = part.substr(0, part.rfind('/'));
        }
    }
    size_t complaints = 0;
    for (const std::string& pointer : pointers)
    {
        for (const Json& value : {Json(nullptr),
                                  Json(true),
                                  Json(-1),
                                  Json(1e300),
                                  Json("\xff"),
                                  Json::array({Json::object()}),
                                  Json::parse(R"({"": {"": []}})")})
        {
            Json bad = good;
            bad[Json::json_pointer(pointer)] = value;
            Problems problems;
            ReadScenario(bad, "s", problems);
            complaints += problems.Empty() ? 0 : 1;
            for (const Problem& problem : problems.List())
            {
                EXPECT_FALSE(problem.problem.empty()) << problem.pointer;
                EXPECT_FALSE(problem.expected.empty()) << problem.pointer << problem.problem;
            }
        }
    }
    EXPECT_GT(complaints, pointers.size() * 5) << "nearly all of them are wrong";
}

} // namespace ikelab::runner
