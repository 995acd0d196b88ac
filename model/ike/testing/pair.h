// SPDX-License-Identifier: MIT
#pragma once

#include "ike/ike_endpoint.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/**
 * Two endpoints, a wire between them and a clock that jumps: handshakes in milliseconds, with
 * every misfortune a network has.
 */
namespace ikelab::ike::testing
{

/// The OpenSSL world of the test program; making one takes longer than a handshake.
crypto::Context& SharedContext();

/// Addresses and suites by their usual spelling; a typing error ends the test program.
IpAddress Address(std::string_view text);
SocketAddress Socket(std::string_view address, uint16_t port = 500);
Selector Subnet(std::string_view range,
                uint8_t protocol = 0,
                uint16_t from = 0,
                uint16_t to = 65535);
Identity Id(std::string_view text);
/// keywords as in swanctl: Encryption("aes128gcm16")
const crypto::EncrRow* Encryption(std::string_view keyword);
const crypto::IntegRow* Integrity(std::string_view keyword);
const crypto::PrfRow* Prf(std::string_view keyword);
const crypto::KeRow* KeyExchange(std::string_view keyword);
/// "aes128gcm16-prfsha256-x25519", "aes256-sha384-prfsha384-ecp384": one row of each.
IkeProposal IkeSuiteOf(std::string_view keywords);
EspProposal EspSuiteOf(std::string_view keywords);

/// What both ends are told. Starts as moon (A, 192.0.2.1) and sun (B, 192.0.2.2), one connection
/// "net" with one child "net" between 10.1.0.0/16 and 10.2.0.0/16, a shared key, X25519, AES-GCM.
struct Setting
{
    Setting();
    /// The same between 2001:db8::1 and 2001:db8::2.
    static Setting V6();

    ConnectionConfig a;
    ConnectionConfig b;
    Config configA; ///< connections in here come after `a`
    Config configB;
};

/// One end: an endpoint, its dice, and all it ever told.
class Node
{
  public:
    Node(Config config, uint64_t seed, uint64_t stream);
    Node(const Node&) = delete; // the endpoint holds on to the dice
    Node& operator=(const Node&) = delete;

    /// Everything is forgotten, as after a crash; what was recorded stays.
    void Restart();

    /// All events of a type, oldest first.
    template <typename E>
    std::vector<const E*>
    All() const
    {
        std::vector<const E*> all;
        for (const Event& event : events)
        {
            if (const auto* one = std::get_if<E>(&event))
            {
                all.push_back(one);
            }
        }
        return all;
    }

    template <typename E>
    size_t
    Count() const
    {
        return All<E>().size();
    }

    /// The last event of a type, nullptr if there was none.
    template <typename E>
    const E*
    Last() const
    {
        const auto all = All<E>();
        return all.empty() ? nullptr : all.back();
    }

    size_t IkeSas() const;
    size_t ChildSas() const;
    /// The last IKE SA of the list; an empty one if there is none.
    IkeSaInfo Sa() const;
    /// The first Child SA of Sa().
    ChildSaInfo Child() const;
    /// Messages sent or received of an exchange, as "> [ SA KE No ]" and "< [ SA KE No ]".
    std::vector<std::string> Ladder() const;

    const Config config;
    std::unique_ptr<IkeEndpoint> endpoint;
    std::vector<Event> events;
    size_t keepAlives{0}; ///< sent

  private:
    SeededRandom m_random;
};

/// What is on the wire, addresses as its sender wrote them.
struct Packet
{
    size_t number{0}; ///< from 1, in the order of sending
    bool fromA{false};
    Instant sent{};
    Path path; ///< the sender's: local is the source
    Buffer message;
    bool keepAlive{false};
    bool nonEspMarker{false};
};

/// A NAT in front of one host. Ports are kept (forwarded statically, too) or handed out from 20000.
class Nat
{
  public:
    explicit Nat(IpAddress outside, bool keepsPorts = false)
        : m_outside(outside),
          m_keepsPorts(keepsPorts)
    {
    }

    SocketAddress Outward(const SocketAddress& inside);
    /// Where a packet to the outside address goes, if the mapping exists.
    std::optional<SocketAddress> Inward(const SocketAddress& outside) const;
    /// Forget the mappings: the next packet outward gets a new port.
    void Reboot();

    const IpAddress&
    Outside() const
    {
        return m_outside;
    }

  private:
    IpAddress m_outside;
    bool m_keepsPorts;
    IpAddress m_inside;
    std::map<SocketAddress, uint16_t> m_ports;
    uint16_t m_next{20000};
};

/// Carries datagrams with a delay and does what a test asks for. Numbers count from 1.
class Wire
{
  public:
    Duration delay{std::chrono::milliseconds(10)};
    std::set<size_t> drop;                    ///< these are lost
    std::set<size_t> duplicate;               ///< these arrive twice, the copy a little later
    std::map<size_t, Duration> late;          ///< these take this much longer
    std::function<bool(const Packet&)> loses; ///< lost if true
    std::function<void(Packet&)> tamper;      ///< may change anything
    std::optional<Nat> natA;
    std::optional<Nat> natB;

    /// Keep what is sent from now on.
    void Hold();
    /// Let go what was kept, in the order of sending.
    void Release(Instant now);

    /// Everything ever sent, lost or not.
    std::vector<Packet> log;

    void Send(Instant now, Packet packet);
    std::optional<Instant> Next() const;

    struct Delivery
    {
        bool toA{false};
        Path path; ///< the receiver's
        Buffer message;
    };

    std::optional<Delivery> Take(Instant now);

  private:
    void Travel(Instant now, const Packet& packet);

    bool m_holds{false};
    std::vector<Packet> m_held;
    std::multimap<Instant, Delivery> m_flying;
};

class Pair
{
  public:
    explicit Pair(const Setting& setting = Setting(), uint64_t seed = 1);

    /// A starts "net" and everything runs for a second: long enough for an undisturbed handshake.
    void Establish();
    void Initiate();
    void InitiateFromB();
    /// Hand a datagram to an end, now, as if it came this way.
    void Inject(Node& to, const Path& path, Bytes datagram);
    /// The path of the wire as its receiver sees it, without NATs.
    Path ToA() const;
    Path ToB() const;

    /// Until nothing flies and no timer is armed, at most an hour. False if it did not get there.
    bool RunUntilQuiet();
    void RunFor(Duration duration);
    /// Take what the endpoints have to say.
    void Drain();

    /// Both ends hold one IKE SA with one Child SA and agree on all of it.
    bool Agree() const;
    /// The same keys were told on both ends: those of the last IKE SA and the last Child SA.
    bool KeysAgree() const;

    Instant now{};
    Node a;
    Node b;
    Wire wire;

  private:
    bool Step(Instant until);
    void DrainNode(Node& node, bool isA);

    Path m_aToB;
};

} // namespace ikelab::ike::testing
