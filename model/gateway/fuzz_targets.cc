// SPDX-License-Identifier: MIT
#include "gateway/fuzz_targets.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/limits.h"
#include "esp/testing/packets.h"
#include "gateway/fuzz_config.h"
#include "gateway/gateway.h"
#include "wire/esp_header.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace ikelab::gateway
{

namespace
{

constexpr size_t EVENTS_PER_CALL = 32;
constexpr size_t DATAGRAMS_PER_CALL = 8;
/// What waits for the three children at most, and IKE.
constexpr size_t SEALED_PER_CALL = 3 * limits::HELD_PACKETS + 8;
constexpr unsigned EXCHANGES = 2; // each costs a key exchange or more
constexpr const char* CHILDREN[] = {"net/net", "vpn/routed", "far/inner"};

crypto::Context&
SharedContext()
{
    static crypto::Context context;
    return context;
}

class Arena
{
  public:
    Arena();
    void Play(Bytes octets);

    FuzzReached reached;

  private:
    void Step(uint8_t kind, uint16_t number, Bytes octets);
    void Connect();
    void Drain(bool timer);
    void Receive(Verdict verdict, bool mayDeliver);
    void ConnectAll();
    std::optional<ike::Datagram> NextOf(bool victim);
    void Arrive(bool atVictim, const SealedPacket& sealed);
    void IkeInside(bool atVictim, Bytes packet);
    void RouteOut(uint32_t ifId, Bytes octets);
    void CountOut(const Outgoing& outgoing);
    void PeerPacks(uint8_t protocol, Bytes octets, bool isEsp);
    void PeerSends(Bytes packet, uint32_t ifId, uint16_t flipped);
    Verdict PeerSeals(uint32_t ifId, PacketBuffer& packet, Outgoing& outgoing);
    EspSpi InnerSpi() const;
    bool IsForeignEsp(Bytes packet) const;
    void Udp(uint16_t port, Bytes octets);
    void Esp(Bytes octets, bool mayDeliver);
    void ClearIn(Bytes octets);
    void ClearOut(Bytes octets);
    void Pass(Duration span);
    void PeerIke(uint16_t flipped);
    Path PathOf(uint16_t port) const;

    SeededRandom m_victimsRandom{1, 1};
    SeededRandom m_peersRandom{1, 2};
    Gateway m_victim{FuzzConfig(true), SharedContext(), m_victimsRandom};
    Gateway m_peer{FuzzConfig(false), SharedContext(), m_peersRandom};
    Instant m_now{};
    Buffer m_lastIke;                   ///< of the peer, with its marker
    std::deque<ike::Datagram> m_unsent; ///< of the victim, the last ones
    PacketBuffer m_buffer;
    uint16_t m_port{0}; ///< of the peer's next packet
    bool m_all{false};  ///< the other SAs have been there
    unsigned m_exchanges{0};
};

/// True if one of the children covers the packet, from our side or from the peer's.
bool
IsProtected(const esp::PacketInfo& info, bool outbound)
{
    static const IpRange OURS[] = {*IpRange::Parse("10.1.0.0/16"),
                                   *IpRange::Parse("2001:db8:1::/48")};
    static const IpRange THEIRS[] = {*IpRange::Parse("10.2.0.0/16"),
                                     *IpRange::Parse("2001:db8:2::/48")};
    static const IpRange OURS_INSIDE[] = {*IpRange::Parse("10.3.0.0/16")};
    static const IpRange THEIRS_INSIDE[] = {*IpRange::Parse("10.4.0.0/16")};
    const auto within = [](const auto& ranges, const IpAddress& address)
    {
        return std::ranges::any_of(ranges,
                                   [&](const IpRange& range) { return range.Contains(address); });
    };
    const IpAddress ours = (outbound ? info.source : info.destination).ToAddress();
    const IpAddress theirs = (outbound ? info.destination : info.source).ToAddress();
    return (within(OURS, ours) && within(THEIRS, theirs)) ||
           (within(OURS_INSIDE, ours) && within(THEIRS_INSIDE, theirs));
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

/// Carry both ways until nobody has anything to say: IKE, and what is sealed unasked.
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
            while (auto datagram = NextOf(fromVictim))
            {
                busy = true;
                if (!fromVictim)
                {
                    m_lastIke = datagram->message;
                }
                m_buffer.Assign(datagram->message);
                to.HandleUdp(m_now, {{datagram->path.remote, datagram->path.local}}, m_buffer);
            }
            while (const auto sealed = from.PollSealed())
            {
                busy = true;
                reached.sealed += sealed->held.empty() ? 0 : 1;
                Arrive(!fromVictim, *sealed);
            }
            while (from.PollReleased() || from.PollEvent())
            {
            }
        }
    }
}

std::optional<ike::Datagram>
Arena::NextOf(bool victim)
{
    if (!victim || m_unsent.empty())
    {
        return (victim ? m_victim : m_peer).PollTransmit();
    }
    std::optional<ike::Datagram> first(std::move(m_unsent.front()));
    m_unsent.pop_front();
    return first;
}

/// All SAs, which cost a key exchange each, only where something is done with them.
void
Arena::ConnectAll()
{
    if (std::exchange(m_all, true))
    {
        return;
    }
    for (const char* child : {"routed", "inner"})
    {
        if (m_victim.Initiate(m_now, child)) // else what came before has begun it
        {
            Connect();
        }
    }
}

void
Arena::Arrive(bool atVictim, const SealedPacket& sealed)
{
    Gateway& to = atVictim ? m_victim : m_peer;
    PacketBuffer packet(sealed.packet);
    IKELAB_ASSERT(!sealed.outgoing.wholePacket && sealed.outgoing.udpEncapsulation);
    const Path& path = sealed.outgoing.path;
    if (to.HandleUdp(m_now, {{path.remote, path.local}}, packet) == Verdict::DELIVER)
    {
        IkeInside(atVictim, std::as_const(packet).View());
    }
}

/// What came out of an SA, if it is IKE for an address of ours, as a shell would hand it in.
void
Arena::IkeInside(bool atVictim, Bytes packet)
{
    constexpr size_t UDP_HEADER_OCTETS = 8;
    const auto info = esp::ReadPacket(packet);
    if (!info || info->protocol != esp::PROTOCOL_UDP || info->fragment ||
        info->destinationPort != wire::IKE_PORT ||
        info->destination.ToAddress() !=
            *IpAddress::Parse(atVictim ? FUZZ_INNER_VICTIM : FUZZ_INNER_PEER))
    {
        return;
    }
    ++reached.nestedIke;
    PacketBuffer datagram(
        packet.first(info->totalOctets).subspan(info->headerOctets + UDP_HEADER_OCTETS));
    const Arrival arrival{{{info->destination.ToAddress(), info->destinationPort},
                           {info->source.ToAddress(), info->sourcePort}}};
    (atVictim ? m_victim : m_peer).HandleUdp(m_now, arrival, datagram);
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
    size_t sealed = 0;
    do
    {
        while (auto datagram = m_victim.PollTransmit())
        {
            IKELAB_ASSERT(++datagrams <= DATAGRAMS_PER_CALL || timer);
            m_unsent.push_back(std::move(*datagram));
        }
        IKELAB_ASSERT(++sealed <= SEALED_PER_CALL);
    } while (m_victim.PollSealed());
    while (m_victim.PollReleased())
    {
    }
    m_unsent.erase(m_unsent.begin(),
                   m_unsent.end() - std::min(std::ssize(m_unsent), std::ssize(CHILDREN)));
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
        CountOut(outgoing);
    }
    reached.heldInside += verdict == Verdict::HELD && !SameOctets(m_buffer.View(), octets) ? 1 : 0;
    Drain(false);
}

void
Arena::CountOut(const Outgoing& outgoing)
{
    IKELAB_ASSERT(!outgoing.wholePacket && wire::ParseEspHeader(m_buffer.View()).has_value());
    IKELAB_ASSERT(outgoing.layers <= 2);
    reached.nestedOut += outgoing.layers - 1;
}

void
Arena::RouteOut(uint32_t ifId, Bytes octets)
{
    m_buffer.Assign(octets);
    Outgoing outgoing;
    const Verdict verdict = m_victim.HandleRouted(m_now, ifId, m_buffer, outgoing);
    IKELAB_ASSERT(
        verdict == Verdict::DISCARD ||
        (ifId == FUZZ_IF_ID && (verdict == Verdict::PROTECT || verdict == Verdict::HELD)));
    if (verdict == Verdict::PROTECT)
    {
        ++reached.routedOut;
        CountOut(outgoing);
    }
    reached.heldThere += verdict == Verdict::HELD ? 1 : 0;
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

/// @param ifId 0: by policy
Verdict
Arena::PeerSeals(uint32_t ifId, PacketBuffer& packet, Outgoing& outgoing)
{
    const Verdict verdict = ifId == 0
                                ? m_peer.HandleOutbound(m_now, Origin::FORWARDED, packet, outgoing)
                                : m_peer.HandleRouted(m_now, ifId, packet, outgoing);
    while (m_peer.PollTransmit() || m_peer.PollSealed() || m_peer.PollEvent())
    {
    }
    return verdict;
}

void
Arena::PeerSends(Bytes packet, uint32_t ifId, uint16_t flipped)
{
    PacketBuffer sealed(packet);
    Outgoing outgoing;
    if (PeerSeals(ifId, sealed, outgoing) != Verdict::PROTECT)
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
    Incoming incoming;
    const Verdict received =
        m_victim.HandleUdp(m_now, {PathOf(wire::NATT_PORT)}, m_buffer, &incoming);
    const bool twice = outgoing.layers == 2;
    if (received == Verdict::DELIVER && SameOctets(std::as_const(m_buffer).View(), packet))
    {
        IKELAB_ASSERT(!altered && incoming.ifId == ifId);
        reached.routedIn += ifId != 0 ? 1 : 0;
        reached.nestedIn += twice ? 1 : 0;
    }
    else
    {
        // If the inner SA is gone its ESP goes on as anybody's.
        IKELAB_ASSERT(received != Verdict::DELIVER ||
                      (!altered && twice && IsForeignEsp(std::as_const(m_buffer).View())));
    }
    Receive(received, !altered);
    Esp(sent, false); // the same once more
}

/// Something of its own making in the first SA.
void
Arena::PeerPacks(uint8_t protocol, Bytes octets, bool isEsp)
{
    constexpr size_t HEADER_OCTETS = 20;
    constexpr size_t MOST = 1400;
    ByteWriter writer;
    const EspSpi spi = InnerSpi();
    const Bytes payload = octets.first(std::min(octets.size(), MOST));
    const size_t total = HEADER_OCTETS + payload.size() + (isEsp ? sizeof(spi.value) : 0);
    writer.U32(0x45000000u | static_cast<uint32_t>(total));
    writer.U32(uint32_t{++m_port} << 16);
    writer.U32(64u << 24 | uint32_t{protocol} << 16);
    writer.Octets(IpAddress::Parse(FUZZ_INNER_PEER)->Octets());
    writer.Octets(IpAddress::Parse(FUZZ_INNER_VICTIM)->Octets());
    writer.Patch16(10, esp::HeaderChecksum(writer.View()));
    if (isEsp)
    {
        writer.U32(spi.value);
    }
    writer.Octets(payload);
    const Buffer packet = writer.Release();
    PacketBuffer sealed(packet);
    Outgoing outgoing;
    if (PeerSeals(0, sealed, outgoing) != Verdict::PROTECT)
    {
        return;
    }
    m_buffer.Assign(std::as_const(sealed).View());
    const Verdict received = m_victim.HandleUdp(m_now, {PathOf(wire::NATT_PORT)}, m_buffer);
    if (received == Verdict::DELIVER)
    {
        IKELAB_ASSERT(SameOctets(std::as_const(m_buffer).View(), packet));
        IKELAB_ASSERT(!isEsp || IsForeignEsp(packet)); // who has no key has no ICV
        ++reached.insideOut;
    }
    Receive(received, true);
    if (received == Verdict::DELIVER)
    {
        IkeInside(true, packet);
        Drain(false);
    }
}

/// Of the victim's inner SA, by which packets come to it; 0 if it is gone.
EspSpi
Arena::InnerSpi() const
{
    for (const ike::IkeSaInfo& sa : m_victim.List())
    {
        if (sa.connection == "far" && !sa.children.empty())
        {
            return sa.children.front().inboundSpi;
        }
    }
    return {};
}

/// By its SPI, if it has one, of none of the victim's SAs.
bool
Arena::IsForeignEsp(Bytes packet) const
{
    const auto info = esp::ReadPacket(packet);
    if (!info || info->protocol != esp::PROTOCOL_ESP)
    {
        return false;
    }
    const auto header = wire::ParseEspHeader(packet.subspan(info->headerOctets));
    const auto hasIt = [&](const ike::ChildSaInfo& child)
    {
        return child.inboundSpi == header->spi;
    };
    return !header || std::ranges::none_of(m_victim.List(),
                                           [&](const ike::IkeSaInfo& sa)
                                           { return std::ranges::any_of(sa.children, hasIt); });
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
    const auto fromPeer = [this](std::string_view source, std::string_view destination)
    {
        return esp::testing::MakePacket(
            {.source = source, .destination = destination, .destinationPort = ++m_port});
    };
    if (kind >= 8)
    {
        ConnectAll();
    }
    switch (kind)
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
        return PeerSends(fromPeer("10.2.0.1", "10.1.0.1"), 0, number);
    case 7:
        return PeerIke(number);
    case 8:
        return RouteOut(FUZZ_IF_ID, octets);
    case 9:
        return RouteOut(FUZZ_IF_ID + 1, octets);
    case 10:
        return PeerPacks(esp::PROTOCOL_ESP, octets, true);
    case 11:
        return octets.empty() ? void() : PeerPacks(octets[0], octets.subspan(1), false);
    case 12:
        return PeerSends(fromPeer("10.8.0.1", "10.7.0.1"), FUZZ_IF_ID, number);
    case 13:
        return PeerSends(fromPeer("10.4.0.1", "10.3.0.1"), 0, number);
    case 14:
        (void)m_victim.TerminateChild(m_now, CHILDREN[number % std::size(CHILDREN)]);
        return Drain(false);
    default:
        return ++m_exchanges <= EXCHANGES ? Connect() : void();
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
        kind &= 15;
        const bool holds = kind < 5 || (kind >= 8 && kind < 12);
        const Bytes rest = reader.Peek();
        const Bytes body = holds ? rest.first(std::min<size_t>(number, rest.size())) : Bytes();
        IKELAB_ASSERT(reader.Skip(body.size()));
        Step(kind, number, body);
    }
}

} // namespace

FuzzReached
FuzzGateway(Bytes octets)
{
    Arena arena;
    arena.Play(octets);
    return arena.reached;
}

} // namespace ikelab::gateway
