// SPDX-License-Identifier: MIT
#pragma once

#include "base/packet_buffer.h"
#include "crypto/context.h"
#include "endpoint/journal.h"
#include "endpoint/learned_routes.h"
#include "gateway/gateway.h"
#include "io/event_loop.h"
#include "io/ip_socket.h"
#include "io/routes.h"
#include "io/tun_device.h"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ikelab::endpoint
{

struct EndpointOptions
{
    /// Without a TUN device there is IKE, but nowhere to take clear packets from.
    bool tun{true};
    /// "%d" becomes a number that is free.
    std::string tunName{"ikelab%d"};
    /// Leaves room for the headers of ESP in UDP on a path of 1500 octets, as charon's TUN does.
    unsigned mtu{1400};
    /// Lead the remote selectors of all children into the TUN device.
    bool routes{true};
};

/**
 * One gateway on real sockets: UDP on 500 and 4500, IP protocol 50 where no NAT is found, a TUN
 * device for what is protected. Registers itself with a loop; everything happens in the loop's
 * thread.
 */
class Endpoint
{
  public:
    /**
     * Open sockets and device, install routes. Nothing is sent before Start.
     * @param loop and journal must outlive the endpoint
     */
    static io::SystemResult<std::unique_ptr<Endpoint>> Open(io::EventLoop& loop,
                                                            Journal& journal,
                                                            gateway::Config config,
                                                            const EndpointOptions& options);
    ~Endpoint();

    /// Say what was opened, then negotiate the children whose start_action is start.
    void Start();

    /// Each event after it was logged.
    void
    OnEvent(std::function<void(const gateway::Event&)> call)
    {
        m_onEvent = std::move(call);
    }

    /// Gateway's functions of these names, with everything drained afterwards.
    Result<void> Initiate(std::string_view child);
    Result<void> Terminate(std::string_view connection);
    Result<void> TerminateChild(std::string_view child);
    Result<void> CheckLiveness(std::string_view connection);
    void Shutdown();
    void HandleTimeout();

    std::optional<Instant> Deadline() const;
    std::vector<ike::IkeSaInfo> List() const;
    bool Empty() const;
    const gateway::Counters& Counters() const;

    const ike::Config&
    IkeConfig() const
    {
        return m_ikeConfig;
    }

    /// The TUN device is gone (somebody deleted it): nothing can be protected any more.
    bool
    Broken() const
    {
        return m_broken;
    }

  private:
    Endpoint(io::EventLoop& loop,
             Journal& journal,
             gateway::Config config,
             const EndpointOptions& options);

    io::SystemResult<void> OpenUdp();
    io::SystemResult<void> OpenTun();
    io::SystemResult<void> InstallRoutes();
    io::SystemResult<void> InstallRoute(const Selectors& localTs, const IpRange& prefix);
    io::Route RouteTo(const IpRange& prefix) const;
    /// Of a child whose peer may come from anywhere.
    void LearnRoutes(Instant now, const ike::ChildSaInstalled& child);
    void ForgetRoutes(Instant now, ChildSaId child);
    void LogNotes(Instant now);
    /// Open raw sockets beside the UDP socket that serves this address.
    void EnsureRaw(const IpAddress& local);
    void ForgetTun();

    /// Take what has come, packet by packet: take(now, packet) gives m_packet to the gateway.
    template <typename Take>
    void ReadFrom(io::IpSocket& socket, const Take& take);
    void ReadUdp(io::IpSocket& socket);
    void ReadRaw(io::IpSocket& socket);
    void ReadTun();
    /// The clear packet in m_packet leaves.
    void SendClear(Instant now);
    void SendProtected(Instant now, const gateway::Outgoing& outgoing);
    /// True if a packet that keeps its own header left, or cannot; else m_packet is what a UDP
    /// socket sends.
    bool SendWhole(Instant now, const gateway::Outgoing& outgoing);
    void SendDatagram(Instant now, const ike::Datagram& datagram);
    void Deliver(Instant now);
    /// Everything that the gateway has for us.
    void Drain(Instant now);
    void HandleEvent(Instant now, const gateway::Event& event);

    /// What packets to this address may have, as far as the system knows.
    uint32_t LinkMtu(const IpAddress& destination);
    uint32_t AskLinkMtu(const IpAddress& destination) const;
    gateway::Origin OriginOf(Instant now, Bytes packet);
    io::IpSocket* UdpFor(const SocketAddress& local);
    io::IpSocket* RawFor(const IpAddress& local);
    /// Log a failure, each kind once per second at most.
    void Complain(Instant now, std::string_view group, const std::string& text);

    io::EventLoop& m_loop;
    Journal& m_journal;
    EndpointOptions m_options;
    ike::Config m_ikeConfig;
    gateway::IcmpConfig m_icmp;
    crypto::Context m_context;
    crypto::SystemRandom m_random;
    gateway::Gateway m_gateway;
    std::function<void(const gateway::Event&)> m_onEvent{[](const gateway::Event&) {
    }};

    std::list<io::IpSocket> m_udp;
    std::list<io::IpSocket> m_raw;
    /// Why there is no raw socket, told when one is needed.
    std::optional<io::SystemError> m_rawProblem;
    std::optional<io::TunDevice> m_tun;
    std::optional<io::PolicyRoutes> m_routes;
    LearnedRoutes m_learned;
    /// Group and text, told at Start.
    std::vector<std::pair<std::string_view, std::string>> m_notes;
    bool m_broken{false};

    /// The one packet that is being worked on.
    PacketBuffer m_packet;
    std::vector<IpAddress> m_localAddresses;
    std::optional<Instant> m_addressesRead;

    struct LinkMtuKnown
    {
        std::optional<Instant> asked;
        uint32_t octets{0};
    };

    std::map<IpAddress, LinkMtuKnown> m_linkMtus; ///< of peers whose packets are padded
    std::optional<Instant> m_complained;
    std::string m_complaint;
};

} // namespace ikelab::endpoint
