// SPDX-License-Identifier: MIT
#include "gateway/gateway_impl.h"

/**
 * The use of single Child SAs: counted, and moved on for a takeover.
 */
namespace ikelab::gateway
{

void
Gateway::Impl::CountRefusal(ChildSaId child, Fault fault)
{
    Refusals& refusals = m_records.at(child).refusals;
    switch (fault)
    {
    case Fault::REPLAY:
        ++refusals.replayed;
        break;
    case Fault::INTEGRITY:
        ++refusals.integrityFailures;
        break;
    default:
        ++refusals.others;
        break;
    }
}

std::optional<ChildSaCounters>
Gateway::Impl::CountersOf(ChildSaId child) const
{
    esp::ChildSa* const sa = m_sad.Find(child);
    if (!sa)
    {
        return std::nullopt;
    }
    const Record& record = m_records.at(child);
    ChildSaCounters result;
    result.replayedPackets = record.refusals.replayed;
    result.integrityFailures = record.refusals.integrityFailures;
    result.refusedPackets = record.refusals.others;
    const esp::Lifetime& outbound = sa->outbound.GetLifetime();
    const esp::Lifetime& inbound = sa->inbound.GetLifetime();
    result.outboundDummies = outbound.TfcPackets();
    result.outboundTfcOctets = outbound.TfcOctets();
    result.outboundPackets = outbound.Packets() - outbound.TfcPackets();
    result.outboundOctets = outbound.Octets() - outbound.TfcOctets();
    result.inboundDummies = inbound.TfcPackets();
    result.inboundTfcOctets = inbound.TfcOctets();
    result.inboundPackets = inbound.Packets() - inbound.TfcPackets();
    result.inboundOctets = inbound.Octets() - inbound.TfcOctets();
    result.outboundSequence = sa->outbound.Visit([](const auto& half) { return half.Sequence(); });
    result.inboundSequence =
        sa->inbound.Visit([](const auto& half) { return half.Window().Highest(); });
    return result;
}

Result<void>
Gateway::Impl::AdvanceSequences(ChildSaId child, uint64_t outbound, uint64_t inbound)
{
    esp::ChildSa* const sa = m_sad.Find(child);
    if (!sa)
    {
        return Fail(Fault::NOT_FOUND, "no such Child SA");
    }
    sa->outbound.Visit([&](auto& half) { half.AdvanceSequence(outbound); });
    sa->inbound.Visit([&](auto& half) { half.AdvanceWindow(inbound); });
    return {};
}

} // namespace ikelab::gateway
