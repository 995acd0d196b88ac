// SPDX-License-Identifier: MIT
#include "dissect/ike_reassembly.h"

namespace ikelab::dissect
{

Result<void>
IkeReassembly::Insert(Waiting& waiting, const wire::SkfHead& head, Bytes text)
{
    if (head.total > waiting.total)
    {
        // RFC 7383 §2.6: the sender has tried smaller fragments; the larger ones are void.
        waiting = Waiting{};
        waiting.total = head.total;
    }
    if (head.total < waiting.total)
    {
        return Fail(Fault::BAD_VALUE, "fragment of a smaller total than before");
    }
    const auto same = waiting.pieces.find(head.number);
    if (same != waiting.pieces.end())
    {
        if (SameOctets(same->second, text))
        {
            return {};
        }
        return Fail(Fault::BAD_VALUE, "fragment that differs from an earlier one");
    }
    if (waiting.octets + text.size() > MESSAGE_OCTETS)
    {
        return Fail(Fault::LIMIT, "octets of a fragmented message");
    }
    if (head.number == 1)
    {
        waiting.first = head.inner;
    }
    waiting.octets += text.size();
    waiting.pieces.emplace(head.number, ToBuffer(text));
    return {};
}

Result<IkeReassembly::Outcome>
IkeReassembly::Add(uint32_t place,
                   const wire::Header& header,
                   const wire::SkfHead& head,
                   Bytes text)
{
    Waiting& waiting = m_waiting.Get(
        {place, header.initiatorSpi, header.responderSpi, header.messageId, header.flags});
    TRY(Insert(waiting, head, text));
    Outcome outcome;
    outcome.first = waiting.first;
    outcome.pieces = waiting.pieces.size();
    outcome.before = waiting.complete;
    if (outcome.pieces == waiting.total && !waiting.complete)
    {
        waiting.complete = true;
        Buffer whole;
        whole.reserve(waiting.octets);
        for (const auto& [number, piece] : waiting.pieces)
        {
            Append(whole, piece);
        }
        outcome.text = std::move(whole);
    }
    return outcome;
}

} // namespace ikelab::dissect
