// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "esp/transport_header.h"
#include "gateway/gateway_impl.h"
#include "wire/ah_header.h"
#include "wire/esp_header.h"

#include <algorithm>
#include <utility>

/**
 * SAs inside of SAs (RFC 4301 §5.1 step 4, §5.2, appendix E). A `nested` connection is appendix E's
 * entry of the forwarding table that loops packets back: what it sends passes through policy again,
 * past its own children.
 */
namespace ikelab::gateway
{

namespace
{

constexpr Error NO_IP_PACKET{Fault::OVERLONG, "packet of a nested connection", 0, 0};

/**
 * Make a whole IP packet of what a protocol sends.
 * @param udp it goes in UDP between the ports of the path
 */
Result<void>
WriteWhole(PacketBuffer& packet,
           const Path& path,
           const esp::HeaderFields& fields,
           uint8_t protocol,
           bool udp)
{
    packet.EnsureFrontRoom(PacketBuffer::HEADROOM);
    const bool v6 = path.local.address.IsV6();
    const esp::TransportPlace place = esp::PlainPlace(v6);
    if (esp::IsOverlong(v6, place.headerOctets + packet.Size()))
    {
        return tl::unexpected<Error>(NO_IP_PACKET);
    }
    esp::PrependHeader(packet, {path.local.address, path.remote.address}, fields);
    esp::WriteWhatFollows(packet.View(), place, protocol);
    return udp ? esp::EncapsulateInUdp(packet, place, path.local.port, path.remote.port)
               : Result<void>();
}

/// What policy would read in a packet on this path.
esp::PacketInfo
InfoOf(const Path& path, uint8_t protocol)
{
    esp::PacketInfo info;
    info.source = esp::AddressNumber::From(path.local.address);
    info.destination = esp::AddressNumber::From(path.remote.address);
    info.protocol = protocol;
    info.portsKnown = protocol == esp::PROTOCOL_UDP;
    if (info.portsKnown)
    {
        info.sourcePort = path.local.port;
        info.destinationPort = path.remote.port;
    }
    return info;
}

/// Octets that the shell puts before what was sealed.
size_t
HeaderOctets(const Outgoing& outgoing)
{
    constexpr size_t UDP_HEADER_OCTETS = 8;
    return outgoing.wholePacket ? 0
                                : esp::PlainPlace(outgoing.path.local.address.IsV6()).headerOctets +
                                      (outgoing.udpEncapsulation ? UDP_HEADER_OCTETS : 0);
}

} // namespace

Verdict
Gateway::Impl::SealAgain(Instant now,
                         ChildSaId id,
                         PacketBuffer& packet,
                         Outgoing& outgoing,
                         unsigned layer)
{
    const auto record = m_records.find(id);
    if (record == m_records.end())
    {
        return RefuseUnread(now, NO_SA, false); // it was its last packet, and nobody reads it
    }
    const auto connection = record->second.policy->connection;
    // Two paths are one behind the other: to the outer SA's end, and on to the inner one's.
    const uint32_t innerMtu = outgoing.pathMtu;
    const bool dontFragment = outgoing.dontFragment;
    // RFC 4301 §8.2.1: what is too large for the path is fragmented on it, as without nesting.
    const bool fits = innerMtu == 0 || packet.Size() + HeaderOctets(outgoing) <= innerMtu;
    if (outgoing.wholePacket && !fits)
    {
        esp::ClearDontFragment(packet.View());
    }
    if (!outgoing.wholePacket)
    {
        const esp::HeaderFields fields{.trafficClass = outgoing.trafficClass,
                                       .identification = ++m_identification,
                                       .dontFragment = dontFragment && fits};
        const auto whole =
            WriteWhole(packet, outgoing.path, fields, esp::PROTOCOL_ESP, outgoing.udpEncapsulation);
        if (!whole)
        {
            return RefuseUnread(now, whole.error(), false);
        }
        outgoing.wholePacket = true;
    }
    const size_t innerOctets = packet.Size();
    const Verdict verdict = PassAgain(now, connection, packet, outgoing, layer, id);
    outgoing.dontFragment = outgoing.dontFragment || dontFragment; // a source can still be told
    if (verdict == Verdict::PROTECT && innerMtu != 0)
    {
        const size_t outerOctets = packet.Size() + HeaderOctets(outgoing);
        const auto passes = innerMtu + static_cast<uint32_t>(outerOctets - innerOctets);
        outgoing.pathMtu = outgoing.pathMtu == 0 ? passes : std::min(outgoing.pathMtu, passes);
    }
    return verdict;
}

Verdict
Gateway::Impl::PassAgain(Instant now,
                         const std::shared_ptr<const ike::ConnectionConfig>& connection,
                         PacketBuffer& packet,
                         Outgoing& outgoing,
                         unsigned layer,
                         ChildSaId sealedBy)
{
    const auto info = esp::ReadPacket(packet.View());
    if (!info)
    {
        return RefuseUnread(now, info.error(), false);
    }
    const auto rule = m_policies.MatchAgain(*info, *connection);
    if (!rule || rule->action != esp::PolicyAction::PROTECT)
    {
        return Bypasses(rule) ? Verdict::PROTECT : RefusePacket(now, BY_POLICY, false, *info);
    }
    if (layer >= limits::NESTED_SAS)
    {
        return RefusePacket(now, TOO_DEEP, false, *info, m_sad.Find(sealedBy));
    }
    ChildPolicy& policy = m_policies.Of(*rule);
    esp::ChildSa* const sa = SenderOf(now, policy, *info);
    if (!sa)
    {
        return policy.trapped && !m_shutDown ? Hold(now, policy, *info, packet.View(), connection)
                                             : RefusePacket(now, NO_SA, false, *info);
    }
    packet.EnsureFrontRoom(PacketBuffer::HEADROOM);
    return SealBy(now, *sa, *info, packet, outgoing, layer);
}

/// @param held as SealedPacket has it
void
Gateway::Impl::SealOwn(const HeldPacket& own, Buffer held)
{
    PacketBuffer packet(own.packet);
    Outgoing outgoing;
    m_sealing = &held; // if it has to wait for another SA
    const Verdict verdict = own.ifId != 0 ? HandleRouted(m_pumped, own.ifId, packet, outgoing)
                                          : PassOwn(own, packet, outgoing);
    m_sealing = nullptr;
    if (verdict == Verdict::PROTECT)
    {
        sealedPackets.push_back(
            {ToBuffer(std::as_const(packet).View()), outgoing, std::move(held)});
    }
}

Verdict
Gateway::Impl::PassOwn(const HeldPacket& own, PacketBuffer& packet, Outgoing& outgoing)
{
    outgoing.wholePacket = true;
    if (const auto info = esp::ReadPacket(own.packet))
    {
        outgoing.path = {{info->source.ToAddress(), 0}, {info->destination.ToAddress(), 0}};
        outgoing.trafficClass = info->trafficClass;
        outgoing.dontFragment = info->dontFragment;
    }
    return PassAgain(m_pumped, own.of, packet, outgoing, 0);
}

/// Does policy send this datagram through another SA, or forbid it? Then it is in `own`.
bool
Gateway::Impl::MustPassAgain(const ike::Datagram& datagram, HeldPacket& own)
{
    const Path& path = datagram.path;
    const auto of = std::ranges::find_if(m_nested,
                                         [&](const auto& connection)
                                         {
                                             return std::ranges::find(connection->remoteAddrs,
                                                                      path.remote.address) !=
                                                    connection->remoteAddrs.end();
                                         });
    if (of == m_nested.end() || path.local.address.IsUnspecified())
    {
        return false;
    }
    if (Bypasses(m_policies.MatchAgain(InfoOf(path, esp::PROTOCOL_UDP), **of)))
    {
        return false;
    }
    PacketBuffer packet(datagram.message);
    if (datagram.nonEspMarker)
    {
        std::ranges::fill(packet.Prepend(wire::NON_ESP_MARKER_OCTETS), uint8_t{0});
    }
    if (!WriteWhole(packet, path, {.identification = ++m_identification}, esp::PROTOCOL_UDP, true))
    {
        return true; // larger than any packet: it could not be sent in clear either
    }
    own = {ToBuffer(std::as_const(packet).View()), *of};
    return true;
}

esp::ChildSa*
Gateway::Impl::SaAround(Instant now, esp::ChildSa& sa)
{
    const auto record = m_records.find(sa.id);
    if (record == m_records.end())
    {
        return nullptr;
    }
    const uint8_t protocol = sa.udpEncapsulation ? esp::PROTOCOL_UDP
                             : sa.outbound.Ah()  ? esp::PROTOCOL_AH
                                                 : esp::PROTOCOL_ESP;
    const esp::PacketInfo info = InfoOf(sa.path, protocol);
    const auto rule = m_policies.MatchAgain(info, *record->second.policy->connection);
    if (!rule || rule->action != esp::PolicyAction::PROTECT)
    {
        return nullptr;
    }
    return SenderOf(now, m_policies.Of(*rule), info);
}

void
Gateway::Impl::CloseNested(Instant now)
{
    if (m_nested.empty())
    {
        return;
    }
    for (const ike::IkeSaInfo& sa : ike.List())
    {
        if (std::ranges::any_of(m_nested,
                                [&](const auto& connection)
                                { return connection->name == sa.connection; }))
        {
            (void)CloseIke(now, sa.id);
        }
    }
    while (auto datagram = SealNext())
    {
        m_waiting.push_back(std::move(*datagram));
    }
}

std::optional<ike::Datagram>
Gateway::Impl::NextDatagram()
{
    if (m_nested.empty() && m_again.empty() && m_waiting.empty())
    {
        return ike.PollTransmit();
    }
    if (m_waiting.empty())
    {
        if (auto datagram = SealNext())
        {
            m_waiting.push_back(std::move(*datagram));
        }
    }
    // What was sealed before it goes before it: it may be the end of the SA.
    if (m_waiting.empty() || !sealedPackets.empty())
    {
        return std::nullopt;
    }
    std::optional<ike::Datagram> first(std::move(m_waiting.front()));
    m_waiting.pop_front();
    return first;
}

/// IKE's next datagram that no other SA carries. What one does on the way to it is sealed now, and
/// packets that waited are after the message that gave them their SA.
std::optional<ike::Datagram>
Gateway::Impl::SealNext()
{
    while (true)
    {
        HeldPacket own;
        Buffer held;
        if (auto datagram = ike.PollTransmit())
        {
            if (!MustPassAgain(*datagram, own))
            {
                return datagram;
            }
        }
        else if (!m_again.empty())
        {
            own = std::move(m_again.front());
            m_again.pop_front();
            held = own.before.empty() ? own.packet : std::move(own.before);
        }
        else
        {
            return std::nullopt;
        }
        if (own.of || own.ifId != 0)
        {
            // Which may start another connection, whose message comes next.
            SealOwn(own, std::move(held));
        }
    }
}

std::optional<Verdict>
Gateway::Impl::OpenAgain(Instant now,
                         const Received& received,
                         const esp::PacketInfo& inner,
                         PacketBuffer& packet)
{
    const bool ah = inner.protocol == esp::PROTOCOL_AH;
    if ((!ah && inner.protocol != esp::PROTOCOL_ESP) || inner.fragment)
    {
        // An error from behind the outer SA's end may be about a packet of the inner SA.
        const bool error =
            inner.protocol == esp::PROTOCOL_ICMP || inner.protocol == esp::PROTOCOL_ICMPV6;
        const bool ours =
            error && !m_nested.empty() && m_ownAddresses.contains(inner.destination.ToAddress());
        const auto about = ours ? HandleIcmpError(now, std::as_const(packet).View()) : std::nullopt;
        return about == Verdict::BYPASS ? std::nullopt : about;
    }
    const Bytes content = std::as_const(packet).View().subspan(inner.headerOctets);
    EspSpi spi;
    if (ah)
    {
        const auto header = wire::ParseAhHeader(content);
        spi = header ? header->spi : EspSpi{};
    }
    else if (const auto header = wire::ParseEspHeader(content))
    {
        spi = header->spi;
    }
    // Ours only if it is for the end of the SA that it names: others' passes through.
    const esp::ChildSa* const sa = m_sad.FindInbound(spi);
    if (!sa || esp::AddressNumber::From(sa->path.local.address) != inner.destination)
    {
        return std::nullopt;
    }
    if (received.layer + 1 >= limits::NESTED_SAS)
    {
        return RefuseReceived(now, TOO_DEEP, received, sa, &inner);
    }
    const Arrival arrival{{{inner.destination.ToAddress(), 0}, {inner.source.ToAddress(), 0}},
                          inner.trafficClass,
                          std::as_const(packet).View().first(inner.headerOctets)};
    packet.DropFront(inner.headerOctets);
    return ah ? ReceiveAh(now, arrival, packet, received.layer + 1)
              : ReceiveEsp(now, arrival, false, packet, received.layer + 1);
}

} // namespace ikelab::gateway
