// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "ike/policy/proposals.h"
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/**
 * What strangers may cost us, RFC 7296 §2.4, §2.6, §2.21.4.
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ClearMessage;
using testing::Insider;
using testing::Packet;
using testing::Pair;
using testing::Setting;
using ::testing::SizeIs;
using wire::ExchangeType;
using wire::NotifyType;

Setting
Open()
{
    Setting setting;
    setting.b.remoteAddrs.clear();
    return setting;
}

/// A good first request of one of many initiators.
Buffer
Knock(uint64_t spi)
{
    wire::Header header;
    header.initiatorSpi = IkeSpi{spi};
    header.exchange = ExchangeType::IKE_SA_INIT;
    header.flags = wire::FLAG_INITIATOR;
    return ClearMessage(header,
                        [&](wire::MessageBuilder& builder)
                        {
                            const std::vector<IkeProposal> proposals{
                                testing::IkeSuiteOf("aes128gcm16-prfsha256-x25519")};
                            const Buffer octets(32, 9);
                            builder.Sa(OfferIke(proposals));
                            builder.Ke({wire::KeMethod::CURVE25519, octets});
                            builder.Nonce(octets);
                        });
}

Path
From(Pair& pair, uint32_t host)
{
    return {pair.ToB().local, {IpAddress::V4(0x0a000000 + host), 500}};
}

TEST(HalfOpen, SasAreForgottenAfterThirtySeconds)
{
    Pair pair(Open());
    pair.Inject(pair.b, From(pair, 1), Knock(1));
    pair.RunFor(seconds(29));
    EXPECT_EQ(pair.b.IkeSas(), 1u);
    pair.RunFor(seconds(2));
    EXPECT_EQ(pair.b.IkeSas(), 0u);
    EXPECT_EQ(pair.b.Last<IkeSaClosed>()->reason, CloseReason::SETUP_FAILED);
}

TEST(HalfOpen, BeyondTheThresholdNewcomersAreAskedForACookie)
{
    Pair pair(Open());
    for (uint32_t i = 1; i <= 40; ++i)
    {
        pair.Inject(pair.b, From(pair, i), Knock(i));
    }
    EXPECT_EQ(pair.b.IkeSas(), 30u);
    EXPECT_EQ(pair.b.Ladder().back(), "> [ N(COOKIE) ]");
    pair.Initiate(); // the honest one pays a round trip and gets in
    pair.RunFor(seconds(1));
    EXPECT_EQ(pair.a.Count<IkeSaEstablished>(), 1u);
    EXPECT_EQ(pair.b.Count<IkeSaEstablished>(), 1u);
}

TEST(HalfOpen, OfOneAddressAreLimited)
{
    Setting setting = Open();
    setting.configB.cookieThreshold = 1000;
    Pair pair(setting);
    for (uint32_t i = 1; i <= limits::HALF_OPEN_SAS_PER_ADDRESS + 50; ++i)
    {
        pair.Inject(pair.b, From(pair, 7), Knock(i));
    }
    EXPECT_EQ(pair.b.IkeSas(), limits::HALF_OPEN_SAS_PER_ADDRESS);
    pair.Inject(pair.b, From(pair, 8), Knock(1));
    EXPECT_EQ(pair.b.IkeSas(), limits::HALF_OPEN_SAS_PER_ADDRESS + 1);
}

TEST(HalfOpen, OfOneAddressAreLimitedAsConfigured)
{
    Setting setting = Open();
    setting.configB.blockThreshold = 5;
    Pair pair(setting);
    for (uint32_t i = 1; i <= 20; ++i)
    {
        pair.Inject(pair.b, From(pair, 7), Knock(i));
    }
    EXPECT_EQ(pair.b.IkeSas(), 5u);
}

TEST(HalfOpen, AltogetherAreLimited)
{
    Setting setting = Open();
    setting.configB.cookieThreshold = 100000;
    Pair pair(setting);
    for (uint32_t i = 1; i <= limits::HALF_OPEN_SAS + 100; ++i)
    {
        pair.Inject(pair.b, From(pair, i), Knock(i));
    }
    EXPECT_EQ(pair.b.IkeSas(), limits::HALF_OPEN_SAS);
    pair.RunFor(seconds(31));
    EXPECT_EQ(pair.b.IkeSas(), 0u);
}

TEST(HalfOpen, CountsWhatRefusedPeersLeaveBehind)
{
    // A refused peer leaves its response for a minute: it must not cost more than a half-open SA.
    Setting setting = Open();
    setting.configB.blockThreshold = 5;
    setting.configB.secrets = {{{}, Buffer(8, 1)}};
    Pair pair(setting);
    for (int i = 0; i < 8; ++i)
    {
        pair.Initiate();
        pair.RunFor(seconds(1));
        if (pair.a.IkeSas() > 0)
        {
            ASSERT_TRUE(pair.a.endpoint->CloseIkeSa(pair.now, pair.a.Sa().id).has_value());
            pair.Drain();
        }
    }
    EXPECT_EQ(pair.b.Count<IkeKeysDerived>(), 5u);
    pair.RunFor(seconds(70));
    pair.Initiate();
    pair.RunFor(seconds(1));
    EXPECT_EQ(pair.b.Count<IkeKeysDerived>(), 6u);
}

TEST(UnknownSpi, IsToldToWhoSendsEncryptedRequests)
{
    // §2.21.4: in clear, SPIs and Message ID copied.
    Pair pair;
    pair.Establish();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    pair.b.Restart();
    pair.Inject(pair.b, pair.ToB(), moon.Request(ExchangeType::INFORMATIONAL, 2));
    ASSERT_THAT(pair.wire.log, SizeIs(5));
    const auto answer = wire::ParseMessage(pair.wire.log[4].message);
    ASSERT_TRUE(answer.has_value());
    EXPECT_NE(answer->chain.FindNotify(NotifyType::INVALID_IKE_SPI), nullptr);
    EXPECT_EQ(answer->header.initiatorSpi, pair.a.Sa().spis.initiator);
    EXPECT_EQ(answer->header.responderSpi, pair.a.Sa().spis.responder);
    EXPECT_EQ(answer->header.messageId, MessageId{2});
    EXPECT_TRUE(answer->header.IsResponse());
    EXPECT_FALSE(answer->header.FromInitiator());
    pair.RunFor(seconds(1));
    EXPECT_EQ(pair.a.IkeSas(), 1u); // nothing in clear ends it
}

TEST(UnknownSpi, IsNotToldForResponsesNorForMessagesInClear)
{
    // §1.5, §2.21.4: an INVALID_SPI in clear looks like a request and must not be answered.
    Pair pair;
    pair.Establish();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    pair.b.Restart();
    pair.Inject(pair.b, pair.ToB(), moon.Response(ExchangeType::INFORMATIONAL, 0));
    wire::Header header;
    header.exchange = ExchangeType::INFORMATIONAL;
    header.flags = wire::FLAG_INITIATOR;
    pair.Inject(pair.b,
                pair.ToB(),
                ClearMessage(header,
                             [](wire::MessageBuilder& builder) {
                                 builder.Notify(NotifyType::INVALID_SPI, Buffer{1, 2, 3, 4});
                             }));
    EXPECT_THAT(pair.wire.log, SizeIs(4));
    EXPECT_EQ(pair.b.Count<MessageRejected>(), 2u);
}

TEST(UnknownSpi, IsToldOnlySoManyTimesASecond)
{
    Pair pair;
    pair.Establish();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    pair.b.Restart();
    for (const size_t second : {size_t{1}, size_t{2}})
    {
        for (int i = 0; i < 100; ++i)
        {
            pair.Inject(pair.b, pair.ToB(), moon.Request(ExchangeType::INFORMATIONAL, 2));
        }
        EXPECT_THAT(pair.wire.log, SizeIs(4 + second * limits::UNPROTECTED_ANSWERS_PER_SECOND));
        pair.RunFor(milliseconds(1000));
    }
}

TEST(UnknownSpi, OfRightSpisInTheWrongRolesBelongsToNoSa)
{
    Pair pair;
    pair.Establish();
    Buffer message = pair.wire.log[2].message;
    message[19] ^= wire::FLAG_INITIATOR;
    pair.Inject(pair.b, pair.ToB(), message);
    EXPECT_EQ(pair.b.Last<MessageRejected>()->error.fault, Fault::UNKNOWN_SPI);
    EXPECT_TRUE(pair.Agree());
}

TEST(Junk, IsToldTwentyTimesASecondAndCounted)
{
    Pair pair;
    for (const size_t second : {size_t{1}, size_t{2}})
    {
        for (int i = 0; i < 1000; ++i)
        {
            pair.Inject(pair.b, pair.ToB(), Buffer(5, 7));
        }
        EXPECT_EQ(pair.b.Count<MessageRejected>(), second * limits::REFUSAL_EVENTS_PER_SECOND);
        EXPECT_EQ(pair.b.endpoint->Untold(), second * (1000 - limits::REFUSAL_EVENTS_PER_SECOND));
        pair.RunFor(seconds(1));
    }
}

TEST(Junk, ThatIsARefusedFirstRequestIsToldAsSeldom)
{
    Setting setting = Open();
    setting.b.proposals = {testing::IkeSuiteOf("aes256gcm16-prfsha384-ecp384")};
    Pair pair(setting);
    for (uint32_t i = 1; i <= 1000; ++i)
    {
        pair.Inject(pair.b, From(pair, i), Knock(i));
    }
    EXPECT_EQ(pair.b.Count<MessageRejected>(), limits::REFUSAL_EVENTS_PER_SECOND);
    EXPECT_EQ(pair.b.Count<MessageEvent>(), 2 * limits::REFUSAL_EVENTS_PER_SECOND);
    EXPECT_EQ(pair.b.endpoint->Untold(), 1000 - limits::REFUSAL_EVENTS_PER_SECOND);
}

TEST(Junk, DoesNotHideWhatAPeerDoesNorAnotherKindOfJunk)
{
    Pair pair;
    pair.Establish();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    Buffer forged = moon.Request(ExchangeType::INFORMATIONAL, 2);
    forged.back() ^= 1;
    for (int i = 0; i < 100; ++i)
    {
        pair.Inject(pair.b, pair.ToB(), Buffer(5, 7));
        pair.Inject(pair.b, pair.ToB(), forged);
    }
    EXPECT_EQ(pair.b.Count<MessageRejected>(), 2 * limits::REFUSAL_EVENTS_PER_SECOND);
    const size_t before = pair.b.Count<MessageRejected>();
    for (uint32_t id = 2; id < 102; ++id)
    {
        // §2.5: refused, and no end of the SA
        pair.Inject(pair.b,
                    pair.ToB(),
                    moon.Request(ExchangeType::INFORMATIONAL,
                                 id,
                                 [](wire::MessageBuilder& builder)
                                 { builder.Raw(wire::PayloadType{222}, true, Buffer{1}); }));
    }
    EXPECT_EQ(pair.b.Count<MessageRejected>(), before + 100);
}

TEST(WaitingRequests, AreLimited)
{
    Pair pair;
    pair.Establish();
    pair.wire.loses = [](const Packet&)
    {
        return true;
    };
    size_t taken = 0;
    while (taken < 10000 && pair.a.endpoint->CheckLiveness(pair.now, pair.a.Sa().id).has_value())
    {
        ++taken;
    }
    EXPECT_EQ(taken, 1 + limits::WAITING_EXCHANGES); // one is on its way
}

} // namespace
} // namespace ikelab::ike
