// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "base/limits.h"
#include "esp/ah_authenticated.h"
#include "esp/testing/ah_pair.h"

#include <gtest/gtest.h>

#include <algorithm>

/// Options and extension headers before AH (RFC 4302 §3.3.3.1, appendix A).
namespace ikelab::esp
{
namespace
{

using testing::AhPair;
using testing::MakePacket;
using testing::MakePacket6;

Buffer
Octets(const std::string& hex)
{
    std::string digits;
    std::ranges::copy_if(hex, std::back_inserter(digits), [](char c) { return c != ' '; });
    return FromHex(digits).value();
}

/// An IPv4 header with options, up to AH.
Buffer
Headers4(const std::string& options)
{
    Buffer header = Octets("40 b8 0100 1234 4000 40 33 abcd c0000201 c0000202");
    const Buffer tail = Octets(options);
    Append(header, tail);
    header[0] = static_cast<uint8_t>(0x40 | header.size() / 4);
    return header;
}

std::string
Authenticated(const Buffer& headers, AhEnd end = AhEnd::SENDER)
{
    Buffer copy;
    const auto done = CopyAuthenticated(headers, copy, end);
    return done ? ToHex(copy) : std::string(ToString(done.error().fault));
}

/// What becomes of IPv4 options.
std::string
Options4(const std::string& options)
{
    const std::string all = Authenticated(Headers4(options));
    return all.size() <= 40 ? all : all.substr(40);
}

TEST(AhHeaders, ZeroWhatChangesInIpv4)
{
    EXPECT_EQ(Authenticated(Headers4("")),
              "4500010012340000003300"
              "00c0000201c0000202");
}

TEST(AhHeaders, ZeroMutableOptionsAsAWhole) // appendix A1
{
    const struct
    {
        const char* option;
        bool immutable;
    } rows[] = {
        {"820b f135 0000 0000 000000 00", true}, // Security, then end of options
        {"8504 0102", true},                     // Extended Security
        {"8608 00000001 0102", true},            // Commercial Security
        {"9404 0000", true},                     // Router Alert
        {"9508 0a000001 0102", true},            // Sender Directed Multi-Destination Delivery
        {"01010100", true},                      // No Operation, end of options
        {"44080501 00000007", false},            // Time Stamp
        {"0707040a 000001 01", false},           // Record Route
        {"520c0001 00000002 0a000001", false},   // Traceroute
        {"88040001", false},                     // Stream ID
        {"0b040001", false},                     // MTU Probe
        {"0c040001", false},                     // MTU Reply
        {"1e040001", false},                     // for experiments: not listed, so zero
    };
    for (const auto& row : rows)
    {
        std::string plain(row.option);
        std::erase(plain, ' ');
        std::string zeroed(plain.size(), '0');
        if (std::string(row.option).starts_with("0707"))
        {
            zeroed.replace(14, 2, "01"); // the No Operation behind it
        }
        EXPECT_EQ(Options4(row.option), row.immutable ? plain : zeroed) << row.option;
    }
}

TEST(AhHeaders, WithBrokenOptionsAreRefused)
{
    for (const char* options : {"82000000", "82010000", "82050000", "01010182", "44ff0000"})
    {
        EXPECT_EQ(Options4(options), "BAD_VALUE") << options;
    }
}

// §3.3.3.1.1.1: with source routing the destination is the one at which the packet arrives.
TEST(AhHeaders, KnowWhereASourceRouteEnds)
{
    for (const std::string type : {"83", "89"})
    {
        const Buffer sent = Headers4(type + "0b 04 0a000001 0a000002 00");
        Buffer arrived = Headers4(type + "0b 0c c0000202 0a000001 00"); // addresses of the routers
        std::ranges::copy(Octets("0a000002"), arrived.begin() + 16);
        EXPECT_EQ(Authenticated(sent), Authenticated(arrived));
        EXPECT_EQ(Authenticated(sent).substr(32), "0a000002" + std::string(24, '0'));
        // Who receives it on the way is not whom it is for.
        EXPECT_EQ(Authenticated(arrived, AhEnd::RECEIVER), Authenticated(arrived));
        EXPECT_EQ(Authenticated(sent, AhEnd::RECEIVER), "POLICY");
        const Buffer last = Headers4(type + "0b 08 c0000202 0a000001 00");
        EXPECT_EQ(Authenticated(last, AhEnd::RECEIVER), "POLICY") << "one address is left";
    }
}

/// An IPv6 header and extension headers, up to AH.
Buffer
Headers6(uint8_t first, const std::string& extensions)
{
    Buffer header = Octets("6b812345 0100 00 40 20010db8000000000000000000000001"
                           "20010db8000000000000000000000002");
    header[6] = first;
    Append(header, Octets(extensions));
    return header;
}

std::string
Extensions6(uint8_t first, const std::string& extensions)
{
    const std::string all = Authenticated(Headers6(first, extensions));
    return all.size() <= 80 ? all : all.substr(80);
}

TEST(AhHeaders, ZeroWhatChangesInIpv6)
{
    EXPECT_EQ(Authenticated(Headers6(51, "")),
              "60000000010033"
              "00"
              "20010db8000000000000000000000001"
              "20010db8000000000000000000000002");
}

TEST(AhHeaders, ZeroTheDataOfIpv6OptionsThatMayChange) // §3.3.3.1.2.2
{
    // Pad1, an option that stays (0x1e), one that may change (0x3e), PadN.
    const std::string extension = "33 01 00 1e02abcd 3e03abcdef 0102 0000";
    const std::string expected = "330100"
                                 "1e02abcd"
                                 "3e03000000"
                                 "01020000";
    for (const uint8_t type : {0, 60})
    {
        EXPECT_EQ(Extensions6(type, extension), expected);
    }
    EXPECT_EQ(Extensions6(0, "3c00 0104 00000000" + extension), "3c00010400000000" + expected);
}

TEST(AhHeaders, WithBrokenExtensionsAreRefused)
{
    EXPECT_EQ(Extensions6(0, "3300 0105 00000000"), "BAD_VALUE") << "option behind its header";
    EXPECT_EQ(Extensions6(0, "3300 0000000000 01"), "BAD_VALUE") << "option without length";
    EXPECT_EQ(Extensions6(0, "3301 0104 00000000"), "BAD_VALUE") << "header behind the packet";
    EXPECT_EQ(Extensions6(0, "3300"), "BAD_VALUE");
    EXPECT_EQ(Extensions6(0, "0600 0104 00000000"), "BAD_VALUE") << "no AH";
    EXPECT_EQ(Extensions6(6, ""), "BAD_VALUE");
    EXPECT_EQ(Extensions6(51, "0000000000000000"), "BAD_VALUE") << "AH began before";
    std::string many;
    for (unsigned i = 0; i < limits::EXTENSION_HEADERS; ++i)
    {
        many += "3c00 0104 00000000";
    }
    EXPECT_EQ(Extensions6(60, many + "3300 0104 00000000"), "LIMIT");
}

// Appendix A2: a type 0 route is authenticated as it is at its end.
TEST(AhHeaders, KnowWhereARouteEnds)
{
    const std::string a = "20010db800000000000000000000000a";
    const std::string b = "20010db800000000000000000000000b";
    const std::string two = "20010db8000000000000000000000002";
    const Buffer sent = Headers6(43, "3304 00 02 00000000" + a + b);
    Buffer between = Headers6(43, "3304 00 01 00000000" + two + b);
    std::ranges::copy(Octets(a), between.begin() + 24);
    Buffer arrived = Headers6(43, "3304 00 00 00000000" + two + a);
    std::ranges::copy(Octets(b), arrived.begin() + 24);
    EXPECT_EQ(Authenticated(sent), Authenticated(arrived));
    EXPECT_EQ(Authenticated(between), Authenticated(arrived));
    EXPECT_EQ(Authenticated(arrived).substr(80), "3304000000000000" + two + a);
    EXPECT_EQ(Authenticated(arrived, AhEnd::RECEIVER), Authenticated(arrived));
    EXPECT_EQ(Authenticated(between, AhEnd::RECEIVER), "POLICY");
    EXPECT_EQ(Authenticated(sent, AhEnd::RECEIVER), "POLICY");
    EXPECT_EQ(Extensions6(43, "3304 00 03 00000000" + a + b), "BAD_VALUE");
    EXPECT_EQ(Extensions6(43, "3304 04 01 00000000" + a + b), "POLICY") << "a segment route";
    EXPECT_EQ(Extensions6(43, "3304 04 00 00000000" + a + b), "3304040000000000" + a + b);
}

// Appendix A2: a fragment header that was left in place is skipped.
TEST(AhHeaders, SkipTheFragmentHeaderOfAWholePacket)
{
    Buffer without = Headers6(51, "");
    without[4] = 0; // 8 octets less than 256
    without[5] = 248;
    const Buffer with = Headers6(44, "3300 0000 00000007");
    EXPECT_EQ(Authenticated(with), Authenticated(without));
    EXPECT_EQ(Extensions6(44, "3300 0001 00000007"), "POLICY");
    EXPECT_EQ(Extensions6(44, "3300 0008 00000007"), "POLICY");
}

TEST(AhHeaders, StayInTransportMode)
{
    Buffer v4 = MakePacket();
    const Buffer options = Octets("94040000 0707040a 00000101");
    v4.insert(v4.begin() + 20, options.begin(), options.end());
    v4[0] = 0x48;
    v4[3] = static_cast<uint8_t>(v4[3] + 12);
    v4[10] = v4[11] = 0;
    const uint16_t sum = HeaderChecksum(Bytes(v4).first(32));
    v4[10] = static_cast<uint8_t>(sum >> 8);
    v4[11] = static_cast<uint8_t>(sum);
    AhPair sa({.mode = Mode::TRANSPORT});
    const Buffer sealed = sa.Seal(v4);
    ASSERT_FALSE(sealed.empty());
    EXPECT_EQ(Bytes(sealed)[9], PROTOCOL_AH);
    EXPECT_EQ(HeaderChecksum(Bytes(sealed).first(32)), 0);
    ASSERT_TRUE(sa.Open(sealed, 32).has_value());
    EXPECT_EQ(sa.Inner(), v4);

    // §3.1.1: AH stands behind hop-by-hop options and route, before options for the destination.
    Buffer v6 = MakePacket6();
    const Buffer extensions = Octets("2b00 0104 00000000"
                                     "3c02 00 00 00000000 20010db800000000000000000000000a"
                                     "1100 1e04 01020304");
    v6.insert(v6.begin() + 40, extensions.begin(), extensions.end());
    v6[6] = 0;
    v6[5] = static_cast<uint8_t>(v6[5] + extensions.size());
    const Buffer sealed6 = sa.Seal(v6);
    ASSERT_FALSE(sealed6.empty());
    const size_t before = 40 + 8 + 24;
    EXPECT_EQ(sealed6[48], PROTOCOL_AH);
    EXPECT_EQ(sealed6[before], 60);
    ASSERT_TRUE(sa.Open(sealed6, before).has_value());
    EXPECT_EQ(sa.Inner(), v6);
}

// RFC 8200 §4.4: a packet that has not arrived is not opened, however well it would verify.
TEST(AhHeaders, OfARouteThatLeadsOnAreNotOpened)
{
    const Buffer route = Octets("1102 00 01 00000000 20010db800000000000000000000000a");
    Buffer packet = MakePacket6();
    packet.insert(packet.begin() + 40, route.begin(), route.end());
    packet[6] = 43;
    packet[5] = static_cast<uint8_t>(packet[5] + route.size());
    AhPair sa({.mode = Mode::TRANSPORT});
    const Buffer sealed = sa.Seal(packet);
    ASSERT_FALSE(sealed.empty());
    const auto early = sa.Open(sealed, 64);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().fault, Fault::POLICY);
    Buffer arrived = sealed;
    std::swap_ranges(arrived.begin() + 24, arrived.begin() + 40, arrived.begin() + 48);
    arrived[43] = 0;
    EXPECT_TRUE(sa.Open(arrived, 64).has_value());
}

// §3.3.2: numbers are for packets that are sent.
TEST(AhHeaders, ThatCannotBeCoveredSpendNoNumber)
{
    AhPair sa({.mode = Mode::TRANSPORT});
    Buffer v4 = MakePacket();
    const Buffer broken = Octets("82050000"); // an option longer than the header
    v4.insert(v4.begin() + 20, broken.begin(), broken.end());
    v4[0] = 0x46;
    v4[3] = static_cast<uint8_t>(v4[3] + broken.size());
    EXPECT_EQ(sa.FaultOfSeal(v4), Fault::BAD_VALUE);
    Buffer v6 = MakePacket6();
    const Buffer route = Octets("1102 04 01 00000000 20010db800000000000000000000000a");
    v6.insert(v6.begin() + 40, route.begin(), route.end());
    v6[6] = 43;
    v6[5] = static_cast<uint8_t>(v6[5] + route.size());
    EXPECT_EQ(sa.FaultOfSeal(v6), Fault::POLICY) << "a segment route";
    EXPECT_EQ(sa.out.Sequence(), 0u);
    EXPECT_FALSE(sa.Seal(MakePacket6()).empty());
}

// A peer's headers may be longer than the room before a packet.
TEST(AhHeaders, MayBeLong)
{
    Buffer v6 = MakePacket6();
    Buffer extension(8 * 256, 0); // Pad1, many of them
    extension[0] = v6[6];
    extension[1] = 255;
    v6.insert(v6.begin() + 40, extension.begin(), extension.end());
    v6[6] = 0;
    v6[4] = 8;
    AhPair sa({.mode = Mode::TRANSPORT});
    const Buffer sealed = sa.Seal(v6);
    // They come apart from it, and do not lie in its buffer already.
    const size_t before = 40 + extension.size();
    PacketBuffer packet(Bytes(sealed).subspan(before));
    ASSERT_LT(packet.FrontRoom(), before);
    const auto ah = wire::ParseAhHeader(packet.View());
    ASSERT_TRUE(sa.in.Open(packet, *ah, Bytes(sealed).first(before), sa.selectors).has_value());
    EXPECT_EQ(ToBuffer(packet.View()), v6);
}

TEST(AhHeaders, StandAloneBeforeAh)
{
    for (size_t octets = 0; octets < 60; ++octets)
    {
        AhPair sa({.mode = Mode::TRANSPORT}); // to the one before the number would be a replay
        const Buffer sealed = sa.Seal(MakePacket());
        PacketBuffer packet(Bytes(sealed).subspan(20));
        const auto ah = wire::ParseAhHeader(packet.View());
        const auto opened = sa.in.Open(packet, *ah, Bytes(sealed).first(octets), sa.selectors);
        ASSERT_EQ(opened.has_value(), octets == 20);
        if (!opened)
        {
            EXPECT_EQ(opened.error().fault, octets < 20 ? Fault::TRUNCATED : Fault::BAD_VALUE)
                << "it never comes to the ICV";
        }
    }
}

} // namespace
} // namespace ikelab::esp
