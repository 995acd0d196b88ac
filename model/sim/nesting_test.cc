// SPDX-License-Identifier: GPL-2.0-only
#include "base/limits.h"
#include "base/random_source.h"
#include "esp/inbound_sa.h"
#include "esp/outbound_sa.h"
#include "esp/packet_info.h"
#include "esp/transport_header.h"
#include "sim/flat_packet.h"
#include "sim/testing/gateway_sites.h"
#include "sim/testing/tags.h"

#include "ns3/boolean.h"
#include "ns3/global-value.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/point-to-point-helper.h"
#include "ns3/rng-seed-manager.h"
#include "ns3/simulator.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

/**
 * SAs inside of SAs on a network, RFC 4301 appendix E: a host has an SA with the far end inside of
 * the tunnel to its security gateway.
 *
 *     alice 10.9.0.10 -- 10.9.0.1 host 192.0.2.1 -- 192.0.2.2 guard 10.2.0.1 -- 10.2.0.10 far
 */
namespace ns3
{

namespace
{

using ikelab::Buffer;
using ikelab::Bytes;
using ikelab::IpAddress;
using Json = nlohmann::ordered_json;

constexpr uint16_t PORT = 9;
constexpr uint32_t LINK_MTU = 1500;

const IpAddress ALICE = *IpAddress::Parse("10.9.0.10");
const IpAddress HOST = *IpAddress::Parse("192.0.2.1");
const IpAddress GUARD = *IpAddress::Parse("192.0.2.2");
const IpAddress FAR = *IpAddress::Parse("10.2.0.10");

Json
Connection(const IpAddress& local, const IpAddress& remote, const char* child, const Json& settings)
{
    Json json{{"local_addrs", local.ToString()},
              {"remote_addrs", remote.ToString()},
              {"proposals", "aes128gcm16-prfsha256-x25519"},
              {"local", {{"auth", "psk"}}},
              {"remote", {{"auth", "psk"}}},
              {"children", {{child, {{"esp_proposals", "aes128gcm16"}}}}}};
    json["children"][child].update(settings);
    return json;
}

ikelab::gateway::Config
Read(const Json& connections)
{
    auto config = ikelab::gateway::ReadConfig(
        {{"connections", connections}, {"secrets", {{"ike", {{"secret", "for tests"}}}}}});
    EXPECT_TRUE(config) << (config ? "" : config.error().pointer + config.error().problem);
    return config.value_or(ikelab::gateway::Config{});
}

/// Whose SAs can be opened by a watcher of the links: keys of what a gateway sends and receives.
struct KeyLog
{
    void
    Add(const ikelab::ike::ChildSaInstalled& installed)
    {
        const auto mode = installed.mode == ikelab::ike::Mode::TRANSPORT
                              ? ikelab::esp::Mode::TRANSPORT
                              : ikelab::esp::Mode::TUNNEL;
        const auto add = [&](ikelab::EspSpi spi, Bytes key)
        {
            sas[spi] = std::make_unique<ikelab::esp::InboundSa>(
                *testing::GatewaySites::SharedContext(),
                ikelab::esp::SaParameters{spi, installed.suite, mode, key, {}, {}, 0});
        };
        add(installed.inboundSpi, installed.inboundEncr.View());
        add(installed.outboundSpi, installed.outboundEncr.View());
    }

    /// What is in a packet with ESP, from its IP header on; empty if there is no key for it.
    Buffer
    Open(Bytes packet)
    {
        const auto info = ikelab::esp::ReadPacket(packet);
        ikelab::PacketBuffer buffer(packet);
        const Bytes header = packet.first(info->headerOctets);
        buffer.DropFront(info->headerOctets);
        const auto esp = ikelab::wire::ParseEspHeader(buffer.View());
        const auto sa = esp ? sas.find(esp->spi) : sas.end();
        if (sa == sas.end())
        {
            return {};
        }
        const ikelab::Selectors any{ikelab::Selector{ikelab::IpRange::AnyV4()}};
        const ikelab::esp::TrafficSelectors all{ikelab::esp::SelectorSet(any),
                                                ikelab::esp::SelectorSet(any)};
        const ikelab::esp::OuterHeader outer{
            info->source.ToAddress(), info->destination.ToAddress(), info->trafficClass, header};
        const auto opened = sa->second->Open(buffer, *esp, all, outer);
        return opened ? ikelab::ToBuffer(std::as_const(buffer).View()) : Buffer();
    }

    std::map<ikelab::EspSpi, std::unique_ptr<ikelab::esp::InboundSa>> sas;
};

class Row
{
  public:
    /// What of the connections is other than usual.
    struct Options
    {
        bool forAlice{
            false}; ///< the inner SA is a tunnel for alice, not transport mode for the host
        bool nested{true};
        /// ESP has a tunnel of its own, and each SA comes when a packet asks for it.
        bool onDemand{false};
    };

    explicit Row(const Options& options)
    {
        RngSeedManager::SetSeed(1);
        RngSeedManager::SetRun(1);
        GlobalValue::Bind("ChecksumEnabled", BooleanValue(true));
        nodes.Create(4);
        InternetStackHelper internet;
        internet.Install(nodes);
        internet.AssignStreams(nodes, 2000);
        lan = Link(Alice(), ALICE, Host(), *IpAddress::Parse("10.9.0.1"));
        wan = Link(Host(), HOST, Guard(), GUARD);
        inside = Link(Guard(), *IpAddress::Parse("10.2.0.1"), Far(), FAR);
        Route(Alice(), lan.Get(0), "10.9.0.1");
        Route(Host(), wan.Get(0), "192.0.2.2");
        Route(Guard(), wan.Get(1), "192.0.2.1");
        Route(Far(), inside.Get(1), "10.2.0.1");
        Install(options);
        tap = std::make_unique<LinkTap>([this](const TapFrame& frame) { See(frame); });
        tap->WatchAll();
    }

    ~Row()
    {
        Simulator::Destroy();
    }

    Row(const Row&) = delete;
    Row& operator=(const Row&) = delete;

    Ptr<Node>
    Alice() const
    {
        return nodes.Get(0);
    }
    Ptr<Node>
    Host() const
    {
        return nodes.Get(1);
    }
    Ptr<Node>
    Guard() const
    {
        return nodes.Get(2);
    }
    Ptr<Node>
    Far() const
    {
        return nodes.Get(3);
    }

    void
    Run(double seconds)
    {
        Simulator::Stop(Seconds(seconds));
        Simulator::Run();
    }

    NodeContainer nodes;
    NetDeviceContainer lan;
    NetDeviceContainer wan;
    NetDeviceContainer inside;
    Ptr<IkeApplication> hostGateway;
    KeyLog keys;
    std::unique_ptr<LinkTap> tap;
    std::vector<Buffer> onWan;    ///< every packet that was sent there, by either end
    std::vector<Buffer> onInside; ///< and there

  private:
    static NetDeviceContainer
    Link(Ptr<Node> left,
         const IpAddress& leftAddress,
         Ptr<Node> right,
         const IpAddress& rightAddress)
    {
        PointToPointHelper link;
        link.SetDeviceAttribute("Mtu", UintegerValue(LINK_MTU));
        link.SetDeviceAttribute("DataRate", StringValue("1Gbps"));
        const NetDeviceContainer devices = link.Install(left, right);
        for (const uint32_t end : {0U, 1U})
        {
            Ptr<Ipv4> ipv4 = devices.Get(end)->GetNode()->GetObject<Ipv4>();
            const uint32_t interface = ipv4->AddInterface(devices.Get(end));
            ipv4->AddAddress(interface,
                             {flat::ToIpv4Address(end == 0 ? leftAddress : rightAddress),
                              Ipv4Mask("255.255.255.0")});
            ipv4->SetUp(interface);
        }
        return devices;
    }

    static void
    Route(Ptr<Node> node, Ptr<NetDevice> device, const char* gateway)
    {
        Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
        Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->SetDefaultRoute(
            gateway, static_cast<uint32_t>(ipv4->GetInterfaceForDevice(device)));
    }

    void
    Install(const Options& options)
    {
        const bool forAlice = options.forAlice;
        Json mine = forAlice ? Json{{"local_ts", "10.9.0.0/24"}} : Json{{"mode", "transport"}};
        const Json theirs =
            forAlice ? Json{{"remote_ts", "10.9.0.0/24"}} : Json{{"mode", "transport"}};
        mine["start_action"] = options.onDemand ? "trap" : "none";
        Json toFar = Connection(HOST, FAR, "far", mine);
        toFar["nested"] = options.nested ? "yes" : "no";
        // The tunnel is for ESP and IKE: everything else to the far end is the inner SA's.
        Json tunnel{{"local_ts", "192.0.2.1/32"},
                    {"remote_ts", {"10.2.0.10/32[esp]", "10.2.0.10/32[udp/500]"}},
                    {"start_action", "trap"}};
        const Json back{{"local_ts", {"10.2.0.10/32[esp]", "10.2.0.10/32[udp/500]"}},
                        {"remote_ts", "192.0.2.1/32"}};
        IpsecHelper helper;
        helper.SetContext(testing::GatewaySites::SharedContext());
        Json connections{{"far", toFar}, {"gw", Connection(HOST, GUARD, "tunnel", tunnel)}};
        if (options.onDemand)
        {
            tunnel["remote_ts"] = "10.2.0.10/32[udp/500]";
            connections["gw"] = Connection(HOST, GUARD, "tunnel", tunnel);
            tunnel["remote_ts"] = "10.2.0.10/32[esp]";
            connections["esp"] = Connection(HOST, GUARD, "esp", tunnel);
        }
        hostGateway = helper.Install(Host(), Read(connections));
        ApplicationContainer gateways(hostGateway);
        gateways.Add(
            helper.Install(Guard(), Read({{"gw", Connection(GUARD, HOST, "tunnel", back)}})));
        gateways.Add(helper.Install(Far(), Read({{"far", Connection(FAR, HOST, "far", theirs)}})));
        IpsecHelper::AssignStreams(gateways, 100);
        gateways.Start(Seconds(1));
        hostGateway->TraceConnectWithoutContext(
            "ChildSaInstalled",
            Callback<void, const ikelab::ike::ChildSaInstalled&>(
                [this](const ikelab::ike::ChildSaInstalled& installed) { keys.Add(installed); }));
        if (!options.onDemand)
        {
            Simulator::Schedule(
                Seconds(2), [this]() { EXPECT_TRUE(hostGateway->Initiate("far").has_value()); });
        }
    }

    void
    See(const TapFrame& frame)
    {
        if (!frame.sent)
        {
            return;
        }
        for (uint32_t end : {0U, 1U})
        {
            if (frame.device == wan.Get(end))
            {
                onWan.push_back(ikelab::ToBuffer(frame.data));
            }
            if (frame.device == inside.Get(end))
            {
                onInside.push_back(ikelab::ToBuffer(frame.data));
            }
        }
    }
};

struct Layers
{
    unsigned espInEsp{0};
    unsigned ikeInEsp{0};
    unsigned ikeToGuard{0};
    unsigned others{0};
    std::vector<Buffer> contents; ///< of both layers of ESP
};

bool
IsBetween(const ikelab::esp::PacketInfo& info, const IpAddress& one, const IpAddress& other)
{
    const IpAddress source = info.source.ToAddress();
    const IpAddress destination = info.destination.ToAddress();
    return (source == one && destination == other) || (source == other && destination == one);
}

/// All that crossed the WAN, layer by layer.
Layers
Dissect(Row& row)
{
    Layers layers;
    for (const Buffer& packet : row.onWan)
    {
        const auto outer = ikelab::esp::ReadPacket(packet);
        EXPECT_TRUE(outer->IsV6() || IsBetween(*outer, HOST, GUARD));
        if (outer->protocol == 17 && outer->destinationPort == 500)
        {
            ++layers.ikeToGuard;
            continue;
        }
        const Buffer inner = outer->protocol == 50 ? row.keys.Open(packet) : Buffer();
        const auto info = ikelab::esp::ReadPacket(inner);
        if (!info)
        {
            layers.others += outer->IsV6() ? 0 : 1; // IPv6 makes itself known on every link
            continue;
        }
        EXPECT_TRUE(IsBetween(*info, HOST, FAR));
        if (info->protocol == 17 && info->destinationPort == 500)
        {
            ++layers.ikeInEsp;
        }
        else if (info->protocol == 50)
        {
            ++layers.espInEsp;
            layers.contents.push_back(row.keys.Open(inner));
        }
        else
        {
            ++layers.others;
        }
    }
    return layers;
}

TEST(NestedSas, CarryAHostsTrafficEndToEnd)
{
    Row row({});
    testing::UdpInbox there(row.Far(), false, PORT);
    testing::UdpInbox back(row.Host(), false, PORT);
    testing::IcmpInbox replies(row.Host(), false, 0);
    testing::SendUdpAt(Seconds(5), row.Host(), FAR, PORT, "THERE");
    testing::SendUdpAt(Seconds(5), row.Far(), HOST, PORT, "BACK");
    testing::PingAt(Seconds(6), row.Host(), FAR, "PING");
    row.Run(8);
    EXPECT_EQ(there.datagrams, std::vector<std::string>{"THERE"});
    EXPECT_EQ(back.datagrams, std::vector<std::string>{"BACK"});
    EXPECT_EQ(replies.messages.size(), 1u);

    const Layers layers = Dissect(row);
    EXPECT_EQ(layers.ikeToGuard, 4u);
    EXPECT_EQ(layers.ikeInEsp, 4u) << "IKE to the far end goes through the tunnel, both ways";
    EXPECT_EQ(layers.espInEsp, 4u);
    EXPECT_EQ(layers.others, 0u);
    for (const char* text : {"THERE", "BACK", "PING"})
    {
        EXPECT_GE(std::ranges::count_if(layers.contents,
                                        [&](const Buffer& content)
                                        { return testing::Holds(content, text); }),
                  1)
            << text;
        EXPECT_TRUE(std::ranges::none_of(
            row.onInside, [&](const Buffer& packet) { return testing::Holds(packet, text); }))
            << "end to end: " << text;
    }
}

// The control: without the key IKE leaves the tunnel out, and the guard wants it to come by that.
TEST(NestedSas, AreMadeOnlyWhereTheyAreAskedFor)
{
    Row row({.nested = false});
    row.Run(8);
    unsigned direct = 0;
    for (const Buffer& packet : row.onWan)
    {
        const auto info = ikelab::esp::ReadPacket(packet);
        direct += !info->IsV6() && IsBetween(*info, HOST, FAR) ? 1 : 0;
    }
    EXPECT_GE(direct, 1u);
    EXPECT_TRUE(row.keys.sas.empty());
}

// The host's own packets are fragmented outside, and those on the way have fragments put together
// before either layer is opened.
TEST(NestedSas, CarryWhatIsLargerThanTheLink)
{
    Row row({});
    testing::UdpInbox there(row.Far(), false, PORT);
    testing::UdpInbox back(row.Host(), false, PORT);
    const std::string exact(LINK_MTU - 28, 'e'); // fits the link until there is ESP
    const std::string large(4000, 'l');
    testing::SendUdpAt(Seconds(5), row.Host(), FAR, PORT, exact);
    testing::SendUdpAt(Seconds(5), row.Host(), FAR, PORT, large);
    testing::SendUdpAt(Seconds(6), row.Far(), HOST, PORT, exact);
    testing::SendUdpAt(Seconds(6), row.Far(), HOST, PORT, large);
    row.Run(8);
    EXPECT_EQ(there.datagrams, (std::vector<std::string>{exact, large}));
    EXPECT_EQ(back.datagrams, (std::vector<std::string>{exact, large}));
    EXPECT_EQ(row.hostGateway->GetCounters().discardedPackets, 0u);
}

// It waits for its own SA and, sealed, for the one around it. What follows packets by tags does not
// lose it.
TEST(NestedSas, KeepTheTagsOfWhatIsHeldTwice)
{
    Row row({.onDemand = true});
    const testing::TagsSent sent(row.wan.Get(0));
    testing::UdpInbox there(row.Far(), false, PORT);
    testing::SendTaggedAt(Seconds(5), row.Host(), FAR, PORT, 7);
    row.Run(8);
    EXPECT_EQ(there.datagrams.size(), 1u);
    EXPECT_EQ(row.hostGateway->GetCounters().heldPackets, 3u) << "and IKE's first message";
    EXPECT_EQ(sent.numbers, std::vector<uint32_t>{7});
}

// RFC 4301 §8.2: alice is told how much fits into both SAs, and that much does.
TEST(NestedSas, TellSendersTheMtuOfBothLayers)
{
    Row row({.forAlice = true});
    testing::UdpInbox there(row.Far(), false, PORT);
    testing::IcmpInbox errors(row.Alice(), false, 3);
    const auto send = [&](double at, size_t octets)
    {
        constexpr size_t HEADERS = 28;
        testing::SendFrameAt(
            Seconds(at),
            row.lan.Get(0),
            row.lan.Get(1),
            testing::MakeUdpPacket(ALICE, FAR, PORT, std::string(octets - HEADERS, 'x'), 64, true));
    };
    send(5, LINK_MTU);
    row.Run(6);
    ASSERT_EQ(errors.messages.size(), 1u);
    EXPECT_TRUE(there.datagrams.empty());
    const Buffer& error = errors.messages[0];
    const size_t mtu = error[6] * size_t{256} + error[7];
    // Each layer of GCM: a header of 20, ESP of 8, an IV of 8, 2 to 5 of trailer, an ICV of 16;
    // less up to 15 that padding might take with another cipher.
    EXPECT_LE(mtu, LINK_MTU - 2 * 54);
    EXPECT_GE(mtu, LINK_MTU - 2 * 57 - 15);
    row.onWan.clear();
    send(1, mtu); // from now
    row.Run(2);
    EXPECT_EQ(there.datagrams.size(), 1u);
    EXPECT_EQ(errors.messages.size(), 1u);
    ASSERT_EQ(row.onWan.size(), 1u) << "in one piece";
    EXPECT_LE(row.onWan[0].size(), LINK_MTU);
    EXPECT_EQ(Dissect(row).espInEsp, 1u);
}

constexpr uint64_t LATER = 1000; // than all that sun has sent

/// A packet in so many layers of ESP in UDP, each from sun to moon, by an SA that sun sends by.
Buffer
Pack(const ikelab::ike::ChildSaInstalled& ofMoon, unsigned layers, const Buffer& innermost)
{
    constexpr uint16_t NATT = 4500;
    ikelab::SeededRandom dice(1);
    ikelab::Path path{ofMoon.path.remote, ofMoon.path.local};
    path.local.port = path.remote.port = NATT;
    ikelab::PacketBuffer packet(innermost);
    for (unsigned layer = 0; layer < layers; ++layer)
    {
        ikelab::esp::OutboundSa liar(*testing::GatewaySites::SharedContext(),
                                     {ofMoon.inboundSpi,
                                      ofMoon.suite,
                                      ikelab::esp::Mode::TUNNEL,
                                      ofMoon.inboundEncr.View(),
                                      {},
                                      {},
                                      0});
        liar.AdvanceSequence(LATER + layer); // the outermost comes first and is the newest
        packet.EnsureFrontRoom(ikelab::PacketBuffer::HEADROOM);
        const auto info = ikelab::esp::ReadPacket(std::as_const(packet).View());
        EXPECT_TRUE(liar.Seal(packet, *info, dice));
        const auto place = ikelab::esp::PlainPlace(false);
        ikelab::esp::PrependHeader(packet, {path.local.address, path.remote.address}, {});
        ikelab::esp::WriteWhatFollows(packet.View(), place, ikelab::esp::PROTOCOL_ESP);
        EXPECT_TRUE(ikelab::esp::EncapsulateInUdp(packet, place, NATT, NATT));
    }
    return ikelab::ToBuffer(std::as_const(packet).View());
}

// ESP in UDP comes back by ns-3's IP and UDP, one call inside of the other: what a peer packs into
// itself must not use up the stack.
TEST(NestedSas, OpenEspInUdpSoDeepAndNoDeeper)
{
    for (const unsigned layers : {1U, ikelab::limits::NESTED_SAS, ikelab::limits::NESTED_SAS + 1})
    {
        testing::SiteToSite::Options options;
        options.mallory = true;
        testing::GatewaySites run(
            options,
            [](testing::SiteToSite&, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
            {
                for (ikelab::gateway::Config* config : {&moon, &sun})
                {
                    auto connection = std::make_shared<ikelab::ike::ConnectionConfig>(
                        *config->ike.connections.front());
                    connection->encap = true;
                    ikelab::ike::ChildConfig& child = connection->children.front();
                    child.localTs = child.remoteTs = {ikelab::Selector{ikelab::IpRange::AnyV4()}};
                    config->ike.connections.front() = connection;
                }
            });
        ikelab::EspSpi spi;
        run.moon->TraceConnectWithoutContext(
            "ChildSaInstalled",
            Callback<void, const ikelab::ike::ChildSaInstalled&>(
                [&](const ikelab::ike::ChildSaInstalled& installed)
                {
                    spi = installed.inboundSpi;
                    testing::SendFrameAt(
                        Seconds(2),
                        run.sites.wan.Get(2),
                        run.sites.wan.Get(0),
                        Pack(installed,
                             layers,
                             testing::MakeUdpPacket(
                                 run.sites.bobAddress, run.sites.moonOutside, PORT, "DEEP")));
                }));
        std::vector<ikelab::gateway::PacketRefused> refused;
        run.moon->TraceConnectWithoutContext("PacketRefused",
                                             Callback<void, const ikelab::gateway::PacketRefused&>(
                                                 [&](const ikelab::gateway::PacketRefused& event)
                                                 { refused.push_back(event); }));
        testing::UdpInbox moon(run.sites.moon, false, PORT);
        run.Run(6);
        const bool tooDeep = layers > ikelab::limits::NESTED_SAS;
        EXPECT_EQ(moon.datagrams.size(), tooDeep ? 0U : 1U) << layers;
        EXPECT_EQ(run.moon->GetCounters().deliveredPackets, layers);
        EXPECT_EQ(run.moon->GetCounters().discardedPackets, tooDeep ? 1U : 0U);
        ASSERT_EQ(refused.size(), tooDeep ? 1U : 0U);
        if (tooDeep)
        {
            const auto& event = refused.front();
            EXPECT_EQ(event.error.fault, ikelab::Fault::LIMIT);
            EXPECT_TRUE(event.inbound);
            EXPECT_EQ(event.source, run.sites.sunOutside);
            EXPECT_EQ(event.destination, run.sites.moonOutside);
            EXPECT_EQ(event.protocol, ikelab::wire::ProtocolId::ESP);
            EXPECT_EQ(event.spi, spi);
            EXPECT_EQ(event.sequence, LATER + 1) << "the innermost";
            ASSERT_TRUE(event.sa && event.packet);
            EXPECT_EQ(event.packet->source.ToAddress(), run.sites.bobAddress);
            const auto counters = run.moon->CountersOf(event.sa->child);
            ASSERT_TRUE(counters);
            EXPECT_EQ(counters->refusedPackets, 1U);
        }
    }
}

} // namespace

} // namespace ns3
