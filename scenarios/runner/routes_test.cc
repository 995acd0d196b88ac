// SPDX-License-Identifier: GPL-2.0-only
#include "runner/routes.h"
#include "runner/testing/story.h"

namespace ikelab::runner
{

namespace
{

using namespace testing;

/// "10.2.0.0/24 via 192.0.2.2" for each route, in order.
std::vector<std::string>
RoutesOf(const Scenario& scenario, NodeIndex node)
{
    std::vector<std::string> lines;
    for (const PlacedRoute& route : FindRoutes(scenario, node))
    {
        lines.push_back(route.to.ToString() + " via " + route.via.ToString() + " at " +
                        scenario.InterfaceName(route.link, route.end));
    }
    return lines;
}

using Lines = std::vector<std::string>;

TEST(Routes, AHostSendsEverythingToItsGateway)
{
    EXPECT_EQ(RoutesOf(ReadStory(), ALICE),
              (Lines{"0.0.0.0/0 via 10.1.0.1 at alice/eth0", "::/0 via fd01::1 at alice/eth0"}));
}

TEST(Routes, ARouterKnowsTheSubnetsBehindItsNeighbours)
{
    // The line between the gateways has no IPv6, so moon's only way there is none.
    const auto routes = RoutesOf(ReadStory(), MOON);
    ASSERT_EQ(routes.front(), "10.2.0.0/24 via 192.0.2.2 at moon/wan");
    for (const std::string& route : routes)
    {
        EXPECT_EQ(route.find("fd02::"), std::string::npos) << route;
    }
}

TEST(Routes, WhatTheScenarioSaysComesFirst)
{
    const Scenario scenario =
        ReadStory({"/nodes/moon={\"routes\": {\"10.9.0.0/16\": \"192.0.2.2\"}}"});
    const auto routes = FindRoutes(scenario, MOON);
    ASSERT_GE(routes.size(), 2u);
    EXPECT_EQ(routes[0].to.ToString(), "10.9.0.0/16");
    EXPECT_LT(routes[0].metric, routes[1].metric);
}

TEST(Routes, TheShorterWayWins)
{
    // A second line from moon straight to bob's net: one hop instead of two.
    const Scenario scenario = ReadStory(
        {"/links/direct={\"ends\": {\"moon/dsl\": \"198.51.100.1/24\", \"bob/dsl\": "
         "\"198.51.100.2/24\"}}",
         "/links/far={\"ends\": {\"bob/lan\": \"10.7.0.1/24\", \"alice/far\": \"10.7.0.2/24\"}}"});
    const auto routes = RoutesOf(scenario, MOON);
    EXPECT_NE(std::ranges::find(routes, "10.2.0.0/24 via 192.0.2.2 at moon/wan"), routes.end());
    const bool toFar =
        std::ranges::find(routes, "10.7.0.0/24 via 10.1.0.10 at moon/lan") != routes.end();
    EXPECT_TRUE(toFar) << "earlier links are preferred among ways of one length";
}

} // namespace

} // namespace ikelab::runner
