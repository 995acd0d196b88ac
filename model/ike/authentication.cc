// SPDX-License-Identifier: MIT
#include "ike/authentication.h"

#include "base/assert.h"
#include "ike/exchange/ike_sa_init.h"
#include "ike/policy/proposals.h"

#include <algorithm>
#include <utility>

namespace ikelab::ike
{

namespace
{

constexpr std::string_view NO_SECRET = "no shared key for these identities";
constexpr std::string_view WRONG_AUTH = "AUTH does not verify";

bool
Names(const SharedSecret& secret, const Identity& identity)
{
    return std::ranges::find(secret.ids, identity) != secret.ids.end();
}

} // namespace

Buffer
IdBody(const Identity& identity)
{
    Buffer body{static_cast<uint8_t>(identity.type), 0, 0, 0};
    Append(body, identity.data);
    return body;
}

Identity
AddressIdentity(const IpAddress& address)
{
    return {address.IsV4() ? wire::IdType::ID_IPV4_ADDR : wire::IdType::ID_IPV6_ADDR,
            ToBuffer(address.Octets())};
}

Identity
ReadIdentity(const wire::IdPayload& payload)
{
    return {payload.type, ToBuffer(payload.data)};
}

const SharedSecret*
FindSecret(const Config& config, const Identity& local, const Identity* remote)
{
    const SharedSecret* best = nullptr;
    int bestScore = -1;
    for (const SharedSecret& secret : config.secrets)
    {
        const bool namesRemote = remote && Names(secret, *remote);
        const bool namesOthers =
            std::ranges::any_of(secret.ids, [&](const Identity& id) { return id != local; });
        const int score = (namesRemote ? 2 : 0) + (Names(secret, local) ? 1 : 0);
        const bool forOthers = remote && namesOthers && !namesRemote;
        if (!forOthers && (score > 0 || secret.ids.empty()) && score > bestScore)
        {
            best = &secret;
            bestScore = score;
        }
    }
    return best;
}

Result<crypto::SecretBytes>
ComputeAuth(Services& services, const IkeSa& sa, bool ours, Bytes idBody)
{
    const auto* setUp = std::get_if<SetUp>(&sa.state);
    IKELAB_ASSERT(setUp);
    // Without a configured identity the initiator learns the peer's from its response.
    const bool guesses = ours && sa.initiator && !sa.connection->remoteId;
    const SharedSecret* secret =
        FindSecret(services.config, sa.localId, guesses ? nullptr : &sa.remoteId);
    if (!secret)
    {
        return Fail(Fault::AUTHENTICATION_FAILED, NO_SECRET);
    }
    const bool byInitiator = ours == sa.initiator;
    TRY_ASSIGN(const Buffer octets,
               crypto::SignedOctets(services.crypto,
                                    *sa.suite.prf,
                                    ours ? setUp->ourFirst : setUp->peerFirst,
                                    ours ? setUp->peerNonce : setUp->ourNonce,
                                    (byInitiator ? setUp->skPi : setUp->skPr).View(),
                                    idBody));
    return crypto::SharedKeyAuth(services.crypto, *sa.suite.prf, secret->secret, octets);
}

Result<void>
VerifyAuth(Services& services, const IkeSa& sa, const wire::PayloadChain& chain)
{
    const wire::Payload* id =
        chain.Find(sa.initiator ? wire::PayloadType::IDR : wire::PayloadType::IDI);
    const auto* auth = chain.Get<wire::AuthPayload>(wire::PayloadType::AUTH);
    if (!id || !auth)
    {
        return Fail(Fault::AUTHENTICATION_FAILED, "ID and AUTH are needed");
    }
    if (auth->method != wire::AuthMethod::SHARED_KEY_MESSAGE_INTEGRITY_CODE)
    {
        return Fail(Fault::AUTHENTICATION_FAILED, "AUTH method");
    }
    TRY_ASSIGN(const crypto::SecretBytes expected, ComputeAuth(services, sa, false, id->octets));
    if (!crypto::SameSecret(expected.View(), auth->data))
    {
        return Fail(Fault::AUTHENTICATION_FAILED, WRONG_AUTH);
    }
    return {};
}

Identity
LocalIdentity(const ConnectionConfig& connection, const IkeSa& sa)
{
    return connection.localId.value_or(AddressIdentity(sa.path.local.address));
}

std::vector<std::shared_ptr<const ConnectionConfig>>
ChooseConnections(const Config& config,
                  const IkeSa& sa,
                  const Identity& peer,
                  const std::optional<Identity>& wanted)
{
    std::vector<std::shared_ptr<const ConnectionConfig>> best;
    Identity bestLocal;
    for (const auto& connection : ConnectionsFor(config, sa.path))
    {
        const Identity local = LocalIdentity(*connection, sa);
        if (!AllowsSuite(connection->proposals, sa.suite) || (wanted && *wanted != local) ||
            (connection->remoteId && *connection->remoteId != peer))
        {
            continue;
        }
        // One that names the peer beats one that is for anybody.
        const bool better = best.empty() || (connection->remoteId && !best.front()->remoteId);
        if (better)
        {
            best = {connection};
            bestLocal = local;
        }
        else if (local == bestLocal &&
                 connection->remoteId.has_value() == best.front()->remoteId.has_value())
        {
            best.push_back(connection);
        }
    }
    return best;
}

void
Establish(Services& services, IkeSa& sa)
{
    const SetUp* setUp = sa.GetSetUp();
    IKELAB_ASSERT(setUp);
    const Duration setupTime = services.now - setUp->began;
    sa.state = Established{};
    sa.wasEstablished = true;
    sa.establishedAt = services.now;
    sa.giveUpAt.reset();
    services.Emit(IkeSaEstablished{sa.id,
                                   sa.ConnectionName(),
                                   sa.initiator,
                                   sa.path,
                                   sa.spis,
                                   sa.suite,
                                   sa.localId,
                                   sa.remoteId,
                                   sa.natLocal,
                                   sa.natRemote,
                                   setupTime});
}

} // namespace ikelab::ike
