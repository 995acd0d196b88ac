// SPDX-License-Identifier: MIT
#include "ike/testing/pair.h"
#include "wire/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

/**
 * More than one SA between the same two peers: INITIAL_CONTACT must not close live ones (RFC 7296
 * §2.4), and the Child SA asked for tells which connection is meant (§2.9).
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Node;
using testing::Packet;
using testing::Pair;
using testing::Setting;
using wire::NotifyType;

/// A second connection "other" with the same ends and names; its child "other" has other networks.
Setting
TwoConnections()
{
    Setting setting;
    ConnectionConfig a = setting.a;
    ConnectionConfig b = setting.b;
    a.name = b.name = "other";
    a.children.front().name = b.children.front().name = "other";
    a.children.front().localTs = b.children.front().remoteTs = {testing::Subnet("10.3.0.0/16")};
    a.children.front().remoteTs = b.children.front().localTs = {testing::Subnet("10.4.0.0/16")};
    setting.configA.connections = {std::make_shared<const ConnectionConfig>(a)};
    setting.configB.connections = {std::make_shared<const ConnectionConfig>(b)};
    return setting;
}

/// Two children in one connection.
Setting
TwoChildren()
{
    Setting setting = TwoConnections();
    setting.a.children.push_back(setting.configA.connections.front()->children.front());
    setting.b.children.push_back(setting.configB.connections.front()->children.front());
    setting.configA.connections.clear();
    setting.configB.connections.clear();
    return setting;
}

void
Start(Pair& pair, Node& node, std::string_view connection, std::string_view child)
{
    ASSERT_TRUE(node.endpoint->Initiate(pair.now, connection, child).has_value());
    pair.Drain();
}

/// State, SPIs of the IKE SA, then SPIs of its Child SAs from A to B and back.
using Seen =
    std::tuple<std::string, uint64_t, uint64_t, std::vector<std::pair<uint32_t, uint32_t>>>;

std::vector<Seen>
SeenBy(const Node& node, bool isA)
{
    std::vector<Seen> all;
    for (const IkeSaInfo& sa : node.endpoint->List())
    {
        std::vector<std::pair<uint32_t, uint32_t>> children;
        for (const ChildSaInfo& child : sa.children)
        {
            const uint32_t in = child.inboundSpi.value;
            const uint32_t out = child.outboundSpi.value;
            children.emplace_back(isA ? out : in, isA ? in : out);
        }
        std::ranges::sort(children);
        all.emplace_back(sa.state, sa.spis.initiator.value, sa.spis.responder.value, children);
    }
    std::ranges::sort(all);
    return all;
}

/// When all is quiet both ends hold the same SAs, so many, each with one Child SA.
void
ExpectSame(Pair& pair, size_t sas)
{
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(SeenBy(pair.a, true), SeenBy(pair.b, false));
    EXPECT_EQ(pair.a.IkeSas(), sas);
    EXPECT_EQ(pair.a.ChildSas(), sas);
}

constexpr size_t MESSAGES = 10; // two handshakes and a repetition; 0 loses none

TEST(InitialContact, ClosesNoSaThatCrossedWhateverIsLost)
{
    for (const auto later : {milliseconds(0), milliseconds(5), milliseconds(25)})
    {
        for (size_t lost = 0; lost <= MESSAGES; ++lost)
        {
            SCOPED_TRACE(::testing::Message() << later.count() << " ms, lost " << lost);
            Pair pair;
            pair.wire.drop = {lost};
            pair.Initiate();
            pair.RunFor(later);
            pair.InitiateFromB();
            ExpectSame(pair, 2);
        }
    }
}

TEST(InitialContact, ClosesNoOtherChildsSaWhateverIsLost)
{
    for (size_t lost = 0; lost <= MESSAGES; ++lost)
    {
        SCOPED_TRACE(lost);
        Pair pair(TwoChildren());
        pair.wire.drop = {lost};
        Start(pair, pair.a, "net", "net");
        Start(pair, pair.a, "net", "other");
        ExpectSame(pair, 2);
    }
}

TEST(InitialContact, ClosesNoOtherConnectionsSaWhateverIsLost)
{
    for (const bool fromB : {false, true})
    {
        for (size_t lost = 0; lost <= MESSAGES; ++lost)
        {
            SCOPED_TRACE(::testing::Message() << fromB << ", lost " << lost);
            Pair pair(TwoConnections());
            pair.wire.drop = {lost};
            Start(pair, pair.a, "net", "");
            Start(pair, fromB ? pair.b : pair.a, "other", "");
            ExpectSame(pair, 2);
        }
    }
}

TEST(InitialContact, IsNotSaidInASecondConnection)
{
    Pair pair(TwoConnections());
    pair.Establish();
    Start(pair, pair.a, "other", "");
    ExpectSame(pair, 2);
    EXPECT_EQ(pair.a.Ladder()[2], "> [ IDi N(INIT_CONTACT) IDr AUTH SA TSi TSr ]");
    EXPECT_EQ(pair.a.Ladder()[6], "> [ IDi IDr AUTH SA TSi TSr ]");
}

TEST(InitialContact, IsNotSaidToAPeerWithoutANameWhoseAddressIsKnown)
{
    Setting setting = TwoConnections();
    ConnectionConfig other = *setting.configA.connections.front();
    other.remoteId.reset();
    setting.configA.connections = {std::make_shared<const ConnectionConfig>(other)};
    Pair pair(setting);
    pair.Establish();
    Start(pair, pair.a, "other", "");
    ExpectSame(pair, 2);
    EXPECT_EQ(pair.a.Ladder()[6], "> [ IDi AUTH SA TSi TSr ]");

    Pair alone(setting);
    Start(alone, alone.a, "other", "");
    ExpectSame(alone, 1);
    EXPECT_EQ(alone.a.Ladder()[2], "> [ IDi N(INIT_CONTACT) AUTH SA TSi TSr ]");
}

TEST(InitialContact, LeavesNothingThatWouldStillAnswer)
{
    // The old IKE_AUTH request comes late: its answer would establish what is closed.
    Pair pair;
    pair.Establish();
    const Buffer old = pair.wire.log[2].message;
    pair.a.Restart();
    pair.Establish();
    ASSERT_TRUE(pair.Agree());
    pair.Inject(pair.b, pair.ToB(), old);
    const auto answer = wire::ParseMessage(pair.wire.log.back().message);
    ASSERT_TRUE(answer.has_value());
    EXPECT_NE(answer->chain.FindNotify(NotifyType::INVALID_IKE_SPI), nullptr);
}

TEST(ResponseCache, EstablishesNoSaThatTheResponderGaveUp)
{
    // B's answers are lost, B closes and gives up; only then A's IKE_AUTH request gets an answer.
    Setting setting;
    setting.configB.retransmit.tries = 1;
    Pair pair(setting);
    pair.Initiate();
    pair.RunFor(milliseconds(25));
    pair.wire.loses = [](const Packet& packet)
    {
        return !packet.fromA;
    };
    pair.RunFor(seconds(1));
    ASSERT_EQ(pair.b.Count<IkeSaEstablished>(), 1u);
    ASSERT_TRUE(pair.b.endpoint->CloseIkeSa(pair.now, pair.b.Sa().id).has_value());
    pair.Drain();
    pair.RunFor(seconds(20));
    ASSERT_EQ(pair.b.Count<IkeSaClosed>(), 1u);
    pair.wire.loses = nullptr;
    ExpectSame(pair, 0);
    EXPECT_EQ(pair.a.Count<IkeSaEstablished>(), 0u);
}

TEST(SeveralConnections, OfTheSamePeersAreToldApartByTheChildAskedFor)
{
    Pair pair(TwoConnections());
    Start(pair, pair.a, "other", "");
    ExpectSame(pair, 1);
    EXPECT_EQ(pair.b.Sa().connection, "other");
    EXPECT_EQ(pair.b.Child().name, "other");
    EXPECT_EQ(pair.b.Last<IkeSaEstablished>()->connection, "other");
    EXPECT_EQ(pair.a.Count<ChildSaFailed>(), 0u);
}

TEST(SeveralConnections, GiveTheChildThatNeedsNoNarrowing)
{
    Setting setting = TwoConnections();
    setting.b.children.front().remoteTs = {testing::Subnet("10.3.1.0/24")};
    setting.b.children.front().localTs = {testing::Subnet("10.4.0.0/16")};
    Pair pair(setting);
    Start(pair, pair.a, "other", "");
    ExpectSame(pair, 1);
    EXPECT_EQ(pair.b.Sa().connection, "other");
}

TEST(SeveralConnections, OfWhichNoneHasTheChildLeaveTheSaWithoutOne)
{
    Setting setting = TwoConnections();
    setting.configB.connections.clear();
    Pair pair(setting);
    Start(pair, pair.a, "other", "");
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(pair.b.Sa().connection, "net");
    EXPECT_EQ(pair.b.ChildSas(), 0u);
    ASSERT_EQ(pair.a.Count<ChildSaFailed>(), 1u);
    EXPECT_EQ(pair.a.Last<ChildSaFailed>()->notify, NotifyType::TS_UNACCEPTABLE);
}

TEST(SeveralConnections, WithOtherNamesOfOursAreNotMixed)
{
    // AUTH was answered as sun; "other" would be venus.
    Setting setting = TwoConnections();
    ConnectionConfig other = *setting.configB.connections.front();
    other.localId = testing::Id("venus.example");
    setting.configB.connections = {std::make_shared<const ConnectionConfig>(other)};
    Pair pair(setting);
    Start(pair, pair.a, "other", "");
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(pair.b.ChildSas(), 0u);
}

} // namespace
} // namespace ikelab::ike
