// SPDX-License-Identifier: MIT
#include "esp/icmp_error.h"
#include "esp/testing/sa_pair.h"

#include <gtest/gtest.h>

/// RFC 4301 §6.2: errors about protected packets, by the SA that carries the answers to these.
namespace ikelab::esp
{

namespace
{

using testing::MakeIcmpError;
using testing::MakePacket;
using testing::SaPair;

constexpr uint8_t PORT_UNREACHABLE = 3;

Selector
Net(const char* range, uint8_t protocol = 0, uint16_t firstPort = 0, uint16_t lastPort = 65535)
{
    return {*IpRange::Parse(range), protocol, firstPort, lastPort};
}

struct Row
{
    const char* what;
    Buffer packet;
    bool accepted;
};

TEST(IcmpErrorInTunnel, IsTakenFromAnybodyIfItsPacketBelongsToTheSa)
{
    SaPair sa;
    // Of the receiver: it is 10.99.2.1's side, and only port 7 of the other side is protected.
    sa.selectors = {SelectorSet({Net("10.99.2.0/24", PROTOCOL_UDP)}),
                    SelectorSet({Net("10.99.1.0/24", PROTOCOL_UDP, 7, 7)})};
    const auto about = [](const char* source, const char* destination, uint16_t port)
    {
        return MakePacket({.source = source, .destination = destination, .destinationPort = port});
    };
    const Buffer ours = about("10.99.2.1", "10.99.1.1", 7);
    const auto error = [&](Bytes packet, size_t quoted = 576, uint8_t type = 3)
    {
        return MakeIcmpError("10.7.7.7", "10.99.2.1", type, PORT_UNREACHABLE, packet, quoted);
    };
    Buffer fragmented = error(ours);
    fragmented[6] = 0x20;
    const Row rows[] = {
        {"ours", error(ours), true},
        {"ours, as little as RFC 792 asks for", error(ours, 28), true},
        {"time exceeded", error(ours, 28, 11), true},
        {"the ports are cut off", error(ours, 23), false},
        {"the header is cut off", error(ours, 19), false},
        {"another port", error(about("10.99.2.1", "10.99.1.1", 8)), false},
        {"another net", error(about("10.99.2.1", "10.98.1.1", 7)), false},
        {"a third party", error(about("10.98.2.1", "10.99.1.1", 7)), false},
        {"the wrong way", error(about("10.99.1.1", "10.99.2.1", 7)), false},
        {"not to the sender",
         MakeIcmpError("10.7.7.7", "10.99.2.2", 3, PORT_UNREACHABLE, ours),
         false},
        {"no error", error(ours, 576, 8), false},
        {"in fragments", fragmented, false},
    };
    for (const Row& row : rows)
    {
        const auto opened = sa.Open(sa.Seal(row.packet));
        EXPECT_EQ(opened.has_value(), row.accepted) << row.what;
        if (!row.accepted)
        {
            EXPECT_EQ(opened.error().fault, Fault::POLICY) << row.what;
        }
        else
        {
            EXPECT_TRUE(SameOctets(sa.Inner(), row.packet)) << row.what;
        }
    }
}

TEST(IcmpErrorInTunnel, IsReadInIpv6Too)
{
    SaPair sa;
    sa.selectors = {SelectorSet({Net("2001:db8:2::/48")}), SelectorSet({Net("2001:db8:1::/48")})};
    const Buffer ours = MakePacket({.source = "2001:db8:2::1", .destination = "2001:db8:1::1"});
    const Buffer other = MakePacket({.source = "2001:db8:2::1", .destination = "2001:db8:3::1"});
    EXPECT_TRUE(sa.Open(sa.Seal(MakeIcmpError("2001:db8:7::7", "2001:db8:2::1", 1, 4, ours))));
    EXPECT_FALSE(sa.Open(sa.Seal(MakeIcmpError("2001:db8:7::7", "2001:db8:2::1", 1, 4, other))));
    EXPECT_FALSE(sa.Open(sa.Seal(MakeIcmpError("2001:db8:7::7", "2001:db8:2::1", 129, 0, ours))));
}

TEST(IcmpErrorInTunnel, QuotesOctetsOfAnyLength)
{
    const Buffer ours = MakePacket();
    for (size_t quoted = 0; quoted <= ours.size(); ++quoted)
    {
        const Buffer packet = MakeIcmpError("10.7.7.7", "10.99.2.1", 3, 1, ours, quoted);
        const auto error = ReadIcmpError(packet, *ReadPacket(packet));
        ASSERT_EQ(error.has_value(), quoted >= 20) << quoted;
        if (error)
        {
            EXPECT_EQ(error->about.totalOctets, ours.size());
            EXPECT_EQ(error->about.portsKnown, quoted >= 24) << quoted;
            EXPECT_EQ(error->about.portsHidden, quoted < 24) << quoted;
        }
    }
}

} // namespace

} // namespace ikelab::esp
