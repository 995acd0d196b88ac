// SPDX-License-Identifier: MIT
#include "ike/policy/proposals.h"
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/**
 * Life and death of established SAs: liveness, Deletes, errors (RFC 7296 §1.4, §2.4, §2.21.3).
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::Insider;
using testing::Node;
using testing::Packet;
using testing::Pair;
using testing::Setting;
using ::testing::SizeIs;
using wire::ExchangeType;
using wire::NotifyType;
using wire::PayloadType;

// ---- liveness

TEST(Liveness, IsAnEmptyExchangeWhoseRoundTripIsTold)
{
    Pair pair;
    pair.Establish();
    for (Node* node : {&pair.a, &pair.b})
    {
        ASSERT_TRUE(node->endpoint->CheckLiveness(pair.now, node->Sa().id).has_value());
        pair.Drain();
        pair.RunFor(seconds(1));
        ASSERT_EQ(node->Count<PeerAlive>(), 1u);
        EXPECT_EQ(node->Last<PeerAlive>()->roundTrip, milliseconds(20));
        EXPECT_EQ(node->Ladder().back(), "< [ ]");
    }
    EXPECT_TRUE(pair.RunUntilQuiet());
}

TEST(Liveness, OfWhatIsNotThereIsAnError)
{
    Pair pair;
    EXPECT_EQ(pair.a.endpoint->CheckLiveness(pair.now, IkeSaId{7}).error().fault, Fault::NOT_FOUND);
    pair.Initiate();
    EXPECT_FALSE(pair.a.endpoint->CheckLiveness(pair.now, pair.a.Sa().id).has_value());
}

TEST(Liveness, RequestsWaitForEachOther)
{
    // §2.3: a window of one.
    Pair pair;
    pair.Establish();
    for (int i = 0; i < 3; ++i)
    {
        ASSERT_TRUE(pair.a.endpoint->CheckLiveness(pair.now, pair.a.Sa().id).has_value());
    }
    pair.Drain();
    EXPECT_THAT(pair.wire.log, SizeIs(5));
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_THAT(pair.wire.log, SizeIs(10));
    EXPECT_EQ(pair.a.Count<PeerAlive>(), 3u);
}

TEST(Liveness, FromBothEndsAtOnceCrosses)
{
    Pair pair;
    pair.Establish();
    ASSERT_TRUE(pair.a.endpoint->CheckLiveness(pair.now, pair.a.Sa().id).has_value());
    ASSERT_TRUE(pair.b.endpoint->CheckLiveness(pair.now, pair.b.Sa().id).has_value());
    pair.Drain();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(pair.a.Count<PeerAlive>(), 1u);
    EXPECT_EQ(pair.b.Count<PeerAlive>(), 1u);
}

Setting
WithDpd()
{
    Setting setting;
    setting.a.dpdDelay = seconds(30);
    return setting;
}

TEST(Dpd, AsksAfterSilenceAndGoesOnAsking)
{
    Pair pair(WithDpd());
    pair.Establish();
    pair.RunFor(seconds(100));
    EXPECT_EQ(pair.a.Count<PeerAlive>(), 3u);
    EXPECT_EQ(pair.b.Count<PeerAlive>(), 0u);
}

TEST(Dpd, IsQuietWhileProtectedTrafficComes)
{
    Pair pair(WithDpd());
    pair.Establish();
    for (int i = 0; i < 10; ++i)
    {
        pair.RunFor(seconds(20));
        pair.a.endpoint->HandlePeerTraffic(pair.now, pair.a.Child().id);
    }
    EXPECT_EQ(pair.a.Count<PeerAlive>(), 0u);
}

TEST(Dpd, TakesNoRepeatedRequestForLife)
{
    // §2.4: fresh messages count. B is dead; somebody replays its last request.
    Pair pair(WithDpd());
    pair.Establish();
    ASSERT_TRUE(pair.b.endpoint->CheckLiveness(pair.now, pair.b.Sa().id).has_value());
    pair.Drain();
    const Buffer request = pair.wire.log.back().message;
    pair.RunFor(seconds(1));
    pair.wire.loses = [](const Packet&)
    {
        return true;
    };
    for (int i = 0; i < 30; ++i)
    {
        pair.RunFor(seconds(10));
        pair.Inject(pair.a, pair.ToA(), request);
    }
    ASSERT_EQ(pair.a.Count<IkeSaClosed>(), 1u);
    EXPECT_EQ(pair.a.Last<IkeSaClosed>()->reason, CloseReason::PEER_DEAD);
}

TEST(Dpd, GivesUpADeadPeerWithAllItsChildSas)
{
    Pair pair(WithDpd());
    pair.Establish();
    pair.wire.loses = [](const Packet&)
    {
        return true;
    };
    EXPECT_TRUE(pair.RunUntilQuiet() || pair.a.endpoint->Empty());
    ASSERT_EQ(pair.a.Count<IkeSaClosed>(), 1u);
    EXPECT_EQ(pair.a.Last<IkeSaClosed>()->reason, CloseReason::PEER_DEAD);
    EXPECT_TRUE(pair.a.Last<IkeSaClosed>()->established);
    ASSERT_EQ(pair.a.Count<ChildSaRemoved>(), 1u);
    EXPECT_EQ(pair.a.Last<ChildSaRemoved>()->reason, CloseReason::PEER_DEAD);
    // The SA was up at 40 ms; 30 s of silence, 165 s of asking.
    EXPECT_GE(pair.now - Instant{}, seconds(195));
}

TEST(Dpd, IsNotFooledByUnprotectedErrors)
{
    // §2.4, §2.21.4: B lost its state and says so in clear; only silence ends the SA.
    Pair pair(WithDpd());
    pair.Establish();
    pair.b.Restart();
    pair.RunFor(seconds(60));
    EXPECT_GE(pair.b.Count<MessageRejected>(), 1u);
    EXPECT_EQ(pair.b.Last<MessageRejected>()->answered, NotifyType::INVALID_IKE_SPI);
    EXPECT_EQ(pair.a.IkeSas(), 1u);
    pair.RunFor(seconds(200));
    EXPECT_EQ(pair.a.Last<IkeSaClosed>()->reason, CloseReason::PEER_DEAD);
}

// ---- Deletes

TEST(DeleteChild, FromEitherEndClosesBothDirectionsAndKeepsTheIkeSa)
{
    for (const bool byA : {true, false})
    {
        Pair pair;
        pair.Establish();
        Node& node = byA ? pair.a : pair.b;
        Node& other = byA ? pair.b : pair.a;
        ASSERT_TRUE(node.endpoint->CloseChildSa(pair.now, node.Child().id).has_value());
        pair.Drain();
        EXPECT_TRUE(pair.RunUntilQuiet());
        EXPECT_EQ(pair.a.ChildSas() + pair.b.ChildSas(), 0u);
        EXPECT_EQ(pair.a.IkeSas(), 1u);
        EXPECT_EQ(pair.b.IkeSas(), 1u);
        EXPECT_EQ(node.Last<ChildSaRemoved>()->reason, CloseReason::REQUESTED);
        EXPECT_EQ(other.Last<ChildSaRemoved>()->reason, CloseReason::PEER_DELETED);
        EXPECT_EQ(node.Ladder()[4], "> [ D ]");
        EXPECT_EQ(node.Ladder()[5], "< [ D ]"); // §1.4.1: the other direction
    }
}

TEST(DeleteChild, CrossingIsAnsweredWithoutNamingTheSaAgain)
{
    Pair pair;
    pair.Establish();
    for (Node* node : {&pair.a, &pair.b})
    {
        ASSERT_TRUE(node->endpoint->CloseChildSa(pair.now, node->Child().id).has_value());
    }
    pair.Drain();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(pair.a.ChildSas() + pair.b.ChildSas(), 0u);
    EXPECT_EQ(pair.a.Count<ChildSaRemoved>(), 1u);
    EXPECT_EQ(pair.b.Count<ChildSaRemoved>(), 1u);
    EXPECT_EQ(pair.a.Ladder().back(), "< [ ]");
    EXPECT_EQ(pair.b.Ladder().back(), "< [ ]");
    EXPECT_EQ(pair.a.IkeSas(), 1u);
}

TEST(DeleteChild, SurvivesTheLossOfEitherMessage)
{
    for (const size_t lost : {size_t{5}, size_t{6}})
    {
        Pair pair;
        pair.Establish();
        pair.wire.drop = {lost};
        ASSERT_TRUE(pair.a.endpoint->CloseChildSa(pair.now, pair.a.Child().id).has_value());
        ASSERT_TRUE(pair.a.endpoint->CloseChildSa(pair.now, pair.a.Child().id).has_value());
        pair.Drain();
        EXPECT_TRUE(pair.RunUntilQuiet());
        EXPECT_EQ(pair.b.Count<ChildSaRemoved>(), 1u) << lost;
        EXPECT_EQ(pair.a.Count<ChildSaRemoved>(), 1u) << lost;
    }
}

TEST(DeleteChild, OfAnUnknownSpiIsAnsweredEmptyAndHarmsNothing)
{
    Pair pair;
    pair.Establish();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    const auto deletes = [&](wire::ProtocolId protocol, EspSpi spi)
    {
        return [=](wire::MessageBuilder& builder)
        {
            builder.Delete({protocol, {spi}});
        };
    };
    const EspSpi inbound = pair.b.Child().inboundSpi; // ours: not the peer's to name
    pair.Inject(
        pair.b,
        pair.ToB(),
        moon.Request(ExchangeType::INFORMATIONAL, 2, deletes(wire::ProtocolId::ESP, inbound)));
    pair.Inject(pair.b,
                pair.ToB(),
                moon.Request(ExchangeType::INFORMATIONAL,
                             3,
                             deletes(wire::ProtocolId::AH, pair.b.Child().outboundSpi)));
    EXPECT_EQ(pair.b.ChildSas(), 1u);
    EXPECT_EQ(pair.b.Ladder().back(), "> [ ]");
}

TEST(DeleteIke, FromEitherEndClosesEverythingOnBoth)
{
    for (const bool byA : {true, false})
    {
        Pair pair;
        pair.Establish();
        Node& node = byA ? pair.a : pair.b;
        Node& other = byA ? pair.b : pair.a;
        ASSERT_TRUE(node.endpoint->CloseIkeSa(pair.now, node.Sa().id).has_value());
        pair.Drain();
        EXPECT_TRUE(pair.RunUntilQuiet());
        EXPECT_TRUE(pair.a.endpoint->Empty());
        EXPECT_TRUE(pair.b.endpoint->Empty());
        EXPECT_EQ(node.Last<IkeSaClosed>()->reason, CloseReason::REQUESTED);
        EXPECT_EQ(other.Last<IkeSaClosed>()->reason, CloseReason::PEER_DELETED);
        EXPECT_EQ(node.Count<ChildSaRemoved>(), 1u);
        EXPECT_EQ(other.Count<ChildSaRemoved>(), 1u);
        EXPECT_EQ(node.Ladder().back(), "< [ ]"); // §1.4.1: an empty response
        EXPECT_THAT(pair.wire.log, SizeIs(6));
    }
}

TEST(DeleteIke, CrossingEndsOnceOnEachSide)
{
    Pair pair;
    pair.Establish();
    for (Node* node : {&pair.a, &pair.b})
    {
        ASSERT_TRUE(node->endpoint->CloseIkeSa(pair.now, node->Sa().id).has_value());
    }
    pair.Drain();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.a.endpoint->Empty());
    EXPECT_TRUE(pair.b.endpoint->Empty());
    EXPECT_EQ(pair.a.Count<IkeSaClosed>(), 1u);
    EXPECT_EQ(pair.b.Count<IkeSaClosed>(), 1u);
    EXPECT_THAT(pair.wire.log, SizeIs(8));
}

TEST(DeleteIke, CrossingADeleteOfItsChildEndsBoth)
{
    Pair pair;
    pair.Establish();
    ASSERT_TRUE(pair.a.endpoint->CloseIkeSa(pair.now, pair.a.Sa().id).has_value());
    ASSERT_TRUE(pair.b.endpoint->CloseChildSa(pair.now, pair.b.Child().id).has_value());
    pair.Drain();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.a.endpoint->Empty());
    EXPECT_TRUE(pair.b.endpoint->Empty());
}

TEST(DeleteIke, OvertakesWhatWaitsButNotWhatRuns)
{
    Pair pair;
    pair.Establish();
    const IkeSaId id = pair.a.Sa().id;
    ASSERT_TRUE(pair.a.endpoint->CheckLiveness(pair.now, id).has_value());
    ASSERT_TRUE(pair.a.endpoint->CheckLiveness(pair.now, id).has_value());
    ASSERT_TRUE(pair.a.endpoint->CloseIkeSa(pair.now, id).has_value());
    pair.Drain();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(pair.a.Count<PeerAlive>(), 1u);
    EXPECT_THAT(pair.wire.log, SizeIs(8)); // handshake, liveness, Delete
    EXPECT_TRUE(pair.b.endpoint->Empty());
}

TEST(DeleteIke, OfADeadPeerEndsWithTheSchedule)
{
    Pair pair;
    pair.Establish();
    pair.wire.loses = [](const Packet&)
    {
        return true;
    };
    ASSERT_TRUE(pair.a.endpoint->CloseIkeSa(pair.now, pair.a.Sa().id).has_value());
    pair.Drain();
    pair.RunFor(seconds(170));
    EXPECT_TRUE(pair.a.endpoint->Empty());
    EXPECT_EQ(pair.a.Last<IkeSaClosed>()->reason, CloseReason::REQUESTED);
}

TEST(CloseAll, SaysGoodbyeToEverybody)
{
    Pair pair;
    pair.Initiate();
    pair.InitiateFromB();
    pair.RunFor(seconds(1));
    ASSERT_EQ(pair.a.IkeSas(), 2u);
    pair.a.endpoint->CloseAll(pair.now);
    pair.Drain();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.a.endpoint->Empty());
    EXPECT_TRUE(pair.b.endpoint->Empty());
}

TEST(CloseAll, LetsNobodyInDuringTheFarewell)
{
    Pair pair;
    pair.wire.drop = {2};
    pair.Initiate();
    pair.RunFor(milliseconds(100));
    ASSERT_EQ(pair.b.IkeSas(), 1u); // half-open
    pair.b.endpoint->CloseAll(pair.now);
    pair.Drain();
    EXPECT_TRUE(pair.b.endpoint->Empty());
    EXPECT_EQ(pair.b.endpoint->Initiate(pair.now, "net", "").error().fault, Fault::UNEXPECTED);
    EXPECT_TRUE(pair.RunUntilQuiet()); // A's request comes again
    EXPECT_EQ(pair.b.Count<IkeSaEstablished>(), 0u);
    EXPECT_EQ(pair.b.Count<IkeSaClosed>(), 1u);
    EXPECT_TRUE(pair.a.endpoint->Empty());
    EXPECT_EQ(pair.wire.log.size(), 7u); // nothing but A's tries and the lost answer
}

TEST(Close, OfWhatIsNotThereIsAnError)
{
    Pair pair;
    pair.Establish();
    EXPECT_EQ(pair.a.endpoint->CloseIkeSa(pair.now, IkeSaId{9}).error().fault, Fault::NOT_FOUND);
    EXPECT_EQ(pair.a.endpoint->CloseChildSa(pair.now, ChildSaId{9}).error().fault,
              Fault::NOT_FOUND);
    pair.b.endpoint->HandlePeerTraffic(pair.now, ChildSaId{9});
}

// ---- requests with errors, in each phase

/// What B answers to a protected request of an insider, and whether its SA is still there.
struct Verdict
{
    std::string answer;
    size_t sas;
};

Verdict
AskEstablished(ExchangeType exchange, const testing::Filler& fill)
{
    Pair pair;
    pair.Establish();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    const size_t before = pair.wire.log.size();
    pair.wire.loses = [](const Packet&)
    {
        return true;
    };
    pair.Inject(pair.b, pair.ToB(), moon.Request(exchange, 2, fill));
    const bool answered = pair.wire.log.size() > before;
    return {answered ? pair.b.Ladder().back() : "", pair.b.IkeSas()};
}

const auto MALFORMED = [](wire::MessageBuilder& builder)
{
    builder.Raw(PayloadType::NOTIFY, false, Buffer{1});
};
const auto CRITICAL = [](wire::MessageBuilder& builder)
{
    builder.Raw(PayloadType{222}, true, Buffer{1});
};
const auto UNCRITICAL = [](wire::MessageBuilder& builder)
{
    builder.Raw(PayloadType{222}, false, Buffer{1});
};

TEST(ErrorInARequest, ThatIsMalformedIsAnsweredAndFatal)
{
    const Verdict verdict = AskEstablished(ExchangeType::INFORMATIONAL, MALFORMED);
    EXPECT_EQ(verdict.answer, "> [ N(INVAL_SYN) ]");
    EXPECT_EQ(verdict.sas, 0u);
}

TEST(ErrorInARequest, WithUnknownCriticalPayloadIsAnsweredAndSurvived)
{
    const Verdict verdict = AskEstablished(ExchangeType::INFORMATIONAL, CRITICAL);
    EXPECT_EQ(verdict.answer, "> [ N(CRIT) ]");
    EXPECT_EQ(verdict.sas, 1u);
    EXPECT_EQ(AskEstablished(ExchangeType::INFORMATIONAL, UNCRITICAL).answer, "> [ ]");
}

TEST(ErrorInARequest, CountsInFrontOfTheEncryptedPayloadToo)
{
    for (const bool critical : {true, false})
    {
        Pair pair;
        pair.Establish();
        Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
        pair.Inject(pair.b, pair.ToB(), moon.RequestWithClear(2, PayloadType{222}, critical));
        EXPECT_EQ(pair.b.Ladder().back(), critical ? "> [ N(CRIT) ]" : "> [ ]");
        EXPECT_EQ(pair.b.IkeSas(), 1u);
    }
}

TEST(ErrorInARequest, IsToldOnce)
{
    Pair pair;
    pair.Establish();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    pair.Inject(pair.b, pair.ToB(), moon.Request(ExchangeType::INFORMATIONAL, 2, MALFORMED));
    ASSERT_EQ(pair.b.Count<MessageRejected>(), 1u);
    EXPECT_EQ(pair.b.Last<MessageRejected>()->answered, NotifyType::INVALID_SYNTAX);
    EXPECT_EQ(pair.b.Last<IkeSaClosed>()->reason, CloseReason::PROTOCOL_ERROR);
    EXPECT_TRUE(pair.b.Last<IkeSaClosed>()->established);
}

TEST(ErrorInARequest, ForAnotherChildSaIsRefusedWithoutHarm)
{
    const auto child = [](wire::MessageBuilder& builder)
    {
        const std::vector<EspProposal> proposals{testing::EspSuiteOf("aes128gcm16")};
        const Buffer spi{1, 2, 3, 4};
        builder.Sa(OfferEsp(proposals, spi, false));
        builder.Nonce(Buffer(32, 1));
    };
    const Verdict verdict = AskEstablished(ExchangeType::CREATE_CHILD_SA, child);
    EXPECT_EQ(verdict.answer, "> [ N(NO_ADD_SAS) ]");
    EXPECT_EQ(verdict.sas, 1u);
}

TEST(ErrorInARequest, OfAnExchangeThatNobodyKnowsIsAnswered)
{
    EXPECT_EQ(AskEstablished(ExchangeType{77}, {}).answer, "> [ N(INVAL_SYN) ]");
}

TEST(ErrorInARequest, BeforeAuthenticationMakesNoSa)
{
    for (const testing::Filler& fill :
         {testing::Filler(MALFORMED), testing::Filler(CRITICAL), testing::Filler(UNCRITICAL)})
    {
        Pair pair;
        pair.wire.drop = {3};
        pair.Initiate();
        pair.RunFor(milliseconds(100));
        pair.wire.loses = [](const Packet&)
        {
            return true;
        };
        Insider moon(*pair.a.Last<IkeKeysDerived>(), true);
        pair.Inject(pair.b, pair.ToB(), moon.Request(ExchangeType::IKE_AUTH, 1, fill));
        EXPECT_EQ(pair.b.IkeSas(), 0u);
        EXPECT_EQ(pair.b.Count<IkeSaEstablished>(), 0u);
        EXPECT_EQ(pair.b.Count<IkeSaClosed>(), 1u);
        EXPECT_THAT(pair.b.Ladder().back(), ::testing::StartsWith("> [ N("));
    }
}

TEST(ErrorInARequest, OutsideTheWindowIsSilentlyDropped)
{
    Pair pair;
    pair.Establish();
    const size_t before = pair.wire.log.size();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    for (const uint32_t id : {0u, 3u, 4u, 0x80000000u, 0xffffffffu})
    {
        pair.Inject(pair.b, pair.ToB(), moon.Request(ExchangeType::INFORMATIONAL, id));
    }
    EXPECT_EQ(pair.wire.log.size(), before);
    EXPECT_TRUE(pair.Agree());
}

// ---- responses with errors

/// A asks for life, B's answer is written here.
struct LyingPeer
{
    LyingPeer()
    {
        pair.Establish();
        pair.wire.loses = [](const Packet&)
        {
            return true;
        };
        EXPECT_TRUE(pair.a.endpoint->CheckLiveness(pair.now, pair.a.Sa().id).has_value());
        pair.Drain();
    }

    void
    Answer(const testing::Filler& fill)
    {
        Insider sun(*pair.a.Last<IkeKeysDerived>(), false);
        pair.Inject(pair.a, pair.ToA(), sun.Response(ExchangeType::INFORMATIONAL, 2, fill));
    }

    Pair pair;
};

TEST(ErrorInAResponse, ThatIsMalformedEndsTheSaWithADelete)
{
    for (const testing::Filler& fill : {testing::Filler(MALFORMED), testing::Filler(CRITICAL)})
    {
        LyingPeer liar;
        liar.Answer(fill);
        EXPECT_EQ(liar.pair.a.Ladder().back(), "> [ D ]");
        EXPECT_EQ(liar.pair.a.Sa().state, "DELETING");
        EXPECT_TRUE(liar.pair.RunUntilQuiet());
        EXPECT_TRUE(liar.pair.a.endpoint->Empty());
        EXPECT_EQ(liar.pair.a.Last<IkeSaClosed>()->reason, CloseReason::PROTOCOL_ERROR);
        EXPECT_EQ(liar.pair.a.Count<PeerAlive>(), 0u);
    }
}

TEST(ErrorInAResponse, OfInvalidSyntaxMeansThatThePeersSaIsGone)
{
    LyingPeer liar;
    liar.Answer([](wire::MessageBuilder& builder) { builder.Notify(NotifyType::INVALID_SYNTAX); });
    EXPECT_TRUE(liar.pair.a.endpoint->Empty());
    EXPECT_THAT(liar.pair.wire.log, SizeIs(5)); // no Delete: nobody would answer it
    EXPECT_EQ(liar.pair.a.Last<IkeSaClosed>()->reason, CloseReason::PROTOCOL_ERROR);
}

TEST(ErrorInAResponse, OfAnotherKindIsSurvived)
{
    LyingPeer liar;
    liar.Answer([](wire::MessageBuilder& builder) { builder.Notify(NotifyType{8000}); });
    EXPECT_EQ(liar.pair.a.IkeSas(), 1u);
}

TEST(ErrorInAResponse, ThatAnswersNothingIsIgnored)
{
    LyingPeer liar;
    Pair& pair = liar.pair;
    Insider sun(*pair.a.Last<IkeKeysDerived>(), false);
    pair.Inject(pair.a, pair.ToA(), sun.Response(ExchangeType::INFORMATIONAL, 3));
    pair.Inject(pair.a, pair.ToA(), sun.Response(ExchangeType::CREATE_CHILD_SA, 2));
    pair.Inject(pair.a, pair.ToA(), sun.Response(ExchangeType::IKE_AUTH, 1, MALFORMED));
    EXPECT_EQ(pair.a.Count<PeerAlive>(), 0u);
    EXPECT_EQ(pair.a.IkeSas(), 1u);
    liar.Answer({});
    EXPECT_EQ(pair.a.Count<PeerAlive>(), 1u);
}

// ---- messages in clear for protected SAs

TEST(ClearMessage, ForAnEstablishedSaIsIgnored)
{
    // §2.21.4: what is not protected changes no SA and is not answered.
    Pair pair;
    pair.Establish();
    wire::Header header;
    header.initiatorSpi = pair.a.Sa().spis.initiator;
    header.responderSpi = pair.a.Sa().spis.responder;
    header.exchange = ExchangeType::INFORMATIONAL;
    for (const uint32_t id : {0u, 1u, 2u})
    {
        for (const bool response : {true, false})
        {
            header.messageId = MessageId{id};
            header.flags = response ? wire::FLAG_RESPONSE : 0;
            const auto message = testing::ClearMessage(
                header,
                [](wire::MessageBuilder& builder) { builder.Notify(NotifyType::INVALID_IKE_SPI); });
            pair.Inject(pair.a, pair.ToA(), message);
        }
    }
    EXPECT_THAT(pair.wire.log, SizeIs(4));
    EXPECT_TRUE(pair.Agree());
}

TEST(RefusedPeer, IsGoneForTheResponderWithEachOfTheThreeNotifies)
{
    // §2.21.2: right behind IKE_AUTH these mean that the initiator made no SA.
    for (const auto type : {NotifyType::AUTHENTICATION_FAILED,
                            NotifyType::INVALID_SYNTAX,
                            NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD})
    {
        Pair pair;
        pair.Establish();
        Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
        pair.Inject(pair.b,
                    pair.ToB(),
                    moon.Request(ExchangeType::INFORMATIONAL,
                                 2,
                                 [&](wire::MessageBuilder& builder) { builder.Notify(type); }));
        EXPECT_EQ(pair.b.IkeSas(), 0u);
        EXPECT_EQ(pair.b.Ladder().back(), "> [ ]"); // §1.4: every request has its answer
    }
}

TEST(RefusedPeer, IsNotGoneForOtherNotifies)
{
    Pair pair;
    pair.Establish();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    uint32_t id = 2;
    for (const auto type : {NotifyType::INVALID_SPI,
                            NotifyType::NO_PROPOSAL_CHOSEN,
                            NotifyType{12345},
                            NotifyType{54321}})
    {
        pair.Inject(pair.b,
                    pair.ToB(),
                    moon.Request(ExchangeType::INFORMATIONAL,
                                 id++,
                                 [&](wire::MessageBuilder& builder) { builder.Notify(type); }));
    }
    EXPECT_EQ(pair.b.IkeSas(), 1u);
    EXPECT_EQ(pair.b.Ladder().back(), "> [ ]");
}

} // namespace
} // namespace ikelab::ike
