// SPDX-License-Identifier: GPL-2.0-only
#include "esp/sad.h"
#include "sim/flat_packet.h"
#include "sim/testing/gateway_sites.h"
#include "wire/esp_header.h"

#include "ns3/simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

/// Traffic flow confidentiality on ns-3's wires (RFC 4303 §2.6, §2.7).
namespace ns3
{

namespace
{

using ikelab::Bytes;
using ikelab::Duration;
using ikelab::ike::ChildConfig;
using testing::GatewaySites;
using testing::SiteToSite;

constexpr uint16_t PORT = 9;
constexpr uint16_t WAN_MTU = 1420;

struct Case
{
    bool innerV6{false};
    bool outerV6{false};
    bool encap{false};
};

/// An ESP packet on the wire, and what its receiver would find in it.
struct Seen
{
    size_t octets{0}; ///< of the whole outer packet
    ikelab::Instant time;
    bool dummy{false};
};

/// Two sites whose gateways hide their traffic, and who sits on the wire with the keys.
class HiddenSites
{
  public:
    HiddenSites(const Case& what, const std::function<void(ChildConfig& child)>& change)
        : run(OptionsOf(what),
              [&](SiteToSite&, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
              {
                  for (auto* config : {&moon, &sun})
                  {
                      auto& shared = config->ike.connections.front();
                      auto connection = std::make_shared<ikelab::ike::ConnectionConfig>(*shared);
                      connection->encap = what.encap;
                      change(connection->children.front());
                      shared = connection;
                  }
              })
    {
        const auto learnKeys = [this](const ikelab::ike::ChildSaInstalled& child)
        {
            m_reader.emplace(*GatewaySites::SharedContext(),
                             ikelab::esp::SaParameters{child.outboundSpi,
                                                       child.suite,
                                                       ikelab::esp::Mode::TUNNEL,
                                                       child.outboundEncr.View(),
                                                       child.outboundInteg.View(),
                                                       {},
                                                       64});
        };
        run.moon->TraceConnectWithoutContext(
            "ChildSaInstalled", Callback<void, const ikelab::ike::ChildSaInstalled&>(learnKeys));
        const size_t headers = (what.outerV6 ? 40 : 20) + (what.encap ? 8 : 0);
        run.Watch(
            [this, headers](const TapFrame& frame)
            {
                if (frame.sent && frame.device == run.sites.wan.Get(0) && m_reader)
                {
                    Read(frame, headers);
                }
            });
    }

    std::vector<size_t>
    Sizes() const
    {
        std::vector<size_t> sizes;
        for (const Seen& one : seen)
        {
            sizes.push_back(one.octets);
        }
        return sizes;
    }

    GatewaySites run;
    std::vector<Seen> seen;

  private:
    static SiteToSite::Options
    OptionsOf(const Case& what)
    {
        SiteToSite::Options options;
        options.innerV6 = what.innerV6;
        options.outerV6 = what.outerV6;
        options.wanMtu = WAN_MTU;
        return options;
    }

    void
    Read(const TapFrame& frame, size_t headers)
    {
        if (frame.data.size() < headers)
        {
            return;
        }
        const Bytes esp = frame.data.subspan(headers);
        const auto header = ikelab::wire::ParseEspHeader(esp);
        if (!header || header->spi != m_reader->Spi())
        {
            return;
        }
        ikelab::PacketBuffer buffer(esp);
        const ikelab::Selectors any{ikelab::Selector{ikelab::IpRange::AnyV4()},
                                    ikelab::Selector{ikelab::IpRange::AnyV6()}};
        const auto opened =
            m_reader->Open(buffer,
                           *header,
                           {ikelab::esp::SelectorSet(any), ikelab::esp::SelectorSet(any)},
                           {run.sites.moonOutside, run.sites.sunOutside});
        ASSERT_TRUE(opened) << ToString(opened.error());
        seen.push_back({frame.data.size(), frame.time, opened->dummy});
    }

    std::optional<ikelab::esp::InboundSa> m_reader;
};

class TrafficFlow : public ::testing::TestWithParam<Case>
{
};

INSTANTIATE_TEST_SUITE_P(Ways,
                         TrafficFlow,
                         ::testing::Values(Case{},
                                           Case{true, false},
                                           Case{false, true},
                                           Case{true, true},
                                           Case{false, false, true},
                                           Case{true, true, true}),
                         [](const auto& way)
                         {
                             return std::string(way.param.innerV6 ? "V6" : "V4") +
                                    (way.param.outerV6 ? "InV6" : "InV4") +
                                    (way.param.encap ? "Udp" : "");
                         });

/// Datagrams from alice to bob, one a second. @return their payloads
std::vector<std::string>
SendSizes(const SiteToSite& sites, std::initializer_list<size_t> sizes)
{
    std::vector<std::string> sent;
    for (const size_t octets : sizes)
    {
        sent.emplace_back(octets, 'x');
        testing::SendUdpAt(Seconds(3 + static_cast<double>(sent.size())),
                           sites.alice,
                           sites.bobAddress,
                           PORT,
                           sent.back());
    }
    return sent;
}

TEST_P(TrafficFlow, OfManySizesHasOneOnTheWire)
{
    HiddenSites hidden(GetParam(), [](ChildConfig& child) { child.tfcPadding = 1000; });
    const SiteToSite& sites = hidden.run.sites;
    testing::UdpInbox bob(sites.bob, GetParam().innerV6, PORT);
    const std::vector<std::string> sent = SendSizes(sites, {1, 2, 99, 500, 952});
    hidden.run.Run(10);
    EXPECT_EQ(bob.datagrams, sent);
    ASSERT_EQ(hidden.seen.size(), sent.size());
    const std::vector<size_t> sizes = hidden.Sizes();
    EXPECT_EQ(std::set(sizes.begin(), sizes.end()).size(), 1u) << ::testing::PrintToString(sizes);
}

TEST_P(TrafficFlow, FillsThePathToTheLastWord)
{
    HiddenSites hidden(GetParam(),
                       [](ChildConfig& child) { child.tfcPadding = ChildConfig::TFC_TO_PATH_MTU; });
    const SiteToSite& sites = hidden.run.sites;
    testing::UdpInbox bob(sites.bob, GetParam().innerV6, PORT);
    const std::vector<std::string> sent = SendSizes(sites, {1, 700, 1200});
    hidden.run.Run(10);
    EXPECT_EQ(bob.datagrams, sent);
    ASSERT_EQ(hidden.seen.size(), sent.size());
    for (const size_t octets : hidden.Sizes())
    {
        EXPECT_LE(octets, WAN_MTU);
        EXPECT_GT(octets + 4, WAN_MTU); // ESP ends on 4 octets
    }
}

TEST_P(TrafficFlow, NeverPausesWithDummies)
{
    using namespace std::chrono_literals;
    HiddenSites hidden(GetParam(),
                       [](ChildConfig& child)
                       {
                           child.tfcPadding = 600;
                           child.dummyInterval = 200ms;
                       });
    const SiteToSite& sites = hidden.run.sites;
    testing::UdpInbox bob(sites.bob, GetParam().innerV6, PORT);
    for (int i = 0; i < 10; ++i)
    {
        testing::SendUdpAt(Seconds(5) + MilliSeconds(150 * i),
                           sites.alice,
                           sites.bobAddress,
                           PORT,
                           "something to say");
    }
    Simulator::Schedule(Seconds(10), [&] { (void)hidden.run.moon->Terminate("net"); });
    hidden.run.Run(15);
    EXPECT_EQ(bob.datagrams.size(), 10u);
    const auto counters = hidden.run.moon->GetCounters();
    const auto& seen = hidden.seen;
    ASSERT_GT(seen.size(), 40u);
    size_t dummies = 0;
    for (size_t i = 0; i < seen.size(); ++i)
    {
        dummies += seen[i].dummy ? 1 : 0;
        EXPECT_EQ(seen[i].octets, seen.front().octets);
        if (i > 0)
        {
            const Duration pause = seen[i].time - seen[i - 1].time;
            EXPECT_LE(pause, Duration(200ms));
            // A dummy comes when its pause is over, not before.
            EXPECT_TRUE(!seen[i].dummy || pause == Duration(200ms)) << i;
        }
    }
    EXPECT_EQ(seen.size() - dummies, 10u);
    EXPECT_EQ(counters.sentDummies, dummies);
    EXPECT_EQ(hidden.run.sun->GetCounters().receivedDummies, dummies);
    EXPECT_EQ(hidden.run.sun->GetCounters().discardedPackets, 0u);
    EXPECT_GE(seen.back().time, ikelab::Instant(9800ms));
    EXPECT_LE(seen.back().time, ikelab::Instant(10s)) << "none after the Delete";
}

/// Whoever hides nothing is not to pay for it, and a wire falls silent.
TEST(TrafficFlowOff, LeavesTheWireIdle)
{
    HiddenSites hidden({}, [](ChildConfig&) {});
    hidden.run.Run(100);
    EXPECT_TRUE(hidden.seen.empty());
}

} // namespace

} // namespace ns3
