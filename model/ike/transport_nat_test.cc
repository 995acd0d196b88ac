// SPDX-License-Identifier: MIT
#include "ike/policy/traffic_selectors.h"
#include "ike/policy/transport_nat.h"
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gtest/gtest.h>

#include <functional>

/**
 * Transport mode through NATs, RFC 7296 §2.23.1: client A, server B.
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::string_view_literals;
using testing::Insider;
using testing::Pair;
using testing::Setting;
using testing::Subnet;
using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;

// The addresses of the section's figure.
constexpr std::string_view IP1 = "192.0.2.1";
constexpr std::string_view IPN1 = "203.0.113.1";
constexpr std::string_view IPN2 = "198.51.100.1";
constexpr std::string_view IP2 = "192.0.2.2";
constexpr uint8_t TCP = 6;
constexpr uint8_t UDP = 17;

Selectors
Host(std::string_view address)
{
    return {Subnet(address)};
}

/// Which of the two NATs are on the path.
struct Nats
{
    bool a{true};
    bool b{true};
};

Setting
Transport(const Nats& nats = {})
{
    Setting setting;
    for (ConnectionConfig* end : {&setting.a, &setting.b})
    {
        ChildConfig& child = end->children.front();
        child.mode = Mode::TRANSPORT;
        child.localTs.clear(); // "dynamic"
        child.remoteTs.clear();
    }
    setting.b.remoteAddrs.clear();
    setting.a.remoteAddrs = {testing::Address(nats.b ? IPN2 : IP2)};
    return setting;
}

/// A handshake through NATs.
struct NatPair
{
    explicit NatPair(const Setting& setting, const Nats& nats = {}) : pair(setting)
    {
        if (nats.a)
        {
            pair.wire.natA.emplace(testing::Address(IPN1));
        }
        if (nats.b)
        {
            pair.wire.natB.emplace(testing::Address(IPN2), true);
            (void)pair.wire.natB->Outward(testing::Socket(IP2));
        }
    }

    void
    Run()
    {
        pair.Initiate();
        pair.RunFor(seconds(1));
    }

    const ChildSaInstalled&
    A() const
    {
        return *pair.a.Last<ChildSaInstalled>();
    }

    const ChildSaInstalled&
    B() const
    {
        return *pair.b.Last<ChildSaInstalled>();
    }

    bool
    Up() const
    {
        return pair.a.ChildSas() == 1 && pair.b.ChildSas() == 1 && pair.KeysAgree();
    }

    Pair pair;
};

AddressPair
Ends(std::string_view source, std::string_view destination)
{
    return {testing::Address(source), testing::Address(destination)};
}

TEST(TransportNat, GivesEachEndItsOwnViewOfTheAddresses)
{
    NatPair nats(Transport());
    nats.Run();
    ASSERT_TRUE(nats.Up());
    EXPECT_EQ(nats.A().mode, Mode::TRANSPORT);
    EXPECT_EQ(nats.B().mode, Mode::TRANSPORT);
    EXPECT_EQ(nats.A().localTs, Host(IP1));
    EXPECT_EQ(nats.A().remoteTs, Host(IPN2));
    EXPECT_EQ(nats.B().localTs, Host(IP2));
    EXPECT_EQ(nats.B().remoteTs, Host(IPN1));
    // What the client sent the server keeps, and what it answered (the substituted ones) the
    // client: the ends of the other's packets.
    EXPECT_EQ(nats.B().original, Ends(IP1, IPN2));
    EXPECT_EQ(nats.A().original, Ends(IP2, IPN1));
    EXPECT_TRUE(nats.A().udpEncapsulation && nats.B().udpEncapsulation);
}

TEST(TransportNat, SubstitutesOnlyWhereANatIs)
{
    NatPair client(Transport({true, false}), {true, false});
    client.Run();
    ASSERT_TRUE(client.Up());
    EXPECT_EQ(client.A().localTs, Host(IP1));
    EXPECT_EQ(client.A().remoteTs, Host(IP2));
    EXPECT_EQ(client.B().localTs, Host(IP2));
    EXPECT_EQ(client.B().remoteTs, Host(IPN1));
    EXPECT_EQ(client.B().original, Ends(IP1, IP2));
    EXPECT_EQ(client.A().original, Ends(IP2, IPN1));

    NatPair server(Transport({false, true}), {false, true});
    server.Run();
    ASSERT_TRUE(server.Up());
    EXPECT_EQ(server.A().localTs, Host(IP1));
    EXPECT_EQ(server.A().remoteTs, Host(IPN2));
    EXPECT_EQ(server.B().localTs, Host(IP2));
    EXPECT_EQ(server.B().remoteTs, Host(IP1));
    EXPECT_EQ(server.B().original, Ends(IP1, IPN2));
    EXPECT_EQ(server.A().original, Ends(IP2, IP1));
}

TEST(TransportNat, ThatIsNotThereChangesNothing)
{
    Setting setting = Transport({false, false});
    setting.a.children.front().localTs = {Subnet("192.0.2.0/24")};
    setting.b.children.front().remoteTs = {Subnet("192.0.2.0/24")};
    NatPair nats(setting, {false, false});
    nats.Run();
    ASSERT_TRUE(nats.Up());
    EXPECT_EQ(nats.A().mode, Mode::TRANSPORT);
    EXPECT_FALSE(nats.A().original || nats.B().original);
    EXPECT_EQ(nats.A().localTs, Selectors{Subnet("192.0.2.0/24")});
    EXPECT_TRUE(nats.pair.Agree());
}

TEST(TransportNat, OfATunnelIsNoneOfItsBusiness)
{
    Setting setting = Transport();
    for (ConnectionConfig* end : {&setting.a, &setting.b})
    {
        end->children.front().mode = Mode::TUNNEL;
    }
    setting.a.children.front().localTs =
        setting.b.children.front().remoteTs = {Subnet("10.1.0.0/16")};
    setting.a.children.front().remoteTs =
        setting.b.children.front().localTs = {Subnet("10.2.0.0/16")};
    NatPair nats(setting);
    nats.Run();
    ASSERT_TRUE(nats.Up());
    EXPECT_TRUE(nats.pair.Agree());
    EXPECT_FALSE(nats.A().original || nats.B().original);
}

// "MUST use exactly one IP address": wildcards shrink to the ends of the IKE SA, and there may be
// several selectors.
TEST(TransportNat, ProposesExactlyTheEndsOfTheIkeSa)
{
    Setting setting = Transport();
    setting.a.children.front().localTs = {Subnet("0.0.0.0/0", TCP, 1000, 2000),
                                          Subnet("192.0.2.0/24", UDP, 53, 53)};
    setting.a.children.front().remoteTs = {Subnet("0.0.0.0/0", TCP, 80, 80),
                                           Subnet("0.0.0.0/0", UDP, 53, 53)};
    setting.b.children.front().remoteTs = {Subnet("0.0.0.0/0")};
    setting.b.children.front().localTs = {Subnet("0.0.0.0/0")};
    NatPair nats(setting);
    nats.Run();
    ASSERT_TRUE(nats.Up());
    EXPECT_EQ(nats.A().localTs,
              (Selectors{Subnet(IP1, TCP, 1000, 2000), Subnet(IP1, UDP, 53, 53)}));
    EXPECT_EQ(nats.A().remoteTs, (Selectors{Subnet(IPN2, TCP, 80, 80), Subnet(IPN2, UDP, 53, 53)}));
    EXPECT_EQ(nats.B().remoteTs,
              (Selectors{Subnet(IPN1, TCP, 1000, 2000), Subnet(IPN1, UDP, 53, 53)}));
    EXPECT_EQ(nats.B().localTs, (Selectors{Subnet(IP2, TCP, 80, 80), Subnet(IP2, UDP, 53, 53)}));
}

// The server narrows protocols and ports of what it substituted, the client checks them so too.
TEST(TransportNat, IsNarrowedAfterTheSubstitution)
{
    Setting setting = Transport();
    setting.b.children.front().localTs = {Subnet(IP2, TCP, 80, 80)};
    setting.b.children.front().remoteTs = {Subnet("203.0.113.0/24", TCP, 1024, 65535)};
    NatPair nats(setting);
    nats.Run();
    ASSERT_TRUE(nats.Up());
    EXPECT_EQ(nats.B().remoteTs, Selectors{Subnet(IPN1, TCP, 1024, 65535)});
    EXPECT_EQ(nats.A().localTs, Selectors{Subnet(IP1, TCP, 1024, 65535)});
    EXPECT_EQ(nats.A().remoteTs, Selectors{Subnet(IPN2, TCP, 80, 80)});
}

// Who only pretends to be behind a NAT looks no different to the peer.
TEST(TransportNat, MayBePretended)
{
    for (const bool byA : {true, false})
    {
        Setting setting = Transport({false, false});
        setting.a.children.front().localTs = {Subnet("192.0.2.0/24")};
        setting.b.children.front().remoteTs = {Subnet("192.0.2.0/24")};
        (byA ? setting.a : setting.b).encap = true;
        NatPair nats(setting, {false, false});
        nats.Run();
        ASSERT_TRUE(nats.Up());
        EXPECT_EQ(nats.A().mode, Mode::TRANSPORT);
        EXPECT_EQ(nats.A().localTs, Host(IP1));
        EXPECT_TRUE(nats.pair.Agree());
    }
}

TEST(TransportNat, IsNotAskedForBetweenOthers)
{
    Setting setting = Transport();
    setting.a.children.front().localTs = {Subnet("10.1.0.0/16")};
    NatPair nats(setting);
    nats.Run();
    ASSERT_EQ(nats.pair.a.Count<IkeSaClosed>(), 1u);
    EXPECT_EQ(nats.pair.a.Last<IkeSaClosed>()->error->fault, Fault::TS_UNACCEPTABLE);
    EXPECT_EQ(nats.pair.a.ChildSas() + nats.pair.b.ChildSas(), 0u);
}

// "found but it does not allow transport mode": the substitution is undone, and what is left is a
// tunnel between the ends that the client named.
TEST(TransportNat, FallsBackToATunnelBetweenTheRealEnds)
{
    Setting setting = Transport();
    ChildConfig& child = setting.b.children.front();
    child.mode = Mode::TUNNEL;
    child.remoteTs = {Subnet("0.0.0.0/0")};
    child.localTs = {Subnet("0.0.0.0/0")};
    NatPair nats(setting);
    nats.Run();
    ASSERT_TRUE(nats.Up());
    EXPECT_EQ(nats.A().mode, Mode::TUNNEL);
    EXPECT_EQ(nats.B().mode, Mode::TUNNEL);
    EXPECT_EQ(nats.B().remoteTs, Host(IP1));
    EXPECT_EQ(nats.B().localTs, Host(IPN2));
    EXPECT_FALSE(nats.A().original || nats.B().original);
    EXPECT_TRUE(nats.pair.Agree()) << "nothing was substituted";
}

// "no SPD entry was found": the same, by another entry.
TEST(TransportNat, FallsBackToTheTunnelThatKnowsTheRealEnds)
{
    Setting setting = Transport();
    ChildConfig tunnel = setting.b.children.front();
    setting.b.children.front().remoteTs = Host(IP1); // which nobody has, seen from here
    tunnel.name = "tunnel";
    tunnel.mode = Mode::TUNNEL;
    tunnel.remoteTs = Host(IP1);
    tunnel.localTs = Host(IPN2);
    setting.b.children.push_back(tunnel);
    NatPair nats(setting);
    nats.Run();
    ASSERT_TRUE(nats.Up());
    EXPECT_EQ(nats.B().config->name, "tunnel");
    EXPECT_EQ(nats.B().mode, Mode::TUNNEL);
    EXPECT_TRUE(nats.pair.Agree());
}

TEST(TransportNat, IsRefusedWhereNeitherViewFits)
{
    for (const Mode mode : {Mode::TRANSPORT, Mode::TUNNEL})
    {
        Setting setting = Transport();
        setting.b.children.front().mode = mode;
        // Of transport mode the address that only a tunnel could have, and the reverse.
        setting.b.children.front().remoteTs = Host(mode == Mode::TRANSPORT ? IP1 : IPN1);
        setting.b.children.front().localTs = {Subnet("0.0.0.0/0")};
        NatPair nats(setting);
        nats.Run();
        EXPECT_EQ(nats.pair.a.ChildSas() + nats.pair.b.ChildSas(), 0u);
        ASSERT_EQ(nats.pair.a.Count<ChildSaFailed>(), 1u);
        EXPECT_EQ(nats.pair.a.Last<ChildSaFailed>()->notify, NotifyType::TS_UNACCEPTABLE);
    }
}

TEST(TransportNat, LeavesTheErrorOfTheProposalAlone)
{
    Setting setting = Transport();
    setting.b.children.front().espProposals = {testing::EspSuiteOf("aes256gcm16")};
    NatPair nats(setting);
    nats.Run();
    ASSERT_EQ(nats.pair.a.Count<ChildSaFailed>(), 1u);
    EXPECT_EQ(nats.pair.a.Last<ChildSaFailed>()->notify, NotifyType::NO_PROPOSAL_CHOSEN);
}

/// What a message holds, opened with the keys that `keys` tells.
OpenedMessage
Reveal(const IkeKeysDerived& keys, const wire::Message& message, bool fromInitiator)
{
    crypto::IkeKeys copy;
    copy.ei = keys.ei.Copy();
    copy.er = keys.er.Copy();
    copy.ai = keys.ai.Copy();
    copy.ar = keys.ar.Copy();
    MessageCodec codec(testing::SharedContext(), keys.suite, std::move(copy), !fromInitiator);
    auto opened = codec.Open(message);
    return opened ? std::move(*opened) : OpenedMessage{{}, wire::PayloadChain()};
}

/// The IKE_AUTH message of one end says other selectors than it should.
class LyingEnd
{
  public:
    explicit LyingEnd(bool client, const Setting& setting = Transport(), const Nats& between = {})
        : nats(setting, between),
          m_client(client)
    {
        // Its IKE_AUTH message gets lost; the other one comes instead of it.
        nats.pair.wire.loses = [this](const testing::Packet& packet)
        {
            const auto header = wire::ParseHeader(packet.message);
            const bool lost =
                header && header->exchange == ExchangeType::IKE_AUTH && packet.fromA == m_client;
            if (lost && m_message.empty())
            {
                m_message = packet.message;
            }
            return lost;
        };
        nats.pair.Initiate();
        nats.pair.RunFor(milliseconds(100));
    }

    using Change = std::function<void(PayloadType type, wire::TsPayload& ts)>;

    void
    Say(const Change& change)
    {
        Pair& pair = nats.pair;
        const auto message = wire::ParseMessage(m_message);
        ASSERT_TRUE(message.has_value());
        const IkeKeysDerived& keys = *pair.a.Last<IkeKeysDerived>();
        const OpenedMessage opened = Reveal(keys, *message, m_client);
        ASSERT_TRUE(opened.chain.has_value());
        const wire::PayloadChain& chain = *opened.chain; // borrows from what was opened
        ASSERT_FALSE(chain.payloads.empty());
        const auto fill = [&](wire::MessageBuilder& builder)
        {
            for (const wire::Payload& payload : chain.payloads)
            {
                if (const auto* ts = std::get_if<wire::TsPayload>(&payload.body))
                {
                    wire::TsPayload changed = *ts;
                    change(payload.type, changed);
                    builder.Ts(payload.type, changed);
                    continue;
                }
                builder.Add(payload);
            }
        };
        Insider liar(keys, m_client);
        if (m_client)
        {
            const SocketAddress outside = pair.wire.natA->Outward(testing::Socket(IP1, 4500));
            pair.Inject(pair.b,
                        {testing::Socket(IP2, 4500), outside},
                        liar.Request(ExchangeType::IKE_AUTH, 1, fill));
        }
        else
        {
            pair.Inject(pair.a,
                        {testing::Socket(IP1, 4500), testing::Socket(IPN2, 4500)},
                        liar.Response(ExchangeType::IKE_AUTH, 1, fill));
        }
    }

    NatPair nats;

  private:
    bool m_client;
    Buffer m_message;
};

/// Several addresses, in one selector or in two.
std::vector<LyingEnd::Change>
SeveralAddresses(PayloadType type)
{
    const auto range = [type](PayloadType which, wire::TsPayload& ts)
    {
        if (which == type)
        {
            ts.selectors.front().addresses = *IpRange::Parse("0.0.0.0/0");
        }
    };
    const auto two = [type](PayloadType which, wire::TsPayload& ts)
    {
        if (which == type)
        {
            ts.selectors.push_back(ts.selectors.front());
            ts.selectors.back().addresses = *IpRange::Parse("192.0.2.77");
        }
    };
    return {range, two};
}

TEST(TransportNatServer, TakesTheHonestClient)
{
    LyingEnd client(true);
    client.Say([](PayloadType, wire::TsPayload&) {});
    ASSERT_EQ(client.nats.pair.b.ChildSas(), 1u);
    EXPECT_EQ(client.nats.B().mode, Mode::TRANSPORT);
}

// §2.23: the selectors MUST contain exactly one address.
TEST(TransportNatServer, RefusesTransportModeForSeveralAddresses)
{
    for (const PayloadType type : {PayloadType::TSI, PayloadType::TSR})
    {
        for (const auto& change : SeveralAddresses(type))
        {
            Setting setting = Transport();
            setting.b.children.front().localTs = {Subnet("0.0.0.0/0")};
            setting.b.children.front().remoteTs = {Subnet("0.0.0.0/0")};
            LyingEnd refused(true, setting);
            refused.Say(change);
            EXPECT_EQ(refused.nats.pair.b.ChildSas(), 0u);
            ASSERT_EQ(refused.nats.pair.b.Count<ChildSaFailed>(), 1u);
            EXPECT_EQ(refused.nats.pair.b.Last<ChildSaFailed>()->notify,
                      NotifyType::TS_UNACCEPTABLE);

            setting.b.children.front().mode = Mode::TUNNEL; // may have them
            LyingEnd tunnel(true, setting);
            tunnel.Say(change);
            ASSERT_EQ(tunnel.nats.pair.b.ChildSas(), 1u);
            EXPECT_EQ(tunnel.nats.B().mode, Mode::TUNNEL);
        }
    }
}

// "MUST match the destination address of the IKE SA", which no NAT has changed here.
TEST(TransportNatServer, RefusesTransportModeForAnAddressThatIsNotOurs)
{
    Setting setting = Transport({true, false});
    setting.b.children.front().localTs = {Subnet("0.0.0.0/0")};
    for (const std::string_view address : {IP2, "192.0.2.99"sv})
    {
        LyingEnd client(true, setting, {true, false});
        client.Say(
            [&](PayloadType type, wire::TsPayload& ts)
            {
                if (type == PayloadType::TSR)
                {
                    ts.selectors.front().addresses = *IpRange::Parse(address);
                }
            });
        EXPECT_EQ(client.nats.pair.b.ChildSas(), address == IP2 ? 1u : 0u);
        EXPECT_EQ(client.nats.pair.b.Count<ChildSaFailed>(), address == IP2 ? 0u : 1u);
    }
}

TEST(TransportNatServer, SubstitutesNoAddressThatIsNotOurs)
{
    const NatPath nat{{testing::Socket(IP2, 4500), testing::Socket(IPN1, 20000)}, false, true};
    EXPECT_TRUE(Substitute(nat, Host(IP2), Host(IP1)));
    EXPECT_FALSE(Substitute(nat, Host(IPN2), Host(IP1)));
    const NatPath other{{testing::Socket(IP2, 4500), testing::Socket(IPN1, 20000)}, true, false};
    EXPECT_TRUE(Substitute(other, Host(IPN2), Host(IPN1)));
    EXPECT_FALSE(Substitute(other, Host(IPN2), Host(IP1)));
    EXPECT_FALSE(Substitute(other, {}, Host(IPN1)));
}

TEST(TransportNatClient, TakesTheHonestServer)
{
    LyingEnd server(false);
    server.Say([](PayloadType, wire::TsPayload&) {});
    ASSERT_EQ(server.nats.pair.a.ChildSas(), 1u);
    EXPECT_EQ(server.nats.A().mode, Mode::TRANSPORT);
}

TEST(TransportNatClient, DeletesAChildOfSeveralAddresses)
{
    for (const PayloadType type : {PayloadType::TSI, PayloadType::TSR})
    {
        for (const auto& change : SeveralAddresses(type))
        {
            LyingEnd server(false);
            server.Say(change);
            EXPECT_EQ(server.nats.pair.a.ChildSas(), 0u);
            ASSERT_EQ(server.nats.pair.a.Count<ChildSaFailed>(), 1u);
            EXPECT_EQ(server.nats.pair.a.Last<ChildSaFailed>()->notify,
                      NotifyType::TS_UNACCEPTABLE);
            EXPECT_EQ(server.nats.pair.a.Last<MessageEvent>()->summary, "[ D ]");
        }
    }
}

// §2.23.1: after the substitution the client sees whether they were narrowed.
TEST(TransportNatClient, DeletesAChildOfPortsThatItDidNotOffer)
{
    Setting setting = Transport();
    setting.a.children.front().remoteTs = {Subnet("0.0.0.0/0", TCP, 80, 80)};
    LyingEnd server(false, setting);
    server.Say(
        [](PayloadType type, wire::TsPayload& ts)
        {
            if (type == PayloadType::TSR)
            {
                ts.selectors.front().endPort = 81;
            }
        });
    EXPECT_EQ(server.nats.pair.a.ChildSas(), 0u);
    ASSERT_EQ(server.nats.pair.a.Count<ChildSaFailed>(), 1u);
}

/// The selectors of A's IKE_AUTH request.
struct Proposed
{
    explicit Proposed(NatPair& nats, const PacketSelectors& trigger)
    {
        Pair& pair = nats.pair;
        Occasion occasion;
        occasion.trigger = trigger;
        EXPECT_TRUE(pair.a.endpoint->Initiate(pair.now, "net", "net", occasion).has_value());
        pair.Drain();
        pair.RunFor(seconds(1));
        for (const testing::Packet& packet : pair.wire.log)
        {
            const auto message = wire::ParseMessage(packet.message);
            if (packet.fromA && message && message->header.exchange == ExchangeType::IKE_AUTH)
            {
                const auto opened = Reveal(*pair.a.Last<IkeKeysDerived>(), *message, true);
                EXPECT_TRUE(opened.chain.has_value());
                tsi = FromWire(*opened.chain->Get<wire::TsPayload>(PayloadType::TSI));
                tsr = FromWire(*opened.chain->Get<wire::TsPayload>(PayloadType::TSR));
            }
        }
    }

    Selectors tsi;
    Selectors tsr;
};

// "The first Traffic Selector of TSi and TSr SHOULD have very specific Traffic Selectors".
TEST(TransportNat, NamesThePacketThatNeedsItFirst)
{
    const PacketSelectors trigger{Subnet(IP1, TCP, 40000, 40000), Subnet(IPN2, TCP, 80, 80)};
    NatPair all(Transport());
    const Proposed proposed(all, trigger);
    EXPECT_EQ(proposed.tsi, (Selectors{trigger.local, Subnet(IP1)}));
    EXPECT_EQ(proposed.tsr, (Selectors{trigger.remote, Subnet(IPN2)}));
    ASSERT_TRUE(all.Up());
    EXPECT_EQ(all.B().remoteTs, Host(IPN1)) << "what it may have needs no narrowing";

    // §2.9: a server that cannot take all takes at least the packet.
    Setting setting = Transport();
    setting.b.children.front().localTs = {Subnet(IP2, TCP, 80, 80)};
    NatPair some(setting);
    const Proposed again(some, trigger);
    ASSERT_TRUE(some.Up());
    EXPECT_EQ(some.A().remoteTs, Selectors{Subnet(IPN2, TCP, 80, 80)});

    // A packet that the child may not carry is no part of it.
    NatPair other(Transport());
    const PacketSelectors foreign{Subnet("192.0.2.99", TCP, 1, 1), Subnet(IPN2, TCP, 80, 80)};
    const Proposed without(other, foreign);
    EXPECT_EQ(without.tsi, Host(IP1));
    EXPECT_EQ(without.tsr, Host(IPN2));
}

/// Two connections of A go through its NAT as if they were hosts of their own.
Setting
TwoClients(const Selectors& first,
           const Selectors& second,
           std::string_view secondName,
           Mode secondMode)
{
    Setting setting = Transport({true, false});
    ConnectionConfig other = setting.a;
    setting.a.children.front().localTs = first;
    other.name = "other";
    other.localPort = 7000;
    other.localId = testing::Id(secondName);
    other.children.front().localTs = second;
    other.children.front().mode = secondMode;
    setting.configA.connections = {std::make_shared<const ConnectionConfig>(other)};
    setting.b.remoteId.reset();
    return setting;
}

struct Neighbours : NatPair
{
    Neighbours(const Selectors& first,
               const Selectors& second,
               std::string_view secondName,
               Mode secondMode = Mode::TRANSPORT)
        : Neighbours(TwoClients(first, second, secondName, secondMode))
    {
    }

    explicit Neighbours(const Setting& setting, bool firstBehindNat = true)
        : NatPair(setting, {true, false})
    {
        const auto nat = pair.wire.natA;
        if (!firstBehindNat)
        {
            pair.wire.natA.reset();
        }
        Run();
        pair.wire.natA = nat;
        Start();
    }

    void
    Start()
    {
        EXPECT_TRUE(pair.a.endpoint->Initiate(pair.now, "other", "net").has_value());
        pair.Drain();
        pair.RunFor(seconds(1));
    }
};

// RFC 3948 §5.2
TEST(TransportNeighbours, AreToldApartByTheirPorts)
{
    const Neighbours both({Subnet(IP1, UDP, 1000, 1999)}, {Subnet(IP1, UDP, 2000, 2999)}, "venus");
    EXPECT_EQ(both.pair.b.IkeSas(), 2u);
    EXPECT_EQ(both.pair.b.ChildSas(), 2u);
    EXPECT_EQ(both.B().remoteTs, Selectors{Subnet(IPN1, UDP, 2000, 2999)});
}

TEST(TransportNeighbours, WhoCannotBeToldApartAreRefusedUntilTheFirstIsGone)
{
    Neighbours both({Subnet(IP1, UDP, 1000, 2000)}, {Subnet(IP1, UDP, 2000, 2999)}, "venus");
    Pair& pair = both.pair;
    EXPECT_EQ(pair.b.IkeSas(), 2u);
    EXPECT_EQ(pair.b.ChildSas(), 1u);
    ASSERT_EQ(pair.a.Count<ChildSaFailed>(), 1u);
    EXPECT_EQ(pair.a.Last<ChildSaFailed>()->notify, NotifyType::TS_UNACCEPTABLE);
    for (const IkeSaInfo& sa : pair.a.endpoint->List())
    {
        ASSERT_TRUE(pair.a.endpoint->CloseIkeSa(pair.now, sa.id).has_value());
    }
    pair.Drain();
    pair.RunFor(seconds(1));
    both.Start();
    EXPECT_EQ(pair.b.ChildSas(), 1u);
    EXPECT_EQ(both.B().remoteTs, Selectors{Subnet(IPN1, UDP, 2000, 2999)});
}

// A tunnel of the same child would take all that is for the first.
TEST(TransportNeighbours, AreNotPassedByWithATunnel)
{
    Neighbours both(Host(IP1), Host(IPN1), "venus", Mode::TUNNEL);
    EXPECT_EQ(both.pair.b.IkeSas(), 2u);
    EXPECT_EQ(both.pair.b.ChildSas(), 1u);
    EXPECT_EQ(both.B().mode, Mode::TRANSPORT);
    ASSERT_EQ(both.pair.a.Count<ChildSaFailed>(), 1u);
    EXPECT_EQ(both.pair.a.Last<ChildSaFailed>()->notify, NotifyType::TS_UNACCEPTABLE);
}

// RFC 3948 §5.1: two hosts with one private address, which may be behind two NATs.
TEST(TunnelNeighbours, WithOneAddressAreServedOnce)
{
    for (const std::string_view second : {"venus"sv, "moon.example"sv})
    {
        Setting setting = TwoClients(Host(IP1), Host(IP1), second, Mode::TUNNEL);
        setting.a.children.front().mode = setting.b.children.front().mode = Mode::TUNNEL;
        setting.b.children.front().remoteTs = {Subnet("0.0.0.0/0")};
        const Neighbours both(setting);
        EXPECT_EQ(both.pair.b.IkeSas(), 2u);
        EXPECT_EQ(both.pair.b.ChildSas(), second == "venus" ? 1u : 2u);
    }
}

// Networks, of which one holds some of the other, and who has it needs no NAT for that.
TEST(TunnelNeighbours, WithNetworksThatOverlapAreServedOnce)
{
    for (const bool firstBehindNat : {true, false})
    {
        for (const std::string_view second : {"venus"sv, "moon.example"sv})
        {
            Setting setting =
                TwoClients({Subnet("10.1.0.0/16")}, {Subnet("10.1.2.0/24")}, second, Mode::TUNNEL);
            setting.a.children.front().mode = setting.b.children.front().mode = Mode::TUNNEL;
            setting.b.children.front().remoteTs = {Subnet("10.0.0.0/8")};
            Neighbours both(setting, firstBehindNat);
            Pair& pair = both.pair;
            ASSERT_EQ(pair.b.IkeSas(), 2u);
            EXPECT_EQ(pair.b.endpoint->List().front().natRemote, firstBehindNat);
            EXPECT_EQ(pair.b.ChildSas(), second == "venus" ? 1u : 2u);
            EXPECT_EQ(pair.a.Count<ChildSaFailed>(), second == "venus" ? 1u : 0u);
            if (second == "venus")
            {
                EXPECT_EQ(pair.a.Last<ChildSaFailed>()->notify, NotifyType::TS_UNACCEPTABLE);
            }
        }
    }
}

// Nor are those that came first and went away in anybody's way.
TEST(TunnelNeighbours, WithNetworksThatOverlapMayFollowOneAnother)
{
    Setting setting =
        TwoClients({Subnet("10.1.0.0/16")}, {Subnet("10.1.2.0/24")}, "venus", Mode::TUNNEL);
    setting.a.children.front().mode = setting.b.children.front().mode = Mode::TUNNEL;
    setting.b.children.front().remoteTs = {Subnet("10.0.0.0/8")};
    Neighbours both(setting);
    Pair& pair = both.pair;
    ASSERT_EQ(pair.b.ChildSas(), 1u);
    for (const IkeSaInfo& sa : pair.a.endpoint->List())
    {
        ASSERT_TRUE(pair.a.endpoint->CloseIkeSa(pair.now, sa.id).has_value());
    }
    pair.Drain();
    pair.RunFor(seconds(1));
    ASSERT_EQ(pair.b.ChildSas(), 0u);
    both.Start();
    EXPECT_EQ(pair.b.ChildSas(), 1u);
    EXPECT_EQ(both.B().remoteTs, Selectors{Subnet("10.1.2.0/24")});
}

// A host that comes again, before the server knows that it was gone.
TEST(TransportNeighbours, AreNotInTheirOwnWay)
{
    const Neighbours both({Subnet(IP1)}, {Subnet(IP1)}, "moon.example");
    EXPECT_EQ(both.pair.a.Count<ChildSaFailed>(), 0u);
    EXPECT_EQ(both.B().remoteTs, Host(IPN1));
}

} // namespace
} // namespace ikelab::ike
