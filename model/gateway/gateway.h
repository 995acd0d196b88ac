// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "base/packet_buffer.h"
#include "base/random_source.h"
#include "base/result.h"
#include "crypto/context.h"
#include "gateway/config.h"
#include "gateway/event.h"
#include "ike/ike_endpoint.h"

#include <functional>
#include <memory>
#include <optional>

namespace ikelab::gateway
{

/// What the shell is to do with the packet that it handed in.
enum class Verdict
{
    BYPASS,  ///< outbound: send as it is; inbound: deliver or forward as it is
    DISCARD, ///< policy forbids it, or it could not be processed: drop
    HELD,    ///< outbound: kept until its SA is there, see PollReleased
    PROTECT, ///< outbound: the buffer now holds what leaves, send it as Outgoing says
    DELIVER, ///< inbound: the buffer now holds the inner IP packet (its policy was checked):
             ///< deliver or forward it
    CONSUMED ///< inbound: it was for us (IKE, keep-alive, dummy); drain and be done
};

/// Where a clear packet comes from.
enum class Origin
{
    LOCAL,    ///< this node made it
    FORWARDED ///< it came from another interface
};

/// How an ESP packet, or a datagram of IKE's ports, came.
struct Arrival
{
    Path path;
    uint8_t trafficClass{0}; ///< of the outer header: its ECN mark goes inwards (RFC 6040 §4.2)
    /**
     * The IP header that came, options or extension headers included, up to but without ESP, AH or
     * UDP, and that of the whole packet if it came in fragments: transport mode gives the packet
     * this header back (RFC 4303 §3.1.1), and AH covers it. It may stand in the packet's own
     * buffer. Empty where the shell cannot know it: then one is made of the path, and AH is
     * refused.
     */
    Bytes header{};
};

/// How a protected packet leaves.
struct Outgoing
{
    Path path;                    ///< ports count only with UDP encapsulation
    bool udpEncapsulation{false}; ///< in a UDP datagram (RFC 3948), else as IP protocol 50
    /// Transport mode and AH: the buffer holds a complete IP packet, with the header that the
    /// sender made or that AH covers, and UDP where it belongs. Send it as it is, in fragments if
    /// need be; what follows only describes it.
    bool wholePacket{false};
    uint8_t trafficClass{0}; ///< of the outer header
    bool dontFragment{false};
    /// Whole outer packets of this size pass (RFC 4301 §8.2.1); 0: as large as the link lets by.
    uint32_t pathMtu{0};
    ChildSaId child;    ///< the outermost
    unsigned layers{1}; ///< SAs around one another
};

/// Where a packet that was opened belongs.
struct Incoming
{
    ChildSaId child;      ///< the innermost SA that it came out of
    uint32_t ifId{0};     ///< not 0: it comes out of the tunnel device of this if_id_in
    uint32_t sequence{0}; ///< of its ESP or AH
    /// Of the IPv6 header before that, as far as the shell told it.
    std::optional<uint32_t> flowLabel{};
};

/// Why a shell cannot deliver what was opened.
enum class Undeliverable
{
    TOO_DEEP, ///< it came out of limits::NESTED_SAS others already, by way of the shell
    NO_DEVICE ///< the tunnel device of its if_id_in is not there
};

/// A packet of the gateway's own, ready to be sent.
struct SealedPacket
{
    Buffer packet;
    Outgoing outgoing;
    /// If it waited, what it was when it was held: by that its owner finds what else it knows of
    /// it.
    Buffer held{};
};

/// How much one Child SA was used since it was installed, and what its packets were refused for:
/// what RFC 4301 §4.4.2.1 counts and RFC 4303 §3.4 has audited. Octets are those of inner packets.
struct ChildSaCounters
{
    uint64_t outboundPackets{0};
    uint64_t outboundOctets{0};
    uint64_t inboundPackets{0};
    uint64_t inboundOctets{0};
    uint64_t outboundSequence{0}; ///< of the last packet sent
    uint64_t inboundSequence{0};  ///< the highest received
    uint64_t replayedPackets{0};
    uint64_t integrityFailures{0};
    uint64_t refusedPackets{0}; ///< for any other reason, both directions
    // Only in these, though both wear keys (RFC 4301 §4.4.2.1) and dummies have numbers.
    uint64_t outboundDummies{0};
    uint64_t inboundDummies{0};
    uint64_t outboundTfcOctets{0}; ///< of padding (RFC 4303 §2.7) and in dummies
    uint64_t inboundTfcOctets{0};
};

/**
 * One IPsec node, sans-IO: IKE, SPD, SAD and ESP together. Simulator, real sockets and the
 * conformance target drive this one class. After every call drain PollDummy, PollTransmit,
 * PollSealed, PollReleased, PollEvent and PollTimeout, in this order; after a sealed or released
 * packet all of it again. Data packets are worked on in the caller's buffer and never queued,
 * except those that wait for an SA.
 */
class Gateway
{
  public:
    /// @param context and random must outlive the gateway
    Gateway(Config config, crypto::Context& context, RandomSource& random);
    ~Gateway();

    /**
     * A clear IP packet (v4 or v6, from its IP header on) is about to leave.
     * With PROTECT `outgoing` is set, and the buffer holds the ESP packet from SPI to ICV, or with
     * `outgoing.wholePacket` an IP packet.
     */
    Verdict HandleOutbound(Instant now, Origin origin, PacketBuffer& packet, Outgoing& outgoing);
    /**
     * A clear packet was routed to the tunnel device of this if_id_out: PROTECT, HELD or DISCARD,
     * by the children of that device alone. Other rules are not asked, as routes have decided.
     */
    Verdict HandleRouted(Instant now, uint32_t ifId, PacketBuffer& packet, Outgoing& outgoing);
    /// May this clear packet come in? BYPASS or DISCARD (RFC 4301 §5.2); for protected traffic
    /// DISCARD.
    Verdict HandleInboundClear(Instant now, Bytes packet);
    /// Would HandleInboundClear let this packet in? Nothing is counted, told or remembered.
    /// @param quoted its beginning, as an ICMP error quotes it
    bool AdmitsClear(Bytes quoted) const;
    /**
     * An ICMP error came in clear to an address of ours; its checksum is right. Nobody signed it:
     * what is believed of it, and with what bounds, the configuration says.
     * @return nothing if it is not about an ESP or AH packet of ours: HandleInboundClear judges it.
     * Else BYPASS if the IP layer may learn a path MTU of it too (of tunnels: in transport mode it
     * would fragment before protection), CONSUMED, or DISCARD if it is ignored
     * @see RFC 4301 §6.1.1, §8.2
     */
    std::optional<Verdict> HandleIcmpError(Instant now, Bytes packet);
    /// The payload of a UDP datagram to port 500, 4500 or one that the configuration names: IKE,
    /// keep-alive or ESP (RFC 3948), told apart by wire::UsesNonEspMarker. CONSUMED, DISCARD or
    /// DELIVER.
    /// @param incoming set with DELIVER
    Verdict HandleUdp(Instant now,
                      const Arrival& arrival,
                      PacketBuffer& datagram,
                      Incoming* incoming = nullptr);
    /// The payload of an IP packet with protocol 50. Ports of the path are ignored. DELIVER,
    /// CONSUMED or DISCARD.
    Verdict HandleEsp(Instant now,
                      const Arrival& arrival,
                      PacketBuffer& packet,
                      Incoming* incoming = nullptr);
    /// The same with protocol 51; the arrival has its header, which says the traffic class too.
    Verdict HandleAh(Instant now,
                     const Arrival& arrival,
                     PacketBuffer& packet,
                     Incoming* incoming = nullptr);
    /// The shell drops a packet that it was to deliver: it is counted and told as what is refused
    /// here (RFC 4301 §5.2).
    /// @param packet as it was to be delivered
    void HandleUndeliverable(Instant now,
                             const Incoming& incoming,
                             Undeliverable why,
                             Bytes packet);
    void HandleTimeout(Instant now);
    /// Packets are padded to no more than the link takes that leads to a tunnel's end (RFC 4303
    /// §2.7). The shell tells its MTU, 0 if it is unknown: then 1280 stands for it, as without
    /// this.
    void SetLinkMtu(std::function<uint32_t(const IpAddress& destination)> linkMtu);
    /// A shell that carries no packets says so before the first SA: then there are no dummies to
    /// hide among packets.
    void SetCarriesPackets(bool carries);

    /// Negotiate all children whose start_action is start.
    void Start(Instant now);
    /// Set up a child by name ("conn/child", or the child's name if unique).
    Result<void> Initiate(Instant now, std::string_view child);
    /// Delete every SA of a connection or, by child name, its Child SAs.
    Result<void> Terminate(Instant now, std::string_view connection);
    Result<void> TerminateChild(Instant now, std::string_view child);
    Result<void> CheckLiveness(Instant now, std::string_view connection);
    /// Close everything, with Deletes.
    void Shutdown(Instant now);

    /// Is there nothing to drain but PollTimeout? One question for what is so after nearly every
    /// packet.
    bool IsQuiet() const;
    /// A UDP datagram to send, non-ESP marker included where it belongs. Nothing while a packet of
    /// PollSealed has to leave before the next.
    std::optional<ike::Datagram> PollTransmit();
    /// IKE of a nested connection inside of another one's SA, and what waited for that: send it as
    /// if HandleOutbound had said PROTECT.
    std::optional<SealedPacket> PollSealed();
    /// A held clear packet whose SA is now there: hand it to HandleOutbound again.
    std::optional<Buffer> PollReleased();
    std::optional<Event> PollEvent();
    /**
     * A packet that only hides that there is none (RFC 4303 §2.6): one is due when an SA whose
     * child has a dummy_interval has sent nothing for so long.
     * @param packet   its contents are replaced by what leaves, as HandleOutbound does
     * @param outgoing how it leaves
     * @return false if no more are due; there may be something to transmit and to tell anyway
     */
    bool PollDummy(Instant now, PacketBuffer& packet, Outgoing& outgoing);
    std::optional<Instant> PollTimeout() const;

    std::vector<ike::IkeSaInfo> List() const;
    /// True when no SA is left.
    bool Empty() const;
    const Counters& GetCounters() const;
    /// Of one Child SA of List; nothing if it is gone.
    std::optional<ChildSaCounters> CountersOf(ChildSaId child) const;
    /// The largest packet that a Child SA carries in one outer packet, by SetLinkMtu and what is
    /// known of the path behind the link: what a tunnel device's MTU should be.
    std::optional<uint32_t> InnerMtu(Instant now, ChildSaId child) const;

    /**
     * Let a Child SA go on behind these numbers, as if so many packets had been sent and received:
     * for a takeover that does not know how far the SA was used (RFC 6311 §5), and for tests of the
     * end of the space. Numbers never go back.
     * @return NOT_FOUND if the SA is gone
     */
    Result<void> AdvanceSequences(ChildSaId child, uint64_t outbound, uint64_t inbound);

  private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace ikelab::gateway
