// SPDX-License-Identifier: MIT
#pragma once

#include "gateway/gateway.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Two gateways, a virtual wire between them, virtual time.
namespace ikelab::gateway::testing
{

using Json = nlohmann::ordered_json;

/// One OpenSSL for all tests of the program.
crypto::Context& SharedContext();

/// What one gateway put on the wire.
struct Frame
{
    enum class Kind
    {
        UDP,
        ESP,
        AH, ///< the octets are a whole IP packet
        CLEAR
    };

    Kind kind{Kind::UDP};
    Path path; ///< seen from the sender; unset for CLEAR
    Buffer octets;
    uint8_t trafficClass{0}; ///< of the outer header
    Buffer header{};         ///< transport mode: the IP header before what `octets` are

    bool operator==(const Frame&) const = default;
};

/// A gateway and all that it said.
struct Node
{
    Node(std::string nodeName, Config config, uint64_t seed);

    /// Events of one kind, in order.
    template <typename Kind>
    std::vector<const Kind*>
    All() const
    {
        std::vector<const Kind*> all;
        for (const Event& event : events)
        {
            if (const auto* one = std::get_if<Kind>(&event))
            {
                all.push_back(one);
            }
        }
        return all;
    }

    template <typename Kind>
    size_t
    Count() const
    {
        return All<Kind>().size();
    }

    /// Refusals for this reason.
    size_t CountRefused(Fault fault) const;
    std::vector<ike::ChildSaInfo> Children() const;
    const Counters& Counts() const;

    std::string name;
    SeededRandom random;
    Gateway gateway;
    std::vector<Event> events;
    std::vector<Buffer> delivered; ///< inner packets that came out of ESP
    std::vector<Buffer> clear;     ///< clear packets that were let in
    std::vector<Verdict> verdicts; ///< of everything that came in
    Outgoing lastOutgoing;
    std::set<std::pair<uint32_t, uint32_t>> sent; ///< SPI and sequence number of its ESP and AH
};

struct PairOptions
{
    Json both = Json::object(); ///< merged into the configuration of each
    Json moon = Json::object();
    Json sun = Json::object();
    bool outerV6{false};
    uint64_t seed{1};
};

/// Shortcut: {"connections": {"net": {"children": {"net": patch}}}}
Json ChildPatch(const char* patch);
/// Shortcut: {"connections": {"net": patch}}
Json ConnectionPatch(const char* patch);

constexpr std::string_view ALICE = "10.1.0.10"; // behind moon
constexpr std::string_view BOB = "10.2.0.10";   // behind sun

/// A UDP packet as hosts behind the gateways send it.
Buffer Udp(std::string_view source = ALICE,
           std::string_view destination = BOB,
           uint16_t destinationPort = 7);

/**
 * moon (192.0.2.1 before 10.1.0.0/16 and 2001:db8:1::/48) and sun (192.0.2.2 before 10.2.0.0/16 and
 * 2001:db8:2::/48), connection "net" with child "net". Every ESP packet that leaves is checked: no
 * sequence number twice under one key.
 */
class GatewayPair
{
  public:
    static constexpr Duration LATENCY = std::chrono::milliseconds(10);

    explicit GatewayPair(const PairOptions& options = {});

    /// The configuration of moon or sun before any merging.
    static Json BaseConfig(bool moon, bool outerV6);

    /// Hand a clear packet to a gateway as if a host behind it had sent it; what leaves goes onto
    /// the wire.
    Verdict Send(Node& from, Bytes packet, Origin origin = Origin::FORWARDED);
    /// Put anything onto the wire to the other end of `from`.
    void Inject(const Node& from, Frame frame);
    /// Hand a frame to a gateway at once.
    Verdict Deliver(Node& to, const Frame& frame);
    /// After any call on a gateway: collect what it has to say.
    void Drain(Node& node);

    /// Carry frames and fire timers for so long.
    void Run(Duration span);
    /// Carry frames, fire no timer that comes later, until the wire is empty.
    void Settle();
    /// Initiate from moon and settle; expects one Child SA on both.
    void Establish();

    Node&
    Other(const Node& node)
    {
        return &node == &moon ? sun : moon;
    }

    /// No SPI twice among live SAs, both ends hold the same SAs.
    void ExpectAgreement() const;

    Node moon;
    Node sun;
    Instant now{};
    std::vector<Frame> trace; ///< everything that was put on the wire

    /// What happens to a frame on its way: it goes on as changed, or is lost if false comes back.
    std::function<bool(const Node& from, Frame& frame)> onFrame;

  private:
    void SendProtected(Node& from, const Outgoing& outgoing, PacketBuffer& buffer);
    void Arrive();

    struct Flying
    {
        bool toMoon{false};
        Frame frame;
    };

    std::multimap<Instant, Flying> m_wire;
};

} // namespace ikelab::gateway::testing
