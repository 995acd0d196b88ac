// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/gateway_sites.h"

#include <gtest/gtest.h>

#include <string>

/// RFC 4301 §7.3: fragments of hosts through a tunnel that is for one port.
namespace ns3
{

namespace
{

using testing::GatewaySites;
using testing::SiteToSite;

constexpr uint16_t PROTECTED_PORT = 7;
constexpr uint16_t FORBIDDEN_PORT = 8;
constexpr size_t OCTETS = 4000; // three fragments on a LAN

class FragmentedDatagrams : public ::testing::TestWithParam<bool>
{
};

TEST_P(FragmentedDatagrams, GoThroughATunnelOfTheirPortAndNowhereElse)
{
    const bool v6 = GetParam();
    SiteToSite::Options options;
    options.innerV6 = options.outerV6 = v6;
    const auto selectors = [](const std::string& net, uint16_t from, uint16_t to)
    {
        return ikelab::Selectors{{*ikelab::IpRange::Parse(net), 17, from, to}};
    };
    GatewaySites run(
        options,
        [&](SiteToSite& sites, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
        {
            const auto bob = selectors(sites.rightNet, PROTECTED_PORT, PROTECTED_PORT);
            const auto alice = selectors(sites.leftNet, 0, 65535);
            testing::ChangeChild(moon,
                                 [&](ikelab::ike::ChildConfig& child)
                                 {
                                     child.localTs = alice;
                                     child.remoteTs = bob;
                                 });
            testing::ChangeChild(sun,
                                 [&](ikelab::ike::ChildConfig& child)
                                 {
                                     child.localTs = bob;
                                     child.remoteTs = alice;
                                 });
            ikelab::gateway::PolicyRule rule;
            rule.action = ikelab::gateway::Action::DISCARD;
            rule.local = alice;
            rule.remote = selectors(sites.rightNet, FORBIDDEN_PORT, FORBIDDEN_PORT);
            moon.policies.push_back(rule);
        });
    const std::string secret(OCTETS, 'S');
    const std::string forbidden(OCTETS, 'F');
    size_t leaks = 0;
    size_t esp = 0;
    run.Watch(
        [&](const TapFrame& frame)
        {
            if (run.sites.OnWan(frame.device) && frame.sent)
            {
                const bool shown = testing::Holds(frame.data, std::string(64, 'S')) ||
                                   testing::Holds(frame.data, std::string(64, 'F'));
                leaks += shown ? 1 : 0;
                esp += frame.data.size() > 500 ? 1 : 0;
            }
        });
    testing::UdpInbox wanted(run.sites.bob, v6, PROTECTED_PORT);
    testing::UdpInbox unwanted(run.sites.bob, v6, FORBIDDEN_PORT);
    // Neighbours are known afterwards: ns-3 keeps three packets while it looks for one.
    testing::SendUdpAt(Seconds(2), run.sites.alice, run.sites.bobAddress, PROTECTED_PORT, "first");
    // And how much fits into the tunnel: of IPv6 only the source makes fragments, so moon drops
    // these and tells alice (RFC 4301 §8.2.1); IPv4's fragments may be fragmented again.
    testing::SendUdpAt(Seconds(2.5), run.sites.alice, run.sites.bobAddress, PROTECTED_PORT, secret);
    constexpr size_t COUNT = 10;
    for (size_t i = 0; i < COUNT; ++i)
    {
        const double at = 3 + 0.1 * static_cast<double>(i);
        testing::SendUdpAt(
            Seconds(at), run.sites.alice, run.sites.bobAddress, PROTECTED_PORT, secret);
        testing::SendUdpAt(
            Seconds(at), run.sites.alice, run.sites.bobAddress, FORBIDDEN_PORT, forbidden);
    }
    run.Run(6);
    ASSERT_EQ(wanted.datagrams.size(), (v6 ? 1 : 2) + COUNT);
    for (size_t i = 1; i < wanted.datagrams.size(); ++i)
    {
        EXPECT_TRUE(wanted.datagrams[i] == secret) << i;
    }
    EXPECT_TRUE(unwanted.datagrams.empty());
    EXPECT_EQ(leaks, 0u);
    EXPECT_GE(esp, 3 * COUNT);
}

INSTANTIATE_TEST_SUITE_P(Versions,
                         FragmentedDatagrams,
                         ::testing::Bool(),
                         [](const auto& versions) { return versions.param ? "IPv6" : "IPv4"; });

} // namespace

} // namespace ns3
