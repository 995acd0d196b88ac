// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "base/ip_address.h"
#include "base/selector.h"
#include "crypto/algorithms.h"
#include "crypto/secret_bytes.h"
#include "wire/iana.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/**
 * What an endpoint is told, as values. Names and defaults are swanctl.conf's and strongswan.conf's;
 * the gateway room reads them from JSON.
 */
namespace ikelab::ike
{

/// One IKE proposal: every combination of its rows is offered or accepted, earlier rows preferred.
struct IkeProposal
{
    std::vector<const crypto::EncrRow*> encr;
    std::vector<const crypto::IntegRow*>
        integ; ///< empty with AEADs (which never stand beside others)
    std::vector<const crypto::PrfRow*> prf;
    std::vector<const crypto::KeRow*> ke;
};

/// One proposal for ESP, or for AH if it has no ciphers. `ke` counts only when the Child SA is made
/// with CREATE_CHILD_SA.
struct EspProposal
{
    std::vector<const crypto::EncrRow*> encr;
    std::vector<const crypto::IntegRow*> integ;
    std::vector<const crypto::KeRow*> ke;
    std::vector<wire::Esn> esn{wire::Esn::NO_ESN};

    wire::ProtocolId
    Protocol() const
    {
        return encr.empty() ? wire::ProtocolId::AH : wire::ProtocolId::ESP;
    }
};

/// An identification, RFC 7296 §3.5.
struct Identity
{
    wire::IdType type{wire::IdType::ID_KEY_ID};
    Buffer data;

    /// swanctl's rules: addresses, names with a dot or without @ are FQDN, user@host is RFC822,
    /// "@#hex" KEY_ID, "%any" is no identity.
    static std::optional<Identity> Parse(std::string_view text);
    std::string ToString() const;
    auto operator<=>(const Identity&) const = default;
};

enum class Mode
{
    TUNNEL,
    TRANSPORT
};

enum class StartAction
{
    NONE,  ///< wait for the peer or a command
    START, ///< negotiate at once
    TRAP   ///< negotiate when a packet needs it
};

enum class DpdAction
{
    CLEAR, ///< close the Child SAs of a dead peer
    TRAP,  ///< close, negotiate again when a packet needs it
    RESTART
};

/// children.<child>.copy_dscp: from the inner header to the outer one is OUT.
enum class CopyDscp
{
    NO,
    OUT,
    IN,
    BOTH
};

/// connections.<conn>.children.<child>
struct ChildConfig
{
    std::string name;
    std::vector<EspProposal> espProposals; ///< those of ESP before those of AH
    Selectors localTs;
    Selectors remoteTs;
    Mode mode{Mode::TUNNEL};
    StartAction startAction{StartAction::NONE};
    DpdAction dpdAction{DpdAction::CLEAR};
    Duration rekeyTime{std::chrono::hours(1)};   ///< soft lifetime; 0 is none
    Duration lifeTime{std::chrono::minutes(66)}; ///< hard lifetime; 0 is none
    Duration randTime{std::chrono::minutes(6)};
    uint64_t rekeyBytes{0}; ///< soft; 0 is none
    uint64_t lifeBytes{0};  ///< hard; 0 is none
    uint64_t rekeyPackets{0};
    uint64_t lifePackets{0};
    uint32_t replayWindow{32}; ///< packets; 0 switches the check off
    bool copyDf{true};         ///< from inner to outer header
    bool copyEcn{true};
    CopyDscp copyDscp{CopyDscp::OUT};
    static constexpr uint32_t TFC_TO_PATH_MTU = UINT32_MAX;
    uint32_t tfcPadding{0};    ///< pad packets up to so many octets; 0 is none
    Duration dummyInterval{0}; ///< a dummy after each pause of so long; 0 is none
    /// Octets of a dummy, IP header included; 0 is at random. Nothing: as tfcPadding has them.
    std::optional<uint32_t> dummySize{};
    /// Route-based: the tunnel devices that its packets come out of and go into; both 0: policy.
    uint32_t ifIdIn{0};
    uint32_t ifIdOut{0};
};

/// connections.<conn>
struct ConnectionConfig
{
    std::string name;
    std::vector<IpAddress> localAddrs;  ///< empty is any
    std::vector<IpAddress> remoteAddrs; ///< empty is any: responder only
    uint16_t localPort{500};
    uint16_t remotePort{500};
    std::vector<IkeProposal> proposals;
    std::optional<Identity> localId;  ///< default: our address
    std::optional<Identity> remoteId; ///< default: any
    Duration dpdDelay{0};             ///< 0: no liveness checks of our own
    Duration rekeyTime{std::chrono::hours(4)};
    Duration overTime{std::chrono::minutes(24)};
    Duration randTime{std::chrono::minutes(24)};
    Duration reauthTime{0};
    bool encap{false}; ///< force UDP encapsulation
    /// What this connection sends, IKE and protected packets, passes through policy again.
    bool nested{false};
    unsigned keyingTries{1};
    uint32_t ifIdIn{0}; ///< of children that say nothing else
    uint32_t ifIdOut{0};
    std::vector<ChildConfig> children;
};

/// A packet as selectors: both ends, seen from us.
struct PacketSelectors
{
    Selector local;
    Selector remote;
};

/// Why a child is initiated now.
struct Occasion
{
    std::optional<IpAddress> from;          ///< our address if the connection does not say one
    std::optional<PacketSelectors> trigger; ///< the packet that needs the child (RFC 7296 §2.9)
};

/// secrets.ike<suffix>: a shared key and the identities that it is for (none: anybody).
struct SharedSecret
{
    std::vector<Identity> ids;
    Buffer secret;
};

/// charon's retransmission schedule: timeout * base^n after try n, then give up.
struct RetransmitConfig
{
    Duration timeout{std::chrono::seconds(4)};
    double base{1.8};
    unsigned tries{5};
    unsigned jitterPercent{0}; ///< up to this much shorter, at random
    Duration limit{0};         ///< longest single wait; 0 is none
};

/// All of it.
struct Config
{
    std::vector<std::shared_ptr<const ConnectionConfig>>
        connections; ///< shared with the SAs that use them
    std::vector<SharedSecret> secrets;
    RetransmitConfig retransmit;
    Duration halfOpenTimeout{std::chrono::seconds(30)};
    unsigned cookieThreshold{30}; ///< half-open SAs above which COOKIE is asked for; 0: always
    unsigned blockThreshold{
        0}; ///< half-open SAs from one address above which requests are dropped; 0: off
    Duration keepAlive{
        std::chrono::seconds(20)}; ///< NAT keep-alive interval when we are behind a NAT; 0: off
    size_t nonceOctets{32};
};

} // namespace ikelab::ike
