// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "crypto/hash.h"
#include "ike/endpoint_impl.h"
#include "ike/exchange/delete_sa.h"
#include "ike/exchange/ike_sa_init.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/table.h"

#include <algorithm>
#include <utility>

/**
 * What arrives: which SA it is for, whether it is authentic, whether it is its turn, who answers.
 */
namespace ikelab::ike
{

namespace
{

Phase
PhaseOf(const IkeSa& sa, bool response)
{
    if (std::holds_alternative<SetUp>(sa.state))
    {
        return response ? Phase::AUTH_RESPONSE : Phase::AUTH_REQUEST;
    }
    return response ? Phase::RESPONSE : Phase::REQUEST;
}

/// RFC 7296 §2.21.2 and §2.21.3: the reason by which an error ends an SA.
CloseReason
ReasonOf(const Error& error, Phase phase)
{
    if (error.fault == Fault::AUTHENTICATION_FAILED)
    {
        return CloseReason::AUTHENTICATION;
    }
    const bool settingUp = phase != Phase::REQUEST && phase != Phase::RESPONSE;
    return settingUp ? CloseReason::SETUP_FAILED : CloseReason::PROTOCOL_ERROR;
}

bool
IsEncrypted(const wire::PayloadChain& chain)
{
    return chain.Find(wire::PayloadType::SK) || chain.Find(wire::PayloadType::SKF);
}

/// What is wrong with an authentic message as a whole, RFC 7296 §2.5 and §2.21.
std::optional<Error>
WholeError(const wire::Message& message, const OpenedMessage& opened)
{
    if (!opened.chain)
    {
        return opened.chain.error();
    }
    // In front of the Encrypted payload: in clear, but authentic.
    if (const wire::Payload* unknown = wire::FindUnknownCritical(message.chain))
    {
        return Error{Fault::UNSUPPORTED_CRITICAL,
                     "critical payload",
                     0,
                     static_cast<uint32_t>(unknown->type)};
    }
    return std::nullopt;
}

} // namespace

void
IkeEndpoint::Impl::Reject(IkeSaId sa,
                          const Path& path,
                          const Error& error,
                          std::optional<wire::NotifyType> answered)
{
    m_services.Emit(MessageRejected{sa, path, error, answered});
}

void
IkeEndpoint::Impl::RejectStranger(IkeSaId sa, const Path& path, const Error& error)
{
    if (Tells(error.fault, sa))
    {
        Reject(sa, path, error);
    }
}

void
IkeEndpoint::Impl::AnswerInClear(const wire::Header& request,
                                 const Path& path,
                                 const Error& error,
                                 Phase phase,
                                 bool tells)
{
    const Reaction reaction = ReactTo(error, phase);
    // RFC 7296 §2.21.4: never answer an answer, and not without limit.
    bool answers =
        !request.IsResponse() && reaction.act != Act::DROP && reaction.act != Act::DELETE;
    const Instant now = m_services.now;
    if (now - m_answersSince >= std::chrono::seconds(1))
    {
        m_answersSince = now;
        m_answers = 0;
    }
    answers = answers &&
              (phase != Phase::UNKNOWN_SA || m_answers < limits::UNPROTECTED_ANSWERS_PER_SECOND);
    if (tells)
    {
        Reject(IkeSaId{}, path, error, answers ? std::optional(reaction.notify) : std::nullopt);
    }
    if (!answers)
    {
        return;
    }
    m_answers += phase == Phase::UNKNOWN_SA ? 1 : 0;
    // RFC 7296 §1.5: SPIs, exchange type and Message ID of the request, and the Response bit.
    wire::Header header = request;
    header.majorVersion = wire::MAJOR_VERSION;
    header.minorVersion = wire::MINOR_VERSION;
    header.flags = static_cast<uint8_t>(wire::FLAG_RESPONSE |
                                        (request.FromInitiator() ? 0 : wire::FLAG_INITIATOR));
    wire::MessageBuilder builder(header);
    builder.Notify(reaction.notify, NotifyData(error, reaction.notify));
    MessageEvent event = Describe(header, path, IkeSaId{});
    event.summary = builder.Summary();
    Send(path, builder.Finish(), tells ? &event : nullptr);
}

IkeSa*
IkeEndpoint::Impl::FindSa(const wire::Header& header)
{
    const bool weInitiated = !header.FromInitiator();
    IkeSa* sa = m_table.FindBySpi(weInitiated ? header.initiatorSpi : header.responderSpi);
    if (!sa || sa->initiator != weInitiated)
    {
        return nullptr;
    }
    const IkeSpi theirs = weInitiated ? sa->spis.responder : sa->spis.initiator;
    const IkeSpi named = weInitiated ? header.responderSpi : header.initiatorSpi;
    const bool answersFirst =
        weInitiated && !sa->codec && header.exchange == wire::ExchangeType::IKE_SA_INIT;
    return theirs == named || answersFirst ? sa : nullptr;
}

void
IkeEndpoint::Impl::HandleDatagram(Instant now, const Path& path, Bytes datagram)
{
    m_services.now = now;
    const auto header = wire::ParseHeader(datagram);
    if (!header)
    {
        RejectStranger(IkeSaId{}, path, header.error());
        return;
    }
    if (header->majorVersion > wire::MAJOR_VERSION)
    {
        const Error error{Fault::BAD_VERSION, "major version"};
        AnswerInClear(*header, path, error, Phase::UNKNOWN_SA, Tells(error.fault, IkeSaId{}));
        return;
    }
    if (header->majorVersion < wire::MAJOR_VERSION)
    {
        RejectStranger(IkeSaId{}, path, {Fault::BAD_VERSION, "IKEv1"});
        return;
    }
    const bool starts = header->exchange == wire::ExchangeType::IKE_SA_INIT &&
                        header->FromInitiator() && header->responderSpi.value == 0;
    IkeSa* sa = starts ? nullptr : FindSa(*header);
    const auto message = wire::ParseMessage(datagram);
    if (!starts && !sa)
    {
        const Error error{Fault::UNKNOWN_SPI, "IKE SPIs"};
        // RFC 7296 §1.5: only encrypted requests may be answered. INVALID_SPI in clear must not.
        if (message && IsEncrypted(message->chain))
        {
            const bool tells = Tells(error.fault, IkeSaId{});
            AnswerInClear(*header, path, error, Phase::UNKNOWN_SA, tells);
            return;
        }
        RejectStranger(IkeSaId{}, path, error);
        return;
    }
    if (!message)
    {
        if (starts)
        {
            const bool tells = Tells(message.error().fault, IkeSaId{});
            AnswerInClear(*header, path, message.error(), Phase::SA_INIT_REQUEST, tells);
            return;
        }
        RejectStranger(sa->id, path, message.error());
        return;
    }
    const Incoming incoming{message->header, message->chain, message->octets, path};
    if (starts)
    {
        HandleInitRequest(incoming);
    }
    else if (header->exchange == wire::ExchangeType::IKE_SA_INIT)
    {
        HandleInitResponse(*sa, incoming);
    }
    else
    {
        HandleProtected(*sa, *message, path);
    }
}

void
IkeEndpoint::Impl::HandleInitRequest(const Incoming& request)
{
    MessageEvent event = Describe(request.header, request.path, IkeSaId{});
    event.summary = wire::Summary(request.chain);
    if (m_farewell)
    {
        RejectStranger(IkeSaId{}, request.path, {Fault::UNEXPECTED, "IKE_SA_INIT at the end"});
        return;
    }
    const auto digest = crypto::Sha256(m_services.crypto, {request.octets});
    if (!digest || request.header.IsResponse() || request.header.messageId.value != 0 ||
        request.header.initiatorSpi.value == 0)
    {
        if (Tells(Fault::BAD_VALUE, IkeSaId{}))
        {
            m_services.Emit(event);
            Reject(IkeSaId{}, request.path, {Fault::BAD_VALUE, "IKE_SA_INIT header"});
        }
        return;
    }
    const InitKey key{request.path.remote, *digest};
    if (IkeSa* known = m_table.FindByInit(key))
    {
        // RFC 7296 §2.1: the same octets again get the same answer, as long as it is the last one.
        event.sa = known->id;
        event.retransmission = 1;
        const bool tells = Tells(Fault::REPLAY, known->id);
        if (tells)
        {
            m_services.Emit(event);
        }
        // A forged IKE_AUTH request is none, so having keys does not mean that one came.
        if (known->GetSetUp() && known->window.Expected() == MessageId{1})
        {
            RepeatResponse(*known, request.path, tells);
        }
        return;
    }
    const HalfOpenLoad load{m_table.HalfOpen(), m_table.HalfOpenFrom(request.path.remote.address)};
    auto answer = AnswerIkeSaInit(m_services, m_cookies, request, load, NewIkeSpi());
    if (!answer)
    {
        const Error& error = answer.error();
        const bool tells = Tells(error.fault, IkeSaId{});
        if (tells)
        {
            m_services.Emit(event);
        }
        AnswerInClear(request.header, request.path, error, Phase::SA_INIT_REQUEST, tells);
        return;
    }
    wire::Header header;
    header.initiatorSpi = request.header.initiatorSpi;
    header.exchange = wire::ExchangeType::IKE_SA_INIT;
    header.flags = wire::FLAG_RESPONSE;
    if (answer->sa)
    {
        IkeSa& sa = m_table.Add(std::move(answer->sa), key);
        header.responderSpi = sa.spis.responder;
        event.sa = sa.id;
        sa.lastHeard = m_services.now;
        sa.lastSent = m_services.now;
        sa.giveUpAt = m_services.now + m_config.halfOpenTimeout;
        sa.window.Respond(MessageId{0}, header.exchange, answer->response, answer->summary);
        Settle(sa);
    }
    // Cookies go to everybody; SAs are limited anyway.
    const bool tells = event.sa != IkeSaId{} || Tells(Fault::LIMIT, IkeSaId{});
    if (tells)
    {
        m_services.Emit(event);
    }
    MessageEvent sent = Describe(header, request.path, event.sa);
    sent.summary = answer->summary;
    Send(request.path, std::move(answer->response), tells ? &sent : nullptr);
}

void
IkeEndpoint::Impl::HandleInitResponse(IkeSa& sa, const Incoming& response)
{
    MessageEvent event = Describe(response.header, response.path, sa.id);
    event.summary = wire::Summary(response.chain);
    if (Tells(Fault::REPLAY, sa.id))
    {
        m_services.Emit(event); // true answers are fewer than the limit
    }
    const auto* row = FindExchange(wire::ExchangeType::IKE_SA_INIT, true);
    const auto& pending = sa.window.Pending();
    if (!response.header.IsResponse() || !pending || !sa.running ||
        pending->exchange != wire::ExchangeType::IKE_SA_INIT ||
        pending->id != response.header.messageId)
    {
        RejectStranger(sa.id, response.path, {Fault::UNEXPECTED, "IKE_SA_INIT response"});
        return;
    }
    auto handled = CheckPayloads(*row, response.chain);
    if (handled)
    {
        handled = sa.running->HandleResponse(m_services, sa, response);
    }
    if (!handled)
    {
        RejectStranger(sa.id, response.path, handled.error());
        if (ReactTo(handled.error(), Phase::SA_INIT_RESPONSE).act == Act::DELETE)
        {
            sa.Close(CloseReason::SETUP_FAILED, handled.error());
        }
        Settle(sa);
        return;
    }
    sa.lastHeard = m_services.now;
    if (sa.running->WantsRetry())
    {
        sa.window.Reuse(response.header.messageId);
        sa.waiting.push_front(std::move(sa.running));
    }
    else
    {
        sa.window.Answered(response.header.messageId, response.header.exchange);
        sa.running.reset();
    }
    Settle(sa);
}

void
IkeEndpoint::Impl::HandleProtected(IkeSa& sa, const wire::Message& message, const Path& path)
{
    const wire::Header& header = message.header;
    if (sa.initiator && sa.GetSetUp() && !header.IsResponse())
    {
        // RFC 7296 §1.2: the responder is done with IKE_AUTH, but its answer is late or lost. It
        // repeats this request when that has arrived.
        RejectStranger(sa.id, path, {Fault::UNEXPECTED, "request before the answer to IKE_AUTH"});
        return;
    }
    const auto judged = sa.window.Judge(header.messageId);
    const auto& pending = sa.window.Pending();
    // Cheap tests first: what cannot be for us now costs no cryptography.
    const bool expected = header.IsResponse() ? pending && pending->id == header.messageId &&
                                                    pending->exchange == header.exchange
                                              : judged != Window::Incoming::OUT_OF_WINDOW;
    if (!expected)
    {
        RejectStranger(sa.id, path, {Fault::UNEXPECTED, "Message ID out of window"});
        return;
    }
    if (!sa.codec)
    {
        // A responder derives keys when the first protected message comes: half-open SAs stay
        // cheap.
        if (sa.initiator || !sa.GetSetUp() || !sa.GetSetUp()->share)
        {
            RejectStranger(sa.id, path, {Fault::UNEXPECTED, "protected message before keys"});
            return;
        }
        if (const auto derived = DeriveKeys(m_services, sa); !derived)
        {
            // RFC 6989 §2: a public value that fails its tests is no base for keys.
            RejectStranger(sa.id, path, derived.error());
            sa.Close(CloseReason::SETUP_FAILED, derived.error());
            Settle(sa);
            return;
        }
    }
    const auto opened = sa.codec->Open(message);
    if (!opened)
    {
        RejectStranger(sa.id, path, opened.error());
        return;
    }
    MessageEvent event = Describe(header, path, sa.id);
    event.summary = opened->chain ? wire::Summary(*opened->chain) : std::string();
    const bool repeated = !header.IsResponse() && judged == Window::Incoming::REPEATED;
    event.retransmission = repeated ? 1 : 0;
    const bool tells = !repeated || Tells(Fault::REPLAY, sa.id);
    if (tells)
    {
        m_services.Emit(event);
    }
    if (repeated)
    {
        // RFC 7296 §2.1: the same octets as before, whatever happened since. Anybody can send old
        // octets again: they prove no life (§2.4) and move no path (§2.23).
        RepeatResponse(sa, path, tells);
        return;
    }
    if (sa.IsLingering())
    {
        RejectStranger(sa.id, path, {Fault::UNEXPECTED, "message for a closed SA"});
        return;
    }
    sa.lastHeard = m_services.now;
    FollowPath(sa, path);
    static const wire::PayloadChain EMPTY;
    const Incoming incoming{header, opened->chain ? *opened->chain : EMPTY, message.octets, path};
    const Phase phase = PhaseOf(sa, header.IsResponse());
    if (const auto error = WholeError(message, *opened))
    {
        if (header.IsResponse())
        {
            sa.window.Answered(header.messageId, header.exchange);
            sa.running.reset();
            RejectResponse(sa, incoming, *error, phase);
        }
        else
        {
            Respond(sa, incoming, *error, phase);
        }
    }
    else if (header.IsResponse())
    {
        HandleResponse(sa, incoming);
    }
    else
    {
        HandleRequest(sa, incoming);
    }
    if (sa.closing && !header.IsResponse() && sa.closing->reason != CloseReason::EXPIRED)
    {
        // The peer asked for the end or hears of it, if an answer went out.
        sa.closing->answered = sa.window.Judge(header.messageId) == Window::Incoming::REPEATED;
    }
    Settle(sa);
}

void
IkeEndpoint::Impl::FollowPath(IkeSa& sa, const Path& path)
{
    if (sa.path == path)
    {
        return;
    }
    if (sa.GetSetUp() && !sa.initiator)
    {
        // RFC 7296 §2.23: the initiator moved to port 4500.
        sa.path = path;
        return;
    }
    // RFC 7296 §2.23: follow a peer that is behind a NAT, unless we are behind one ourselves; only
    // with what is authentic and new, and only once we know whom we follow.
    if (!sa.GetSetUp() && sa.natRemote && !sa.natLocal)
    {
        sa.path = path;
        m_table.Update(sa);
        m_services.Emit(PathChanged{sa.id, path});
    }
}

void
IkeEndpoint::Impl::HandleRequest(IkeSa& sa, const Incoming& request)
{
    const Phase phase = PhaseOf(sa, false);
    const ExchangeRow* row = FindExchange(request.header.exchange, false);
    Result<void> result;
    if (!row || !row->answer)
    {
        result = Fail(Fault::UNEXPECTED, "exchange type");
    }
    else if (row->beforeAuthentication != (phase == Phase::AUTH_REQUEST))
    {
        result = Fail(Fault::UNEXPECTED, "exchange at this time");
    }
    else
    {
        result = CheckPayloads(*row, request.chain);
    }
    if (!result)
    {
        Respond(sa, request, result.error(), phase);
        return;
    }
    const wire::Header header =
        sa.MakeHeader(request.header.exchange, true, request.header.messageId);
    wire::MessageBuilder reply = sa.codec->Begin(header);
    result = row->answer(m_services, sa, request, reply);
    if (!result)
    {
        Respond(sa, request, result.error(), phase);
        return;
    }
    const std::string summary = reply.Summary();
    SealAndSend(sa, request.path, header, std::move(reply), summary);
    if (request.header.messageId == Window::LAST_ID)
    {
        // RFC 7296 §2.2: the peer has no Message ID left, not even for a Delete.
        sa.Close(CloseReason::EXPIRED);
    }
}

void
IkeEndpoint::Impl::Respond(IkeSa& sa, const Incoming& request, const Error& error, Phase phase)
{
    const Reaction reaction = ReactTo(error, phase);
    const bool answers = reaction.act == Act::NOTIFY || reaction.act == Act::NOTIFY_AND_DELETE;
    Reject(sa.id, request.path, error, answers ? std::optional(reaction.notify) : std::nullopt);
    if (answers)
    {
        const wire::Header header =
            sa.MakeHeader(request.header.exchange, true, request.header.messageId);
        wire::MessageBuilder reply = sa.codec->Begin(header);
        reply.Notify(reaction.notify, NotifyData(error, reaction.notify));
        const std::string summary = reply.Summary();
        SealAndSend(sa, request.path, header, std::move(reply), summary);
    }
    if (reaction.act == Act::NOTIFY_AND_DELETE || reaction.act == Act::DELETE)
    {
        sa.Close(ReasonOf(error, phase), error);
    }
}

void
IkeEndpoint::Impl::HandleResponse(IkeSa& sa, const Incoming& response)
{
    const Phase phase = PhaseOf(sa, true);
    sa.window.Answered(response.header.messageId, response.header.exchange);
    const std::unique_ptr<Exchange> exchange = std::move(sa.running);
    const ExchangeRow* row = FindExchange(response.header.exchange, true);
    Result<void> result =
        row ? CheckPayloads(*row, response.chain) : Fail(Fault::UNEXPECTED, "exchange type");
    const auto* refusal = response.chain.FindError();
    if (result && phase == Phase::RESPONSE && refusal && IsFatal(refusal->type))
    {
        // RFC 7296 §2.21.3: the peer has deleted the SA already.
        const Error error = FromNotify(refusal->type);
        sa.Close(ReasonOf(error, phase), error);
        result = tl::unexpected<Error>(error);
    }
    else if (result && exchange)
    {
        result = exchange->HandleResponse(m_services, sa, response);
    }
    if (!result)
    {
        RejectResponse(sa, response, result.error(), phase);
    }
}

void
IkeEndpoint::Impl::RejectResponse(IkeSa& sa,
                                  const Incoming& response,
                                  const Error& error,
                                  Phase phase)
{
    Reject(sa.id, response.path, error);
    const Reaction reaction = ReactTo(error, phase);
    const auto* deleting = std::get_if<Deleting>(&sa.state);
    if (sa.closing)
    {
        return; // the exchange knew better
    }
    if (reaction.act == Act::DELETE || deleting)
    {
        sa.Close(deleting ? deleting->reason : ReasonOf(error, phase), error);
    }
    else if (reaction.act == Act::DELETE_AND_TELL)
    {
        sa.state = Deleting{ReasonOf(error, phase), error};
        sa.giveUpAt.reset();
        sa.waiting.clear();
        if (phase == Phase::AUTH_RESPONSE)
        {
            sa.Enqueue(std::make_unique<RefusePeer>(reaction.notify));
        }
        else
        {
            sa.Enqueue(std::make_unique<DeleteIkeSa>());
        }
    }
}

} // namespace ikelab::ike
