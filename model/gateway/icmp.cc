// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"
#include "base/limits.h"
#include "esp/icmp_error.h"
#include "gateway/gateway_impl.h"

#include <algorithm>

/**
 * ICMP errors: about ESP and AH packets that this node sent, which nobody signed (RFC 4301 §6.1.1,
 * §8.2), and those that go through tunnels (§6.2).
 */
namespace ikelab::gateway
{

namespace
{

constexpr size_t UDP_HEADER_OCTETS = 8;
constexpr size_t AH_OCTETS_BEFORE_SPI = 4; // RFC 4302 §2

/// What an error quotes of an ESP or AH packet.
struct QuotedSa
{
    wire::ProtocolId protocol{wire::ProtocolId::ESP};
    EspSpi spi;                       ///< 0 if it is cut off
    std::optional<uint32_t> sequence; ///< nothing if it is cut off
};

/// Nothing if the quoted packet is neither AH nor ESP, as IP protocol or in UDP from one of these
/// ports.
std::optional<QuotedSa>
ReadQuotedSa(const esp::IcmpError& error, const PortSet& ikePorts)
{
    const esp::PacketInfo& about = error.about;
    const bool udp = about.protocol == esp::PROTOCOL_UDP;
    const bool ah = about.protocol == esp::PROTOCOL_AH;
    if (about.laterFragment || (!udp && !ah && about.protocol != esp::PROTOCOL_ESP) ||
        (udp && (!about.portsKnown || !ikePorts.Contains(about.sourcePort) ||
                 !wire::UsesNonEspMarker(about.sourcePort, about.destinationPort))))
    {
        return std::nullopt;
    }
    ByteReader reader(error.quoted.subspan(about.headerOctets));
    QuotedSa quoted{ah ? wire::ProtocolId::AH : wire::ProtocolId::ESP, {}, {}};
    uint32_t sequence = 0;
    if ((udp && !reader.Skip(UDP_HEADER_OCTETS)) || (ah && !reader.Skip(AH_OCTETS_BEFORE_SPI)) ||
        !reader.U32(quoted.spi.value))
    {
        return quoted;
    }
    if (reader.U32(sequence))
    {
        quoted.sequence = sequence;
    }
    if (udp && quoted.spi.value == 0 && quoted.sequence)
    {
        return std::nullopt; // the non-ESP marker: IKE
    }
    return quoted;
}

/// RFC 1191 §7.1: the sizes that networks have, for routers that name none.
constexpr uint32_t PLATEAUS[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68};

uint32_t
NextPlateau(size_t octets)
{
    const auto* const next =
        std::ranges::find_if(PLATEAUS, [octets](uint32_t plateau) { return plateau < octets; });
    return next == std::end(PLATEAUS) ? PLATEAUS[std::size(PLATEAUS) - 1] : *next;
}

} // namespace

std::optional<Verdict>
Gateway::Impl::HandleIcmpError(Instant now, Bytes packet)
{
    const auto info = esp::ReadPacket(packet);
    const auto error = info ? esp::ReadIcmpError(packet, *info) : std::nullopt;
    const auto quoted = error ? ReadQuotedSa(*error, m_ikePorts) : std::nullopt;
    if (!quoted || error->about.source != info->destination)
    {
        return std::nullopt;
    }
    IcmpErrorReceived event;
    event.v6 = error->v6;
    event.type = error->type;
    event.code = error->code;
    event.reporter = info->source.ToAddress();
    event.destination = error->about.destination.ToAddress();
    event.spi = quoted->spi;
    const esp::ChildSa* sa = m_sad.FindOutbound(
        quoted->protocol, quoted->spi, info->destination.ToAddress(), event.destination);
    Verdict verdict = Verdict::CONSUMED;
    if (!sa)
    {
        event.ignored = "no such SA";
        verdict = Verdict::DISCARD;
    }
    else if (!quoted->sequence && (error->v6 || quoted->protocol != wire::ProtocolId::AH))
    {
        event.ignored = "its sequence number is cut off";
        verdict = Verdict::DISCARD;
    }
    // AH's stands behind the 8 octets that RFC 792 asks for: there the SPI has to do. In IPv6 as
    // much is quoted as fits (RFC 4443 §2.4).
    else if (const auto sent = static_cast<uint32_t>(
                 sa->outbound.Visit([](const auto& half) { return half.Sequence(); }));
             sent - quoted->sequence.value_or(sent) >= limits::ICMP_SEQUENCE_AGE)
    {
        event.ignored = "not sent lately";
        verdict = Verdict::DISCARD;
    }
    else
    {
        event.child = sa->id;
        if (esp::IsPacketTooBig(*error))
        {
            event.ignored = LearnPathMtu(now, *error, *sa, event.pathMtu);
            // In transport mode the destination has packets of policy's, too, which an IP layer
            // that learnt of it would cut in pieces before they are protected.
            const bool tunnel = sa->outbound.Visit([](const auto& half)
                                                   { return half.GetMode(); }) == esp::Mode::TUNNEL;
            verdict = !event.ignored.empty() ? Verdict::DISCARD
                      : tunnel               ? Verdict::BYPASS
                                             : Verdict::CONSUMED;
        }
    }
    ++counters.icmpErrors;
    counters.pathMtuChanges += event.pathMtu != 0 ? 1 : 0;
    if (m_icmpErrors.Allows(now, Fault::POLICY, true))
    {
        events.emplace_back(std::move(event));
    }
    return verdict;
}

/**
 * Act on "packet too big", RFC 4301 §8.2.1.
 * @param learned set if the path was wider until now
 * @return why not, or nothing
 */
std::string_view
Gateway::Impl::LearnPathMtu(Instant now,
                            const esp::IcmpError& error,
                            const esp::ChildSa& sa,
                            uint32_t& learned)
{
    constexpr uint32_t IPV6_LEAST = 1280; // RFC 8200 §5
    if (!(error.v6 ? config.icmp.packetTooBig : config.icmp.fragmentationNeeded))
    {
        return "configured to be ignored";
    }
    if (!error.about.dontFragment)
    {
        return "a router could have fragmented it";
    }
    PathMtu mtu{error.parameter};
    if (!error.v6)
    {
        mtu.octets &= 0xffff; // RFC 1191 §4: the rest is unused
        if (mtu.octets == 0)
        {
            mtu.octets = NextPlateau(error.about.totalOctets);
        }
    }
    if (mtu.octets >= error.about.totalOctets)
    {
        return "it would have fitted";
    }
    if (error.v6 && mtu.octets < IPV6_LEAST)
    {
        return "no IPv6 link is so narrow"; // RFC 8201 §4
    }
    if (!error.v6 && mtu.octets < config.icmp.leastPathMtu)
    {
        mtu = {config.icmp.leastPathMtu, true};
    }
    if (m_pathMtus.Lower(now, sa.path.local.address, sa.path.remote.address, mtu))
    {
        learned = mtu.octets;
    }
    return {};
}

/**
 * An error that no rule names quotes octets of another packet, which may be protected. It goes by
 * the SA that would carry the answer to that one, if there is such an SA; none is made for it.
 */
std::optional<Verdict>
Gateway::Impl::ProtectIcmpError(Instant now,
                                const esp::PacketInfo& info,
                                PacketBuffer& packet,
                                Outgoing& outgoing)
{
    const auto error = esp::ReadIcmpError(packet.View(), info);
    if (!error)
    {
        return std::nullopt;
    }
    const esp::PacketInfo answer = esp::Reversed(error->about);
    const auto rule = m_policies.Match(answer, true);
    if (!rule || rule->action == esp::PolicyAction::BYPASS)
    {
        return std::nullopt;
    }
    if (rule->action == esp::PolicyAction::PROTECT && info.destination == answer.destination)
    {
        const ChildPolicy& policy = m_policies.Of(*rule);
        // In transport mode only the ends themselves can be told something.
        const bool between =
            policy.child->mode == ike::Mode::TUNNEL || info.source == answer.source;
        esp::ChildSa* const sa = between ? SenderOf(now, policy, answer) : nullptr;
        if (sa && !info.fragment) // its rest says nothing of what it is about
        {
            return SealBy(now, *sa, info, packet, outgoing);
        }
    }
    return RefusePacket(now, NO_SA, false, info);
}

/// In clear, such an error is a forgery: nobody on the way saw the packet.
bool
Gateway::Impl::IsErrorAboutProtected(const esp::PacketInfo& info, Bytes packet) const
{
    const auto error = esp::ReadIcmpError(packet, info);
    const auto rule = error ? m_policies.Match(error->about, true) : std::nullopt;
    // DISCARD too: so is traffic judged whose ports the quotation hides, and what is discarded went
    // nowhere.
    return rule && rule->action != esp::PolicyAction::BYPASS;
}

} // namespace ikelab::gateway
