// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "gateway/event_json.h"

#include <gtest/gtest.h>

#include <set>

namespace ikelab::gateway
{

namespace
{

const Path PATH{{*IpAddress::Parse("192.0.2.1"), 500}, {*IpAddress::Parse("192.0.2.2"), 4500}};

} // namespace

TEST(EventJson, NeverShowsKeys)
{
    ike::IkeKeysDerived keys;
    keys.spis = {IkeSpi{0x0102}, IkeSpi{0x0304}};
    for (crypto::SecretBytes* key : {&keys.ei, &keys.er, &keys.ai, &keys.ar})
    {
        *key = crypto::SecretBytes(Hex("a5a5a5a5a5a5a5a5"));
    }
    const std::string ikeText = EventToJson(Event(std::move(keys))).dump();
    EXPECT_EQ(ikeText.find("a5a5"), std::string::npos);
    EXPECT_NE(ikeText.find(R"("spi_i":"0000000000000102")"), std::string::npos) << ikeText;

    ike::ChildSaInstalled child;
    auto config = std::make_shared<ike::ChildConfig>();
    config->name = "net";
    child.config = config;
    child.inboundSpi = EspSpi{0xc0ffee};
    for (crypto::SecretBytes* key :
         {&child.inboundEncr, &child.inboundInteg, &child.outboundEncr, &child.outboundInteg})
    {
        *key = crypto::SecretBytes(Hex("a5a5a5a5a5a5a5a5"));
    }
    child.localTs = {Selector{*IpRange::Parse("10.1.0.0/16"), 6, 80, 80}};
    child.path = PATH;
    const std::string childText = EventToJson(Event(std::move(child))).dump();
    EXPECT_EQ(childText.find("a5a5"), std::string::npos);
    EXPECT_NE(childText.find(R"("name":"net")"), std::string::npos) << childText;
    EXPECT_NE(childText.find(R"("spi_in":"00c0ffee")"), std::string::npos) << childText;
    EXPECT_NE(childText.find(R"("local_ts":["10.1.0.0/16[tcp/80]"])"), std::string::npos);
    EXPECT_NE(childText.find(R"("remote":"192.0.2.2[4500]")"), std::string::npos) << childText;
    EXPECT_EQ(childText.find("tfc"), std::string::npos) << childText;
    ike::ChildSaInstalled refuses;
    refuses.peerRefusesTfc = true;
    EXPECT_EQ(EventToJson(Event(std::move(refuses)))["tfc_padding_refused"], true);
}

TEST(EventJson, NamesEveryKindOfEventOnce)
{
    std::vector<Event> events;
    events.emplace_back(ike::MessageEvent{});
    events.emplace_back(ike::MessageRejected{{}, PATH, {Fault::TRUNCATED, "KE", 28}, {}});
    events.emplace_back(ike::IkeKeysDerived{});
    events.emplace_back(ike::IkeSaEstablished{});
    events.emplace_back(ike::IkeSaClosed{});
    events.emplace_back(ike::ChildSaInstalled{});
    events.emplace_back(ike::ChildSaRemoved{});
    events.emplace_back(ike::ChildSaFailed{});
    events.emplace_back(ike::PathChanged{});
    events.emplace_back(ike::InvalidSpiReported{});
    events.emplace_back(ike::InvalidSelectorsReported{});
    events.emplace_back(ike::PeerAlive{});
    events.emplace_back(LifetimeReached{});
    events.emplace_back(PacketRefused{});
    events.emplace_back(IcmpErrorReceived{});
    ASSERT_EQ(events.size(), std::variant_size_v<Event>);
    std::set<std::string> names;
    for (const Event& event : events)
    {
        const auto json = EventToJson(event);
        ASSERT_TRUE(json.is_object());
        EXPECT_EQ(json.begin().key(), "event");
        names.insert(json.at("event"));
    }
    EXPECT_EQ(names.size(), events.size());
}

TEST(EventJson, SaysWhatWasWrongAndWhatWasAnswered)
{
    const auto json = EventToJson(ike::MessageRejected{
        IkeSaId{3}, PATH, {Fault::TRUNCATED, "KE", 28}, wire::NotifyType::INVALID_SYNTAX});
    EXPECT_EQ(json.at("fault"), "TRUNCATED");
    EXPECT_EQ(json.at("error"), "TRUNCATED: KE at octet 28");
    EXPECT_EQ(json.at("answered"), "INVALID_SYNTAX");
    EXPECT_EQ(EventToJson(ike::PeerAlive{IkeSaId{1}, std::chrono::microseconds(1500)})
                  .at("round_trip_ms"),
              1.5);
}

// RFC 4301 §5.2 step 5, RFC 4303 §4.
TEST(EventJson, SaysAllThatAnAuditLogHasToKnowOfARefusedPacket)
{
    PacketRefused refused{{Fault::POLICY, "selectors of the SA"},
                          true,
                          EspSpi{0x1234},
                          7,
                          *IpAddress::Parse("2001:db8::2"),
                          *IpAddress::Parse("2001:db8::1"),
                          wire::ProtocolId::ESP,
                          0xabcde};
    esp::PacketInfo& inner = refused.packet.emplace();
    inner.source = esp::AddressNumber::From(*IpAddress::Parse("10.2.0.1"));
    inner.destination = esp::AddressNumber::From(*IpAddress::Parse("10.1.0.1"));
    inner.protocol = 17;
    inner.portsKnown = true;
    inner.sourcePort = 53;
    inner.destinationPort = 4000;
    refused.sa = RefusingSa{ChildSaId{3},
                            PATH,
                            {Selector{*IpRange::Parse("10.1.0.0/16"), 6, 80, 80}},
                            {Selector{*IpRange::Parse("10.3.0.0/16")}}};
    EXPECT_EQ(
        EventToJson(Event(refused)).dump(),
        R"({"event":"packet_refused","inbound":true,"fault":"POLICY",)"
        R"("error":"POLICY: selectors of the SA","protocol":"ESP","spi":"00001234","sequence":7,)"
        R"("source":"2001:db8::2","destination":"2001:db8::1","flow_label":703710,)"
        R"("packet":{"source":"10.2.0.1","destination":"10.1.0.1","protocol":17,)"
        R"("source_port":53,"destination_port":4000},"child_sa":3,"local":"192.0.2.1[500]",)"
        R"("remote":"192.0.2.2[4500]","local_ts":["10.1.0.0/16[tcp/80]"],)"
        R"("remote_ts":["10.3.0.0/16"]})");
    // What was never protected has no SPI, and what hides its ports shows none.
    inner = {};
    inner.source.v6 = true;
    inner.fragment = true;
    inner.fragmentBegin = 1280;
    inner.protocolKnown = false;
    inner.flowLabel = 5;
    refused.sa.reset();
    refused.flowLabel.reset();
    refused.protocol = wire::ProtocolId::NONE;
    const auto json = EventToJson(Event(refused));
    EXPECT_FALSE(json.contains("protocol"));
    EXPECT_FALSE(json.contains("flow_label"));
    EXPECT_FALSE(json.contains("local_ts"));
    EXPECT_FALSE(json.at("packet").contains("protocol"));
    EXPECT_FALSE(json.at("packet").contains("source_port"));
    EXPECT_EQ(json.at("packet").at("fragment"), 1280);
    EXPECT_EQ(json.at("packet").at("flow_label"), 5);
}

TEST(EventJson, ListsSasWithTheirChildren)
{
    ike::IkeSaInfo sa;
    sa.connection = "sw";
    sa.state = "ESTABLISHED";
    sa.path = PATH;
    sa.localId = *ike::Identity::Parse("moon.test");
    sa.children.emplace_back().name = "net";
    const auto json = SaToJson(sa);
    EXPECT_EQ(json.at("name"), "sw");
    EXPECT_EQ(json.at("state"), "ESTABLISHED");
    EXPECT_EQ(json.at("local_id"), "moon.test");
    EXPECT_EQ(json.at("children").at(0).at("name"), "net");
    EXPECT_EQ(json.at("children").at(0).at("state"), "INSTALLED");
}

} // namespace ikelab::gateway
