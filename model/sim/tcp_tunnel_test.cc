// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flat_packet.h"
#include "sim/testing/gateway_sites.h"
#include "sim/testing/unruly_link.h"

#include "ns3/inet-socket-address.h"
#include "ns3/inet6-socket-address.h"
#include "ns3/simulator.h"
#include "ns3/tcp-socket-factory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <string>
#include <vector>

/**
 * Bulk transfers by TCP through SAs whose packets are lost, doubled and overtaken: all octets
 * arrive as they were, and the replay window drops what a window of its size must drop. The same
 * across 2^32, with extended sequence numbers and without.
 */
namespace ns3
{

namespace
{

using ikelab::Bytes;
using testing::GatewaySites;
using testing::SiteToSite;
using testing::UnrulyLink;

constexpr uint16_t PORT = 9;
constexpr uint64_t LAST32 = 0xffffffff;
constexpr double BEGIN = 3;
constexpr size_t OCTETS = 400'000;

std::string
Pattern(size_t octets)
{
    std::string pattern(octets, '\0');
    uint32_t state = 1;
    for (char& octet : pattern)
    {
        state = state * 1664525 + 1013904223;
        octet = static_cast<char>(state >> 24);
    }
    return pattern;
}

/// Sends a text over TCP as fast as the peer takes it.
class PatternSender
{
  public:
    PatternSender(Ptr<Node> node, const ikelab::IpAddress& to, std::string text)
        : m_text(std::move(text)),
          m_socket(Socket::CreateSocket(node, TcpSocketFactory::GetTypeId()))
    {
        Simulator::Schedule(
            Seconds(BEGIN),
            [this, to]()
            {
                m_socket->SetConnectCallback(MakeCallback(&PatternSender::Connected, this),
                                             MakeNullCallback<void, Ptr<Socket>>());
                m_socket->SetSendCallback(MakeCallback(&PatternSender::Room, this));
                if (to.IsV4())
                {
                    m_socket->Connect(InetSocketAddress(flat::ToIpv4Address(to), PORT));
                }
                else
                {
                    m_socket->Connect(Inet6SocketAddress(flat::ToIpv6Address(to), PORT));
                }
            });
    }

    ~PatternSender()
    {
        m_socket->SetConnectCallback(MakeNullCallback<void, Ptr<Socket>>(),
                                     MakeNullCallback<void, Ptr<Socket>>());
        m_socket->SetSendCallback(MakeNullCallback<void, Ptr<Socket>, uint32_t>());
    }

    PatternSender(const PatternSender&) = delete;
    PatternSender& operator=(const PatternSender&) = delete;

  private:
    void
    Connected(Ptr<Socket> socket)
    {
        Room(socket, socket->GetTxAvailable());
    }

    void
    Room(Ptr<Socket> socket, uint32_t room)
    {
        while (m_sent < m_text.size() && room > 0)
        {
            const auto chunk =
                static_cast<uint32_t>(std::min<size_t>({m_text.size() - m_sent, room, 1000}));
            const int sent = socket->Send(
                Create<Packet>(reinterpret_cast<const uint8_t*>(m_text.data() + m_sent), chunk));
            if (sent <= 0)
            {
                return;
            }
            m_sent += static_cast<size_t>(sent);
            room = socket->GetTxAvailable();
        }
    }

    std::string m_text;
    size_t m_sent{0};
    Ptr<Socket> m_socket;
};

/// What a replay window of so many packets must drop, by the words of RFC 4303 §3.4.3: all that was
/// there before and all left of the window.
class PlainWindow
{
  public:
    PlainWindow(uint32_t size, uint64_t highest) : m_size(size), m_highest(highest)
    {
    }

    void
    See(uint32_t low)
    {
        // The number nearest to the highest one: nothing here is 2^31 apart.
        const auto distance = static_cast<int32_t>(low - static_cast<uint32_t>(m_highest));
        const uint64_t sequence = m_highest + static_cast<uint64_t>(int64_t{distance});
        if (m_size != 0 && (sequence + m_size <= m_highest || m_seen.contains(sequence)))
        {
            ++dropped;
            return;
        }
        repeated += m_seen.insert(sequence).second ? 0 : 1;
        m_highest = std::max(m_highest, sequence);
        ++accepted;
    }

    size_t dropped{0};
    size_t accepted{0};
    size_t repeated{0};

  private:
    uint32_t m_size;
    uint64_t m_highest;
    std::set<uint64_t> m_seen;
};

struct Case
{
    const char* name;
    const char* proposal{"aes128gcm16"};
    bool innerV6{false};
    bool outerV6{false};
    bool transport{false};
    uint32_t window{64};
    double loss{0};
    double duplicates{0};
    double overtaken{0};
    double wait{0};    ///< ms
    bool wraps{false}; ///< begins 100 packets before 2^32
    const char* action{"start"};
    bool strict{false}; ///< the window is smaller than the disorder
};

std::ostream&
operator<<(std::ostream& stream, const Case& c)
{
    return stream << c.name;
}

class TransferRun
{
  public:
    explicit TransferRun(const Case& c)
        : m_case(c),
          m_sites(
              Options(c),
              [&](SiteToSite& sites, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)
              {
                  Change(sites, moon, true);
                  Change(sites, sun, false);
              }),
          m_text(Pattern(OCTETS)),
          m_window(c.window, c.wraps ? LAST32 - 100 : 0),
          m_inbox(c.transport ? m_sites.sites.sun : m_sites.sites.bob,
                  c.transport ? c.outerV6 : c.innerV6,
                  PORT),
          m_sender(c.transport ? m_sites.sites.moon : m_sites.sites.alice,
                   c.transport ? m_sites.sites.sunOutside : m_sites.sites.bobAddress,
                   m_text)
    {
        m_sites.Watch([this](const TapFrame& frame) { See(frame); });
        m_sites.sun->TraceConnectWithoutContext(
            "ChildSaInstalled",
            Callback<void, const ikelab::ike::ChildSaInstalled&>(
                [this](const ikelab::ike::ChildSaInstalled& child)
                { spis.push_back(child.inboundSpi.value); }));
        m_sites.moon->TraceConnectWithoutContext(
            "PacketRefused",
            Callback<void, const ikelab::gateway::PacketRefused&>(
                [this](const ikelab::gateway::PacketRefused& refused)
                { exhausted += refused.error.fault == ikelab::Fault::EXHAUSTED ? 1 : 0; }));
        Simulator::Schedule(Seconds(2.5), [this]() { Unsettle(); });
    }

    void
    Run(double seconds)
    {
        m_sites.Run(seconds);
    }

    const std::string&
    Got() const
    {
        return m_inbox.octets;
    }

    const std::string&
    Sent() const
    {
        return m_text;
    }

    const PlainWindow&
    Window() const
    {
        return m_window;
    }

    ikelab::gateway::ChildSaCounters
    Counters(const Ptr<IkeApplication>& gateway) const
    {
        const auto sas = gateway->List();
        if (sas.empty() || sas.front().children.empty())
        {
            return {};
        }
        return *gateway->CountersOf(sas.front().children.front().id);
    }

    const GatewaySites&
    Sites() const
    {
        return m_sites;
    }

    std::vector<uint32_t> spis;          ///< of moon's packets to sun, in the order of their SAs
    std::set<std::vector<uint8_t>> sent; ///< SPI, sequence number and IV of every packet of moon's
    size_t sentTwice{0};
    size_t exhausted{0};
    uint32_t lowest{UINT32_MAX}; ///< of the numbers under the first SPI
    uint32_t highest{0};
    Ptr<UnrulyLink> toSun;

  private:
    static SiteToSite::Options
    Options(const Case& c)
    {
        SiteToSite::Options options;
        options.innerV6 = c.innerV6;
        options.outerV6 = c.outerV6;
        options.rate = "20Mbps";
        options.delay = "5ms";
        options.seed = 11;
        return options;
    }

    void
    Change(const SiteToSite& sites, ikelab::gateway::Config& config, bool left) const
    {
        testing::ChangeChild(
            config,
            [&](ikelab::ike::ChildConfig& child)
            {
                child.espProposals = {*ikelab::gateway::ReadEspProposal(m_case.proposal)};
                child.replayWindow = m_case.window;
                if (left && std::string(m_case.action) == "trap")
                {
                    child.startAction = ikelab::ike::StartAction::TRAP;
                }
                if (m_case.transport)
                {
                    child.mode = ikelab::ike::Mode::TRANSPORT;
                    const auto& mine = left ? sites.moonOutside : sites.sunOutside;
                    const auto& other = left ? sites.sunOutside : sites.moonOutside;
                    child.localTs = {{{mine, mine}}};
                    child.remoteTs = {{{other, other}}};
                }
            });
    }

    /// From now on the link is what the case says, and the SA where it says.
    void
    Unsettle()
    {
        const auto device = [&](uint32_t end)
        {
            return DynamicCast<PointToPointNetDevice>(m_sites.sites.wan.Get(end));
        };
        const UnrulyLink::Options options{
            m_case.loss, m_case.duplicates, m_case.overtaken, Seconds(m_case.wait / 1000)};
        toSun = UnrulyLink::Install(device(1), options, 1);
        UnrulyLink::Install(device(0), options, 2);
        if (m_case.wraps)
        {
            const auto advance = [](const Ptr<IkeApplication>& gateway, uint64_t out, uint64_t in)
            {
                const auto child = gateway->List().front().children.front().id;
                EXPECT_TRUE(gateway->AdvanceSequences(child, out, in));
            };
            advance(m_sites.moon, LAST32 - 100, 0);
            advance(m_sites.sun, 0, LAST32 - 100);
        }
    }

    void
    See(const TapFrame& frame)
    {
        constexpr uint8_t ESP = 50;
        const Bytes data = frame.data;
        const bool v4 = !data.empty() && data[0] >> 4 == 4;
        const size_t header = v4 ? 20 : 40;
        if (data.size() < header + 24 || data[v4 ? 9 : 6] != ESP)
        {
            return;
        }
        const Bytes esp = data.subspan(header);
        const auto word = [&](size_t at)
        {
            return uint32_t{esp[at]} << 24 | uint32_t{esp[at + 1]} << 16 |
                   uint32_t{esp[at + 2]} << 8 | esp[at + 3];
        };
        if (std::ranges::find(spis, word(0)) == spis.end())
        {
            return;
        }
        if (frame.sent && frame.device == m_sites.sites.wan.Get(0))
        {
            sentTwice += sent.emplace(esp.begin(), esp.begin() + 16).second ? 0 : 1;
            if (word(0) == spis.front())
            {
                lowest = std::min(lowest, word(4));
                highest = std::max(highest, word(4));
            }
        }
        else if (!frame.sent && frame.device == m_sites.sites.wan.Get(1) && word(0) == spis.front())
        {
            m_window.See(word(4));
        }
    }

    Case m_case;
    GatewaySites m_sites;
    std::string m_text;
    PlainWindow m_window;
    testing::TcpInbox m_inbox;
    PatternSender m_sender;
};

class Transfer : public ::testing::TestWithParam<Case>
{
};

TEST_P(Transfer, BringsEveryOctetAndDropsWhatTheWindowMust)
{
    const Case& c = GetParam();
    TransferRun run(c);
    run.Run(c.loss > 0 || c.strict ? 400 : 60);
    EXPECT_EQ(run.Got().size(), OCTETS);
    EXPECT_TRUE(run.Got() == run.Sent());
    EXPECT_EQ(run.sentTwice, 0u);
    const auto counters = run.Counters(run.Sites().sun);
    // With extended numbers what is left of the window reads as of the next 2^32, and its ICV is
    // wrong then (RFC 4303 appendix A2.2).
    EXPECT_EQ(counters.replayedPackets + counters.integrityFailures, run.Window().dropped);
    EXPECT_EQ(counters.inboundPackets, run.Window().accepted);
    EXPECT_EQ(counters.refusedPackets, 0u);
    if (c.window != 0)
    {
        EXPECT_EQ(run.Window().repeated, 0u);
    }
    if (c.duplicates > 0)
    {
        EXPECT_GT(run.toSun->doubled, 5u);
        EXPECT_GE(run.Window().dropped + run.Window().repeated, run.toSun->doubled / 2);
    }
    if (c.overtaken > 0)
    {
        EXPECT_GT(run.toSun->delayed, 10u);
    }
    if (c.strict)
    {
        EXPECT_GT(run.Window().dropped, 3u);
    }
    else if (c.duplicates == 0)
    {
        EXPECT_EQ(run.Window().dropped, 0u);
    }
    if (c.wraps)
    {
        EXPECT_GT(counters.inboundSequence, LAST32 + 300);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Links,
    Transfer,
    ::testing::Values(
        Case{.name = "Quiet"},
        Case{.name = "Reordered", .window = 1024, .overtaken = 0.2, .wait = 4},
        Case{.name = "ReorderedCbcV6",
             .proposal = "aes128-sha256",
             .innerV6 = true,
             .outerV6 = true,
             .window = 1024,
             .overtaken = 0.2,
             .wait = 4},
        Case{.name = "ReorderedBeyondTheWindow",
             .window = 32,
             .overtaken = 0.02,
             .wait = 150,
             .strict = true},
        Case{.name = "BeyondTheWindowWithEsn",
             .proposal = "aes256gcm16-esn",
             .window = 32,
             .overtaken = 0.02,
             .wait = 150,
             .strict = true},
        Case{.name = "NoWindow", .window = 0, .duplicates = 0.05, .overtaken = 0.1, .wait = 20},
        Case{.name = "LostAndDoubled",
             .proposal = "chacha20poly1305",
             .innerV6 = true,
             .window = 256,
             .loss = 0.01,
             .duplicates = 0.05,
             .overtaken = 0.1,
             .wait = 4},
        Case{.name = "Transport", .transport = true, .window = 512, .overtaken = 0.2, .wait = 4},
        Case{.name = "TransportV6CbcLost",
             .proposal = "aes256-sha512",
             .outerV6 = true,
             .transport = true,
             .window = 512,
             .loss = 0.01,
             .duplicates = 0.05},
        Case{.name = "AcrossTheWrapWithEsn",
             .proposal = "aes128gcm16-esn",
             .window = 512,
             .duplicates = 0.05,
             .overtaken = 0.3,
             .wait = 10,
             .wraps = true},
        Case{.name = "AcrossTheWrapWithEsnCbcV6",
             .proposal = "aes128-sha256-esn",
             .innerV6 = true,
             .outerV6 = true,
             .window = 512,
             .overtaken = 0.3,
             .wait = 10,
             .wraps = true}),
    [](const auto& run) { return run.param.name; });

/// RFC 4303 §3.3.3: the number 0 never comes; the SA ends, and that is told.
TEST(SequenceNumbers, WithoutExtensionEndWithTheSa)
{
    TransferRun run({.name = "End", .window = 512, .overtaken = 0.3, .wait = 4, .wraps = true});
    run.Run(20);
    EXPECT_EQ(run.highest, LAST32);
    EXPECT_GT(run.lowest, LAST32 - 101);
    EXPECT_EQ(run.sentTwice, 0u);
    EXPECT_EQ(run.exhausted, 1u);
    EXPECT_LT(run.Got().size(), OCTETS);
    EXPECT_EQ(run.Got(), run.Sent().substr(0, run.Got().size()));
    for (const auto& gateway : {run.Sites().moon, run.Sites().sun})
    {
        ASSERT_EQ(gateway->List().size(), 1u);
        EXPECT_TRUE(gateway->List().front().children.empty());
    }
}

/// With start_action trap the next packet asks for another SA, and TCP does not notice.
TEST(SequenceNumbers, WithoutExtensionGoOnWithAnotherSa)
{
    Case c{.name = "Trap", .window = 512, .wraps = true, .action = "trap"};
    TransferRun run(c);
    // The trap needs something to catch before the SA can be moved on.
    testing::SendUdpAt(
        Seconds(1.5), run.Sites().sites.alice, run.Sites().sites.bobAddress, PORT + 1, "first");
    run.Run(60);
    EXPECT_GE(run.spis.size(), 2u);
    EXPECT_EQ(run.highest, LAST32);
    EXPECT_EQ(run.sentTwice, 0u);
    EXPECT_GE(run.exhausted, 1u);
    EXPECT_EQ(run.Got().size(), OCTETS);
    EXPECT_TRUE(run.Got() == run.Sent());
}

} // namespace

} // namespace ns3
