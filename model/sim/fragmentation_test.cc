// SPDX-License-Identifier: GPL-2.0-only
#include "base/packet_buffer.h"
#include "base/random_source.h"
#include "sim/flat_packet.h"
#include "sim/ip_output.h"

#include "ns3/boolean.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-interface-address.h"
#include "ns3/ipv6-interface-address.h"
#include "ns3/queue.h"
#include "ns3/simple-channel.h"
#include "ns3/simple-net-device.h"
#include "ns3/simulator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

/**
 * What leaves when an outer packet does not fit its link, beside a reading of RFC 791 §3.2 and RFC
 * 8200 §4.5 that shares nothing with the stack.
 */
namespace ns3
{

namespace
{

using ikelab::Buffer;
using ikelab::Bytes;
using ikelab::IpAddress;

constexpr uint8_t ESP = 50;
constexpr uint8_t FRAGMENT = 44;
constexpr size_t V4_HEADER = 20;
constexpr size_t V6_HEADER = 40;
constexpr size_t V6_FRAGMENT_HEADER = 8;

uint32_t
Number(Bytes octets)
{
    uint32_t number = 0;
    for (const uint8_t octet : octets)
    {
        number = number << 8 | octet;
    }
    return number;
}

/// A part of a datagram, or all of it.
struct Piece
{
    bool fragment{false};
    bool more{false};
    size_t offset{0};
    uint32_t identification{0};
    Buffer data;

    bool
    operator==(const Piece& other) const
    {
        return fragment == other.fragment && more == other.more && offset == other.offset &&
               data == other.data; // the identification is the sender's choice
    }
};

/**
 * Offsets count 8 octets, so all pieces but the last hold a multiple of that. The last may fill the
 * link: ns-3 does so with IPv6, while its IPv4 makes one piece more of what is left.
 */
std::vector<Piece>
Divide(Bytes data, bool v6, size_t mtu)
{
    const size_t header = v6 ? V6_HEADER : V4_HEADER;
    if (header + data.size() <= mtu)
    {
        return {Piece{false, false, 0, 0, ikelab::ToBuffer(data)}};
    }
    const size_t room = mtu - header - (v6 ? V6_FRAGMENT_HEADER : 0);
    const size_t whole = room / 8 * 8;
    std::vector<Piece> pieces;
    for (size_t offset = 0; offset < data.size();)
    {
        const size_t left = data.size() - offset;
        const size_t octets = left <= (v6 ? room : whole) ? left : whole;
        const Bytes part = data.subspan(offset).first(octets);
        pieces.push_back({true, octets < left, offset, 0, ikelab::ToBuffer(part)});
        offset += octets;
    }
    return pieces;
}

std::optional<Piece>
ReadV4(Bytes packet)
{
    if (packet.size() < V4_HEADER || packet[0] != 0x45 || packet[9] != ESP ||
        Number(packet.subspan(2, 2)) != packet.size())
    {
        return std::nullopt;
    }
    const uint32_t field = Number(packet.subspan(6, 2));
    Piece piece;
    piece.more = (field & 0x2000) != 0;
    piece.offset = size_t{8} * (field & 0x1fff);
    piece.fragment = piece.more || piece.offset != 0;
    piece.identification = Number(packet.subspan(4, 2));
    piece.data = ikelab::ToBuffer(packet.subspan(V4_HEADER));
    return piece;
}

std::optional<Piece>
ReadV6(Bytes packet)
{
    if (packet.size() < V6_HEADER || packet[0] >> 4 != 6 ||
        Number(packet.subspan(4, 2)) + V6_HEADER != packet.size())
    {
        return std::nullopt;
    }
    Piece piece;
    if (packet[6] == ESP)
    {
        piece.data = ikelab::ToBuffer(packet.subspan(V6_HEADER));
        return piece;
    }
    if (packet[6] != FRAGMENT || packet.size() < V6_HEADER + V6_FRAGMENT_HEADER ||
        packet[V6_HEADER] != ESP)
    {
        return std::nullopt;
    }
    const Bytes header = packet.subspan(V6_HEADER, V6_FRAGMENT_HEADER);
    const uint32_t field = Number(header.subspan(2, 2));
    piece.fragment = true;
    piece.more = (field & 1) != 0;
    piece.offset = field & 0xfff8;
    piece.identification = Number(header.subspan(4, 4));
    piece.data = ikelab::ToBuffer(packet.subspan(V6_HEADER + V6_FRAGMENT_HEADER));
    return piece;
}

/// A node whose only link is watched.
class Sender
{
  public:
    Sender()
    {
        InternetStackHelper().Install(m_node);
        Ptr<SimpleChannel> channel = CreateObject<SimpleChannel>();
        for (const Ptr<SimpleNetDevice>& device : {m_device, m_other})
        {
            device->SetAttribute("PointToPointMode", BooleanValue(true));
            device->SetAddress(Mac48Address::Allocate());
            device->SetChannel(channel);
        }
        // As many as the smallest pieces of the largest packet: none is dropped here.
        m_device->GetQueue()->SetMaxSize(QueueSize("1000p"));
        m_node->AddDevice(m_device);
        m_otherNode->AddDevice(m_other);
        m_other->SetReceiveCallback(MakeCallback(&Sender::Take, this));
        Ptr<Ipv4> ipv4 = m_node->GetObject<Ipv4>();
        const uint32_t four = ipv4->AddInterface(m_device);
        ipv4->AddAddress(four, Ipv4InterfaceAddress("192.0.2.1", "255.255.255.0"));
        ipv4->SetUp(four);
        Ptr<Ipv6> ipv6 = m_node->GetObject<Ipv6>();
        const uint32_t six = ipv6->AddInterface(m_device);
        ipv6->AddAddress(six, Ipv6InterfaceAddress("2001:db8::1", Ipv6Prefix(64)));
        ipv6->SetUp(six);
        m_output.Setup(m_node, ipv4->GetRoutingProtocol(), ipv6->GetRoutingProtocol(), m_device);
        Simulator::Stop(Seconds(3)); // duplicate address detection is over by then
        Simulator::Run();
        packets.clear();
    }

    ~Sender()
    {
        m_output.Clear();
        Simulator::Destroy();
    }

    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    void
    SetMtu(size_t mtu)
    {
        m_device->SetMtu(static_cast<uint16_t>(mtu));
    }

    /// @return all that was on the link
    template <typename Send>
    std::vector<Buffer>
    Record(const Send& send)
    {
        packets.clear();
        send(m_output);
        Simulator::Stop(MicroSeconds(1));
        Simulator::Run();
        return packets;
    }

    std::vector<Buffer> packets;

  private:
    bool
    Take(Ptr<NetDevice>, Ptr<const Packet> packet, uint16_t, const Address&)
    {
        Buffer octets(packet->GetSize());
        packet->CopyData(octets.data(), packet->GetSize());
        packets.push_back(std::move(octets));
        return true;
    }

    Ptr<Node> m_node{CreateObject<Node>()};
    Ptr<Node> m_otherNode{CreateObject<Node>()};
    Ptr<SimpleNetDevice> m_device{CreateObject<SimpleNetDevice>()};
    Ptr<SimpleNetDevice> m_other{CreateObject<SimpleNetDevice>()};
    IpOutput m_output;
};

/// In any order.
std::optional<Buffer>
Reassemble(std::vector<Piece> pieces)
{
    std::ranges::sort(pieces, {}, &Piece::offset);
    Buffer data;
    for (size_t i = 0; i < pieces.size(); ++i)
    {
        if (pieces[i].offset != data.size() || pieces[i].more != (i + 1 < pieces.size()) ||
            pieces[i].identification != pieces[0].identification)
        {
            return std::nullopt;
        }
        data.insert(data.end(), pieces[i].data.begin(), pieces[i].data.end());
    }
    return data;
}

class Fragmentation : public ::testing::TestWithParam<bool>
{
};

TEST_P(Fragmentation, IsWhatTheRfcsSay)
{
    constexpr size_t CASES = 12000;
    const bool v6 = GetParam();
    const size_t header = v6 ? V6_HEADER : V4_HEADER;
    ikelab::SeededRandom random(v6 ? 6 : 4);
    Sender sender;
    size_t fragmented = 0;
    std::optional<uint32_t> last;
    for (size_t i = 0; i < CASES; ++i)
    {
        const size_t least = v6 ? 1280 : 68; // of a link, RFC 8200 §5 and RFC 791 §3.2
        const size_t mtu = least + random.U32() % (1600 - least);
        // Around the multiples of the MTU as often as anywhere.
        size_t octets = 1 + random.U32() % 6000;
        if (random.U32() % 2 == 0)
        {
            octets =
                (1 + random.U32() % 4) * (mtu - header) - random.U32() % 24 + random.U32() % 24;
        }
        Buffer payload(octets);
        random.Fill(payload);
        sender.SetMtu(mtu);
        IpOutput::Outer outer;
        outer.source = *IpAddress::Parse(v6 ? "2001:db8::1" : "192.0.2.1");
        outer.destination = *IpAddress::Parse(v6 ? "2001:db8::2" : "192.0.2.2");
        outer.protocol = ESP;
        outer.trafficClass = static_cast<uint8_t>(random.U32());
        outer.ttl = static_cast<uint8_t>(2 + random.U32() % 250);
        ikelab::PacketBuffer buffer(payload);
        const auto packets = sender.Record([&](IpOutput& output)
                                           { ASSERT_TRUE(output.SendPayload(outer, buffer)); });
        std::vector<Piece> pieces;
        for (const Buffer& packet : packets)
        {
            ASSERT_LE(packet.size(), mtu) << "case " << i;
            const auto piece = v6 ? ReadV6(packet) : ReadV4(packet);
            ASSERT_TRUE(piece) << "case " << i;
            pieces.push_back(*piece);
            EXPECT_EQ(packet[v6 ? 7 : 8], outer.ttl);
            EXPECT_EQ(v6 ? static_cast<uint8_t>(packet[0] << 4 | packet[1] >> 4) : packet[1],
                      outer.trafficClass);
        }
        const auto expected = Divide(payload, v6, mtu);
        ASSERT_EQ(pieces, expected)
            << "case " << i << ", MTU " << mtu << ", " << octets << " octets";
        EXPECT_EQ(Reassemble(pieces), payload);
        if (pieces.size() > 1)
        {
            ++fragmented;
            EXPECT_NE(last, pieces[0].identification) << "two datagrams would be one";
            last = pieces[0].identification;
        }
    }
    EXPECT_GT(fragmented, CASES / 2);
    EXPECT_LT(fragmented, CASES - CASES / 20);
}

INSTANTIATE_TEST_SUITE_P(Versions,
                         Fragmentation,
                         ::testing::Bool(),
                         [](const auto& versions) { return versions.param ? "IPv6" : "IPv4"; });

} // namespace

} // namespace ns3
