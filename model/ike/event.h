// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/instant.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "base/selector.h"
#include "crypto/algorithms.h"
#include "crypto/ike_keys.h"
#include "ike/config.h"
#include "wire/iana.h"

#include <optional>
#include <string>
#include <variant>

/**
 * What an endpoint tells its owner. Events are values: they carry what the receiver needs, in the
 * order in which things happened.
 */
namespace ikelab::ike
{

/// A message left or arrived (one event for each retransmission too).
struct MessageEvent
{
    bool sent{false};
    IkeSaId sa; ///< 0 if it belongs to no SA
    Path path;
    crypto::IkeSpis spis;
    wire::ExchangeType exchange{};
    bool response{false};
    MessageId id;
    unsigned retransmission{0}; ///< 0: the first time; n: the n-th repetition
    size_t octets{0};
    std::string summary; ///< "[ SA KE No ]", decrypted; empty if it could not be read
};

/// A datagram was dropped or answered with an error.
struct MessageRejected
{
    IkeSaId sa;
    Path path;
    Error error;
    std::optional<wire::NotifyType> answered;
};

/// The SA key log: what a dissector needs to read this IKE SA from now on.
struct IkeKeysDerived
{
    IkeSaId sa;
    crypto::IkeSpis spis;
    crypto::IkeSuite suite;
    crypto::SecretBytes ei;
    crypto::SecretBytes er;
    crypto::SecretBytes ai;
    crypto::SecretBytes ar;
};

/// Both sides are authenticated.
struct IkeSaEstablished
{
    IkeSaId sa;
    std::string connection;
    bool initiator{false};
    Path path;
    crypto::IkeSpis spis;
    crypto::IkeSuite suite;
    Identity localId;
    Identity remoteId;
    bool natLocal{false};  ///< we are behind a NAT (RFC 7296 §2.23)
    bool natRemote{false}; ///< the peer is
    Duration setupTime{0}; ///< from the first octet sent or received
};

enum class CloseReason
{
    REQUESTED,      ///< our owner asked
    PEER_DELETED,   ///< the peer sent Delete
    PEER_DEAD,      ///< retransmissions ended unanswered
    SETUP_FAILED,   ///< never came up
    AUTHENTICATION, ///< AUTH refused by either side
    PROTOCOL_ERROR, ///< what an authenticated peer sent cannot be (RFC 7296 §2.21.3)
    EXPIRED,        ///< hard lifetime
    REPLACED        ///< by INITIAL_CONTACT or a rekeying
};

struct IkeSaClosed
{
    IkeSaId sa;
    std::string connection;
    bool established{false};
    CloseReason reason{};
    std::optional<Error> error; ///< why, when SETUP_FAILED or AUTHENTICATION
};

/// A Child SA is ready for traffic in both directions.
struct ChildSaInstalled
{
    ChildSaId child;
    IkeSaId sa;
    std::string connection;
    std::shared_ptr<const ChildConfig> config;
    bool initiator{false}; ///< of the exchange that made it
    Mode mode{Mode::TUNNEL};
    crypto::EspSuite suite;          ///< its protocol too: ESP or AH
    EspSpi inboundSpi;               ///< chosen by us, in packets to us
    EspSpi outboundSpi;              ///< chosen by the peer
    crypto::SecretBytes inboundEncr; ///< empty with AH, as its other direction
    crypto::SecretBytes inboundInteg;
    crypto::SecretBytes outboundEncr;
    crypto::SecretBytes outboundInteg;
    Selectors localTs;
    Selectors remoteTs;
    Path path;                    ///< tunnel ends; ports count with UDP encapsulation
    bool udpEncapsulation{false}; ///< RFC 3948
    /// Later fragments, too, where the selectors ask for ports (RFC 7296 §1.3.1).
    bool nonFirstFragments{false};
    /// Transport mode through a NAT: the ends of the peer's packets as it writes them, which their
    /// checksums cover (RFC 7296 §2.23.1). Here they are those of the selectors.
    std::optional<AddressPair> original{};
    /// Nothing that this SA sends may have TFC padding (RFC 7296 §1.3.1). We never refuse it.
    bool peerRefusesTfc{false};
};

struct ChildSaRemoved
{
    ChildSaId child;
    IkeSaId sa;
    std::string connection;
    std::string name;
    EspSpi inboundSpi;
    EspSpi outboundSpi;
    CloseReason reason{};
};

/// The Child SA of an otherwise good IKE SA could not be made (RFC 7296 §1.2).
struct ChildSaFailed
{
    IkeSaId sa;
    std::string connection;
    std::string name;
    wire::NotifyType notify{};
    bool initiator{false};
};

/// The peer's address changed behind its NAT (RFC 7296 §2.23); Child SAs of this SA send there now.
struct PathChanged
{
    IkeSaId sa;
    Path path;
};

/// The peer got a packet with an SPI that it does not know (RFC 7296 §1.5); a hint.
struct InvalidSpiReported
{
    IkeSaId sa;
    EspSpi spi;
    ChildSaId child; ///< that we send with it; 0 if none (any more)
};

/// The peer got a packet by one of its SAs that this one may not carry (RFC 7296 §3.10.1): the two
/// ends think differently of what they agreed on.
struct InvalidSelectorsReported
{
    IkeSaId sa;
    ChildSaId child;    ///< that we sent it with
    Buffer packetStart; ///< as the peer says
};

/// A liveness check was answered.
struct PeerAlive
{
    IkeSaId sa;
    Duration roundTrip{0};
};

using Event = std::variant<MessageEvent,
                           MessageRejected,
                           IkeKeysDerived,
                           IkeSaEstablished,
                           IkeSaClosed,
                           ChildSaInstalled,
                           ChildSaRemoved,
                           ChildSaFailed,
                           PathChanged,
                           InvalidSpiReported,
                           InvalidSelectorsReported,
                           PeerAlive>;

} // namespace ikelab::ike
