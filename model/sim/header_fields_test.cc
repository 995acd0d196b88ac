// SPDX-License-Identifier: GPL-2.0-only
#include "esp/ecn.h"
#include "esp/testing/packets.h"
#include "sim/flat_packet.h"
#include "sim/testing/gateway_sites.h"

#include "ns3/error-model.h"
#include "ns3/pointer.h"
#include "ns3/simulator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace ns3
{

namespace
{

using ikelab::Buffer;
using testing::GatewaySites;
using testing::SiteToSite;

constexpr double FIRST_PACKET = 3; // seconds: the SAs are there long before
constexpr double BETWEEN_PACKETS = 0.1;
constexpr size_t PPP_OCTETS = 2;
constexpr size_t ETHERNET_OCTETS = 14;
constexpr uint16_t FIRST_PORT = 1000; // of the first row; it names the row

/// A router on the link that writes traffic classes: as queues do for ECN and operators for DSCP.
class Remarker : public ErrorModel
{
  public:
    static TypeId
    GetTypeId()
    {
        static TypeId tid = TypeId("ns3::IkelabTestRemarker").SetParent<ErrorModel>();
        return tid;
    }

    std::optional<uint8_t> trafficClass; ///< nothing leaves packets as they are
    std::optional<uint8_t> seen;         ///< of the last packet, before it was changed

  private:
    bool
    DoCorrupt(Ptr<Packet> packet) override
    {
        Buffer frame(packet->GetSize());
        packet->CopyData(frame.data(), static_cast<uint32_t>(frame.size()));
        const auto ip = ikelab::MutableBytes(frame).subspan(PPP_OCTETS);
        seen = flat::TrafficClass(ip);
        if (trafficClass)
        {
            ikelab::esp::SetTrafficClass(ip, *trafficClass);
            packet->RemoveAtStart(packet->GetSize());
            packet->AddAtEnd(flat::ToPacket(frame));
        }
        return false;
    }

    void
    DoReset() override
    {
    }
};

struct Row
{
    uint8_t inner{0};
    std::optional<uint8_t> onTheWay; ///< what the outer header is changed to
};

/// What a packet of the table came out with.
struct Outcome
{
    std::optional<uint8_t> outer; ///< of the tunnel's header as it arrived on the link
    std::optional<uint8_t> inner; ///< on bob's link; nothing if the packet was dropped
};

/// Send the packets of all rows through one tunnel, one after the other.
std::vector<Outcome>
ThroughTheTunnel(bool v6, const std::vector<Row>& rows, const GatewaySites::Configure& configure)
{
    SiteToSite::Options options;
    options.innerV6 = v6;
    options.outerV6 = v6;
    GatewaySites run(options, configure);
    const auto remarker = CreateObject<Remarker>();
    run.sites.wan.Get(1)->SetAttribute("ReceiveErrorModel", PointerValue(remarker));
    std::vector<Outcome> outcomes(rows.size());
    run.Watch(
        [&](const TapFrame& frame)
        {
            if (frame.device != run.sites.rightLan.Get(0) || !frame.sent ||
                frame.data.size() < ETHERNET_OCTETS)
            {
                return;
            }
            const auto info = ikelab::esp::ReadPacket(frame.data.subspan(ETHERNET_OCTETS));
            if (info && info->protocol == ikelab::esp::PROTOCOL_UDP &&
                info->sourcePort >= FIRST_PORT && info->sourcePort < FIRST_PORT + rows.size())
            {
                outcomes[info->sourcePort - FIRST_PORT].inner = info->trafficClass;
            }
        });
    for (size_t i = 0; i < rows.size(); ++i)
    {
        const Time at = Seconds(FIRST_PACKET + BETWEEN_PACKETS * static_cast<double>(i));
        const std::string source = run.sites.aliceAddress.ToString();
        const std::string destination = run.sites.bobAddress.ToString();
        testing::SendFrameAt(
            at,
            run.sites.leftLan.Get(0),
            run.sites.leftLan.Get(1),
            ikelab::esp::testing::MakePacket({.source = source,
                                              .destination = destination,
                                              .sourcePort = static_cast<uint16_t>(FIRST_PORT + i),
                                              .trafficClass = rows[i].inner}));
        Simulator::Schedule(at,
                            [&, i]
                            {
                                remarker->trafficClass = rows[i].onTheWay;
                                remarker->seen.reset();
                            });
        Simulator::Schedule(at + Seconds(BETWEEN_PACKETS / 2),
                            [&, i] { outcomes[i].outer = remarker->seen; });
    }
    run.Run(FIRST_PACKET + BETWEEN_PACKETS * static_cast<double>(rows.size() + 1));
    return outcomes;
}

class HeaderFields : public ::testing::TestWithParam<bool>
{
};

// RFC 6040 §4.2, figure 4: every combination of marks, through two gateways.
TEST_P(HeaderFields, CongestionMarksLeaveTheTunnelAsTheTableSays)
{
    constexpr uint8_t NOT_ECT = 0;
    constexpr uint8_t ECT1 = 1;
    constexpr uint8_t ECT0 = 2;
    constexpr uint8_t CE = 3;
    struct Expected
    {
        uint8_t inner;
        uint8_t outer;
        std::optional<uint8_t> result;
    };
    const std::vector<Expected> table{{NOT_ECT, NOT_ECT, NOT_ECT},
                                      {NOT_ECT, ECT0, NOT_ECT},
                                      {NOT_ECT, ECT1, NOT_ECT},
                                      {NOT_ECT, CE, std::nullopt},
                                      {ECT0, NOT_ECT, ECT0},
                                      {ECT0, ECT0, ECT0},
                                      {ECT0, ECT1, ECT1},
                                      {ECT0, CE, CE},
                                      {ECT1, NOT_ECT, ECT1},
                                      {ECT1, ECT0, ECT1},
                                      {ECT1, ECT1, ECT1},
                                      {ECT1, CE, CE},
                                      {CE, NOT_ECT, CE},
                                      {CE, ECT0, CE},
                                      {CE, ECT1, CE},
                                      {CE, CE, CE}};
    std::vector<Row> rows;
    for (const Expected& row : table)
    {
        rows.push_back({row.inner, row.outer});
    }
    const auto outcomes = ThroughTheTunnel(GetParam(), rows, {});
    for (size_t i = 0; i < table.size(); ++i)
    {
        EXPECT_EQ(outcomes[i].outer, table[i].inner) << "RFC 6040 §4.1, row " << i;
        EXPECT_EQ(outcomes[i].inner, table[i].result) << "row " << i;
    }
}

// RFC 4301 §5.1.2: DSCP goes into the outer header; what happens to it there does not come back.
TEST_P(HeaderFields, DscpIsCopiedOutwardsOnlyUnlessConfigured)
{
    const std::vector<Row> rows{{0xb8, std::nullopt}, {0x28, std::nullopt}, {0xb8, 0x20}};
    struct Setting
    {
        ikelab::ike::CopyDscp copy;
        std::vector<uint8_t> outer;
        std::vector<uint8_t> inner;
    };
    using ikelab::ike::CopyDscp;
    for (const Setting& setting : {Setting{CopyDscp::OUT, {0xb8, 0x28, 0xb8}, {0xb8, 0x28, 0xb8}},
                                   Setting{CopyDscp::NO, {0, 0, 0}, {0xb8, 0x28, 0xb8}},
                                   Setting{CopyDscp::IN, {0, 0, 0}, {0, 0, 0x20}},
                                   Setting{CopyDscp::BOTH, {0xb8, 0x28, 0xb8}, {0xb8, 0x28, 0x20}}})
    {
        const auto outcomes = ThroughTheTunnel(
            GetParam(),
            rows,
            [&](SiteToSite&, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
            {
                for (ikelab::gateway::Config* config : {&moon, &sun})
                {
                    testing::ChangeChild(*config,
                                         [&](ikelab::ike::ChildConfig& child)
                                         { child.copyDscp = setting.copy; });
                }
            });
        for (size_t i = 0; i < rows.size(); ++i)
        {
            EXPECT_EQ(outcomes[i].outer, setting.outer[i]) << i;
            EXPECT_EQ(outcomes[i].inner, setting.inner[i]) << i;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Versions,
                         HeaderFields,
                         ::testing::Bool(),
                         [](const auto& versions) { return versions.param ? "IPv6" : "IPv4"; });

} // namespace

} // namespace ns3
