// SPDX-License-Identifier: MIT
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/**
 * Handshakes through NATs and peers that move behind them, RFC 7296 §2.23.
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Insider;
using testing::Nat;
using testing::Packet;
using testing::Pair;
using testing::Setting;
using ::testing::SizeIs;
using wire::ExchangeType;

constexpr std::string_view OUTSIDE = "198.51.100.1";

/// A behind a NAT: B knows nobody's address.
Setting
RoadWarrior()
{
    Setting setting;
    setting.b.remoteAddrs.clear();
    return setting;
}

/// B behind a NAT that forwards its ports: A talks to the outside address.
Setting
HiddenResponder()
{
    Setting setting;
    setting.a.remoteAddrs = {testing::Address(OUTSIDE)};
    return setting;
}

/// B's own address as its NAT knows it before B sent anything.
void
Forward(Nat& nat)
{
    (void)nat.Outward(testing::Socket("192.0.2.2"));
}

TEST(Nat, InFrontOfTheInitiatorIsFoundAndGoneThroughOnPort4500)
{
    Pair pair(RoadWarrior());
    pair.wire.natA.emplace(testing::Address(OUTSIDE));
    pair.Initiate();
    pair.RunFor(seconds(1));
    ASSERT_TRUE(pair.Agree());
    EXPECT_TRUE(pair.KeysAgree());
    EXPECT_TRUE(pair.a.Sa().natLocal);
    EXPECT_FALSE(pair.a.Sa().natRemote);
    EXPECT_FALSE(pair.b.Sa().natLocal);
    EXPECT_TRUE(pair.b.Sa().natRemote);
    const auto& log = pair.wire.log;
    ASSERT_THAT(log, SizeIs(4));
    EXPECT_EQ(log[0].path.local.port, 500);
    EXPECT_FALSE(log[0].nonEspMarker);
    EXPECT_EQ(log[2].path,
              (Path{testing::Socket("192.0.2.1", 4500), testing::Socket("192.0.2.2", 4500)}));
    EXPECT_TRUE(log[2].nonEspMarker);
    EXPECT_TRUE(log[3].nonEspMarker);
    EXPECT_TRUE(pair.a.Last<ChildSaInstalled>()->udpEncapsulation);
    EXPECT_TRUE(pair.b.Last<ChildSaInstalled>()->udpEncapsulation);
    EXPECT_EQ(pair.b.Last<ChildSaInstalled>()->path,
              (Path{testing::Socket("192.0.2.2", 4500), testing::Socket(OUTSIDE, 20001)}));
}

TEST(Nat, InFrontOfTheResponderIsFoundToo)
{
    Pair pair(HiddenResponder());
    pair.wire.natB.emplace(testing::Address(OUTSIDE), true);
    Forward(*pair.wire.natB);
    pair.b.Restart();
    pair.Initiate();
    pair.RunFor(seconds(1));
    ASSERT_TRUE(pair.Agree());
    EXPECT_FALSE(pair.a.Sa().natLocal);
    EXPECT_TRUE(pair.a.Sa().natRemote);
    EXPECT_TRUE(pair.b.Sa().natLocal);
    EXPECT_FALSE(pair.b.Sa().natRemote);
    EXPECT_EQ(pair.a.Sa().path.remote, testing::Socket(OUTSIDE, 4500));
}

TEST(Nat, OnBothSidesIsGoneThrough)
{
    Setting setting = HiddenResponder();
    setting.b.remoteAddrs.clear();
    Pair pair(setting);
    pair.wire.natA.emplace(testing::Address("203.0.113.1"));
    pair.wire.natB.emplace(testing::Address(OUTSIDE), true);
    Forward(*pair.wire.natB);
    pair.Initiate();
    pair.RunFor(seconds(1));
    ASSERT_TRUE(pair.Agree());
    for (const auto* node : {&pair.a, &pair.b})
    {
        EXPECT_TRUE(node->Sa().natLocal);
        EXPECT_TRUE(node->Sa().natRemote);
        EXPECT_TRUE(node->Last<ChildSaInstalled>()->udpEncapsulation);
    }
}

TEST(Nat, ThatIsNotThereChangesNoPort)
{
    Pair pair;
    pair.Establish();
    EXPECT_EQ(pair.wire.log[2].path.local.port, 500);
    EXPECT_FALSE(pair.a.Last<ChildSaInstalled>()->udpEncapsulation);
}

TEST(Nat, ForcedByEitherEndEncapsulatesOnBoth)
{
    for (const bool byA : {true, false})
    {
        Setting setting;
        (byA ? setting.a : setting.b).encap = true;
        Pair pair(setting);
        pair.Establish();
        EXPECT_TRUE(pair.Agree());
        EXPECT_EQ(pair.wire.log[2].path.remote.port, 4500);
        EXPECT_TRUE(pair.a.Last<ChildSaInstalled>()->udpEncapsulation);
        EXPECT_TRUE(pair.b.Last<ChildSaInstalled>()->udpEncapsulation);
        EXPECT_TRUE(byA ? pair.b.Sa().natRemote : pair.a.Sa().natRemote);
    }
}

TEST(Nat, OnPort4500FromTheStartStaysThere)
{
    Setting setting;
    setting.a.localPort = 4500;
    setting.a.remotePort = 4500;
    Pair pair(setting);
    pair.Establish();
    EXPECT_TRUE(pair.Agree());
    EXPECT_TRUE(pair.wire.log[0].nonEspMarker);
    EXPECT_TRUE(pair.wire.log[1].nonEspMarker);
    EXPECT_FALSE(pair.a.Sa().natLocal || pair.a.Sa().natRemote);
}

TEST(Nat, OnPortsOfOnesOwnStaysThereWithTheMarker)
{
    // RFC 3948 §2.2: ESP may come through these ports; without a marker IKE would look like it.
    Setting setting = RoadWarrior();
    setting.a.localPort = 7000;
    setting.a.remotePort = 7001;
    Pair pair(setting);
    pair.wire.natA.emplace(testing::Address(OUTSIDE));
    pair.Initiate();
    pair.RunFor(seconds(1));
    ASSERT_TRUE(pair.Agree());
    const auto& log = pair.wire.log;
    ASSERT_THAT(log, SizeIs(4));
    for (const Packet& packet : log)
    {
        EXPECT_TRUE(packet.nonEspMarker);
        EXPECT_EQ(packet.fromA ? packet.path.remote.port : packet.path.local.port, 7001);
    }
    EXPECT_EQ(log[2].path.local.port, 7000);
}

TEST(Nat, MovesOnlyPort500To4500)
{
    Setting setting = RoadWarrior();
    setting.a.localPort = 7000;
    Pair pair(setting);
    pair.wire.natA.emplace(testing::Address(OUTSIDE));
    pair.Initiate();
    pair.RunFor(seconds(1));
    ASSERT_TRUE(pair.Agree());
    const auto& log = pair.wire.log;
    ASSERT_THAT(log, SizeIs(4));
    EXPECT_FALSE(log[0].nonEspMarker || log[1].nonEspMarker);
    EXPECT_TRUE(log[2].nonEspMarker && log[3].nonEspMarker);
    EXPECT_EQ(log[2].path,
              (Path{testing::Socket("192.0.2.1", 7000), testing::Socket("192.0.2.2", 4500)}));
}

TEST(KeepAlive, GoesEveryTwentySecondsFromTheHostBehindTheNatOnly)
{
    Pair pair(RoadWarrior());
    pair.wire.natA.emplace(testing::Address(OUTSIDE));
    pair.Initiate();
    pair.RunFor(milliseconds(100050));
    EXPECT_EQ(pair.a.keepAlives, 5u);
    EXPECT_EQ(pair.b.keepAlives, 0u);
    const Packet& keepAlive = pair.wire.log.back();
    EXPECT_TRUE(keepAlive.keepAlive);
    EXPECT_EQ(keepAlive.message, Buffer{0xff}) << "RFC 3948 §2.3";
    EXPECT_EQ(keepAlive.path.local.port, 4500);
}

TEST(KeepAlive, WaitsWhileOtherMessagesGoAndCanBeSwitchedOff)
{
    Setting setting = RoadWarrior();
    setting.configA.keepAlive = Duration::zero();
    Pair off(setting);
    off.wire.natA.emplace(testing::Address(OUTSIDE));
    off.Initiate();
    off.RunFor(seconds(100));
    EXPECT_EQ(off.a.keepAlives, 0u);

    Pair pair(RoadWarrior());
    pair.wire.natA.emplace(testing::Address(OUTSIDE));
    pair.Establish();
    for (int i = 0; i < 10; ++i)
    {
        ASSERT_TRUE(pair.a.endpoint->CheckLiveness(pair.now, pair.a.Sa().id).has_value());
        pair.Drain();
        pair.RunFor(seconds(15));
    }
    EXPECT_EQ(pair.a.keepAlives, 0u);
}

/// An SA of a peer behind a NAT.
struct Behind
{
    Behind() : pair(RoadWarrior())
    {
        pair.wire.natA.emplace(testing::Address(OUTSIDE));
        pair.Establish();
    }

    void
    Ping(testing::Node& node)
    {
        ASSERT_TRUE(node.endpoint->CheckLiveness(pair.now, node.Sa().id).has_value());
        pair.Drain();
        pair.RunFor(seconds(1));
    }

    Pair pair;
};

TEST(MovingPeer, IsFollowedWithItsNextRequest)
{
    Behind behind;
    Pair& pair = behind.pair;
    const SocketAddress before = pair.b.Sa().path.remote;
    pair.wire.natA->Reboot();
    behind.Ping(pair.a);
    EXPECT_NE(pair.b.Sa().path.remote, before);
    ASSERT_EQ(pair.b.Count<PathChanged>(), 1u);
    EXPECT_EQ(pair.b.Last<PathChanged>()->path, pair.b.Sa().path);
    behind.Ping(pair.b); // and can be reached there
    EXPECT_EQ(pair.b.Count<PeerAlive>(), 1u);
    EXPECT_EQ(pair.a.Count<PathChanged>(), 0u);
}

TEST(MovingPeer, IsNotFollowedByARepeatedRequest)
{
    // §2.23: an attacker replays the last request from elsewhere and must not draw traffic there.
    Behind behind;
    Pair& pair = behind.pair;
    behind.Ping(pair.a);
    const Path before = pair.b.Sa().path;
    const Path elsewhere{before.local, testing::Socket("203.0.113.66", 666)};
    Buffer request;
    for (const Packet& packet : pair.wire.log)
    {
        request = packet.fromA ? packet.message : request;
    }
    pair.Inject(pair.b, elsewhere, request);
    EXPECT_EQ(pair.b.Sa().path, before);
    EXPECT_EQ(pair.b.Count<PathChanged>(), 0u);
    EXPECT_EQ(pair.wire.log.back().path, elsewhere); // the answer goes where it came from, §2.11
}

TEST(MovingPeer, IsNotFollowedByAForgedOrForeignMessage)
{
    Behind behind;
    Pair& pair = behind.pair;
    const Path before = pair.b.Sa().path;
    const Path elsewhere{before.local, testing::Socket("203.0.113.66", 666)};
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    Buffer request = moon.Request(ExchangeType::INFORMATIONAL, 2);
    request.back() ^= 1;
    pair.Inject(pair.b, elsewhere, request);
    pair.Inject(pair.b, elsewhere, moon.Request(ExchangeType::INFORMATIONAL, 9));
    EXPECT_EQ(pair.b.Sa().path, before);
    pair.Inject(pair.b, elsewhere, moon.Request(ExchangeType::INFORMATIONAL, 2)); // the real thing
    EXPECT_EQ(pair.b.Sa().path, elsewhere);
}

TEST(MovingPeer, IsFollowedWithItsEsp)
{
    // §2.23: any authentic packet will do, a host that only sends traffic is found again.
    Behind behind;
    Pair& pair = behind.pair;
    const SocketAddress before = pair.b.Sa().path.remote;
    pair.wire.natA->Reboot();
    const Path moved{pair.b.Sa().path.local,
                     pair.wire.natA->Outward(testing::Socket("192.0.2.1", 4500))};
    ASSERT_NE(moved.remote, before);
    pair.b.endpoint->HandlePeerTraffic(pair.now, pair.b.Child().id, &moved);
    pair.b.endpoint->HandlePeerTraffic(pair.now, pair.b.Child().id, &moved);
    pair.Drain();
    EXPECT_EQ(pair.b.Sa().path, moved);
    ASSERT_EQ(pair.b.Count<PathChanged>(), 1u);
    EXPECT_EQ(pair.b.Last<PathChanged>()->path, moved);
    behind.Ping(pair.b);
    EXPECT_EQ(pair.b.Count<PeerAlive>(), 1u);
}

TEST(MovingPeer, IsNotFollowedWithEspWithoutNatNorByAHostBehindOne)
{
    const Path elsewhere{testing::Socket("192.0.2.2", 4500), testing::Socket("203.0.113.66", 666)};
    Pair open;
    open.Establish();
    const Path straight = open.b.Sa().path;
    open.b.endpoint->HandlePeerTraffic(open.now, open.b.Child().id, &elsewhere);
    open.Drain();
    EXPECT_EQ(open.b.Sa().path, straight);
    EXPECT_EQ(open.b.Count<PathChanged>(), 0u);

    Behind behind;
    Pair& pair = behind.pair;
    const Path before = pair.a.Sa().path;
    pair.a.endpoint->HandlePeerTraffic(pair.now, pair.a.Child().id, &elsewhere);
    pair.Drain();
    EXPECT_EQ(pair.a.Sa().path, before);
    EXPECT_EQ(pair.a.Count<PathChanged>(), 0u);
}

TEST(MovingPeer, IsNotFollowedWithEspWhileItsSaEnds)
{
    Behind behind;
    Pair& pair = behind.pair;
    const ChildSaId child = pair.b.Child().id;
    const Path before = pair.b.Sa().path;
    const Path elsewhere{before.local, testing::Socket("203.0.113.66", 666)};
    ASSERT_TRUE(pair.b.endpoint->CloseIkeSa(pair.now, pair.b.Sa().id).has_value());
    pair.b.endpoint->HandlePeerTraffic(pair.now, child, &elsewhere);
    EXPECT_EQ(pair.b.Sa().path, before);
}

TEST(MovingPeer, WithoutNatIsAnsweredButNotFollowed)
{
    Pair pair;
    pair.Establish();
    const Path before = pair.b.Sa().path;
    const Path elsewhere{before.local, testing::Socket("203.0.113.66", 666)};
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    pair.Inject(pair.b, elsewhere, moon.Request(ExchangeType::INFORMATIONAL, 2));
    EXPECT_EQ(pair.wire.log.back().path, elsewhere);
    EXPECT_EQ(pair.b.Sa().path, before);
}

TEST(MovingPeer, IsNotFollowedByAHostBehindANat)
{
    Behind behind;
    Pair& pair = behind.pair;
    const Path before = pair.a.Sa().path;
    const Path elsewhere{before.local, testing::Socket("203.0.113.66", 666)};
    Insider sun(*pair.a.Last<IkeKeysDerived>(), false);
    pair.Inject(pair.a, elsewhere, sun.Request(ExchangeType::INFORMATIONAL, 0));
    EXPECT_EQ(pair.a.Sa().path, before);
}

TEST(MovingPeer, DuringSetUpIsNotFollowedByTheInitiator)
{
    // Before AUTH is checked nobody knows who answers.
    Pair pair(HiddenResponder());
    pair.wire.natB.emplace(testing::Address(OUTSIDE), true);
    Forward(*pair.wire.natB);
    pair.Initiate();
    pair.RunFor(milliseconds(25));
    ASSERT_EQ(pair.a.Count<IkeKeysDerived>(), 1u);
    const Path before = pair.a.Sa().path;
    pair.wire.loses = [](const Packet&)
    {
        return true;
    };
    Insider sun(*pair.a.Last<IkeKeysDerived>(), false);
    pair.Inject(pair.a,
                {before.local, testing::Socket("203.0.113.66", 666)},
                sun.Response(ExchangeType::IKE_AUTH, 1));
    EXPECT_EQ(pair.a.Last<MessageEvent>()->summary, "[ N(AUTH_FAILED) ]");
    EXPECT_EQ(pair.a.Last<MessageEvent>()->path, before);
    EXPECT_EQ(pair.a.Count<PathChanged>(), 0u);
}

TEST(Responses, GoToWhereTheirRequestCameFrom)
{
    // §2.11, §2.23: any port is fine.
    Pair pair(RoadWarrior());
    pair.wire.natA.emplace(testing::Address(OUTSIDE));
    pair.Initiate();
    pair.RunFor(milliseconds(15));
    EXPECT_EQ(pair.wire.log[1].path.remote, testing::Socket(OUTSIDE, 20000));
}

} // namespace
} // namespace ikelab::ike
