// SPDX-License-Identifier: MIT
#include "gateway/testing/trio.h"

#include "esp/transport_header.h"
#include "wire/esp_header.h"

#include <gtest/gtest.h>

#include <utility>

namespace ikelab::gateway::testing
{

namespace
{

constexpr size_t UDP_HEADER_OCTETS = 8;

Config
Read(const Json& connections, const Json& patch = Json::object())
{
    Json json{{"connections", connections}, {"secrets", {{"ike", {{"secret", "top"}}}}}};
    json.merge_patch(patch);
    auto config = ReadConfig(json);
    EXPECT_TRUE(config) << (config ? "" : config.error().pointer + ": " + config.error().problem);
    return config.value_or(Config{});
}

void
MakeWhole(PacketBuffer& packet,
          const Path& path,
          uint8_t protocol,
          bool udp,
          const esp::HeaderFields& fields = {})
{
    const esp::TransportPlace place = esp::PlainPlace(path.local.address.IsV6());
    packet.EnsureFrontRoom(PacketBuffer::HEADROOM);
    esp::PrependHeader(packet, {path.local.address, path.remote.address}, fields);
    esp::WriteWhatFollows(packet.View(), place, protocol);
    if (udp)
    {
        EXPECT_TRUE(esp::EncapsulateInUdp(packet, place, path.local.port, path.remote.port));
    }
}

} // namespace

Trio::Trio(const Json& hostConnections,
           const Json& guardConnections,
           const Json& farConnections,
           const Json& hostPatch)
    : host("host", Read(hostConnections, hostPatch), 1),
      guard("guard", Read(guardConnections), 2),
      far("far", Read(farConnections), 3)
{
}

Json
Trio::Connection(const char* local, const char* remote, const char* child, Json patch)
{
    Json json{{"local_addrs", local},
              {"remote_addrs", remote},
              {"proposals", "aes128gcm16-prfsha256-x25519"},
              {"local", {{"auth", "psk"}}},
              {"remote", {{"auth", "psk"}}},
              {"children",
               {{child,
                 {{"esp_proposals", "aes128gcm16"},
                  {"rekey_time", 0},
                  {"life_time", 0},
                  {"rand_time", 0}}}}}};
    if (patch.contains("child"))
    {
        json["children"][child].merge_patch(patch["child"]);
        patch.erase("child");
    }
    json.merge_patch(patch);
    return json;
}

Node&
Trio::OwnerOf(const IpAddress& address)
{
    return address == *IpAddress::Parse(HOST)  ? host
           : address == *IpAddress::Parse(FAR) ? far
                                               : guard;
}

void
Trio::Put(const Node& from, Buffer packet)
{
    const auto info = esp::ReadPacket(packet);
    ASSERT_TRUE(info);
    // Everything goes by the guard; only what it sends reaches the others.
    Node* to = &guard;
    if (&from == &guard)
    {
        to = info->destination.ToAddress() == *IpAddress::Parse(HOST) ? &host : &far;
    }
    if (&from == &host)
    {
        hostLink.push_back(packet);
    }
    if (&from == &far || to == &far)
    {
        farLink.push_back(packet);
    }
    m_wire.push_back({to, std::move(packet)});
}

void
Trio::Emit(Node& from, const Outgoing& outgoing, PacketBuffer& packet)
{
    from.lastOutgoing = outgoing;
    if (!outgoing.wholePacket)
    {
        MakeWhole(packet,
                  outgoing.path,
                  esp::PROTOCOL_ESP,
                  outgoing.udpEncapsulation,
                  {.trafficClass = outgoing.trafficClass, .dontFragment = outgoing.dontFragment});
    }
    Put(from, ToBuffer(std::as_const(packet).View()));
}

Verdict
Trio::Send(Node& from, Bytes packet)
{
    PacketBuffer buffer(packet);
    Outgoing outgoing;
    const Origin origin = &from == &guard ? Origin::FORWARDED : Origin::LOCAL;
    const Verdict verdict = from.gateway.HandleOutbound(now, origin, buffer, outgoing);
    if (verdict == Verdict::PROTECT)
    {
        Emit(from, outgoing, buffer);
    }
    else if (verdict == Verdict::BYPASS)
    {
        Put(from, ToBuffer(packet));
    }
    Drain(from);
    return verdict;
}

void
Trio::Drain(Node& node)
{
    for (bool again = true; again;)
    {
        again = false;
        while (auto datagram = node.gateway.PollTransmit())
        {
            PacketBuffer packet(datagram->message);
            MakeWhole(packet, datagram->path, esp::PROTOCOL_UDP, true);
            Put(node, ToBuffer(std::as_const(packet).View()));
        }
        while (auto ready = node.gateway.PollSealed())
        {
            PacketBuffer packet(ready->packet);
            Emit(node, ready->outgoing, packet);
            sealed.push_back(std::move(*ready));
            again = true;
        }
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

void
Trio::Deliver(Node& at, Bytes packet)
{
    const auto info = esp::ReadPacket(packet);
    ASSERT_TRUE(info);
    const IpAddress destination = info->destination.ToAddress();
    if (info->protocol == esp::PROTOCOL_UDP && info->destinationPort == wire::IKE_PORT &&
        &OwnerOf(destination) == &at)
    {
        Arrive(at, ToBuffer(packet)); // IKE, out of a tunnel
    }
    else if (&at == &guard)
    {
        Send(guard, packet);
    }
    else
    {
        (&at == &host ? hostGot : farGot).push_back(ToBuffer(packet));
    }
}

void
Trio::Arrive(Node& at, Buffer packet)
{
    const auto info = esp::ReadPacket(packet);
    ASSERT_TRUE(info);
    const IpAddress destination = info->destination.ToAddress();
    const bool udp =
        info->protocol == esp::PROTOCOL_UDP &&
        (info->destinationPort == wire::IKE_PORT || info->destinationPort == wire::NATT_PORT);
    const bool guardsOwn = destination == *IpAddress::Parse(GUARD);
    const bool own = &at == &guard ? guardsOwn : &OwnerOf(destination) == &at;
    PacketBuffer buffer(packet);
    const Bytes whole = packet;
    Arrival arrival{
        {{destination, info->destinationPort}, {info->source.ToAddress(), info->sourcePort}},
        info->trafficClass,
        whole.first(info->headerOctets)};
    Verdict verdict = Verdict::BYPASS;
    buffer.DropFront(info->headerOctets);
    if (own && udp)
    {
        buffer.DropFront(UDP_HEADER_OCTETS);
        verdict = at.gateway.HandleUdp(now, arrival, buffer);
    }
    else if (own && info->protocol == esp::PROTOCOL_ESP)
    {
        verdict = at.gateway.HandleEsp(now, arrival, buffer);
    }
    else if (own && info->protocol == esp::PROTOCOL_AH)
    {
        verdict = at.gateway.HandleAh(now, arrival, buffer);
    }
    else if (at.gateway.HandleInboundClear(now, packet) == Verdict::BYPASS)
    {
        buffer.Assign(packet);
        verdict = Verdict::DELIVER;
    }
    at.verdicts.push_back(verdict);
    Drain(at);
    if (verdict == Verdict::DELIVER)
    {
        Deliver(at, std::as_const(buffer).View());
    }
}

void
Trio::Settle()
{
    for (int i = 0; i < 1000 && !m_wire.empty(); ++i)
    {
        now += std::chrono::milliseconds(1);
        Flying flying = std::move(m_wire.front());
        m_wire.pop_front();
        Arrive(*flying.to, std::move(flying.packet));
    }
    EXPECT_TRUE(m_wire.empty());
}

} // namespace ikelab::gateway::testing
