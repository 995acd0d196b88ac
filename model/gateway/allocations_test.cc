// SPDX-License-Identifier: MIT
#include "base/testing/allocations.h"
#include "esp/testing/packets.h"
#include "gateway/testing/gateway_pair.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

/**
 * A gateway in its stride allocates nothing for a packet, whatever way the packet takes through it.
 */
namespace ikelab::gateway
{
namespace
{

using esp::testing::MakePacket;
using testing::GatewayPair;
using testing::Json;
using testing::PairOptions;

/// More flows than the policy's cache holds: each packet of a round misses it.
constexpr size_t MANY_FLOWS = 500;

struct Case
{
    const char* name;
    const char* proposal{"aes128gcm16"};
    bool outerV6{false};
    bool innerV6{false};
    bool encap{false};
    bool transport{false};
    size_t flows{1};
    bool hidden{false}; ///< padded, and sun sends nothing but dummies
};

std::ostream&
operator<<(std::ostream& stream, const Case& c)
{
    return stream << c.name;
}

PairOptions
Options(const Case& c)
{
    PairOptions options;
    options.outerV6 = c.outerV6;
    options.both["connections"]["net"]["encap"] = c.encap;
    Json child{{"esp_proposals", c.proposal},
               {"replay_window", 256},
               // Limits that are never reached, but watched.
               {"rekey_time", "1h"},
               {"life_time", "2h"},
               {"rekey_bytes", "1000000000"},
               {"rekey_packets", "1000000"}};
    if (c.hidden)
    {
        child["tfc_padding"] = "mtu";
        child["dummy_interval"] = "11ms"; // the wire falls silent between them
    }
    options.both["connections"]["net"]["children"]["net"] = child;
    if (c.transport)
    {
        const char* const moon = c.outerV6 ? "2001:db8::1" : "192.0.2.1";
        const char* const sun = c.outerV6 ? "2001:db8::2" : "192.0.2.2";
        for (const bool left : {true, false})
        {
            Json& end = left ? options.moon : options.sun;
            end["connections"]["net"]["children"]["net"] = {{"mode", "transport"},
                                                            {"local_ts", left ? moon : sun},
                                                            {"remote_ts", left ? sun : moon}};
        }
    }
    return options;
}

std::vector<Buffer>
Flows(const Case& c)
{
    std::vector<Buffer> packets;
    for (size_t i = 0; i < c.flows; ++i)
    {
        esp::testing::PacketSpec spec;
        const bool v6 = c.transport ? c.outerV6 : c.innerV6;
        spec.source =
            c.transport ? (v6 ? "2001:db8::1" : "192.0.2.1") : (v6 ? "2001:db8:1::a" : "10.1.0.10");
        spec.destination =
            c.transport ? (v6 ? "2001:db8::2" : "192.0.2.2") : (v6 ? "2001:db8:2::b" : "10.2.0.10");
        spec.destinationPort = static_cast<uint16_t>(1000 + i);
        spec.dataOctets = 100 + i % 900;
        packets.push_back(MakePacket(spec));
    }
    return packets;
}

/// Both gateways and the buffers of their shells.
struct Line
{
    explicit Line(const Case& c) : pair(Options(c)), packets(Flows(c))
    {
        pair.Establish();
    }

    /// One packet from moon to sun. False if it did not arrive.
    bool
    Carry(Bytes packet)
    {
        there.Assign(packet);
        Outgoing outgoing;
        if (pair.moon.gateway.HandleOutbound(pair.now, Origin::FORWARDED, there, outgoing) !=
            Verdict::PROTECT)
        {
            return false;
        }
        Drain(pair.moon.gateway);
        Arrival arrival{{outgoing.path.remote, outgoing.path.local}, outgoing.trafficClass};
        here.Assign(there.View());
        if (outgoing.wholePacket)
        {
            const size_t headerOctets = std::as_const(here).View().front() >> 4 == 6 ? 40 : 20;
            arrival.header = std::as_const(here).View().first(headerOctets);
            here.DropFront(headerOctets);
        }
        const Verdict verdict = outgoing.udpEncapsulation
                                    ? pair.sun.gateway.HandleUdp(pair.now, arrival, here)
                                    : pair.sun.gateway.HandleEsp(pair.now, arrival, here);
        Drain(pair.sun.gateway);
        pair.now += std::chrono::microseconds(10);
        return verdict == Verdict::DELIVER && here.Size() == packet.size() &&
               SameOctets(here.View(), packet);
    }

    /// As a shell does after every call.
    void
    Drain(Gateway& gateway)
    {
        for (Outgoing outgoing; gateway.PollDummy(pair.now, dummy, outgoing);)
        {
            ++dummies;
        }
        said += gateway.PollTransmit() ? 1 : 0;
        said += gateway.PollSealed() ? 1 : 0;
        said += gateway.PollReleased() ? 1 : 0;
        said += gateway.PollEvent() ? 1 : 0;
        (void)gateway.PollTimeout();
    }

    GatewayPair pair;
    std::vector<Buffer> packets;
    PacketBuffer there;
    PacketBuffer here;
    PacketBuffer dummy;
    size_t said{0};
    size_t dummies{0};
};

class Allocations : public ::testing::TestWithParam<Case>
{
};

TEST_P(Allocations, AreNoneForAPacketThatIsProtectedAndOpened)
{
    Line line(GetParam());
    const auto round = [&]()
    {
        size_t arrived = 0;
        for (size_t i = 0; i < 2 * MANY_FLOWS; ++i)
        {
            arrived += line.Carry(line.packets[i % line.packets.size()]) ? 1 : 0;
        }
        return arrived;
    };
    size_t arrived = 0;
    // The first packets make what all others use, which shows that the count counts.
    EXPECT_GT(Measure([&]() { arrived = round(); }).calls, 0u);
    ASSERT_EQ(arrived, 2 * MANY_FLOWS);
    const Allocated taken = Measure([&]() { arrived = round(); });
    EXPECT_EQ(arrived, 2 * MANY_FLOWS);
    EXPECT_EQ(taken.calls, 0u) << taken.octets << " octets";
    EXPECT_EQ(line.said, 0u);
    EXPECT_EQ(line.dummies != 0, GetParam().hidden);
}

INSTANTIATE_TEST_SUITE_P(
    Paths,
    Allocations,
    ::testing::Values(
        Case{.name = "Gcm"},
        Case{.name = "GcmEsn", .proposal = "aes256gcm16-esn"},
        Case{.name = "ChaCha", .proposal = "chacha20poly1305"},
        Case{.name = "Ccm", .proposal = "aes128ccm16"},
        Case{.name = "Cbc", .proposal = "aes128-sha256"},
        Case{.name = "CbcEsn", .proposal = "aes256-sha512-esn"},
        Case{.name = "Ctr", .proposal = "aes128ctr-sha1"},
        Case{.name = "V6InV4", .innerV6 = true},
        Case{.name = "V4InV6", .outerV6 = true},
        Case{.name = "V6InV6Udp", .outerV6 = true, .innerV6 = true, .encap = true},
        Case{.name = "Udp", .encap = true},
        Case{.name = "CbcUdpEsn", .proposal = "aes128-sha256-esn", .encap = true},
        Case{.name = "Transport", .transport = true},
        Case{.name = "TransportV6Cbc",
             .proposal = "aes128-sha256",
             .outerV6 = true,
             .transport = true},
        Case{.name = "Hidden", .hidden = true},
        Case{.name = "HiddenV6InV4Udp", .innerV6 = true, .encap = true, .hidden = true},
        Case{.name = "ManyFlows", .flows = MANY_FLOWS},
        Case{.name = "ManyFlowsV6Udp", .innerV6 = true, .encap = true, .flows = MANY_FLOWS}),
    [](const auto& run) { return run.param.name; });

TEST(Allocations, AreNoneForClearPackets)
{
    for (const size_t flows : {size_t{1}, MANY_FLOWS})
    {
        Line line({.name = "Clear", .flows = flows});
        size_t passed = 0;
        std::vector<Buffer> packets;
        for (size_t i = 0; i < flows; ++i)
        {
            packets.push_back(MakePacket({.source = "10.9.0.1",
                                          .destination = "10.2.0.10",
                                          .destinationPort = static_cast<uint16_t>(i)}));
        }
        const auto round = [&]()
        {
            for (size_t i = 0; i < MANY_FLOWS; ++i)
            {
                Gateway& moon = line.pair.moon.gateway;
                Outgoing outgoing;
                line.there.Assign(packets[i % flows]);
                passed +=
                    moon.HandleOutbound(line.pair.now, Origin::FORWARDED, line.there, outgoing) ==
                    Verdict::BYPASS;
                passed +=
                    moon.HandleInboundClear(line.pair.now, packets[i % flows]) == Verdict::BYPASS;
                line.Drain(moon);
            }
        };
        round();
        EXPECT_EQ(Measure(round).calls, 0u);
        EXPECT_EQ(passed, 4 * MANY_FLOWS);
    }
}

/// What somebody else sends must not cost more than what friends send: clear packets that policy
/// forbids, replays, forgeries and unknown SPIs. The meter of refusals tells some, then only
/// counts.
TEST(Allocations, OfAFloodOfRefusalsAreFew)
{
    Line line({.name = "Flood"});
    ASSERT_TRUE(line.Carry(line.packets.front()));
    const Buffer clear = MakePacket({.source = "10.2.0.10", .destination = "10.1.0.10"});
    const Buffer replay = ToBuffer(line.there.View());
    std::vector<Buffer> hostile(3, replay);
    hostile[1][4 + 3] += 1; // the next sequence number, forged
    hostile[2][0] ^= 0x55;  // an SPI that nobody has
    Gateway& sun = line.pair.sun.gateway;
    const Arrival arrival{
        {{*IpAddress::Parse("192.0.2.2"), 0}, {*IpAddress::Parse("192.0.2.1"), 0}}, 0};
    size_t refused = 0;
    const auto round = [&]()
    {
        for (size_t i = 0; i < 1000; ++i)
        {
            refused +=
                line.pair.moon.gateway.HandleInboundClear(line.pair.now, clear) == Verdict::DISCARD;
            for (const Buffer& packet : hostile)
            {
                line.here.Assign(packet);
                refused += sun.HandleEsp(line.pair.now, arrival, line.here) == Verdict::DISCARD;
            }
            while (line.pair.moon.gateway.PollEvent() || sun.PollEvent())
            {
            }
        }
    };
    round(); // within one second: the meter is full now
    EXPECT_EQ(Measure(round).calls, 0u);
    EXPECT_EQ(refused, 8000u);
}

} // namespace
} // namespace ikelab::gateway
