// SPDX-License-Identifier: MIT
#include "gateway/fuzz_targets.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "esp/testing/packets.h"
#include "gateway/gateway.h"
#include "wire/esp_header.h"

#include <algorithm>
#include <utility>

namespace ikelab::gateway
{

namespace
{

constexpr size_t EVENTS_PER_CALL = 32;
constexpr size_t DATAGRAMS_PER_CALL = 8;

crypto::Context&
SharedContext()
{
    static crypto::Context context;
    return context;
}

Config
MakeConfig(bool victim)
{
    using Json = nlohmann::ordered_json;
    Json json = Json::parse(R"({
        "connections": {"net": {
            "encap": "yes", "dpd_delay": "30s", "proposals": "aes128gcm16-prfsha256-x25519",
            "local": {"auth": "psk"}, "remote": {"auth": "psk"},
            "children": {"net": {
                "start_action": "trap", "dpd_action": "restart",
                "esp_proposals": "aes128gcm16", "rekey_time": "5m", "life_time": "6m",
                "tfc_padding": 300, "dummy_interval": "7s"}}}},
        "policies": [{"action": "discard", "local": ["10.1.66.0/24[udp/1-1000]"],
                      "remote": ["10.2.0.0/16"]}],
        "secrets": {"ike": {"secret": "top"}}})");
    Json& connection = json["connections"]["net"];
    const char* const addresses[] = {"192.0.2.1", "192.0.2.2"};
    const Json nets[] = {{"10.1.0.0/16", "2001:db8:1::/48"}, {"10.2.0.0/16", "2001:db8:2::/48"}};
    const size_t mine = victim ? 0 : 1;
    connection["local_addrs"] = addresses[mine];
    connection["remote_addrs"] = addresses[1 - mine];
    connection["children"]["net"]["local_ts"] = nets[mine];
    connection["children"]["net"]["remote_ts"] = nets[1 - mine];
    auto config = ReadConfig(json);
    IKELAB_ASSERT(config.has_value());
    return std::move(*config);
}

class Arena
{
  public:
    Arena();
    void Play(Bytes octets);

  private:
    void Step(uint8_t kind, uint16_t number, Bytes octets);
    void Connect();
    void Drain(bool timer);
    void Receive(Verdict verdict, bool mayDeliver);
    void Udp(uint16_t port, Bytes octets);
    void Esp(Bytes octets, bool mayDeliver);
    void ClearIn(Bytes octets);
    void ClearOut(Bytes octets);
    void Pass(Duration span);
    void PeerEsp(uint16_t flipped);
    void PeerIke(uint16_t flipped);
    Path PathOf(uint16_t port) const;

    SeededRandom m_victimsRandom{1, 1};
    SeededRandom m_peersRandom{1, 2};
    Gateway m_victim{MakeConfig(true), SharedContext(), m_victimsRandom};
    Gateway m_peer{MakeConfig(false), SharedContext(), m_peersRandom};
    Instant m_now{};
    Buffer m_lastIke; ///< of the peer, with its marker
    PacketBuffer m_buffer;
    uint16_t m_port{0}; ///< of the peer's next packet
};

/// True if one of the children covers the packet, from our side or from the peer's.
bool
IsProtected(const esp::PacketInfo& info, bool outbound)
{
    static const IpRange OURS[] = {*IpRange::Parse("10.1.0.0/16"),
                                   *IpRange::Parse("2001:db8:1::/48")};
    static const IpRange THEIRS[] = {*IpRange::Parse("10.2.0.0/16"),
                                     *IpRange::Parse("2001:db8:2::/48")};
    const auto within = [](const auto& ranges, const IpAddress& address)
    {
        return std::ranges::any_of(ranges,
                                   [&](const IpRange& range) { return range.Contains(address); });
    };
    const IpAddress ours = (outbound ? info.source : info.destination).ToAddress();
    const IpAddress theirs = (outbound ? info.destination : info.source).ToAddress();
    return within(OURS, ours) && within(THEIRS, theirs);
}

Arena::Arena()
{
    IKELAB_ASSERT(m_victim.Initiate(m_now, "net").has_value());
    Connect();
    IKELAB_ASSERT(m_victim.List().size() == 1 && m_victim.List().front().children.size() == 1);
}

Path
Arena::PathOf(uint16_t port) const
{
    static const IpAddress VICTIM = *IpAddress::Parse("192.0.2.1");
    static const IpAddress PEER = *IpAddress::Parse("192.0.2.2");
    return {{VICTIM, port}, {PEER, port}};
}

/// Carry IKE both ways until nobody has anything to say.
void
Arena::Connect()
{
    for (bool busy = true; busy;)
    {
        busy = false;
        for (const bool fromVictim : {true, false})
        {
            Gateway& from = fromVictim ? m_victim : m_peer;
            Gateway& to = fromVictim ? m_peer : m_victim;
            while (auto datagram = from.PollTransmit())
            {
                busy = true;
                Buffer octets(datagram->nonEspMarker ? wire::NON_ESP_MARKER_OCTETS : 0);
                Append(octets, datagram->message);
                if (!fromVictim)
                {
                    m_lastIke = octets;
                }
                m_buffer.Assign(octets);
                to.HandleUdp(m_now, {{datagram->path.remote, datagram->path.local}}, m_buffer);
            }
            while (from.PollEvent())
            {
            }
        }
    }
}

void
Arena::Drain(bool timer)
{
    size_t dummies = 0;
    for (Outgoing outgoing; m_victim.PollDummy(m_now, m_buffer, outgoing);)
    {
        IKELAB_ASSERT(++dummies <= EVENTS_PER_CALL); // one an SA
    }
    size_t datagrams = 0;
    do
    {
        while (m_victim.PollTransmit())
        {
            IKELAB_ASSERT(++datagrams <= DATAGRAMS_PER_CALL || timer);
        }
    } while (m_victim.PollSealed());
    while (m_victim.PollReleased())
    {
    }
    size_t events = 0;
    while (m_victim.PollEvent())
    {
        IKELAB_ASSERT(++events <= EVENTS_PER_CALL || timer);
    }
}

void
Arena::Receive(Verdict verdict, bool mayDeliver)
{
    IKELAB_ASSERT(verdict == Verdict::CONSUMED || verdict == Verdict::DISCARD ||
                  (verdict == Verdict::DELIVER && mayDeliver));
    Drain(false);
}

void
Arena::Udp(uint16_t port, Bytes octets)
{
    m_buffer.Assign(octets);
    Receive(m_victim.HandleUdp(m_now, {PathOf(port)}, m_buffer), false);
}

void
Arena::Esp(Bytes octets, bool mayDeliver)
{
    m_buffer.Assign(octets);
    Receive(m_victim.HandleEsp(m_now, {PathOf(0)}, m_buffer), mayDeliver);
}

void
Arena::ClearIn(Bytes octets)
{
    const Verdict verdict = m_victim.HandleInboundClear(m_now, octets);
    IKELAB_ASSERT(verdict == Verdict::BYPASS || verdict == Verdict::DISCARD);
    const auto info = esp::ReadPacket(octets);
    IKELAB_ASSERT(info || verdict == Verdict::DISCARD);
    if (info && IsProtected(*info, false))
    {
        IKELAB_ASSERT(verdict == Verdict::DISCARD);
    }
    Drain(false);
}

void
Arena::ClearOut(Bytes octets)
{
    m_buffer.Assign(octets);
    Outgoing outgoing;
    const Verdict verdict = m_victim.HandleOutbound(m_now, Origin::FORWARDED, m_buffer, outgoing);
    const auto info = esp::ReadPacket(octets);
    IKELAB_ASSERT(info || verdict == Verdict::DISCARD);
    if (info && IsProtected(*info, true))
    {
        IKELAB_ASSERT(verdict != Verdict::BYPASS);
    }
    if (verdict == Verdict::PROTECT)
    {
        IKELAB_ASSERT(wire::ParseEspHeader(m_buffer.View()).has_value());
    }
    Drain(false);
}

void
Arena::Pass(Duration span)
{
    const Instant end = m_now + span;
    for (auto next = m_victim.PollTimeout(); next && *next <= end; next = m_victim.PollTimeout())
    {
        m_now = std::max(m_now, *next);
        m_victim.HandleTimeout(m_now);
        Drain(true);
        const auto again = m_victim.PollTimeout();
        IKELAB_ASSERT(!again || *again > m_now);
    }
    m_now = end;
}

void
Arena::PeerEsp(uint16_t flipped)
{
    const Buffer packet = esp::testing::MakePacket(
        {.source = "10.2.0.1", .destination = "10.1.0.1", .destinationPort = ++m_port});
    PacketBuffer sealed(packet);
    Outgoing outgoing;
    const Verdict verdict = m_peer.HandleOutbound(m_now, Origin::FORWARDED, sealed, outgoing);
    while (m_peer.PollTransmit() || m_peer.PollEvent())
    {
    }
    if (verdict != Verdict::PROTECT)
    {
        return; // the peer's SA grew old
    }
    const MutableBytes octets = sealed.View();
    const bool altered = flipped / 8 < octets.size();
    if (altered)
    {
        octets[flipped / 8] ^= static_cast<uint8_t>(1u << (flipped % 8));
    }
    const Buffer sent = ToBuffer(octets);
    m_buffer.Assign(sent);
    const Verdict received = m_victim.HandleUdp(m_now, {PathOf(wire::NATT_PORT)}, m_buffer);
    if (received == Verdict::DELIVER)
    {
        IKELAB_ASSERT(!altered && SameOctets(std::as_const(m_buffer).View(), packet));
    }
    Receive(received, !altered);
    Esp(sent, false); // the same once more
}

void
Arena::PeerIke(uint16_t flipped)
{
    Buffer octets = m_lastIke;
    if (flipped / 8u < octets.size())
    {
        octets[flipped / 8] ^= static_cast<uint8_t>(1u << (flipped % 8));
    }
    Udp(wire::NATT_PORT, octets);
}

void
Arena::Step(uint8_t kind, uint16_t number, Bytes octets)
{
    switch (kind & 7)
    {
    case 0:
        return Udp(wire::IKE_PORT, octets);
    case 1:
        return Udp(wire::NATT_PORT, octets);
    case 2:
        return Esp(octets, false);
    case 3:
        return ClearIn(octets);
    case 4:
        return ClearOut(octets);
    case 5:
        return Pass(std::chrono::milliseconds(number));
    case 6:
        return PeerEsp(number);
    default:
        return PeerIke(number);
    }
}

void
Arena::Play(Bytes octets)
{
    ByteReader reader(octets);
    uint8_t kind = 0;
    uint16_t number = 0;
    while (reader.U8(kind) && reader.U16(number))
    {
        const Bytes rest = reader.Peek();
        const Bytes body =
            (kind & 7) < 5 ? rest.first(std::min<size_t>(number, rest.size())) : Bytes();
        IKELAB_ASSERT(reader.Skip(body.size()));
        Step(kind, number, body);
    }
}

} // namespace

void
FuzzGateway(Bytes octets)
{
    Arena arena;
    arena.Play(octets);
}

} // namespace ikelab::gateway
