// SPDX-License-Identifier: MIT
#include "base/fixed_fields.h"
#include "gateway/gateway_impl.h"

/**
 * What is told of refused packets: the auditable events of RFC 4301 §5, RFC 4303 §4 and RFC 4302
 * §4.
 */
namespace ikelab::gateway
{

/// What is known of a refused packet: becomes an event only if that is told.
struct Gateway::Impl::Refused
{
    IpAddress source;
    IpAddress destination;
    std::optional<uint32_t> flowLabel;
    wire::ProtocolId protocol{wire::ProtocolId::NONE};
    EspSpi spi;
    uint64_t sequence{0};
    const esp::PacketInfo* packet{nullptr};
    const esp::ChildSa* sa{nullptr};
};

namespace
{

std::optional<uint32_t>
FlowLabelOf(const esp::PacketInfo& info)
{
    return info.IsV6() ? std::optional(info.flowLabel) : std::nullopt;
}

Selectors
ToSelectors(const esp::SelectorSet& set)
{
    Selectors selectors;
    for (const esp::SelectorSet::Range& range : set.Ranges())
    {
        selectors.push_back({{range.first.ToAddress(), range.last.ToAddress()},
                             range.next.protocol,
                             range.next.startPort,
                             range.next.endPort});
    }
    return selectors;
}

} // namespace

std::optional<uint32_t>
FlowLabelOf(Bytes header)
{
    constexpr size_t WORD = 4;
    return header.size() >= WORD && header.front() >> 4 == 6
               ? std::optional(LoadField<0, uint32_t>(header.first<WORD>()) & 0xfffff)
               : std::nullopt;
}

Verdict
Gateway::Impl::Refuse(Instant now, const Error& error, bool inbound, const Refused& refused)
{
    switch (error.fault)
    {
    case Fault::REPLAY:
        ++counters.replayedPackets;
        break;
    case Fault::INTEGRITY:
        ++counters.integrityFailures;
        break;
    case Fault::UNKNOWN_SPI:
        ++counters.unknownSpis;
        break;
    default:
        ++counters.discardedPackets;
        break;
    }
    if (config.audit && m_refusals.Allows(now, error.fault, inbound))
    {
        PacketRefused event{error,
                            inbound,
                            refused.spi,
                            refused.sequence,
                            refused.source,
                            refused.destination,
                            refused.protocol,
                            refused.flowLabel};
        if (refused.packet)
        {
            event.packet = *refused.packet;
        }
        if (const esp::ChildSa* const sa = refused.sa)
        {
            event.sa = {sa->id,
                        sa->path,
                        ToSelectors(sa->selectors.local),
                        ToSelectors(sa->selectors.remote)};
        }
        events.emplace_back(std::move(event));
    }
    return Verdict::DISCARD;
}

Verdict
Gateway::Impl::RefusePacket(Instant now,
                            const Error& error,
                            bool inbound,
                            const esp::PacketInfo& info,
                            const esp::ChildSa* sa)
{
    Refused refused;
    refused.source = info.source.ToAddress();
    refused.destination = info.destination.ToAddress();
    refused.flowLabel = FlowLabelOf(info);
    refused.packet = &info;
    if (sa)
    {
        const bool ah = std::as_const(*sa).outbound.Visit(
            [](const auto& half)
            { return std::is_same_v<std::decay_t<decltype(half)>, esp::AhOutbound>; });
        refused.protocol = ah ? wire::ProtocolId::AH : wire::ProtocolId::ESP;
        refused.spi = sa->outbound.Spi();
        refused.sequence = sa->outbound.Visit([](const auto& half) { return half.Sequence(); });
        refused.sa = sa;
    }
    return Refuse(now, error, inbound, refused);
}

Verdict
Gateway::Impl::RefuseDummy(Instant now, const Error& error, const esp::ChildSa& sa)
{
    Refused refused;
    refused.source = sa.path.local.address;
    refused.destination = sa.path.remote.address;
    refused.protocol = wire::ProtocolId::ESP;
    refused.spi = sa.outbound.Spi();
    refused.sequence = sa.outbound.Visit([](const auto& half) { return half.Sequence(); });
    refused.sa = &sa;
    return Refuse(now, error, false, refused);
}

Verdict
Gateway::Impl::RefuseUnread(Instant now, const Error& error, bool inbound)
{
    return Refuse(now, error, inbound, {});
}

Verdict
Gateway::Impl::RefuseReceived(Instant now,
                              const Error& error,
                              const Received& received,
                              const esp::ChildSa* sa,
                              const esp::PacketInfo* inner)
{
    return Refuse(now,
                  error,
                  true,
                  {received.arrival.path.remote.address,
                   received.arrival.path.local.address,
                   FlowLabelOf(received.arrival.header),
                   received.protocol,
                   received.spi,
                   received.sequence,
                   inner,
                   sa});
}

void
Gateway::Impl::RefuseUndeliverable(Instant now,
                                   const Incoming& incoming,
                                   Undeliverable why,
                                   Bytes packet)
{
    constexpr Error NO_DEVICE{Fault::POLICY, "no device of the interface", 0, 0};
    const Error& error = why == Undeliverable::TOO_DEEP ? TOO_DEEP : NO_DEVICE;
    const auto info = esp::ReadPacket(packet);
    Refused refused;
    if (info)
    {
        refused.packet = &*info;
    }
    if (esp::ChildSa* const sa = m_sad.Find(incoming.child)) // it may have been its last
    {
        refused.source = sa->path.remote.address;
        refused.destination = sa->path.local.address;
        refused.protocol = sa->inbound.Ah() ? wire::ProtocolId::AH : wire::ProtocolId::ESP;
        refused.spi = sa->inbound.Spi();
        refused.sequence = incoming.sequence;
        refused.flowLabel = incoming.flowLabel;
        refused.sa = sa;
        CountRefusal(sa->id, error.fault);
    }
    Refuse(now, error, true, refused);
}

} // namespace ikelab::gateway
