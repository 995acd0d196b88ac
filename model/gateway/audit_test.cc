// SPDX-License-Identifier: MIT
#include "esp/ah_outbound.h"
#include "esp/outbound_sa.h"
#include "esp/testing/packets.h"
#include "gateway/event_json.h"
#include "gateway/testing/gateway_pair.h"
#include "wire/ah_header.h"
#include "wire/esp_header.h"

#include <gtest/gtest.h>

/// The auditable events of RFC 4301 §5, RFC 4303 §4 and RFC 4302 §4, each with all its fields.
namespace ikelab::gateway
{
namespace
{

using esp::testing::MakePacket;
using testing::ChildPatch;
using testing::Frame;
using testing::GatewayPair;
using testing::Json;
using testing::PairOptions;

constexpr const char* MOON[] = {"192.0.2.1", "2001:db8::1"};
constexpr const char* SUN[] = {"192.0.2.2", "2001:db8::2"};
constexpr const char* ALICE[] = {"10.1.0.10", "2001:db8:1::a"};
constexpr const char* BOB[] = {"10.2.0.10", "2001:db8:2::b"};
constexpr uint32_t FLOW = 0xabcde;

IpAddress
Address(std::string_view text)
{
    return *IpAddress::Parse(text);
}

/// Put a flow label into an IPv6 header; nothing happens to IPv4.
Buffer
WithFlow(Buffer packet)
{
    if (packet.front() >> 4 == 6)
    {
        packet[1] = static_cast<uint8_t>((packet[1] & 0xf0) | FLOW >> 16);
        packet[2] = static_cast<uint8_t>(FLOW >> 8 & 0xff);
        packet[3] = static_cast<uint8_t>(FLOW & 0xff);
    }
    return packet;
}

/// ESP or AH, and the family of both headers.
class Audit : public ::testing::TestWithParam<std::tuple<bool, bool>>
{
  protected:
    Audit() : m_pair(Options())
    {
        m_pair.Establish();
    }

    static bool
    Ah()
    {
        return std::get<0>(GetParam());
    }

    static size_t
    V6()
    {
        return std::get<1>(GetParam()) ? 1 : 0;
    }

    static PairOptions
    Options()
    {
        PairOptions options;
        options.outerV6 = V6() != 0;
        options.both = ChildPatch(Ah() ? R"({"esp_proposals": null, "ah_proposals": ["sha256"]})"
                                       : R"({"ah_proposals": null})");
        return options;
    }

    static Buffer
    FromAlice()
    {
        return WithFlow(MakePacket({.source = ALICE[V6()], .destination = BOB[V6()]}));
    }

    /// The header that a packet from moon to sun came with: of AH's it is a part.
    static Buffer
    OuterHeader()
    {
        Buffer header =
            WithFlow(MakePacket({.source = MOON[V6()], .destination = SUN[V6()], .protocol = 50}));
        header.resize(V6() != 0 ? 40 : 20);
        return header;
    }

    /// A packet from moon to sun on the wire, its header with a flow label.
    Frame
    OnTheWire()
    {
        EXPECT_EQ(m_pair.Send(m_pair.moon, FromAlice()), Verdict::PROTECT);
        Frame frame = m_pair.trace.back();
        frame.header = OuterHeader();
        if (Ah())
        {
            frame.octets = WithFlow(frame.octets);
        }
        return frame;
    }

    /// Where AH or ESP begins in the octets of a frame.
    static size_t
    Begin()
    {
        return Ah() ? OuterHeader().size() : 0;
    }

    static Buffer
    FragmentHeader(uint8_t offsetAndMore)
    {
        return {Ah() ? esp::PROTOCOL_AH : esp::PROTOCOL_ESP, 0, 0, offsetAndMore, 1, 2, 3, 4};
    }

    /// Hand the frame to sun as if this header had stood before ESP or AH.
    Verdict
    DeliverBehind(Bytes header, const Frame& frame)
    {
        PacketBuffer packet(Bytes(frame.octets).subspan(Begin()));
        const Arrival arrival{{{Address(SUN[V6()]), 0}, {Address(MOON[V6()]), 0}}, 0, header};
        const Verdict verdict = Ah() ? m_pair.sun.gateway.HandleAh(m_pair.now, arrival, packet)
                                     : m_pair.sun.gateway.HandleEsp(m_pair.now, arrival, packet);
        m_pair.Drain(m_pair.sun);
        return verdict;
    }

    const PacketRefused&
    Only(const testing::Node& node)
    {
        const auto all = node.All<PacketRefused>();
        EXPECT_EQ(all.size(), 1u);
        static const PacketRefused NONE{};
        return all.empty() ? NONE : *all.back();
    }

    /// What RFC 4303 §4 and RFC 4302 §4 want of every packet that came: SPI, addresses, sequence
    /// number and flow label. The time is the log's.
    void
    ExpectReceived(const PacketRefused& refused, Fault fault, uint64_t sequence) const
    {
        EXPECT_EQ(refused.error.fault, fault);
        EXPECT_TRUE(refused.inbound);
        EXPECT_EQ(refused.protocol, Ah() ? wire::ProtocolId::AH : wire::ProtocolId::ESP);
        EXPECT_EQ(refused.sequence, sequence);
        EXPECT_EQ(refused.source, Address(MOON[V6()]));
        EXPECT_EQ(refused.destination, Address(SUN[V6()]));
        EXPECT_EQ(refused.flowLabel, V6() != 0 ? std::optional(FLOW) : std::nullopt);
    }

    /// The SA, as RFC 4301 §5.2 step 5 wants it.
    static void
    ExpectSa(const PacketRefused& refused, const testing::Node& node)
    {
        const ike::ChildSaInfo child = node.Children().at(0);
        ASSERT_TRUE(refused.sa);
        EXPECT_EQ(refused.sa->child, child.id);
        EXPECT_EQ(refused.sa->localTs, child.localTs);
        EXPECT_EQ(refused.sa->remoteTs, child.remoteTs);
        EXPECT_EQ(refused.sa->path.local.address,
                  Address(node.name == "sun" ? SUN[V6()] : MOON[V6()]));
    }

    /// Its selectors, whatever stands around it.
    static void
    ExpectClear(const PacketRefused& refused, std::string_view source, std::string_view destination)
    {
        ASSERT_TRUE(refused.packet);
        EXPECT_EQ(refused.packet->source.ToAddress(), Address(source));
        EXPECT_EQ(refused.packet->destination.ToAddress(), Address(destination));
        EXPECT_EQ(refused.packet->protocol, esp::PROTOCOL_UDP);
        EXPECT_TRUE(refused.packet->portsKnown);
        EXPECT_EQ(refused.packet->sourcePort, 40000);
        EXPECT_EQ(refused.packet->destinationPort, 7);
    }

    GatewayPair m_pair;
};

// RFC 4303 §3.3.3, RFC 4302 §3.3.2, RFC 4301 §4.4.2.1
TEST_P(Audit, SequenceNumberOverflow)
{
    const ike::ChildSaInfo child = m_pair.moon.Children().at(0);
    ASSERT_TRUE(m_pair.moon.gateway.AdvanceSequences(child.id, 0xffffffff, 0));
    ASSERT_EQ(m_pair.Send(m_pair.moon, FromAlice()), Verdict::DISCARD);
    const PacketRefused& refused = Only(m_pair.moon);
    EXPECT_EQ(refused.error.fault, Fault::EXHAUSTED);
    EXPECT_FALSE(refused.inbound);
    EXPECT_EQ(refused.protocol, Ah() ? wire::ProtocolId::AH : wire::ProtocolId::ESP);
    EXPECT_EQ(refused.spi, child.outboundSpi);
    EXPECT_EQ(refused.sequence, 0xffffffff);
    EXPECT_EQ(refused.source, Address(ALICE[V6()]));
    EXPECT_EQ(refused.destination, Address(BOB[V6()]));
    EXPECT_EQ(refused.flowLabel, V6() != 0 ? std::optional(FLOW) : std::nullopt);
    ExpectClear(refused, ALICE[V6()], BOB[V6()]);
    ASSERT_TRUE(refused.sa);
    EXPECT_EQ(refused.sa->child, child.id);
    EXPECT_EQ(refused.sa->localTs, child.localTs);
    EXPECT_EQ(refused.sa->remoteTs, child.remoteTs);
    EXPECT_EQ(refused.sa->path.local.address, Address(MOON[V6()]));
    EXPECT_EQ(refused.sa->path.remote.address, Address(SUN[V6()]));
}

// RFC 4303 §3.4.2, RFC 4302 §3.4.2
TEST_P(Audit, NoSaForTheSpi)
{
    Frame frame = OnTheWire();
    const size_t spiAt = Begin() + (Ah() ? 4 : 0);
    frame.octets[spiAt] ^= 0x80;
    ASSERT_EQ(m_pair.Deliver(m_pair.sun, frame), Verdict::DISCARD);
    const PacketRefused& refused = Only(m_pair.sun);
    ExpectReceived(refused, Fault::UNKNOWN_SPI, 1);
    EXPECT_EQ(refused.spi.value, m_pair.sun.Children().at(0).inboundSpi.value ^ 0x80000000u);
    EXPECT_FALSE(refused.sa);
    EXPECT_FALSE(refused.packet);
}

// RFC 4303 §3.4.3, RFC 4302 §3.4.3
TEST_P(Audit, Replay)
{
    const Frame frame = OnTheWire();
    ASSERT_EQ(m_pair.Deliver(m_pair.sun, m_pair.trace.back()), Verdict::DELIVER);
    ASSERT_EQ(m_pair.Deliver(m_pair.sun, frame), Verdict::DISCARD);
    const PacketRefused& refused = Only(m_pair.sun);
    ExpectReceived(refused, Fault::REPLAY, 1);
    EXPECT_EQ(refused.spi, m_pair.sun.Children().at(0).inboundSpi);
    ExpectSa(refused, m_pair.sun);
    EXPECT_FALSE(refused.packet) << "nobody has looked inside";
}

// RFC 4303 §3.4.4, RFC 4302 §3.4.4
TEST_P(Audit, IntegrityFailure)
{
    Frame frame = OnTheWire();
    frame.octets.back() ^= 1;
    ASSERT_EQ(m_pair.Deliver(m_pair.sun, frame), Verdict::DISCARD);
    const PacketRefused& refused = Only(m_pair.sun);
    ExpectReceived(refused, Fault::INTEGRITY, 1);
    EXPECT_EQ(refused.spi, m_pair.sun.Children().at(0).inboundSpi);
    ExpectSa(refused, m_pair.sun);
    EXPECT_FALSE(refused.packet);
}

// RFC 4303 §3.4.1, RFC 4302 §3.4.1: the packet would be authentic if it were whole.
TEST_P(Audit, FragmentOfferedToEspOrAh)
{
    for (const bool later : {false, true})
    {
        const Frame frame = OnTheWire();
        Buffer header = OuterHeader();
        if (V6() != 0)
        {
            header[6] = esp::PROTOCOL_FRAGMENT;
            Append(header, FragmentHeader(later ? 8 : 1));
        }
        else
        {
            header[6] = later ? 0 : 0x20;
            header[7] = later ? 1 : 0;
        }
        m_pair.sun.events.clear();
        ASSERT_EQ(DeliverBehind(header, frame), Verdict::DISCARD);
        const PacketRefused& refused = Only(m_pair.sun);
        ExpectReceived(refused, Fault::UNEXPECTED, later ? 2 : 1);
        EXPECT_EQ(refused.error.what, "fragment");
        EXPECT_EQ(refused.spi, m_pair.sun.Children().at(0).inboundSpi);
    }
}

// RFC 4301 §5.2: what the shell has to drop of what was opened.
TEST_P(Audit, WhatTheShellCannotDeliver)
{
    for (const Undeliverable why : {Undeliverable::TOO_DEEP, Undeliverable::NO_DEVICE})
    {
        const Frame frame = OnTheWire();
        const Bytes header = Ah() ? Bytes(frame.octets).first(Begin()) : Bytes(frame.header);
        PacketBuffer packet(Bytes(frame.octets).subspan(Begin()));
        const Arrival arrival{{{Address(SUN[V6()]), 0}, {Address(MOON[V6()]), 0}}, 0, header};
        Incoming incoming;
        Gateway& sun = m_pair.sun.gateway;
        ASSERT_EQ(Ah() ? sun.HandleAh(m_pair.now, arrival, packet, &incoming)
                       : sun.HandleEsp(m_pair.now, arrival, packet, &incoming),
                  Verdict::DELIVER);
        m_pair.Drain(m_pair.sun);
        m_pair.sun.events.clear();
        const auto counters = m_pair.sun.Counts();
        const auto ofSa = *sun.CountersOf(incoming.child);
        sun.HandleUndeliverable(m_pair.now, incoming, why, std::as_const(packet).View());
        m_pair.Drain(m_pair.sun);
        const PacketRefused& refused = Only(m_pair.sun);
        const bool deep = why == Undeliverable::TOO_DEEP;
        ExpectReceived(refused, deep ? Fault::LIMIT : Fault::POLICY, deep ? 1 : 2);
        EXPECT_EQ(refused.spi, m_pair.sun.Children().at(0).inboundSpi);
        ExpectSa(refused, m_pair.sun);
        ExpectClear(refused, ALICE[V6()], BOB[V6()]);
        EXPECT_EQ(m_pair.sun.Counts().discardedPackets, counters.discardedPackets + 1);
        EXPECT_EQ(sun.CountersOf(incoming.child)->refusedPackets, ofSa.refusedPackets + 1);
        // Its SA may have ended with it, and it may be of any kind.
        incoming.child = ChildSaId{999};
        m_pair.sun.events.clear();
        sun.HandleUndeliverable(m_pair.now, incoming, why, {});
        m_pair.Drain(m_pair.sun);
        EXPECT_FALSE(Only(m_pair.sun).sa);
        EXPECT_EQ(m_pair.sun.Counts().discardedPackets, counters.discardedPackets + 2);
    }
}

// RFC 4301 §5.2 step 5
TEST_P(Audit, InnerPacketOutsideTheSelectors)
{
    // A lying sun: its own half of the SA, made from the keys that it reports.
    const auto* keys = m_pair.sun.All<ike::ChildSaInstalled>().at(0);
    const esp::SaParameters parameters{keys->outboundSpi,
                                       keys->suite,
                                       esp::Mode::TUNNEL,
                                       keys->outboundEncr.View(),
                                       keys->outboundInteg.View(),
                                       {},
                                       0};
    constexpr const char* STRANGERS[] = {"10.9.0.1", "2001:db8:9::1"};
    PacketBuffer packet(
        WithFlow(MakePacket({.source = STRANGERS[V6()], .destination = ALICE[V6()]})));
    const auto info = *esp::ReadPacket(packet.View());
    Frame frame{Ah() ? Frame::Kind::AH : Frame::Kind::ESP, keys->path, {}, 0, OuterHeader()};
    if (Ah())
    {
        esp::AhOutbound liar(testing::SharedContext(), parameters);
        ASSERT_TRUE(liar.Seal(packet, info, keys->path));
        frame.octets = WithFlow(ToBuffer(packet.View())); // AH does not cover it
    }
    else
    {
        esp::OutboundSa liar(testing::SharedContext(), parameters);
        ASSERT_TRUE(liar.Seal(packet, info, m_pair.sun.random));
        frame.octets = ToBuffer(packet.View());
    }
    ASSERT_EQ(m_pair.Deliver(m_pair.moon, frame), Verdict::DISCARD);
    const PacketRefused& refused = Only(m_pair.moon);
    EXPECT_EQ(refused.error.fault, Fault::POLICY);
    EXPECT_TRUE(refused.inbound);
    EXPECT_EQ(refused.protocol, Ah() ? wire::ProtocolId::AH : wire::ProtocolId::ESP);
    EXPECT_EQ(refused.spi, m_pair.moon.Children().at(0).inboundSpi);
    EXPECT_EQ(refused.sequence, 1u);
    EXPECT_EQ(refused.source, Address(SUN[V6()]));
    EXPECT_EQ(refused.destination, Address(MOON[V6()]));
    EXPECT_EQ(refused.flowLabel, V6() != 0 ? std::optional(FLOW) : std::nullopt);
    ExpectClear(refused, STRANGERS[V6()], ALICE[V6()]);
    EXPECT_EQ(refused.packet->flowLabel, V6() != 0 ? FLOW : 0);
    ExpectSa(refused, m_pair.moon);
}

INSTANTIATE_TEST_SUITE_P(EspAndAh,
                         Audit,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool()),
                         [](const auto& parameters)
                         {
                             return std::string(std::get<0>(parameters.param) ? "Ah" : "Esp") +
                                    (std::get<1>(parameters.param) ? "V6" : "V4");
                         });

// RFC 6946: a fragment header does not make a fragment, nor does DF.
TEST(AuditOfFragments, LeavesWholePacketsAlone)
{
    for (const size_t v6 : {size_t{0}, size_t{1}})
    {
        PairOptions options;
        options.outerV6 = v6 != 0;
        GatewayPair pair(options);
        pair.Establish();
        ASSERT_EQ(pair.Send(pair.moon, MakePacket({.source = ALICE[0], .destination = BOB[0]})),
                  Verdict::PROTECT);
        Frame frame = pair.trace.back();
        frame.header = MakePacket({.source = MOON[v6], .destination = SUN[v6], .protocol = 50});
        frame.header.resize(v6 != 0 ? 40 : 20);
        if (v6 != 0)
        {
            frame.header[6] = esp::PROTOCOL_FRAGMENT;
            Append(frame.header, Buffer{esp::PROTOCOL_ESP, 0, 0, 0, 1, 2, 3, 4});
        }
        else
        {
            frame.header[6] = 0x40;
        }
        EXPECT_EQ(pair.Deliver(pair.sun, frame), Verdict::DELIVER);
    }
}

// RFC 4301 §5.1.1 and §5.2 step 3b: the reason and the selectors of the packet.
TEST(AuditOfClearPackets, TellsTheSelectorsOfWhatPolicyForbids)
{
    PairOptions options;
    options.both["policies"] =
        Json::parse(R"([{"action": "discard", "remote": ["198.51.100.0/24[udp/7]"]}])");
    GatewayPair pair(options);
    ASSERT_EQ(pair.Send(pair.moon, MakePacket({.destination = "198.51.100.1"})), Verdict::DISCARD);
    ASSERT_EQ(pair.moon.gateway.HandleInboundClear(
                  pair.now, MakePacket({.source = BOB[0], .destination = ALICE[0]})),
              Verdict::DISCARD);
    pair.Drain(pair.moon);
    const auto refusals = pair.moon.All<PacketRefused>();
    ASSERT_EQ(refusals.size(), 2u);
    EXPECT_FALSE(refusals[0]->inbound);
    EXPECT_EQ(refusals[0]->destination, Address("198.51.100.1"));
    EXPECT_TRUE(refusals[1]->inbound);
    EXPECT_EQ(refusals[1]->source, Address(BOB[0]));
    for (const PacketRefused* refused : refusals)
    {
        EXPECT_EQ(refused->error.fault, Fault::POLICY);
        EXPECT_EQ(refused->protocol, wire::ProtocolId::NONE);
        ASSERT_TRUE(refused->packet);
        EXPECT_EQ(refused->packet->protocol, esp::PROTOCOL_UDP);
        EXPECT_EQ(refused->packet->destinationPort, 7);
        EXPECT_FALSE(refused->sa);
    }
}

// A rule before the child's own forbids what the selectors allow: the same fields as for these.
TEST(AuditOfClearPackets, TellsTheSaWhoseContentsAnEarlierRuleForbids)
{
    PairOptions options;
    options.sun["policies"] =
        Json::parse(R"([{"action": "discard", "local": ["0.0.0.0/0[udp/7]"]}])");
    GatewayPair pair(options);
    pair.Establish();
    ASSERT_EQ(pair.Send(pair.moon, MakePacket({.source = ALICE[0], .destination = BOB[0]})),
              Verdict::PROTECT);
    pair.Settle();
    const auto refusals = pair.sun.All<PacketRefused>();
    ASSERT_EQ(refusals.size(), 1u);
    EXPECT_EQ(refusals[0]->protocol, wire::ProtocolId::ESP);
    EXPECT_EQ(refusals[0]->sequence, 1u);
    EXPECT_EQ(refusals[0]->source, Address(MOON[0]));
    ASSERT_TRUE(refusals[0]->packet);
    EXPECT_EQ(refusals[0]->packet->source.ToAddress(), Address(ALICE[0]));
    ASSERT_TRUE(refusals[0]->sa);
    EXPECT_EQ(refusals[0]->sa->remoteTs, pair.sun.Children().at(0).remoteTs);
}

// RFC 4303 §4, RFC 4302 §4: whoever runs the system may have no auditing.
TEST(AuditOfClearPackets, CanBeSwitchedOffAndCountsOn)
{
    for (const bool audit : {true, false})
    {
        PairOptions options;
        options.both["audit"] = audit;
        GatewayPair pair(options);
        const Frame frame{Frame::Kind::ESP, {}, Buffer(64, 0x11)};
        EXPECT_EQ(pair.Deliver(pair.sun, frame), Verdict::DISCARD);
        EXPECT_EQ(pair.sun.Counts().unknownSpis, 1u);
        EXPECT_EQ(pair.sun.Count<PacketRefused>(), audit ? 1u : 0u);
    }
}

} // namespace
} // namespace ikelab::gateway
