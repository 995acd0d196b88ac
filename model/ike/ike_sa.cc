// SPDX-License-Identifier: MIT
#include "ike/ike_sa.h"

#include "base/assert.h"

#include <utility>

namespace ikelab::ike
{

wire::Header
IkeSa::MakeHeader(wire::ExchangeType exchange, bool response, MessageId messageId) const
{
    wire::Header header;
    header.initiatorSpi = spis.initiator;
    header.responderSpi = spis.responder;
    header.exchange = exchange;
    header.flags = static_cast<uint8_t>((initiator ? wire::FLAG_INITIATOR : 0) |
                                        (response ? wire::FLAG_RESPONSE : 0));
    header.messageId = messageId;
    return header;
}

namespace
{

crypto::Nonces
NoncesOf(const IkeSa& sa, const SetUp& setUp)
{
    return sa.initiator ? crypto::Nonces{setUp.ourNonce, setUp.peerNonce}
                        : crypto::Nonces{setUp.peerNonce, setUp.ourNonce};
}

} // namespace

Result<void>
DeriveKeys(Services& services, IkeSa& sa)
{
    SetUp* setUp = sa.GetSetUp();
    IKELAB_ASSERT(setUp && setUp->share);
    const crypto::Nonces nonces = NoncesOf(sa, *setUp);
    TRY_ASSIGN(const crypto::SecretBytes shared, setUp->share->Derive(setUp->peerPublic));
    TRY_ASSIGN(const crypto::SecretBytes skeyseed,
               crypto::DeriveSkeyseed(services.crypto, *sa.suite.prf, nonces, shared.View()));
    TRY_ASSIGN(crypto::IkeKeys keys,
               crypto::DeriveIkeKeys(services.crypto, sa.suite, skeyseed.View(), nonces, sa.spis));
    sa.codec.emplace(services.crypto, sa.suite, keys, sa.initiator);
    sa.skD = std::move(keys.d);
    setUp->skPi = std::move(keys.pi);
    setUp->skPr = std::move(keys.pr);
    setUp->share.reset();
    services.Emit(IkeKeysDerived{sa.id,
                                 sa.spis,
                                 sa.suite,
                                 std::move(keys.ei),
                                 std::move(keys.er),
                                 std::move(keys.ai),
                                 std::move(keys.ar)});
    return {};
}

Result<void>
InstallChild(Services& services,
             IkeSa& sa,
             NewChild child,
             Bytes sharedSecret,
             const crypto::Nonces& nonces)
{
    TRY_ASSIGN(
        crypto::ChildKeys keys,
        crypto::DeriveChildKeys(
            services.crypto, *sa.suite.prf, child.suite, sa.skD.View(), sharedSecret, nonces));
    const ChildSaId id = services.NewChildSaId();
    // RFC 7296 §2.17: the initiator's keys protect what the initiator of this exchange sends.
    auto& outboundEncr = child.initiator ? keys.initiatorEncr : keys.responderEncr;
    auto& outboundInteg = child.initiator ? keys.initiatorInteg : keys.responderInteg;
    auto& inboundEncr = child.initiator ? keys.responderEncr : keys.initiatorEncr;
    auto& inboundInteg = child.initiator ? keys.responderInteg : keys.initiatorInteg;
    ChildSaInstalled installed;
    installed.child = id;
    installed.sa = sa.id;
    installed.connection = sa.ConnectionName();
    installed.config = child.config;
    installed.initiator = child.initiator;
    installed.mode = child.mode;
    installed.suite = child.suite;
    installed.inboundSpi = child.inboundSpi;
    installed.outboundSpi = child.outboundSpi;
    installed.inboundEncr = std::move(inboundEncr);
    installed.inboundInteg = std::move(inboundInteg);
    installed.outboundEncr = std::move(outboundEncr);
    installed.outboundInteg = std::move(outboundInteg);
    installed.localTs = child.localTs;
    installed.remoteTs = child.remoteTs;
    installed.path = sa.path;
    installed.udpEncapsulation = sa.udpEncapsulation;
    installed.nonFirstFragments = child.nonFirstFragments;
    installed.original = child.original;
    installed.peerRefusesTfc = child.peerRefusesTfc;
    services.Emit(std::move(installed));
    services.owners.emplace(id, sa.id);
    const auto kept = sa.children
                          .emplace(id,
                                   ChildSa{id,
                                           std::move(child.config),
                                           child.suite,
                                           child.inboundSpi,
                                           child.outboundSpi,
                                           child.mode,
                                           std::move(child.localTs),
                                           std::move(child.remoteTs),
                                           false})
                          .first;
    services.neighbours.Add(sa.remoteId, sa.natRemote, kept->second);
    return {};
}

void
RemoveChild(Services& services, IkeSa& sa, ChildSaId id, CloseReason reason)
{
    const auto found = sa.children.find(id);
    if (found == sa.children.end())
    {
        return;
    }
    const ChildSa& child = found->second;
    services.ReleaseEspSpi(child.inboundSpi);
    services.owners.erase(id);
    services.neighbours.Remove(sa.natRemote, child);
    services.Emit(ChildSaRemoved{id,
                                 sa.id,
                                 sa.ConnectionName(),
                                 child.config->name,
                                 child.inboundSpi,
                                 child.outboundSpi,
                                 reason});
    sa.children.erase(found);
}

} // namespace ikelab::ike
