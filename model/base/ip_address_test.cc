// SPDX-License-Identifier: MIT
#include "base/ip_address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ikelab
{
namespace
{

TEST(IpAddress, PrintsWhatItParses)
{
    for (const char* text :
         {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1", "fe80::1:2"})
    {
        const auto address = IpAddress::Parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->ToString(), text);
    }
    for (const char* text : {"", "192.0.2", "192.0.2.256", "2001:db8:::1", "moon", "192.0.2.1/24"})
    {
        EXPECT_FALSE(IpAddress::Parse(text)) << text;
    }
}

TEST(IpAddress, IsOrderedByFamilyAndNumber)
{
    const auto parse = [](std::string_view text)
    {
        return IpAddress::Parse(text).value();
    };
    const std::vector<IpAddress> ascending{parse("0.0.0.0"),
                                           parse("0.0.0.255"),
                                           parse("0.0.1.0"),
                                           parse("127.0.0.1"),
                                           parse("128.0.0.0"),
                                           parse("255.255.255.255"),
                                           parse("::"),
                                           parse("::1"),
                                           parse("::1:0:0:0"),
                                           parse("::8000:0:0:0"),
                                           parse("0:0:0:1::"),
                                           parse("7fff::"),
                                           parse("8000::"),
                                           parse("8000::1")};
    for (size_t i = 0; i < ascending.size(); ++i)
    {
        for (size_t j = 0; j < ascending.size(); ++j)
        {
            EXPECT_EQ(ascending[i] <=> ascending[j], i <=> j) << i << " " << j;
            EXPECT_EQ(ascending[i] == ascending[j], i == j) << i << " " << j;
        }
    }
}

TEST(IpAddress, IsANumberToo)
{
    EXPECT_EQ(IpAddress::V4(0xc0000201), IpAddress::Parse("192.0.2.1"));
    EXPECT_EQ(IpAddress::Parse("192.0.2.1")->HostOrderV4(), 0xc0000201);
    EXPECT_TRUE(IpAddress().IsUnspecified());
    EXPECT_TRUE(IpAddress::Parse("::")->IsUnspecified());
    EXPECT_FALSE(IpAddress::V4(1).IsUnspecified());
    EXPECT_FALSE(IpAddress::Parse("::1")->IsUnspecified());
    EXPECT_FALSE(IpAddress::Parse("1::")->IsUnspecified());
}

TEST(IpRange, CoversBlocksRangesAndSingleAddresses)
{
    const auto block = IpRange::Parse("10.1.2.3/16");
    ASSERT_TRUE(block);
    EXPECT_EQ(block->first.ToString(), "10.1.0.0");
    EXPECT_EQ(block->last.ToString(), "10.1.255.255");
    EXPECT_EQ(block->ToString(), "10.1.0.0/16");
    EXPECT_EQ(IpRange::Parse("10.1.0.1-10.1.0.6")->ToString(), "10.1.0.1-10.1.0.6");
    EXPECT_EQ(IpRange::Parse("2001:db8::1")->ToString(), "2001:db8::1/128");
    EXPECT_EQ(IpRange::Parse("2001:db8::/33")->last.ToString(),
              "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff");
    for (const char* text :
         {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "::/129"})
    {
        EXPECT_FALSE(IpRange::Parse(text)) << text;
    }
}

/// The bit of an address, counted from the first.
bool
BitOf(const IpAddress& address, unsigned bit)
{
    return (address.Octets()[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

TEST(IpRange, ABlockIsAllThatShareTheFirstBits)
{
    for (const char* text : {"0.0.0.0",
                             "10.167.90.195",
                             "255.255.255.255",
                             "::",
                             "2001:db8:5aa5:c396:8001:7ffe:c3a5:9669",
                             "ffff::ffff"})
    {
        const IpAddress address = *IpAddress::Parse(text);
        const unsigned bits = address.IsV4() ? 32 : 128;
        for (unsigned prefix = 0; prefix <= bits; ++prefix)
        {
            const IpRange block = IpRange::Block(address, prefix);
            ASSERT_EQ(block.first.IsV4(), address.IsV4());
            ASSERT_EQ(block.last.IsV4(), address.IsV4());
            for (unsigned bit = 0; bit < bits; ++bit)
            {
                const bool kept = bit < prefix && BitOf(address, bit);
                ASSERT_EQ(BitOf(block.first, bit), kept) << text << "/" << prefix << " " << bit;
                ASSERT_EQ(BitOf(block.last, bit), kept || bit >= prefix)
                    << text << "/" << prefix << " " << bit;
            }
            ASSERT_EQ(block.SharedBits(), prefix) << text;
            ASSERT_EQ(block.PrefixLength(), prefix) << text;
            ASSERT_EQ(IpRange::Parse(text + ("/" + std::to_string(prefix))), block);
        }
    }
    EXPECT_EQ(IpRange::Parse("10.1.0.1-10.1.0.6")->SharedBits(), 29u);
    EXPECT_EQ(IpRange::Parse("2001:db8::1-2001:db8:0:0:2::")->SharedBits(), 78u);
    for (const char* text : {"10.1.0.1-10.1.0.6",
                             "10.1.0.1-10.1.0.7",
                             "10.1.0.0-10.1.0.6",
                             "::1-::2",
                             "2001:db8::-2001:db8:0:0:2::"})
    {
        EXPECT_FALSE(IpRange::Parse(text)->PrefixLength()) << text;
    }
}

TEST(IpRange, IntersectsWithinOneFamilyOnly)
{
    const auto wide = *IpRange::Parse("10.1.0.0/16");
    const auto narrow = *IpRange::Parse("10.1.200.0-10.2.3.4");
    EXPECT_EQ(wide.Intersect(narrow)->ToString(), "10.1.200.0-10.1.255.255");
    EXPECT_FALSE(wide.Intersect(*IpRange::Parse("10.2.0.0/16")));
    EXPECT_FALSE(IpRange::AnyV4().Intersect(IpRange::AnyV6()));
    EXPECT_TRUE(IpRange::AnyV6().Contains(*IpAddress::Parse("::1")));
    EXPECT_FALSE(IpRange::AnyV6().Contains(*IpAddress::Parse("127.0.0.1")));
}

} // namespace
} // namespace ikelab
