// SPDX-License-Identifier: MIT
#include "ike/exchange/ike_auth.h"

#include "base/assert.h"
#include "base/byte_writer.h"
#include "base/limits.h"
#include "ike/authentication.h"
#include "ike/exchange/delete_sa.h"
#include "ike/ike_sa.h"
#include "ike/policy/proposals.h"
#include "ike/policy/traffic_selectors.h"
#include "ike/policy/transport_nat.h"
#include "ike/reaction.h"
#include "ike/sa_table.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace ikelab::ike
{

namespace
{

using wire::NotifyType;
using wire::PayloadType;

/// The nonces outlive the set-up state, whose end comes before the first Child SA.
struct OwnedNonces
{
    explicit OwnedNonces(const IkeSa& sa)
    {
        const auto& setUp = std::get<SetUp>(sa.state);
        initiator = sa.initiator ? setUp.ourNonce : setUp.peerNonce;
        responder = sa.initiator ? setUp.peerNonce : setUp.ourNonce;
    }

    crypto::Nonces
    View() const
    {
        return {initiator, responder};
    }

    Buffer initiator;
    Buffer responder;
};

/// swanctl's "dynamic": without selectors of its own a child covers the tunnel's own ends.
Selectors
Effective(const Selectors& configured, const IpAddress& end)
{
    return configured.empty() ? Selectors{Selector{IpRange{end, end}}} : configured;
}

/// What we propose for one end. RFC 7296 §2.23.1: transport mode through a NAT is between the ends
/// of the IKE SA, and nobody else; an end that only pretends one looks the same to the peer.
Selectors
Offered(const IkeSa& sa,
        const ChildConfig& child,
        const Selectors& configured,
        const IpAddress& end)
{
    const Selectors all = Effective(configured, end);
    return child.mode == Mode::TRANSPORT && sa.udpEncapsulation ? OnlyOf(all, end) : all;
}

/// Both ends of it, seen from us.
struct OfferedSelectors
{
    OfferedSelectors(const IkeSa& sa, const ChildConfig& child)
        : local(Offered(sa, child, child.localTs, sa.path.local.address)),
          remote(Offered(sa, child, child.remoteTs, sa.path.remote.address))
    {
    }

    /// RFC 7296 §2.9, §2.23.1: the packet that asked for the SA comes first, where it belongs to
    /// it.
    void
    PutFirst(const PacketSelectors& trigger)
    {
        if (IsSubset({trigger.local}, local) && IsSubset({trigger.remote}, remote))
        {
            PutFirst(trigger.local, local);
            PutFirst(trigger.remote, remote);
        }
    }

    Selectors local;
    Selectors remote;

  private:
    static void
    PutFirst(const Selector& first, Selectors& selectors)
    {
        std::erase(selectors, first);
        if (selectors.size() == limits::TRAFFIC_SELECTORS)
        {
            return;
        }
        selectors.insert(selectors.begin(), first);
    }
};

/// AH covers the addresses, which a NAT changes: there only ESP gets through (RFC 3948). Its
/// proposals stand first.
std::span<const EspProposal>
Usable(const IkeSa& sa, const ChildConfig& child)
{
    const std::span<const EspProposal> all(child.espProposals);
    const auto esp =
        std::ranges::find(all, wire::ProtocolId::AH, &EspProposal::Protocol) - all.begin();
    return sa.udpEncapsulation ? all.first(static_cast<size_t>(esp)) : all;
}

/// RFC 4301 §7.3: do these ask for ports (or ICMP types), which later fragments do not show?
bool
AskForPorts(const Selectors& selectors)
{
    return std::ranges::any_of(selectors,
                               [](const Selector& selector)
                               {
                                   const bool any =
                                       selector.startPort == 0 && selector.endPort == 65535;
                                   const bool opaque =
                                       selector.startPort == 65535 && selector.endPort == 0;
                                   return !any && !opaque;
                               });
}

/// The Child SA payloads of an IKE_AUTH message; absent ones are nullptr.
struct ChildPayloads
{
    explicit ChildPayloads(const wire::PayloadChain& chain)
        : sa(chain.Get<wire::SaPayload>(PayloadType::SA)),
          tsi(chain.Get<wire::TsPayload>(PayloadType::TSI)),
          tsr(chain.Get<wire::TsPayload>(PayloadType::TSR)),
          transport(chain.FindNotify(NotifyType::USE_TRANSPORT_MODE) != nullptr),
          fragments(chain.FindNotify(NotifyType::NON_FIRST_FRAGMENTS_ALSO) != nullptr),
          refusesTfc(chain.FindNotify(NotifyType::ESP_TFC_PADDING_NOT_SUPPORTED) != nullptr)
    {
    }

    bool
    Complete() const
    {
        return sa && tsi && tsr;
    }

    const wire::SaPayload* sa;
    const wire::TsPayload* tsi;
    const wire::TsPayload* tsr;
    bool transport;
    bool fragments;  ///< RFC 7296 §1.3.1
    bool refusesTfc; ///< of the sender, in the direction to it alone; the same
};

using Connections = std::vector<std::shared_ptr<const ConnectionConfig>>;

/// What the responder makes of the initiator's wish for a Child SA.
struct ChildChoice
{
    std::shared_ptr<const ConnectionConfig> connection;
    std::shared_ptr<const ChildConfig> config;
    ChosenEsp esp;
    Selectors tsi;
    Selectors tsr;
    bool narrowed{true};
    bool transport{false};
    std::optional<AddressPair> original{}; ///< as of ChildSaInstalled
};

/**
 * The child that covers most of what is asked for: one that needs no narrowing beats one that does
 * (RFC 7296 §2.9), then the order of the connections and of their children.
 * @param may accept this child with these selectors (TSi, TSr)? The error if not
 */
template <typename May>
Result<ChildChoice>
BestChild(const IkeSa& sa,
          const Connections& connections,
          const wire::SaPayload& offer,
          const Selectors& askedTsi,
          const Selectors& askedTsr,
          const May& may)
{
    std::optional<ChildChoice> best;
    Error error{Fault::TS_UNACCEPTABLE, "no common traffic selectors"};
    for (const auto& connection : connections)
    {
        for (const ChildConfig& child : connection->children)
        {
            const Selectors tsi =
                Narrow(askedTsi, Effective(child.remoteTs, sa.path.remote.address));
            const Selectors tsr = Narrow(askedTsr, Effective(child.localTs, sa.path.local.address));
            if (tsi.empty() || tsr.empty() || !may(child, tsi, tsr))
            {
                continue;
            }
            const auto esp = ChooseEsp(offer, Usable(sa, child), false);
            if (!esp)
            {
                error = esp.error();
                continue;
            }
            const bool narrowed = !IsSubset(askedTsi, tsi) || !IsSubset(askedTsr, tsr);
            if (!best || (best->narrowed && !narrowed))
            {
                best = ChildChoice{connection, {connection, &child}, *esp, tsi, tsr, narrowed};
            }
        }
    }
    if (!best)
    {
        return tl::unexpected<Error>(error);
    }
    return std::move(*best);
}

/// RFC 3948 §5.1, §5.2: not what would be another's behind the same NAT, or behind another one or
/// none.
bool
MayHave(const Services& services,
        const IkeSa& sa,
        const ChildConfig& child,
        const Selectors& tsi,
        const Selectors& tsr)
{
    return !services.neighbours.Conflict({&sa.remoteId, sa.natRemote, &child, &tsr, &tsi});
}

/**
 * RFC 7296 §2.23.1, the responder's rules: look for the child by the addresses that this host sees.
 * Nothing if that leads to no transport mode, and a tunnel between the ends that the peer named is
 * to be looked for.
 */
std::optional<Result<ChildChoice>>
ChooseThroughNat(const Services& services,
                 const IkeSa& sa,
                 const Connections& connections,
                 const wire::SaPayload& offer,
                 const Selectors& askedTsi,
                 const Selectors& askedTsr)
{
    const auto seen = Substitute(sa.Nat(), askedTsr, askedTsi);
    if (!seen)
    {
        return std::nullopt;
    }
    auto choice =
        BestChild(sa,
                  connections,
                  offer,
                  seen->remote,
                  seen->local,
                  [&](const ChildConfig& child, const Selectors& tsi, const Selectors& tsr)
                  { return MayHave(services, sa, child, tsi, tsr); });
    if (!choice)
    {
        // Where only the proposals are none of ours no tunnel will mend it.
        const bool elsewhere = choice.error().fault == Fault::TS_UNACCEPTABLE;
        return elsewhere ? std::nullopt : std::optional(std::move(choice));
    }
    if (choice->config->mode != Mode::TRANSPORT)
    {
        return std::nullopt;
    }
    choice->transport = true;
    choice->original = seen->original;
    return choice;
}

Result<ChildChoice>
ChooseChild(const Services& services,
            const IkeSa& sa,
            const Connections& connections,
            const ChildPayloads& asked)
{
    const Selectors tsi = FromWire(*asked.tsi);
    const Selectors tsr = FromWire(*asked.tsr);
    const bool throughNat = asked.transport && sa.IsThroughNat();
    if (throughNat)
    {
        if (auto choice = ChooseThroughNat(services, sa, connections, *asked.sa, tsi, tsr))
        {
            return std::move(*choice);
        }
    }
    // §2.23.1: what is left behind a NAT is a tunnel, and by an entry that wants one.
    auto choice = BestChild(sa,
                            connections,
                            *asked.sa,
                            tsi,
                            tsr,
                            [&](const ChildConfig& child, const Selectors& i, const Selectors& r) {
                                return (!throughNat || child.mode == Mode::TUNNEL) &&
                                       MayHave(services, sa, child, i, r);
                            });
    if (choice)
    {
        choice->transport = asked.transport && choice->config->mode == Mode::TRANSPORT;
    }
    return choice;
}

/// Write the answer for the Child SA: SA, TSi and TSr, or why not (RFC 7296 §1.2).
Result<void>
AnswerChild(Services& services,
            IkeSa& sa,
            const Result<ChildChoice>& choice,
            const ChildPayloads& asked,
            const OwnedNonces& nonces,
            wire::MessageBuilder& reply)
{
    if (!choice)
    {
        const Reaction reaction = ReactTo(choice.error(), Phase::REQUEST);
        const NotifyType notify =
            reaction.act == Act::NOTIFY ? reaction.notify : NotifyType::NO_PROPOSAL_CHOSEN;
        reply.Notify(notify);
        services.Emit(ChildSaFailed{sa.id, sa.ConnectionName(), "", notify, false});
        return {};
    }
    EspSpiReservation spi(services);
    TRY(InstallChild(services,
                     sa,
                     NewChild{choice->config,
                              false,
                              choice->esp.suite,
                              spi.Spi(),
                              choice->esp.peerSpi,
                              choice->transport ? Mode::TRANSPORT : Mode::TUNNEL,
                              choice->tsr,
                              choice->tsi,
                              asked.fragments,
                              choice->original,
                              asked.refusesTfc},
                     {},
                     nonces.View()));
    if (choice->transport)
    {
        reply.Notify(NotifyType::USE_TRANSPORT_MODE);
    }
    if (asked.fragments)
    {
        reply.Notify(NotifyType::NON_FIRST_FRAGMENTS_ALSO);
    }
    reply.Sa(AnswerEsp(choice->esp, SpiOctets(spi.Keep())));
    reply.Ts(PayloadType::TSI, ToWire(choice->tsi));
    reply.Ts(PayloadType::TSR, ToWire(choice->tsr));
    return {};
}

} // namespace

namespace
{

/**
 * RFC 7296 §2.4: may we say that we know of no other SA with this peer? It believes us and drops
 * all others, so rather not say it: a peer whose name we do not know yet is told by its address.
 */
bool
IsInitialContact(const SaTable& sas, const IkeSa& sa)
{
    const Identity address = AddressIdentity(sa.path.remote.address);
    if (sas.HasOtherBetween(sa, sa.localId, sa.remoteId) ||
        sas.HasOtherBetween(sa, sa.localId, address))
    {
        return false;
    }
    return sa.connection->remoteId || !sas.HasOtherWithPeerOf(sa);
}

} // namespace

Result<void>
IkeAuth::BuildRequest(Services& services, IkeSa& sa, wire::MessageBuilder& request)
{
    const SetUp* setUp = sa.GetSetUp();
    const ConnectionConfig& connection = *sa.connection;
    const auto found =
        std::ranges::find(connection.children, setUp->wanted.name, &ChildConfig::name);
    IKELAB_ASSERT(found != connection.children.end());
    m_child = {sa.connection, &*found};
    m_spi.emplace(services);
    sa.localId = LocalIdentity(connection, sa);
    sa.remoteId = connection.remoteId.value_or(AddressIdentity(sa.path.remote.address));

    const Buffer idBody = IdBody(sa.localId);
    TRY_ASSIGN(const crypto::SecretBytes auth, ComputeAuth(services, sa, true, idBody));
    request.Id(PayloadType::IDI, {sa.localId.type, sa.localId.data});
    if (IsInitialContact(services.sas, sa))
    {
        request.Notify(NotifyType::INITIAL_CONTACT);
    }
    if (connection.remoteId)
    {
        request.Id(PayloadType::IDR, {sa.remoteId.type, sa.remoteId.data});
    }
    request.Auth({wire::AuthMethod::SHARED_KEY_MESSAGE_INTEGRITY_CODE, auth.View()});
    if (m_child->mode == Mode::TRANSPORT)
    {
        request.Notify(NotifyType::USE_TRANSPORT_MODE);
    }
    if (AskForPorts(m_child->localTs) || AskForPorts(m_child->remoteTs))
    {
        request.Notify(NotifyType::NON_FIRST_FRAGMENTS_ALSO);
    }
    const auto usable = Usable(sa, *m_child);
    if (usable.empty())
    {
        return Fail(Fault::NO_PROPOSAL_CHOSEN, "AH does not pass a NAT");
    }
    OfferedSelectors offered(sa, *m_child);
    if (setUp->wanted.trigger)
    {
        offered.PutFirst(*setUp->wanted.trigger);
    }
    if (offered.local.empty() || offered.remote.empty())
    {
        return Fail(Fault::TS_UNACCEPTABLE, "transport mode through a NAT without its ends");
    }
    request.Sa(OfferEsp(usable, SpiOctets(m_spi->Spi()), false));
    request.Ts(PayloadType::TSI, ToWire(offered.local));
    request.Ts(PayloadType::TSR, ToWire(offered.remote));
    return {};
}

namespace
{

/// What the initiator may take from a response: all of it was offered (RFC 7296 §2.9, §3.3.6).
struct AcceptedChild
{
    ChosenEsp esp;
    Selectors localTs;
    Selectors remoteTs;
    bool transport{false};
    std::optional<AddressPair> original{}; ///< as of ChildSaInstalled
};

Result<AcceptedChild>
AcceptChild(const IkeSa& sa, const ChildConfig& child, const ChildPayloads& answer)
{
    TRY_ASSIGN(const ChosenEsp esp, AcceptEsp(*answer.sa, Usable(sa, child), false));
    AcceptedChild accepted{esp, FromWire(*answer.tsi), FromWire(*answer.tsr)};
    accepted.transport = child.mode == Mode::TRANSPORT && answer.transport;
    if (accepted.transport && sa.IsThroughNat())
    {
        // RFC 7296 §2.23.1: before they are used for anything else.
        auto seen = Substitute(sa.Nat(), accepted.localTs, accepted.remoteTs);
        if (!seen)
        {
            return Fail(Fault::TS_UNACCEPTABLE, "answer for other ends than those of the IKE SA");
        }
        accepted.localTs = std::move(seen->local);
        accepted.remoteTs = std::move(seen->remote);
        accepted.original = seen->original;
    }
    const OfferedSelectors offered(sa, child);
    if (!IsSubset(accepted.localTs, offered.local) || !IsSubset(accepted.remoteTs, offered.remote))
    {
        return Fail(Fault::TS_UNACCEPTABLE, "answer wider than the offer");
    }
    return accepted;
}

} // namespace

Result<void>
IkeAuth::HandleResponse(Services& services, IkeSa& sa, const Incoming& response)
{
    const auto* refusal = response.chain.FindError();
    if (!response.chain.Find(PayloadType::AUTH) && refusal)
    {
        // RFC 7296 §2.21.2: the peer made no IKE SA.
        const Error error = FromNotify(refusal->type);
        sa.Close(error.fault == Fault::AUTHENTICATION_FAILED ? CloseReason::AUTHENTICATION
                                                             : CloseReason::SETUP_FAILED,
                 error);
        return tl::unexpected<Error>(error);
    }
    const auto* id = response.chain.Get<wire::IdPayload>(PayloadType::IDR);
    if (!id)
    {
        return Fail(Fault::AUTHENTICATION_FAILED, "IDr is missing");
    }
    const Identity peer = ReadIdentity(*id);
    if (sa.connection->remoteId && *sa.connection->remoteId != peer)
    {
        return Fail(Fault::AUTHENTICATION_FAILED, "IDr is not whom we asked for");
    }
    sa.remoteId = peer;
    TRY(VerifyAuth(services, sa, response.chain));

    const OwnedNonces nonces(sa);
    Establish(services, sa);
    const ChildPayloads answer(response.chain);
    if (!answer.Complete())
    {
        const NotifyType why = refusal ? refusal->type : NotifyType::INVALID_SYNTAX;
        services.Emit(ChildSaFailed{sa.id, sa.ConnectionName(), m_child->name, why, true});
        return {};
    }
    const auto accepted = AcceptChild(sa, *m_child, answer);
    if (!accepted)
    {
        const Reaction reaction = ReactTo(accepted.error(), Phase::REQUEST);
        services.Emit(
            ChildSaFailed{sa.id, sa.ConnectionName(), m_child->name, reaction.notify, true});
        const auto& proposals = answer.sa->proposals;
        const bool ah = !proposals.empty() && proposals.front().protocol == wire::ProtocolId::AH;
        sa.Enqueue(std::make_unique<DeleteChildSa>(
            std::move(*m_spi), ah ? wire::ProtocolId::AH : wire::ProtocolId::ESP));
        return {};
    }
    const bool askedForFragments = AskForPorts(m_child->localTs) || AskForPorts(m_child->remoteTs);
    TRY(InstallChild(services,
                     sa,
                     NewChild{m_child,
                              true,
                              accepted->esp.suite,
                              m_spi->Spi(),
                              accepted->esp.peerSpi,
                              accepted->transport ? Mode::TRANSPORT : Mode::TUNNEL,
                              accepted->localTs,
                              accepted->remoteTs,
                              askedForFragments && answer.fragments,
                              accepted->original,
                              answer.refusesTfc},
                     {},
                     nonces.View()));
    m_spi->Keep();
    return {};
}

Result<void>
AnswerIkeAuth(Services& services, IkeSa& sa, const Incoming& request, wire::MessageBuilder& reply)
{
    const auto* peer = request.chain.Get<wire::IdPayload>(PayloadType::IDI);
    const auto* wanted = request.chain.Get<wire::IdPayload>(PayloadType::IDR);
    sa.remoteId = ReadIdentity(*peer);
    const auto connections =
        ChooseConnections(services.config,
                          sa,
                          sa.remoteId,
                          wanted ? std::optional(ReadIdentity(*wanted)) : std::nullopt);
    if (connections.empty())
    {
        return Fail(Fault::AUTHENTICATION_FAILED, "no connection for these identities");
    }
    sa.connection = connections.front();
    sa.localId = LocalIdentity(*sa.connection, sa);
    TRY(VerifyAuth(services, sa, request.chain));
    const Buffer idBody = IdBody(sa.localId);
    TRY_ASSIGN(const crypto::SecretBytes auth, ComputeAuth(services, sa, true, idBody));
    reply.Id(PayloadType::IDR, {sa.localId.type, sa.localId.data});
    reply.Auth({wire::AuthMethod::SHARED_KEY_MESSAGE_INTEGRITY_CODE, auth.View()});

    const OwnedNonces nonces(sa);
    const ChildPayloads asked(request.chain);
    const auto child = ChooseChild(services, sa, connections, asked);
    if (child)
    {
        sa.connection = child->connection;
    }
    if (request.chain.FindNotify(NotifyType::INITIAL_CONTACT))
    {
        sa.initialContact = sa.GetSetUp()->began;
    }
    Establish(services, sa);
    return AnswerChild(services, sa, child, asked, nonces, reply);
}

} // namespace ikelab::ike
