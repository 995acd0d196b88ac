// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "crypto/key_exchange.h"
#include "ike/child_sa.h"
#include "ike/codec.h"
#include "ike/exchange/exchange.h"
#include "ike/policy/transport_nat.h"
#include "ike/services.h"
#include "ike/window.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>

namespace ikelab::ike
{

/// A child of the connection.
struct WantedChild
{
    std::string name;
    std::optional<PacketSelectors> trigger; ///< as of Occasion
};

/// Exists from the first octet until both sides are authenticated.
struct SetUp
{
    Instant began{};
    WantedChild wanted; ///< what the initiator wants first
    Buffer ourNonce;
    Buffer peerNonce;
    Buffer ourFirst;  ///< our IKE_SA_INIT message as sent last: AUTH covers it (RFC 7296 §2.15)
    Buffer peerFirst; ///< the peer's
    std::optional<crypto::KeyShare> share; ///< until the keys are derived
    Buffer peerPublic;
    crypto::SecretBytes skPi;
    crypto::SecretBytes skPr;
    std::optional<Error>
        refusal; ///< an unauthenticated error that the peer may have sent (§2.21.1)
};

/// Both sides are authenticated.
struct Established
{
};

/// Our Delete is on its way.
struct Deleting
{
    CloseReason reason{CloseReason::REQUESTED};
    std::optional<Error> error;
};

/// Gone for everybody; stays a while to answer repetitions of the peer's last request.
struct Lingering
{
    Instant until{};
};

/// Asked for by an exchange, carried out by the endpoint when the exchange is done with the SA.
struct Closing
{
    CloseReason reason{};
    std::optional<Error> error;
    bool answered{false}; ///< by a response of ours that says so, or to what said so
};

/**
 * One IKE SA. Plain data: the exchanges change it, the endpoint owns it, moves its messages and
 * keeps its timers.
 */
struct IkeSa
{
    IkeSaId id;
    bool initiator{false}; ///< we are the original initiator
    crypto::IkeSpis spis;
    Path path;
    std::shared_ptr<const ConnectionConfig> connection;
    crypto::IkeSuite suite;
    std::optional<MessageCodec> codec; ///< there once the keys are
    crypto::SecretBytes skD;
    Identity localId;
    Identity remoteId;
    bool natLocal{false};
    bool natRemote{false};
    bool udpEncapsulation{false};

    std::variant<SetUp, Established, Deleting, Lingering> state;
    Window window;
    std::unique_ptr<Exchange> running;
    std::deque<std::unique_ptr<Exchange>> waiting;
    std::map<ChildSaId, ChildSa> children;

    Instant lastHeard{};
    Instant lastSent{};
    std::optional<Instant> giveUpAt; ///< when set-up ends without success
    std::optional<Closing> closing;
    bool wasEstablished{false};
    Instant establishedAt{};
    /// The peer says that it knew no other SA with us (§2.4); the SA began at this time.
    std::optional<Instant> initialContact;
    std::optional<Instant> invalidSpiToldAt; ///< the peer, last
    std::optional<Instant> invalidSelectorsToldAt;
    unsigned tries{1}; ///< which of the connection's keying tries this is

    bool
    IsThroughNat() const
    {
        return natLocal || natRemote;
    }

    NatPath
    Nat() const
    {
        return {path, natLocal, natRemote};
    }

    IkeSpi
    OurSpi() const
    {
        return initiator ? spis.initiator : spis.responder;
    }

    bool
    IsEstablished() const
    {
        return std::holds_alternative<Established>(state);
    }

    bool
    IsLingering() const
    {
        return std::holds_alternative<Lingering>(state);
    }

    SetUp*
    GetSetUp()
    {
        return std::get_if<SetUp>(&state);
    }

    const SetUp*
    GetSetUp() const
    {
        return std::get_if<SetUp>(&state);
    }

    /// The header of our next message of an exchange.
    wire::Header MakeHeader(wire::ExchangeType exchange, bool response, MessageId messageId) const;
    void
    Enqueue(std::unique_ptr<Exchange> exchange)
    {
        waiting.push_back(std::move(exchange));
    }

    void
    Close(CloseReason reason, std::optional<Error> error = {})
    {
        if (!closing)
        {
            closing = Closing{reason, error, false};
        }
    }

    /// The connection's name, or empty before one is chosen.
    std::string
    ConnectionName() const
    {
        return connection ? connection->name : std::string();
    }
};

/// Shared secret, SKEYSEED, SK_* and codec out of the set-up state (RFC 7296 §2.14); tells the key
/// log.
Result<void> DeriveKeys(Services& services, IkeSa& sa);

/// What a new Child SA is made of, after negotiation.
struct NewChild
{
    std::shared_ptr<const ChildConfig> config;
    bool initiator{false};
    crypto::EspSuite suite;
    EspSpi inboundSpi;
    EspSpi outboundSpi;
    Mode mode{Mode::TUNNEL};
    Selectors localTs;
    Selectors remoteTs;
    bool nonFirstFragments{false};         ///< both said NON_FIRST_FRAGMENTS_ALSO
    std::optional<AddressPair> original{}; ///< as of ChildSaInstalled
    bool peerRefusesTfc{false};            ///< it said ESP_TFC_PADDING_NOT_SUPPORTED
};

/// Derive the keys of a Child SA, keep it in the SA and tell the owner (RFC 7296 §2.17).
Result<void> InstallChild(Services& services,
                          IkeSa& sa,
                          NewChild child,
                          Bytes sharedSecret,
                          const crypto::Nonces& nonces);
void RemoveChild(Services& services, IkeSa& sa, ChildSaId child, CloseReason reason);

} // namespace ikelab::ike
