// SPDX-License-Identifier: MIT
#include "gateway/testing/gateway_pair.h"

#include "esp/packet_info.h"
#include "esp/testing/packets.h"
#include "wire/ah_header.h"
#include "wire/esp_header.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ikelab::gateway::testing
{

namespace
{

Config
Read(const Json& json)
{
    auto config = ReadConfig(json);
    EXPECT_TRUE(config) << (config ? "" : config.error().pointer + ": " + config.error().problem);
    return config.value_or(Config{});
}

Config
Merge(bool moon, const PairOptions& options)
{
    Json json = GatewayPair::BaseConfig(moon, options.outerV6);
    json.merge_patch(options.both);
    json.merge_patch(moon ? options.moon : options.sun);
    return Read(json);
}

} // namespace

crypto::Context&
SharedContext()
{
    static crypto::Context context;
    return context;
}

Node::Node(std::string nodeName, Config config, uint64_t seed)
    : name(std::move(nodeName)),
      random(seed, name == "moon" ? 1 : 2),
      gateway(std::move(config), SharedContext(), random)
{
}

size_t
Node::CountRefused(Fault fault) const
{
    return static_cast<size_t>(
        std::ranges::count_if(events,
                              [fault](const Event& event)
                              {
                                  const auto* refused = std::get_if<PacketRefused>(&event);
                                  return refused && refused->error.fault == fault;
                              }));
}

std::vector<ike::ChildSaInfo>
Node::Children() const
{
    std::vector<ike::ChildSaInfo> children;
    for (const ike::IkeSaInfo& sa : gateway.List())
    {
        children.insert(children.end(), sa.children.begin(), sa.children.end());
    }
    return children;
}

const Counters&
Node::Counts() const
{
    return gateway.GetCounters();
}

Buffer
Udp(std::string_view source, std::string_view destination, uint16_t destinationPort)
{
    return esp::testing::MakePacket(
        {.source = source, .destination = destination, .destinationPort = destinationPort});
}

Json
ChildPatch(const char* patch)
{
    Json json;
    json["connections"]["net"]["children"]["net"] = Json::parse(patch);
    return json;
}

Json
ConnectionPatch(const char* patch)
{
    Json json;
    json["connections"]["net"] = Json::parse(patch);
    return json;
}

Json
GatewayPair::BaseConfig(bool moon, bool outerV6)
{
    Json json = Json::parse(R"({
        "connections": {"net": {
            "proposals": "aes128gcm16-prfsha256-x25519",
            "local": {"auth": "psk"}, "remote": {"auth": "psk"},
            "children": {"net": {
                "esp_proposals": "aes128gcm16",
                "rekey_time": 0, "life_time": 0, "rand_time": 0}}}},
        "secrets": {"ike": {"secret": "top"}}})");
    const char* const addresses[2][2] = {{"192.0.2.1", "192.0.2.2"},
                                         {"2001:db8::1", "2001:db8::2"}};
    const Json nets[2] = {{"10.1.0.0/16", "2001:db8:1::/48"}, {"10.2.0.0/16", "2001:db8:2::/48"}};
    const size_t mine = moon ? 0 : 1;
    Json& connection = json["connections"]["net"];
    connection["local_addrs"] = addresses[outerV6 ? 1 : 0][mine];
    connection["remote_addrs"] = addresses[outerV6 ? 1 : 0][1 - mine];
    connection["local"]["id"] = moon ? "moon.test" : "sun.test";
    connection["remote"]["id"] = moon ? "sun.test" : "moon.test";
    connection["children"]["net"]["local_ts"] = nets[mine];
    connection["children"]["net"]["remote_ts"] = nets[1 - mine];
    return json;
}

GatewayPair::GatewayPair(const PairOptions& options)
    : moon("moon", Merge(true, options), options.seed),
      sun("sun", Merge(false, options), options.seed)
{
}

void
GatewayPair::Drain(Node& node)
{
    PacketBuffer dummy;
    for (Outgoing outgoing; node.gateway.PollDummy(now, dummy, outgoing);)
    {
        SendProtected(node, outgoing, dummy);
    }
    while (auto datagram = node.gateway.PollTransmit())
    {
        Inject(node, {Frame::Kind::UDP, datagram->path, std::move(datagram->message)});
    }
    std::vector<Buffer> released;
    while (auto packet = node.gateway.PollReleased())
    {
        released.push_back(std::move(*packet));
    }
    while (auto event = node.gateway.PollEvent())
    {
        node.events.push_back(std::move(*event));
    }
    for (const Buffer& packet : released)
    {
        Send(node, packet);
    }
}

namespace
{

/// Of a packet with plain headers.
size_t
HeaderOctets(Bytes packet)
{
    return packet.front() >> 4 == 6 ? 40 : 20;
}

/// Is it a packet with AH behind a plain header?
bool
IsAh(Bytes packet)
{
    return packet[packet.front() >> 4 == 6 ? 6 : 9] == wire::IP_PROTOCOL_AH;
}

/// SPI and sequence number of what leaves: AH in a whole packet, or ESP.
std::pair<uint32_t, uint32_t>
NumberOf(bool ah, Bytes packet)
{
    if (ah)
    {
        const auto header = wire::ParseAhHeader(packet.subspan(HeaderOctets(packet)));
        EXPECT_TRUE(header);
        return {header->spi.value, header->sequence};
    }
    const auto header = wire::ParseEspHeader(packet);
    EXPECT_TRUE(header);
    return {header->spi.value, header->sequence};
}

} // namespace

Verdict
GatewayPair::Send(Node& from, Bytes packet, Origin origin)
{
    PacketBuffer buffer(packet);
    Outgoing outgoing;
    const Verdict verdict = from.gateway.HandleOutbound(now, origin, buffer, outgoing);
    if (verdict == Verdict::PROTECT)
    {
        SendProtected(from, outgoing, buffer);
    }
    else if (verdict == Verdict::BYPASS)
    {
        EXPECT_TRUE(SameOctets(buffer.View(), packet));
        Inject(from, {Frame::Kind::CLEAR, {}, ToBuffer(buffer.View())});
    }
    Drain(from);
    return verdict;
}

void
GatewayPair::SendProtected(Node& from, const Outgoing& outgoing, PacketBuffer& buffer)
{
    from.lastOutgoing = outgoing;
    const bool ah = outgoing.wholePacket && IsAh(buffer.View());
    Buffer ipHeader;
    if (outgoing.wholePacket && !ah)
    {
        constexpr size_t UDP_HEADER_OCTETS = 8;
        const auto info = esp::ReadPacket(buffer.View());
        EXPECT_TRUE(info && info->totalOctets == buffer.Size());
        ipHeader = ToBuffer(buffer.View().first(info->headerOctets));
        buffer.DropFront(info->headerOctets);
        buffer.DropFront(outgoing.udpEncapsulation ? UDP_HEADER_OCTETS : 0);
    }
    const auto [spi, sequence] = NumberOf(ah, buffer.View());
    EXPECT_TRUE(from.sent.emplace(spi, sequence).second) << "a sequence number twice under one key";
    Inject(from,
           {outgoing.udpEncapsulation ? Frame::Kind::UDP
            : ah                      ? Frame::Kind::AH
                                      : Frame::Kind::ESP,
            outgoing.path,
            ToBuffer(buffer.View()),
            outgoing.trafficClass,
            std::move(ipHeader)});
}

void
GatewayPair::Inject(const Node& from, Frame frame)
{
    trace.push_back(frame);
    if (!onFrame || onFrame(from, frame))
    {
        m_wire.emplace(now + LATENCY, Flying{&from == &sun, std::move(frame)});
    }
}

Verdict
GatewayPair::Deliver(Node& to, const Frame& frame)
{
    PacketBuffer buffer(frame.octets);
    Arrival arrival{{frame.path.remote, frame.path.local}, frame.trafficClass, frame.header};
    Verdict verdict = Verdict::DISCARD;
    switch (frame.kind)
    {
    case Frame::Kind::UDP:
        verdict = to.gateway.HandleUdp(now, arrival, buffer);
        break;
    case Frame::Kind::ESP:
        verdict = to.gateway.HandleEsp(now, arrival, buffer);
        break;
    case Frame::Kind::AH:
        arrival.header = Bytes(frame.octets).first(HeaderOctets(frame.octets));
        buffer.DropFront(arrival.header.size());
        verdict = to.gateway.HandleAh(now, arrival, buffer);
        break;
    case Frame::Kind::CLEAR:
        verdict = to.gateway.HandleInboundClear(now, frame.octets);
        break;
    }
    to.verdicts.push_back(verdict);
    if (verdict == Verdict::DELIVER)
    {
        to.delivered.push_back(ToBuffer(buffer.View()));
    }
    else if (verdict == Verdict::BYPASS)
    {
        to.clear.push_back(frame.octets);
    }
    Drain(to);
    return verdict;
}

void
GatewayPair::Arrive()
{
    while (!m_wire.empty() && m_wire.begin()->first <= now)
    {
        const Flying flying = std::move(m_wire.begin()->second);
        m_wire.erase(m_wire.begin());
        Deliver(flying.toMoon ? moon : sun, flying.frame);
    }
}

void
GatewayPair::Run(Duration span)
{
    const Instant end = now + span;
    while (true)
    {
        Instant next = end;
        if (!m_wire.empty())
        {
            next = std::min(next, m_wire.begin()->first);
        }
        for (const Node* node : {&moon, &sun})
        {
            next = std::min(next, node->gateway.PollTimeout().value_or(end));
        }
        now = std::max(now, next);
        Arrive();
        bool fired = false;
        for (Node* node : {&moon, &sun})
        {
            const auto timeout = node->gateway.PollTimeout();
            if (timeout && *timeout <= now)
            {
                node->gateway.HandleTimeout(now);
                Drain(*node);
                fired = true;
                const auto again = node->gateway.PollTimeout();
                ASSERT_TRUE(!again || *again > now) << node->name << " does not move on";
            }
        }
        if (now >= end && !fired && (m_wire.empty() || m_wire.begin()->first > now))
        {
            return;
        }
    }
}

void
GatewayPair::Settle()
{
    for (int i = 0; i < 1000 && !m_wire.empty(); ++i)
    {
        Run(std::max(Duration::zero(), m_wire.begin()->first - now));
    }
    EXPECT_TRUE(m_wire.empty()) << "the wire never falls silent";
}

void
GatewayPair::Establish()
{
    const auto started = moon.gateway.Initiate(now, "net");
    EXPECT_TRUE(started) << (started ? "" : ToString(started.error()));
    Drain(moon);
    Settle();
    EXPECT_EQ(moon.Children().size(), 1u);
    EXPECT_EQ(sun.Children().size(), 1u);
}

void
GatewayPair::ExpectAgreement() const
{
    std::map<uint32_t, uint32_t> ofMoon;
    std::set<uint32_t> inbound;
    for (const ike::ChildSaInfo& child : moon.Children())
    {
        EXPECT_TRUE(inbound.insert(child.inboundSpi.value).second);
        ofMoon.emplace(child.inboundSpi.value, child.outboundSpi.value);
    }
    std::map<uint32_t, uint32_t> ofSun;
    inbound.clear();
    for (const ike::ChildSaInfo& child : sun.Children())
    {
        EXPECT_TRUE(inbound.insert(child.inboundSpi.value).second);
        ofSun.emplace(child.outboundSpi.value, child.inboundSpi.value);
    }
    EXPECT_EQ(ofMoon, ofSun);
}

} // namespace ikelab::gateway::testing
