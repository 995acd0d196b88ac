// SPDX-License-Identifier: MIT
#include "base/fixed_fields.h"
#include "base/limits.h"
#include "gateway/gateway_impl.h"

#include <algorithm>
#include <utility>

/**
 * Traffic flow confidentiality: packets that look larger than they are, and dummies where there are
 * none (RFC 4303 §2.6, §2.7).
 */
namespace ikelab::gateway
{

namespace
{

constexpr size_t IPV4_HEADER_OCTETS = 20;
constexpr size_t IPV6_HEADER_OCTETS = 40;
constexpr size_t UDP_HEADER_OCTETS = 8;
constexpr uint32_t LARGEST_PACKET = 65535;
constexpr uint8_t DSCP_BITS = 0xfc;

size_t
OuterHeaderOctets(const esp::ChildSa& sa)
{
    return sa.path.remote.address.IsV4() ? IPV4_HEADER_OCTETS : IPV6_HEADER_OCTETS;
}

uint16_t
IdentificationOf(Bytes packet)
{
    return LoadField<4, uint16_t>(packet.first<IPV4_HEADER_OCTETS>());
}

size_t
LessBy(size_t octets, size_t less)
{
    return octets - std::min(octets, less);
}

} // namespace

std::unique_ptr<esp::TrafficFlow>
Gateway::Impl::FlowOf(const ike::ChildSaInstalled& installed)
{
    const ike::ChildConfig& child = *installed.config;
    // RFC 7296 §1.3.1: a refusal is about padding. Dummies are no padding: whoever speaks ESP
    // discards them (RFC 4303 §2.6).
    const uint32_t padTo = installed.peerRefusesTfc ? 0 : child.tfcPadding;
    const bool esp = installed.suite.Protocol() == wire::ProtocolId::ESP; // AH has neither
    if (!esp || (padTo == 0 && child.dummyInterval <= Duration::zero()))
    {
        return nullptr;
    }
    auto flow = std::make_unique<esp::TrafficFlow>();
    flow->padTo = padTo;
    flow->dummyInterval = child.dummyInterval;
    if (child.dummySize)
    {
        flow->dummyOctets = *child.dummySize == 0 ? std::nullopt : child.dummySize;
    }
    else if (padTo != 0)
    {
        flow->dummyOctets = padTo;
    }
    return flow;
}

/// What the packets of an SA may have in the end, IP header included, so that they pass whole.
uint32_t
Gateway::Impl::PathMtuOf(Instant now, esp::ChildSa& sa, unsigned layer)
{
    constexpr uint32_t UNKNOWN_LINK = 1280; // RFC 8200 §5: no IPv6 link has less
    esp::ChildSa* const around =
        sa.nested && layer + 1 < limits::NESTED_SAS ? SaAround(now, sa) : nullptr;
    const uint32_t link = around    ? RoomInside(now, *around, layer + 1)
                          : linkMtu ? linkMtu(sa.path.remote.address)
                                    : 0;
    const PathMtu learned = m_pathMtus.Find(now, sa.path.local.address, sa.path.remote.address);
    const uint32_t mtu = std::min(link == 0 ? UNKNOWN_LINK : link, LARGEST_PACKET);
    return learned.octets == 0 ? mtu : std::min(mtu, learned.octets);
}

/// The largest packet that an SA carries in one outer packet.
uint32_t
Gateway::Impl::RoomInside(Instant now, esp::ChildSa& sa, unsigned layer)
{
    const size_t header = OuterHeaderOctets(sa);
    esp::AhOutbound* const ah = sa.outbound.Ah();
    const size_t around = header + (sa.udpEncapsulation ? UDP_HEADER_OCTETS : 0) +
                          (ah ? ah->Overhead(sa.path.local.address.IsV6()) : size_t{0});
    const size_t left = LessBy(PathMtuOf(now, sa, layer), around);
    const size_t contents = ah ? left : sa.outbound.Esp()->LargestContents(left);
    // In transport mode the outer header is the packet's own.
    const auto mode = ah ? ah->GetMode() : sa.outbound.Esp()->GetMode();
    return static_cast<uint32_t>(contents + (mode == esp::Mode::TRANSPORT ? header : 0));
}

Result<esp::Sealed>
Gateway::Impl::SealInFlow(Instant now,
                          esp::ChildSa& sa,
                          const esp::PacketInfo& info,
                          PacketBuffer& packet)
{
    esp::TrafficFlow& flow = *sa.flow;
    esp::TfcPadding padding{flow.padTo, 0};
    if (flow.padTo != 0)
    {
        const bool transport = sa.outbound.Esp()->GetMode() == esp::Mode::TRANSPORT;
        padding.room = LessBy(PathMtuOf(now, sa),
                              (transport ? 0 : OuterHeaderOctets(sa)) +
                                  (sa.udpEncapsulation ? UDP_HEADER_OCTETS : 0));
    }
    TRY_ASSIGN(const esp::Sealed sealed,
               sa.outbound.Esp()->SealPadded(packet, info, padding, m_random));
    flow.lastSent = now;
    flow.header.trafficClass = sealed.trafficClass & DSCP_BITS;
    flow.header.dontFragment = sealed.dontFragment;
    if (sealed.place.headerOctets != 0)
    {
        flow.header.ttl = info.ttl;
        flow.header.flowLabel = info.flowLabel;
        flow.header.identification = info.IsV6() ? uint16_t{0} : IdentificationOf(packet.View());
    }
    return sealed;
}

void
Gateway::Impl::StartDummies(Instant now, esp::ChildSa& sa)
{
    if (carriesPackets && sa.flow && sa.flow->dummyInterval > Duration::zero())
    {
        sa.flow->lastSent = now;
        sa.flow->dummyAt = now + sa.flow->dummyInterval;
        m_dummies.emplace(*sa.flow->dummyAt, sa.id);
    }
}

void
Gateway::Impl::StopDummies(const esp::ChildSa& sa)
{
    if (sa.flow && sa.flow->dummyAt)
    {
        m_dummies.erase({*sa.flow->dummyAt, sa.id});
        sa.flow->dummyAt.reset();
    }
}

bool
Gateway::Impl::PollDummy(Instant now, PacketBuffer& packet, Outgoing& outgoing)
{
    while (!m_dummies.empty() && m_dummies.begin()->first <= now)
    {
        // Packets do not move an SA in the order: it is looked after when its turn comes.
        auto turn = m_dummies.extract(m_dummies.begin());
        esp::ChildSa& sa = *m_sad.Find(turn.value().second);
        esp::TrafficFlow& flow = *sa.flow;
        const bool paused = flow.lastSent + flow.dummyInterval <= now;
        flow.dummyAt = (paused ? now : flow.lastSent) + flow.dummyInterval;
        turn.value().first = *flow.dummyAt;
        m_dummies.insert(std::move(turn));
        if (paused && sa.outbound.GetLifetime().Usable(now) && SealDummy(now, sa, packet, outgoing))
        {
            return true;
        }
    }
    return false;
}

/// In transport mode packets come with a header of their host's, and dummies with none.
Result<void>
Gateway::Impl::WriteDummyHeader(esp::ChildSa& sa, PacketBuffer& packet)
{
    esp::HeaderFields& fields = sa.flow->header;
    // Hosts count packets, or leave it to whoever sends them. What may be fragmented had better
    // not have the number of the host's next packet (RFC 6864 §4.3).
    if (fields.identification != 0)
    {
        fields.identification = static_cast<uint16_t>(
            fields.dontFragment ? std::max(1, (fields.identification + 1) & 0xffff)
                                : 1 + m_random.U32() % 0xffff);
    }
    const esp::TransportPlace place =
        esp::PrependHeader(packet, {sa.path.local.address, sa.path.remote.address}, fields);
    esp::WriteWhatFollows(packet.View(), place, esp::PROTOCOL_ESP);
    return sa.udpEncapsulation
               ? esp::EncapsulateInUdp(packet, place, sa.path.local.port, sa.path.remote.port)
               : Result<void>();
}

bool
Gateway::Impl::SealDummy(Instant now, esp::ChildSa& sa, PacketBuffer& packet, Outgoing& outgoing)
{
    esp::TrafficFlow& flow = *sa.flow;
    esp::OutboundSa& half = *sa.outbound.Esp();
    // In transport mode the header that the sizes include is the outer one, of our own making.
    const bool transport = half.GetMode() == esp::Mode::TRANSPORT;
    const size_t header = OuterHeaderOctets(sa);
    const size_t room =
        LessBy(PathMtuOf(now, sa), header + (sa.udpEncapsulation ? UDP_HEADER_OCTETS : 0));
    const size_t most = std::max<size_t>(1, half.LargestContents(room));
    const size_t octets = flow.dummyOctets
                              ? std::min(most, LessBy(*flow.dummyOctets, transport ? header : 0))
                              : 1 + m_random.U32() % most;
    flow.lastSent = now;
    auto sealed = half.SealDummy(packet, octets, m_random);
    if (!sealed)
    {
        CountRefusal(sa.id, sealed.error().fault);
        RefuseDummy(now, sealed.error(), sa);
        if (sealed.error().fault == Fault::EXHAUSTED)
        {
            (void)CloseChild(now, sa.id); // as for a packet
        }
        return false;
    }
    // An outer header as packets have it; but nothing inside would react to a congestion mark.
    sealed->trafficClass = flow.header.trafficClass;
    sealed->dontFragment = flow.header.dontFragment;
    outgoing.wholePacket = transport;
    if (transport)
    {
        if (const auto written = WriteDummyHeader(sa, packet); !written)
        {
            CountRefusal(sa.id, written.error().fault);
            RefuseDummy(now, written.error(), sa);
            return false;
        }
    }
    ++counters.sentDummies;
    Describe(now, sa, *sealed, outgoing);
    outgoing.layers = 1;
    const bool again = sa.nested;
    const ChildSaId id = sa.id;
    PollLifetimes(now, sa);
    return !again || SealAgain(now, id, packet, outgoing, 1) == Verdict::PROTECT;
}

} // namespace ikelab::gateway
