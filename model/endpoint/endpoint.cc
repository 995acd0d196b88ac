// SPDX-License-Identifier: MIT
#include "endpoint/endpoint.h"

#include "base/limits.h"
#include "endpoint/local_addresses.h"
#include "wire/esp_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>

namespace ikelab::endpoint
{

namespace
{

/// Our own addresses change rarely, and a wrong guess does no harm.
constexpr Duration ADDRESSES_KEPT = std::chrono::seconds(10);
constexpr Duration COMPLAINT_INTERVAL = std::chrono::seconds(1);

/// AH is negotiated but not carried: sockets have none of the headers that it covers. And there is
/// one TUN device, for policy.
io::SystemResult<void>
CheckProtocols(const ike::Config& config)
{
    for (const auto& connection : config.connections)
    {
        for (const ike::ChildConfig& child : connection->children)
        {
            if (child.ifIdOut != 0)
            {
                return io::FailSystem(
                    "if_id_in and if_id_out need tunnel devices of their own, which real sockets "
                    "do not have: leave them out of",
                    fmt::format("connections.{}.children.{}", connection->name, child.name),
                    0);
            }
            if (std::ranges::any_of(child.espProposals,
                                    [](const ike::EspProposal& proposal)
                                    { return proposal.Protocol() == wire::ProtocolId::AH; }))
            {
                return io::FailSystem(
                    "ah_proposals carry no packets on real sockets: leave them out of",
                    fmt::format("connections.{}.children.{}", connection->name, child.name),
                    0);
            }
        }
    }
    return {};
}

/// Without a TUN device nothing carries packets, not even those that IKE is in.
io::SystemResult<void>
CheckNested(const ike::Config& config)
{
    const auto nested = std::ranges::find_if(
        config.connections, [](const auto& connection) { return connection->nested; });
    if (nested != config.connections.end())
    {
        return io::FailSystem("nested needs a TUN device: leave it out of",
                              fmt::format("connections.{}", (*nested)->name),
                              0);
    }
    return {};
}

} // namespace

Endpoint::Endpoint(io::EventLoop& loop,
                   Journal& journal,
                   gateway::Config config,
                   const EndpointOptions& options)
    : m_loop(loop),
      m_journal(journal),
      m_options(options),
      m_ikeConfig(config.ike),
      m_icmp(config.icmp),
      m_gateway(std::move(config), m_context, m_random)
{
    m_gateway.SetCarriesPackets(options.tun);
    m_gateway.SetLinkMtu([this](const IpAddress& destination) { return LinkMtu(destination); });
}

/// The kernel has heard more of the way than its first link: what ICMP errors told it. Anybody can
/// write one, so the configuration says whether they count, and down to what (RFC 4301 §6.1.1).
uint32_t
Endpoint::AskLinkMtu(const IpAddress& destination) const
{
    constexpr uint32_t IPV6_LEAST = 1280; // RFC 8200 §5
    const uint32_t mark = m_options.tun && m_options.routes ? io::PolicyRoutes::MARK : 0;
    const uint32_t link = io::LinkMtuTo(destination, mark);
    const bool v4 = destination.IsV4();
    if (!(v4 ? m_icmp.fragmentationNeeded : m_icmp.packetTooBig))
    {
        return link;
    }
    const uint32_t told = io::PathMtuTo(destination, mark);
    const uint32_t least = v4 ? m_icmp.leastPathMtu : IPV6_LEAST;
    return told == 0 ? link : std::min(link, std::max(told, least));
}

uint32_t
Endpoint::LinkMtu(const IpAddress& destination)
{
    const Instant now = m_loop.Now();
    if (m_linkMtus.size() >= limits::PATH_MTUS)
    {
        m_linkMtus.clear(); // peers come and go
    }
    LinkMtuKnown& known = m_linkMtus[destination];
    if (!known.asked || now - *known.asked > ADDRESSES_KEPT)
    {
        known = {now, AskLinkMtu(destination)};
    }
    return known.octets;
}

Endpoint::~Endpoint()
{
    for (const io::IpSocket& socket : m_udp)
    {
        m_loop.Unwatch(socket.Descriptor());
    }
    for (const io::IpSocket& socket : m_raw)
    {
        m_loop.Unwatch(socket.Descriptor());
    }
    ForgetTun();
}

io::SystemResult<std::unique_ptr<Endpoint>>
Endpoint::Open(io::EventLoop& loop,
               Journal& journal,
               gateway::Config config,
               const EndpointOptions& options)
{
    FillLocalAddresses(config.ike);
    std::unique_ptr<Endpoint> endpoint(new Endpoint(loop, journal, std::move(config), options));
    if (!options.tun)
    {
        TRY_SYSTEM(CheckNested(endpoint->m_ikeConfig));
    }
    TRY_SYSTEM(endpoint->OpenUdp());
    if (options.tun)
    {
        TRY_SYSTEM(CheckProtocols(endpoint->m_ikeConfig));
        TRY_SYSTEM(endpoint->OpenTun());
        if (options.routes)
        {
            TRY_SYSTEM(endpoint->InstallRoutes());
        }
    }
    return endpoint;
}

io::SystemResult<void>
Endpoint::OpenUdp()
{
    for (const SocketAddress& local : AddressesToBind(m_ikeConfig))
    {
        auto socket = io::IpSocket::BindUdp(local);
        const bool optional = local.address.IsV6() && local.address.IsUnspecified();
        if (!socket && optional && socket.error().code != EADDRINUSE)
        {
            m_notes.emplace_back("NET", "no IPv6: " + socket.error().message);
            continue;
        }
        TRY_SYSTEM(socket);
        if (m_options.tun && m_options.routes)
        {
            TRY_SYSTEM(socket->SetMark(io::PolicyRoutes::MARK));
        }
        io::IpSocket& kept = m_udp.emplace_back(std::move(*socket));
        m_loop.Watch(kept.Descriptor(), [this, &kept] { ReadUdp(kept); });
        m_notes.emplace_back("NET", fmt::format("listening on {}", kept.Local().ToString()));
    }
    return {};
}

io::SystemResult<void>
Endpoint::OpenTun()
{
    auto tun = io::TunDevice::Open(m_options.tunName, m_options.mtu);
    TRY_SYSTEM(tun);
    m_tun.emplace(std::move(*tun));
    m_loop.Watch(m_tun->Descriptor(), [this] { ReadTun(); });
    m_notes.emplace_back(
        "KNL", fmt::format("created TUN device {}, MTU {}", m_tun->Name(), m_options.mtu));
    return {};
}

io::SystemResult<void>
Endpoint::InstallRoutes()
{
    auto addresses = io::LocalAddresses();
    TRY_SYSTEM(addresses);
    m_localAddresses = std::move(*addresses);
    auto routes = io::PolicyRoutes::Open();
    TRY_SYSTEM(routes);
    m_routes.emplace(std::move(*routes));
    for (const auto& connection : m_ikeConfig.connections)
    {
        for (const ike::ChildConfig& child : connection->children)
        {
            for (const Selector& selector : child.remoteTs)
            {
                for (const IpRange& prefix : io::ToPrefixes(selector.addresses))
                {
                    m_learned.Configure(prefix);
                    TRY_SYSTEM(InstallRoute(child.localTs, prefix));
                }
            }
        }
    }
    return {};
}

io::SystemResult<void>
Endpoint::InstallRoute(const Selectors& localTs, const IpRange& prefix)
{
    io::Route route = RouteTo(prefix);
    // What this host sends itself must come from an address that the child protects.
    for (const Selector& selector : localTs)
    {
        const auto found = std::ranges::find_if(m_localAddresses,
                                                [&](const IpAddress& address) {
                                                    return address.IsV4() == prefix.first.IsV4() &&
                                                           selector.addresses.Contains(address);
                                                });
        if (found != m_localAddresses.end())
        {
            route.preferredSource = *found;
            break;
        }
    }
    TRY_SYSTEM(m_routes->Add(route));
    m_notes.emplace_back("KNL",
                         fmt::format("installed route {} dev {}{} table {}",
                                     prefix.ToString(),
                                     m_tun->Name(),
                                     route.preferredSource
                                         ? " src " + route.preferredSource->ToString()
                                         : std::string(),
                                     io::PolicyRoutes::TABLE));
    return {};
}

io::Route
Endpoint::RouteTo(const IpRange& prefix) const
{
    return {.network = prefix.first,
            .prefixLength = prefix.PrefixLength().value_or(0),
            .interfaceIndex = m_tun->Index()};
}

void
Endpoint::LearnRoutes(Instant now, const ike::ChildSaInstalled& child)
{
    if (!m_tun || !m_routes || !child.config || !child.config->remoteTs.empty())
    {
        return;
    }
    for (const IpRange& prefix : m_learned.Add(child.child, child.remoteTs))
    {
        if (const auto installed = InstallRoute(child.localTs, prefix); !installed)
        {
            m_journal.LogError(now, "KNL", installed.error().message);
        }
    }
    LogNotes(now);
}

void
Endpoint::ForgetRoutes(Instant now, ChildSaId child)
{
    m_learned.Remove(child);
    while (const auto prefix = m_learned.TakeSurplus())
    {
        if (m_tun && m_routes)
        {
            m_routes->Remove(RouteTo(*prefix));
            m_journal.Log(now, "KNL", "removed route " + prefix->ToString());
        }
    }
}

void
Endpoint::LogNotes(Instant now)
{
    for (const auto& [group, note] : m_notes)
    {
        m_journal.Log(now, group, note);
    }
    m_notes.clear();
}

void
Endpoint::Start()
{
    const Instant now = m_loop.Now();
    LogNotes(now);
    m_gateway.Start(now);
    Drain(now);
}

Result<void>
Endpoint::Initiate(std::string_view child)
{
    const Instant now = m_loop.Now();
    auto result = m_gateway.Initiate(now, child);
    Drain(now);
    return result;
}

Result<void>
Endpoint::Terminate(std::string_view connection)
{
    const Instant now = m_loop.Now();
    auto result = m_gateway.Terminate(now, connection);
    Drain(now);
    return result;
}

Result<void>
Endpoint::TerminateChild(std::string_view child)
{
    const Instant now = m_loop.Now();
    auto result = m_gateway.TerminateChild(now, child);
    Drain(now);
    return result;
}

Result<void>
Endpoint::CheckLiveness(std::string_view connection)
{
    const Instant now = m_loop.Now();
    auto result = m_gateway.CheckLiveness(now, connection);
    Drain(now);
    return result;
}

void
Endpoint::Shutdown()
{
    const Instant now = m_loop.Now();
    m_gateway.Shutdown(now);
    Drain(now);
}

void
Endpoint::HandleTimeout()
{
    const Instant now = m_loop.Now();
    m_gateway.HandleTimeout(now);
    Drain(now);
}

std::optional<Instant>
Endpoint::Deadline() const
{
    return m_gateway.PollTimeout();
}

std::vector<ike::IkeSaInfo>
Endpoint::List() const
{
    return m_gateway.List();
}

bool
Endpoint::Empty() const
{
    return m_gateway.Empty();
}

const gateway::Counters&
Endpoint::Counters() const
{
    return m_gateway.GetCounters();
}

void
Endpoint::Drain(Instant now)
{
    for (bool again = true; again;)
    {
        again = false;
        for (gateway::Outgoing outgoing; m_gateway.PollDummy(now, m_packet, outgoing);)
        {
            SendProtected(now, outgoing);
        }
        while (const auto datagram = m_gateway.PollTransmit())
        {
            SendDatagram(now, *datagram);
        }
        // Events before held packets: the capture needs the keys before what they protect.
        while (const auto event = m_gateway.PollEvent())
        {
            HandleEvent(now, *event);
        }
        while (const auto sealed = m_gateway.PollSealed())
        {
            m_packet.Assign(sealed->packet);
            SendProtected(now, sealed->outgoing);
            again = true;
        }
        while (const auto released = m_gateway.PollReleased())
        {
            m_packet.Assign(*released);
            SendClear(now);
            again = true;
        }
    }
}

void
Endpoint::HandleEvent(Instant now, const gateway::Event& event)
{
    m_journal.OnEvent(now, event);
    if (const auto* message = std::get_if<ike::MessageEvent>(&event);
        message != nullptr && message->exchange == wire::ExchangeType::IKE_SA_INIT)
    {
        // Before anybody can send ESP to us, and only where somebody speaks IKE.
        EnsureRaw(message->path.local.address);
    }
    if (const auto* child = std::get_if<ike::ChildSaInstalled>(&event))
    {
        LearnRoutes(now, *child);
    }
    if (const auto* child = std::get_if<ike::ChildSaRemoved>(&event))
    {
        ForgetRoutes(now, child->child);
    }
    // Without a TUN device nobody asked for packets.
    if (const auto* child = std::get_if<ike::ChildSaInstalled>(&event);
        m_tun && child != nullptr && !child->udpEncapsulation &&
        RawFor(child->path.local.address) == nullptr)
    {
        m_journal.LogError(now,
                           "KNL",
                           fmt::format("CHILD_SA {} cannot carry packets: {}; or set encap = true",
                                       child->config ? child->config->name : std::string(),
                                       m_rawProblem ? m_rawProblem->message : "no raw socket"));
    }
    m_onEvent(event);
}

void
Endpoint::EnsureRaw(const IpAddress& local)
{
    if (!m_tun || m_rawProblem || RawFor(local) != nullptr)
    {
        return;
    }
    const auto udp = std::ranges::find_if(
        m_udp, [&](const io::IpSocket& socket) { return socket.Serves(local); });
    if (udp == m_udp.end())
    {
        return;
    }
    auto socket = io::IpSocket::OpenRaw(udp->Local().address, wire::IP_PROTOCOL_ESP);
    if (socket && m_options.routes)
    {
        if (auto marked = socket->SetMark(io::PolicyRoutes::MARK); !marked)
        {
            socket = tl::unexpected<io::SystemError>(std::move(marked.error()));
        }
    }
    if (!socket)
    {
        m_rawProblem = std::move(socket.error());
        return;
    }
    io::IpSocket& kept = m_raw.emplace_back(std::move(*socket));
    m_loop.Watch(kept.Descriptor(), [this, &kept] { ReadRaw(kept); });
}

void
Endpoint::ForgetTun()
{
    if (m_tun)
    {
        m_loop.Unwatch(m_tun->Descriptor());
        m_routes.reset();
        m_tun.reset();
    }
}

gateway::Origin
Endpoint::OriginOf(Instant now, Bytes packet)
{
    if (!m_addressesRead || now - *m_addressesRead > ADDRESSES_KEPT)
    {
        m_addressesRead = now;
        if (auto addresses = io::LocalAddresses())
        {
            m_localAddresses = std::move(*addresses);
        }
    }
    const auto source = SourceOf(packet);
    return source && std::ranges::binary_search(m_localAddresses, *source)
               ? gateway::Origin::LOCAL
               : gateway::Origin::FORWARDED;
}

io::IpSocket*
Endpoint::UdpFor(const SocketAddress& local)
{
    for (io::IpSocket& socket : m_udp)
    {
        if (socket.Local().port == local.port && socket.Serves(local.address))
        {
            return &socket;
        }
    }
    return nullptr;
}

io::IpSocket*
Endpoint::RawFor(const IpAddress& local)
{
    for (io::IpSocket& socket : m_raw)
    {
        if (socket.Serves(local))
        {
            return &socket;
        }
    }
    return nullptr;
}

void
Endpoint::Complain(Instant now, std::string_view group, const std::string& text)
{
    if (m_complained && now - *m_complained < COMPLAINT_INTERVAL && text == m_complaint)
    {
        return;
    }
    m_complained = now;
    m_complaint = text;
    m_journal.Log(now, group, text);
}

} // namespace ikelab::endpoint
