// SPDX-License-Identifier: MIT
#include "base/byte_writer.h"
#include "base/limits.h"
#include "base/random_source.h"
#include "esp/fragment_table.h"
#include "esp/testing/sa_pair.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <tuple>

/// RFC 4301 §7.3: later fragments are judged as their first one was.
namespace ikelab::esp
{

namespace
{

using namespace std::chrono_literals;
using testing::MakePacket;
using testing::SaPair;

/// A part of a datagram; offsets and lengths in octets, the first 8 of it hold its ports.
struct Part
{
    bool v6{false};
    uint8_t protocol{PROTOCOL_UDP};
    uint16_t identification{1};
    size_t begin{0};
    size_t octets{64};
    bool more{true};
    uint16_t destinationPort{7};
    uint8_t host{1}; ///< the source's last octet
};

Buffer
MakePart(const Part& part)
{
    ByteWriter data;
    if (part.begin == 0)
    {
        data.U16(40000);
        data.U16(part.destinationPort);
    }
    while (data.View().size() < part.octets)
    {
        data.U8(0);
    }
    const Bytes payload = data.View().first(part.octets);
    ByteWriter packet;
    if (part.v6)
    {
        packet.U32(0x60000000);
        packet.U16(static_cast<uint16_t>(8 + payload.size()));
        packet.U8(44);
        packet.U8(64);
        packet.Octets(IpAddress::Parse("2001:db8:1::")->Octets().first(15));
        packet.U8(part.host);
        packet.Octets(IpAddress::Parse("2001:db8:2::1")->Octets());
        packet.U8(part.protocol);
        packet.U8(0);
        packet.U16(static_cast<uint16_t>(part.begin | (part.more ? 1 : 0)));
        packet.U32(part.identification);
        packet.Octets(payload);
        return packet.Release();
    }
    packet.U16(0x4500);
    packet.U16(static_cast<uint16_t>(20 + payload.size()));
    packet.U16(part.identification);
    packet.U16(static_cast<uint16_t>(part.begin / 8 | (part.more ? 0x2000 : 0)));
    packet.U8(64);
    packet.U8(part.protocol);
    packet.U16(0);
    packet.Octets(IpAddress::V4(0x0a630100u | part.host).Octets());
    packet.Octets(IpAddress::V4(0x0a630201u).Octets());
    packet.Octets(payload);
    return packet.Release();
}

class Fragments : public ::testing::TestWithParam<bool>
{
  protected:
    /// What the table makes of a part.
    PacketInfo
    See(Part part, Instant now = {}, uint64_t way = FragmentWay::OUTBOUND)
    {
        part.v6 = GetParam();
        PacketInfo info = *ReadPacket(MakePart(part));
        table.Follow(now, way, info);
        return info;
    }

    FragmentTable table;
};

TEST_P(Fragments, FollowTheirFirst)
{
    EXPECT_FALSE(See({.begin = 64}).portsKnown) << "before its first";
    EXPECT_FALSE(See({}).portsOfFirst);
    for (const size_t begin : {64, 128, 65528})
    {
        const PacketInfo later = See({.begin = begin, .octets = 16, .more = begin == 64});
        EXPECT_TRUE(later.portsKnown);
        EXPECT_TRUE(later.portsOfFirst);
        EXPECT_FALSE(later.portsHidden);
        EXPECT_EQ(later.sourcePort, 40000);
        EXPECT_EQ(later.destinationPort, 7);
        EXPECT_TRUE(later.laterFragment);
    }
    // The same number for another datagram.
    See({.destinationPort = 8});
    EXPECT_EQ(See({.begin = 64}).destinationPort, 8);
}

TEST_P(Fragments, FollowNobodyElse)
{
    See({});
    EXPECT_TRUE(See({.begin = 64}).portsKnown);
    EXPECT_FALSE(See({.identification = 2, .begin = 64}).portsKnown);
    EXPECT_FALSE(See({.begin = 64, .host = 2}).portsKnown);
    EXPECT_FALSE(See({.begin = 64}, {}, FragmentWay::CLEAR).portsKnown);
    EXPECT_FALSE(See({.begin = 64}, {}, FragmentWay::Of(EspSpi{0})).portsKnown);
    EXPECT_FALSE(See({.begin = 64}, {}, FragmentWay::Of(EspSpi{1})).portsKnown);
}

// RFC 8200 §4.5: in IPv6 the first fragment alone says what the next header is.
TEST_P(Fragments, MayLieAboutTheirProtocolInIpv6)
{
    See({});
    const PacketInfo later = See({.protocol = PROTOCOL_TCP, .begin = 64});
    EXPECT_EQ(later.portsKnown, GetParam());
    EXPECT_EQ(later.protocol, GetParam() ? PROTOCOL_UDP : PROTOCOL_TCP);
    const PacketInfo none = See({.protocol = PROTOCOL_NO_NEXT_HEADER, .begin = 64});
    EXPECT_EQ(none.portsKnown, GetParam());
}

// RFC 8200 §4.5: until its first one was seen, a later one is of any protocol.
TEST_P(Fragments, OfAProtocolWithoutPortsAreOfItOnceTheirFirstIsKnown)
{
    constexpr uint8_t GRE = 47;
    const bool v6 = GetParam();
    EXPECT_EQ(See({.protocol = GRE, .begin = 64}).protocolKnown, !v6);
    EXPECT_EQ(See({.protocol = GRE, .begin = 64}).portsHidden, v6);
    See({.protocol = GRE});
    for (const uint8_t claimed : {GRE, v6 ? PROTOCOL_UDP : GRE})
    {
        const PacketInfo later = See({.protocol = claimed, .begin = 64});
        EXPECT_TRUE(later.protocolKnown);
        EXPECT_EQ(later.protocol, GRE);
        EXPECT_FALSE(later.portsKnown);
        EXPECT_FALSE(later.portsHidden);
    }
}

TEST_P(Fragments, AreForgottenAfterAWhile)
{
    See({}, Instant(1s));
    const Instant end = Instant(1s) + limits::FRAGMENT_LIFETIME;
    EXPECT_TRUE(See({.begin = 64}, end - 1ns).portsKnown);
    EXPECT_FALSE(See({.begin = 64}, end).portsKnown);
}

// RFC 1858 and 3128: a fragment that could say again what the first one said.
TEST_P(Fragments, ThatOverlapTheFirstOrFollowATinyOneStayIncomplete)
{
    See({.octets = 64});
    EXPECT_FALSE(See({.begin = 8}).portsKnown);
    EXPECT_FALSE(See({.begin = 56}).portsKnown);
    EXPECT_TRUE(See({.begin = 64}).portsKnown);
    // It does not show the ports itself, and takes back what was known.
    EXPECT_TRUE(See({.octets = 2}).portsHidden);
    EXPECT_FALSE(See({.begin = 64}).portsKnown);
    // TCP's flags are in octet 13.
    See({.protocol = PROTOCOL_TCP, .identification = 2, .octets = 8});
    EXPECT_FALSE(See({.protocol = PROTOCOL_TCP, .identification = 2, .begin = 8}).portsKnown);
    See({.protocol = PROTOCOL_TCP, .identification = 2, .octets = 16});
    EXPECT_FALSE(See({.protocol = PROTOCOL_TCP, .identification = 2, .begin = 8}).portsKnown);
    EXPECT_TRUE(See({.protocol = PROTOCOL_TCP, .identification = 2, .begin = 16}).portsKnown);
}

// Against a map without bounds: the table never says what that does not say, and seldom less.
TEST_P(Fragments, AgreeWithAMapWithoutBounds)
{
    struct First
    {
        Instant until;
        size_t end{0};
        uint16_t port{0};
    };
    std::map<std::tuple<uint64_t, uint16_t, uint8_t>, First> all;
    SeededRandom random(7);
    Instant now{};
    size_t expected = 0;
    size_t completed = 0;
    for (size_t i = 0; i < 50'000; ++i)
    {
        now += Duration(random.U32() % 400'000'000);
        Part part;
        part.identification = static_cast<uint16_t>(random.U32() % 40);
        part.host = static_cast<uint8_t>(random.U32() % 4);
        part.octets = 8 * (1 + random.U32() % 10);
        part.begin = random.U32() % 2 == 0 ? 0 : 8 * (1 + random.U32() % 20);
        part.destinationPort = static_cast<uint16_t>(random.U32());
        const uint64_t way = random.U32() % 3;
        if (part.begin == 0 && random.U32() % 8 == 0)
        {
            part.octets = 3;
        }
        const PacketInfo info = See(part, now, way);
        First& first = all[{way, part.identification, part.host}];
        if (part.begin == 0)
        {
            first = part.octets < 4
                        ? First{}
                        : First{now + limits::FRAGMENT_LIFETIME, part.octets, part.destinationPort};
            continue;
        }
        const bool follows = now < first.until && part.begin >= first.end;
        expected += follows ? 1 : 0;
        completed += info.portsKnown ? 1 : 0;
        ASSERT_TRUE(follows || !info.portsKnown);
        ASSERT_TRUE(!info.portsKnown || info.destinationPort == first.port);
    }
    EXPECT_GT(expected, 1000u);
    EXPECT_GE(completed, expected * 99 / 100);
}

TEST_P(Fragments, OfAFloodPushOthersOutButNeverMixThem)
{
    See({.host = 200});
    for (uint32_t i = 0; i < 65'536; ++i)
    {
        See({.identification = static_cast<uint16_t>(i), .destinationPort = 9});
    }
    EXPECT_FALSE(See({.begin = 64, .host = 200}).portsKnown);
    EXPECT_EQ(See({.identification = 65'535, .begin = 64}).destinationPort, 9);
}

// RFC 4301 §7.3: a receiver that did not agree refuses what shows no ports.
TEST_P(Fragments, AreRefusedByAnSaOfPortsUnlessAgreedOn)
{
    SaPair sa;
    const Selectors port7{Selector{IpRange::AnyV4(), PROTOCOL_UDP, 7, 7},
                          Selector{IpRange::AnyV6(), PROTOCOL_UDP, 7, 7}};
    const Selectors any{Selector{IpRange::AnyV4()}, Selector{IpRange::AnyV6()}};
    sa.selectors = {SelectorSet(port7), SelectorSet(any)};
    const auto open = [&](Part part, bool agreed)
    {
        part.v6 = GetParam();
        const FragmentFollower fragments{table, {}, FragmentWay::Of(sa.in.Spi()), agreed};
        const Buffer sealed = sa.Seal(MakePart(part));
        sa.inner.Assign(sealed);
        const auto opened =
            sa.in.Open(sa.inner, *wire::ParseEspHeader(sealed), sa.selectors, sa.outer, &fragments);
        return opened ? Fault::NOT_FOUND : opened.error().fault;
    };
    EXPECT_EQ(open({.begin = 64}, true), Fault::POLICY) << "before its first";
    EXPECT_EQ(open({}, false), Fault::NOT_FOUND);
    EXPECT_EQ(open({.begin = 64}, false), Fault::POLICY);
    EXPECT_EQ(open({}, true), Fault::NOT_FOUND);
    EXPECT_EQ(open({.begin = 64}, true), Fault::NOT_FOUND);
    EXPECT_EQ(open({.destinationPort = 8}, true), Fault::POLICY);
    EXPECT_EQ(open({.begin = 64}, true), Fault::POLICY) << "of a packet to another port";
}

INSTANTIATE_TEST_SUITE_P(Versions,
                         Fragments,
                         ::testing::Bool(),
                         [](const auto& versions) { return versions.param ? "IPv6" : "IPv4"; });

} // namespace

} // namespace ikelab::esp
