// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flat_packet.h"
#include "sim/own_traffic.h"

#include <gtest/gtest.h>

namespace ns3
{

namespace
{

using ikelab::Buffer;
using ikelab::Bytes;

constexpr uint8_t TCP = 6;
constexpr uint8_t FRAGMENT = 44;
/// UDP from port 9 to port 500, and to port 9.
const Buffer TO_IKE{0, 9, 500 / 256, 500 % 256, 0, 12, 0, 0, 1, 2, 3, 4};
const Buffer TO_OTHERS{0, 9, 0, 9, 0, 12, 0, 0, 1, 2, 3, 4};

Buffer
V4(uint8_t protocol, const Buffer& payload, uint16_t id = 0, uint16_t offset = 0, bool more = false)
{
    Ipv4Header header;
    header.SetSource("192.0.2.1");
    header.SetDestination("192.0.2.2");
    header.SetProtocol(protocol);
    header.SetIdentification(id);
    header.SetFragmentOffset(offset);
    more ? header.SetMoreFragments() : header.SetLastFragment();
    ikelab::PacketBuffer packet;
    flat::Flatten(header, *flat::ToPacket(payload), packet);
    return ikelab::ToBuffer(packet.View());
}

Buffer
V6(uint8_t protocol, const Buffer& payload)
{
    Ipv6Header header;
    header.SetSource("fd00::1");
    header.SetDestination("fd00::2");
    header.SetNextHeader(protocol);
    ikelab::PacketBuffer packet;
    flat::Flatten(header, *flat::ToPacket(payload), packet);
    return ikelab::ToBuffer(packet.View());
}

Buffer
V6Fragment(uint8_t id, uint16_t offset, bool more, const Buffer& payload)
{
    Buffer octets{flat::PROTOCOL_UDP,
                  0,
                  static_cast<uint8_t>(offset >> 8),
                  static_cast<uint8_t>((offset & 0xf8) | (more ? 1 : 0)),
                  0,
                  0,
                  0,
                  id};
    octets.insert(octets.end(), payload.begin(), payload.end());
    return V6(FRAGMENT, octets);
}

class OwnTrafficTest : public ::testing::Test
{
  protected:
    OwnTrafficTest()
    {
        own.SetTaken([](uint16_t port) { return port == 500; });
    }

    OwnTraffic own;
};

TEST_F(OwnTrafficTest, IsEspAndUdpToIke)
{
    EXPECT_TRUE(own.Holds(V4(flat::PROTOCOL_ESP, TO_OTHERS)));
    EXPECT_TRUE(own.Holds(V6(flat::PROTOCOL_ESP, TO_OTHERS)));
    EXPECT_TRUE(own.Holds(V4(flat::PROTOCOL_AH, TO_OTHERS)));
    EXPECT_TRUE(own.Holds(V6(flat::PROTOCOL_AH, TO_OTHERS)));
    EXPECT_TRUE(own.Holds(V4(flat::PROTOCOL_UDP, TO_IKE)));
    EXPECT_TRUE(own.Holds(V6(flat::PROTOCOL_UDP, TO_IKE)));
    EXPECT_FALSE(own.Holds(V4(flat::PROTOCOL_UDP, TO_OTHERS)));
    EXPECT_FALSE(own.Holds(V6(flat::PROTOCOL_UDP, TO_OTHERS)));
    EXPECT_FALSE(own.Holds(V4(TCP, TO_IKE)));
    EXPECT_FALSE(own.Holds(V6(TCP, TO_IKE)));
}

// RFC 8200 §4.2: what nobody must act on may be read when the packet is open.
TEST_F(OwnTrafficTest, FindsEspBehindOptionsThatMayBePassedOver)
{
    struct Row
    {
        uint8_t kind;
        Buffer header; ///< followed by ESP
        bool found;
    };
    constexpr uint8_t ESP = flat::PROTOCOL_ESP;
    for (const Row& row : {Row{0, {ESP, 0, 1, 4, 0, 0, 0, 0}, true},
                           Row{0, {ESP, 0, 5, 2, 0, 0, 0, 0}, true},
                           Row{60, {ESP, 0, 0x1e, 4, 0, 0, 0, 0}, true},
                           Row{60, {ESP, 0, 0x5e, 4, 0, 0, 0, 0}, false},
                           Row{60, {ESP, 0, 1, 5, 0, 0, 0, 0}, false},
                           Row{43, {ESP, 0, 253, 0, 0, 0, 0, 0}, true},
                           Row{43, {ESP, 0, 253, 1, 0, 0, 0, 0}, false},
                           Row{FRAGMENT, {ESP, 0, 0, 0, 0, 0, 0, 1}, false},
                           Row{60, {TCP, 0, 1, 4, 0, 0, 0, 0}, false}})
    {
        Buffer payload = row.header;
        payload.insert(payload.end(), TO_OTHERS.begin(), TO_OTHERS.end());
        const Buffer packet = V6(row.kind, payload);
        const auto found = OwnTraffic::FindWholeEsp(packet);
        EXPECT_EQ(found.has_value(), row.found) << int{row.kind} << " " << int{row.header[2]};
        if (found)
        {
            EXPECT_EQ(found->headerOctets, flat::IPV6_HEADER_OCTETS + 8);
            EXPECT_EQ(found->totalOctets, packet.size());
        }
        for (size_t octets = 0; octets < flat::IPV6_HEADER_OCTETS + 8; ++octets)
        {
            EXPECT_FALSE(OwnTraffic::FindWholeEsp(Bytes(packet).first(octets))) << octets;
        }
    }
    Buffer v4 = V4(ESP, TO_OTHERS);
    v4[0] = 0x47;
    EXPECT_EQ(OwnTraffic::FindWholeEsp(v4)->headerOctets, 28u);
    v4[0] = 0x44;
    EXPECT_FALSE(OwnTraffic::FindWholeEsp(v4));
    v4[0] = 0x4f;
    EXPECT_FALSE(OwnTraffic::FindWholeEsp(v4)) << "longer than the packet";
}

TEST_F(OwnTrafficTest, FindsWholeEsp)
{
    for (const bool v6 : {false, true})
    {
        const Buffer esp =
            v6 ? V6(flat::PROTOCOL_ESP, TO_OTHERS) : V4(flat::PROTOCOL_ESP, TO_OTHERS);
        const auto found = OwnTraffic::FindWholeEsp(esp);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->totalOctets, esp.size());
        EXPECT_EQ(found->headerOctets, esp.size() - TO_OTHERS.size());
    }
    EXPECT_FALSE(OwnTraffic::FindWholeEsp(V4(flat::PROTOCOL_UDP, TO_IKE)));
    EXPECT_FALSE(OwnTraffic::FindWholeEsp(V6(flat::PROTOCOL_UDP, TO_IKE)));
    EXPECT_FALSE(OwnTraffic::FindWholeEsp(V4(flat::PROTOCOL_ESP, TO_OTHERS, 7, 0, true)));
    EXPECT_FALSE(OwnTraffic::FindWholeEsp(V4(flat::PROTOCOL_ESP, TO_OTHERS, 7, 16)));
    EXPECT_FALSE(OwnTraffic::FindWholeEsp(V6Fragment(7, 0, false, TO_OTHERS)));
    EXPECT_FALSE(OwnTraffic::FindWholeEsp({}));
}

TEST_F(OwnTrafficTest, KnowsLaterFragmentsByTheFirst)
{
    EXPECT_FALSE(own.Holds(V4(flat::PROTOCOL_UDP, TO_IKE, 7, 16)));
    EXPECT_TRUE(own.Holds(V4(flat::PROTOCOL_UDP, TO_IKE, 7, 0, true)));
    EXPECT_TRUE(own.Holds(V4(flat::PROTOCOL_UDP, TO_OTHERS, 7, 16)));
    EXPECT_FALSE(own.Holds(V4(flat::PROTOCOL_UDP, TO_IKE, 8, 16)));
    EXPECT_FALSE(own.Holds(V6Fragment(7, 16, false, TO_IKE)));
    EXPECT_TRUE(own.Holds(V6Fragment(7, 0, true, TO_IKE)));
    EXPECT_TRUE(own.Holds(V6Fragment(7, 16, false, TO_OTHERS)));
    EXPECT_FALSE(own.Holds(V6Fragment(8, 0, true, TO_OTHERS)));
    EXPECT_FALSE(own.Holds(V6Fragment(8, 16, false, TO_OTHERS)));
}

TEST_F(OwnTrafficTest, ForgetsTheOldestFragmentedDatagram)
{
    for (uint16_t id = 1; id <= 100; ++id)
    {
        EXPECT_TRUE(own.Holds(V4(flat::PROTOCOL_UDP, TO_IKE, id, 0, true)));
    }
    EXPECT_FALSE(own.Holds(V4(flat::PROTOCOL_UDP, TO_IKE, 1, 16)));
    EXPECT_TRUE(own.Holds(V4(flat::PROTOCOL_UDP, TO_IKE, 100, 16)));
}

TEST_F(OwnTrafficTest, IsNothingThatIsCutOff)
{
    for (const Buffer& packet : {V4(flat::PROTOCOL_UDP, TO_IKE),
                                 V6(flat::PROTOCOL_UDP, TO_IKE),
                                 V6Fragment(9, 0, true, TO_IKE)})
    {
        const size_t ports = packet.size() - TO_IKE.size() + 4;
        for (size_t octets = 0; octets < ports; ++octets)
        {
            EXPECT_FALSE(own.Holds(Bytes(packet).first(octets))) << octets;
        }
        EXPECT_TRUE(own.Holds(Bytes(packet).first(ports)));
    }
}

} // namespace

} // namespace ns3
