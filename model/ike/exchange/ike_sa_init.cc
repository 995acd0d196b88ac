// SPDX-License-Identifier: MIT
#include "ike/exchange/ike_sa_init.h"

#include "base/assert.h"
#include "base/limits.h"
#include "ike/exchange/ike_auth.h"
#include "ike/exchange/table.h"
#include "ike/ike_sa.h"
#include "ike/nat_detection.h"
#include "ike/policy/proposals.h"
#include "ike/reaction.h"
#include "wire/esp_header.h"

#include <algorithm>
#include <utility>

namespace ikelab::ike
{

namespace
{

/// With forced encapsulation the source hash is random: the peer sees a NAT where there is none.
std::optional<NatHash>
FalseSource(Services& services, bool forceEncapsulation)
{
    if (!forceEncapsulation)
    {
        return std::nullopt;
    }
    NatHash hash;
    services.random.Fill(hash);
    return hash;
}

/// Both NAT detection notifies, RFC 7296 §2.23.
Result<void>
AddNatDetection(Services& services,
                const crypto::IkeSpis& spis,
                const Path& path,
                const std::optional<NatHash>& falseSource,
                wire::MessageBuilder& message)
{
    TRY_ASSIGN(const auto source, NatDetectionHash(services.crypto, spis, path.local));
    TRY_ASSIGN(const auto destination, NatDetectionHash(services.crypto, spis, path.remote));
    message.Notify(wire::NotifyType::NAT_DETECTION_SOURCE_IP, falseSource.value_or(source));
    message.Notify(wire::NotifyType::NAT_DETECTION_DESTINATION_IP, destination);
    return {};
}

void
ApplyNatVerdict(IkeSa& sa, const NatVerdict& verdict, bool forceEncapsulation)
{
    sa.natLocal = verdict.weBehindNat;
    sa.natRemote = verdict.peerBehindNat;
    sa.udpEncapsulation =
        verdict.supported && (verdict.weBehindNat || verdict.peerBehindNat || forceEncapsulation);
}

/**
 * The peer refuses for good, it seems. RFC 7296 §2.21.1: anybody can forge this, so it only
 * shortens the wait for the true answer.
 */
tl::unexpected<Error>
Refused(Services& services, IkeSa& sa, const Error& error)
{
    sa.GetSetUp()->refusal = error;
    // Enough for one repetition and its answer.
    const Instant soon = services.now + 2 * services.config.retransmit.timeout;
    sa.giveUpAt = std::min(sa.giveUpAt.value_or(soon), soon);
    return tl::unexpected<Error>(error);
}

/// It goes on: what seemed a refusal was none.
void
NotRefused(IkeSa& sa)
{
    sa.GetSetUp()->refusal.reset();
    sa.giveUpAt.reset();
}

bool
Lists(const std::vector<IpAddress>& addresses, const IpAddress& address)
{
    return addresses.empty() || std::ranges::find(addresses, address) != addresses.end();
}

} // namespace

Result<void>
IkeSaInit::BuildRequest(Services& services, IkeSa& sa, wire::MessageBuilder& request)
{
    SetUp* setUp = sa.GetSetUp();
    IKELAB_ASSERT(setUp && !sa.connection->proposals.empty());
    m_retry = false;
    if (!m_method)
    {
        m_method = sa.connection->proposals.front().ke.front();
    }
    if (!setUp->share || setUp->share->Row().id != m_method->id)
    {
        TRY_ASSIGN(setUp->share,
                   crypto::KeyShare::Generate(services.crypto, *m_method, services.random));
        m_tried.insert(m_method->id);
    }
    // RFC 7296 §2.6: the cookie comes first, all other payloads stay as they were.
    if (setUp->ourNonce.empty())
    {
        setUp->ourNonce = services.NewNonce();
        m_falseSource = FalseSource(services, sa.connection->encap);
    }
    if (!m_cookie.empty())
    {
        request.Notify(wire::NotifyType::COOKIE, m_cookie);
    }
    request.Sa(OfferIke(sa.connection->proposals));
    request.Ke({m_method->id, setUp->share->PublicValue()});
    request.Nonce(setUp->ourNonce);
    return AddNatDetection(services, sa.spis, sa.path, m_falseSource, request);
}

void
IkeSaInit::RequestBuilt(IkeSa& sa, Bytes octets)
{
    sa.GetSetUp()->ourFirst = ToBuffer(octets);
}

Result<void>
IkeSaInit::HandleResponse(Services& services, IkeSa& sa, const Incoming& response)
{
    if (const auto* cookie = response.chain.FindNotify(wire::NotifyType::COOKIE))
    {
        return FollowCookie(services, sa, *cookie);
    }
    if (const auto* refusal = response.chain.FindError())
    {
        if (refusal->type == wire::NotifyType::INVALID_KE_PAYLOAD)
        {
            return FollowInvalidKe(services, sa, *refusal);
        }
        return Refused(services, sa, FromNotify(refusal->type));
    }
    return Accept(services, sa, response);
}

Result<void>
IkeSaInit::CountRetry(Services& services, IkeSa& sa)
{
    if (m_retries == limits::SA_INIT_RETRIES)
    {
        return Refused(services, sa, {Fault::LIMIT, "IKE_SA_INIT retries"});
    }
    ++m_retries;
    m_retry = true;
    NotRefused(sa);
    return {};
}

Result<void>
IkeSaInit::FollowCookie(Services& services, IkeSa& sa, const wire::NotifyPayload& notify)
{
    if (SameOctets(notify.data, m_cookie))
    {
        return Fail(Fault::UNEXPECTED, "COOKIE that was sent already");
    }
    if (notify.data.empty() || notify.data.size() > limits::COOKIE_OCTETS)
    {
        return Fail(Fault::BAD_VALUE, "COOKIE length");
    }
    TRY(CountRetry(services, sa));
    m_cookie = ToBuffer(notify.data);
    return {};
}

Result<void>
IkeSaInit::FollowInvalidKe(Services& services, IkeSa& sa, const wire::NotifyPayload& notify)
{
    if (notify.data.size() != 2)
    {
        return Fail(Fault::BAD_VALUE, "INVALID_KE_PAYLOAD data");
    }
    const wire::KeMethod wanted{static_cast<uint16_t>(notify.data[0] << 8 | notify.data[1])};
    if (wanted == m_method->id)
    {
        // A copy of the refusal that led here; the answer to the present request is to come.
        return Fail(Fault::UNEXPECTED, "INVALID_KE_PAYLOAD that was followed already");
    }
    // RFC 7296 §2.7: only what we offer, and nothing that was refused before.
    if (!OffersMethod(sa.connection->proposals, wanted) || m_tried.contains(wanted))
    {
        return Refused(services, sa, {Fault::INVALID_KE, "method that the peer wants"});
    }
    TRY(CountRetry(services, sa));
    m_method = crypto::FindKe(wanted);
    return {};
}

Result<void>
IkeSaInit::Accept(Services& services, IkeSa& sa, const Incoming& response)
{
    const auto* offer = response.chain.Get<wire::SaPayload>(wire::PayloadType::SA);
    const auto* ke = response.chain.Get<wire::KePayload>(wire::PayloadType::KE);
    const auto* nonce = response.chain.Get<wire::NoncePayload>(wire::PayloadType::NONCE);
    if (!offer || !ke || !nonce)
    {
        return Fail(Fault::MISSING_PAYLOAD, "SA, KE or Nonce");
    }
    if (response.header.responderSpi.value == 0)
    {
        return Fail(Fault::BAD_VALUE, "responder SPI");
    }
    TRY_ASSIGN(const crypto::IkeSuite suite, AcceptIke(*offer, sa.connection->proposals));
    if (suite.ke->id != m_method->id || ke->method != m_method->id)
    {
        return Fail(Fault::INVALID_KE, "KE of another method");
    }
    const crypto::IkeSpis spis{sa.spis.initiator, response.header.responderSpi};
    TRY_ASSIGN(const NatVerdict verdict,
               JudgeNat(services.crypto, response.chain, spis, response.path));
    SetUp* setUp = sa.GetSetUp();
    setUp->peerNonce = ToBuffer(nonce->data);
    setUp->peerPublic = ToBuffer(ke->data);
    setUp->peerFirst = ToBuffer(response.octets);
    sa.spis = spis;
    sa.suite = suite;
    if (auto derived = DeriveKeys(services, sa); !derived)
    {
        // A public value that fails its tests: not the true answer, perhaps.
        sa.spis.responder = IkeSpi{};
        return derived;
    }
    NotRefused(sa);
    ApplyNatVerdict(sa, verdict, sa.connection->encap);
    if (sa.udpEncapsulation)
    {
        // RFC 7296 §2.23: to port 4500 with IKE_AUTH. Ports that were configured stay.
        for (SocketAddress* end : {&sa.path.local, &sa.path.remote})
        {
            end->port = end->port == wire::IKE_PORT ? wire::NATT_PORT : end->port;
        }
    }
    sa.Enqueue(std::make_unique<IkeAuth>());
    return {};
}

std::vector<std::shared_ptr<const ConnectionConfig>>
ConnectionsFor(const Config& config, const Path& path)
{
    std::vector<std::shared_ptr<const ConnectionConfig>> fitting;
    std::ranges::copy_if(config.connections,
                         std::back_inserter(fitting),
                         [&](const auto& connection)
                         {
                             return Lists(connection->localAddrs, path.local.address) &&
                                    Lists(connection->remoteAddrs, path.remote.address);
                         });
    return fitting;
}

namespace
{

/// The first connection for this path that shares a proposal with the peer.
struct Match
{
    std::shared_ptr<const ConnectionConfig> connection;
    ChosenIke chosen;
};

Result<Match>
MatchConnection(const Config& config,
                const Path& path,
                const wire::SaPayload& offer,
                wire::KeMethod method)
{
    for (const auto& connection : ConnectionsFor(config, path))
    {
        if (const auto chosen = ChooseIke(offer, connection->proposals, method))
        {
            return Match{connection, *chosen};
        }
    }
    return Fail(Fault::NO_PROPOSAL_CHOSEN, "no connection for this peer shares a proposal");
}

wire::Header
ResponseHeader(const Incoming& request, IkeSpi ourSpi)
{
    wire::Header header;
    header.initiatorSpi = request.header.initiatorSpi;
    header.responderSpi = ourSpi;
    header.exchange = wire::ExchangeType::IKE_SA_INIT;
    header.flags = wire::FLAG_RESPONSE;
    return header;
}

/// RFC 7296 §2.6: under load, ask for a round trip before doing any work. Nothing is kept.
Result<std::optional<InitAnswer>>
AskForCookie(Services& services, CookieJar& cookies, const Incoming& request, Bytes nonce)
{
    const IkeSpi spi = request.header.initiatorSpi;
    const auto* cookie = request.chain.FindNotify(wire::NotifyType::COOKIE);
    if (cookie && cookies.Check(services.now, request.path.remote, spi, nonce, cookie->data))
    {
        return std::nullopt;
    }
    TRY_ASSIGN(const Buffer fresh, cookies.Bake(services.now, request.path.remote, spi, nonce));
    wire::MessageBuilder builder(ResponseHeader(request, IkeSpi{}));
    builder.Notify(wire::NotifyType::COOKIE, fresh);
    InitAnswer answer;
    answer.response = builder.Finish();
    answer.summary = builder.Summary();
    return std::optional<InitAnswer>(std::move(answer));
}

} // namespace

Result<InitAnswer>
AnswerIkeSaInit(Services& services,
                CookieJar& cookies,
                const Incoming& request,
                const HalfOpenLoad& load,
                IkeSpi ourSpi)
{
    const Config& config = services.config;
    const size_t perAddress =
        config.blockThreshold > 0 ? config.blockThreshold : limits::HALF_OPEN_SAS_PER_ADDRESS;
    if (load.total >= limits::HALF_OPEN_SAS || load.fromThisAddress >= perAddress)
    {
        return Fail(Fault::LIMIT, "half-open SAs");
    }
    TRY(CheckPayloads(*FindExchange(wire::ExchangeType::IKE_SA_INIT, false), request.chain));
    const auto* offer = request.chain.Get<wire::SaPayload>(wire::PayloadType::SA);
    const auto* ke = request.chain.Get<wire::KePayload>(wire::PayloadType::KE);
    const auto* nonce = request.chain.Get<wire::NoncePayload>(wire::PayloadType::NONCE);
    if (load.total >= config.cookieThreshold)
    {
        TRY_ASSIGN(auto cookie, AskForCookie(services, cookies, request, nonce->data));
        if (cookie)
        {
            return std::move(*cookie);
        }
    }
    TRY_ASSIGN(const Match match, MatchConnection(config, request.path, *offer, ke->method));
    const crypto::IkeSuite& suite = match.chosen.suite;
    if (ke->method != suite.ke->id)
    {
        return Fail(Fault::INVALID_KE, "KE method", 0, static_cast<uint32_t>(suite.ke->id));
    }
    if (ke->data.size() != suite.ke->publicOctets)
    {
        return Fail(Fault::BAD_VALUE, "KE length");
    }

    InitAnswer answer;
    answer.sa = std::make_unique<IkeSa>();
    IkeSa& sa = *answer.sa;
    sa.spis = {request.header.initiatorSpi, ourSpi};
    sa.path = request.path;
    sa.connection = match.connection;
    sa.suite = suite;
    // The initiator hashed before it knew our SPI.
    TRY_ASSIGN(
        const NatVerdict verdict,
        JudgeNat(
            services.crypto, request.chain, {request.header.initiatorSpi, IkeSpi{}}, request.path));
    ApplyNatVerdict(sa, verdict, match.connection->encap);
    SetUp& setUp = *sa.GetSetUp();
    setUp.began = services.now;
    setUp.ourNonce = services.NewNonce();
    setUp.peerNonce = ToBuffer(nonce->data);
    setUp.peerPublic = ToBuffer(ke->data);
    setUp.peerFirst = ToBuffer(request.octets);
    TRY_ASSIGN(setUp.share,
               crypto::KeyShare::Generate(services.crypto, *suite.ke, services.random));

    wire::MessageBuilder reply(ResponseHeader(request, ourSpi));
    reply.Sa(AnswerIke(match.chosen));
    reply.Ke({suite.ke->id, setUp.share->PublicValue()});
    reply.Nonce(setUp.ourNonce);
    if (verdict.supported)
    {
        TRY(AddNatDetection(
            services, sa.spis, sa.path, FalseSource(services, match.connection->encap), reply));
    }
    answer.response = reply.Finish();
    answer.summary = reply.Summary();
    setUp.ourFirst = answer.response;
    return answer;
}

} // namespace ikelab::ike
