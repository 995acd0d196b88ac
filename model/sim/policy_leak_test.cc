// SPDX-License-Identifier: GPL-2.0-only
#include "base/byte_writer.h"
#include "base/checksum.h"
#include "sim/flat_packet.h"
#include "sim/ipsec_helper.h"
#include "sim/testing/gateway_sites.h"
#include "sim/testing/leak_watch.h"
#include "sim/testing/random_network.h"
#include "sim/testing/random_policies.h"

#include "ns3/boolean.h"
#include "ns3/simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/**
 * Random networks under random policies with random traffic, losses, new routes and SAs that come
 * and go: no link may carry in clear what the policies say must be protected or discarded. What
 * they say is read by an oracle that shares no code with the gateways.
 *
 * IKELAB_LEAK_SEEDS=1000 in the environment runs so many seeds instead of a few.
 */
namespace ns3
{

namespace
{

using ikelab::IpAddress;
using ikelab::wire::Dice;
using testing::GatewayPolicy;
using testing::LeakWatch;
using testing::RandomNetwork;

constexpr double SECONDS = 8;
constexpr unsigned BATCHES = 4;
constexpr unsigned SEEDS = 60;

unsigned
SeedsPerBatch()
{
    const char* asked = std::getenv("IKELAB_LEAK_SEEDS");
    const unsigned seeds = asked ? static_cast<unsigned>(std::atoi(asked)) : SEEDS;
    return std::max(1u, seeds / BATCHES);
}

/// One or two IP packets, whole or in fragments, as no socket would make them.
struct Crafted
{
    IpAddress source;
    IpAddress destination;
    uint8_t protocol{17};
    uint16_t sourcePort{40000};
    uint16_t destinationPort{9};
    uint8_t hops{64};
    uint8_t icmpType{0};
    bool fragments{false};
    bool lastFirst{false};
    uint8_t claimed{17};   ///< protocol that the later of two IPv6 fragments says it is of
    bool extension{false}; ///< destination options, or IPv4 options
    uint16_t identification{0};
    std::string payload;
};

ikelab::Buffer
NextLayer(const Crafted& what)
{
    ikelab::ByteWriter writer;
    switch (what.protocol)
    {
    case 6:
        writer.U16(what.sourcePort);
        writer.U16(what.destinationPort);
        writer.U64(0);
        writer.U32(0x50020000);
        writer.U32(0);
        break;
    case 17:
        writer.U16(what.sourcePort);
        writer.U16(what.destinationPort);
        writer.U16(static_cast<uint16_t>(8 + what.payload.size()));
        writer.U16(0);
        break;
    case 1:
    case 58:
        writer.U8(what.icmpType);
        writer.Zeros(7);
        break;
    default:
        writer.U32(0);
        break;
    }
    for (const char letter : what.payload)
    {
        writer.U8(static_cast<uint8_t>(letter));
    }
    return writer.Release();
}

ikelab::Buffer
OnePacket(const Crafted& what, ikelab::Bytes content, size_t offset, bool more)
{
    const bool fragment = offset != 0 || more;
    ikelab::ByteWriter writer;
    if (what.source.IsV4())
    {
        const size_t header = what.extension ? 24 : 20;
        writer.U8(static_cast<uint8_t>(0x40 | header / 4));
        writer.U8(0);
        writer.U16(static_cast<uint16_t>(header + content.size()));
        writer.U16(what.identification);
        writer.U16(static_cast<uint16_t>((more ? 0x2000 : 0) | offset / 8));
        writer.U8(what.hops);
        writer.U8(what.protocol);
        writer.U16(0);
        writer.Octets(what.source.Octets());
        writer.Octets(what.destination.Octets());
        if (what.extension)
        {
            writer.U32(0x01010100); // no operation, then the end of options
        }
        const auto sum = static_cast<uint16_t>(~ikelab::OnesComplementSum(writer.View()));
        writer.Patch16(10, sum);
    }
    else
    {
        const size_t extra = (what.extension ? 8 : 0) + (fragment ? 8 : 0);
        const uint8_t inner = fragment ? 44 : what.protocol;
        writer.U32(0x60000000);
        writer.U16(static_cast<uint16_t>(extra + content.size()));
        writer.U8(what.extension ? 60 : inner);
        writer.U8(what.hops);
        writer.Octets(what.source.Octets());
        writer.Octets(what.destination.Octets());
        if (what.extension)
        {
            writer.U8(inner);
            writer.U8(0);
            writer.U16(0x0104); // PadN
            writer.U32(0);
        }
        if (fragment)
        {
            writer.U8(offset == 0 ? what.protocol : what.claimed);
            writer.U8(0);
            writer.U16(static_cast<uint16_t>(offset | (more ? 1 : 0)));
            writer.U32(uint32_t{0x80000000} | what.identification);
        }
    }
    writer.Octets(content);
    return writer.Release();
}

std::vector<ikelab::Buffer>
Packets(const Crafted& what)
{
    const ikelab::Buffer content = NextLayer(what);
    if (!what.fragments)
    {
        return {OnePacket(what, content, 0, false)};
    }
    constexpr size_t FIRST = 48;
    const ikelab::Bytes all(content);
    std::vector<ikelab::Buffer> packets{OnePacket(what, all.first(FIRST), 0, true),
                                        OnePacket(what, all.subspan(FIRST), FIRST, false)};
    if (what.lastFirst)
    {
        std::swap(packets[0], packets[1]);
    }
    return packets;
}

class PolicyLeakRun
{
  public:
    using Plant = std::function<void(std::vector<GatewayPolicy>& policies)>;

    /// @param policy false: nobody judges anything
    /// @param plant  changes what gateways are told, behind the oracle's back
    explicit PolicyLeakRun(uint32_t seed, bool policy = true, const Plant& plant = {})
        : m_dice(uint64_t{seed} + 1'000'000),
          m_network(seed),
          m_policies(testing::MakePolicies(m_network, m_dice)),
          m_watch(m_network, m_policies)
    {
        std::vector<GatewayPolicy> told = m_policies;
        if (plant)
        {
            plant(told);
        }
        IpsecHelper helper;
        helper.SetContext(testing::GatewaySites::SharedContext());
        ApplicationContainer applications;
        for (size_t g = 0; g < told.size(); ++g)
        {
            auto config = ikelab::gateway::ReadConfig(told[g].json);
            EXPECT_TRUE(config) << (config ? ""
                                           : config.error().pointer + " " + config.error().problem)
                                << told[g].json.dump(2);
            Ptr<IkeApplication> application =
                helper.Install(m_network.gateways[g].node, std::move(*config));
            application->GetStack()->SetAttribute("Policy", BooleanValue(policy));
            if (told[g].protectedSide)
            {
                for (const auto& device : m_network.gateways[g].inside)
                {
                    application->GetStack()->SetProtectedSide(device);
                }
            }
            applications.Add(application);
            m_applications.push_back(application);
        }
        IpsecHelper::AssignStreams(applications, 100);
        applications.Start(Seconds(1));
    }

    ~PolicyLeakRun()
    {
        m_tap.reset();
        m_inboxes.clear();
        m_applications.clear();
    }

    PolicyLeakRun(const PolicyLeakRun&) = delete;
    PolicyLeakRun& operator=(const PolicyLeakRun&) = delete;

    const LeakWatch&
    Run()
    {
        for (const bool v6 : {false, true})
        {
            for (const auto& host : m_network.hosts)
            {
                m_inboxes.push_back(
                    {m_policies.size(), std::make_unique<testing::UdpInbox>(host.node, v6, 9)});
            }
            for (size_t g = 0; g < m_policies.size(); ++g)
            {
                m_inboxes.push_back(
                    {g, std::make_unique<testing::UdpInbox>(m_network.gateways[g].node, v6, 9)});
            }
        }
        m_tap.emplace([this](const TapFrame& frame) { m_watch.See(frame); });
        m_tap->WatchAll();
        PlanTraffic();
        PlanEvents();
        Simulator::Stop(Seconds(SECONDS));
        Simulator::Run();
        for (const Inbox& inbox : m_inboxes)
        {
            for (const std::string& datagram : inbox.udp->datagrams)
            {
                ++delivered;
                if (inbox.gateway < m_policies.size())
                {
                    m_watch.SeeDelivered(inbox.gateway, datagram);
                }
            }
        }
        return m_watch;
    }

    size_t delivered{0};

  private:
    struct Inbox
    {
        size_t gateway; ///< the count of gateways if it is a host's
        std::unique_ptr<testing::UdpInbox> udp;
    };

    double
    AnyTime()
    {
        return 0.1 + static_cast<double>(m_dice.UpTo(7'700'000)) / 1e6;
    }

    uint16_t
    AnyPort()
    {
        return testing::LEAK_PORTS[m_dice.UpTo(testing::LEAK_PORTS.size() - 1)];
    }

    const RandomNetwork::Host&
    AnyHost()
    {
        return m_network.hosts[m_dice.UpTo(m_network.hosts.size() - 1)];
    }

    Ptr<Node>
    AnySender()
    {
        return m_dice.UpTo(2) == 0
                   ? m_network.gateways[m_dice.UpTo(m_network.gateways.size() - 1)].node
                   : AnyHost().node;
    }

    IpAddress
    AnyDestination(size_t family)
    {
        const auto& gateway = m_network.gateways[m_dice.UpTo(m_network.gateways.size() - 1)];
        switch (m_dice.UpTo(9))
        {
        case 0:
            return gateway.insideAddresses[m_dice.UpTo(gateway.insideAddresses.size() - 1)][family];
        case 1:
            return gateway
                .outsideAddresses[m_dice.UpTo(gateway.outsideAddresses.size() - 1)][family];
        case 2:
            return m_network.routerAddresses[m_dice.UpTo(m_network.routers.size() - 1)][family];
        case 3: // nobody there
            return *IpAddress::Parse(family == 0 ? "10.1.0.99" : "fd01:1::99");
        default:
            return AnyHost().addresses[family];
        }
    }

    std::string
    Payload(char kind, bool large = false)
    {
        return testing::MarkedPayload(kind, ++m_marks, large ? 2000 : 100);
    }

    Crafted
    Craft(char kind, const IpAddress& source, const IpAddress& destination)
    {
        Crafted what;
        what.source = source;
        what.destination = destination;
        const bool v4 = source.IsV4();
        what.protocol = m_dice.OneOf<uint8_t>({17, 17, 6, 6, 47, 89, 132});
        if (m_dice.UpTo(5) == 0)
        {
            what.protocol = v4 ? 1 : 58;
            // Echoes, and errors and queries that nobody asked for.
            what.icmpType =
                v4 ? m_dice.OneOf<uint8_t>({0, 8, 3, 13}) : m_dice.OneOf<uint8_t>({128, 129, 1, 3});
        }
        what.sourcePort = AnyPort();
        what.destinationPort = AnyPort();
        what.hops = m_dice.OneOf<uint8_t>({64, 64, 64, 1, 2, 3});
        what.fragments = m_dice.UpTo(3) == 0;
        what.lastFirst = m_dice.UpTo(3) == 0;
        // No extension headers: ns-3's hosts read those of later fragments, past the packet's end.
        what.claimed =
            m_dice.OneOf<uint8_t>({what.protocol, what.protocol, 6, 17, 47, 50, 51, 58, 89, 132});
        what.extension = m_dice.UpTo(7) == 0;
        what.identification = static_cast<uint16_t>(0x8000 + ++m_identification);
        what.payload = Payload(kind);
        return what;
    }

    void
    SendOne(double at)
    {
        const Time time = Seconds(at);
        const size_t family = m_dice.UpTo(1);
        const IpAddress to = AnyDestination(family);
        switch (m_dice.UpTo(11))
        {
        case 0:
        case 1:
            testing::SendUdpAt(
                time, AnySender(), to, AnyPort(), Payload(testing::FROM_INSIDE, m_dice.Coin()));
            break;
        case 2:
            testing::PingAt(time, AnySender(), to, Payload(testing::FROM_INSIDE, m_dice.Coin()));
            break;
        case 3:
        { // bound to a link of the gateway
            const auto& gateway = m_network.gateways[m_dice.UpTo(m_network.gateways.size() - 1)];
            testing::SendUdpBoundAt(
                time,
                gateway.node,
                gateway.outside.front(),
                m_dice.UpTo(3) == 0 && family == 0 ? *IpAddress::Parse("255.255.255.255") : to,
                AnyPort(),
                Payload(testing::FROM_INSIDE));
            break;
        }
        case 4:
        case 5:
        { // forged on an outer link: as if from behind one gateway, for behind another
            const auto& wire = m_network.wires[m_dice.UpTo(m_network.wires.size() - 1)];
            const Crafted what = Craft(testing::FORGED, AnyHost().addresses[family], to);
            for (const auto& packet : Packets(what))
            {
                if (m_network.GatewayOf(wire.from->GetNode()) == m_network.gateways.size())
                {
                    testing::SendFrameAt(time, wire.from, wire.to, packet);
                }
            }
            break;
        }
        default:
        { // a host's own
            const auto& host = AnyHost();
            const IpAddress from =
                m_dice.UpTo(9) == 0 ? AnyHost().addresses[family] : host.addresses[family];
            for (const auto& packet : Packets(Craft(testing::FROM_INSIDE, from, to)))
            {
                testing::SendFrameAt(time, host.device, host.router, packet);
            }
            break;
        }
        }
    }

    void
    PlanTraffic()
    {
        for (int i = 0; i < 500; ++i)
        {
            SendOne(AnyTime());
        }
        for (int i = 0; i < 4; ++i)
        {
            const size_t family = m_dice.UpTo(1);
            testing::StreamTcpAt(Seconds(AnyTime()),
                                 AnySender(),
                                 AnyHost().addresses[family],
                                 AnyPort(),
                                 Payload(testing::FROM_INSIDE));
        }
    }

    void
    PlanEvents()
    {
        for (int i = 0; i < 12; ++i)
        {
            const size_t g = m_dice.UpTo(m_policies.size() - 1);
            const GatewayPolicy& policy = m_policies[g];
            Ptr<IkeApplication> gateway = m_applications[g];
            const Time at = Seconds(AnyTime());
            const uint64_t kind = m_dice.UpTo(9);
            if (kind == 0)
            {
                Simulator::Schedule(at, [this]() { m_network.Route(); });
            }
            else if (kind < 3)
            {
                const double rate = m_dice.OneOf({0.0, 0.1, 0.5});
                Simulator::Schedule(at, [this, rate]() { m_network.SetLoss(rate); });
            }
            else if (kind == 3 && m_dice.UpTo(3) == 0)
            {
                Simulator::Schedule(at, [gateway]() { gateway->Shutdown(); });
            }
            else if (!policy.children.empty())
            {
                const std::string child = policy.children[m_dice.UpTo(policy.children.size() - 1)];
                const std::string connection =
                    policy.connections[m_dice.UpTo(policy.connections.size() - 1)];
                Simulator::Schedule(at,
                                    [gateway, child, connection, kind]()
                                    {
                                        // What is not there cannot be ended: no matter.
                                        (void)(kind < 6   ? gateway->Initiate(child)
                                               : kind < 8 ? gateway->TerminateChild(child)
                                                          : gateway->Terminate(connection));
                                    });
            }
        }
    }

    Dice m_dice;
    RandomNetwork m_network;
    std::vector<GatewayPolicy> m_policies;
    LeakWatch m_watch;
    std::vector<Ptr<IkeApplication>> m_applications;
    std::vector<Inbox> m_inboxes;
    std::optional<LinkTap> m_tap;
    uint32_t m_marks{0};
    uint32_t m_identification{0};
};

class PolicyLeak : public ::testing::TestWithParam<unsigned>
{
};

TEST_P(PolicyLeak, NoLinkCarriesInClearWhatPoliciesForbid)
{
    size_t protectedFrames = 0;
    size_t clearFrames = 0;
    size_t refusedFrames = 0;
    size_t fragments = 0;
    size_t delivered = 0;
    for (unsigned i = 0; i < SeedsPerBatch(); ++i)
    {
        const uint32_t seed = GetParam() + i * BATCHES + 1;
        PolicyLeakRun run(seed);
        const LeakWatch& watch = run.Run();
        EXPECT_THAT(watch.leaks, ::testing::IsEmpty()) << "seed " << seed;
        protectedFrames += watch.protectedFrames;
        clearFrames += watch.clearFrames;
        refusedFrames += watch.refusedFrames;
        fragments += watch.fragments;
        delivered += run.delivered;
    }
    // Every kind of traffic was there.
    const size_t seeds = SeedsPerBatch();
    EXPECT_GT(protectedFrames, 50 * seeds);
    EXPECT_GT(clearFrames, 10 * seeds);
    EXPECT_GT(fragments, seeds);
    EXPECT_GT(refusedFrames, 5 * seeds);
    EXPECT_GT(delivered, 2 * seeds);
}

INSTANTIATE_TEST_SUITE_P(Batches,
                         PolicyLeak,
                         ::testing::Range(0u, BATCHES),
                         [](const auto& run) { return "Batch" + std::to_string(run.param); });

TEST(PolicyLeakOracle, FindsLeaksWhereNobodyJudges)
{
    for (const uint32_t seed : {1, 2, 3})
    {
        PolicyLeakRun run(seed, false);
        EXPECT_GT(run.Run().leaks.size(), 20u) << "seed " << seed;
    }
}

/// Each gateway is told all rules but its first: one forgotten rule at a time is what a mistake in
/// a gateway would look like.
TEST(PolicyLeakOracle, FindsARuleThatAGatewayDoesNotKnow)
{
    size_t found = 0;
    for (const uint32_t seed : {1, 2, 3, 4, 5, 6, 7, 8})
    {
        PolicyLeakRun run(seed,
                          true,
                          [](std::vector<GatewayPolicy>& policies)
                          {
                              for (GatewayPolicy& policy : policies)
                              {
                                  auto& rules = policy.json["policies"];
                                  for (size_t i = 0; i < rules.size(); ++i)
                                  {
                                      if (rules[i]["action"] != "bypass")
                                      {
                                          rules.erase(i);
                                          break;
                                      }
                                  }
                              }
                          });
        found += run.Run().leaks.empty() ? 0 : 1;
    }
    EXPECT_GE(found, 3u);
}

} // namespace

} // namespace ns3
