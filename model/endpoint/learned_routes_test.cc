// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "endpoint/learned_routes.h"

#include <gtest/gtest.h>

namespace ikelab::endpoint
{
namespace
{

Selectors
To(std::string_view addresses)
{
    return {Selector{*IpRange::Parse(addresses)}};
}

Selectors
Host(uint32_t number)
{
    const IpAddress address = IpAddress::V4(0x0a000000 + number);
    return {Selector{{address, address}}};
}

TEST(LearnedRoutes, HasEachPrefixOnce)
{
    LearnedRoutes routes;
    routes.Configure(*IpRange::Parse("10.1.0.0/16"));
    EXPECT_TRUE(routes.Add(ChildSaId{1}, To("10.1.0.0/16")).empty());
    EXPECT_EQ(routes.Add(ChildSaId{2}, To("192.0.2.1")), std::vector{*IpRange::Parse("192.0.2.1")});
    EXPECT_TRUE(routes.Add(ChildSaId{3}, To("192.0.2.1")).empty());
    EXPECT_EQ(routes.Add(ChildSaId{4}, To("192.0.2.3-192.0.2.5")),
              (std::vector{*IpRange::Parse("192.0.2.3"), *IpRange::Parse("192.0.2.4/31")}));
    routes.Remove(ChildSaId{4});
    EXPECT_EQ(routes.Add(ChildSaId{5}, To("192.0.2.3")).size(), 1u) << "it may have gone";
    EXPECT_TRUE(routes.Add(ChildSaId{6}, To("192.0.2.3")).empty());
    EXPECT_FALSE(routes.TakeSurplus());
}

TEST(LearnedRoutes, GivesUpWhatNoSaHasUsedForLongest)
{
    LearnedRoutes routes;
    constexpr uint32_t COUNT = limits::IDLE_ROUTES;
    routes.Configure(Host(0).front().addresses);
    for (uint32_t i = 0; i < COUNT + 3; ++i)
    {
        routes.Add(ChildSaId{i}, Host(i));
    }
    EXPECT_FALSE(routes.TakeSurplus()) << "all are used";
    const uint32_t again = COUNT + 10;
    routes.Add(ChildSaId{again}, Host(2)); // a rekeying: the new one comes before the old one goes
    for (uint32_t i = 0; i < COUNT + 3; ++i)
    {
        routes.Remove(ChildSaId{i});
    }
    // Number 0 is configured and 2 used: of the others one is too many.
    EXPECT_EQ(routes.TakeSurplus(), Host(1).front().addresses);
    EXPECT_FALSE(routes.TakeSurplus());
    routes.Remove(ChildSaId{again});
    routes.Remove(ChildSaId{again}); // nobody's
    EXPECT_EQ(routes.TakeSurplus(), Host(3).front().addresses);
    EXPECT_FALSE(routes.TakeSurplus());
    EXPECT_EQ(routes.Add(ChildSaId{again}, Host(1)).size(), 1u) << "it was forgotten";
}

} // namespace
} // namespace ikelab::endpoint
