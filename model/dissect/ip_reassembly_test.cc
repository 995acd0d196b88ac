// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "dissect/ip_reassembly.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace ikelab::dissect
{

namespace
{

Buffer
Data(size_t octets)
{
    Buffer data(octets);
    std::iota(data.begin(), data.end(), uint8_t{0});
    return data;
}

void
StoreU16(Buffer& octets, size_t at, size_t value)
{
    octets[at] = static_cast<uint8_t>(value >> 8);
    octets[at + 1] = static_cast<uint8_t>(value);
}

/// Octets [from, to) of the data as an IPv4 fragment.
Buffer
V4(const Buffer& data, size_t from, size_t to, bool more, uint16_t identification = 7)
{
    Buffer packet = Hex("4500 0000 0000 0000 4011 0000 c0000201 c0000202");
    StoreU16(packet, 2, 20 + to - from);
    StoreU16(packet, 4, identification);
    StoreU16(packet, 6, (more ? 0x2000 : 0) | from / 8);
    Append(packet, Bytes(data).subspan(from, to - from));
    return packet;
}

/// The same in IPv6, behind a hop-by-hop header.
Buffer
V6(const Buffer& data, size_t from, size_t to, bool more)
{
    Buffer packet = Hex("60000000 0000 00 40 20010db8000000000000000000000001"
                        "20010db8000000000000000000000002"
                        "2c00010400000000"
                        "1100 0000 00000009");
    StoreU16(packet, 4, packet.size() - 40 + to - from);
    StoreU16(packet, 50, from | (more ? 1 : 0));
    Append(packet, Bytes(data).subspan(from, to - from));
    return packet;
}

} // namespace

TEST(IpReassembly, JoinsPiecesInAnyOrder)
{
    const Buffer data = Data(100);
    for (const bool v6 : {false, true})
    {
        const auto cut = v6 ? V6
                            : [](const Buffer& all, size_t from, size_t to, bool more)
        {
            return V4(all, from, to, more);
        };
        std::vector<Buffer> pieces{
            cut(data, 0, 32, true), cut(data, 32, 64, true), cut(data, 64, 100, false)};
        std::vector<size_t> order{0, 1, 2};
        do
        {
            IpReassembly reassembly;
            for (size_t i = 0; i < order.size(); ++i)
            {
                const auto outcome = reassembly.Add(pieces[order[i]]);
                ASSERT_TRUE(outcome) << ToString(outcome.error());
                ASSERT_EQ(outcome->packet.has_value(), i == 2);
                if (i == 2)
                {
                    const Buffer& whole = *outcome->packet;
                    const size_t head = v6 ? 48 : 20;
                    ASSERT_EQ(whole.size(), head + data.size());
                    EXPECT_TRUE(SameOctets(Bytes(whole).subspan(head), data));
                    const size_t at = v6 ? 4 : 2;
                    EXPECT_EQ(size_t{whole[at]} << 8 | whole[at + 1],
                              v6 ? whole.size() - 40 : whole.size());
                    EXPECT_EQ(v6 ? whole[40] : whole[9], 17) << "UDP follows";
                }
            }
        } while (std::ranges::next_permutation(order).found);
    }
}

TEST(IpReassembly, KeepsPacketsApartAndSurvivesCopies)
{
    const Buffer data = Data(48);
    IpReassembly reassembly;
    EXPECT_FALSE(reassembly.Add(V4(data, 0, 24, true, 1))->packet);
    EXPECT_FALSE(reassembly.Add(V4(data, 24, 48, false, 2))->packet);
    EXPECT_FALSE(reassembly.Add(V4(data, 0, 24, true, 1))->packet) << "captured twice";
    EXPECT_TRUE(reassembly.Add(V4(data, 24, 48, false, 1))->packet);
    EXPECT_TRUE(reassembly.Add(V4(data, 0, 24, true, 2))->packet);
}

TEST(IpReassembly, RefusesWhatCannotBe)
{
    const Buffer data = Data(64);
    IpReassembly overlapping;
    ASSERT_TRUE(overlapping.Add(V4(data, 0, 32, true)));
    EXPECT_FALSE(overlapping.Add(V4(data, 24, 64, false))) << "overlap, RFC 5722";
    EXPECT_FALSE(overlapping.Add(V4(data, 0, 32, true))) << "and the packet is spoiled,";
    EXPECT_FALSE(overlapping.Add(V4(data, 32, 64, false))) << "whatever comes after";
    EXPECT_TRUE(overlapping.Add(V4(data, 0, 32, true, 8))) << "which is no matter of others";
    IpReassembly ragged;
    EXPECT_FALSE(ragged.Add(V4(data, 0, 31, true))) << "only the last may be of any length";
    IpReassembly ended;
    ASSERT_TRUE(ended.Add(V4(data, 8, 16, false)));
    EXPECT_FALSE(ended.Add(V4(data, 16, 24, true))) << "behind the end";
    IpReassembly truncated;
    for (const Buffer& piece : {V4(data, 0, 8, true), V6(data, 0, 8, true)})
    {
        for (size_t octets = 0; octets < piece.size() - 8; ++octets)
        {
            EXPECT_FALSE(truncated.Add(Bytes(piece).first(octets))) << octets;
        }
    }
}

TEST(IpReassembly, HoldsNoMoreThanItsLimit)
{
    const Buffer data = Data(16);
    IpReassembly reassembly;
    const size_t packets = IpReassembly::MOST_PACKETS + 1;
    for (size_t id = 0; id < packets; ++id)
    {
        ASSERT_TRUE(reassembly.Add(V4(data, 0, 8, true, static_cast<uint16_t>(id))));
    }
    EXPECT_FALSE(reassembly.Add(V4(data, 8, 16, false, 0))->packet) << "the oldest had to go";
    EXPECT_TRUE(reassembly.Add(V4(data, 8, 16, false, 2))->packet);
}

} // namespace ikelab::dissect
