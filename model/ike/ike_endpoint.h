// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "base/random_source.h"
#include "base/result.h"
#include "crypto/context.h"
#include "ike/config.h"
#include "ike/event.h"

#include <memory>
#include <optional>
#include <vector>

namespace ikelab::ike
{

/// An IKE message on its way out.
struct Datagram
{
    Path path;
    Buffer message;           ///< from the IKE header on, or a NAT keep-alive's one octet
    bool keepAlive{false};    ///< RFC 3948 §2.3
    bool nonEspMarker{false}; ///< four zero octets go first (wire::UsesNonEspMarker of the ports)
};

/// What `list` shows of a Child SA.
struct ChildSaInfo
{
    ChildSaId id;
    std::string name;
    EspSpi inboundSpi;
    EspSpi outboundSpi;
    crypto::EspSuite suite;
    Selectors localTs;
    Selectors remoteTs;
};

/// What `list` shows of an IKE SA.
struct IkeSaInfo
{
    IkeSaId id;
    std::string connection;
    std::string state; ///< "CONNECTING", "ESTABLISHED" or "DELETING", charon's words
    bool initiator{false};
    crypto::IkeSpis spis;
    crypto::IkeSuite suite;
    Path path;
    Identity localId;
    Identity remoteId;
    bool natLocal{false};
    bool natRemote{false};
    std::vector<ChildSaInfo> children;
};

/**
 * All IKE SAs of one node, sans-IO: time is an argument, datagrams are values, randomness is an
 * object. After every call that may change something, drain PollTransmit, PollEvent and PollTimeout
 * in this order.
 */
class IkeEndpoint
{
  public:
    /// @param context and random must outlive the endpoint
    IkeEndpoint(Config config, crypto::Context& context, RandomSource& random);
    ~IkeEndpoint();
    IkeEndpoint(IkeEndpoint&&) noexcept;
    IkeEndpoint& operator=(IkeEndpoint&&) noexcept;

    /// A datagram without non-ESP marker. Whatever it holds, it is survived.
    void HandleDatagram(Instant now, const Path& path, Bytes datagram);
    /**
     * An authentic ESP packet that is no replay came: it proves life (RFC 7296 §2.4).
     * @param path where a UDP-encapsulated one came from and to: a peer that moved behind its NAT
     * is followed there (§2.23), as PathChanged tells once; nullptr if it came without UDP
     */
    void HandlePeerTraffic(Instant now, ChildSaId child, const Path* path = nullptr);
    void HandleTimeout(Instant now);

    /**
     * Set up an IKE SA and its first Child SA.
     * @param child name of one of the connection's children; empty is the first
     * @return NOT_FOUND for unknown names, BAD_VALUE without remote address, UNEXPECTED if it is
     * under way already or after CloseAll
     */
    Result<IkeSaId> Initiate(Instant now,
                             std::string_view connection,
                             std::string_view child,
                             const Occasion& occasion = {});
    /// Send an empty INFORMATIONAL request (RFC 7296 §2.4); the answer becomes PeerAlive.
    Result<void> CheckLiveness(Instant now, IkeSaId sa);
    /**
     * A packet came with an SPI that is none of ours: tell its sender over an IKE SA with that
     * address, if there is one that is not busy; who has none is told nothing (RFC 7296 §1.5: both
     * MAY). Anybody can send such packets: each SA tells once a second, strangers cost a look-up.
     * @param peer where it came from; the port is 0 if it came without UDP
     * @return was it told?
     */
    bool ReportInvalidSpi(Instant now, const SocketAddress& peer, EspSpi spi);
    /**
     * An authentic packet of a Child SA was none that it may carry: tell the peer, if its IKE SA is
     * not busy (RFC 4301 §5.2, RFC 7296 §3.10.1). Each IKE SA tells once a second.
     * @param packetStart of what came out of the SA; what is too much of it is left out
     * @return was it told?
     */
    bool ReportInvalidSelectors(Instant now, ChildSaId child, Bytes packetStart);
    /// Delete a Child SA in both directions, RFC 7296 §1.4.1.
    Result<void> CloseChildSa(Instant now, ChildSaId child);
    /// Delete an IKE SA and all its Child SAs, RFC 7296 §1.4.1.
    Result<void> CloseIkeSa(Instant now, IkeSaId sa);
    /**
     * Close everything for good: established SAs with a Delete, others are just forgotten. Only
     * what runs is brought to its end; no new SA begins, neither by a peer nor by Initiate. A node
     * that starts again makes a new endpoint.
     */
    void CloseAll(Instant now);

    /// Is there neither a datagram nor an event?
    bool IsQuiet() const;
    std::optional<Datagram> PollTransmit();
    std::optional<Event> PollEvent();
    std::optional<Instant> PollTimeout() const;

    /// All SAs, in the order of their ids.
    std::vector<IkeSaInfo> List() const;
    /// True when no SA is left.
    bool Empty() const;
    /// Messages of strangers of which no event told, as there were too many in a second.
    uint64_t Untold() const;

  private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace ikelab::ike
