// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "endpoint/outer_frame.h"

#include <gtest/gtest.h>

namespace ikelab::endpoint
{
namespace
{

Path
Between(std::string_view local, uint16_t localPort, std::string_view remote, uint16_t remotePort)
{
    return {{*IpAddress::Parse(local), localPort}, {*IpAddress::Parse(remote), remotePort}};
}

/// The sum over all words that a receiver makes, RFC 1071 §1: right is all ones.
uint16_t
SumOf(Bytes octets)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < octets.size(); ++i)
    {
        sum += i % 2 == 0 ? uint64_t{octets[i]} * 256 : octets[i];
    }
    while (sum >> 16 != 0)
    {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return static_cast<uint16_t>(sum);
}

uint16_t
UdpSum(Bytes frame, size_t udp)
{
    const bool v4 = frame[0] >> 4 == 4;
    Buffer summed = ToBuffer(v4 ? frame.subspan(12, 8) : frame.subspan(8, 32));
    const size_t length = frame.size() - udp;
    summed.insert(summed.end(),
                  {0, 17, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)});
    Append(summed, frame.subspan(udp));
    return SumOf(summed);
}

TEST(OuterFrame, HasTheHeaderOfAKnownPacket)
{
    // An example that many texts share: 115 octets of UDP, DF, TTL 64, checksum B861.
    Buffer frame = Hex("ff"); // what was there goes
    BuildUdpFrame(
        frame, Between("192.168.0.1", 1, "192.168.0.199", 2), Buffer(115 - 28), {0, true});
    EXPECT_EQ(ToHex(Bytes(frame).first(20)), "45000073000040004011b861c0a80001c0a800c7");
    EXPECT_EQ(ToHex(Bytes(frame).subspan(20, 6)), "00010002005f");
    EXPECT_EQ(frame.size(), 115U);
}

TEST(OuterFrame, ChecksumsHoldForBothFamiliesAndOddLengths)
{
    for (size_t octets = 0; octets < 40; ++octets)
    {
        Buffer payload(octets);
        for (size_t i = 0; i < octets; ++i)
        {
            payload[i] = static_cast<uint8_t>(251 * (i + 3));
        }
        Buffer frame;
        BuildUdpFrame(
            frame, Between("192.0.2.1", 4500, "198.51.100.7", 61000), payload, {0xB8, false});
        EXPECT_EQ(SumOf(Bytes(frame).first(20)), 0xFFFF);
        EXPECT_EQ(UdpSum(frame, 20), 0xFFFF) << octets;
        EXPECT_EQ(frame[1], 0xB8);
        BuildUdpFrame(
            frame, Between("2001:db8::1", 500, "2001:db8:ffff::99", 500), payload, {0xB8, false});
        EXPECT_EQ(UdpSum(frame, 40), 0xFFFF) << octets;
        EXPECT_EQ(ToHex(Bytes(frame).first(4)), "6b800000");
        EXPECT_EQ(ToHex(Bytes(frame).subspan(40 + 8)), ToHex(payload));
    }
}

TEST(OuterFrame, AChecksumOfZeroIsWrittenAsAllOnes)
{
    // RFC 768: zero would say that there is none.
    const Path path = Between("192.0.2.1", 4500, "192.0.2.2", 4500);
    Buffer frame;
    BuildUdpFrame(frame, path, Hex("0000"));
    const Buffer payload = ToBuffer(Bytes(frame).subspan(26, 2)); // adds what is missing
    BuildUdpFrame(frame, path, payload);
    EXPECT_EQ(ToHex(Bytes(frame).subspan(26, 2)), "ffff");
    EXPECT_EQ(UdpSum(frame, 20), 0xFFFF);
}

TEST(OuterFrame, CarriesProtocol50InBothFamilies)
{
    Buffer frame;
    BuildRawFrame(frame, Between("192.0.2.1", 9, "192.0.2.2", 9), 50, Hex("c0ffee"), {2, true});
    EXPECT_EQ(frame.size(), 23U);
    EXPECT_EQ(frame[9], 50);
    EXPECT_EQ(SumOf(Bytes(frame).first(20)), 0xFFFF);
    EXPECT_EQ(ToHex(Bytes(frame).last(3)), "c0ffee");
    BuildRawFrame(frame, Between("2001:db8::1", 0, "2001:db8::2", 0), 50, Hex("c0ffee"));
    EXPECT_EQ(ToHex(frame),
              "600000000003324020010db800000000000000000000000120010db8000000000000000000000002c0ff"
              "ee");
}

TEST(OuterFrame, TheLargestPayloadFitsAndMoreIsCut)
{
    Buffer frame;
    BuildUdpFrame(frame, Between("192.0.2.1", 1, "192.0.2.2", 2), Buffer(65507));
    EXPECT_EQ(frame.size(), 65535U);
    EXPECT_EQ(UdpSum(frame, 20), 0xFFFF);
    BuildUdpFrame(frame, Between("192.0.2.1", 1, "192.0.2.2", 2), Buffer(65535));
    EXPECT_EQ(frame.size(), 65535U);
    BuildRawFrame(frame, Between("::1", 0, "::2", 0), 50, Buffer(70000));
    EXPECT_EQ(frame.size(), 40U + 65535U);
}

} // namespace
} // namespace ikelab::endpoint
