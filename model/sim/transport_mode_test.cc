// SPDX-License-Identifier: GPL-2.0-only
#include "esp/packet_info.h"
#include "sim/flat_packet.h"
#include "sim/ipsec_stack.h"
#include "sim/testing/gateway_sites.h"

#include "ns3/boolean.h"
#include "ns3/error-model.h"
#include "ns3/ipv4-raw-socket-factory.h"
#include "ns3/ipv6-raw-socket-factory.h"
#include "ns3/pointer.h"
#include "ns3/simulator.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/uinteger.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ns3
{

namespace
{

using ikelab::Buffer;
using ikelab::Bytes;
using ikelab::SameOctets;
using testing::GatewaySites;
using testing::SiteToSite;

constexpr double FIRST_PACKET = 3; // seconds: the SAs are there long before
constexpr uint16_t PORT = 9;
constexpr uint8_t TTL = 33;
constexpr size_t PPP_OCTETS = 2;
constexpr uint8_t PROTOCOL_HOP_BY_HOP = 0;
const std::string TEXT = "in transport mode";

/// Shows every IP packet on its way over the link, and lets it be changed.
class Wire : public ErrorModel
{
  public:
    static TypeId
    GetTypeId()
    {
        static TypeId tid = TypeId("ns3::IkelabTestWire").SetParent<ErrorModel>();
        return tid;
    }

    std::function<void(Buffer& packet)> pass;

  private:
    bool
    DoCorrupt(Ptr<Packet> packet) override
    {
        Buffer frame(packet->GetSize());
        packet->CopyData(frame.data(), static_cast<uint32_t>(frame.size()));
        Buffer ip(frame.begin() + PPP_OCTETS, frame.end());
        const Buffer before = ip;
        pass(ip);
        if (ip != before)
        {
            frame.resize(PPP_OCTETS);
            ikelab::Append(frame, ip);
            packet->RemoveAtStart(packet->GetSize());
            packet->AddAtEnd(flat::ToPacket(frame));
        }
        return false;
    }

    void
    DoReset() override
    {
    }
};

/// Moon and sun protect what they say to each other.
class TransportMode : public ::testing::TestWithParam<std::pair<bool, bool>>
{
  protected:
    TransportMode()
    {
        SiteToSite::Options options;
        options.innerV6 = options.outerV6 = V6();
        run = std::make_unique<GatewaySites>(
            options,
            [&](SiteToSite& sites, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
            {
                Configure(moon, sites.moonOutside, sites.sunOutside);
                Configure(sun, sites.sunOutside, sites.moonOutside);
            });
        wire->pass = [this](Buffer& packet)
        {
            const auto info = ikelab::esp::ReadPacket(packet);
            ASSERT_TRUE(info);
            EXPECT_FALSE(testing::Holds(packet, TEXT)) << "in clear";
            // IKE has ports of its own even where ESP has UDP before it, and a marker.
            if (info->protocol == ikelab::esp::PROTOCOL_ESP ||
                (Encapsulated() && Simulator::Now() >= Seconds(FIRST_PACKET)))
            {
                onTheWay.push_back(packet);
                change(packet);
            }
        };
        run->sites.wan.Get(1)->SetAttribute("ReceiveErrorModel", PointerValue(wire));
        run->sites.sun->GetObject<IpsecStack>()->TraceConnectWithoutContext(
            "PacketDelivered",
            Callback<void, Bytes>([this](Bytes packet)
                                  { delivered.push_back(ikelab::ToBuffer(packet)); }));
    }

    static bool
    V6()
    {
        return GetParam().first;
    }

    static bool
    Encapsulated()
    {
        return GetParam().second;
    }

    static void
    Configure(ikelab::gateway::Config& config,
              const ikelab::IpAddress& local,
              const ikelab::IpAddress& remote)
    {
        testing::MakeTransport(config, local, remote);
        auto& shared = config.ike.connections.front();
        auto connection = std::make_shared<ikelab::ike::ConnectionConfig>(*shared);
        connection->encap = Encapsulated();
        shared = connection;
    }

    /// One datagram from moon to sun.
    void
    SendUdp(const std::string& text)
    {
        Simulator::ScheduleWithContext(
            run->sites.moon->GetId(),
            Seconds(FIRST_PACKET),
            [this, text]
            {
                Ptr<Socket> socket =
                    Socket::CreateSocket(run->sites.moon, UdpSocketFactory::GetTypeId());
                const ikelab::IpAddress& to = run->sites.sunOutside;
                if (V6())
                {
                    socket->SetIpv6HopLimit(TTL);
                    socket->Connect(Inet6SocketAddress(flat::ToIpv6Address(to), PORT));
                }
                else
                {
                    socket->SetIpTtl(TTL);
                    socket->Connect(InetSocketAddress(flat::ToIpv4Address(to), PORT));
                }
                socket->Send(Create<Packet>(reinterpret_cast<const uint8_t*>(text.data()),
                                            static_cast<uint32_t>(text.size())));
            });
    }

    size_t
    TtlAt() const
    {
        return V6() ? 7 : 8;
    }

    std::unique_ptr<GatewaySites> run;
    Ptr<Wire> wire{CreateObject<Wire>()};
    std::vector<Buffer> onTheWay;
    std::vector<Buffer> delivered;
    std::function<void(Buffer& packet)> change{[](Buffer&) {
    }};
};

class Ipv4TransportMode : public TransportMode
{
};

class Ipv6TransportMode : public TransportMode
{
};

// RFC 4303 §3.1.1: the header is the sender's; what a router does to it stays done.
TEST_P(TransportMode, KeepsTheSendersHeader)
{
    const testing::UdpInbox inbox(run->sites.sun, V6(), PORT);
    change = [this](Buffer& packet)
    {
        ASSERT_TRUE(flat::DecrementTtl(packet));
    };
    SendUdp(TEXT);
    run->Run(FIRST_PACKET + 1);
    ASSERT_EQ(onTheWay.size(), 1u);
    EXPECT_EQ(onTheWay.front()[TtlAt()], TTL);
    ASSERT_EQ(delivered.size(), 1u);
    EXPECT_EQ(delivered.front()[TtlAt()], TTL - 1);
    EXPECT_TRUE(testing::Holds(delivered.front(), TEXT));
    if (!V6())
    {
        EXPECT_EQ(Bytes(delivered.front()).subspan(4, 2)[1], onTheWay.front()[5])
            << "identification";
        EXPECT_EQ(ikelab::esp::HeaderChecksum(Bytes(delivered.front()).first(20)), 0);
    }
    EXPECT_EQ(inbox.datagrams, std::vector<std::string>{TEXT});
}

TEST_P(TransportMode, FragmentsOutsideAndReassembles)
{
    const testing::UdpInbox inbox(run->sites.sun, V6(), PORT);
    const std::string large(3000, 'x');
    SendUdp(large);
    run->Run(FIRST_PACKET + 1);
    ASSERT_EQ(delivered.size(), 1u);
    EXPECT_EQ(delivered.front()[TtlAt()], TTL);
    EXPECT_EQ(inbox.datagrams, std::vector<std::string>{large});
}

// Our own packets are fragmented outside although their sender fits them to the link: with DF still
// on them no router would have them, nor would ns-3 let them out.
TEST_P(Ipv4TransportMode, FragmentsOutsideWhatItsSenderWantsWhole)
{
    const testing::UdpInbox inbox(run->sites.sun, V6(), PORT);
    const std::string exact(1500 - 28, 'x');
    for (const std::string& text : {TEXT, exact})
    {
        Simulator::ScheduleWithContext(
            run->sites.moon->GetId(),
            Seconds(FIRST_PACKET),
            [this, text]
            {
                Ptr<Socket> socket =
                    Socket::CreateSocket(run->sites.moon, Ipv4RawSocketFactory::GetTypeId());
                socket->SetAttribute("IpHeaderInclude", BooleanValue(true));
                const auto& to = run->sites.sunOutside;
                socket->SendTo(flat::ToPacket(testing::MakeUdpPacket(
                                   run->sites.moonOutside, to, PORT, text, TTL, true)),
                               0,
                               InetSocketAddress(flat::ToIpv4Address(to), 0));
            });
    }
    run->Run(FIRST_PACKET + 1);
    EXPECT_EQ(inbox.datagrams, (std::vector<std::string>{TEXT, exact}));
    ASSERT_EQ(onTheWay.size(), 3u);
    constexpr uint8_t DONT_FRAGMENT = 0x40;
    EXPECT_NE(onTheWay[0][6] & DONT_FRAGMENT, 0) << "what fits keeps it";
    EXPECT_EQ(onTheWay[1][6] & DONT_FRAGMENT, 0);
    EXPECT_EQ(onTheWay[2][6] & DONT_FRAGMENT, 0);
    EXPECT_EQ(run->moon->GetCounters().discardedPackets, 0u);
}

// What options a packet comes with it keeps; ns-3 itself neither makes nor reads any.
TEST_P(Ipv4TransportMode, DeliversIpv4Options)
{
    const testing::UdpInbox inbox(run->sites.sun, V6(), PORT);
    const Buffer options{0x94, 4, 0, 0, 1, 1, 1, 0}; // a router alert, RFC 2113
    change = [&](Buffer& packet)
    {
        packet.insert(packet.begin() + 20, options.begin(), options.end());
        packet[0] = 0x47;
        packet[3] = static_cast<uint8_t>(packet[3] + options.size());
        packet[10] = packet[11] = 0;
        const uint16_t sum = ikelab::esp::HeaderChecksum(Bytes(packet).first(28));
        packet[10] = static_cast<uint8_t>(sum >> 8);
        packet[11] = static_cast<uint8_t>(sum);
    };
    SendUdp(TEXT);
    run->Run(FIRST_PACKET + 1);
    ASSERT_EQ(delivered.size(), 1u);
    EXPECT_TRUE(SameOctets(Bytes(delivered.front()).subspan(20, 8), options));
    EXPECT_EQ(ikelab::esp::HeaderChecksum(Bytes(delivered.front()).first(28)), 0);
    EXPECT_EQ(inbox.datagrams, std::vector<std::string>{TEXT});
}

// RFC 4303 §3.1.1: hop-by-hop options stay readable on the way, destination options do not.
TEST_P(Ipv6TransportMode, CarriesIpv6ExtensionHeaders)
{
    constexpr uint8_t DESTINATION_OPTIONS = 60;
    const testing::UdpInbox inbox(run->sites.sun, true, PORT);
    const Buffer udp =
        testing::MakeUdpPacket(run->sites.moonOutside, run->sites.sunOutside, PORT, TEXT);
    Buffer payload{DESTINATION_OPTIONS, 0, 1, 4, 0, 0, 0, 0};
    const Buffer destination{flat::PROTOCOL_UDP, 0, 1, 4, 0, 0, 0, 0};
    ikelab::Append(payload, destination);
    ikelab::Append(payload, Bytes(udp).subspan(flat::IPV6_HEADER_OCTETS));
    Simulator::ScheduleWithContext(
        run->sites.moon->GetId(),
        Seconds(FIRST_PACKET),
        [&]
        {
            Ptr<Socket> socket =
                Socket::CreateSocket(run->sites.moon, Ipv6RawSocketFactory::GetTypeId());
            socket->SetAttribute("Protocol", UintegerValue(PROTOCOL_HOP_BY_HOP));
            socket->Bind();
            socket->SendTo(flat::ToPacket(payload),
                           0,
                           Inet6SocketAddress(flat::ToIpv6Address(run->sites.sunOutside), 0));
        });
    run->Run(FIRST_PACKET + 1);
    ASSERT_EQ(onTheWay.size(), 1u);
    const Buffer& sent = onTheWay.front();
    EXPECT_EQ(sent[6], PROTOCOL_HOP_BY_HOP);
    EXPECT_EQ(sent[40], flat::PROTOCOL_ESP) << "and no destination options outside";
    ASSERT_EQ(delivered.size(), 1u);
    EXPECT_TRUE(SameOctets(Bytes(delivered.front()).subspan(40), payload));
    EXPECT_EQ(inbox.datagrams, std::vector<std::string>{TEXT});
}

std::string
NameOf(const ::testing::TestParamInfo<std::pair<bool, bool>>& row)
{
    return std::string(row.param.first ? "IPv6" : "IPv4") + (row.param.second ? "InUdp" : "");
}

INSTANTIATE_TEST_SUITE_P(Versions,
                         TransportMode,
                         ::testing::Values(std::pair(false, false),
                                           std::pair(false, true),
                                           std::pair(true, false),
                                           std::pair(true, true)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Native,
                         Ipv4TransportMode,
                         ::testing::Values(std::pair(false, false)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Native,
                         Ipv6TransportMode,
                         ::testing::Values(std::pair(true, false)),
                         NameOf);

} // namespace

} // namespace ns3
