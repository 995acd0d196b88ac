// SPDX-License-Identifier: MIT
#include "ike/policy/traffic_selectors.h"
#include "ike/testing/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ikelab::ike
{
namespace
{

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Subnet;

const Selector OPAQUE = Subnet("10.0.0.0/8", 17, 65535, 0);

TEST(Intersect, TakesTheNarrowerOfEachField)
{
    EXPECT_EQ(Intersect(Subnet("10.0.0.0/8"), Subnet("10.1.0.0/16", 6, 80, 90)),
              Subnet("10.1.0.0/16", 6, 80, 90));
    EXPECT_EQ(
        Intersect(Subnet("10.0.0.0-10.0.0.9", 6, 1, 80), Subnet("10.0.0.5-10.0.1.0", 6, 80, 90)),
        Subnet("10.0.0.5-10.0.0.9", 6, 80, 80));
}

TEST(Intersect, IsEmptyWhereOneFieldIs)
{
    EXPECT_EQ(Intersect(Subnet("10.0.0.0/8"), Subnet("11.0.0.0/8")), std::nullopt);
    EXPECT_EQ(Intersect(Subnet("10.0.0.0/8", 6), Subnet("10.0.0.0/8", 17)), std::nullopt);
    EXPECT_EQ(Intersect(Subnet("10.0.0.0/8", 6, 1, 2), Subnet("10.0.0.0/8", 6, 3, 4)),
              std::nullopt);
    EXPECT_EQ(Intersect(Subnet("0.0.0.0/0"), Subnet("::/0")), std::nullopt);
}

TEST(Intersect, HasOpaquePortsMeetOpaqueAndAnyOnly)
{
    EXPECT_EQ(Intersect(OPAQUE, OPAQUE), OPAQUE);
    EXPECT_EQ(Intersect(OPAQUE, Subnet("10.0.0.0/8", 17)), OPAQUE);
    EXPECT_EQ(Intersect(OPAQUE, Subnet("10.0.0.0/8", 17, 53, 53)), std::nullopt);
}

TEST(Covers, IsReflexiveAndNotSymmetric)
{
    const Selector wide = Subnet("10.0.0.0/8");
    const Selector narrow = Subnet("10.1.0.0/16", 6);
    EXPECT_TRUE(Covers(wide, wide));
    EXPECT_TRUE(Covers(wide, narrow));
    EXPECT_FALSE(Covers(narrow, wide));
    EXPECT_FALSE(Covers(OPAQUE, Subnet("10.0.0.0/8", 17)));
}

TEST(Narrow, KeepsThePeersOrderAndItsFirstChoice)
{
    // RFC 7296 §2.9: the first selector may come from the packet that woke the initiator.
    const Selectors asked{
        Subnet("10.1.0.7", 6, 443, 443), Subnet("10.1.0.0/16"), Subnet("10.9.0.0/16")};
    EXPECT_THAT(Narrow(asked, {Subnet("10.9.0.0/24"), Subnet("10.1.0.0/24")}),
                ElementsAre(Subnet("10.1.0.0/24"), Subnet("10.9.0.0/24")));
    EXPECT_THAT(Narrow(asked, {Subnet("10.1.0.7", 6, 443, 443)}),
                ElementsAre(Subnet("10.1.0.7", 6, 443, 443)));
}

TEST(Narrow, LeavesOutWhatAnotherCovers)
{
    const Selectors allowed{Subnet("10.0.0.0/8"), Subnet("10.1.0.0/16")};
    EXPECT_THAT(Narrow({Subnet("0.0.0.0/0")}, allowed), ElementsAre(Subnet("10.0.0.0/8")));
    EXPECT_THAT(Narrow({Subnet("10.1.0.0/16"), Subnet("10.1.0.0/16")}, allowed),
                ElementsAre(Subnet("10.1.0.0/16")));
}

TEST(Narrow, GivesASubsetOfBothAlways)
{
    SeededRandom dice(3);
    const auto random = [&]
    {
        Selectors selectors;
        for (uint32_t count = 1 + dice.U32() % 6; count > 0; --count)
        {
            const uint32_t first = dice.U32() % 64;
            const uint32_t last = first + dice.U32() % 32;
            const auto protocol = static_cast<uint8_t>(dice.U32() % 3);
            const auto from = static_cast<uint16_t>(dice.U32() % 8);
            selectors.push_back({{IpAddress::V4(first), IpAddress::V4(last)},
                                 protocol,
                                 from,
                                 static_cast<uint16_t>(from + dice.U32() % 8)});
        }
        return selectors;
    };
    for (int i = 0; i < 2000; ++i)
    {
        const Selectors asked = random();
        const Selectors allowed = random();
        const Selectors common = Narrow(asked, allowed);
        if (!common.empty())
        {
            EXPECT_TRUE(IsSubset(common, asked));
            EXPECT_TRUE(IsSubset(common, allowed));
        }
        EXPECT_EQ(common.empty(), Narrow(allowed, asked).empty());
    }
}

TEST(IsSubset, NeedsEachAnswerInsideOneOffer)
{
    const Selectors offer{Subnet("10.1.0.0/16"), Subnet("10.2.0.0/16")};
    EXPECT_TRUE(IsSubset({Subnet("10.2.1.0/24")}, offer));
    EXPECT_FALSE(IsSubset({Subnet("10.2.1.0/24"), Subnet("10.3.0.0/16")}, offer));
    EXPECT_FALSE(IsSubset({}, offer));
}

TEST(SelectorsOnTheWire, ComeBackAsTheyWentAndOthersAreLeftOut)
{
    const Selectors selectors{Subnet("10.1.0.0/16", 6, 80, 90), Subnet("2001:db8::/32"), OPAQUE};
    wire::TsPayload payload = ToWire(selectors);
    EXPECT_EQ(payload.selectors[1].type, wire::TsType::TS_IPV6_ADDR_RANGE);
    payload.selectors.emplace_back().type = wire::TsType{99};
    EXPECT_EQ(FromWire(payload), selectors);
    payload.selectors.erase(payload.selectors.begin(), payload.selectors.end() - 1);
    EXPECT_THAT(FromWire(payload), IsEmpty());
}

} // namespace
} // namespace ikelab::ike
