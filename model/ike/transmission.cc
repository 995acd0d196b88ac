// SPDX-License-Identifier: MIT
#include "base/assert.h"
#include "base/limits.h"
#include "ike/endpoint_impl.h"
#include "ike/exchange/delete_sa.h"
#include "ike/exchange/invalid_selectors.h"
#include "ike/exchange/invalid_spi.h"
#include "wire/esp_header.h"

#include <algorithm>
#include <utility>

/**
 * What leaves: requests, their repetitions, cached responses.
 */
namespace ikelab::ike
{

MessageEvent
IkeEndpoint::Impl::Describe(const wire::Header& header, const Path& path, IkeSaId sa) const
{
    MessageEvent event;
    event.sa = sa;
    event.path = path;
    event.spis = {header.initiatorSpi, header.responderSpi};
    event.exchange = header.exchange;
    event.response = header.IsResponse();
    event.id = header.messageId;
    event.octets = header.length;
    return event;
}

void
IkeEndpoint::Impl::Send(const Path& path, Buffer message, const MessageEvent* event)
{
    if (event)
    {
        MessageEvent sent = *event;
        sent.sent = true;
        sent.path = path;
        sent.octets = message.size();
        m_services.Emit(std::move(sent));
    }
    Datagram datagram;
    datagram.path = path;
    datagram.message = std::move(message);
    datagram.nonEspMarker = wire::UsesNonEspMarker(path.local.port, path.remote.port);
    transmit.push_back(std::move(datagram));
}

void
IkeEndpoint::Impl::SealAndSend(IkeSa& sa,
                               const Path& path,
                               const wire::Header& header,
                               wire::MessageBuilder&& reply,
                               const std::string& summary)
{
    auto octets = sa.codec->Seal(std::move(reply), m_services.random);
    if (!octets)
    {
        sa.Close(CloseReason::PROTOCOL_ERROR, octets.error());
        return;
    }
    MessageEvent event = Describe(header, path, sa.id);
    event.summary = summary;
    sa.window.Respond(header.messageId, header.exchange, *octets, summary);
    sa.lastSent = m_services.now;
    // RFC 7296 §2.11: an answer goes back to where its request came from.
    Send(path, std::move(*octets), &event);
}

void
IkeEndpoint::Impl::StartNext(IkeSa& sa)
{
    while (!sa.closing && !sa.running && !sa.waiting.empty() && !sa.window.Busy())
    {
        if (sa.IsEstablished() && sa.window.NextRequest() == Window::LAST_ID)
        {
            // RFC 7296 §2.2: the SA ends before its Message IDs begin anew; the last is for this.
            sa.state = Deleting{CloseReason::EXPIRED, std::nullopt};
            sa.waiting.clear();
            sa.Enqueue(std::make_unique<DeleteIkeSa>());
        }
        sa.running = std::move(sa.waiting.front());
        sa.waiting.pop_front();
        if (const auto sent = SendRequest(sa); !sent)
        {
            sa.running.reset();
            sa.Close(CloseReason::SETUP_FAILED, sent.error());
        }
    }
}

Result<void>
IkeEndpoint::Impl::SendRequest(IkeSa& sa)
{
    Exchange& exchange = *sa.running;
    const wire::Header header = sa.MakeHeader(exchange.Type(), false, sa.window.NextRequest());
    IKELAB_ASSERT(!exchange.Protected() || sa.codec);
    wire::MessageBuilder builder =
        exchange.Protected() ? sa.codec->Begin(header) : wire::MessageBuilder(header);
    TRY(exchange.BuildRequest(m_services, sa, builder));
    const std::string summary = builder.Summary();
    Buffer octets;
    if (exchange.Protected())
    {
        TRY_ASSIGN(octets, sa.codec->Seal(std::move(builder), m_services.random));
    }
    else
    {
        octets = builder.Finish();
    }
    exchange.RequestBuilt(sa, octets);
    MessageEvent event = Describe(header, sa.path, sa.id);
    event.summary = summary;
    sa.window.Sent(
        m_services.now, header.exchange, octets, summary, m_config.retransmit, m_services.random);
    sa.lastSent = m_services.now;
    Send(sa.path, std::move(octets), &event);
    return {};
}

void
IkeEndpoint::Impl::SendAgain(IkeSa& sa, const Window::Outstanding& request)
{
    MessageEvent event =
        Describe(sa.MakeHeader(request.exchange, false, request.id), sa.path, sa.id);
    event.summary = request.summary;
    event.retransmission = request.retransmissions;
    sa.lastSent = m_services.now;
    Send(sa.path, request.octets, &event);
}

void
IkeEndpoint::Impl::RepeatResponse(IkeSa& sa, const Path& path, bool tells)
{
    const MessageId id{sa.window.Expected().value - 1};
    MessageEvent event = Describe(sa.MakeHeader(sa.window.CachedExchange(), true, id), path, sa.id);
    event.summary = sa.window.CachedSummary();
    event.retransmission = 1;
    Send(path, sa.window.CachedResponse(), tells ? &event : nullptr);
}

namespace
{

/// Each SA has a budget of its own, so that nobody can use up another one's.
bool
MayTell(const IkeSa& sa, Instant now, const std::optional<Instant>& toldAt)
{
    const bool often =
        toldAt && now - *toldAt < std::chrono::seconds(limits::PACKET_REPORT_INTERVAL_SECONDS);
    return sa.IsEstablished() && !sa.running && sa.waiting.empty() && !often;
}

} // namespace

bool
IkeEndpoint::Impl::ReportInvalidSpi(Instant now, const SocketAddress& peer, EspSpi spi)
{
    m_services.now = now;
    IkeSa* const sa =
        m_table.FirstAt(peer,
                        limits::INVALID_SPI_CANDIDATES,
                        [&](const IkeSa& candidate)
                        { return MayTell(candidate, now, candidate.invalidSpiToldAt); });
    if (!sa)
    {
        return false;
    }
    sa->invalidSpiToldAt = now;
    sa->Enqueue(std::make_unique<InvalidSpiReport>(spi));
    Settle(*sa);
    return true;
}

bool
IkeEndpoint::Impl::ReportInvalidSelectors(Instant now, ChildSaId child, Bytes packetStart)
{
    m_services.now = now;
    const auto owner = m_services.owners.find(child);
    IkeSa* const sa = owner == m_services.owners.end() ? nullptr : m_table.Find(owner->second);
    if (!sa || !MayTell(*sa, now, sa->invalidSelectorsToldAt))
    {
        return false;
    }
    sa->invalidSelectorsToldAt = now;
    sa->Enqueue(std::make_unique<InvalidSelectorsReport>(
        child, packetStart.first(std::min(packetStart.size(), limits::REPORTED_PACKET_OCTETS))));
    Settle(*sa);
    return true;
}

bool
IkeEndpoint::ReportInvalidSpi(Instant now, const SocketAddress& peer, EspSpi spi)
{
    return m_impl->ReportInvalidSpi(now, peer, spi);
}

bool
IkeEndpoint::ReportInvalidSelectors(Instant now, ChildSaId child, Bytes packetStart)
{
    return m_impl->ReportInvalidSelectors(now, child, packetStart);
}

bool
IkeEndpoint::IsQuiet() const
{
    return m_impl->transmit.empty() && m_impl->Events().empty();
}

} // namespace ikelab::ike
