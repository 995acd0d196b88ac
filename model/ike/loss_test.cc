// SPDX-License-Identifier: MIT
#include "ike/testing/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

/**
 * Loss, duplication and reordering, RFC 7296 §2.1 to §2.3.
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Packet;
using testing::Pair;
using testing::Setting;

/// All that left one end, in order.
std::vector<Packet>
SentBy(const Pair& pair, bool byA)
{
    std::vector<Packet> sent;
    for (const Packet& packet : pair.wire.log)
    {
        if (packet.fromA == byA)
        {
            sent.push_back(packet);
        }
    }
    return sent;
}

bool
OneOfEach(const Pair& pair)
{
    return pair.Agree() && pair.KeysAgree() && pair.a.Count<ChildSaInstalled>() == 1 &&
           pair.b.Count<ChildSaInstalled>() == 1 && pair.a.Count<IkeSaEstablished>() == 1 &&
           pair.b.Count<IkeSaEstablished>() == 1;
}

TEST(Loss, OfAnyOneMessageOfTheHandshakeIsMended)
{
    for (size_t lost = 1; lost <= 4; ++lost)
    {
        Pair pair;
        pair.wire.drop = {lost};
        pair.Initiate();
        EXPECT_TRUE(pair.RunUntilQuiet());
        EXPECT_TRUE(OneOfEach(pair)) << "lost " << lost;
        // One repetition of the request; a lost response is repeated by its sender, too.
        EXPECT_EQ(pair.wire.log.size(), lost % 2 == 1 ? 5u : 6u) << "lost " << lost;
    }
}

TEST(Loss, OfAnyTwoMessagesOfTheHandshakeIsMended)
{
    for (size_t first = 1; first <= 6; ++first)
    {
        for (size_t second = first + 1; second <= 6; ++second)
        {
            Pair pair;
            pair.wire.drop = {first, second};
            pair.Initiate();
            EXPECT_TRUE(pair.RunUntilQuiet());
            EXPECT_TRUE(OneOfEach(pair)) << "lost " << first << " and " << second;
        }
    }
}

TEST(Loss, OfFortyPercentEndsInOneSaOrInNone)
{
    for (uint64_t seed = 1; seed <= 60; ++seed)
    {
        Pair pair(Setting(), seed);
        SeededRandom dice(seed, 9);
        pair.wire.loses = [&](const Packet&)
        {
            return dice.U32() % 100 < 40;
        };
        pair.Initiate();
        pair.RunFor(seconds(400));
        pair.wire.loses = nullptr;
        EXPECT_LE(pair.a.IkeSas(), 1u) << "seed " << seed;
        if (pair.a.Count<IkeSaEstablished>() > 0)
        {
            EXPECT_TRUE(OneOfEach(pair)) << "seed " << seed;
        }
        else
        {
            EXPECT_EQ(pair.a.Last<IkeSaClosed>()->reason, CloseReason::SETUP_FAILED);
        }
    }
}

TEST(Duplication, OfAnyMessageOfTheHandshakeChangesNothing)
{
    for (size_t doubled = 1; doubled <= 4; ++doubled)
    {
        Pair pair;
        pair.wire.duplicate = {doubled};
        pair.Initiate();
        EXPECT_TRUE(pair.RunUntilQuiet());
        EXPECT_TRUE(OneOfEach(pair)) << "doubled " << doubled;
    }
}

TEST(Duplication, OfEveryMessageAtOnceChangesNothing)
{
    Pair pair;
    pair.wire.duplicate = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(OneOfEach(pair));
}

TEST(Reordering, OfAnyMessageBehindItsRepetitionChangesNothing)
{
    // §2.1: the late one is a repetition like any other, or answers nothing.
    for (size_t delayed = 1; delayed <= 4; ++delayed)
    {
        for (const auto extra : {milliseconds(4500), milliseconds(12000), milliseconds(29000)})
        {
            Pair pair;
            pair.wire.late = {{delayed, extra}};
            pair.Initiate();
            EXPECT_TRUE(pair.RunUntilQuiet());
            EXPECT_TRUE(OneOfEach(pair)) << delayed << " late by " << extra.count() << " ms";
        }
    }
}

TEST(Reordering, OfTheRespondersFirstRequestBeforeItsAuthResponseIsSurvived)
{
    // §1.2: for the responder the SA is up once it answered; the initiator is not there yet. What
    // comes too early is dropped, and comes again.
    Pair pair;
    pair.wire.late = {{4, milliseconds(50)}};
    pair.Initiate();
    pair.RunFor(milliseconds(31));
    ASSERT_EQ(pair.b.Count<IkeSaEstablished>(), 1u);
    ASSERT_TRUE(pair.b.endpoint->CheckLiveness(pair.now, pair.b.Sa().id).has_value());
    pair.Drain();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(OneOfEach(pair));
    EXPECT_EQ(pair.b.Count<PeerAlive>(), 1u);
}

TEST(Retransmission, RepeatsRequestsOctetForOctet)
{
    for (const size_t lost : {size_t{1}, size_t{3}})
    {
        Pair pair;
        pair.wire.drop = {lost, lost + 1, lost + 2};
        pair.Initiate();
        EXPECT_TRUE(pair.RunUntilQuiet());
        const auto& log = pair.wire.log;
        ASSERT_GE(log.size(), lost + 3);
        for (size_t again = lost; again < lost + 3; ++again)
        {
            EXPECT_EQ(log[again].message, log[lost - 1].message);
        }
    }
}

TEST(Retransmission, RepeatsResponsesOctetForOctetAndOnlyWhenAsked)
{
    for (const size_t lost : {size_t{2}, size_t{4}})
    {
        Pair pair;
        pair.wire.drop = {lost};
        pair.Initiate();
        EXPECT_TRUE(pair.RunUntilQuiet());
        const auto& log = pair.wire.log;
        ASSERT_GE(log.size(), lost + 2);
        EXPECT_EQ(log[lost + 1].message, log[lost - 1].message); // request again, response again
        EXPECT_EQ(log[lost + 1].sent - log[lost - 1].sent, seconds(4));
    }
}

TEST(Retransmission, FollowsTheScheduleAndGivesUpAfter165Seconds)
{
    // strongSwan's defaults: 4 s * 1.8^n, five repetitions.
    Pair pair;
    pair.wire.loses = [](const Packet&)
    {
        return true;
    };
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    const std::array<double, 6> at{0, 4, 11.2, 24.16, 47.488, 89.4784};
    ASSERT_EQ(pair.wire.log.size(), at.size());
    for (size_t i = 0; i < at.size(); ++i)
    {
        EXPECT_NEAR(
            std::chrono::duration<double>(pair.wire.log[i].sent - Instant{}).count(), at[i], 1e-6);
    }
    EXPECT_NEAR(std::chrono::duration<double>(pair.now - Instant{}).count(), 165.06, 0.01);
    ASSERT_EQ(pair.a.Count<IkeSaClosed>(), 1u);
    EXPECT_EQ(pair.a.Last<IkeSaClosed>()->reason, CloseReason::SETUP_FAILED);
    EXPECT_FALSE(pair.a.Last<IkeSaClosed>()->established);
    EXPECT_TRUE(pair.a.endpoint->Empty());
}

TEST(Retransmission, CountsItsRepetitionsInTheEvents)
{
    Pair pair;
    pair.wire.drop = {1, 2};
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    const auto events = pair.a.All<MessageEvent>();
    ASSERT_GE(events.size(), 3u);
    EXPECT_EQ(events[0]->retransmission, 0u);
    EXPECT_EQ(events[1]->retransmission, 1u);
    EXPECT_EQ(events[2]->retransmission, 2u);
    EXPECT_EQ(events[2]->summary, events[0]->summary);
}

TEST(Retransmission, TriesAgainFromTheStartAsOftenAsKeyingTriesSays)
{
    Setting setting;
    setting.a.keyingTries = 3;
    setting.configA.retransmit.tries = 1;
    Pair pair(setting);
    pair.wire.loses = [](const Packet&)
    {
        return true;
    };
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(pair.wire.log.size(), 6u);
    EXPECT_EQ(pair.wire.log[0].message, pair.wire.log[1].message);
    EXPECT_NE(pair.wire.log[1].message, pair.wire.log[2].message); // a new SA, new SPI
    EXPECT_EQ(pair.a.Count<IkeSaClosed>(), 3u);
}

TEST(Retransmission, WithEndlessKeyingTriesSucceedsOnceThePeerIsThere)
{
    Setting setting;
    setting.a.keyingTries = 0;
    Pair pair(setting);
    pair.wire.loses = [](const Packet&)
    {
        return true;
    };
    pair.Initiate();
    pair.RunFor(seconds(1000));
    EXPECT_EQ(pair.a.IkeSas(), 1u);
    pair.wire.loses = nullptr;
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
}

TEST(Retransmission, StopsWithTheFirstAnswerWhateverCopiesSay)
{
    // §2.1: a response is repeated for each repeated request, and the first one counts.
    Pair pair;
    pair.wire.delay = seconds(5); // slower than the first repetition
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(OneOfEach(pair));
}

TEST(ResponseCache, AnswersTheOldRequestEvenAfterTheSaIsGone)
{
    // A closes, B's answer is lost: B must still repeat it, or A waits 165 s.
    Pair pair;
    pair.Establish();
    pair.wire.drop = {6};
    ASSERT_TRUE(pair.a.endpoint->CloseIkeSa(pair.now, pair.a.Sa().id).has_value());
    pair.Drain();
    pair.RunFor(seconds(5));
    EXPECT_EQ(pair.a.IkeSas() + pair.b.IkeSas(), 0u);
    EXPECT_EQ(pair.wire.log.size(), 8u);
    EXPECT_EQ(pair.wire.log[7].message, pair.wire.log[5].message);
    EXPECT_EQ(pair.a.Last<IkeSaClosed>()->reason, CloseReason::REQUESTED);
    EXPECT_TRUE(pair.RunUntilQuiet()); // the remains go in time
}

TEST(ResponseCache, HoldsOnlyTheLastResponse)
{
    // §2.1: a request whose answer is forgotten is ignored, not answered anew.
    Pair pair;
    pair.Establish();
    const Buffer authRequest = pair.wire.log[2].message;
    ASSERT_TRUE(pair.a.endpoint->CheckLiveness(pair.now, pair.a.Sa().id).has_value());
    pair.Drain();
    pair.RunFor(seconds(1));
    const size_t before = pair.wire.log.size();
    const auto path = SentBy(pair, true)[1].path;
    pair.Inject(pair.b, {path.remote, path.local}, authRequest);
    EXPECT_EQ(pair.wire.log.size(), before);
    EXPECT_TRUE(pair.Agree());
}

TEST(ResponseCache, GivesARepeatedInitRequestItsAnswerUntilAuthCame)
{
    // §2.1: half-open: the same answer. After IKE_AUTH: nothing. A forged IKE_AUTH is none.
    Pair pair;
    pair.wire.drop = {3};
    pair.Initiate();
    pair.RunFor(milliseconds(100));
    const Buffer request = pair.wire.log[0].message;
    const Buffer response = pair.wire.log[1].message;
    Buffer forged = pair.wire.log[2].message;
    forged.back() ^= 1;

    pair.Inject(pair.b, pair.ToB(), request);
    ASSERT_EQ(pair.wire.log.size(), 4u);
    EXPECT_EQ(pair.wire.log[3].message, response);

    pair.Inject(pair.b, pair.ToB(), forged);
    pair.Inject(pair.b, pair.ToB(), request);
    ASSERT_EQ(pair.wire.log.size(), 5u);
    EXPECT_EQ(pair.wire.log[4].message, response);

    pair.RunFor(seconds(10));
    ASSERT_TRUE(pair.Agree());
    const size_t before = pair.wire.log.size();
    pair.Inject(pair.b, pair.ToB(), request);
    EXPECT_EQ(pair.wire.log.size(), before);
    EXPECT_EQ(pair.b.IkeSas(), 1u);
}

} // namespace
} // namespace ikelab::ike
