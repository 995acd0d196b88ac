// SPDX-License-Identifier: MIT
#pragma once

#include "gateway/testing/gateway_pair.h"

#include <deque>
#include <functional>

namespace ikelab::gateway::testing
{

/**
 * Three gateways in a row, as in RFC 4301 appendix E; everything on the two
 * links is a whole IP packet:
 *
 *     host 192.0.2.1 ----- 198.51.100.1 guard 10.2.0.1 ----- far 10.2.0.10
 * (before 10.3.0.0/16)
 */
class Trio
{
  public:
    static constexpr const char* HOST = "192.0.2.1";
    static constexpr const char* GUARD = "198.51.100.1";
    static constexpr const char* FAR = "10.2.0.10";

    /// The configurations' `connections`; all have the same secret.
    Trio(const Json& hostConnections,
         const Json& guardConnections,
         const Json& farConnections,
         const Json& hostPatch = Json::object());

    /// A connection with one child.
    static Json Connection(const char* local, const char* remote, const char* child, Json patch);

    /// Hand a clear packet to a gateway as if it had made it.
    Verdict Send(Node& from, Bytes packet);
    void Drain(Node& node);
    /// Until nothing is under way.
    void Settle();

    Node host;
    Node guard;
    Node far;
    Instant now{};
    std::vector<Buffer> hostLink; ///< what the host sent to the guard's side
    std::vector<Buffer> farLink;  ///< what went between guard and far, both ways
    std::vector<Buffer> hostGot;  ///< inner packets at their end, and clear ones
    std::vector<Buffer> farGot;
    std::vector<SealedPacket> sealed; ///< what PollSealed gave

  private:
    void Put(const Node& from, Buffer packet);
    void Emit(Node& from, const Outgoing& outgoing, PacketBuffer& packet);
    void Arrive(Node& at, Buffer packet);
    void Deliver(Node& at, Bytes packet);
    Node& OwnerOf(const IpAddress& address);

    struct Flying
    {
        Node* to;
        Buffer packet;
    };

    std::deque<Flying> m_wire;
};

} // namespace ikelab::gateway::testing
