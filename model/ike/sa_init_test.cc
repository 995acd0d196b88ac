// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "ike/policy/proposals.h"
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/**
 * IKE_SA_INIT that does not go straight: COOKIE, INVALID_KE_PAYLOAD, refusals, forgeries
 * (RFC 7296 §2.6, §2.7, §2.21.1).
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ClearMessage;
using ::testing::ElementsAre;
using testing::Packet;
using testing::Pair;
using testing::Setting;
using ::testing::SizeIs;
using wire::ExchangeType;
using wire::NotifyType;

wire::Header
AnswerHeader(const Packet& request)
{
    wire::Header header = *wire::ParseHeader(request.message);
    header.flags = wire::FLAG_RESPONSE;
    header.nextPayload = wire::PayloadType::NONE;
    return header;
}

/// What anybody may answer to a request that he saw.
Buffer
ForgedNotify(const Packet& request, NotifyType type, Bytes data = {})
{
    return ClearMessage(AnswerHeader(request),
                        [&](wire::MessageBuilder& builder) { builder.Notify(type, data); });
}

Setting
WithCookies()
{
    Setting setting;
    setting.configB.cookieThreshold = 0;
    return setting;
}

TEST(Cookie, CostsOneRoundTripAndComesFirstInTheSameRequest)
{
    Pair pair(WithCookies());
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
    EXPECT_TRUE(pair.KeysAgree());
    const auto ladder = pair.a.Ladder();
    ASSERT_THAT(ladder, SizeIs(6));
    EXPECT_EQ(ladder[1], "< [ N(COOKIE) ]");
    EXPECT_EQ(ladder[2], "> [ N(COOKIE) SA KE No N(NATD_S_IP) N(NATD_D_IP) ]");
}

/// The payloads behind a leading COOKIE, as octets.
std::vector<Buffer>
Bodies(const Buffer& message)
{
    std::vector<Buffer> bodies;
    const auto parsed = wire::ParseMessage(message);
    for (const wire::Payload& payload : parsed->chain.payloads)
    {
        const auto* notify = std::get_if<wire::NotifyPayload>(&payload.body);
        if (!notify || notify->type != NotifyType::COOKIE)
        {
            bodies.push_back(ToBuffer(payload.octets));
        }
    }
    return bodies;
}

TEST(Cookie, LeavesAllOtherPayloadsAsTheyWere)
{
    for (const bool encap : {false, true}) // a forced NAT is random, but only once
    {
        Setting setting = WithCookies();
        setting.a.encap = encap;
        Pair pair(setting);
        pair.Establish();
        EXPECT_EQ(Bodies(pair.wire.log[0].message), Bodies(pair.wire.log[2].message));
        EXPECT_EQ(wire::ParseHeader(pair.wire.log[2].message)->messageId, MessageId{0});
        EXPECT_TRUE(pair.Agree());
    }
}

TEST(Cookie, MakesTheResponderKeepNothingBefore)
{
    Pair pair(WithCookies());
    pair.wire.drop = {2};
    pair.Initiate();
    pair.RunFor(seconds(1));
    EXPECT_EQ(pair.b.IkeSas(), 0u);
    EXPECT_EQ(pair.b.endpoint->PollTimeout(), std::nullopt);
}

TEST(Cookie, SurvivesTheLossOfAnyMessage)
{
    for (size_t lost = 1; lost <= 6; ++lost)
    {
        Pair pair(WithCookies());
        pair.wire.drop = {lost};
        pair.wire.duplicate = {lost + 1};
        pair.Initiate();
        EXPECT_TRUE(pair.RunUntilQuiet());
        EXPECT_TRUE(pair.Agree()) << lost;
        EXPECT_TRUE(pair.KeysAgree()) << lost;
    }
}

TEST(Cookie, OfTheOtherEndIsFollowedToo)
{
    Setting setting;
    setting.configA.cookieThreshold = 0;
    Pair pair(setting);
    pair.InitiateFromB();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
    EXPECT_THAT(pair.wire.log, SizeIs(6));
}

TEST(Cookie, ThatIsWrongIsAnsweredWithAnotherAsIfNoneHadCome)
{
    // §2.6: a cookie that does not fit is ignored.
    Pair pair(WithCookies());
    pair.wire.tamper = [](Packet& packet)
    {
        if (packet.number == 2)
        {
            packet.message.back() ^= 1;
        }
    };
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
    EXPECT_THAT(pair.wire.log, SizeIs(8)); // one round trip more
}

TEST(Cookie, InEveryAnswerEndsInGivingUpNotInALoop)
{
    Pair pair;
    uint8_t round = 0;
    pair.wire.loses = [&](const Packet& packet)
    {
        // A responder that is never content.
        if (packet.fromA)
        {
            const Buffer forged =
                ForgedNotify(packet, NotifyType::COOKIE, Buffer{++round, 2, 3, 4});
            pair.a.endpoint->HandleDatagram(pair.now, pair.ToA(), forged);
        }
        return true;
    };
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_LE(pair.wire.log.size(), 2 + size_t{limits::SA_INIT_RETRIES});
    EXPECT_GE(pair.wire.log.size(), 1 + size_t{limits::SA_INIT_RETRIES});
    ASSERT_EQ(pair.a.Count<IkeSaClosed>(), 1u);
    EXPECT_EQ(pair.a.Last<IkeSaClosed>()->reason, CloseReason::SETUP_FAILED);
}

TEST(Cookie, ForgedByTheDozenNeitherEndsTheAttemptNorFloods)
{
    // §2.21.1: nothing in clear ends it at once, and only so many are followed.
    Pair pair;
    pair.wire.loses = [](const Packet&)
    {
        return true;
    };
    pair.Initiate();
    for (uint8_t i = 1; i <= 20; ++i)
    {
        pair.Inject(
            pair.a, pair.ToA(), ForgedNotify(pair.wire.log[0], NotifyType::COOKIE, Buffer(64, i)));
    }
    EXPECT_EQ(pair.a.IkeSas(), 1u);
    EXPECT_THAT(pair.wire.log, SizeIs(1 + limits::SA_INIT_RETRIES));
    pair.wire.loses = nullptr;
    EXPECT_TRUE(pair.RunUntilQuiet()); // the repetition reaches the true responder
    EXPECT_TRUE(pair.Agree());
}

TEST(Cookie, OfForbiddenLengthIsIgnored)
{
    Pair pair;
    pair.Initiate();
    for (const size_t octets : {size_t{0}, limits::COOKIE_OCTETS + 1})
    {
        pair.Inject(pair.a,
                    pair.ToA(),
                    ForgedNotify(pair.wire.log[0], NotifyType::COOKIE, Buffer(octets, 1)));
    }
    EXPECT_THAT(pair.wire.log, SizeIs(1));
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
}

Setting
WithAnotherGroup()
{
    Setting setting;
    setting.a.proposals = {testing::IkeSuiteOf("aes128gcm16-prfsha256-x25519-ecp256-modp2048")};
    setting.b.proposals = {testing::IkeSuiteOf("aes128gcm16-prfsha256-ecp256")};
    return setting;
}

TEST(InvalidKe, CostsOneRoundTripWithTheWholeOfferAgain)
{
    Pair pair(WithAnotherGroup());
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
    EXPECT_TRUE(pair.KeysAgree());
    ASSERT_THAT(pair.wire.log, SizeIs(6));
    EXPECT_EQ(pair.a.Ladder()[1], "< [ N(INVAL_KE) ]");
    EXPECT_EQ(pair.a.Sa().suite.ke, testing::KeyExchange("ecp256"));
    // §1.2: the refusal was not authenticated, so nothing is left out of the second offer.
    EXPECT_EQ(Bodies(pair.wire.log[0].message)[0], Bodies(pair.wire.log[2].message)[0]);
}

TEST(InvalidKe, OfTheOtherEndIsFollowedToo)
{
    Setting setting = WithAnotherGroup();
    std::swap(setting.a.proposals, setting.b.proposals);
    Pair pair(setting);
    pair.InitiateFromB();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
    EXPECT_THAT(pair.wire.log, SizeIs(6));
}

TEST(InvalidKe, AndCookieTogetherSucceedUnderLossAndDuplication)
{
    Setting setting = WithAnotherGroup();
    setting.configB.cookieThreshold = 0;
    for (size_t hit = 0; hit <= 8; ++hit)
    {
        Pair lossy(setting);
        lossy.wire.drop = {hit};
        Pair doubling(setting);
        doubling.wire.duplicate = {hit};
        for (Pair* pair : {&lossy, &doubling})
        {
            pair->Initiate();
            EXPECT_TRUE(pair->RunUntilQuiet());
            EXPECT_TRUE(pair->Agree()) << hit;
            EXPECT_TRUE(pair->KeysAgree()) << hit;
        }
    }
}

TEST(InvalidKe, ForAGroupThatWasNotOfferedIsNotFollowed)
{
    Pair pair;
    pair.wire.late = {{2, milliseconds(100)}};
    pair.Initiate();
    pair.Inject(pair.a,
                pair.ToA(),
                ForgedNotify(pair.wire.log[0], NotifyType::INVALID_KE_PAYLOAD, Buffer{0, 1}));
    EXPECT_THAT(pair.wire.log, SizeIs(1));
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree()); // the true answer still counts
}

TEST(InvalidKe, BackAndForthEndsInGivingUp)
{
    Pair pair(WithAnotherGroup());
    pair.wire.loses = [&](const Packet& packet)
    {
        if (packet.fromA)
        {
            const auto message = wire::ParseMessage(packet.message);
            const auto* ke = message->chain.Get<wire::KePayload>(wire::PayloadType::KE);
            // Whatever it is, it is the wrong one.
            const auto wanted = static_cast<uint8_t>(ke->method == wire::KeMethod::CURVE25519
                                                         ? wire::KeMethod::ECP_256
                                                         : wire::KeMethod::CURVE25519);
            pair.a.endpoint->HandleDatagram(
                pair.now,
                pair.ToA(),
                ForgedNotify(packet, NotifyType::INVALID_KE_PAYLOAD, Buffer{0, wanted}));
        }
        return true;
    };
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_LE(pair.wire.log.size(), 4u);
    EXPECT_EQ(pair.a.Count<IkeSaClosed>(), 1u);
    EXPECT_LE(pair.now - Instant{}, seconds(10)); // it does not wait the whole schedule
}

TEST(Refusal, WithoutCommonProposalEndsSoonAfterTheAnswer)
{
    Setting setting;
    setting.b.proposals = {testing::IkeSuiteOf("aes256-sha384-prfsha384-ecp384")};
    Pair pair(setting);
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    ASSERT_EQ(pair.a.Count<IkeSaClosed>(), 1u);
    const auto* closed = pair.a.Last<IkeSaClosed>();
    EXPECT_EQ(closed->reason, CloseReason::SETUP_FAILED);
    ASSERT_TRUE(closed->error.has_value());
    EXPECT_EQ(closed->error->fault, Fault::NO_PROPOSAL_CHOSEN);
    EXPECT_LE(pair.now - Instant{}, seconds(10));
    EXPECT_EQ(pair.b.Count<IkeSaClosed>(), 0u); // it never held anything
    EXPECT_EQ(pair.a.Ladder()[1], "< [ N(NO_PROP) ]");
}

TEST(Refusal, ForgedDoesNotKeepTheTrueAnswerOut)
{
    Pair pair;
    pair.Initiate();
    pair.Inject(pair.a, pair.ToA(), ForgedNotify(pair.wire.log[0], NotifyType::NO_PROPOSAL_CHOSEN));
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
}

TEST(Refusal, ForgedDoesNotShortenTheWaitForIkeAuth)
{
    // The true answer came, then IKE_AUTH is lost three times: the refusal is forgotten by then.
    Pair pair;
    pair.wire.drop = {3, 4, 5};
    pair.Initiate();
    pair.Inject(pair.a, pair.ToA(), ForgedNotify(pair.wire.log[0], NotifyType::NO_PROPOSAL_CHOSEN));
    pair.RunFor(seconds(100));
    EXPECT_EQ(pair.a.Count<IkeSaEstablished>(), 1u);
}

TEST(Forgery, OfAnInitResponseWithImpossibleKeyShareIsIgnored)
{
    Pair pair;
    pair.Initiate();
    pair.RunFor(milliseconds(15)); // B has answered
    ASSERT_THAT(pair.wire.log, SizeIs(2));
    Buffer forged = pair.wire.log[1].message;
    const auto message = wire::ParseMessage(forged);
    const auto* ke = message->chain.Get<wire::KePayload>(wire::PayloadType::KE);
    const size_t at = static_cast<size_t>(ke->data.data() - forged.data());
    std::fill_n(forged.begin() + static_cast<ptrdiff_t>(at), ke->data.size(), uint8_t{0});
    pair.Inject(pair.a, pair.ToA(), forged); // RFC 8031 §2: the all-zero result is refused
    EXPECT_EQ(pair.a.IkeSas(), 1u);
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
    EXPECT_TRUE(pair.KeysAgree());
}

TEST(Forgery, OfAnAnswerThatWasNotOfferedIsIgnored)
{
    Pair pair;
    pair.Initiate();
    pair.RunFor(milliseconds(15));
    for (const std::string_view suite :
         {"aes256gcm16-prfsha256-x25519", "aes128gcm16-prfsha512-x25519", "null-sha1-prfsha1"})
    {
        const auto true_ = wire::ParseMessage(pair.wire.log[1].message);
        const auto* ke = true_->chain.Get<wire::KePayload>(wire::PayloadType::KE);
        const auto* nonce = true_->chain.Get<wire::NoncePayload>(wire::PayloadType::NONCE);
        const std::vector<IkeProposal> proposals{testing::IkeSuiteOf(suite)};
        pair.Inject(pair.a,
                    pair.ToA(),
                    ClearMessage(true_->header,
                                 [&](wire::MessageBuilder& builder)
                                 {
                                     builder.Sa(OfferIke(proposals));
                                     builder.Ke(*ke);
                                     builder.Nonce(nonce->data);
                                 }));
        EXPECT_EQ(pair.a.Count<IkeKeysDerived>(), 0u) << suite;
    }
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
}

/// A request that B has never seen.
Buffer
InitRequest(uint64_t spi, const testing::Filler& more, uint8_t major = 2)
{
    wire::Header header;
    header.initiatorSpi = IkeSpi{spi};
    header.exchange = ExchangeType::IKE_SA_INIT;
    header.flags = wire::FLAG_INITIATOR;
    header.majorVersion = major;
    return ClearMessage(header,
                        [&](wire::MessageBuilder& builder)
                        {
                            const std::vector<IkeProposal> proposals{
                                testing::IkeSuiteOf("aes128gcm16-prfsha256-x25519")};
                            const Buffer share(32, 9);
                            const Buffer nonce(32, 7);
                            builder.Sa(OfferIke(proposals));
                            builder.Ke({wire::KeMethod::CURVE25519, share});
                            builder.Nonce(nonce);
                            if (more)
                            {
                                more(builder);
                            }
                        });
}

TEST(InitRequest, OfHigherMajorVersionIsToldTheVersionWeSpeak)
{
    // §1.5, §2.5: in clear, SPIs and Message ID copied, the version in the header, no data.
    Pair pair;
    pair.Inject(pair.b, pair.ToB(), InitRequest(77, {}, 3));
    ASSERT_THAT(pair.wire.log, SizeIs(1));
    const auto answer = wire::ParseMessage(pair.wire.log[0].message);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->header.majorVersion, 2);
    EXPECT_EQ(answer->header.initiatorSpi, IkeSpi{77});
    EXPECT_TRUE(answer->header.IsResponse());
    const auto* notify = answer->chain.FindNotify(NotifyType::INVALID_MAJOR_VERSION);
    ASSERT_NE(notify, nullptr);
    EXPECT_TRUE(notify->data.empty());
    EXPECT_EQ(pair.b.IkeSas(), 0u);
}

TEST(InitRequest, OfHigherMinorVersionOrWithReservedFlagsIsLikeAnyOther)
{
    Pair pair;
    pair.wire.tamper = [](Packet& packet)
    {
        packet.message[17] |= packet.number == 1 ? 0x0f : 0; // minor version 15
    };
    pair.Initiate();
    pair.RunFor(milliseconds(15));
    EXPECT_EQ(pair.b.IkeSas(), 1u);
    EXPECT_EQ(wire::ParseHeader(pair.wire.log[1].message)->minorVersion, 0);
}

TEST(InitRequest, OfIkeVersion1IsNotAnswered)
{
    Pair pair;
    pair.Inject(pair.b, pair.ToB(), InitRequest(77, {}, 1));
    EXPECT_THAT(pair.wire.log, SizeIs(0));
    EXPECT_EQ(pair.b.Count<MessageRejected>(), 1u);
}

TEST(InitRequest, WithUnknownCriticalPayloadIsToldWhich)
{
    Pair pair;
    const auto critical = [](wire::MessageBuilder& builder)
    {
        builder.Raw(wire::PayloadType{200}, true, Buffer{1, 2, 3});
    };
    pair.Inject(pair.b, pair.ToB(), InitRequest(77, critical));
    ASSERT_THAT(pair.wire.log, SizeIs(1));
    const auto answer = wire::ParseMessage(pair.wire.log[0].message);
    const auto* notify = answer->chain.FindNotify(NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD);
    ASSERT_NE(notify, nullptr);
    EXPECT_THAT(ToBuffer(notify->data), ElementsAre(200));
    EXPECT_EQ(pair.b.IkeSas(), 0u);
}

TEST(InitRequest, WithUnknownPayloadThatIsNotCriticalIsLikeAnyOther)
{
    Pair pair;
    const auto unknown = [](wire::MessageBuilder& builder)
    {
        builder.Raw(wire::PayloadType{200}, false, Buffer{1, 2, 3});
    };
    pair.Inject(pair.b, pair.ToB(), InitRequest(77, unknown));
    EXPECT_EQ(pair.b.IkeSas(), 1u);
}

TEST(InitRequest, ThatIsMalformedGetsNoAnswer)
{
    // §3.10.1: INVALID_SYNTAX never goes in clear.
    Pair pair;
    const auto malformed = [](wire::MessageBuilder& builder)
    {
        builder.Raw(wire::PayloadType::NOTIFY, false, Buffer{1});
    };
    const auto twice = [](wire::MessageBuilder& builder)
    {
        builder.Nonce(Buffer(32, 1));
    };
    pair.Inject(pair.b, pair.ToB(), InitRequest(77, malformed));
    pair.Inject(pair.b, pair.ToB(), InitRequest(78, twice));
    pair.Inject(pair.b, pair.ToB(), InitRequest(0, {}));
    EXPECT_THAT(pair.wire.log, SizeIs(0));
    EXPECT_EQ(pair.b.IkeSas(), 0u);
    EXPECT_EQ(pair.b.Count<MessageRejected>(), 3u);
}

TEST(InitRequest, FromAnAddressWithoutConnectionIsRefused)
{
    Pair pair;
    const Path stranger{testing::Socket("192.0.2.2"), testing::Socket("198.51.100.7")};
    pair.Inject(pair.b, stranger, InitRequest(77, {}));
    EXPECT_EQ(pair.b.IkeSas(), 0u);
    EXPECT_THAT(pair.b.Ladder().back(), "> [ N(NO_PROP) ]");
}

} // namespace
} // namespace ikelab::ike
