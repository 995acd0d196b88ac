// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "gateway/charon_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ikelab::gateway
{

namespace
{

using testing::ElementsAre;

const Path PATH{{*IpAddress::Parse("192.0.2.1"), 500}, {*IpAddress::Parse("192.0.2.2"), 4500}};

/// "[IKE] text", one for each line.
std::vector<std::string>
Lines(const Event& event)
{
    std::vector<std::string> lines;
    for (const LogLine& line : FormatCharon(event))
    {
        lines.push_back("[" + std::string(line.group) + "] " + line.text);
    }
    return lines;
}

ike::MessageEvent
Message(bool sent, bool response, unsigned retransmission)
{
    ike::MessageEvent event;
    event.sent = sent;
    event.response = response;
    event.retransmission = retransmission;
    event.path = PATH;
    event.exchange = wire::ExchangeType::IKE_AUTH;
    event.id = MessageId{1};
    event.octets = 240;
    event.summary = "[ IDi AUTH SA TSi TSr ]";
    return event;
}

} // namespace

TEST(CharonLog, TellsMessagesInCharonsWords)
{
    EXPECT_THAT(
        Lines(Message(true, false, 0)),
        ElementsAre("[ENC] generating IKE_AUTH request 1 [ IDi AUTH SA TSi TSr ]",
                    "[NET] sending packet: from 192.0.2.1[500] to 192.0.2.2[4500] (240 bytes)"));
    EXPECT_THAT(
        Lines(Message(false, true, 0)),
        ElementsAre("[NET] received packet: from 192.0.2.2[4500] to 192.0.2.1[500] (240 bytes)",
                    "[ENC] parsed IKE_AUTH response 1 [ IDi AUTH SA TSi TSr ]"));
    EXPECT_THAT(Lines(Message(true, false, 2)).front(),
                "[IKE] retransmit 2 of request with message ID 1");
    EXPECT_THAT(Lines(Message(true, true, 1)).front(),
                "[IKE] received retransmit of request with ID 1, retransmitting response");
}

TEST(CharonLog, NamesTheSasAsCharonDoes)
{
    ike::IkeSaEstablished up;
    up.sa = IkeSaId{3};
    up.connection = "net";
    up.path = PATH;
    up.localId = *ike::Identity::Parse("moon.test");
    up.remoteId = *ike::Identity::Parse("sun.test");
    up.natRemote = true;
    EXPECT_THAT(Lines(Event(std::move(up))),
                ElementsAre("[IKE] remote host is behind NAT",
                            "[IKE] IKE_SA net[3] established between "
                            "192.0.2.1[moon.test]...192.0.2.2[sun.test]"));

    ike::ChildSaInstalled child;
    auto config = std::make_shared<ike::ChildConfig>();
    config->name = "lan";
    child.config = config;
    child.child = ChildSaId{5};
    child.inboundSpi = EspSpi{0xc0ffee};
    child.outboundSpi = EspSpi{0xdecaf};
    child.suite.encr = crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128);
    child.inboundEncr = crypto::SecretBytes(Hex("a5a5a5a5a5a5a5a5"));
    child.localTs = {Selector{*IpRange::Parse("10.1.0.0/16")}};
    child.remoteTs = {Selector{*IpRange::Parse("10.2.0.0/16")}};
    EXPECT_THAT(Lines(Event(std::move(child))),
                ElementsAre("[CFG] selected proposal: ESP:AES_GCM_16_128/NO_EXT_SEQ",
                            "[IKE] CHILD_SA lan{5} established with SPIs 00c0ffee_i 000decaf_o "
                            "and TS 10.1.0.0/16 === 10.2.0.0/16"));
    ike::ChildSaInstalled refuses;
    refuses.suite.encr = crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128);
    refuses.peerRefusesTfc = true;
    EXPECT_EQ(Lines(Event(std::move(refuses))).at(1),
              "[IKE] peer takes no TFC padding: sending without");
}

TEST(CharonLog, SaysWhySomethingEnded)
{
    EXPECT_THAT(Lines(Event(ike::IkeSaClosed{IkeSaId{1},
                                             "net",
                                             false,
                                             ike::CloseReason::AUTHENTICATION,
                                             Error{Fault::AUTHENTICATION_FAILED, "AUTH"}})),
                ElementsAre("[IKE] IKE_SA net[1] not established: authentication "
                            "(AUTHENTICATION_FAILED: AUTH)"));
    EXPECT_THAT(
        Lines(Event(PacketRefused{{Fault::REPLAY, "sequence number"},
                                  true,
                                  EspSpi{0x1234},
                                  7,
                                  *IpAddress::Parse("192.0.2.2"),
                                  *IpAddress::Parse("192.0.2.1")})),
        ElementsAre("[ESP] inbound packet 192.0.2.2 === 192.0.2.1 refused, SPI 00001234, sequence "
                    "7: REPLAY: sequence number"));
    PacketRefused wrong{{Fault::POLICY, "selectors of the SA"},
                        true,
                        EspSpi{0x1234},
                        7,
                        *IpAddress::Parse("2001:db8::2"),
                        *IpAddress::Parse("2001:db8::1"),
                        wire::ProtocolId::ESP,
                        0xabcde};
    wrong.packet.emplace();
    wrong.packet->source = esp::AddressNumber::From(*IpAddress::Parse("10.9.0.1"));
    wrong.packet->destination = esp::AddressNumber::From(*IpAddress::Parse("10.1.0.1"));
    wrong.packet->protocol = 17;
    wrong.packet->portsKnown = true;
    wrong.packet->sourcePort = 53;
    wrong.packet->destinationPort = 4000;
    wrong.sa = RefusingSa{ChildSaId{1},
                          {},
                          {Selector{*IpRange::Parse("10.1.0.0/16")}},
                          {Selector{*IpRange::Parse("10.2.0.0/16")}}};
    EXPECT_THAT(Lines(Event(wrong)),
                ElementsAre("[ESP] inbound packet 2001:db8::2 === 2001:db8::1 refused, SPI "
                            "00001234, sequence 7, flow label abcde, inside 10.9.0.1/32[udp/53] "
                            "=== 10.1.0.1/32[udp/4000], TS 10.1.0.0/16 === 10.2.0.0/16: POLICY: "
                            "selectors of the SA"));
    wrong.protocol = wire::ProtocolId::NONE;
    wrong.spi = {};
    wrong.sa.reset();
    wrong.flowLabel.reset();
    EXPECT_THAT(Lines(Event(wrong)),
                ElementsAre("[ESP] inbound packet 10.9.0.1/32[udp/53] === 10.1.0.1/32[udp/4000] "
                            "refused: POLICY: selectors of the SA"));
    wrong.packet->portsKnown = false;
    wrong.packet->protocol = 6;
    EXPECT_THAT(Lines(Event(wrong)),
                ElementsAre("[ESP] inbound packet 10.9.0.1/32[tcp] === 10.1.0.1/32[tcp] refused: "
                            "POLICY: selectors of the SA"));
    IcmpErrorReceived error;
    error.type = 3;
    error.code = 4;
    error.reporter = *IpAddress::Parse("198.51.100.1");
    error.destination = *IpAddress::Parse("192.0.2.2");
    error.spi = EspSpi{0x1234};
    error.pathMtu = 1400;
    EXPECT_THAT(Lines(Event(error)),
                ElementsAre("[ESP] ICMP type 3 code 4 from 198.51.100.1 about SPI 00001234 to "
                            "192.0.2.2, path MTU is 1400"));
    error.pathMtu = 0;
    error.ignored = "no such SA";
    EXPECT_THAT(Lines(Event(error)),
                ElementsAre("[ESP] ICMP type 3 code 4 from 198.51.100.1 about SPI 00001234 to "
                            "192.0.2.2, ignored: no such SA"));
}

TEST(CharonLog, NeverShowsKeys)
{
    ike::IkeKeysDerived keys;
    for (crypto::SecretBytes* key : {&keys.ei, &keys.er, &keys.ai, &keys.ar})
    {
        *key = crypto::SecretBytes(Hex("a5a5a5a5a5a5a5a5"));
    }
    for (const std::string& line : Lines(Event(std::move(keys))))
    {
        EXPECT_EQ(line.find("a5a5"), std::string::npos) << line;
    }
}

} // namespace ikelab::gateway
